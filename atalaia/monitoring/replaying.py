"""Replaying: the rounds of a past period once more, on its stored profiles, as if each window had just become final.

What runs is what runs in the cloud (`atalaia.monitoring.rounds`), at a clock that is set: a window's round comes when
its lateness has passed. It works on an overlay of the output store that shows the profiles and nothing else, and keeps
reports, actions and all other state to itself. So the period begins without any past: drift over time is gathered from
its first window on, and no policy has acted before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from atalaia.baseline import Baseline
from atalaia.errors import AtalaiaError
from atalaia.monitor_file import Monitor
from atalaia.monitoring.aftermath import Aftermath, aftermath_of
from atalaia.monitoring.baselines import read_baseline
from atalaia.monitoring.changes import Marked
from atalaia.monitoring.claims import Claims
from atalaia.monitoring.eras import Eras
from atalaia.monitoring.evaluating import Evaluated, latest_report
from atalaia.monitoring.fitting import Fitted, fit
from atalaia.monitoring.layout import baseline_key, baselines_prefix, merged_prefix, profiles_prefix
from atalaia.monitoring.outbox import Delivered, Outbox
from atalaia.monitoring.overlay import Overlay
from atalaia.monitoring.periods import Period, nothing_in, windows_in
from atalaia.monitoring.rounds import Round
from atalaia.monitoring.watch import Watch
from atalaia.monitoring.widening import content_at, demand_multiple, stored_profiles, widened
from atalaia.policies import Policy
from atalaia.ports import Job, ObjectInfo, ObjectStore, Point, Sent, Telemetry
from atalaia.schedules import last_before, parse_schedule
from atalaia.telemetry import Detail
from atalaia.window import END_TIME, Window, iso, parse_duration

Reports = dict[int, Evaluated]
"""The stored reports, each the latest of its window, by the window's start."""


class Replay(Struct):
    """What came out.

    Attributes:
        windows: Those that were replayed, in order of time; of each the starts of the stored windows it is made of.
        then: What was told of these stored windows at the time.
        output: Where the reports and actions are that there would have been.
        notes: In words, what could not be replayed as it was asked for.
    """

    windows: dict[Window, Sequence[int]]
    then: Reports
    output: ObjectStore
    notes: list[str] = field(default_factory=list)


def replay(monitor: Monitor, output: ObjectStore, period: Period) -> Replay:
    """Replay a period under *monitor*; nothing is written to *output*.

    Raises:
        AtalaiaError: There is nothing to replay, or not in windows of the monitor's width.
        BaselineError: A baseline that held then is gone.
        StoredFormError: What is stored cannot be read.
    """
    stored = _stored(monitor, output, period)
    held = content_at(next(iter(stored.values()))[0].key, output)["window"]
    narrow, width = held[1] - held[0], parse_duration(monitor.window)
    demand_multiple(monitor.name, Window(*held), width)
    windows = windows_in(stored, monitor, narrow, period)
    if not windows:
        raise AtalaiaError(nothing_in(stored, monitor, narrow, period))
    clock = _Clock()
    overlay = Overlay(output, _shown(monitor.name, same=width == narrow), clock)
    if width > narrow:
        for key, data in widened(monitor.name, windows, stored, output):
            overlay.put(key, data)
    then = _reports(monitor.name, output, (start for starts in windows.values() for start in starts), narrow)
    done = Replay(windows, then, overlay)
    aftermath = aftermath_of(monitor, output, overlay, min(windows).start, same=width == narrow)
    _Rounds(monitor, done, _Baselines(monitor.name, output, stored), aftermath, clock).run()
    return done


def _shown(monitor: str, *, same: bool) -> tuple[str, ...]:
    return baselines_prefix(monitor), *((profiles_prefix(monitor), merged_prefix(monitor)) if same else ())


def _stored(monitor: Monitor, output: ObjectStore, period: Period) -> dict[int, list[ObjectInfo]]:
    if period.start is not None and period.end is not None and period.end <= period.start:
        msg = f"{monitor.name}: {iso(period.end)} is not after {iso(period.start)}. Give the start first, then the end."
        raise AtalaiaError(msg)
    stored = stored_profiles(monitor.name, output)
    if not stored:
        msg = f"{output.uri}/{monitor.name}: no profiles are stored there. Run `atalaia check` or `ingest` first."
        raise AtalaiaError(msg)
    return stored


def _reports(monitor: str, output: ObjectStore, starts: Iterable[int], width: int) -> Reports:
    found = {start: latest_report(monitor, output, Window(start, start + width)) for start in starts}
    return {start: _shortened(told) for start, told in found.items() if told is not None}


def _shortened(told: Evaluated) -> Evaluated:
    """Leave out what is large and not looked at, as there may be thousands."""
    return replace(told, report=replace(told.report, columns=(), inputs=(), trail=None))


class _Clock(Struct):
    """A clock that is set."""

    now: int = 0

    def __call__(self) -> int:
        return self.now


class _Past(Watch):
    """A monitor as it is watched at one moment of the past: on the baseline that held for a window."""

    def __init__(self, fitted: Fitted, overlay: ObjectStore, clock: _Clock) -> None:
        super().__init__(fitted.monitor, lambda _: overlay, clock)
        self._fitted = fitted

    @property
    def eras(self) -> Eras:
        """The baseline that held, for whichever window."""
        return Eras(self._fitted.baseline)


class _NoOutbox(Outbox):
    """Nobody hears of reports and actions, so nothing is made of them to tell."""

    def announce(self, key: str) -> None:
        """Note nothing."""

    def deliver(self, telemetry: Telemetry, enough_time: Callable[[], bool] = lambda: True) -> Delivered:  # noqa: ARG002
        """Tell nothing."""
        return Delivered(0, telemetry.tell((), ()).points)


class _OneWindow(Round):
    """A round over one window, with no others to look for: which ones are empty is known beforehand.

    To look through all reports for gaps each time, as other rounds do, takes the longer the longer the period is.
    """

    outbox_of = _NoOutbox

    def _todo(self) -> list[Marked]:
        return self._begun()


class _Nobody:
    """Whoever hears of reports, and runs jobs: nobody."""

    def tell(
        self,
        events: Sequence[Mapping[str, Any]],  # noqa: ARG002 - nobody hears them
        points: Sequence[Point],
        heard: frozenset[str] = frozenset(),  # noqa: ARG002
    ) -> Sent:
        return Sent(len(points))

    def start(self, job: Job) -> str:
        return f"{job.policy}/{job.window}"


class _Baselines:
    """Which baseline held for which window; each is read once."""

    def __init__(self, monitor: str, output: ObjectStore, stored: Mapping[int, Sequence[ObjectInfo]]) -> None:
        self._monitor, self._output, self._stored = monitor, output, stored
        self._read: dict[str, Baseline] = {}
        self._last = ""

    def of(self, starts: Sequence[int], then: Reports) -> Baseline:
        """Return the baseline that held last for the stored windows that begin at *starts*.

        That is the one of the latest report; without a report the one that the latest profiles were counted on, and
        without any profiles the one that held for the window before.
        """
        reported = next((then[start] for start in reversed(starts) if start in then), None)
        if reported is not None:
            self._last = reported.report.baseline.key
        else:
            profiles = next((self._stored[start] for start in reversed(starts) if start in self._stored), None)
            self._last = self._key_of(profiles[-1]) if profiles is not None else self._last
        if self._last not in self._read:
            self._read[self._last] = read_baseline(self._last, self._output)
        return self._read[self._last]

    def _key_of(self, profile: ObjectInfo) -> str:
        key = baseline_key(self._monitor, content_at(profile.key, self._output)["profile"]["baseline"])
        named = self._output.list(key.removesuffix(".profile"))  # also with a digest of its history
        return max(((info.time, info.key) for info in named), default=(0, key))[1]


class _Rounds(Struct):
    """The rounds of one replay."""

    monitor: Monitor
    done: Replay
    baselines: _Baselines
    aftermath: Aftermath
    clock: _Clock
    fitted: dict[str, Fitted] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        """Hold a round when each window is final, and when a policy acts by its schedule or after quiet hours."""
        lateness = parse_duration(self.monitor.lateness)
        last = self._round_of(*next(iter(self.done.windows.items())), lateness)
        for window, starts in list(self.done.windows.items())[1:]:
            self._others(last, window.end + lateness)
            last = self._round_of(window, starts, lateness)
        over = self.clock.now + parse_duration(self.monitor.window)
        self._others(last, max([over, *(moment + 1 for moment in self._waiting(END_TIME))]))
        told = [f"window {key} could not be evaluated: {why}" for key, why in self.failed.items()]
        fitted = dict.fromkeys(note for each in self.fitted.values() for note in each.notes)
        self.done.notes += [*fitted, *self.aftermath.told(), *told]

    def _round_of(self, window: Window, starts: Sequence[int], lateness: int) -> _Past:
        baseline = self.aftermath.baseline_of(window, self.baselines.of(starts, self.done.then))
        if baseline.name not in self.fitted:
            self.fitted[baseline.name] = fit(self.monitor, baseline)
        past = _Past(self.fitted[baseline.name], self.done.output, self.clock)
        past.changes.mark([window.start], "backtest")
        self._round(past, window.end + lateness)
        return past

    def _others(self, past: _Past, until: int) -> None:
        """Hold the rounds that policies ask for before the next window's."""
        scheduled = sorted({moment for policy in self.monitor.policies for moment in self._named(policy, until)})
        while self._waiting(until) or scheduled:
            now = min([*scheduled[:1], *self._waiting(until)])
            scheduled = scheduled[scheduled[:1] == [now] :]
            self._round(past, now)

    def _named(self, policy: Policy, until: int) -> Iterator[int]:
        """Yield the moments that a schedule names after now and before *until*, the latest first."""
        if policy.schedule is not None:
            schedule = parse_schedule(policy.schedule)
            moment = last_before(schedule, until - 1)
            while moment is not None and moment > self.clock.now:
                yield moment
                moment = last_before(schedule, moment - 1)

    def _waiting(self, until: int) -> list[int]:
        """Return when quiet hours are over for what waits for that."""
        policies = [policy for policy in self.monitor.policies if policy.quiet_hours]
        every = (Claims(self.done.output, self.monitor.name, policy.name).held() for policy in policies)
        moments = (claim.after for acted in every for claim in acted.claims if claim.start in acted.waiting)
        return [moment for moment in moments if self.clock.now < moment < until]

    def _round(self, past: _Past, now: int) -> None:
        self.clock.now = now
        self.aftermath.note(now)
        nobody = _Nobody()
        this = _OneWindow(past, now, Detail.SUMMARY, "backtest")
        self.failed |= this.run(nobody, lambda *_: nobody, lambda: True).failed
