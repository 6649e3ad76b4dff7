"""Distances between two distribution functions that are known at the edges of cells: how far apart, and how surely.

Both come with bounds that the cells and their sums make certain. Where a column has few distinct values, the profile
knows all of them with their counts, and the distances are exact.
"""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct

from atalaia.profile import NumericGrid, NumericSummary
from atalaia.profile.hashing import floats_of_hashes
from atalaia.profile.numeric import in_steps
from atalaia.profile.values import Floats

_LONE = 4  # so many values in a cell are half a smooth curve
_FLOAT_ROUNDING = 2.0**-50  # a few roundings of a float, relative to the largest value


def kolmogorov_smirnov(baseline: NumericSummary, current: NumericSummary) -> tuple[float, float]:
    """Largest distance between the two distribution functions: what is certain from the cells, and what is possible.

    The functions are known exactly on both sides of every edge, so the true statistic is never below the first number.
    Inside an open cell they can differ by no more than one's end from the other's beginning: never above the second.

    Returns:
        Low and high bound, 0 to 1; equal where no open cell holds values of both sides, or all values are known.
    """
    steps = _steps_of(baseline, current)
    if steps is not None:
        exact = float(np.abs(steps.baseline - steps.current).max())
        return exact, exact
    p, q = _distribution(baseline), _distribution(current)
    at_edges = float(np.abs(p - q).max())
    before_p, before_q = (np.concatenate(([0.0], side[1::2])) for side in (p, q))
    p, q = p[::2], q[::2]  # at the ends of the open cells
    most = np.maximum(np.abs(p - before_q), np.abs(q - before_p))
    alone = (p == before_p) | (q == before_q)  # one side is flat: the ends decide
    return at_edges, max(at_edges, float(most[~alone].max(initial=0.0)))


class _Steps(Struct, frozen=True):
    """Two distribution functions at all values of either side; shape (values,) each."""

    values: Floats
    baseline: Floats
    current: Floats

    def area(self) -> tuple[float, float, float]:
        """Return the area between the two, and bounds that allow for the rounding of its sum."""
        apart = np.abs(self.baseline - self.current)[:-1]
        with np.errstate(over="ignore"):
            area = float((2 * apart * np.diff(self.values / 2))[apart > 0].sum())
        rounding = max(abs(float(self.values[0])), abs(float(self.values[-1]))) * _FLOAT_ROUNDING
        return area, max(area - rounding, 0.0), area + rounding


def _steps_of(baseline: NumericSummary, current: NumericSummary) -> _Steps | None:
    """Return both functions exactly, if the profiles know every distinct value of both sides."""
    before, now = _known_values(baseline), _known_values(current)
    if before is None or now is None:
        return None
    values = np.union1d(before[0], now[0])
    p, q = (reached[np.searchsorted(held, values, "right")] / reached[-1] for held, reached in (before, now))
    return _Steps(values, p, q)


def _known_values(summary: NumericSummary) -> tuple[Floats, Floats] | None:
    """Return the distinct values in rising order, and how many values lie below each and below the end."""
    distinct = summary.distinct
    if len(distinct.hashes) == distinct.size:
        return None
    values = floats_of_hashes(distinct.hashes)
    order = np.argsort(values)
    return values[order], np.concatenate(([0], np.cumsum(distinct.counts[order]))).astype(np.float64)


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
    steps = _steps_of(baseline, current)
    if steps is not None:
        return steps.area()
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
