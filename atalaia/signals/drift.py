"""Drift metrics: how far a column's current values lie from the baseline's.

Metrics on shares take two arrays of shape (bins,) that each sum to 1. Numeric columns are compared on ten bins cut at
the baseline's deciles (fewer where ties fill more than one; a tied value never splits), categorical ones on every
category of either side. Kolmogorov-Smirnov and Wasserstein use all cells of the profile and come with bounds
(`atalaia.signals.distributions`).
"""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct

from atalaia.profile import CategoricalGrid, CategoricalSummary, NumericGrid, NumericSummary
from atalaia.profile.hashing import hash_text
from atalaia.profile.values import Floats, Ints
from atalaia.signals.distributions import kolmogorov_smirnov, wasserstein
from atalaia.signals.tails import chi_square_tail, kolmogorov_tail

BINS = 10
"""Into how many bins of equal baseline mass a numeric column is cut for the metrics on shares."""

_FLOOR = 1e-4
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


def psi(baseline: Floats, current: Floats) -> float:
    """Population stability index: sum of (q - p) ln(q / p) over bins, in nats; 0 if equal, no upper limit.

    Shares below 0.0001 count as 0.0001 on either side, as is usual in credit scoring; nothing is renormalised.

    Example:
        >>> round(psi(np.array([0.5, 0.5]), np.array([0.6, 0.4])), 4)
        0.0405

    Source: J-divergence, Jeffreys (1946).
    """
    p, q = np.maximum(baseline, _FLOOR), np.maximum(current, _FLOOR)
    return float(((q - p) * np.log(q / p)).sum())


def jensen_shannon(baseline: Floats, current: Floats) -> float:
    """Jensen-Shannon distance: the root of the divergence in base 2; 0 if equal, 1 if nothing is shared.

    Example:
        >>> jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
        1.0

    Source: Endres and Schindelin (2003).
    """
    middle = (baseline + current) / 2
    divergence = (_kullback_leibler(baseline, middle) + _kullback_leibler(current, middle)) / 2
    return math.sqrt(min(max(divergence, 0.0), 1.0))


def _kullback_leibler(p: Floats, q: Floats) -> float:
    held = p > 0
    return float((p[held] * np.log2(p[held] / q[held])).sum())


def hellinger(baseline: Floats, current: Floats) -> float:
    """Hellinger distance: the Euclidean distance of the shares' roots over sqrt(2); 0 if equal, 1 if nothing is shared.

    Source: Hellinger (1909).
    """
    return float(np.linalg.norm(np.sqrt(baseline) - np.sqrt(current)) / math.sqrt(2))


def total_variation(baseline: Floats, current: Floats) -> float:
    """Total variation distance: half the sum of the shares' absolute differences; 0 to 1."""
    return float(np.abs(baseline - current).sum() / 2)


def l_infinity(baseline: Floats, current: Floats) -> float:
    """Largest absolute difference of any bin's share; 0 to 1."""
    return float(np.abs(baseline - current).max())


def chi_square(baseline: Ints, current: Ints) -> tuple[float, int]:
    """Pearson's two-sample chi-square of the counts (shape (bins,)), without continuity correction.

    Returns:
        The statistic, and its degrees of freedom: bins that hold anything, less one.

    Source: Pearson (1900), as a 2 x bins contingency table.
    """
    held = (baseline + current) > 0
    table = np.stack((baseline[held], current[held])).astype(np.float64)
    expected = table.sum(axis=0) * table.sum(axis=1, keepdims=True) / table.sum()
    return float(((table - expected) ** 2 / expected).sum()), int(held.sum()) - 1


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


def measure_numeric(grid: NumericGrid, baseline: NumericSummary, current: NumericSummary) -> Measures:
    """Measure every drift metric of a numeric column, on the finite values of both sides."""
    if not baseline.finite or not current.finite:
        return Measures(dict.fromkeys(NUMERIC_METRICS), {}, {})
    cuts = decile_cuts(baseline)
    shared = _on_counts(bin_counts(baseline, cuts), bin_counts(current, cuts))
    ks = kolmogorov_smirnov(baseline, current)
    area, *area_bounds = wasserstein(grid, baseline, current)
    std = baseline.std(grid) or math.nan
    bounded = {
        "kolmogorov_smirnov": (ks[0], *ks),
        "wasserstein": (area, *area_bounds),
        "wasserstein_normalised": (area / std, area_bounds[0] / std, area_bounds[1] / std),
    }
    known = {name: values for name, values in bounded.items() if math.isfinite(values[2])}
    metrics = shared.metrics | {name: known[name][0] if name in known else None for name in bounded}
    bounds = {name: (low, high) for name, (_, low, high) in known.items()}
    p_value = _kolmogorov_p(ks[0], baseline.finite, current.finite)
    return Measures(metrics, bounds, shared.p_values | {"kolmogorov_smirnov": p_value})


def measure_categorical(grid: CategoricalGrid, baseline: CategoricalSummary, current: CategoricalSummary) -> Measures:
    """Measure every drift metric of a categorical column, on the valid values of both sides."""
    if not baseline.valid or not current.valid:
        return Measures(dict.fromkeys(SHARE_METRICS), {}, {})
    _, p, q = category_counts(grid, baseline, current)
    measures = _on_counts(p, q)
    return _with_rest(measures, p, q) if p[-1] and q[-1] else measures


def _with_rest(matched: Measures, p: Ints, q: Ints) -> Measures:
    """Bound what is measured when both sides have values that were not kept by name.

    Taken as one category, the rest gives the least that the distances can be; taken as values that the other side does
    not have, the most. The index and the test need to know each category, and are not defined.
    """
    apart = _on_counts(np.append(p, 0), np.append(np.append(q[:-1], 0), q[-1]))
    bounds = {name: (matched.metrics[name] or 0.0, apart.metrics[name] or 0.0) for name in _DISTANCES}
    known = l_infinity(p[:-1] / p.sum(), q[:-1] / q.sum())
    bounds["l_infinity"] = (known, max(known, float(p[-1] / p.sum()), float(q[-1] / q.sum())))
    return Measures(dict.fromkeys(SHARE_METRICS) | {name: low for name, (low, _) in bounds.items()}, bounds, {})


_DISTANCES = ("jensen_shannon", "hellinger", "total_variation")


SHARE_METRICS = ("psi", "jensen_shannon", "hellinger", "total_variation", "l_infinity", "chi_square")
NUMERIC_METRICS = (*SHARE_METRICS, "kolmogorov_smirnov", "wasserstein", "wasserstein_normalised")


def _on_counts(baseline: Ints, current: Ints) -> Measures:
    p, q = baseline / baseline.sum(), current / current.sum()
    statistic, freedom = chi_square(baseline, current)
    metrics: dict[str, float | None] = {
        "psi": psi(p, q),
        "jensen_shannon": jensen_shannon(p, q),
        "hellinger": hellinger(p, q),
        "total_variation": total_variation(p, q),
        "l_infinity": l_infinity(p, q),
        "chi_square": statistic,
    }
    return Measures(metrics, {}, {"chi_square": chi_square_tail(freedom, statistic) if freedom > 0 else None})


def _kolmogorov_p(statistic: float, n: int, m: int) -> float:
    return kolmogorov_tail(math.sqrt(n * m / (n + m)) * statistic)
