"""What a function's call did, as metrics: numbers of its log line, under names of their own."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct


class Kind(StrEnum):
    """How the numbers of several calls belong together."""

    SUM = "sum"  # what all calls did
    LEVEL = "level"  # how it stands; the last one holds
    SPREAD = "spread"  # one of many


class Operation(Struct, frozen=True):
    """A metric of calls: its name, the key of its number in a call's log line, and its unit as UCUM writes it."""

    name: str
    key: str
    unit: str
    kind: Kind = Kind.SUM


OPERATIONS = {
    "ingest": (
        Operation("ml.monitor.ingest.objects", "objects", "{object}"),
        Operation("ml.monitor.ingest.rows", "rows", "{row}"),
        Operation("ml.monitor.ingest.rejected", "rejected", "{row}"),
        Operation("ml.monitor.ingest.failed", "failed", "{object}"),
        Operation("ml.monitor.ingest.duration", "seconds", "s", Kind.SPREAD),
    ),
    "evaluate": (
        Operation("ml.monitor.evaluate.windows", "windows", "{window}"),
        Operation("ml.monitor.evaluate.reports", "reports", "{report}"),
        Operation("ml.monitor.evaluate.findings", "findings", "{finding}"),
        Operation("ml.monitor.evaluate.untold", "untold", "{report}", Kind.LEVEL),
        Operation("ml.monitor.evaluate.duration", "seconds", "s", Kind.SPREAD),
    ),
}
OPERATIONS["collect"] = OPERATIONS["ingest"]
"""By function, its metrics; functions that are called rarely have none. What is collected is ingested, too."""


def measured(function: str, told: Mapping[str, Any]) -> list[tuple[Operation, float]]:
    """Return the metrics of one call: of a call that ended midway, those that its log line *told* still has."""
    return [(each, told[each.key]) for each in OPERATIONS.get(function, ()) if each.key in told]
