"""Evidently 0.7: its drift metrics, which of them it chooses, and what alarms there.

By the values of the reference (missing and infinite ones left out): up to 1,000 of them, tests, whose p-values alarm
below 0.05; more, distances, which alarm from 0.1 on. Numbers with up to five distinct values on both sides together are
treated like categories.

Defects that are not copied, but said where they decide: an empty column fails the whole report, a test on counts calls
one row of a new category certain drift, and the index weighs a new category by what it fills empty bins with.

Source: `evidently/legacy/calculations/stattests` of evidently 0.7.23.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from atalaia.conventions import Judged
from atalaia.conventions.binning import (
    Binned,
    by_value,
    count_bins,
    distinct_of,
    equal_edges,
    exactly,
    sturges,
)
from atalaia.conventions.shares import (
    FILLED,
    Distance,
    hellinger,
    jensen_shannon,
    kullback_leibler,
    stability_index,
)
from atalaia.conventions.sides import (
    Asked,
    Categories,
    Numbers,
    Rule,
    Sides,
    judged,
    largest_distance,
    normalised_wasserstein,
    sides_of,
    unnamed_note,
)
from atalaia.conventions.significance import goodness_of_fit, kolmogorov, proportions
from atalaia.profile import Grid, Summary
from atalaia.profile.values import Floats, Ints
from atalaia.schema import Column
from atalaia.wording import plural

RULES: Mapping[str, Rule] = {
    "wasserstein_normalised": Rule("wasserstein", 0.1, inclusive=True),
    "jensen_shannon": Rule("jensenshannon", 0.1, inclusive=True),
    "psi": Rule("psi", 0.1, inclusive=True),
    "kullback_leibler": Rule("kl_div", 0.1, inclusive=True),
    "hellinger": Rule("hellinger", 0.1, inclusive=True),
    "kolmogorov_smirnov": Rule("ks", 0.05, below=True, inclusive=True),
    "chi_square": Rule("chisquare", 0.05, below=True),
    "proportions": Rule("z", 0.05, below=True),
}
"""By our name of each metric, how Evidently names and judges it."""

_SMALL = 1000  # rows of a reference, up to which it tests
_FEW, _BINARY = 5, 2  # distinct values that make numbers categories; that make it a test of proportions
_BINNED_FROM = 20  # distinct values of the reference, above which numbers are counted in bins


def judge(column: Column, grid: Grid, baseline: Summary, current: Summary, asked: Asked = Asked()) -> Judged:  # noqa: B008  # frozen
    """Judge one column's drift as Evidently does."""
    sides = sides_of(column, grid, baseline, current)
    if isinstance(sides, str):
        fails = "; an empty column fails the whole report there" if sides.endswith("has no value of it") else ""
        return judged(RULES[asked.metric or "jensen_shannon"], asked, None, (sides + fails,))
    metric = asked.metric or _choice(sides)
    found, notes = _measure(metric, sides)
    return judged(RULES[metric], asked, found, (*notes, *unnamed_note(sides)))


def _choice(sides: Sides) -> str:
    """Return the metric that it takes if none is named."""
    counts = _counts(sides)
    distinct = _FEW + 1 if counts is None else len(counts[0])
    few = isinstance(sides, Categories) or distinct <= _FEW
    if sides.rows[0] > _SMALL:
        return "jensen_shannon" if few else "wasserstein_normalised"
    if few:
        return "chi_square" if distinct > _BINARY else "proportions"
    return "kolmogorov_smirnov"


def _counts(sides: Sides) -> tuple[Ints, Ints] | None:
    """Return the counts by value, None if not all values of a column of numbers are known."""
    if isinstance(sides, Categories):
        return sides.baseline, sides.current
    return by_value(sides.baseline, sides.current)


def _measure(metric: str, sides: Sides) -> tuple[Distance | None, tuple[str, ...]]:
    if metric in _TESTS:
        return _tested(metric, sides)
    if metric == "wasserstein_normalised":
        return (normalised_wasserstein(sides, ddof=0), ()) if isinstance(sides, Numbers) else _undefined(metric)
    if metric == "kolmogorov_smirnov":
        return (_kolmogorov(sides), ()) if isinstance(sides, Numbers) else _undefined(metric)
    if metric == "hellinger":
        return _hellinger(sides)
    binned = _binned(sides)
    return _undefined(metric) if binned is None else (_ON_SHARES[metric](*binned), _rare(metric, *binned))


def _undefined(metric: str) -> tuple[None, tuple[str, ...]]:
    return None, (f"{RULES[metric].name} is not defined there, or not all values are known that it needs",)


_ON_SHARES = {
    "jensen_shannon": lambda p, q: jensen_shannon(p, q, np.e),
    "psi": lambda p, q: stability_index(p, q, FILLED),
    "kullback_leibler": lambda p, q: kullback_leibler(p, q, FILLED),
}


def _rare(metric: str, baseline: Binned, current: Binned) -> tuple[str, ...]:
    """Say how many bins one side lacks, where the number rests on what these are filled with."""
    empty = int(((baseline.counts == 0) ^ (current.counts == 0)).sum())
    if metric == "jensen_shannon" or not empty:
        return ()
    told = plural(empty, "bin is empty", "bins are empty")
    return (f"{told} on one side and counted with the share of 0.0001 or less that Evidently fills in",)


_TESTS = {"chi_square": goodness_of_fit, "proportions": proportions}


def _tested(metric: str, sides: Sides) -> tuple[Distance | None, tuple[str, ...]]:
    counts = _counts(sides)
    if counts is None:
        return _undefined(metric)
    new = metric == "chi_square" and ((counts[0] == 0) & (counts[1] > 0)).any()
    noted = ("a value that the reference does not have makes it 0, however rare it is",) if new else ()
    return Distance(_TESTS[metric](*counts)), noted


def _kolmogorov(sides: Numbers) -> Distance:
    statistic = largest_distance(sides)
    value, least = (kolmogorov(d, *sides.rows) for d in (statistic.value, statistic.value + statistic.off))
    return Distance(value, value - least)


def _binned(sides: Sides) -> tuple[Binned, Binned] | None:
    """Count on bins over both sides, by Sturges' rule for all values together, or by value where these are few."""
    if isinstance(sides, Numbers) and distinct_of(sides.baseline, sides.baseline)[0] > _BINNED_FROM:
        return _on_bins(sides, sturges(sum(sides.rows)))
    counts = _counts(sides)
    return None if counts is None else (exactly(counts[0]), exactly(counts[1]))


def _on_bins(sides: Numbers, wanted: float) -> tuple[Binned, Binned]:
    edges = equal_edges(*sides.reach, wanted, sides.whole)
    return count_bins(sides.grid, sides.baseline, edges), count_bins(sides.grid, sides.current, edges)


def edges_of(sides: Numbers) -> list[Floats]:
    """Return the edges of all its bins: by Sturges' rule for the rows, and for the distinct values."""
    distinct, _ = distinct_of(sides.baseline, sides.current)
    return [equal_edges(*sides.reach, sturges(count), sides.whole) for count in (sum(sides.rows), distinct)]


def _hellinger(sides: Sides) -> tuple[Distance | None, tuple[str, ...]]:
    """Measure on bins by Sturges' rule for the distinct values, not the rows, which is what Evidently counts here."""
    if isinstance(sides, Categories):
        return hellinger(exactly(sides.baseline), exactly(sides.current)), ()
    distinct, known = distinct_of(sides.baseline, sides.current)
    bins = {int(np.ceil(sturges(distinct * off))) for off in (1 - _ESTIMATE, 1 + _ESTIMATE)}
    notes = (
        () if known or len(bins) == 1 else (f"its bins are {min(bins)} or {max(bins)}: distinct values are estimated",)
    )
    return hellinger(*_on_bins(sides, sturges(distinct))), notes


_ESTIMATE = 0.1  # three standard errors of an estimated number of distinct values
