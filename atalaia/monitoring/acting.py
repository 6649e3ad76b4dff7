"""Acting: what policies decided is started, exactly once.

Three things are written before a target is called: the claim (`atalaia.monitoring.claims`), the action, and that it is
being called: a lease, which one evaluator gets and which runs out by itself. The job's id follows from monitor, policy
and window. So whoever is killed anywhere, another one calls with the same id, but not before the lease has run out:
by then a call has ended, as none takes longer than half of it, and the target, which is asked first or knows our ids,
has the job if it was started. The other half is for clocks that differ.

That an action waits for approval, and that it is settled, is announced before it is written, so that operators are told
of it by and by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from atalaia.errors import AtalaiaError, JobError, ObjectNotFoundError, PreconditionError, StoredFormError, StoreError
from atalaia.monitor_file import Monitor
from atalaia.monitoring.actions import (
    SETTLED,
    Action,
    Links,
    State,
    event_of,
    no_links,
    stored_action,
    to_json,
)
from atalaia.monitoring.approving import Decision, decided
from atalaia.monitoring.claims import Claim, Claims
from atalaia.monitoring.evidence import evidence_of, filled
from atalaia.monitoring.layout import action_key, approval_key
from atalaia.policies import ASKED, TELLING, Policy, target_of
from atalaia.ports import LONGEST_START, Job, JobStarter, ObjectStore
from atalaia.quiet_hours import quiet_until
from atalaia.window import SECOND, Window, iso, parse_duration

StarterOf = Callable[[Policy, ObjectStore], JobStarter]
"""Returns what starts the jobs of a policy of the monitor whose output the store is."""

LEASE = 2 * LONGEST_START * SECOND
"""So long, in µs, nobody else calls a target: twice the longest call, so that clocks may differ by half of it."""

_FIRST_PATIENCE, _MOST_PATIENCE = 30 * SECOND, 3600 * SECOND


def patience(tries: int) -> int:
    """Return how long to wait after so many calls that failed, in µs: half a minute, twice that, … up to an hour."""
    return min(_FIRST_PATIENCE << min(tries - 1, 20), _MOST_PATIENCE)


class _Due(Struct, frozen=True):
    """What is to be started: because of which window, what names it (of a schedule, another), and where it stands."""

    policy: Policy
    named: Window
    because: Window
    key: str


class Actor:
    """Acts on the policies of one monitor.

    Args:
        monitor: Its file.
        output: Its output.
        clock: Tells the time, in µs since 1970.
        announce: Hears the key of what operators are to be told of, before it exists.
        who: Names this evaluator to others.
        links: Where actions can be approved.
    """

    def __init__(
        self,
        monitor: Monitor,
        output: ObjectStore,
        clock: Callable[[], int],
        announce: Callable[[str], None],
        who: str,
        links: Links = no_links,
    ) -> None:
        self._links = links
        self._announce = announce
        self._monitor = monitor
        self._output = output
        self._clock = clock
        self._who = who
        self._width = parse_duration(monitor.window)
        self._evidence: dict[Window, dict[str, Any]] = {}

    def act(self, starter_of: StarterOf, enough_time: Callable[[], bool] = lambda: True) -> Iterator[dict[str, str]]:
        """Go on with what was decided and is not settled; yield an event for each that could not be started.

        What fails for one, such as an object that can't be read, holds up no other.
        """
        for policy in sorted(self._monitor.policies, key=lambda policy: not policy.approval):  # to be told of by others
            try:
                claims = self._claims(policy).held().due(self._clock())
            except AtalaiaError as error:
                yield self._failed(Action("", policy.name, "", self._clock()), error)
                continue
            for due in (self._due(policy, claim) for claim in claims):
                if not enough_time():
                    return
                try:
                    yield from self._go_on(due, starter_of)
                except AtalaiaError as error:
                    yield self._failed(Action(self._job(due, {}).id, policy.name, due.named.key, self._clock()), error)

    def _due(self, policy: Policy, claim: Claim) -> _Due:
        named = Window(claim.start, claim.start + self._width)  # of a schedule: by the moment
        because = Window(claim.window, claim.window + self._width)
        return _Due(policy, named, because, action_key(self._monitor.name, policy.name, named.key))

    def _go_on(self, due: _Due, starter_of: StarterOf) -> Iterator[dict[str, str]]:
        found, tag = self._found_or_written(due)
        action = self._answered(due, found)
        if action.state in SETTLED:
            if action is found or self._is_written(due.key, action, tag):
                self._settle(due, action.state)
        elif action.state is State.PENDING_APPROVAL:
            if action is not found:
                self._is_written(due.key, action, tag)
        elif self._clock() >= action.until and self._may_call(due, action):
            yield from self._call(due, action, tag, starter_of)

    def _answered(self, due: _Due, action: Action) -> Action:
        """Return an action as somebody's word leaves it.

        Without one, what would be started waits for it where the policy was changed to ask since: so may be its target.
        """
        name, now = self._monitor.name, self._clock()
        if action.state is State.PENDING_APPROVAL:
            return decided(self._output, name, action, now)
        if action.state is not State.PENDING or not due.policy.approval:
            return action
        said = decided(self._output, name, replace(action, state=State.PENDING_APPROVAL, until=now), now)
        return self._asking(due, action) if said.state is State.PENDING_APPROVAL else replace(said, until=action.until)

    def _found_or_written(self, due: _Due) -> tuple[Action, str]:
        with suppress(ObjectNotFoundError):
            return stored_action(self._output.get(due.key))
        action = self._new(due)
        try:
            return action, self._output.put(due.key, to_json(action), if_absent=True)
        except PreconditionError:
            return stored_action(self._output.get(due.key))

    def _new(self, due: _Due) -> Action:
        if due.because not in self._evidence:  # for several policies the same, of up to a hundred reports
            self._evidence[due.because] = evidence_of(self._monitor, self._output, due.because)
        evidence = self._evidence[due.because]
        action = Action(self._job(due, {}).id, due.policy.name, due.named.key, self._clock(), evidence=evidence)
        return self._asking(due, action) if due.policy.approval else action

    def _asking(self, due: _Due, action: Action) -> Action:
        """Return an action as one that waits for approval, which operators are to hear soon."""
        self._announce(approval_key(self._monitor.name, due.policy.name, due.named.key))
        until = self._clock() + parse_duration(due.policy.approval_within)
        return replace(action, state=State.PENDING_APPROVAL, until=until)

    def _may_call(self, due: _Due, action: Action) -> bool:
        """Tell whether it is no quiet hour, as when it was approved in one; what was begun goes on in these, too."""
        now = self._clock()
        return action.tries > 0 or quiet_until(now, due.policy.quiet_hours) == now

    def _call(self, due: _Due, action: Action, tag: str, starter_of: StarterOf) -> Iterator[dict[str, str]]:
        """Take the lease, call the target, and write what became of it."""
        job = self._job(due, action.evidence | self._told(due))
        until = self._clock() + LEASE
        held = replace(action, state=State.CALLING, who=self._who, until=until, tries=action.tries + 1, why="")
        try:
            tag = self._output.put(due.key, to_json(held), if_match=tag)
        except PreconditionError:  # another evaluator was faster
            return
        if self._clock() > until - LONGEST_START * SECOND:  # writing took so long that a call might outlast the lease
            return
        try:
            name = starter_of(due.policy, self._output).start(job)
        except Exception as caught:  # noqa: BLE001 - whatever a service answers, it holds up no other
            error = as_error(caught)
            later = self._clock() + patience(held.tries)
            with suppress(StoreError):  # then the lease runs out by itself
                self._is_written(due.key, replace(held, state=State.PENDING, until=later, why=str(error)), tag)
            yield self._failed(held, error)
            return
        if self._is_written(due.key, replace(held, state=State.DONE, until=0, job=name), tag):
            self._settle(due, State.DONE)

    def _job(self, due: _Due, evidence: Mapping[str, Any]) -> Job:
        parameters = filled(due.policy, self._monitor, due.because, evidence)
        return Job(self._monitor.name, due.policy.name, due.named.key, parameters, evidence, self._monitor.output)

    def _told(self, due: _Due) -> dict[str, dict[str, str]]:
        """Return, for who tells people, where to decide on what waits for approval because of the same window."""
        if target_of(due.policy) not in TELLING:
            return {}
        links: dict[str, str] = {}
        for policy in self._monitor.policies:
            if policy.approval and policy is not due.policy:
                links |= self._links_of(policy, due.named.key)
        return {"links": links} if links else {}

    def _links_of(self, policy: Policy, window: str) -> dict[str, str]:
        try:
            action, _ = stored_action(self._output.get(action_key(self._monitor.name, policy.name, window)))
        except (ObjectNotFoundError, StoredFormError):
            return {}
        links = self._links(self._monitor.name, action) if action.state is State.PENDING_APPROVAL else {}
        return {f"{each.title()} {policy.name}": links[each.value] for each in Decision if each.value in links}

    def _is_written(self, key: str, action: Action, tag: str) -> bool:
        """Write the action, of which operators are to hear soon; tell whether nobody else did meanwhile."""
        if action.state in SETTLED:
            self._announce(key)
        try:
            self._output.put(key, to_json(action), if_match=tag)
        except PreconditionError:
            return False
        return True

    def _failed(self, action: Action, error: Exception) -> dict[str, str]:
        told = {"time": iso(self._clock()), "why": str(error)}
        return event_of("action_failed", self._monitor.name, action, told)

    def _settle(self, due: _Due, state: State) -> None:
        runs = state is State.DONE and target_of(due.policy) in ASKED
        self._claims(due.policy).settle(due.named.start, runs=runs)

    def _claims(self, policy: Policy) -> Claims:
        return Claims(self._output, self._monitor.name, policy.name)


def as_error(caught: Exception) -> AtalaiaError:
    """Return what a call of a target raised, as it may be told; the text of what nobody foresaw may hold secrets."""
    if isinstance(caught, AtalaiaError):
        return caught
    return JobError(f"What came of the call was not understood ({type(caught).__name__}).")
