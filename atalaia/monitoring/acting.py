"""Acting: what policies decided is started, exactly once.

Two things are written before anything is started: the claim (`atalaia.monitoring.claims`), and the action itself, if
there is none. The job's id follows from monitor, policy and window. So killed anywhere, the next round starts the same
job with the same id, which whoever runs it takes once. An action is announced before it is written, so that operators
are told of it by and by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
from msgspec.structs import replace

from atalaia.errors import JobError, PreconditionError, StoredFormError
from atalaia.monitor_file import Monitor
from atalaia.monitoring.claims import Claims
from atalaia.monitoring.layout import action_key, actions_prefix
from atalaia.policies import Policy
from atalaia.ports import Job, JobStarter, ObjectInfo, ObjectStore
from atalaia.window import Window, iso, parse_duration, parse_time

StarterOf = Callable[[Policy, ObjectStore], JobStarter]
"""Returns what starts the jobs of a policy of the monitor whose output the store is."""

_ENDED = ("Succeeded", "Completed", "Failed", "Stopped")


class Action(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a policy started because of a window.

    Attributes:
        id: The job's, which follows from monitor, policy and window.
        policy: The policy's name.
        window: The window's start, as in storage keys.
        time: When it was decided, µs since 1970.
        job: The job's name where it runs; empty until it is known to be started.
        outcome: The last that was heard of the job.
        outcome_time: When that came about, µs since 1970.
    """

    id: str
    policy: str
    window: str
    time: int
    job: str = ""
    outcome: str = ""
    outcome_time: int = 0

    def noted(self) -> dict[str, str]:
        """Return what a log line says of it: not what was heard just now, which may be late, but what is known."""
        return {"action": self.id, "outcome": self.outcome, "since": iso(self.outcome_time)}


class Actor:
    """Acts on the policies of one monitor at the time *now*, in µs since 1970."""

    def __init__(self, monitor: Monitor, output: ObjectStore, now: int, announce: Callable[[str], None]) -> None:
        """Prepare for acting; *announce* hears the key of an action before it exists."""
        self._announce = announce
        self._monitor = monitor
        self._output = output
        self._now = now
        self._width = parse_duration(monitor.window)

    def act(self, starter_of: StarterOf) -> Iterator[dict[str, str]]:
        """Start what was decided and is not done; yield an event for each that could not be started."""
        for policy in self._monitor.policies:
            for start in self._claims(policy).held().waiting:
                yield from self._start(policy, Window(start, start + self._width), starter_of)

    def _start(self, policy: Policy, window: Window, starter_of: StarterOf) -> Iterator[dict[str, str]]:
        job = Job(self._monitor.name, policy.name, window.key, self._parameters(policy, window))
        key = action_key(self._monitor.name, policy.name, window)
        action = Action(job.id, policy.name, window.key, self._now)
        self._announce(key)
        try:
            tag = self._output.put(key, _encoded(action), if_absent=True)
        except PreconditionError:
            action, tag = _decoded(*self._output.get(key))
        if not action.job:
            try:
                name = starter_of(policy, self._output).start(job)
            except JobError as error:
                yield _event("action_failed", job.monitor, action, {"time": iso(self._now), "why": str(error)})
                return
            try:
                self._output.put(key, _encoded(replace(action, job=name)), if_match=tag)
            except PreconditionError:  # another evaluator started the same job, and was faster
                return
        self._claims(policy).settle(window.start)

    def _claims(self, policy: Policy) -> Claims:
        return Claims(self._output, self._monitor.name, policy.name)

    def _parameters(self, policy: Policy, window: Window) -> dict[str, str]:
        known = {"monitor": self._monitor.name, "model": self._monitor.model.name, "policy": policy.name}
        filled = dict(policy.parameters)
        for name, value in (known | {"window": window.key}).items():
            filled = {key: text.replace(f"{{{name}}}", value) for key, text in filled.items()}
        return filled


def note_outcome(monitor: str, output: ObjectStore, job: str, outcome: str, time: int) -> Action | None:
    """Note what became of a job, as it was at *time*, in µs since 1970, and return its action.

    What comes late or twice changes nothing: a job that has ended stays as it ended.

    Returns:
        None if the monitor started no such job.

    Raises:
        JobError: That is not known yet, as it is about to start one.
    """
    starting = False
    for info in output.list(actions_prefix(monitor)):
        action, tag = _decoded(*output.get(info.key))
        starting |= not action.job
        if action.job != job:
            continue
        if action.outcome in _ENDED or (time < action.outcome_time and outcome not in _ENDED):
            return action
        told = replace(action, outcome=outcome, outcome_time=time)
        output.put(info.key, _encoded(told), if_match=tag)
        return told
    if starting:
        msg = f"{monitor}: it is not known yet which job was started last. Tell of {job} again."
        raise JobError(msg)
    return None


def action_from_json(data: bytes, where: str) -> Action:
    """Read the stored form of the object *where*.

    Raises:
        StoredFormError: The bytes are no action.
    """
    try:
        return msgspec.json.decode(data, type=Action)
    except msgspec.DecodeError as error:
        msg = f"{where}: not an action. Give a file such as actions/retrain/20260301T000000Z.json."
        raise StoredFormError(msg) from error


def action_event(monitor: str, action: Action) -> dict[str, str] | None:
    """Return what operators are told of an action; None while it has started nothing."""
    return _event("action", monitor, action, {"time": iso(action.time), "job": action.job}) if action.job else None


def _event(name: str, monitor: str, action: Action, more: dict[str, str]) -> dict[str, str]:
    start = parse_time(action.window)
    about = {
        "monitor": monitor,
        "policy": action.policy,
        "window_start": action.window if start is None else iso(start),
    }
    return {"event": f"ml.monitor.{name}", "id": action.id, **about, **more}


def _encoded(action: Action) -> bytes:
    return msgspec.json.encode(action, order="deterministic") + b"\n"


def _decoded(data: bytes, info: ObjectInfo) -> tuple[Action, str]:
    return msgspec.json.decode(data, type=Action), info.etag
