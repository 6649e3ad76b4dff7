"""Outcomes: what became of the jobs that policies started, as a cloud tells it, or as their services say when asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from msgspec.structs import replace

from atalaia.errors import AtalaiaError, JobError, ObjectNotFoundError, PreconditionError
from atalaia.monitor_file import Monitor
from atalaia.monitoring.acting import StarterOf, as_error
from atalaia.monitoring.actions import ENDED_WELL, Action, State, stored_action, to_json
from atalaia.monitoring.claims import Claims
from atalaia.monitoring.layout import action_key, actions_prefix
from atalaia.policies import ASKED, Policy, target_of
from atalaia.ports import JobFollower, ObjectStore
from atalaia.window import Window, parse_duration

LONGEST_RUN = parse_duration("60d")
"""So long, in µs, a job may run until its end is heard of; twice what SageMaker lets a training run."""

_ENDED = (*ENDED_WELL, "CompletedWithFailures", "Failed", "Stopped")


def note_outcome(monitor: Monitor, output: ObjectStore, job: str, outcome: str, time: int) -> Action | None:
    """Note what became of a job, as it was at *time*, in µs since 1970, and return its action.

    What comes late or twice changes nothing: a job that has ended stays as it ended, unless it ends well later on, as a
    pipeline execution does that failed and was retried. What a policy began that is no more in the monitor file is not
    waited for. Clouds tell of everybody's jobs: actions that were written longer than `LONGEST_RUN` ago are not read
    for each.

    Returns:
        None if the monitor started no such job.

    Raises:
        JobError: That is not known yet, as it is about to start one.
    """
    starting, policies = False, {policy.name for policy in monitor.policies}
    recent = [info for info in output.list(actions_prefix(monitor.name)) if info.time > time - LONGEST_RUN]
    for info in sorted(recent, key=lambda info: -info.time):
        action, tag = stored_action(output.get(info.key))
        begun = action.tries > 0 and action.state in (State.PENDING, State.CALLING)
        starting |= begun and action.policy in policies
        if action.job != job:
            continue
        return _noted(output, info.key, action, tag, outcome, time)
    if starting:
        msg = f"{monitor.name}: it is not known yet which job was started last. Tell of {job} again."
        raise JobError(msg)
    return None


def _noted(output: ObjectStore, key: str, action: Action, tag: str, outcome: str, time: int) -> Action:
    """Write an outcome, if it is news, and return the action with what is known."""
    if not _is_news(action, outcome, time):
        return action
    told = replace(action, outcome=outcome, outcome_time=time)
    output.put(key, to_json(told), if_match=tag)
    return told


def _is_news(action: Action, outcome: str, time: int) -> bool:
    if action.outcome in _ENDED:
        return action.outcome not in ENDED_WELL and outcome in ENDED_WELL and time > action.outcome_time
    return time >= action.outcome_time or outcome in _ENDED


class Follower:
    """Asks after the jobs of one monitor, of which no event tells how they end.

    Args:
        monitor: Its file.
        output: Its output.
        now: µs since 1970.

    Attributes:
        unknown: By the action's id, or the policy's name, why it is not known what has become of a job.
    """

    def __init__(self, monitor: Monitor, output: ObjectStore, now: int) -> None:
        self._monitor = monitor
        self._output = output
        self._now = now
        self.unknown: dict[str, str] = {}

    def ended(self, starter_of: StarterOf, enough_time: Callable[[], bool] = lambda: True) -> Iterator[Action]:
        """Ask after all that run, and yield the action of each job that has ended.

        Once the next one is asked for, nobody asks after it again: what follows from it must be done by then.
        """
        for policy in self._monitor.policies:
            if target_of(policy) in ASKED:
                try:
                    yield from self._ended(policy, starter_of, enough_time)
                except AtalaiaError as error:
                    self.unknown[policy.name] = str(error)

    def _ended(self, policy: Policy, starter_of: StarterOf, enough_time: Callable[[], bool]) -> Iterator[Action]:
        claims = Claims(self._output, self._monitor.name, policy.name)
        for start in claims.held().running:
            if not enough_time():
                return
            yield from self._asked(policy, start, claims, starter_of)

    def _asked(self, policy: Policy, start: int, claims: Claims, starter_of: StarterOf) -> Iterator[Action]:
        key = action_key(self._monitor.name, policy.name, Window(start, start).key)
        try:
            action, tag = stored_action(self._output.get(key))
        except ObjectNotFoundError:
            claims.ended(start)
            return
        if action.outcome not in _ENDED:
            action = self._heard(policy, key, action, tag, starter_of)
        if action.outcome in _ENDED:
            yield action
        if action.outcome in _ENDED or action.time <= self._now - LONGEST_RUN:
            claims.ended(start)

    def _heard(self, policy: Policy, key: str, action: Action, tag: str, starter_of: StarterOf) -> Action:
        try:
            starter = starter_of(policy, self._output)
            course = starter.course(action.job, action.id) if isinstance(starter, JobFollower) else None
        except Exception as caught:  # noqa: BLE001 - whatever a service answers, it holds up no other
            self.unknown[action.id] = str(as_error(caught))
            return action
        if course is not None and course.outcome != action.outcome:
            time = self._now if course.time is None else course.time
            with suppress(PreconditionError):  # then another evaluator has just heard of it
                return _noted(self._output, key, action, tag, course.outcome, time)
        return action
