"""Widening: the stored profiles of a period as those of wider windows.

A profile tells nothing of when its rows were within its window. So windows can be joined to wider ones, which hold
whole ones of them, but never be divided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from atalaia.errors import AtalaiaError, StoredFormError
from atalaia.monitoring.layout import profile_key, profiles_prefix
from atalaia.ports import ObjectInfo, ObjectStore
from atalaia.profile import merged_from_plain, pack, profile_to_plain, unpack
from atalaia.window import SECOND, Window, window_at_key, window_of


def stored_profiles(monitor: str, output: ObjectStore) -> dict[int, list[ObjectInfo]]:
    """Return all stored profiles of a monitor, by the start of their window, in order of time."""
    prefix = profiles_prefix(monitor)
    found: dict[int, list[ObjectInfo]] = {}
    for info in output.list(prefix):
        window = window_at_key(info.key.removeprefix(prefix).partition("/")[0], 0)
        if window is not None:
            found.setdefault(window.start, []).append(info)
    return dict(sorted(found.items()))


def content_at(key: str, output: ObjectStore) -> dict[str, Any]:
    """Return what is stored of a profile: the window, the log objects, and what was counted.

    Raises:
        StoredFormError: It is no profile.
    """
    content = unpack(output.get(key)[0], f"{output.uri}/{key}")
    if content.get("kind") != "profile":
        msg = f"{output.uri}/{key}: not a profile. Ingest the log again."
        raise StoredFormError(msg)
    return content


def demand_multiple(monitor: str, held: Window, width: int) -> None:
    """Accept a *width* of windows that the windows of the profiles, such as *held*, are whole parts of.

    Raises:
        AtalaiaError: They are not.
    """
    narrow = held.end - held.start
    first = window_of(held.start, width)
    if width % narrow or (held.start - first.start) % narrow or first.end < held.end:
        msg = (
            f"{monitor}: the stored profiles are of windows of {in_units(narrow)}, which windows of {in_units(width)} "
            f"cannot be made of. Give a whole multiple of {in_units(narrow)}, or ingest the logs again."
        )
        raise AtalaiaError(msg)


def in_units(width: int) -> str:
    """Write a width as a monitor file has it: `6h`."""
    units = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60}
    unit = next((name for name, size in units.items() if not width % (size * SECOND)), "s")
    return f"{width // (units.get(unit, 1) * SECOND)}{unit}"


def widened(
    monitor: str,
    windows: Mapping[Window, Sequence[int]],
    stored: Mapping[int, Sequence[ObjectInfo]],
    output: ObjectStore,
) -> Iterator[tuple[str, bytes]]:
    """Yield the profiles of wide windows, as they are stored: one for each window and baseline.

    Args:
        monitor: Its name.
        windows: The wide windows, with the starts of the narrow ones that each is made of.
        stored: The profiles of the narrow windows, by their start.
        output: Where they are stored.

    Raises:
        StoredFormError: An object is no profile.
    """
    for window, starts in windows.items():
        by_baseline: dict[str, list[dict[str, Any]]] = {}
        for info in (info for start in starts for info in stored.get(start, ())):
            content = content_at(info.key, output)
            by_baseline.setdefault(content["profile"]["baseline"], []).append(content)
        for baseline, contents in by_baseline.items():
            yield profile_key(monitor, window.start, f"wide-{baseline}"), _joined(window, contents)


def _joined(window: Window, contents: Iterable[dict[str, Any]]) -> bytes:
    contents = list(contents)
    return pack(
        {
            "kind": "profile",
            "logs": [log for content in contents for log in content["logs"]],
            "window": [window.start, window.end],
            "profile": profile_to_plain(merged_from_plain([content["profile"] for content in contents])),
        }
    )
