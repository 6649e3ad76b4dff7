"""Approving: an action that must be approved waits until an object says so, whoever wrote it, or until it is too late.

The object is `approvals/<policy>/<window>.json`. The first one holds; `decide` never replaces one.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from atalaia.errors import ApprovalError, ObjectNotFoundError, PreconditionError, StoredFormError
from atalaia.monitor_file import Monitor
from atalaia.monitoring.actions import Action, State, stored_action
from atalaia.monitoring.layout import action_key, approval_key
from atalaia.ports import ObjectStore
from atalaia.window import iso


class Decision(StrEnum):
    """What somebody says of an action that waits."""

    APPROVE = "approve"
    DECLINE = "decline"


DECIDED = {Decision.APPROVE: "approved", Decision.DECLINE: "declined"}
"""Each decision, once it is made."""


class Approval(Struct, frozen=True, omit_defaults=True):
    """What somebody said of an action: what, who it was, and when, ISO 8601 UTC."""

    decision: Decision
    by: str = ""
    time: str = ""


def decided(output: ObjectStore, monitor: str, action: Action, now: int) -> Action:
    """Return an action that waits for approval as it is to go on at the time *now*, in µs since 1970.

    Raises:
        StoredFormError: What was written by hand is no approval, which may still be corrected.
    """
    key = approval_key(monitor, action.policy, action.window)
    try:
        approval = _read(output.get(key)[0], f"{output.uri}/{key}")
    except ObjectNotFoundError:
        return replace(action, state=State.EXPIRED) if now > action.until else action
    except StoredFormError:
        if now > action.until:
            return replace(action, state=State.EXPIRED)
        raise
    if approval.decision is Decision.DECLINE:
        return replace(action, state=State.DECLINED, by=approval.by)
    return replace(action, state=State.PENDING, until=0, by=approval.by)


def waiting_action(output: ObjectStore, monitor: Monitor, policy: str, window: str, now: int) -> Action:
    """Return the action that waits for approval at the time *now*, in µs since 1970.

    Raises:
        ApprovalError: There is none, it waits no more, or the monitor file has no such policy any more.
    """
    what = f"{monitor.name}, policy {policy}, window {window}"
    try:
        action, _ = stored_action(output.get(action_key(monitor.name, policy, window)))
    except ObjectNotFoundError as error:
        msg = f"{what}: there is no such action. `atalaia actions` lists those that there are."
        raise ApprovalError(msg) from error
    if action.state is not State.PENDING_APPROVAL:
        msg = f"{what}: it does not wait for approval, it is {action.state.value}. Nothing was changed."
        raise ApprovalError(msg)
    if now > action.until:
        msg = f"{what}: it waited until {iso(action.until)}, nothing is started any more. Nothing was changed."
        raise ApprovalError(msg)
    if all(each.name != policy for each in monitor.policies):
        msg = f"{what}: the monitor file has no such policy any more, so nothing would start it. Nothing was changed."
        raise ApprovalError(msg)
    return action


def decide(output: ObjectStore, monitor: str, action: Action, approval: Approval) -> None:
    """Write what somebody says of an action that waits.

    Raises:
        ApprovalError: Somebody was faster.
    """
    key = approval_key(monitor, action.policy, action.window)
    try:
        output.put(key, msgspec.json.encode(approval) + b"\n", if_absent=True)
    except PreconditionError as error:
        before = _read(output.get(key)[0], f"{output.uri}/{key}")
        by = f" by {before.by}" if before.by else ""
        when = f" at {before.time}" if before.time else ""
        what = f"{monitor}, policy {action.policy}, window {action.window}"
        msg = f"{what}: {DECIDED[before.decision]}{by}{when} already. Nothing was changed."
        raise ApprovalError(msg) from error


def _read(data: bytes, where: str) -> Approval:
    try:
        return msgspec.json.decode(data, type=Approval)
    except msgspec.DecodeError as error:
        msg = f'{where}: not an approval. Write {{"decision": "approve", "by": "your name"}}, or "decline".'
        raise StoredFormError(msg) from error
