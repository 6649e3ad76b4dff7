"""A numeric column's profile: exact counts on the baseline's own quantiles, and sums that are integers.

The grid's edges cut the number line into cells: below the first edge, each edge itself, each open interval between two
edges, above the last. Counts per cell give the distribution function on both sides of every edge exactly, so a constant
or a heavily tied column loses nothing.

Sums are kept as integers (`atalaia.profile.sums`), so a window's profile is the same, bit for bit, however its rows
were split over files and in whatever order the parts are merged. The sum of the values in each open cell makes the area
between two distribution functions computable (`atalaia.signals.drift`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from atalaia.profile.distinct import Distinct
from atalaia.profile.sums import STEP_BITS, Ruler
from atalaia.profile.values import Floats, Ints

CELLS = 1000
"""Into how many cells of equal mass a baseline is cut; deciles fall on edges because ten divides it."""

DISTINCT_SIZE = 1024

_LEAST_EXPONENT = -1074  # of the smallest positive float64
_ROOT_BITS = 64


class NumericGrid(Struct, frozen=True, dict=True):
    """Strictly rising, finite edges; shape (edges,). No edges when the baseline has no finite value."""

    edges: Floats

    @cached_property
    def ruler(self) -> Ruler:
        """What sums are measured with: from the middle edge, in steps of about 2^-33 of the edges' middle reach."""
        edges = len(self.edges)
        if not edges:
            return Ruler(0.0, -STEP_BITS)
        low, high = float(self.edges[edges // 10]), float(self.edges[edges - 1 - edges // 10])
        reach = (high / 2 - low / 2) or abs(high) / 2 or 0.5
        exponent = math.frexp(reach)[1] + 1 - STEP_BITS
        return Ruler(float(self.edges[edges // 2]), max(exponent, _LEAST_EXPONENT))

    @cached_property
    def widths(self) -> Floats:
        """How far it is from each edge to the next; shape (edges - 1,)."""
        return np.diff(self.edges)


class NumericSummary(Struct, frozen=True, dict=True):
    """What is kept of a numeric column.

    Attributes:
        rows: Rows in which the column was captured, whatever they held.
        missing, type_errors, nan, positive_infinity, negative_infinity: Rows without a finite number, by kind.
        denormal: Finite values too small for full precision, zero excluded.
        overflow: Infinities that the log wrote as finite digits.
        out_of_range, out_of_set: Values that break the monitor's rules.
        cells: Finite values per cell; shape (2 * edges + 1,).
        inner: Per interval between edges, the sum of its values' steps from its low edge; shape (edges - 1,). Zero for
            wide intervals.
        wide: By their place in `cells`, those wide intervals and outermost cells that hold values: the sum of their
            values' steps from the grid's centre.
        total, squares: Sum of all finite values' steps from the centre, and of the squares of these.
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
    wide: Mapping[int, int]
    total: int
    squares: int
    minimum: float
    maximum: float
    distinct: Distinct

    @classmethod
    def empty(cls, grid: NumericGrid) -> NumericSummary:
        """Return the neutral element on *grid*."""
        edges = len(grid.edges)
        cells, inner = np.zeros(2 * edges + 1, np.int64), np.zeros(max(edges - 1, 0), np.int64)
        nothing = Distinct.empty(DISTINCT_SIZE)
        return cls(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, cells, inner, {}, 0, 0, math.inf, -math.inf, nothing)

    @cached_property
    def finite(self) -> int:
        """How many finite numbers there are."""
        return int(self.cells.sum())

    @cached_property
    def reached(self) -> Ints:
        """How many finite numbers there are up to the end of each cell; shape (cells,)."""
        return np.cumsum(self.cells)

    @classmethod
    def merged(cls, parts: Sequence[NumericSummary]) -> NumericSummary:
        """Return all *parts* (at least one) together; they must have been counted on the same grid."""
        cells, inner = parts[0].cells.copy(), parts[0].inner.copy()
        wide: dict[int, int] = dict(parts[0].wide)
        for part in parts[1:]:
            cells += part.cells
            inner += part.inner
            for place, steps in part.wide.items():
                wide[place] = wide.get(place, 0) + steps
        return replace(
            parts[0],
            **{name: sum([getattr(part, name) for part in parts]) for name in ADDED},
            cells=cells,
            inner=inner,
            wide=dict(sorted(wide.items())),
            minimum=min([part.minimum for part in parts]),
            maximum=max([part.maximum for part in parts]),
            distinct=Distinct.merged([part.distinct for part in parts]),
        )

    def merge(self, other: NumericSummary) -> NumericSummary:
        """Return both together; the two must have been counted on the same grid."""
        return NumericSummary.merged((self, other))

    def mean(self, grid: NumericGrid) -> float | None:
        """Return the mean of the finite values, or None without any."""
        n, ruler = self.finite, grid.ruler
        return _finite_or_none(ruler.centre + in_steps(self.total, n, ruler)) if n else None

    def std(self, grid: NumericGrid, ddof: int = 0) -> float | None:
        """Return the standard deviation of the finite values with divisor n - *ddof*, or None with too few."""
        n = self.finite
        if n <= ddof:
            return None
        spread = n * self.squares - self.total * self.total  # n² times the variance in steps²: exact
        root = math.isqrt((spread << 2 * _ROOT_BITS) // (n * (n - ddof)))
        return _finite_or_none(in_steps(root, 1 << _ROOT_BITS, grid.ruler))

    def places(self, grid: NumericGrid) -> Floats:
        """Return for each interval between edges the sum of its values' places: 0 at its low edge, 1 at its high one.

        Shape (edges - 1,). Each value's place is off by at most one step of the grid's ruler.
        """
        ruler, counts = grid.ruler, self.cells[2:-1:2]
        centre = _exactly(ruler.centre)
        with np.errstate(over="ignore"):
            steps_to_width = math.ldexp(1.0, ruler.exponent) / grid.widths
        places = np.multiply(self.inner, steps_to_width, out=np.zeros(len(counts)), where=self.inner > 0)
        for cell, steps in self.wide.items():
            if 0 < cell < len(self.cells) - 1:
                low, high = map(_exactly, grid.edges[cell // 2 - 1 : cell // 2 + 1].tolist())
                total = (steps << ruler.exponent - _LEAST_EXPONENT) + int(self.cells[cell]) * (centre - low)
                places[cell // 2 - 1] = total / (high - low)
        return np.minimum(np.maximum(places, 0.0), counts)


ADDED = (
    "rows", "missing", "type_errors", "nan", "positive_infinity", "negative_infinity", "denormal", "overflow",
    "out_of_range", "out_of_set", "total", "squares",
)  # fmt: skip
"""What is a plain number, and added up."""


def in_steps(part: int, whole: int, ruler: Ruler) -> float:
    """Return *part* / *whole* steps as a length, however large the integers are; infinite beyond the largest float."""
    try:
        return (part << max(ruler.exponent, 0)) / (whole << max(-ruler.exponent, 0))
    except OverflowError:
        return math.inf if part > 0 else -math.inf


def _exactly(value: float) -> int:
    """Return a finite float as what it is: a whole number of the smallest positive float."""
    numerator, denominator = value.as_integer_ratio()
    return numerator << 1 - _LEAST_EXPONENT - denominator.bit_length()


def _finite_or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def grid_of(sample: Floats, low: float, high: float) -> NumericGrid:
    """Cut *sample* (finite values, any order) into `CELLS` cells of equal mass between *low* and *high*."""
    if not len(sample):
        return NumericGrid(np.empty(0))
    edges = np.sort(sample)[edge_ranks(len(sample))]
    return NumericGrid(np.unique(np.concatenate(([low], edges, [high])) + 0.0))


def edge_ranks(count: int) -> Ints:
    """Return which of *count* values in rising order, from 0, are edges.

    The smallest with at least k/1000 of all at or below it. The outermost cells are halved again and again: a heavy
    tail is long, and in few pieces its area would be known badly.
    """
    whole, rest = divmod(count, CELLS)
    steps = np.arange(1, CELLS)
    ranks = steps * whole + (steps * rest + CELLS - 1) // CELLS - 1
    tails = [whole >> halvings for halvings in range(1, whole.bit_length())]
    return np.concatenate((ranks, tails, [count - 1 - tail for tail in tails])).astype(np.int64)
