"""What another tool would find in a column on both sides, and how its verdict is put."""

from __future__ import annotations

import math

from msgspec import Struct

from atalaia.conventions import Judged
from atalaia.conventions.shares import Distance
from atalaia.profile import CategoricalGrid, CategoricalSummary, Grid, NumericGrid, NumericSummary, Summary
from atalaia.profile.values import Ints
from atalaia.schema import Column, Type
from atalaia.signals.distributions import kolmogorov_smirnov, wasserstein
from atalaia.signals.drift import category_counts
from atalaia.wording import number


class Asked(Struct, frozen=True):
    """What a monitor asks of a tool.

    Attributes:
        metric: Our name of the metric; None for the tool's own choice.
        threshold: The limit; None for the tool's own.
        chunks: The column in consecutive parts of the reference data, as far as these are at hand.
    """

    metric: str | None = None
    threshold: float | None = None
    chunks: tuple[Summary, ...] = ()


class Numbers(Struct, frozen=True):
    """A column of numbers with finite values on both sides."""

    column: Column
    grid: NumericGrid
    baseline: NumericSummary
    current: NumericSummary

    @property
    def rows(self) -> tuple[int, int]:
        """How many finite values there are on either side."""
        return self.baseline.finite, self.current.finite

    @property
    def reach(self) -> tuple[float, float]:
        """The smallest and the largest finite value of both sides."""
        return min(self.baseline.minimum, self.current.minimum), max(self.baseline.maximum, self.current.maximum)

    @property
    def whole(self) -> bool:
        """Whether pandas would hold the column in a type of integers."""
        sides = self.baseline, self.current
        return self.column.type is Type.INTEGER and all(side.finite == side.rows for side in sides)


class Categories(Struct, frozen=True):
    """A column of categories with values on both sides: the counts of each that either side has.

    Attributes:
        baseline, current: Shape (categories,) each.
        unnamed: Whether the last category stands for all values that profiles did not keep by name.
    """

    baseline: Ints
    current: Ints
    unnamed: bool = False

    @property
    def rows(self) -> tuple[int, int]:
        """How many values there are on either side."""
        return int(self.baseline.sum()), int(self.current.sum())


Sides = Numbers | Categories


def sides_of(column: Column, grid: Grid, baseline: Summary, current: Summary) -> Sides | str:
    """Return both sides of a column, or in words why there is nothing to compare."""
    match grid, baseline, current:
        case NumericGrid(), NumericSummary(), NumericSummary():
            if not baseline.finite or not current.finite:
                return _empty(baseline.finite)
            return Numbers(column, grid, baseline, current)
        case CategoricalGrid(), CategoricalSummary(), CategoricalSummary():
            if not baseline.valid or not current.valid:
                return _empty(baseline.valid)
            _, p, q = category_counts(grid, baseline, current)
            held = (p + q) > 0
            return Categories(p[held], q[held], bool(held[-1]))
        case _:
            return "it is free text, of which profiles keep no values"


def _empty(before: int) -> str:
    return f"the {'window' if before else 'baseline'} has no value of it"


class Rule(Struct, frozen=True):
    """How a tool names and judges one of its metrics.

    Attributes:
        name: Its own name of the metric.
        threshold: Its default limit.
        below: It alarms under the limit.
        inclusive: It alarms at the limit, too.
    """

    name: str
    threshold: float
    below: bool = False
    inclusive: bool = False


def judged(rule: Rule, asked: Asked, found: Distance | None, notes: tuple[str, ...]) -> Judged:
    """Judge what was *found*, None if it could not be measured, by the asked threshold or else by the tool's own."""
    limit = rule.threshold if asked.threshold is None else asked.threshold
    if found is None:
        return Judged(rule.name, None, limit, rule.below, None, notes)
    value = found.value
    beyond = value < limit if rule.below else value > limit
    drifted = beyond or (rule.inclusive and value == limit)
    return Judged(rule.name, value, limit, rule.below, drifted, (*notes, *doubts(found, limit)))


def doubts(found: Distance, limit: float) -> tuple[str, ...]:
    """Say by how much the tool's own number may differ, and whether that could turn its verdict."""
    if not found.off:
        return ()
    told = f"counted on the rows themselves it may differ by up to {number(found.off)}"
    near = abs(found.value - limit) <= found.off
    return (f"{told}, which could turn the verdict",) if near else (told,)


def unnamed_note(sides: Sides) -> tuple[str, ...]:
    """Say so if some categories have no names, so that no number can be exact."""
    rest = isinstance(sides, Categories) and sides.unnamed
    return ("values that the profiles did not keep by name count as one category",) if rest else ()


def normalised_wasserstein(sides: Numbers, ddof: int) -> Distance:
    """Return the Wasserstein distance in standard deviations of the baseline (divisor n - *ddof*), at least 0.001."""
    norm = max(sides.baseline.std(sides.grid, ddof) or 0.0, _LEAST_DEVIATION)
    value, low, high = (side / norm for side in wasserstein(sides.grid, sides.baseline, sides.current))
    return _off_by_rounding(value, low, high)


_LEAST_DEVIATION = 0.001
_ROUNDING = 1e-9


def _off_by_rounding(value: float, low: float, high: float) -> Distance:
    off = max(high - value, value - low)
    return Distance(value, off if math.isfinite(off) and off > _ROUNDING * max(abs(value), 1.0) else 0.0)


def plain_wasserstein(sides: Numbers) -> Distance:
    """Return the Wasserstein distance in the column's own unit."""
    return _off_by_rounding(*wasserstein(sides.grid, sides.baseline, sides.current))


def largest_distance(sides: Numbers) -> Distance:
    """Return the Kolmogorov-Smirnov statistic: the least that the profiles allow, and how much more it may be."""
    low, high = kolmogorov_smirnov(sides.baseline, sides.current)
    return Distance(low, high - low)
