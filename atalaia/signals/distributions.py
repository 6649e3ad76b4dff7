"""Distances between the distribution functions of two summaries of a column: how far apart, and how surely.

All come with bounds that the cells and their sums make certain. Where a column has few distinct values, the profile
knows all of them with their counts, and the distances are exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct

from atalaia.profile import NumericGrid, NumericSummary
from atalaia.profile.hashing import floats_of_hashes
from atalaia.profile.numeric import in_steps
from atalaia.profile.values import Floats, Ints
from atalaia.signals.cells import cramer_von_mises_of_cells, distances_of_atoms, kolmogorov_smirnov_of_cells
from atalaia.signals.tables import Table, in_stacks

_LONE = 4  # so many values in a cell are half a smooth curve
_FLOAT_ROUNDING = 2.0**-50  # a few roundings of a float, relative to the largest value


class Known(Struct, frozen=True):
    """All values of either side in rising order, and how often each side holds them; shape (values,) each."""

    values: Floats
    baseline: Ints
    current: Ints

    def cells(self) -> Table:
        """Return both sides' counts as of cells: the values as atoms, and nothing in between."""
        sides = np.zeros((2, 2 * len(self.values) + 1), np.int64)
        sides[0, 1::2], sides[1, 1::2] = self.baseline, self.current
        return sides[0], sides[1]

    def area(self) -> tuple[float, float, float]:
        """Return the area between the two functions, and bounds that allow for the rounding of its sum."""
        p, q = (np.cumsum(side) / side.sum() for side in (self.baseline, self.current))
        apart = np.abs(p - q)[:-1]
        with np.errstate(over="ignore"):
            area = float((2 * apart * np.diff(self.values / 2))[apart > 0].sum())
        rounding = max(abs(float(self.values[0])), abs(float(self.values[-1]))) * _FLOAT_ROUNDING
        return area, max(area - rounding, 0.0), area + rounding


def known_of(baseline: NumericSummary, current: NumericSummary) -> Known | None:
    """Return all values of both sides, if the profiles know every distinct one."""
    sides = (baseline.distinct, current.distinct)
    if any(len(side.hashes) == side.size for side in sides):
        return None
    held = [floats_of_hashes(side.hashes) for side in sides]
    values = np.union1d(*held)
    counts = np.zeros((2, len(values)), np.int64)
    for row, places, side in zip(counts, held, sides, strict=True):
        row[np.searchsorted(values, places)] = side.counts
    return Known(values, counts[0], counts[1])


Bounded = tuple[float, float, float]
"""A value, then a low and a high bound on the exact one."""


class Distances(Struct, frozen=True):
    """All distances between the two distribution functions of a column."""

    kolmogorov_smirnov: Bounded
    cramer_von_mises: Bounded
    wasserstein: Bounded


def measure_distances(columns: Sequence[tuple[NumericGrid, NumericSummary, NumericSummary]]) -> list[Distances]:
    """Measure all distances of all *columns*, of which each side holds finite values."""
    known = [known_of(before, now) for _, before, now in columns]
    pairs = list(zip(columns, known, strict=True))
    areas = [area_by_cells(*column) if values is None else values.area() for column, values in pairs]
    cells = [(before.cells, now.cells) for (_, before, now), values in pairs if values is None]
    atoms = [(values.baseline, values.current) for values in known if values is not None]
    on_cells, on_atoms = iter(in_stacks(cells, _measure_stack)), iter(in_stacks(atoms, _measure_atoms))
    apart = [next(on_cells if values is None else on_atoms) for values in known]
    return [Distances(*found, area) for found, area in zip(apart, areas, strict=True)]


def _cells_of(baseline: NumericSummary, current: NumericSummary, known: Known | None) -> Table:
    return (baseline.cells, current.cells) if known is None else known.cells()


def _measure_stack(baseline: Ints, current: Ints) -> Iterator[tuple[Bounded, Bounded]]:
    low, high = kolmogorov_smirnov_of_cells(baseline, current)
    largest = zip(low.tolist(), low.tolist(), high.tolist(), strict=True)
    means = zip(*(numbers.tolist() for numbers in cramer_von_mises_of_cells(baseline, current)), strict=True)
    return zip(largest, means, strict=True)


def _measure_atoms(baseline: Ints, current: Ints) -> Iterator[tuple[Bounded, Bounded]]:
    for largest, mean in zip(*(numbers.tolist() for numbers in distances_of_atoms(baseline, current)), strict=True):
        yield (largest, largest, largest), (mean, mean, mean)


def kolmogorov_smirnov(baseline: NumericSummary, current: NumericSummary) -> tuple[float, float]:
    """Measure `kolmogorov_smirnov_of_cells`: low and high bound, equal where all values are known."""
    low, high = kolmogorov_smirnov_of_cells(*_cells_of(baseline, current, known_of(baseline, current)))
    return float(low), float(high)


def cramer_von_mises(baseline: NumericSummary, current: NumericSummary) -> tuple[float, float, float]:
    """Measure `cramer_von_mises_of_cells`: the value, low and high bound, all equal where all values are known."""
    found = cramer_von_mises_of_cells(*_cells_of(baseline, current, known_of(baseline, current)))
    return float(found[0]), float(found[1]), float(found[2])


def _distribution(summary: NumericSummary) -> Floats:
    """Share of values up to the end of each cell; shape (cells,), the last is 1."""
    return summary.reached / max(summary.finite, 1)


def wasserstein(grid: NumericGrid, baseline: NumericSummary, current: NumericSummary) -> tuple[float, float, float]:
    """Area between the two distribution functions, with bounds that the cells and their sums make certain.

    In a cell the area under each function follows exactly from the count and the sum of its values. Where the functions
    do not cross inside the cell, the difference of the areas is the cell's part. Where they may cross, it is the least,
    and the most, that of values which all lie at one place, follows from how far apart the two can be. Between the two,
    a cell's part is taken the nearer to the most the fewer values it holds: few of them are no smooth curve.

    Returns:
        The sum of the cells' parts, which is exact where the functions cross in no cell, or the exact value where all
        values are known; then a low and a high bound on the exact value, which allow for the rounding of sums too. In
        the column's own unit; infinite if the values lie beyond the range of a float.

    Source: Vallender (1974), the first Wasserstein distance on the line as the area between distribution functions.
    """
    known = known_of(baseline, current)
    return area_by_cells(grid, baseline, current) if known is None else known.area()


def area_by_cells(grid: NumericGrid, baseline: NumericSummary, current: NumericSummary) -> tuple[float, float, float]:
    """Return what `wasserstein` does, but where no value is known except by its cell."""
    p, q = _distribution(baseline), _distribution(current)
    width = grid.widths
    # At the beginning of the k-th interval the atom of edge k is behind: that is cell 2k+1; the interval is cell 2k+2.
    area = width * (p[1:-2:2] - q[1:-2:2] + _area(grid, baseline) - _area(grid, current))
    low, high = np.abs(area), np.abs(area)
    down = np.maximum(q[2:-1:2] - p[1:-2:2], 0.0)  # how far the current function can be above the baseline's
    up = np.maximum(p[2:-1:2] - q[1:-2:2], 0.0)
    may_cross = (down > 0) & (up > 0)
    share = np.divide(area / np.where(width > 0, width, 1) + down, down + up, out=np.zeros_like(up), where=may_cross)
    high[may_cross] = (width * (share * up + (1 - share) * down))[may_cross]
    tails_low, tails_high = _tails(grid, baseline, current)
    held = baseline.cells[2:-1:2] + current.cells[2:-1:2]
    least = float(low.sum()) + tails_low
    value = least + float((np.maximum(high - low, 0.0) * _LONE / (_LONE + held)).sum())
    most = max(value, float(np.maximum(low, high).sum()) + tails_high)
    largest = max(map(abs, (baseline.minimum, baseline.maximum, current.minimum, current.maximum)))
    rounding = math.ldexp(2.0, grid.ruler.exponent) + largest * _FLOAT_ROUNDING  # at most one step for each value
    return value, max(least - rounding, 0.0), most + rounding


def _area(grid: NumericGrid, summary: NumericSummary) -> Floats:
    """Mean over each interval of the share of all values that lie inside it and to the left; shape (edges - 1,)."""
    return (summary.cells[2:-1:2] - summary.places(grid)) / max(summary.finite, 1)


def _tails(grid: NumericGrid, baseline: NumericSummary, current: NumericSummary) -> tuple[float, float]:
    """The areas beyond the first and the last edge. A baseline has nothing there when the edges are its own."""
    low = high = 0.0
    ruler = grid.ruler
    for edge, sign, cell in ((grid.edges[0], -1, 0), (grid.edges[-1], 1, 2 * len(grid.edges))):
        areas = []
        for summary in (baseline, current):
            n = max(summary.finite, 1)
            beyond = in_steps(summary.wide.get(cell, 0), n, ruler)
            areas.append(max(sign * (beyond - int(summary.cells[cell]) / n * (float(edge) - ruler.centre)), 0.0))
        low += abs(areas[0] - areas[1])
        high += areas[0] + areas[1]
    return float(low), float(high)
