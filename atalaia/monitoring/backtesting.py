"""Backtesting: what would have been told and done in a past period under another monitor, beside what was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from atalaia.decisions import Decision, Outcome
from atalaia.errors import AtalaiaError
from atalaia.monitor_file import Monitor
from atalaia.monitoring.actions import Action, State, stored_action
from atalaia.monitoring.decided import decisions_of
from atalaia.monitoring.evaluating import latest_report
from atalaia.monitoring.layout import actions_prefix
from atalaia.monitoring.periods import Period
from atalaia.monitoring.replaying import Replay, replay
from atalaia.ports import ObjectStore
from atalaia.report import Finding, Report
from atalaia.telemetry import drifted_share
from atalaia.window import Window, parse_time
from atalaia.wording import worst

BAD = ("alert", "warning")


class Deed(Struct, frozen=True):
    """What a policy did because of a window.

    Attributes:
        policy: Its name.
        time: When it was decided, µs since 1970.
        state: How far it went, as `atalaia.monitoring.actions.State`; in a backtest `done`, or `pending-approval` for
            what somebody would have had to approve.
        why: The reason, in words.
    """

    policy: str
    time: int
    state: State
    why: str

    @property
    def runs(self) -> bool:
        """Whether something was started, or would have been, if approved."""
        return self.state not in (State.DECLINED, State.EXPIRED)


class Side(Struct, frozen=True):
    """What was told and done of a window, at the time or in the backtest.

    Attributes:
        final: Whether it was told of as final.
        status: The worst of all findings.
        rows: How many there were.
        drifted: Share of the columns with an alert of drift, 0..1; None if none could be judged.
        findings: Those that are an alert or a warning.
        actions: What policies did.
        held: What they would have done if nothing had stood in the way, and what did.
    """

    final: bool
    status: str
    rows: int
    drifted: float | None
    findings: tuple[Finding, ...]
    actions: tuple[Deed, ...]
    held: tuple[Decision, ...]

    def count(self, status: str) -> int:
        """Return how many findings have the *status*."""
        return sum(finding.status == status for finding in self.findings)

    @property
    def outcomes(self) -> frozenset[tuple[str | None, ...]]:
        """What alerts and warns, and which policies act."""
        found = {(f.signal, f.metric, f.column, f.segment, f.status) for f in self.findings}
        return frozenset(found | {(deed.policy,) for deed in self.actions if deed.runs})


class Compared(Struct, frozen=True):
    """A window on both sides; None where it was not told of."""

    window: Window
    then: Side | None
    now: Side | None

    @property
    def differs(self) -> bool:
        """Whether something else alerts, warns or acts."""
        none: frozenset[tuple[str | None, ...]] = frozenset()
        then, now = (none if side is None else side.outcomes for side in (self.then, self.now))
        return then != now


class Totals(Struct, frozen=True):
    """One side of the whole period.

    Attributes:
        alarms: Windows with an alert.
        alerts: How many alerts in all.
        warnings: How many warnings.
        actions: What policies did, in all.
        first_alarm: The first window with an alert; None without one.
        cost: Of all jobs that were started, in the unit of the price of one; None without a price.
    """

    alarms: int
    alerts: int
    warnings: int
    actions: int
    first_alarm: Window | None
    cost: float | None


class Backtest(Struct, frozen=True):
    """A period, window by window, and what could not be replayed as it was asked for."""

    monitor: str
    windows: tuple[Compared, ...]
    then: Totals
    now: Totals
    notes: tuple[str, ...]


def backtest(
    monitor: Monitor, output: ObjectStore, period: Period, changed: Monitor | None = None, job_cost: float | None = None
) -> Backtest:
    """Replay a period under a *changed* monitor, or under the same, and set it beside what happened.

    Args:
        monitor: As it is.
        output: Its output store; nothing is written to it.
        period: Which windows.
        changed: As it might have been: other checks, limits, policies or wider windows, and the same name.
        job_cost: What it costs to run what a policy starts once.

    Raises:
        AtalaiaError: There is nothing to replay, or the changed monitor is another one.
    """
    changed = monitor if changed is None else changed
    if changed.name != monitor.name:
        msg = (
            f"{changed.name}: another monitor than {monitor.name}, whose profiles are replayed. Give it the same name."
        )
        raise AtalaiaError(msg)
    done = replay(replace(changed, output=monitor.output), output, period)  # so that jobs have the ids they had
    windows = tuple(_compared(monitor.name, output, done))
    then, now = ([(w.window, side) for w in windows if (side := getter(w)) is not None] for getter in (_then, _now))
    return Backtest(monitor.name, windows, _totals(then, job_cost), _totals(now, job_cost), tuple(done.notes))


def _then(compared: Compared) -> Side | None:
    return compared.then


def _now(compared: Compared) -> Side | None:
    return compared.now


def _totals(sides: Sequence[tuple[Window, Side]], job_cost: float | None) -> Totals:
    alarms = [window for window, side in sides if side.count("alert")]
    actions = sum(deed.runs for _, side in sides for deed in side.actions)
    return Totals(
        alarms=len(alarms),
        alerts=sum(side.count("alert") for _, side in sides),
        warnings=sum(side.count("warning") for _, side in sides),
        actions=actions,
        first_alarm=min(alarms, default=None),
        cost=None if job_cost is None else actions * job_cost,
    )


def _compared(monitor: str, output: ObjectStore, done: Replay) -> Iterator[Compared]:
    acted_then, acted_now = _acted(monitor, output), _acted(monitor, done.output)
    for window, starts in done.windows.items():
        latest = latest_report(monitor, done.output, window)
        now = [] if latest is None else [latest.report]
        then = [done.then[start].report for start in starts if start in done.then]
        told = [decision for start in starts for decision in _decisions(monitor, output, start)]
        would = _decisions(monitor, done.output, window.start)
        deeds = [deed for start in starts for deed in _deeds(acted_then.get(start, ()), told)]
        replayed = [_unapproved(deed) for deed in _deeds(acted_now.get(window.start, ()), would)]
        yield Compared(window, _side(then, deeds, told), _side(now, replayed, would))


def _side(reports: Sequence[Report], deeds: Sequence[Deed], decisions: Sequence[Decision]) -> Side | None:
    """Return what reports tell together: of one window, or of those that a wider one is made of."""
    if not reports:
        return None
    shares = [share for report in reports if (share := drifted_share(report)) is not None]
    return Side(
        final=all(report.final for report in reports),
        status=worst(report.status for report in reports),
        rows=sum(report.rows for report in reports),
        drifted=max(shares, default=None),
        findings=tuple(each for report in reports for each in report.findings if each.status in BAD),
        actions=tuple(deeds),
        held=tuple(each for each in decisions if each.outcome in (Outcome.HELD, Outcome.SPENT)),
    )


def _decisions(monitor: str, output: ObjectStore, start: int) -> tuple[Decision, ...]:
    return decisions_of(monitor, output, Window(start, start))


def _acted(monitor: str, output: ObjectStore) -> dict[int, list[Action]]:
    """Return all actions, by the start of the window because of which they were done."""
    found: dict[int, list[Action]] = {}
    for info in output.list(actions_prefix(monitor)):
        action, _ = stored_action(output.get(info.key))
        because = parse_time(action.evidence.get("window", {}).get("start", action.window))
        found.setdefault(because or 0, []).append(action)
    return found


def _deeds(actions: Iterable[Action], decisions: Iterable[Decision]) -> Iterator[Deed]:
    """Yield actions with the reasons that were written down; of a schedule only the latest one's is."""
    why = {decision.policy: decision for decision in decisions if decision.outcome in (Outcome.ACTED, Outcome.WAITING)}
    for action in actions:
        told = why.get(action.policy)
        yield Deed(action.policy, action.time, action.state, "" if told is None else told.reason)


def _unapproved(deed: Deed) -> Deed:
    """Nobody approves in a backtest, and nobody lets the time for it pass."""
    return replace(deed, state=State.PENDING_APPROVAL) if deed.state is State.EXPIRED else deed
