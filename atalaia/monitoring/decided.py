"""What policies decided and did because of a window, as it is stored."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from atalaia.decisions import Decision, Outcome, decisions_from_json
from atalaia.errors import ObjectNotFoundError
from atalaia.monitor_file import Monitor
from atalaia.monitoring.actions import SETTLED, Action, State, stored_action
from atalaia.monitoring.layout import action_key, decisions_key
from atalaia.ports import ObjectStore
from atalaia.window import Window


def decisions_of(monitor: str, output: ObjectStore, window: Window) -> tuple[Decision, ...]:
    """Return what was decided because of a window; nothing if that was never written."""
    return stored_decisions(monitor, output, window)[0]


def page_decisions(monitor: Monitor, output: ObjectStore, windows: Sequence[Window]) -> dict[int, tuple[Decision, ...]]:
    """Return how what was decided because of several windows stands now, by their places; nothing without policies."""
    if not monitor.policies:
        return {}
    return {
        place: tuple(
            as_it_went(each, action_of(monitor.name, output, window, each)) if each.outcome is Outcome.WAITING else each
            for each in decisions_of(monitor.name, output, window)
        )
        for place, window in enumerate(windows)
    }


def as_it_went(decision: Decision, action: Action | None) -> Decision:
    """Return what became of a decision by now: what waited was done, declined, or never approved.

    What is stored stays as it was decided, since the same is never decided twice.
    """
    if decision.outcome is not Outcome.WAITING or action is None or action.state not in SETTLED:
        return decision
    by = f" by {action.by}" if action.by else ""
    if action.state is State.DONE:
        approved = f"; approved{by}" if by else ""
        return replace(decision, outcome=Outcome.ACTED, why=f"it waited {decision.why}{approved}")
    why = f"declined{by}" if action.state is State.DECLINED else "nobody approved it in time"
    return replace(decision, outcome=Outcome.HELD, why=why)


def stored_decisions(monitor: str, output: ObjectStore, window: Window) -> tuple[tuple[Decision, ...], str | None]:
    """Return the same with the ETag of what is stored, None if nothing is."""
    key = decisions_key(monitor, window)
    try:
        data, info = output.get(key)
    except ObjectNotFoundError:
        return (), None
    return decisions_from_json(data, f"{output.uri}/{key}"), info.etag


def action_of(monitor: str, output: ObjectStore, window: Window, decision: Decision) -> Action | None:
    """Return the stored action of a decision; None if nothing was started because of it yet."""
    if decision.outcome not in (Outcome.ACTED, Outcome.WAITING):
        return None
    start = window.start if decision.occasion is None else decision.occasion
    try:
        return stored_action(output.get(action_key(monitor, decision.policy, Window(start, start).key)))[0]
    except ObjectNotFoundError:
        return None
