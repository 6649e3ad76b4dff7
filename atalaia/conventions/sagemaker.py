"""SageMaker Model Monitor: the distances of Deequ, which its container runs, and the verdict by `constraints.json`.

Numbers are compared by the largest distance of their distribution functions, categories by the largest difference of a
share. By default ("Robust") a term is subtracted that shrinks with the rows, 1.8 sqrt(1/n + 1/m): small windows hardly
ever alarm, and a change that is smaller than threshold and term together is never seen.

Source: `Distance.scala` of awslabs/deequ (2.0.4 and later); defaults from baselines that the container wrote.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from atalaia.constraints_file import Rule
from atalaia.conventions import Judged
from atalaia.conventions.shares import Distance
from atalaia.conventions.sides import Numbers, doubts, largest_distance
from atalaia.profile import CategoricalGrid, CategoricalSummary, Grid, NumericGrid, NumericSummary, Summary
from atalaia.profile.values import Floats, Ints
from atalaia.schema import Column
from atalaia.signals.drift import category_counts
from atalaia.signals.quality import values_of
from atalaia.signals.tails import chi_square_tail

Counts = Mapping[str, int]

_KNUTH = 1.8  # at alpha = 0.003
_YATES, _COCHRAN = (5.0, 0.2), (10.0, 0.0)  # the least expected count, and the share of categories that may have less
_FEWEST = 2  # categories that a test can tell apart
_REST = "values that the profiles did not keep by name are left out"


def subtracted(n: int, m: int, alpha: float | None = None) -> float:
    """Return what the robust distance subtracts for *n* and *m* values: c sqrt((n + m) / (n m)).

    Args:
        n: Values of the baseline, at least 1.
        m: Values of the window, at least 1.
        alpha: How often it is too little, 0..1; None for the container's c = 1.8, else c = sqrt(-ln(alpha / 2) / 2).

    Example:
        >>> round(subtracted(10_000, 1_000), 4), round(subtracted(648, 648), 4)
        (0.0597, 0.1)
    """
    c = _KNUTH if alpha is None else math.sqrt(-math.log(alpha / 2) / 2)
    return c * math.sqrt((n + m) / (n * m))


def robust(distance: float, n: int, m: int, alpha: float | None = None) -> float:
    """Return a *distance* less what chance may do, but not less than 0; arguments as for `subtracted`."""
    return max(0.0, distance - subtracted(n, m, alpha))


def numeric_distance(baseline: tuple[Floats, Ints], current: tuple[Floats, Ints]) -> float:
    """Return the largest distance of two distribution functions, 0..1, each given as rising values and their weights.

    Example:
        >>> four = np.ones(4, np.int64)
        >>> numeric_distance((np.arange(1.0, 5.0), four), (np.arange(2.0, 6.0), four))
        0.25
    """
    values = np.union1d(baseline[0], current[0])
    before, now = (
        np.concatenate(([0], np.cumsum(weights)))[np.searchsorted(held, values, "right")] / weights.sum()
        for held, weights in (baseline, current)
    )
    return float(np.abs(before - now).max())


def categorical_distance(baseline: Counts, current: Counts) -> float:
    """Return the largest difference of any category's share, 0..1; both sides hold values.

    Example:
        >>> round(categorical_distance({"a": 1, "b": 1}, {"a": 3, "c": 1}), 2)
        0.5
    """
    n, m = sum(baseline.values()), sum(current.values())
    return max(abs(baseline.get(name, 0) / n - current.get(name, 0) / m) for name in {*baseline, *current})


def chi_squared(expected: Counts, sample: Counts) -> tuple[float, float]:
    """Return Deequ's chi-square test of a *sample* against *expected* counts: statistic and p-value, NaN if undefined.

    The expected counts are scaled to the rows of those categories of the sample that are expected at all; the others
    are ignored, so a category that is new is not seen; every expected count is above 0. Then the smallest expected
    category is joined to the second smallest until few enough are small: by Yates a fifth of more than two may be
    below 5, by Cochran none of two below 10. With fewer than two left the test is not defined.

    Example:
        >>> [round(number, 4) for number in chi_squared({"a": 20, "b": 20}, {"a": 30})]
        [30.0, 0.0]

    Source: `categoricalDistance` with `ChisquareMethod`.
    """
    whole, rows = sum(expected.values()), sum(sample.get(name, 0) for name in expected)
    if not rows:
        return math.nan, math.nan
    pairs = _regrouped([(count * rows / whole, float(sample.get(name, 0))) for name, count in expected.items()])
    if len(pairs) < _FEWEST:
        return math.nan, math.nan
    statistic = math.fsum((seen - wanted) ** 2 / wanted for wanted, seen in pairs)
    return statistic, chi_square_tail(len(pairs) - 1, statistic)


def _regrouped(pairs: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Join the categories (expected, seen) that are too small to be tested."""
    pairs = sorted(pairs)
    while len(pairs) >= _FEWEST:
        least, share = _COCHRAN if len(pairs) == _FEWEST else _YATES
        if sum(wanted < least for wanted, _ in pairs) <= math.floor(share * len(pairs)):
            return pairs
        (wanted, seen), (more, also), *others = pairs
        pairs = sorted([(wanted + more, seen + also), *others])
    return pairs


def population_stability_index(expected: Ints, actual: Ints) -> float:
    """Return Deequ's index over buckets of shape (buckets,): sum of (a - e) ln(a / e), without any smoothing.

    Infinite where one side of a bucket is empty, and not defined (NaN) where both are.

    Raises:
        ValueError: The two have not as many buckets.
    """
    if len(expected) != len(actual):
        msg = f"{len(expected)} buckets and {len(actual)}"
        raise ValueError(msg)
    e, a = expected / expected.sum(), actual / actual.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(((a - e) * np.log(a / e)).sum())


def judge(column: Column, grid: Grid, baseline: Summary, current: Summary, rule: Rule | None = None) -> Judged:
    """Judge one column's drift as Model Monitor does.

    Args:
        column: The column; free text is not judged, as profiles keep none of it.
        grid: What both sides were counted on.
        baseline: One side.
        current: The other.
        rule: How; None for the container's defaults.
    """
    rule = rule or Rule()
    n, m = values_of(baseline), values_of(current)
    if not n or not m:
        return Judged(_name(rule), None, rule.threshold, False, None, ("one side has no values",))
    match grid, baseline, current:
        case NumericGrid(), NumericSummary(), NumericSummary():
            found = largest_distance(Numbers(column, grid, baseline, current))
            return _judged(found, (), (n, m), rule, rule.threshold)
        case CategoricalGrid(), CategoricalSummary(), CategoricalSummary():
            return judge_counts(*named_counts(grid, baseline, current), rule)
        case _:
            told = f"{column.name} is free text, of which profiles keep no values"
            return Judged(_name(rule), None, rule.threshold, False, None, (told,))


def _name(rule: Rule) -> str:
    return "linf_robust" if rule.method == "Robust" else "linf_simple"


def named_counts(
    grid: CategoricalGrid, baseline: CategoricalSummary, current: CategoricalSummary
) -> tuple[Counts, Counts, tuple[str, ...]]:
    """Return both sides' counts by category, and a note if some values were not kept by name."""
    names, before, now = category_counts(grid, baseline, current)
    p, q = ({n: c for n, c in zip(names[:-1], counts.tolist(), strict=False) if c} for counts in (before, now))
    return p, q, (_REST,) if before[-1] or now[-1] else ()


def judged_distance(distance: float, notes: tuple[str, ...], sizes: tuple[int, int], rule: Rule) -> Judged:
    """Judge the *distance* of numbers, of so many values of the baseline and of the window."""
    return _judged(Distance(distance), notes, sizes, rule, rule.threshold)


def judge_counts(baseline: Counts, current: Counts, notes: tuple[str, ...], rule: Rule) -> Judged:
    """Judge counts by category; both sides hold values, though perhaps none that has a name."""
    limit = rule.threshold if rule.categorical_threshold is None else rule.categorical_threshold
    sizes = sum(baseline.values()), sum(current.values())
    if not all(sizes):
        return Judged(_name(rule), None, limit, False, None, notes)
    if rule.categorical_method == "LInfinity":
        return _judged(Distance(categorical_distance(baseline, current)), notes, sizes, rule, limit)
    statistic, p_value = chi_squared(baseline, current)
    new = len(current.keys() - baseline.keys())
    notes += (f"new categories, of which there are {new:,}, are ignored by this test",) if new else ()
    value = p_value if rule.method == "Robust" else statistic
    if math.isnan(value):
        notes += ("fewer than two categories are left to be tested",)
        return Judged("chi_squared", None, limit, rule.method == "Robust", None, notes)
    if rule.method == "Robust":
        notes += ("this is a p-value: below the threshold it is drift, whatever the documents say of distances",)
        return Judged("chi_squared_p_value", value, limit, True, value < limit, notes)
    return Judged("chi_squared_statistic", value, limit, False, value > limit, notes)


def _judged(found: Distance, notes: tuple[str, ...], sizes: tuple[int, int], rule: Rule, limit: float) -> Judged:
    distance = found.value
    if rule.method == "Simple":
        return Judged("linf_simple", distance, limit, False, distance > limit, (*notes, *doubts(found, limit)))
    less = subtracted(*sizes)
    value = max(0.0, distance - less)
    blind = f"{less:.4g} was subtracted from {distance:.4g} for {sizes[0]:,} and {sizes[1]:,} values"
    seen = f"; a distance up to {limit + less:.4g} raises nothing"
    notes = (blind + seen, *notes, *doubts(Distance(value, found.off), limit))
    return Judged("linf_robust", value, limit, False, value > limit, notes)
