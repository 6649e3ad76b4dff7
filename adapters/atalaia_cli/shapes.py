"""What `--json` prints."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import msgspec

from atalaia.decisions import Decision
from atalaia.monitoring.evaluating import Evaluated
from atalaia.window import iso
from atalaia_cli.acting import Done


def check_shape(monitor: str, evaluated: Sequence[Evaluated], done: Sequence[Done]) -> dict[str, Any]:
    """Return what `check` and `evaluate` print: the documented part of each report, what was decided, and was done."""
    keys = ("start", "end", "revision", "final", "rows", "rejected", "findings", "inputs", "decisions", "actions")
    told = (_window(item, [each for each in done if each.window == item.window]) for item in evaluated)
    return {"monitor": monitor, "windows": [{key: window[key] for key in keys} for window in told]}


def _window(item: Evaluated, done: Sequence[Done]) -> dict[str, Any]:
    more = {
        "revision": item.revision,
        "decisions": [decision_shape(each.decision) for each in done],
        "actions": [msgspec.to_builtins(each.action) for each in done if each.action is not None],
    }
    report: dict[str, Any] = msgspec.to_builtins(item.report)
    return report | more


def decision_shape(decision: Decision) -> dict[str, Any]:
    """Return what is printed of a decision."""
    keys = ("policy", "outcome", "why", "found")
    return {key: getattr(decision, key) for key in keys} | {"time": iso(decision.time)}


def compare_shape(result: dict[str, Any]) -> dict[str, Any]:
    """Return what `compare` prints of a comparison's result."""
    keys = ("column", "kind", "metrics", "p_values", "finding")
    sides = {side: {"rows": result[side]["rows"]} for side in ("reference", "current")}
    return sides | {"columns": [{key: column[key] for key in keys} for column in result["columns"]]}


def print_json(value: object) -> None:
    """Print strict JSON on stdout, as UTF-8 whatever the terminal is set to."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
