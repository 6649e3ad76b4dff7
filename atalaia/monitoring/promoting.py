"""Promote: cut a new baseline from the stored profiles of windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from atalaia.baseline import Baseline
from atalaia.errors import BaselineError
from atalaia.history import History
from atalaia.monitor_file import Monitor
from atalaia.monitoring.baselines import Data, history_asked, hold_baseline, load_baseline
from atalaia.monitoring.history import measure_parts, sampled
from atalaia.monitoring.layout import profiles_prefix, window_prefix
from atalaia.monitoring.merging import merge_profiles
from atalaia.ports import ObjectInfo, ObjectStore
from atalaia.profile import Profile
from atalaia.promotion import promoted, recount
from atalaia.schema import profiled
from atalaia.window import Window, iso, parse_duration, window_at_key
from atalaia.wording import plural


def promote_windows(monitor: Monitor, output: ObjectStore, start: int, end: int) -> Baseline:
    """Make a baseline of the windows that lie within [*start*, *end*), store it, and let it hold from now on.

    Profiles that were made on another baseline than the one that holds are left out, which the baseline's origin tells.

    Raises:
        BaselineError: *end* is not after *start*, there is no baseline yet, or there are no rows in these windows.
    """
    if end <= start:
        msg = f"{monitor.name}: {iso(end)} is not after {iso(start)}. Give the start first, then the end."
        raise BaselineError(msg)
    old = load_baseline(monitor, output)
    windows = _windows(monitor, output)
    chosen = {window: infos for window, infos in windows.items() if start <= window.start and window.end <= end}
    profile, used, left_out = _merged(old, output, chosen)
    if not profile.rows:
        raise BaselineError(_nothing(monitor, start, end, windows, left_out))
    baseline, data = _cut(monitor, output, old, (profile, used), _origin(old, sorted(used), left_out))
    return hold_baseline(monitor, baseline, output, data, chosen=True)


def promoted_windows(
    monitor: Monitor, output: ObjectStore, old: Baseline, windows: Sequence[Window], because: str
) -> tuple[Baseline, Data]:
    """Make a baseline of these *windows*, which have rows counted on the *old* one, but do not store it.

    Returns:
        The baseline, and what it was made from.

    Raises:
        BaselineError: Their profiles are gone.
    """
    chosen = {window: list(output.list(window_prefix(monitor.name, window))) for window in windows}
    profile, used, left_out = _merged(old, output, chosen)
    if not profile.rows:
        told = "the profiles are gone of all windows that a new baseline was to be made of"
        msg = f"{monitor.name}: {told} ({because}). Make it by `atalaia baseline` from the data."
        raise BaselineError(msg)
    return _cut(monitor, output, old, (profile, used), f"{_origin(old, sorted(used), left_out)}; {because}")


_Merged = tuple[Profile, Mapping[Window, Sequence[ObjectInfo]]]


def _cut(monitor: Monitor, output: ObjectStore, old: Baseline, merged: _Merged, origin: str) -> tuple[Baseline, Data]:
    profile, used = merged
    data = tuple((f"{output.uri}/{info.key}", info.etag) for infos in used.values() for info in infos)
    baseline = promoted(old, profile, origin)
    metrics = history_asked(monitor)[1:]
    if metrics:
        starts = sampled([window.start for window in used])
        parts = _parts(old, baseline, output, {window: used[window] for window in used if window.start in starts})
        values = measure_parts(baseline, profiled(baseline.grids.columns), parts, metrics)
        baseline = replace(baseline, history=History(parse_duration(monitor.window), len(starts), values))
    return baseline, data


def _parts(
    old: Baseline, new: Baseline, output: ObjectStore, windows: Mapping[Window, Sequence[ObjectInfo]]
) -> Iterator[Profile]:
    """Yield the profile of each window, as if it had been counted on the *new* baseline's grids."""
    for window in sorted(windows):
        profile = merge_profiles(old, output, windows[window], window).profile
        yield recount(profile, old.grids.grids, new.grids.grids)


def _origin(old: Baseline, windows: list[Window], left_out: int) -> str:
    span = f"{iso(windows[0].start)} to {iso(windows[-1].end)}"
    others = f"; {plural(left_out, 'profile')} of another baseline left out" if left_out else ""
    return f"from {plural(len(windows), 'window')} of {span}, counted on baseline {old.version}{others}"


def _windows(monitor: Monitor, output: ObjectStore) -> dict[Window, list[ObjectInfo]]:
    prefix, width = profiles_prefix(monitor.name), parse_duration(monitor.window)
    windows: dict[Window, list[ObjectInfo]] = {}
    for info in output.list(prefix):
        window = window_at_key(info.key.removeprefix(prefix).partition("/")[0], width)
        if window is not None:
            windows.setdefault(window, []).append(info)
    return windows


def _merged(
    old: Baseline, output: ObjectStore, windows: dict[Window, list[ObjectInfo]]
) -> tuple[Profile, dict[Window, tuple[ObjectInfo, ...]], int]:
    """Merge all windows' profiles: return the whole, by window what went in, and how many were left out."""
    profile, used, left_out = Profile(old.version), {}, 0
    for window, infos in windows.items():
        part = merge_profiles(old, output, infos, window)
        profile = profile.merge(part.profile)
        used[window] = part.used
        left_out += len(infos) - len(part.used)
    return profile, {window: infos for window, infos in used.items() if infos}, left_out


def _nothing(monitor: Monitor, start: int, end: int, windows: dict[Window, list[ObjectInfo]], left_out: int) -> str:
    asked = f"{monitor.name}: from {iso(start)} to {iso(end)}"
    if left_out:
        return f"{asked} all profiles are of another baseline. Run `atalaia ingest` on the logs again."
    if not windows:
        return f"{asked} there are no windows, as nothing was ingested yet. Run `atalaia ingest` first."
    first, last = min(windows), max(windows)
    there = f"There are {plural(len(windows), 'window')} of {monitor.window} from {iso(first.start)} to {iso(last.end)}"
    return f"{asked} there is no whole window with rows. {there}."
