"""Rounds: what is evaluated of one monitor each time the schedule says so, and told.

Only marked windows are looked at, the oldest first, so that a round may end whenever time is short, and the next one
goes on. Whatever a round has done is done for good, and doing it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import takewhile
from typing import Any, ClassVar

from msgspec import Struct, field

from atalaia.errors import AtalaiaError, NotSentError
from atalaia.monitoring.acting import Actor, StarterOf
from atalaia.monitoring.actions import Action, Links, no_links
from atalaia.monitoring.changes import Changes, Marked
from atalaia.monitoring.deciding import Decider
from atalaia.monitoring.evaluating import Evaluated, Evaluator, between, latest_revision
from atalaia.monitoring.layout import all_reports_prefix, window_prefix
from atalaia.monitoring.outbox import Delivered, Outbox
from atalaia.monitoring.outcomes import Follower
from atalaia.monitoring.renewing import Renewer, renew_after_run
from atalaia.monitoring.watch import Watch
from atalaia.ports import Telemetry
from atalaia.telemetry import Detail
from atalaia.window import Window, window_at_key

_EMPTY, _ALL = "empty", "all"
_UNSEEN = Delivered(0, 0)


class Evaluations(Struct):
    """What a round did.

    Attributes:
        reports: New ones.
        same: How many windows were looked at whose reports did not change.
        failed: By the window's key, why it could not be evaluated now; by `schedules`, why one could not be looked at.
        left: Windows for which no time was left.
        unstarted: An event for each job that could not be started now.
        ended: The actions whose jobs were asked after, and have ended.
        unknown: By the action's id, or the policy's name, why it is not known what has become of a job.
        delivered: What was told of these reports and of earlier ones.
        renewed: The version of a new baseline that was made.
        not_renewed: Why one that is due could not be made now.
    """

    reports: list[Evaluated] = field(default_factory=list)
    same: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    left: int = 0
    unstarted: list[dict[str, str]] = field(default_factory=list)
    ended: list[Action] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)
    delivered: Delivered = _UNSEEN
    renewed: str = ""
    not_renewed: str = ""

    def counts(self) -> dict[str, Any]:
        """Return how much it was, for a log line."""
        told = self.delivered
        sent = {"told": told.reports, "points": told.points, "dropped": dict(told.dropped), "untold": told.left}
        windows = {"new": len(self.reports), "same": self.same, "failed": self.failed, "left": self.left}
        jobs: dict[str, Any] = (
            {"unstarted": {event["id"]: event["why"] for event in self.unstarted}} if self.unstarted else {}
        )
        jobs |= {key: getattr(self, key) for key in ("unknown", "renewed", "not_renewed") if getattr(self, key)}
        return windows | sent | jobs | ({} if told.why is None else {"why": told.why})


class Round:
    """One round over one monitor's windows, at the time *now*, in µs since 1970."""

    outbox_of: ClassVar[type[Outbox]] = Outbox

    def __init__(self, watch: Watch, now: int, detail: Detail, who: str = "", links: Links = no_links) -> None:
        self._watch = watch
        self._name, self._output = watch.monitor.name, watch.output
        self._outbox = self.outbox_of(self._name, watch.output, detail, links)
        announce = self._outbox.announce
        self._renewer = Renewer(watch, now)
        self._evaluator = Evaluator(
            watch.monitor, watch.eras, watch.output, now, announce, often=True, gathering=self._renewer.gathering
        )
        self._changes: Changes = watch.changes
        self._decider = Decider(watch.monitor, watch.output, now, announce)
        self._actor = Actor(watch.monitor, watch.output, watch.clock, announce, who, links)

    def mark_all(self) -> None:
        """Mark every window that has profiles, whoever made them, and the empty ones between."""
        self._changes.mark((window.start for window in self._evaluator.windows()), _ALL)

    def run(self, telemetry: Telemetry, starter_of: StarterOf, enough_time: Callable[[], bool]) -> Evaluations:
        """Evaluate what is marked, tell of it, and start what follows, as long as there is time."""
        done = Evaluations()
        silent = [window for window in self._evaluator.silent_windows() if not self._has_report(window)]
        self._changes.mark((window.start for window in silent), _EMPTY)
        todo = self._todo()
        for marked in takewhile(lambda _: enough_time(), todo):
            try:
                self._evaluate(marked, done)
            except AtalaiaError as error:
                done.failed[marked.window.key] = str(error)
        done.left = len(todo) - len(done.reports) - done.same - len(done.failed)
        done.delivered = self._outbox.deliver(telemetry, enough_time)
        if enough_time():
            self._act(telemetry, starter_of, enough_time, done)
        self._follow(starter_of, enough_time, done)
        if enough_time():  # last, as reading new data may take longer than there is time
            self._renew(done)
        return done

    def _follow(self, starter_of: StarterOf, enough_time: Callable[[], bool], done: Evaluations) -> None:
        """Ask after the jobs that run, where no event tells of them; begin what follows those that have ended."""
        follower = Follower(self._watch.monitor, self._output, self._watch.clock())
        try:
            for action in follower.ended(starter_of, enough_time):
                renew_after_run(self._watch.monitor, self._output, action)
                done.ended.append(action)
        except AtalaiaError as error:
            done.not_renewed = str(error)
        done.unknown = follower.unknown

    def _act(
        self, telemetry: Telemetry, starter_of: StarterOf, enough_time: Callable[[], bool], done: Evaluations
    ) -> None:
        """Start jobs, now that the reports are told: nobody who is waited for keeps an alarm waiting."""
        try:
            self._decider.tick()
        except AtalaiaError as error:
            done.failed["schedules"] = str(error)
        done.unstarted = list(self._actor.act(starter_of, enough_time))
        if self._outbox.noted and done.delivered.why is None:
            done.delivered += self._outbox.deliver(telemetry, enough_time)
        if done.unstarted:
            # Not told now, it stands in the call's log line, and the next round tries and tells again.
            with suppress(NotSentError):
                telemetry.tell(done.unstarted, ())

    def _renew(self, done: Evaluations) -> None:
        """Make the new baseline that is due after a job or for a new model, if it can be made now."""
        try:
            done.renewed = self._renewer.advance() or ""
        except AtalaiaError as error:
            done.not_renewed = str(error)

    def _evaluate(self, marked: Marked, done: Evaluations) -> None:
        basis = self._evaluator.basis(marked.window)  # of no more than what is evaluated then
        evaluated = None if basis == marked.basis else self._evaluator.evaluate(marked.window)
        if self._evaluator.is_over(marked.window):
            self._decider.decide(marked.window)
            self._changes.close(marked)
        else:
            self._changes.keep_open(marked, basis)
        if evaluated is not None and evaluated.new:
            self._watch.gathered = None if evaluated.report.final else self._watch.gathered
            done.reports.append(evaluated)
        else:
            done.same += 1

    def _todo(self) -> list[Marked]:
        """Return the marked windows that have begun; beside those without a report, mark the empty ones first."""
        marked = self._begun()
        unknown = [m.window for m in marked if m.basis is None]
        fresh = [window for window in unknown if not self._has_report(window)]
        if not fresh:
            return marked
        reported = self._reported()
        known = sorted(reported | {m.window for m in marked})
        empty = {gap for window in fresh for gap in self._gaps_beside(window, known)}
        self._changes.mark((window.start for window in sorted(empty - set(known))), _EMPTY)
        return self._begun()

    def _has_report(self, window: Window) -> bool:
        return latest_revision(self._name, self._output, window) > 0

    def _begun(self) -> list[Marked]:
        return [marked for marked in self._changes.marked() if self._evaluator.has_begun(marked.window)]

    def _reported(self) -> set[Window]:
        prefix = all_reports_prefix(self._name)
        names = {info.key.removeprefix(prefix).partition("/")[0] for info in self._output.list(prefix)}
        return {window for name in names if (window := window_at_key(name, self._watch.width)) is not None}

    def _gaps_beside(self, window: Window, known: list[Window]) -> list[Window]:
        """Return the empty windows to be told of between *window* and the next ones with logs on both sides."""
        before = next((other for other in reversed(known) if other < window and self._has_logs(other)), window)
        after = next((other for other in known if other > window and self._has_logs(other)), window)
        return [*between(before, window), *between(window, after)]

    def _has_logs(self, window: Window) -> bool:
        return any(True for _ in self._output.list(window_prefix(self._name, window)))
