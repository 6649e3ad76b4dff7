"""Actions: what a policy starts because of a window, as it is stored, and what operators are told of it.

An action goes through states, each written on the condition that nobody else wrote meanwhile:

    pending-approval ──approved──▶ pending ──▶ calling ──▶ done
      ├──declined──▶ declined         ▲           │
      └──too late──▶ expired          └──failed───┘

`calling` is a lease: who wrote it may call the target, and nobody else does until it has run out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct, field

from atalaia.errors import StoredFormError
from atalaia.monitoring.layout import actions_prefix
from atalaia.ports import ObjectInfo, ObjectStore
from atalaia.window import iso, parse_time


class State(StrEnum):
    """How far an action is; `DONE` is that the job was started, whatever became of it."""

    PENDING_APPROVAL = "pending-approval"
    PENDING = "pending"
    CALLING = "calling"
    DONE = "done"
    DECLINED = "declined"
    EXPIRED = "expired"


SETTLED = (State.DONE, State.DECLINED, State.EXPIRED)
"""States that an action does not leave."""

ENDED_WELL = ("Succeeded", "Completed")
"""The outcomes of jobs that a new baseline may follow."""


class Action(Struct, frozen=True, omit_defaults=True):
    """What a policy starts because of a window.

    Attributes:
        id: The job's, which follows from output, monitor, policy and window.
        policy: The policy's name.
        window: The window's start, as in storage keys.
        time: When it was decided, µs since 1970.
        state: How far it is.
        until: In µs since 1970: as long as it waits for approval, when that ends; while a target is called, when the
            lease runs out; after a call that failed, when the next one may be made.
        who: The call of a function that has, or last had, the lease.
        tries: How often the lease was taken.
        why: Why the last call failed.
        by: Who approved or declined it.
        job: The job's name where it runs; empty until it is known to be started.
        outcome: The last that was heard of the job.
        outcome_time: When that came about, µs since 1970.
        evidence: Why, as the job is told (`atalaia.monitoring.evidence`): as it was when the action was decided.
    """

    id: str
    policy: str
    window: str
    time: int
    state: State = State.PENDING
    until: int = 0
    who: str = ""
    tries: int = 0
    why: str = ""
    by: str = ""
    job: str = ""
    outcome: str = ""
    outcome_time: int = 0
    evidence: dict[str, Any] = field(default_factory=dict)

    def noted(self) -> dict[str, str]:
        """Return what a log line says of it: not what was heard just now, which may be late, but what is known."""
        return {"action": self.id, "outcome": self.outcome, "since": iso(self.outcome_time)}


Links = Callable[[str, Action], Mapping[str, str]]
"""Returns addresses at which an action of a monitor can be approved or declined, by their names in an event."""


def no_links(monitor: str, action: Action) -> Mapping[str, str]:  # noqa: ARG001 - as others have them
    """Return none: there is no such address."""
    return {}


def to_json(action: Action) -> bytes:
    """Return the stored form."""
    return msgspec.json.encode(action, order="deterministic") + b"\n"


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


def stored_action(found: tuple[bytes, ObjectInfo]) -> tuple[Action, str]:
    """Return the action that was found in a store, and its ETag."""
    data, info = found
    return action_from_json(data, info.key), info.etag


def all_actions(output: ObjectStore, monitor: str) -> Iterator[Action]:
    """Yield all actions of a monitor."""
    for info in output.list(actions_prefix(monitor)):
        yield stored_action(output.get(info.key))[0]


def action_event(monitor: str, action: Action) -> dict[str, str] | None:
    """Return what operators are told of an action; None while it is not settled."""
    time = {"time": iso(action.time)}
    if action.state is State.DONE:
        return event_of("action", monitor, action, time | {"job": action.job})
    if action.state is State.DECLINED:
        return event_of("action_declined", monitor, action, time | {"by": action.by})
    return event_of("action_expired", monitor, action, time) if action.state is State.EXPIRED else None


def event_of(name: str, monitor: str, action: Action, more: Mapping[str, str]) -> dict[str, str]:
    """Return an event about an action."""
    start = parse_time(action.window)
    about = {
        "monitor": monitor,
        "policy": action.policy,
        "window_start": action.window if start is None else iso(start),
    }
    return {"event": f"ml.monitor.{name}", "id": action.id, **about, **more}
