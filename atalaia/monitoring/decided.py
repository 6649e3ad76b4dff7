"""What policies decided and did because of a window, as it is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from atalaia.decisions import Decision, Outcome, decisions_from_json
from atalaia.errors import ObjectNotFoundError
from atalaia.monitor_file import Monitor
from atalaia.monitoring.layout import action_key, decisions_key
from atalaia.ports import ObjectStore
from atalaia.window import Window


def decisions_of(monitor: str, output: ObjectStore, window: Window) -> tuple[Decision, ...]:
    """Return what was decided because of a window; nothing if that was never written."""
    return stored_decisions(monitor, output, window)[0]


def page_decisions(monitor: Monitor, output: ObjectStore, windows: Sequence[Window]) -> dict[int, tuple[Decision, ...]]:
    """Return what was decided because of several windows, by their places; nothing without policies."""
    if not monitor.policies:
        return {}
    return {place: decisions_of(monitor.name, output, window) for place, window in enumerate(windows)}


def stored_decisions(monitor: str, output: ObjectStore, window: Window) -> tuple[tuple[Decision, ...], str | None]:
    """Return the same with the ETag of what is stored, None if nothing is."""
    key = decisions_key(monitor, window)
    try:
        data, info = output.get(key)
    except ObjectNotFoundError:
        return (), None
    return decisions_from_json(data, f"{output.uri}/{key}"), info.etag


def action_of(monitor: str, output: ObjectStore, window: Window, decision: Decision) -> dict[str, Any] | None:
    """Return the stored action of a decision as plain data; None if nothing was started because of it yet."""
    if decision.outcome not in (Outcome.ACTED, Outcome.WAITING):
        return None
    start = window.start if decision.occasion is None else decision.occasion
    try:
        data, _ = output.get(action_key(monitor, decision.policy, Window(start, start).key))
    except ObjectNotFoundError:
        return None
    action: dict[str, Any] = msgspec.json.decode(data)
    return action
