"""What other tools would say: their definitions, their choice of a metric, their thresholds, on our profiles."""

from __future__ import annotations

from msgspec import Struct


class Judged(Struct, frozen=True):
    """One column as another tool would judge it.

    Attributes:
        metric: The tool's own name of what it measures.
        value: What the tool would print; None if it can't be computed, which `notes` explain.
        threshold: The tool's limit.
        below: The tool alarms under the threshold (of p-values, for instance), not over it.
        drifted: The tool's verdict; None if it would fail or not judge.
        notes: Plain sentences on where this differs from the tool, and on what decides the verdict.
    """

    metric: str
    value: float | None
    threshold: float | None
    below: bool
    drifted: bool | None
    notes: tuple[str, ...] = ()
