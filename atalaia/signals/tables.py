"""Many columns at once: those of like size lie below each other in one array. Here, the metrics on their shares.

Each column is filled up with empty bins to a width that only its own bins decide, a power of two. So what is measured
of it does not depend on the others, not even by the order in which numbers are added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np
from msgspec import Struct

from atalaia.profile.values import Ints
from atalaia.signals import shares
from atalaia.signals.tails import chi_square_tail

SHARE_METRICS = (
    "psi", "kullback_leibler", "jensen_shannon", "jensen_shannon_divergence", "hellinger", "total_variation",
    "l_infinity", "l_infinity_robust", "cohen_w", "chi_square", "g_test",
)  # fmt: skip
"""What is measured of the shares of bins or categories: of every column."""

Table = tuple[Ints, Ints]
"""Counts per bin (or cell) of the baseline and of the window; shape (bins,) each. Each side holds something."""

T = TypeVar("T")

_LEAST_WIDTH = 16
_AT_ONCE = 1 << 15  # bins: few enough to stay near the processor, enough to be few calls


class OnTable(Struct, frozen=True):
    """What is measured of one table.

    Attributes:
        metrics: Values by name, of all `SHARE_METRICS`.
        p_values: Probability of at least this much under no drift, by the tests' names; None with a single bin.
    """

    metrics: Mapping[str, float]
    p_values: Mapping[str, float | None]


def measure_tables(tables: Sequence[Table]) -> list[OnTable]:
    """Measure all metrics on shares of all *tables*, in their order."""
    return in_stacks(tables, _measure_stack)


def in_stacks(tables: Sequence[Table], measure: Callable[[Ints, Ints], Iterable[T]]) -> list[T]:
    """Return what *measure* finds of each of the *tables*, given those of like width in arrays (columns, width)."""
    widths = [max(_LEAST_WIDTH, 1 << (len(before) - 1).bit_length()) for before, _ in tables]
    found: dict[int, T] = {}
    for width in sorted(set(widths)):
        alike = [place for place, other in enumerate(widths) if other == width]
        step = max(_AT_ONCE // width, 1)
        for some in (alike[start : start + step] for start in range(0, len(alike), step)):
            sides = (_stacked([tables[place][side] for place in some], width) for side in (0, 1))
            found |= zip(some, measure(*sides), strict=True)
    return [found[place] for place in range(len(tables))]


def _stacked(counts: Sequence[Ints], width: int) -> Ints:
    """Lay *counts* below each other, filled up with zeros; shape (columns, width)."""
    stack = np.zeros((len(counts), width), np.int64)
    for row, of_column in zip(stack, counts, strict=True):
        row[: len(of_column)] = of_column
    return stack


def _measure_stack(baseline: Ints, current: Ints) -> Iterator[OnTable]:
    """Measure all metrics on shares; the counts have shape (columns, bins)."""
    p, q = (side / side.sum(axis=-1, keepdims=True) for side in (baseline, current))
    tests = {"chi_square": shares.chi_square(baseline, current), "g_test": shares.g_test(baseline, current)}
    values = {name: metric(p, q) for name, metric in _ON_SHARES.items()}
    values["l_infinity_robust"] = shares.l_infinity_robust(baseline, current)
    values["cohen_w"] = shares.cohen_w(baseline, current)
    values |= {name: statistic for name, (statistic, _) in tests.items()}
    freedoms = tests["chi_square"][1].tolist()
    for freedom, *row in zip(freedoms, *(values[name].tolist() for name in SHARE_METRICS), strict=True):
        metrics = dict(zip(SHARE_METRICS, row, strict=True))
        yield OnTable(metrics, {name: _tail(freedom, metrics[name]) for name in tests})


_ON_SHARES = {
    "psi": shares.psi,
    "kullback_leibler": shares.kullback_leibler,
    "jensen_shannon": shares.jensen_shannon,
    "jensen_shannon_divergence": shares.jensen_shannon_divergence,
    "hellinger": shares.hellinger,
    "total_variation": shares.total_variation,
    "l_infinity": shares.l_infinity,
}


def _tail(freedom: int, statistic: float) -> float | None:
    return chi_square_tail(freedom, statistic) if freedom > 0 else None
