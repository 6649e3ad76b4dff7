"""Values with weights, as summaries of rows that are gone: cutting a grid from them, and counting them on one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from atalaia.profile.distinct import Distinct
from atalaia.profile.hashing import hash_floats
from atalaia.profile.layout import Layout
from atalaia.profile.numeric import DISTINCT_SIZE, NumericGrid, NumericSummary, edge_ranks
from atalaia.profile.sums import NEAR, Ruler
from atalaia.profile.values import Floats, Ints

_SMALLEST_NORMAL = float(np.finfo(np.float64).tiny)


class Weighted(Struct, frozen=True):
    """Values and how many rows each of them stands for.

    Attributes:
        values: Strictly rising, finite, no negative zero; shape (values,).
        weights: Above 0; shape (values,); their sum up to 2^53.
    """

    values: Floats
    weights: Ints

    @classmethod
    def of(cls, values: Floats, weights: Ints) -> Weighted:
        """Sort finite *values*, join equal ones, and leave out those without weight."""
        values, weights = values[weights > 0] + 0.0, weights[weights > 0]
        unique, places = np.unique(values, return_inverse=True)
        sums = np.zeros(len(unique), np.int64)
        np.add.at(sums, places, weights)
        return cls(unique, sums)

    @property
    def rows(self) -> int:
        """How many rows all values stand for."""
        return int(self.weights.sum())

    def quantiles(self, parts: int) -> Floats:
        """Return the values that cut the rows into *parts* of equal mass; shape (parts - 1,), or (0,) without values.

        The k-th is the smallest v with at least k / *parts* of the mass at or below it, in whole numbers, so ties are
        exact.

        Example:
            >>> Weighted(np.array([1.0, 2.0, 5.0]), np.array([6, 3, 1])).quantiles(4).tolist()
            [1.0, 1.0, 2.0]
        """
        if not len(self.values):
            return np.empty(0)
        masses = np.cumsum(self.weights)
        whole, rest = divmod(int(masses[-1]), parts)
        steps = np.arange(1, parts)
        ranks = steps * whole + (steps * rest + parts - 1) // parts
        return self.values[np.searchsorted(masses, ranks, "left")]


def grid_of_weighted(weighted: Weighted, low: float, high: float) -> NumericGrid:
    """Cut weighted values into `CELLS` cells of equal mass between *low* and *high*, as `grid_of` cuts rows."""
    if not len(weighted.values):
        return NumericGrid(np.empty(0))
    masses = np.cumsum(weighted.weights)
    edges = weighted.values[np.searchsorted(masses, edge_ranks(int(masses[-1])), "right")]
    return NumericGrid(np.unique(np.concatenate(([low], edges, [high])) + 0.0))


def count_weighted(grid: NumericGrid, weighted: Weighted) -> NumericSummary:
    """Count weighted values on *grid*, as if each stood there as often as its weight says."""
    summary, layout = NumericSummary.empty(grid), Layout.of(grid)
    if not len(weighted.values):
        return summary
    values, weights = weighted.values, weighted.weights
    places = cells_of(grid, values)
    np.add.at(summary.cells, places, weights)
    total = squares = 0
    wide: Counter[int] = Counter()
    for cell, weight, steps in zip(places.tolist(), weights.tolist(), _whole_steps(grid.ruler, values), strict=True):
        total += weight * steps
        squares += weight * steps * steps
        if layout.narrow[cell]:
            summary.inner[cell // 2 - 1] += weight * (steps - int(layout.low_steps[cell]))
        elif cell % 2 == 0:
            wide[cell] += weight * steps
    small = (np.abs(values) < _SMALLEST_NORMAL) & (values != 0)
    return replace(
        summary,
        rows=weighted.rows,
        denormal=int(weights[small].sum()),
        wide=dict(sorted(wide.items())),
        total=total,
        squares=squares,
        minimum=float(values[0]),
        maximum=float(values[-1]),
        distinct=Distinct.empty(DISTINCT_SIZE).take(hash_floats(values), weights, weighted.rows),
    )


def cells_of(grid: NumericGrid, values: Floats) -> Ints:
    """Return the place of each value's cell: even ones lie between edges, odd ones are edges."""
    if not len(grid.edges):
        return np.zeros(len(values), np.int64)
    places = np.searchsorted(grid.edges, values)
    on_edge = grid.edges[np.minimum(places, len(grid.edges) - 1)] == values
    return np.asarray(2 * places + on_edge, np.int64)


def _whole_steps(ruler: Ruler, values: Floats) -> Iterator[int]:
    unit, centre = Fraction(2) ** ruler.exponent, Fraction(ruler.centre)
    for steps, value in zip(ruler.steps(values).tolist(), values.tolist(), strict=True):
        yield int(steps) if abs(steps) <= NEAR else round((Fraction(value) - centre) / unit)
