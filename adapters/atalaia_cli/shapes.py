"""What `--json` prints."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from atalaia.monitoring.evaluating import Evaluated


def check_shape(monitor: str, evaluated: list[Evaluated]) -> dict[str, Any]:
    """Return what `check` and `evaluate` print: the documented part of each report."""
    keys = ("start", "end", "revision", "final", "rows", "rejected", "findings", "inputs", "actions")
    told = (msgspec.to_builtins(item.report) | {"revision": item.revision} for item in evaluated)
    return {"monitor": monitor, "windows": [{key: window[key] for key in keys} for window in told]}


def compare_shape(result: dict[str, Any]) -> dict[str, Any]:
    """Return what `compare` prints of a comparison's result."""
    keys = ("column", "kind", "metrics", "p_values", "finding")
    sides = {side: {"rows": result[side]["rows"]} for side in ("reference", "current")}
    return sides | {"columns": [{key: column[key] for key in keys} for column in result["columns"]]}


def print_json(value: object) -> None:
    """Print strict JSON on stdout, as UTF-8 whatever the terminal is set to."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
