"""A numeric column's profile: exact counts on the baseline's own quantiles, and sums that are integers.

The grid's edges cut the number line into cells: below the first edge, each edge itself, each open interval between two
edges, above the last. Counts per cell give the distribution function on both sides of every edge exactly, so a constant
or a heavily tied column loses nothing.

Sums are kept as integers: each value is rounded once, by itself, to a multiple of a unit that the grid fixes. What is
added up afterwards is exact, so a window's profile is the same, bit for bit, however its rows were split over files
and in whatever order the parts are merged.

- `total` and `squares` count from the grid's centre in units of about 2^-36 of the middle four fifths of the baseline's
  edges, so that an outlier does not coarsen them: mean and standard deviation follow with an error of at most
  one unit.
- `inner` holds for each interval between edges the sum of the values' places in it, in units of 2^-31 of its width: it
  makes the area between two distribution functions computable (`atalaia.signals.drift`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from atalaia.profile.distinct import Distinct, hash_floats
from atalaia.profile.values import Floats, Ints, Numbers

CELLS = 1000
"""Into how many cells of equal mass a baseline is cut; deciles fall on edges because ten divides it."""

DISTINCT_SIZE = 1024

_UNIT_BITS = 36
PLACE = 2.0**31
"""A cell's width in the unit of `inner`."""

_SPLIT = 2**20
_NEAR = 2.0**41
_FARTHEST = 2.0**1000
_ROOT_BITS = 64
_SMALLEST_NORMAL = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, slots=True)
class NumericGrid:
    """Strictly rising, finite edges; shape (edges,). No edges when the baseline has no finite value."""

    edges: Floats

    @property
    def centre(self) -> float:
        """The point that sums are counted from: the middle edge."""
        return float(self.edges[len(self.edges) // 2]) if len(self.edges) else 0.0

    @property
    def unit(self) -> float:
        """The step that sums are counted in: a power of two, about 2^-36 of the edges' middle reach."""
        edges = len(self.edges)
        if not edges:
            return 2.0**-_UNIT_BITS
        low, high = float(self.edges[edges // 10]), float(self.edges[edges - 1 - edges // 10])
        reach = (high / 2 - low / 2) or abs(high) / 2 or 0.5
        return math.ldexp(1.0, max(math.frexp(reach)[1] + 1 - _UNIT_BITS, -1074))


@dataclass(frozen=True, slots=True)
class NumericSummary:
    """What is kept of a numeric column.

    Attributes:
        rows: Rows in which the column was captured, whatever they held.
        missing, type_errors, nan, positive_infinity, negative_infinity: Rows without a finite number, by kind.
        denormal: Finite values too small for full precision, zero excluded.
        overflow: Infinities that the log wrote as finite digits.
        out_of_range, out_of_set: Values that break the monitor's rules.
        cells: Finite values per cell; shape (2 * edges + 1,).
        inner: Per open interval between edges, the sum of places; shape (edges - 1,).
        total, squares: Sum of the values and of their squares, from the grid's centre, in its unit.
        below, above: Sum of the values beyond the first and the last edge, likewise.
        minimum, maximum: Of the finite values; +inf and -inf when there are none.
        distinct: The distinct finite values.
    """

    rows: int
    missing: int
    type_errors: int
    nan: int
    positive_infinity: int
    negative_infinity: int
    denormal: int
    overflow: int
    out_of_range: int
    out_of_set: int
    cells: Ints
    inner: Ints
    total: int
    squares: int
    below: int
    above: int
    minimum: float
    maximum: float
    distinct: Distinct

    @classmethod
    def empty(cls, grid: NumericGrid) -> NumericSummary:
        """Return the neutral element on *grid*."""
        edges = len(grid.edges)
        cells, inner = np.zeros(2 * edges + 1, np.int64), np.zeros(max(edges - 1, 0), np.int64)
        nothing = Distinct.empty(DISTINCT_SIZE)
        return cls(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, cells, inner, 0, 0, 0, 0, math.inf, -math.inf, nothing)

    @property
    def finite(self) -> int:
        """How many finite numbers there are."""
        return int(self.cells.sum())

    def merge(self, other: NumericSummary) -> NumericSummary:
        """Return both together; the two must have been counted on the same grid."""
        added = {name: getattr(self, name) + getattr(other, name) for name in _ADDED}
        return replace(
            self,
            **added,
            minimum=min(self.minimum, other.minimum),
            maximum=max(self.maximum, other.maximum),
            distinct=self.distinct.merge(other.distinct),
        )

    def mean(self, grid: NumericGrid) -> float | None:
        """Return the mean of the finite values, or None without any."""
        n = self.finite
        return _finite_or_none(grid.centre + in_units(self.total, n, grid.unit)) if n else None

    def std(self, grid: NumericGrid, ddof: int = 0) -> float | None:
        """Return the standard deviation of the finite values with divisor n - *ddof*, or None with too few."""
        n = self.finite
        if n <= ddof:
            return None
        spread = n * self.squares - self.total * self.total  # n² times the variance in units²: exact
        root = math.isqrt((spread << 2 * _ROOT_BITS) // (n * (n - ddof)))
        return _finite_or_none(in_units(root, 1 << _ROOT_BITS, grid.unit))


_ADDED = (
    "rows", "missing", "type_errors", "nan", "positive_infinity", "negative_infinity", "denormal", "overflow",
    "out_of_range", "out_of_set", "cells", "inner", "total", "squares", "below", "above",
)  # fmt: skip


def in_units(part: int, whole: int, unit: float) -> float:
    """Return *part* / *whole* times *unit*, however large the integers are; infinite beyond the largest float."""
    try:
        return float(Fraction(part, whole) * Fraction(unit))
    except OverflowError:
        return math.inf if part > 0 else -math.inf


def _finite_or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def grid_of(sample: Floats, low: float, high: float) -> NumericGrid:
    """Cut *sample* (finite values, any order) into `CELLS` cells of equal mass between *low* and *high*.

    An edge is a value of the sample: the smallest v with at least k/1000 of the sample at or below it.
    """
    if not len(sample):
        return NumericGrid(np.empty(0))
    ordered = np.sort(sample)
    ranks = (np.arange(1, CELLS) * len(ordered) + CELLS - 1) // CELLS - 1
    return NumericGrid(np.unique(np.concatenate(([low], ordered[ranks], [high])) + 0.0))


def summarise_numbers(grid: NumericGrid, numbers: Numbers) -> NumericSummary:
    """Count one batch on *grid*; rules (range, set) are left to the caller."""
    ordered = np.sort(numbers.values)
    not_nan = int(np.searchsorted(ordered, np.nan)) if len(ordered) and math.isnan(ordered[-1]) else len(ordered)
    first = int(np.searchsorted(ordered[:not_nan], -np.inf, "right"))
    last = int(np.searchsorted(ordered[:not_nan], np.inf, "left"))
    finite = ordered[first:last]
    counted = replace(
        NumericSummary.empty(grid),
        rows=len(ordered) + numbers.missing + numbers.type_errors,
        missing=numbers.missing,
        type_errors=numbers.type_errors,
        nan=len(ordered) - not_nan,
        positive_infinity=not_nan - last,
        negative_infinity=first,
        overflow=numbers.overflow,
    )
    return _with_values(counted, grid, finite) if len(finite) else counted


def _with_values(empty: NumericSummary, grid: NumericGrid, ordered: Floats) -> NumericSummary:
    cuts = _cuts(grid, ordered)
    steps = _steps(grid, ordered)
    changes = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    repeats = np.diff(np.append(changes, len(ordered)))
    tiny = (np.abs(ordered) < _SMALLEST_NORMAL) & (ordered != 0)
    return replace(
        empty,
        denormal=int(np.count_nonzero(tiny)),
        cells=np.diff(cuts),
        inner=_places(grid, ordered, cuts),
        total=_exact_sum(steps),
        squares=_exact_squares(steps),
        below=_exact_sum(steps.part(0, cuts[1])) if len(grid.edges) else 0,
        above=_exact_sum(steps.part(cuts[-2], cuts[-1])) if len(grid.edges) else 0,
        minimum=float(ordered[0]) + 0.0,
        maximum=float(ordered[-1]) + 0.0,
        distinct=Distinct.empty(DISTINCT_SIZE).add(hash_floats(ordered[changes]), repeats),
    )


def _cuts(grid: NumericGrid, ordered: Floats) -> Ints:
    """Where each cell begins in *ordered*, and its length at the end; shape (2 * edges + 2,)."""
    cuts = np.zeros(2 * len(grid.edges) + 2, np.int64)
    cuts[1:-1:2] = np.searchsorted(ordered, grid.edges, "left")
    cuts[2:-1:2] = np.searchsorted(ordered, grid.edges, "right")
    cuts[-1] = len(ordered)
    return cuts


def _places(grid: NumericGrid, ordered: Floats, cuts: Ints) -> Ints:
    """Sum, for each interval between edges, the places of its values: 0 at its low edge, 2^31 at its high one."""
    low, high = grid.edges[:-1] / 2, grid.edges[1:] / 2
    counts = cuts[3:-1:2] - cuts[2:-2:2]
    is_inside = np.zeros(len(cuts) - 1, bool)
    is_inside[2:-2:2] = True
    inside = ordered[np.repeat(is_inside, np.diff(cuts))]
    share = (inside / 2 - np.repeat(low, counts)) / np.repeat(high - low, counts)
    running = np.concatenate(([0], np.cumsum(np.rint(share * PLACE).astype(np.int64))))
    ends = np.cumsum(counts)
    return np.asarray(running[ends] - running[ends - counts], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Steps:
    """Each value's distance from the grid's centre in whole units, in rising order: the near ones, and the far ones.

    The near ones are int64 and lie together between `first` and `first + len(near)`; the far ones are integers without
    limit on both sides of them.
    """

    first: int
    near: Ints
    lower: list[int]
    upper: list[int]

    def part(self, start: int, end: int) -> _Steps:
        """Return the steps of the values from *start* up to *end*."""
        last = self.first + len(self.near)
        near = self.near[max(start - self.first, 0) : max(end - self.first, 0)]
        return _Steps(0, near, self.lower[start:end], self.upper[max(start - last, 0) : max(end - last, 0)])


def _steps(grid: NumericGrid, ordered: Floats) -> _Steps:
    with np.errstate(over="ignore"):
        ratios = (ordered - grid.centre) / grid.unit
    first, last = np.searchsorted(ratios, (-_NEAR, _NEAR))
    near = np.rint(ratios[first:last]).astype(np.int64)
    far = [
        [_far_step(grid, value, ratio) for value, ratio in zip(values, part, strict=True)]
        for values, part in (
            (ordered[:first].tolist(), ratios[:first].tolist()),
            (ordered[last:].tolist(), ratios[last:].tolist()),
        )
    ]
    return _Steps(int(first), near, *far)


def _far_step(grid: NumericGrid, value: float, ratio: float) -> int:
    if abs(ratio) < _FARTHEST:
        return round(ratio)
    return round((Fraction(value) - Fraction(grid.centre)) / Fraction(grid.unit))


def _exact_sum(steps: _Steps) -> int:
    return int(steps.near.sum()) + sum(steps.lower) + sum(steps.upper)


def _exact_squares(steps: _Steps) -> int:
    """Sum of squares, exactly: near values in three int64 sums of their halves, far ones one by one."""
    high, low = steps.near // _SPLIT, steps.near % _SPLIT
    squares = int((high * high).sum()) * _SPLIT**2 + 2 * int((high * low).sum()) * _SPLIT + int((low * low).sum())
    return squares + sum(step * step for step in (*steps.lower, *steps.upper))
