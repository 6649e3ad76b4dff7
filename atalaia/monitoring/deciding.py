"""Deciding: because of which windows a policy acts, and why it does not because of others.

A claim is written before anything is started (`atalaia.monitoring.claims`), so that two evaluators at once respect each
other's cool-down and budget; and then the decision, so that a claim is never without one for long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from atalaia.conditions import parse_condition
from atalaia.decisions import Decision, Outcome, to_json
from atalaia.errors import AtalaiaError, PreconditionError
from atalaia.monitor_file import Monitor
from atalaia.monitoring.claims import Acted, Claim, Claims
from atalaia.monitoring.decided import stored_decisions
from atalaia.monitoring.evaluating import Evaluated, latest_report
from atalaia.monitoring.layout import all_reports_prefix, decisions_key
from atalaia.monitoring.weighing import Facts, Weighed, weigh
from atalaia.policies import Policy
from atalaia.ports import ObjectStore
from atalaia.quiet_hours import quiet_until
from atalaia.schedules import last_before, parse_schedule
from atalaia.window import Window, iso, parse_duration, parse_time, window_at_key, window_of
from atalaia.wording import moment, plural

MOST_SILENT = 100
"""So many windows without rows are looked through for the last row."""

_WEEK = parse_duration("1w")
_MINUTE = parse_duration("1m")
_TRIES = 10
_DONE = (Outcome.ACTED, Outcome.WAITING)


class _Occasion(Struct, frozen=True):
    """What may make a policy act: a window's report, and the moment that names it (of a schedule: that it names)."""

    policy: Policy
    latest: Evaluated
    start: int
    since: int

    @property
    def report(self) -> str:
        return f"{self.latest.window.key}/r{self.latest.revision}"


class Decider:
    """Decides for the policies of one monitor at the time *now*, in µs since 1970.

    Attributes:
        changed: The windows on which something else was decided than before.
    """

    def __init__(
        self,
        monitor: Monitor,
        output: ObjectStore,
        now: int,
        announce: Callable[[str], None] | None = None,
        elsewhere: Callable[[Policy], str] = lambda _: "",
    ) -> None:
        """Prepare for deciding.

        Args:
            monitor: Whose policies.
            output: Where its reports are.
            now: µs since 1970.
            announce: Hears the key of decisions before they are stored.
            elsewhere: Tells why a policy is left to other evaluators; "" for those that are not.
        """
        self._monitor = monitor
        self._output = output
        self._now = now
        self._announce = announce
        self._elsewhere = elsewhere
        self._width = parse_duration(monitor.window)
        self._reports: dict[Window, Evaluated | None] = {}
        self.changed: set[Window] = set()

    def decide(self, window: Window) -> None:
        """Decide which policies act because of *window* or later ones, now that its report is stored."""
        self._reports = {}
        policies = [policy for policy in self._monitor.policies if policy.schedule is None]
        for number in range(max((_looked_at(policy) for policy in policies), default=0)):
            later = self._moved(window, number)
            latest = self._final(later) if later.end <= self._now else None
            concerned = [policy for policy in policies if number < _looked_at(policy)]
            if latest is not None:
                self._note(latest, [_Occasion(policy, latest, later.start, later.end) for policy in concerned])

    def tick(self) -> None:
        """Decide for the policies with a schedule that names a moment that has come since the last time.

        Raises:
            AtalaiaError: That can't be done for one of them; for the others it was.
        """
        self._reports = {}
        errors: list[AtalaiaError] = []
        for policy in self._monitor.policies:
            try:
                if policy.schedule is not None:
                    self._tick(policy, policy.schedule)
            except AtalaiaError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def _tick(self, policy: Policy, schedule: str) -> None:
        claims = self._claims(policy)
        since = claims.since(schedule, self._now)
        moment = last_before(parse_schedule(schedule), self._now)
        latest = self._last_final(moment) if moment is not None and moment > since else None
        if moment is not None and latest is not None:
            self._note(latest, [_Occasion(policy, latest, moment, moment)])
            if not self._elsewhere(policy):  # else those to whom it is left decide on it, too
                claims.seen(moment)

    def _note(self, latest: Evaluated, occasions: Sequence[_Occasion]) -> None:
        """Decide, and store what is new.

        Raises:
            AtalaiaError: That can't be done for one of them; for the others it was.
        """
        for _ in range(_TRIES):
            stored, tag = stored_decisions(self._monitor.name, self._output, latest.window)
            made = {each.policy: each for each in stored}
            errors: list[AtalaiaError] = []
            for occasion in occasions:
                name = occasion.policy.name
                try:
                    made[name] = self._decision(occasion, made.get(name))
                except AtalaiaError as error:
                    errors.append(error)
            if tuple(made.values()) != stored and not self._is_stored(latest.window, made.values(), tag):
                continue
            if errors:
                raise errors[0]
            return
        msg = f"{self._monitor.name}: {_TRIES} times another evaluator decided on {latest.window.key} first. Try again."
        raise PreconditionError(msg)

    def _is_stored(self, window: Window, made: Iterable[Decision], tag: str | None) -> bool:
        """Store what was decided; tell whether nobody else did meanwhile."""
        key = decisions_key(self._monitor.name, window)
        if self._announce is not None:
            self._announce(key)
        try:
            self._output.put(key, to_json(made), if_match=tag, if_absent=tag is None)
        except PreconditionError:
            return False
        self.changed.add(window)
        return True

    def _decision(self, occasion: _Occasion, before: Decision | None) -> Decision:
        """Return what is decided; what was done stays done, and a spent budget is no debt."""
        policy, at = occasion.policy, occasion.start if occasion.policy.schedule is not None else None
        if before is not None and before.occasion == at and _stands(before, occasion.report):
            return before
        found = self._weighed(policy, occasion.latest)
        outcome, why = self._outcome(occasion, found)
        decision = Decision(policy.name, outcome, why, found.told, occasion.report, self._now, at)
        return before if before is not None and before.same(decision) else decision

    def _outcome(self, occasion: _Occasion, found: Weighed) -> tuple[Outcome, str]:
        if not found.holds:
            return Outcome.NO, found.told
        why = self._too_few(occasion) or self._too_late(occasion, self._now) or self._elsewhere(occasion.policy)
        after = quiet_until(self._now, occasion.policy.quiet_hours) or self._now
        why = why or self._too_late(occasion, after)
        if why:
            return Outcome.HELD, why
        claim = Claim(
            occasion.start, occasion.latest.window.start, self._now, _later(after, self._now), occasion.report
        )
        return self._claimed(occasion, claim, found)

    def _claimed(self, occasion: _Occasion, claim: Claim, found: Weighed) -> tuple[Outcome, str]:
        policy = occasion.policy
        cool_down, within = parse_duration(policy.cool_down), parse_duration(policy.within)
        forget_before = self._now - within - self._width - max(cool_down, _WEEK)
        spent = ""

        def why_not(acted: Acted) -> str:
            nonlocal spent
            spent = _spent(policy, acted, self._now)
            return _cooling(policy, acted, claim.start, cool_down) or _unchanged(policy, acted, claim.report) or spent

        why = self._claims(policy).claim(claim, why_not, forget_before)
        if why:
            return (Outcome.SPENT if why == spent else Outcome.HELD), why
        waits = [f"until {iso(claim.after)}, when the quiet hours are over"] if claim.after else []
        waits += [f"for approval, at most {policy.approval_within}"] if policy.approval else []
        occasioned = found.told or f"the schedule names {iso(claim.start)}"
        return (Outcome.WAITING, " and ".join(waits)) if waits else (Outcome.ACTED, occasioned)

    def _weighed(self, policy: Policy, latest: Evaluated) -> Weighed:
        """Tell whether a window counts for a policy."""
        rows = latest.report.rows
        if rows < policy.min_rows:
            return Weighed(holds=None, told=f"{plural(rows, 'row')}, fewer than the {policy.min_rows:,} needed")
        if policy.when is None:
            return Weighed(holds=True, told="")
        return weigh(parse_condition(policy.when), Facts(latest.report, lambda: self._silent(latest)))

    def _too_few(self, occasion: _Occasion) -> str:
        policy, window = occasion.policy, occasion.latest.window
        if policy.windows == 1:
            return ""
        others = (self._final(self._moved(window, -number)) for number in range(_looked_at(policy)))
        count = sum(other is not None and bool(self._weighed(policy, other).holds) for other in others)
        of = f"{count} of the last {_looked_at(policy)} windows {'counts' if count == 1 else 'count'}"
        return "" if count >= policy.windows else f"{of}, {policy.windows} must"

    def _too_late(self, occasion: _Occasion, at: int) -> str:
        if at - occasion.since <= parse_duration(occasion.policy.within):
            return ""
        time, within = iso(occasion.since), occasion.policy.within
        if at != self._now:
            return f"the quiet hours are over at {iso(at)}, more than {within} after its time, {time}"
        return f"its time, {time}, is longer ago than {within}"

    def _silent(self, latest: Evaluated) -> float | None:
        """Return for how many minutes before the window's end there were no rows; None if no window has any."""
        for number in range(MOST_SILENT):
            before = latest if not number else self._final(self._moved(latest.window, -number))
            last = parse_time(before.report.last_row) if before is not None and before.report.last_row else None
            if last is not None:
                return (latest.window.end - last) / _MINUTE - 1
        return None

    def _last_final(self, moment: int) -> Evaluated | None:
        """Find the last final window that was over at a *moment*."""
        next_to_it = window_of(moment - self._width, self._width)
        latest = self._final(next_to_it)
        if latest is not None:
            return latest
        prefix = all_reports_prefix(self._monitor.name)
        names = {info.key.removeprefix(prefix).partition("/")[0] for info in self._output.list(prefix)}
        windows = [each for name in names if (each := window_at_key(name, self._width)) and each.end <= moment]
        finals = (self._final(window) for window in sorted(windows, reverse=True))
        return next((each for each in finals if each is not None), None)

    def _final(self, window: Window) -> Evaluated | None:
        if window not in self._reports:
            self._reports[window] = latest_report(self._monitor.name, self._output, window)
        latest = self._reports[window]
        return latest if latest is not None and latest.report.final else None

    def _moved(self, window: Window, number: int) -> Window:
        return Window(window.start + number * self._width, window.end + number * self._width)

    def _claims(self, policy: Policy) -> Claims:
        return Claims(self._output, self._monitor.name, policy.name)


def _stands(before: Decision, report: str) -> bool:
    return before.outcome in _DONE or (before.outcome is Outcome.SPENT and before.report == report)


def _looked_at(policy: Policy) -> int:
    return policy.of or policy.windows


def _later(after: int, now: int) -> int:
    return after if after > now else 0


def _cooling(policy: Policy, acted: Acted, start: int, cool_down: int) -> str:
    near = [claim for claim in acted.claims if abs(start - claim.start) < cool_down]
    if not near:
        return ""
    return f"it cools down: it acted because of {moment(iso(near[0].start))}, less than {policy.cool_down} apart"


def _unchanged(policy: Policy, acted: Acted, report: str) -> str:
    last = max(acted.claims, key=lambda claim: claim.time, default=None)
    same = policy.only_if_changed and last is not None and last.report == report
    return "there is no new report since it last acted" if same else ""


def _spent(policy: Policy, acted: Acted, now: int) -> str:
    if policy.most_per_week is None:
        return ""
    count = sum(claim.time > now - _WEEK for claim in acted.claims)
    done = f"it acted {plural(count, 'time')} in seven days, and {policy.most_per_week} is the most per week"
    return done if count >= policy.most_per_week else ""
