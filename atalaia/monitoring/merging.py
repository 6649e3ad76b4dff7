"""Merging a window's stored profiles, and compaction: the merged ones are kept as one, so as not to be read again.

What is kept names each stored profile in it by key and ETag. It counts only as long as all of these are still there,
unchanged; what came since is added to it, and if any was replaced or deleted all are merged anew. So whoever reads sees
each profile exactly once, whatever is written at the same time, and whatever is kept may be deleted at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from atalaia.baseline import Baseline
from atalaia.errors import ObjectNotFoundError, StoredFormError
from atalaia.monitoring.layout import merged_key, window_prefix
from atalaia.ports import ObjectInfo, ObjectStore
from atalaia.profile import Profile, merged_from_plain, pack, profile_to_plain, unpack
from atalaia.report import Input
from atalaia.window import Window

_TOGETHER = 32 << 20  # bytes of stored profiles that are merged at once
_WORTH_KEEPING = 8  # profiles: to keep them as one costs about as much as to read one or two


class Merged(Struct, frozen=True):
    """A window's profiles, merged.

    Attributes:
        profile: The whole.
        inputs: The log objects behind it and behind what was left out, in the order of their URIs.
        used: The stored profiles that went in, not those of another baseline.
    """

    profile: Profile
    inputs: tuple[Input, ...]
    used: tuple[ObjectInfo, ...]


_NOTHING = Merged(Profile(""), (), ())


def merge_profiles(
    baseline: Baseline,
    output: ObjectStore,
    profiles: Iterable[ObjectInfo],
    window: Window,
    before: Merged = _NOTHING,
) -> Merged:
    """Merge a window's stored profiles, and say what went in and what was left out: profiles of another baseline.

    Args:
        baseline: What they must have been counted on.
        output: Where they are stored.
        profiles: Which ones.
        window: Whose.
        before: What was merged of this window before, of other profiles.

    Raises:
        StoredFormError: A stored object is no profile, or one of another window.
    """
    merged = before.profile if before.used else Profile(baseline.version)
    inputs, used = list(before.inputs), list(before.used)
    parts: list[dict[str, Any]] = []
    waiting = 0
    for info in profiles:
        data, present = output.get(info.key)
        plain, logs = content_of(data, f"{output.uri}/{info.key}", window)
        fits = plain["baseline"] == baseline.version
        inputs += [Input(log["uri"], log["etag"], log["format"], log["rows"], log["rejected"], fits) for log in logs]
        if not fits:
            continue
        used.append(present)
        parts.append(plain)
        waiting += len(data)
        if waiting > _TOGETHER:
            merged, parts, waiting = merged.merge(merged_from_plain(parts)), [], 0
    whole = merged.merge(merged_from_plain(parts)) if parts else merged
    return Merged(whole, _joined(inputs), tuple(used))


def _joined(inputs: Iterable[Input]) -> tuple[Input, ...]:
    """Return *inputs* in order; the parts in which a growing object was read are one, however it was cut."""
    found: dict[tuple[str, str, str, bool], Input] = {}
    for log in inputs:
        same = log.log, log.etag, log.format, log.used
        held = found.get(same)
        rows, rejected = (0, 0) if held is None else (held.rows, held.rejected)
        found[same] = Input(log.log, log.etag, log.format, log.rows + rows, log.rejected + rejected, log.used)
    return tuple(found[same] for same in sorted(found))


def merge_compacted(
    monitor: str, baseline: Baseline, output: ObjectStore, profiles: Sequence[ObjectInfo], window: Window
) -> Merged:
    """Do what `merge_profiles` does, but read what is kept as one, and keep what is worth it.

    Raises:
        StoredFormError: A stored object is no profile, or one of another window.
    """
    held = _kept(monitor, baseline, output, window)
    there = {(info.key, info.etag) for info in profiles}
    known = {(info.key, info.etag) for info in held.used}
    if not known <= there:
        held, known = _NOTHING, set()
    fresh = [info for info in profiles if (info.key, info.etag) not in known]
    merged = merge_profiles(baseline, output, fresh, window, held)
    if len(merged.used) - len(held.used) >= _WORTH_KEEPING:
        _keep(monitor, baseline, output, window, merged)
    return merged


def _keep(monitor: str, baseline: Baseline, output: ObjectStore, window: Window, merged: Merged) -> None:
    prefix = window_prefix(monitor, window)
    content = {
        "kind": "merged",
        "window": [window.start, window.end],
        "used": [[info.key.removeprefix(prefix), info.etag, info.size, info.time] for info in merged.used],
        "inputs": [msgspec.structs.astuple(log) for log in merged.inputs if log.used],
        "profile": profile_to_plain(merged.profile),
    }
    output.put(merged_key(monitor, window, baseline.version), pack(content))


def _kept(monitor: str, baseline: Baseline, output: ObjectStore, window: Window) -> Merged:
    """Return what is kept of a window; nothing if it cannot be read, as it is all in the profiles, too."""
    key, prefix = merged_key(monitor, window, baseline.version), window_prefix(monitor, window)
    try:
        content = unpack(output.get(key)[0], f"{output.uri}/{key}")
        if content.get("kind") != "merged" or content["window"] != [window.start, window.end]:
            return _NOTHING
        profile = merged_from_plain([content["profile"]])
    except (ObjectNotFoundError, StoredFormError):
        return _NOTHING
    inputs = tuple(Input(*log) for log in content["inputs"])
    return Merged(profile, inputs, tuple(ObjectInfo(prefix + name, *more) for name, *more in content["used"]))


def content_of(data: bytes, where: str, window: Window) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what is stored under *where*: a profile, and what it holds of each log object.

    Raises:
        StoredFormError: It is no profile, or one of another window.
    """
    content = unpack(data, where)
    if content.get("kind") != "profile" or content["window"] != [window.start, window.end]:
        msg = f"{where}: not a profile of this window. Ingest the log again; the window's width may have changed."
        raise StoredFormError(msg)
    return content["profile"], content["logs"]
