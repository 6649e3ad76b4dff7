"""Acting: a policy starts a job because of a window, exactly once.

Two things are written before anything is started: into the policy's list, under the condition that nobody else wrote
there, that this window acts, so that two evaluators at once respect each other's cool-down; and the action itself, if
there is none. The job's id follows from monitor, policy and window. So killed anywhere, the next round starts the same
job with the same id, which whoever runs it takes once. An action is announced before it is written, so that operators
are told of it by and by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
from msgspec.structs import replace

from atalaia.errors import JobError, ObjectNotFoundError, PreconditionError, StoredFormError
from atalaia.monitor_file import Monitor, Policy
from atalaia.monitoring.evaluating import latest_report
from atalaia.monitoring.layout import action_key, actions_prefix, policy_key
from atalaia.ports import Job, JobStarter, ObjectInfo, ObjectStore
from atalaia.telemetry import drifted_share
from atalaia.window import Window, iso, parse_duration, parse_time

StarterOf = Callable[[Policy], JobStarter]
"""Returns what starts the jobs of a policy."""

_TRIES = 10
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


class _Acted(msgspec.Struct, frozen=True):
    """The starts of the windows because of which a policy acted, µs since 1970; which of these is not done yet."""

    windows: tuple[int, ...] = ()
    waiting: tuple[int, ...] = ()


class Actor:
    """Acts on the policies of one monitor at the time *now*, in µs since 1970."""

    def __init__(self, monitor: Monitor, output: ObjectStore, now: int, announce: Callable[[str], None]) -> None:
        """Prepare for acting; *announce* hears the key of an action before it exists."""
        self._announce = announce
        self._monitor = monitor
        self._output = output
        self._now = now
        self._width = parse_duration(monitor.window)

    def decide(self, window: Window) -> None:
        """Decide which policies act because of *window* or later ones, now that its report is stored."""
        for policy in self._monitor.policies:
            if self._counts(policy, window):
                for number in range(policy.of or policy.windows):
                    later = Window(window.start + number * self._width, window.end + number * self._width)
                    if self._is_due(policy, later):
                        self._claim(policy, later.start)

    def act(self, starter_of: StarterOf) -> Iterator[dict[str, str]]:
        """Start what was decided and is not done; yield an event for each that could not be started."""
        for policy in self._monitor.policies:
            acted, _ = self._acted(policy)
            for start in acted.waiting:
                yield from self._start(policy, Window(start, start + self._width), starter_of)

    def _counts(self, policy: Policy, window: Window) -> bool:
        latest = latest_report(self._monitor.name, self._output, window)
        share = None if latest is None or not latest.report.final else drifted_share(latest.report)
        return share is not None and share > policy.drift_share

    def _is_due(self, policy: Policy, window: Window) -> bool:
        if self._now - window.end > parse_duration(policy.within) or not self._counts(policy, window):
            return False
        back = range(policy.of or policy.windows)
        looked_at = (Window(window.start - n * self._width, window.end - n * self._width) for n in back)
        return sum(self._counts(policy, each) for each in looked_at) >= policy.windows

    def _claim(self, policy: Policy, start: int) -> None:
        """Write that the policy acts because of a window, unless it did, or is cooling down."""
        cool_down = parse_duration(policy.cool_down)
        for _ in range(_TRIES):
            acted, tag = self._acted(policy)
            if any(start == other or abs(start - other) < cool_down for other in acted.windows):
                return
            try:
                self._write(policy, _Acted((*acted.windows, start), (*acted.waiting, start)), tag)
            except PreconditionError:
                continue
            return
        raise self._outrun(policy)

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
                name = starter_of(policy).start(job)
            except JobError as error:
                yield _event("action_failed", job.monitor, action, {"time": iso(self._now), "why": str(error)})
                return
            try:
                self._output.put(key, _encoded(replace(action, job=name)), if_match=tag)
            except PreconditionError:  # another evaluator started the same job, and was faster
                return
        self._settle(policy, window.start)

    def _parameters(self, policy: Policy, window: Window) -> dict[str, str]:
        known = {"monitor": self._monitor.name, "model": self._monitor.model.name, "policy": policy.name}
        filled = dict(policy.parameters)
        for name, value in (known | {"window": window.key}).items():
            filled = {key: text.replace(f"{{{name}}}", value) for key, text in filled.items()}
        return filled

    def _settle(self, policy: Policy, start: int) -> None:
        for _ in range(_TRIES):
            acted, tag = self._acted(policy)
            if start not in acted.waiting:
                return
            try:
                self._write(policy, replace(acted, waiting=tuple(w for w in acted.waiting if w != start)), tag)
            except PreconditionError:
                continue
            return
        raise self._outrun(policy)

    def _acted(self, policy: Policy) -> tuple[_Acted, str | None]:
        try:
            data, info = self._output.get(policy_key(self._monitor.name, policy.name))
        except ObjectNotFoundError:
            return _Acted(), None
        return msgspec.json.decode(data, type=_Acted), info.etag

    def _write(self, policy: Policy, acted: _Acted, tag: str | None) -> None:
        key = policy_key(self._monitor.name, policy.name)
        self._output.put(key, msgspec.json.encode(acted) + b"\n", if_match=tag, if_absent=tag is None)

    def _outrun(self, policy: Policy) -> PreconditionError:
        msg = f"{self._monitor.name}, policy {policy.name}: {_TRIES} times another evaluator was faster. Try again."
        return PreconditionError(msg)


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
