"""Drift metrics: how far a column's current values lie from the baseline's.

Metrics on shares (`atalaia.signals.shares`) are measured for all columns of a window at once. Numeric columns are
compared on ten bins cut at the baseline's deciles (fewer where ties fill more than one; a tied value never splits),
categorical ones on every category of either side. Kolmogorov-Smirnov, Cramér-von Mises and Wasserstein use all cells of
the profile and come with bounds (`atalaia.signals.distributions`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct

from atalaia.profile import (
    CategoricalGrid,
    CategoricalSummary,
    Grid,
    NumericGrid,
    NumericSummary,
    Summary,
    TextGrid,
    TextSummary,
)
from atalaia.profile.hashing import hash_text
from atalaia.profile.kept import kept
from atalaia.profile.values import Ints
from atalaia.signals import shares
from atalaia.signals.distributions import Distances, measure_distances
from atalaia.signals.tables import SHARE_METRICS, OnTable, Table, measure_tables
from atalaia.signals.tails import kolmogorov_tail, two_sample_cramer_von_mises_tail

BINS = 10
"""Into how many bins of equal baseline mass a numeric column is cut for the metrics on shares."""

NUMERIC_METRICS = (
    *SHARE_METRICS, "kolmogorov_smirnov", "cramer_von_mises", "wasserstein", "wasserstein_normalised",
)  # fmt: skip
"""What is measured of a column of numbers, or of the lengths of texts."""

_ALL_HASHES = 2**64


class Measures(Struct, frozen=True):
    """Everything measured between baseline and current of one column.

    Attributes:
        metrics: Values by metric; None where a metric is not defined for these data.
        bounds: For metrics that the profile knows only within an interval: the exact value lies in `[low, high]`.
        p_values: Probability of at least this much under no drift, where there is a test.
    """

    metrics: dict[str, float | None]
    bounds: dict[str, tuple[float, float]]
    p_values: dict[str, float | None]


def decile_cuts(baseline: NumericSummary) -> Ints:
    """Choose the cells after which a bin ends, so that bins hold a tenth of the baseline each, ties unsplit.

    Returns:
        Rising indices into `cells`, the last bin's end left out; shape (bins - 1,).
    """
    reached = baseline.reached
    wanted = np.arange(1, BINS) * baseline.finite
    ends = np.searchsorted(reached * BINS, wanted, "left")
    ends = ends + (ends % 2 == 0)  # a bin ends behind an atom, so that its upper edge belongs to it
    if ends[0] == 1:  # the smallest value fills a bin: what lies below it is told apart
        ends = np.append(ends, 0)
    return np.unique(ends[ends < len(reached) - 1])


def bin_counts(summary: NumericSummary, cuts: Ints) -> Ints:
    """Count finite values per bin; shape (len(cuts) + 1,)."""
    return np.diff(np.concatenate(([0], summary.reached[cuts], [summary.finite])))


def category_counts(
    grid: CategoricalGrid, baseline: CategoricalSummary, current: CategoricalSummary
) -> tuple[tuple[str, ...], Ints, Ints]:
    """Count values per category of either side.

    Returns:
        The grid's categories, then the unseen ones by name, then `…` for unseen values that one side did not keep; and
        the baseline's and the current counts; shape (categories,) each.
    """
    last = _kept_by_both(baseline, current)
    names = sorted(name for name in {*baseline.unseen, *current.unseen} if hash_text(name) <= last)
    sides = []
    for summary in (baseline, current):
        unseen = [summary.unseen.get(name, 0) for name in names]
        sides.append(np.concatenate((summary.counts, unseen, [summary.unseen_rows - sum(unseen)])).astype(np.int64))
    return (*grid.categories, *names, "…"), sides[0], sides[1]


def _kept_by_both(baseline: CategoricalSummary, current: CategoricalSummary) -> int:
    """Return the hash up to which both sides have kept every unseen value by name."""
    dropping = [s for s in (baseline, current) if s.unseen_rows > sum(s.unseen.values())]
    return min((max(map(hash_text, s.unseen), default=0) for s in dropping), default=_ALL_HASHES)


Sides = tuple[Grid, Summary, Summary]
"""The grid of a column, what the baseline holds of it, and what the window holds."""


def measure_all(columns: Sequence[Sides]) -> list[Measures]:
    """Measure every drift metric of all *columns*, on the finite or valid values of both sides; of texts, on lengths.

    What is measured of one column does not depend on which others there are, to the last bit.

    Raises:
        TypeError: A column's grid and its two summaries are not of one kind.
    """
    compared = [_compared(column) for column in columns]
    on_tables = iter(measure_tables([table for column in compared for table in column.tables]))
    distances = iter(measure_distances([column.numbers for column in compared if column.numbers is not None]))
    return [_measures(column, on_tables, distances) for column in compared]


def of_lengths(column: Sides) -> Sides:
    """Return what a column is compared by: of texts their lengths, of all else itself."""
    match column:
        case TextGrid() as grid, TextSummary() as before, TextSummary() as now:
            return grid.lengths, before.lengths, now.lengths
        case _:
            return column


def table_of(column: Sides) -> Table:
    """Return the counts that the metrics on shares are measured on; both sides must hold values."""
    return _compared(column).tables[0]


def measure_numeric(grid: NumericGrid, baseline: NumericSummary, current: NumericSummary) -> Measures:
    """Measure every drift metric of a numeric column, on the finite values of both sides."""
    return measure_all([(grid, baseline, current)])[0]


def measure_categorical(grid: CategoricalGrid, baseline: CategoricalSummary, current: CategoricalSummary) -> Measures:
    """Measure every drift metric of a categorical column, on the valid values of both sides."""
    return measure_all([(grid, baseline, current)])[0]


class _Compared(Struct, frozen=True):
    """What a column is measured on.

    Attributes:
        metrics: The names of what is measured.
        tables: Counts per bin or category: none without values, two where both sides have a rest without names.
        numbers: What a column of numbers, or of lengths, is counted on; None without values.
    """

    metrics: tuple[str, ...]
    tables: tuple[Table, ...] = ()
    numbers: tuple[NumericGrid, NumericSummary, NumericSummary] | None = None


def _compared(column: Sides) -> _Compared:
    match of_lengths(column):
        case NumericGrid() as grid, NumericSummary() as before, NumericSummary() as now:
            return _compared_numbers(grid, before, now)
        case CategoricalGrid() as grid, CategoricalSummary() as before, CategoricalSummary() as now:
            return _compared_categories(grid, before, now)
        case _:
            msg = "a column's profiles are of different kinds"
            raise TypeError(msg)


def _compared_numbers(grid: NumericGrid, baseline: NumericSummary, current: NumericSummary) -> _Compared:
    if not baseline.finite or not current.finite:
        return _Compared(NUMERIC_METRICS)
    cuts, before = kept(baseline, _deciles)
    table = (before, bin_counts(current, cuts))
    return _Compared(NUMERIC_METRICS, (table,), (grid, baseline, current))


def _deciles(baseline: NumericSummary) -> Table:
    """Return the cells after which a bin ends, and what the baseline has in each bin."""
    cuts = decile_cuts(baseline)
    return cuts, bin_counts(baseline, cuts)


def _compared_categories(grid: CategoricalGrid, baseline: CategoricalSummary, current: CategoricalSummary) -> _Compared:
    if not baseline.valid or not current.valid:
        return _Compared(SHARE_METRICS)
    _, p, q = category_counts(grid, baseline, current)
    return _Compared(SHARE_METRICS, ((p, q), _rest_apart(p, q)) if p[-1] and q[-1] else ((p, q),))


def _measures(column: _Compared, on_tables: Iterator[OnTable], distances: Iterator[Distances]) -> Measures:
    """Take what was measured of a column from what was measured of all, and put it together."""
    shared = [next(on_tables) for _ in column.tables]
    if not shared:
        return Measures(dict.fromkeys(column.metrics), {}, {})
    if column.numbers is not None:
        return _with_distances(shared[0], next(distances), *column.numbers)
    if len(shared) > 1:
        return _with_rest(shared[0], shared[1], column.tables[0])
    return Measures(dict(shared[0].metrics), {}, dict(shared[0].p_values))


def _with_distances(
    shared: OnTable, found: Distances, grid: NumericGrid, baseline: NumericSummary, current: NumericSummary
) -> Measures:
    std = baseline.std(grid) or math.nan
    area, least, most = found.wasserstein
    bounded = {
        "kolmogorov_smirnov": found.kolmogorov_smirnov,
        "cramer_von_mises": found.cramer_von_mises,
        "wasserstein": found.wasserstein,
        "wasserstein_normalised": (area / std, least / std, most / std),
    }
    known = {name: values for name, values in bounded.items() if math.isfinite(values[2])}
    metrics = {**shared.metrics, **{name: known[name][0] if name in known else None for name in bounded}}
    bounds = {name: (low, high) for name, (_, low, high) in known.items()}
    n, m = baseline.finite, current.finite
    p_values = {
        "kolmogorov_smirnov": kolmogorov_tail(math.sqrt(n * m / (n + m)) * found.kolmogorov_smirnov[0]),
        "cramer_von_mises": two_sample_cramer_von_mises_tail(found.cramer_von_mises[0], n, m),
    }
    return Measures(metrics, bounds, {**shared.p_values, **p_values})


def _rest_apart(p: Ints, q: Ints) -> Table:
    """Take the values without a name as such that the other side does not have."""
    return np.append(p, 0), np.concatenate((q[:-1], [0], q[-1:]))


def _with_rest(matched: OnTable, apart: OnTable, counts: Table) -> Measures:
    """Bound what is measured when both sides have values that were not kept by name.

    Taken as one category, the rest gives the least that the distances can be; taken as values that the other side does
    not have, the most. The index, Kullback-Leibler and the tests need to know each category, and are not defined.
    """
    p, q = (side / side.sum() for side in counts)
    bounds = {name: (matched.metrics[name], apart.metrics[name]) for name in _DISTANCES}
    known = float(shares.l_infinity(p[:-1], q[:-1]))
    bounds["l_infinity"] = (known, max(known, float(p[-1]), float(q[-1])))
    n, m = (int(side.sum()) for side in counts)
    low, high = (float(shares.robust(bound, n, m)) for bound in bounds["l_infinity"])
    bounds["l_infinity_robust"] = (low, high)
    return Measures(dict.fromkeys(SHARE_METRICS) | {name: low for name, (low, _) in bounds.items()}, bounds, {})


_DISTANCES = ("jensen_shannon", "jensen_shannon_divergence", "hellinger", "total_variation")
