"""OpenTelemetry's points as CloudWatch's: a name, dimensions, a unit, and a value or a distribution."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from opentelemetry.sdk.metrics.export import (
    HistogramDataPoint,
    NumberDataPoint,
)

from atalaia_otel.items import Item

MOST_DIMENSIONS = 30
_MOST_NAME, _MOST_VALUE = 255, 1024
_LARGEST, _SMALLEST = 2.0**360, 2.0**-360
_UNITS = {"s": "Seconds", "ms": "Milliseconds", "us": "Microseconds", "By": "Bytes", "%": "Percent", "1": "None"}


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution: how often each value came, and the exact count, sum, smallest and largest."""

    values: tuple[float, ...]
    counts: tuple[int, ...]
    count: int
    total: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Datum:
    """One point, as CloudWatch takes it; *milliseconds* since 1970."""

    name: str
    dimensions: tuple[tuple[str, str], ...]
    unit: str
    milliseconds: int
    value: float | Spread


def datums_of(items: Sequence[Item]) -> tuple[list[Datum], Counter[str]]:
    """Return what CloudWatch can take, and how many points it cannot, by reason."""
    kept, dropped = [], Counter[str]()
    for item in items:
        value = _value_of(item)
        numbers = (value,) if isinstance(value, float) else (value.total, value.least, value.most)
        if any(abs(number) > _LARGEST for number in numbers):
            dropped["out_of_range"] += 1
            continue
        attributes = item.point.attributes or {}
        pairs = [(_text(name, _MOST_NAME), _text(str(held), _MOST_VALUE)) for name, held in attributes.items()]
        given = tuple(pair for pair in pairs if all(pair))
        if len(given) > MOST_DIMENSIONS:
            dropped["too_many_dimensions"] += 1
            continue
        unit = item.metric.unit or ""
        word = _UNITS.get(unit, "Count" if unit.startswith("{") else "None")
        kept.append(Datum(item.metric.name, given, word, item.point.time_unix_nano // 1_000_000, value))
    return kept, dropped


def _value_of(item: Item) -> float | Spread:
    point = item.point
    if isinstance(point, NumberDataPoint):
        return _settled(float(point.value))
    values = _midpoints(point) if isinstance(point, HistogramDataPoint) else []
    spread = [(_settled(value), count) for value, count in values]
    exact = (_settled(float(point.sum)), _settled(float(point.min)), _settled(float(point.max)))
    return Spread(tuple(value for value, _ in spread), tuple(count for _, count in spread), point.count, *exact)


def _midpoints(point: HistogramDataPoint) -> list[tuple[float, int]]:
    """Return a value for each bucket that holds any: its middle, within what was measured."""
    edges = [point.min, *point.explicit_bounds, point.max]
    found = []
    for place, count in enumerate(point.bucket_counts):
        if count:
            low, high = max(edges[place], point.min), min(edges[place + 1], point.max)
            found.append(((low + high) / 2, count))
    return found


def _settled(value: float) -> float:
    """Take for 0 what is too small for CloudWatch to tell from it."""
    return 0.0 if abs(value) < _SMALLEST else value


def _text(text: str, most: int) -> str:
    """Write *text* as CloudWatch takes it: printable ASCII, not blank at the ends, not too long, no colon first.

    What is cut short ends in a hash of the whole, so that two series do not become one.
    """
    plain = text.encode("unicode_escape").decode("ascii").strip().lstrip(":") if not _is_plain(text) else text
    if len(plain) <= most:
        return plain
    return f"{plain[: most - 13]}~{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}"


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and text == text.strip() and not text.startswith(":")
