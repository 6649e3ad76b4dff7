"""Metrics inside log lines: CloudWatch's embedded metric format."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_METRICS = 100
MAX_VALUES = 100
MAX_DIMENSIONS = 30


@dataclass(frozen=True, slots=True)
class Datum:
    """One value, or several, of one metric.

    Attributes:
        timestamp: Unix time, in seconds.
        values: One or more finite numbers.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    timestamp: float
    unit: str
    values: tuple[float, ...]


def datums(line: str) -> list[Datum]:
    """What CloudWatch would extract from a log event; nothing from a line that is no valid embedded metric."""
    if '"_aws"' not in line:
        return []
    try:
        root = json.loads(line)
        return list(_from_root(root))
    except (ValueError, KeyError, TypeError):
        return []


def _from_root(root: Mapping[str, Any]) -> Iterator[Datum]:
    metadata = root["_aws"]
    for directive in metadata["CloudWatchMetrics"]:
        if len(directive["Metrics"]) > MAX_METRICS:
            message = "too many metrics"
            raise ValueError(message)
        for names in directive.get("Dimensions") or [[]]:
            if len(names) > MAX_DIMENSIONS:
                message = "too many dimensions"
                raise ValueError(message)
            dimensions = {name: str(root[name]) for name in names}
            for metric in directive["Metrics"]:
                values = _numbers(root[metric["Name"]])
                stamp = metadata["Timestamp"] / 1000
                unit = metric.get("Unit", "None")
                yield Datum(directive["Namespace"], metric["Name"], dimensions, stamp, unit, values)


def _numbers(value: Any) -> tuple[float, ...]:
    numbers = value if isinstance(value, list) else [value]
    fine = [isinstance(number, int | float) and math.isfinite(number) for number in numbers]
    if not numbers or len(numbers) > MAX_VALUES or not all(fine):
        message = "not numbers"
        raise ValueError(message)
    return tuple(float(number) for number in numbers)
