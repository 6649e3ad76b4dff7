"""The columns of the benchmarks' logs, and the rows of any part of them, drawn anew from a fixed seed.

A log has 50 columns: an id, a timestamp, 35 floats of twelve shapes (the last is the model's score), 5 integers and 8
categoricals of 3 to 5,000 levels. A part of the floats has missing values, NaN or infinities. In the `drift` variant
ten floats, two integers and three categoricals have moved, and it lies a day later. The `wide` layout has 1,000 floats
instead, and no id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats = npt.NDArray[np.float64]
Random = np.random.Generator

SEED = 20260718
FLOATS = tuple(f"f{place:02}" for place in range(35))
INTEGERS = tuple(f"i{place:02}" for place in range(5))
CATEGORICALS = tuple(f"c{place:02}" for place in range(8))
FEATURES = (*FLOATS, *INTEGERS, *CATEGORICALS)
WIDE = tuple(f"w{place:04}" for place in range(1000))
SCORE = FLOATS[-1]

LEVELS = (3, 5, 12, 30, 100, 500, 2000, 5000)
MOVED = frozenset(
    {"f00", "f03", "f07", "f10", "f13", "f17", "f20", "f23", "f29", "f34"} | {"i00", "i03", "c00", "c04", "c06"}
)
"""What the `drift` variant moves."""

_FIRST = np.datetime64("2026-01-05T00:00:00", "us")
_DAY = 86_400_000_000  # µs
_STEP = 20_000  # µs from one row to the next, on average
_ID_FACTOR = 2_654_435_761  # Knuth's multiplicative hash: ids that look random


class Variant(StrEnum):
    """Which side of the comparison rows belong to."""

    BASE = "base"
    DRIFT = "drift"


class Layout(StrEnum):
    """Which columns rows have."""

    LOG = "log"
    WIDE = "wide"


@dataclass(frozen=True, slots=True)
class Part:
    """Some neighbouring rows of a log: which variant, which part, and how many rows come before it and are in it."""

    variant: Variant
    number: int
    first: int
    rows: int


def _spiky(random: Random, rows: int) -> Floats:
    return np.where(random.random(rows) < 0.7, 0.0, random.gamma(2, 10, rows))


def _two_peaks(random: Random, rows: int) -> Floats:
    return np.where(random.random(rows) < 0.3, random.normal(-4, 1, rows), random.normal(3, 0.5, rows))


_SHAPES: tuple[Callable[[Random, int], Floats], ...] = (
    lambda random, rows: random.normal(10, 3, rows),
    lambda random, rows: random.lognormal(0.5, 1.0, rows),
    lambda random, rows: random.exponential(5.0, rows),
    lambda random, rows: random.uniform(-1, 1, rows),
    lambda random, rows: random.standard_t(2, rows),  # heavy tails
    _two_peaks,
    _spiky,
    lambda random, rows: np.round(random.normal(50, 10, rows), 2),  # like money
    lambda random, rows: random.integers(0, 20, rows).astype(np.float64),  # heavy ties
    lambda random, rows: np.round(random.normal(0, 1, rows), 6),
    lambda random, rows: random.beta(2, 8, rows),  # like a score
    lambda random, rows: np.round(random.weibull(1.5, rows) * 100, 3),
)
_CONSTANT = 11
"""The float at this place takes a single value."""


def table(layout: Layout, part: Part) -> pa.Table:
    """Draw the rows of *part*: the same ones whenever they are asked for."""
    if layout is Layout.WIDE:
        return pa.table({name: _float(part, place, name) for place, name in enumerate(WIDE)})
    columns: dict[str, Any] = _identity(part)
    columns |= {name: _float(part, place, name) for place, name in enumerate(FLOATS)}
    columns |= {name: _integer(part, place, name) for place, name in enumerate(INTEGERS)}
    columns |= {name: _categorical(part, place, name) for place, name in enumerate(CATEGORICALS)}
    return pa.table(columns)


def _random(part: Part, name: str) -> Random:
    return np.random.default_rng([SEED, part.variant is Variant.DRIFT, part.number, *name.encode()])


def _identity(part: Part) -> dict[str, Any]:
    places = np.arange(part.first, part.first + part.rows)
    ids = [f"{part.variant[0]}{p:08x}-4b5e-4c1d-9f00-{p * _ID_FACTOR % 2**48:012x}" for p in places.tolist()]
    shift = places * _STEP + _random(part, "ts").integers(0, _STEP, part.rows) + _DAY * (part.variant is Variant.DRIFT)
    return {"id": pa.array(ids), "ts": pa.array(_FIRST + shift.astype("timedelta64[us]"), pa.timestamp("us"))}


def _float(part: Part, place: int, name: str) -> pa.Array:
    random = _random(part, name)
    values = _SHAPES[place % len(_SHAPES)](random, part.rows)
    if place == _CONSTANT:
        values = np.full(part.rows, 3.25)
    if part.variant is Variant.DRIFT and (name in MOVED or (name in WIDE and place % 4 == 0)):
        values = np.round(values + 0.7, 4) if place % 2 else values * 1.15
    missing = random.random(part.rows) < 0.02 * (1 + place % 5) if place % 3 == 0 else None
    if place % 7 == 1:
        values[random.random(part.rows) < 0.01] = np.nan
    if place % 11 == 2:
        values[random.random(part.rows) < 0.001] = np.inf
        values[random.random(part.rows) < 0.0005] = -np.inf
    return pa.array(values, mask=missing)


_DRAWN_INTEGERS: tuple[Callable[[Random, int], npt.NDArray[np.int64]], ...] = (
    lambda random, rows: random.integers(0, 2, rows),
    lambda random, rows: random.poisson(4, rows),
    lambda random, rows: random.integers(18, 95, rows),
    lambda random, rows: random.geometric(0.01, rows),
    lambda random, rows: random.integers(0, 10**9, rows),
)


def _integer(part: Part, place: int, name: str) -> pa.Array:
    random = _random(part, name)
    values = _DRAWN_INTEGERS[place](random, part.rows)
    if part.variant is Variant.DRIFT and name in MOVED:
        values = values + (random.random(part.rows) < 0.2)
    missing = random.random(part.rows) < 0.03 if name == "i02" else None
    return pa.array(values.astype(np.int64), mask=missing)


def _categorical(part: Part, place: int, name: str) -> pa.Array:
    random, levels = _random(part, name), LEVELS[place]
    weights = 1 / np.arange(1, levels + 1) ** (0.8 if place % 2 else 1.1)
    if part.variant is Variant.DRIFT and name in MOVED:
        weights *= 1 + 0.5 * (np.arange(levels) % 2)
    chosen = np.searchsorted(np.cumsum(weights) / weights.sum(), random.random(part.rows)).clip(0, levels - 1)
    missing = random.random(part.rows) < 0.04 if place % 4 == 1 else None
    texts = pa.array([f"category_{place}_{level:04}" for level in range(levels)])
    return texts.take(pa.array(chosen.astype(np.int32), mask=missing))
