"""Distances between two distribution functions that are known at the edges of cells: how far apart, and how surely.

All come with bounds that the cells and their sums make certain. Where a column has few distinct values, the profile
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
_MOST_CRAMER = 1 / math.sqrt(3)
_TINY = 1e-300


class Distances(Struct, frozen=True):
    """All three distances: the value, and a low and a high bound on the exact one."""

    kolmogorov_smirnov: tuple[float, float, float]
    wasserstein: tuple[float, float, float]
    cramer_von_mises: tuple[float, float, float]


def distances(grid: NumericGrid, baseline: NumericSummary, current: NumericSummary) -> Distances:
    """Measure all three distances of one column; each side must hold finite values."""
    steps = _steps_of(baseline, current)
    if steps is None:
        low, high = _largest_by_cells(baseline, current)
        return Distances((low, low, high), _area_by_cells(grid, baseline, current), _mean_by_cells(baseline, current))
    largest, mean = steps.largest(), steps.mean(baseline.finite, current.finite)
    return Distances((largest, largest, largest), steps.area(), (mean, mean, mean))


def kolmogorov_smirnov(baseline: NumericSummary, current: NumericSummary) -> tuple[float, float]:
    """Largest distance between the two distribution functions: what is certain from the cells, and what is possible.

    The functions are known exactly on both sides of every edge, so the true statistic is never below the first number.
    Inside an open cell they can differ by no more than one's end from the other's beginning: never above the second.

    Returns:
        Low and high bound, 0 to 1; equal where no open cell holds values of both sides, or all values are known.
    """
    steps = _steps_of(baseline, current)
    if steps is None:
        return _largest_by_cells(baseline, current)
    return steps.largest(), steps.largest()


def _largest_by_cells(baseline: NumericSummary, current: NumericSummary) -> tuple[float, float]:
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

    def largest(self) -> float:
        """Return the largest distance of the two."""
        return float(np.abs(self.baseline - self.current).max())

    def mean(self, n: int, m: int) -> float:
        """Return the root of their mean square distance over the *n* and *m* values of both sides together."""
        p, q = (np.concatenate(([0.0], side)) for side in (self.baseline, self.current))
        return _root(float(_square(p - q, _weights(p, q, n, m)).sum()))

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
    return _area_by_cells(grid, baseline, current) if steps is None else steps.area()


def _area_by_cells(grid: NumericGrid, baseline: NumericSummary, current: NumericSummary) -> tuple[float, float, float]:
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


def cramer_von_mises(baseline: NumericSummary, current: NumericSummary) -> tuple[float, float, float]:
    """Root mean square distance between the two distribution functions F and G, over the values of both sides.

    The root of the integral of (F - G)² dH, where H is the distribution of both sides' values together: n + m values
    that weigh the same. Equal values count as if those of both sides lay evenly mixed in an interval of their own, so
    that it makes no difference whether rounding tied them, and which way the axis points.

    It has no unit: 0 if equal, at most 1/sqrt(3) = 0.577, which it is if one side lies below the other altogether, and
    never above Kolmogorov-Smirnov's distance. Without ties n m / (n + m) times its square is the two-sample statistic T
    less 1 / (6 (n + m)).

    Returns:
        The distance as if the values of both sides lay evenly mixed within each open cell, or the exact one where all
        values are known or no open cell holds values of both sides; then a low and a high bound on the exact one,
        which hold in whatever order the values of an open cell come.

    Source: Anderson (1962), "On the distribution of the two-sample Cramér-von Mises criterion".
    """
    steps = _steps_of(baseline, current)
    if steps is None:
        return _mean_by_cells(baseline, current)
    exact = steps.mean(baseline.finite, current.finite)
    return exact, exact, exact


def _mean_by_cells(baseline: NumericSummary, current: NumericSummary) -> tuple[float, float, float]:
    p, q = (np.concatenate(([0.0], _distribution(side))) for side in (baseline, current))
    both = baseline.finite + current.finite
    mixed = _square(p - q, _weights(p, q, baseline.finite, current.finite))
    in_open = _in_open_cells(p, q, baseline.cells[::2] / both, current.cells[::2] / both)
    atoms, value = float(mixed[1::2].sum()), _root(float(mixed.sum()))
    low, high = (_root(atoms + square) for square in in_open)
    return value, min(low, value), max(high, value)


def _in_open_cells(p: Floats, q: Floats, of_p: Floats, of_q: Floats) -> tuple[float, float]:
    """Return between what the integral over the open cells lies, in whatever order their values come.

    The distance of the two functions runs from one end of a cell to the other between two lines with a bend each: it is
    largest when all of the baseline's values come first, least when all of the window's do.

    Args:
        p: The baseline's distribution function at the ends of all cells; shape (cells + 1,).
        q: The window's.
        of_p: The share of the baseline's values in each open cell, of both sides' values; shape (open cells,).
        of_q: The window's.
    """
    first, last = (p - q)[:-1:2], (p - q)[1::2]
    largest, least = p[1::2] - q[:-1:2], p[:-1:2] - q[1::2]
    starts, ends = np.array((first, largest, first, least)), np.array((largest, last, least, last))
    weights = np.array((of_p, of_q, of_q, of_p))
    above, below = _above(starts, ends, weights), _above(-starts, -ends, weights)
    return float(above[2:].sum() + below[:2].sum()), float(above[:2].sum() + below[2:].sum())


def _weights(p: Floats, q: Floats, n: int, m: int) -> Floats:
    """Share of both sides' values that lie between each place and the next."""
    return (np.diff(p) * n + np.diff(q) * m) / (n + m)


def _square(distances: Floats, weights: Floats) -> Floats:
    """Integrate the square of what is straight between its *distances*; shape (distances - 1,), as the *weights*."""
    first, last = distances[:-1], distances[1:]
    return np.multiply(weights, (first * first + first * last + last * last) / 3)


def _above(first: Floats, last: Floats, weights: Floats) -> Floats:
    """Integrate the square of straight lines where they are above 0."""
    a, b = np.maximum(first, 0.0), np.maximum(last, 0.0)
    share = (a + b) / np.maximum(np.abs(first) + np.abs(last), _TINY)  # of the weight: how much of the line is above
    square: Floats = weights * share * (a * a + a * b + b * b) / 3
    return square


def _root(square: float) -> float:
    return min(math.sqrt(square), _MOST_CRAMER)
