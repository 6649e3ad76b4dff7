"""Application Insights' envelopes: an event or a value of a metric, as its ingestion takes them.

Written from what the service documents and what its own exporter sends. Neither OpenTelemetry nor an SDK is loaded.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct, field

MOST_DIMENSIONS = 10
"""Of a metric: with more, Azure Monitor keeps none of them."""

_MOST_KEY, _MOST_VALUE, _MOST_NAME = 150, 8192, 512
_OWN = ("event", "time")

Envelope = dict[str, Any]


class Sender(Struct, frozen=True):
    """Who tells.

    Attributes:
        key: The instrumentation key.
        tags: Names this process, such as `ai.cloud.role`.
    """

    key: str
    tags: Mapping[str, str] = field(default_factory=dict)

    def envelope(self, kind: str, time: str, data: Mapping[str, Any]) -> Envelope:
        """Wrap the *data* of one of ingestion's kinds, such as `Metric`."""
        about = {"name": f"Microsoft.ApplicationInsights.{kind}", "time": time, "iKey": self.key, "sampleRate": 100.0}
        return {**about, "tags": dict(self.tags), "data": {"baseType": f"{kind}Data", "baseData": {"ver": 2, **data}}}


class Spread(Struct, frozen=True):
    """What is known of several values: how many, their sum, the smallest and the largest."""

    count: int
    total: float
    least: float
    most: float


def metric(
    sender: Sender, name: str, value: float | Spread, dimensions: Iterable[tuple[str, str]], microseconds: int
) -> Envelope:
    """Return the envelope of a metric's value as of a time since 1970."""
    spread = value if isinstance(value, Spread) else Spread(1, value, value, value)
    point = {"name": _cut(name, _MOST_NAME), "value": spread.total, "count": spread.count}
    told = {"metrics": [{**point, "min": spread.least, "max": spread.most}], "properties": _properties(dimensions)}
    return sender.envelope("Metric", _iso(microseconds), told)


def event(sender: Sender, told: Mapping[str, Any]) -> Envelope:
    """Return the envelope of an event: its fields as text, and its numbers as numbers, too."""
    fields = [(name, value) for name, value in told.items() if name not in _OWN and value is not None]
    numbers = {_cut(name, _MOST_KEY): float(value) for name, value in fields if _is_number(value)}
    texts = _properties((name, _text(value)) for name, value in fields)
    data = {"name": _cut(str(told.get("event", "")), _MOST_NAME), "properties": texts, "measurements": numbers}
    return sender.envelope("Event", str(told["time"]), data)


def lacks(name: str, value: float | Spread, dimensions: Sequence[tuple[str, str]]) -> str | None:
    """Return why Application Insights could not hold a metric's value; None if it can."""
    numbers = (value.total, value.least, value.most) if isinstance(value, Spread) else (value,)
    if not all(map(math.isfinite, numbers)):
        return "not_finite"
    if len(dimensions) > MOST_DIMENSIONS:
        return "too_many_dimensions"
    return None if name else "no_name"


def digest(envelope: Envelope) -> str:
    """Return what tells an envelope from others, whichever process tells it."""
    told = msgspec.json.encode([envelope["time"], envelope["data"]])
    return hashlib.sha256(told).hexdigest()[:16]


def _properties(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {_cut(name, _MOST_KEY): _cut(value, _MOST_VALUE) for name, value in pairs}


def _cut(text: str, most: int) -> str:
    """Keep what is not too long; of the rest the beginning, and a hash of the whole, so that two do not become one."""
    if len(text) <= most:
        return text
    return f"{text[: most - 13]}~{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}"


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _iso(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
