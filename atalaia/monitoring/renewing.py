"""Renewing: a new baseline after a training job has ended well, or after a new version of the model.

A renewal is written once for each, under a key that follows from it. Of several the latest counts. Until its baseline
is made, windows are judged by the old one, and their findings say so. The new one holds from the first window on of
which nothing was profiled yet: what was found before stays with the old one, and can be verified.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from atalaia.baseline import Baseline
from atalaia.checks import QUALITY, STABILITY
from atalaia.errors import StoredFormError
from atalaia.monitor_file import Monitor
from atalaia.monitoring.actions import ENDED_WELL, Action
from atalaia.monitoring.baselines import Data, Era, begin_era, built_baseline, current_baseline
from atalaia.monitoring.evaluating import latest_report
from atalaia.monitoring.layout import all_reports_prefix, profiles_prefix, renewal_key, renewals_prefix
from atalaia.monitoring.promoting import promoted_windows
from atalaia.monitoring.service import NewVersion
from atalaia.monitoring.watch import Gathered, Watch
from atalaia.policies import NewBaseline
from atalaia.ports import ObjectStore
from atalaia.report import Gathering, Report
from atalaia.schema import Role
from atalaia.window import Window, iso, parse_duration, window_at_key, window_of

WINDOWS, ROWS = 3, 1000
"""A new baseline is made of so many healthy windows, with so many rows together, unless the monitor file says else."""

LOOK_AGAIN = parse_duration("30m")
"""After so long, in µs, reports are read again, as another process may have stored some."""


class Renewal(msgspec.Struct, frozen=True, omit_defaults=True):
    """That a new baseline is to come.

    Attributes:
        id: Follows from what it is because of.
        because: What that is, in words.
        since: When the new model began, µs since 1970.
        windows: How many healthy windows it takes; 0 where it comes from data.
        rows: How many rows these must hold.
        data: The URI of the data; empty where it comes from windows.
        model_version: The new model's, if it is known.
        baseline: The version of the baseline that was made; empty until then.
    """

    id: str
    because: str
    since: int
    windows: int = 0
    rows: int = 0
    data: str = ""
    model_version: str = ""
    baseline: str = ""


def renew_after_run(monitor: Monitor, output: ObjectStore, action: Action) -> None:
    """Begin a renewal if *action*'s job has ended well and its policy asks for it; again, it changes nothing."""
    policy = next((policy for policy in monitor.policies if policy.name == action.policy), None)
    if policy is None or policy.new_baseline is None or action.outcome not in ENDED_WELL:
        return
    job = action.job.rstrip("/").rpartition("/")[2]
    known = {"job": job, "policy": policy.name, "window": action.window}
    because = f"the job {job} of the policy {policy.name} ended well"
    _begin(monitor, output, policy.new_baseline, Renewal(action.id, because, action.outcome_time), known)


def renew_for_version(monitor: Monitor, output: ObjectStore, new: NewVersion) -> bool:
    """Begin a renewal for a *new* version of the monitor's model, if the monitor asks for it; tell whether it does."""
    if monitor.model.name != new.model or monitor.model.new_baseline is None:
        return False
    name = hashlib.sha256(f"{new.model}\0{new.version}".encode()).hexdigest()
    because = f"version {new.version} of the model {new.model} came"
    renewal = Renewal(name, because, new.time, model_version=new.version)
    _begin(monitor, output, monitor.model.new_baseline, renewal, {"version": new.version})
    return True


def _begin(monitor: Monitor, output: ObjectStore, wanted: NewBaseline, renewal: Renewal, known: dict[str, str]) -> None:
    name = renewal_key(monitor.name, 0, renewal.id).rpartition("-")[2]
    if any(info.key.endswith(f"-{name}") for info in output.list(renewals_prefix(monitor.name))):
        return
    data = wanted.data or ""
    for name, value in (known | {"monitor": monitor.name, "model": monitor.model.name}).items():
        data = data.replace(f"{{{name}}}", value)
    if not data:
        renewal = replace(renewal, windows=wanted.windows or WINDOWS, rows=wanted.rows or ROWS)
    keep(monitor, output, replace(renewal, data=data))


def keep(monitor: Monitor, output: ObjectStore, renewal: Renewal) -> None:
    """Write a renewal, or what became of it."""
    output.put(renewal_key(monitor.name, renewal.since, renewal.id), msgspec.json.encode(renewal) + b"\n")


def renewals(monitor: Monitor, output: ObjectStore) -> Iterator[Renewal]:
    """Yield all renewals of a monitor, in order of time."""
    for info in output.list(renewals_prefix(monitor.name)):
        yield _read(output, info.key)


def _read(output: ObjectStore, key: str) -> Renewal:
    try:
        return msgspec.json.decode(output.get(key)[0], type=Renewal)
    except msgspec.DecodeError as error:
        msg = f"{output.uri}/{key}: no renewal of the baseline. Delete it."
        raise StoredFormError(msg) from error


class Renewer:
    """Makes new baselines for one monitor, at the time *now*, in µs since 1970."""

    def __init__(self, watch: Watch, now: int) -> None:
        self._watch = watch
        self._monitor, self._output = watch.monitor, watch.output
        self._now = now
        self._width = parse_duration(watch.monitor.window)
        asked = (watch.monitor.model.new_baseline, *(policy.new_baseline for policy in watch.monitor.policies))
        self._is_asked = any(each is not None for each in asked)
        self._pending = self._find()

    def _find(self) -> Renewal | None:
        """Return the latest renewal, if its baseline is not made yet."""
        if not self._is_asked:
            return None
        *_, last = (None, *self._output.list(renewals_prefix(self._monitor.name)))
        renewal = None if last is None else _read(self._output, last.key)
        return renewal if renewal is not None and not renewal.baseline else None

    def gathering(self, window: Window) -> Gathering | None:
        """Return what the report of a *window* says of a new baseline that is to come, or None."""
        pending = self._pending
        if pending is None or window.end <= pending.since:
            return None
        healthy = 0 if pending.data else sum(each.end <= window.start for each, _ in self._gathered(pending))
        told = min(healthy, pending.windows)
        return Gathering(pending.because, iso(pending.since), told, pending.windows, pending.data)

    def advance(self) -> str | None:
        """Make the new baseline if one is due and can be made now; return its version.

        Raises:
            BaselineError: It can't be made of the data.
            PreconditionError: Somebody else has let another baseline hold meanwhile; it is made in the next round.
        """
        pending = self._pending
        if pending is None:
            return None
        held = current_baseline(self._monitor.name, self._output)
        if held is None or held.renewal != pending.id:
            made = self._made(pending)
            if made is None:
                return None
            era = Era("", self._first(pending), pending.model_version)
            begin_era(self._monitor, made[0], self._output, made[1], era, pending.id)
            version = made[0].version
        else:  # killed before it was noted
            version = held.version
        keep(self._monitor, self._output, replace(pending, baseline=version))
        self._pending = None
        return version

    def _made(self, pending: Renewal) -> tuple[Baseline, Data] | None:
        if pending.data:
            return built_baseline(self._monitor, [self._watch.source_at(pending.data)])
        chosen, rows = [], 0
        for window, found in self._gathered(pending):
            chosen.append(window)
            rows += found
            if len(chosen) >= pending.windows and rows >= pending.rows:
                return promoted_windows(self._monitor, self._output, self._watch.eras.latest, chosen, pending.because)
        return None

    def _gathered(self, pending: Renewal) -> Sequence[tuple[Window, int]]:
        """Return the healthy windows with their rows; reports are read again after a while, or if one more is final."""
        latest, held = self._watch.eras.latest.version, self._watch.gathered
        if held is None or (held.renewal, held.baseline) != (pending.id, latest) or self._now - held.time > LOOK_AGAIN:
            held = Gathered(pending.id, latest, self._now, tuple(self._healthy(pending, latest)))
            self._watch.gathered = held
        return held.windows

    def _healthy(self, pending: Renewal, latest: str) -> Iterator[tuple[Window, int]]:
        """Yield the final windows since the new model began that nothing is wrong with but drift, in order of time."""
        before = self._versions_before(pending)
        for window in self._reported():
            if window.start < pending.since:
                continue
            found = latest_report(self._monitor.name, self._output, window)
            if found is None or not found.report.final or found.report.baseline.version != latest:
                continue
            if _is_healthy(found.report) and before.isdisjoint(found.report.model_versions):
                yield window, found.report.rows

    def _versions_before(self, pending: Renewal) -> set[str]:
        """Return the versions that answered last before the new model began, if a column tells versions."""
        if not any(column.role is Role.VERSION for column in self._monitor.columns):
            return set()
        for window in reversed(self._reported()):
            if window.end <= pending.since:
                found = latest_report(self._monitor.name, self._output, window)
                if found is not None and found.report.model_versions:
                    return set(found.report.model_versions)
        return set()

    def _reported(self) -> list[Window]:
        return self._windows(all_reports_prefix(self._monitor.name))

    def _windows(self, prefix: str) -> list[Window]:
        names = {info.key.removeprefix(prefix).partition("/")[0] for info in self._output.list(prefix)}
        return sorted(window for name in names if (window := window_at_key(name, self._width)) is not None)

    def _first(self, pending: Renewal) -> int:
        """Return the start of the first window that the new baseline is to hold for.

        It begins after the new model did, after all windows that have profiles, and not right now: the function that
        profiles logs may just be at it.
        """
        known = [window.end for window in self._windows(profiles_prefix(self._monitor.name))]
        begun = window_of(pending.since - 1, self._width).end
        first = max(begun, *(end for end in known if end - self._width <= self._now), begun)
        return first + self._width if first <= self._now < first + self._width else first


def _is_healthy(report: Report) -> bool:
    wrong = any(told.status == "alert" and told.signal in (QUALITY, STABILITY) for told in report.findings)
    return report.rows > 0 and len(report.model_versions) <= 1 and not wrong
