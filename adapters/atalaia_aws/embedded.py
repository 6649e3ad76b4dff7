"""Embedded metric format: CloudWatch reads metrics out of a log line. It loads nothing, for the sake of cold starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atalaia.operations import Operation

_UNITS = {"s": "Seconds", "ms": "Milliseconds", "us": "Microseconds", "By": "Bytes", "%": "Percent", "1": "None"}


def unit_of(unit: str) -> str:
    """Return CloudWatch's word for a *unit* of UCUM."""
    return _UNITS.get(unit, "Count" if unit.startswith("{") else "None")


def directive(namespace: str, milliseconds: int, dimensions: Sequence[str], units: Mapping[str, str]) -> dict[str, Any]:
    """Return what makes metrics of a line's members.

    Args:
        namespace: CloudWatch's name for a set of metrics.
        milliseconds: Their time, since 1970.
        dimensions: The members that are dimensions.
        units: The members that are metrics, and their units in CloudWatch's words.
    """
    metrics = [{"Name": name, "Unit": unit} for name, unit in units.items()]
    about = {"Namespace": namespace, "Dimensions": [list(dimensions)], "Metrics": metrics}
    return {"_aws": {"Timestamp": milliseconds, "CloudWatchMetrics": [about]}}


def embedded(namespace: str, milliseconds: int, measures: Sequence[tuple[Operation, float]]) -> dict[str, Any]:
    """Return the members that a call's log line needs to be metrics as well; none if nothing was measured."""
    if not measures:
        return {}
    units = {operation.name: unit_of(operation.unit) for operation, _ in measures}
    values = {operation.name: value for operation, value in measures}
    return directive(namespace, milliseconds, (), units) | values
