"""OpenTelemetry's points as CloudWatch's: a name, dimensions, a unit, and a value."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct
from opentelemetry.sdk.metrics.export import NumberDataPoint

from atalaia_aws.embedded import unit_of
from atalaia_otel.items import Item

MOST_DIMENSIONS = 30
_MOST_NAME, _MOST_VALUE = 255, 1024
_LARGEST, _SMALLEST = 2.0**360, 2.0**-360


class Datum(Struct, frozen=True):
    """One point, as CloudWatch takes it; *milliseconds* since 1970."""

    name: str
    dimensions: tuple[tuple[str, str], ...]
    unit: str
    milliseconds: int
    value: float


def datums_of(items: Sequence[Item]) -> tuple[list[Datum], Counter[str]]:
    """Return what CloudWatch can take, and how many points it cannot, by reason."""
    kept, dropped = [], Counter[str]()
    for item in items:
        if not isinstance(item.point, NumberDataPoint):  # calls are measured in their log lines, and not sent here
            dropped["distribution"] += 1
            continue
        value = _settled(float(item.point.value))
        if abs(value) > _LARGEST:
            dropped["out_of_range"] += 1
            continue
        attributes = item.point.attributes or {}
        pairs = [(_text(name, _MOST_NAME), _text(str(held), _MOST_VALUE)) for name, held in attributes.items()]
        given = tuple(pair for pair in pairs if all(pair))
        if len(given) > MOST_DIMENSIONS:
            dropped["too_many_dimensions"] += 1
            continue
        unit = unit_of(item.metric.unit or "")
        kept.append(Datum(item.metric.name, given, unit, item.point.time_unix_nano // 1_000_000, value))
    return kept, dropped


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
