"""Distances of shares as other tools define them, each with how far it may be off where the counts are not exact.

The roots of Jensen-Shannon divergence and Hellinger's distance are metrics: moving both sides a little moves them by at
most the sum of the two moves. A move of shares by up to `loose` is, in either, at most the root of half the sum of
(p - p')² / (p + p'). Sums over bins are bounded bin by bin.

Sources: Topsøe (2000), "Some inequalities for information divergence and related measures of discrimination";
Endres and Schindelin (2003).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from msgspec import Struct

from atalaia.conventions.binning import Binned
from atalaia.profile.values import Floats


class Distance(Struct, frozen=True):
    """A value, and how far from it the tool's own may lie."""

    value: float
    off: float = 0.0


def jensen_shannon(baseline: Binned, current: Binned, base: float) -> Distance:
    """Return the Jensen-Shannon distance, the root of the divergence with logarithms to *base*.

    Both sides are brought to a sum of 1, as SciPy does.

    Example:
        >>> from atalaia.conventions.binning import exactly
        >>> round(jensen_shannon(exactly(np.array([1, 0])), exactly(np.array([0, 1])), 2).value, 12)
        1.0
    """
    p, q = _shares(baseline), _shares(current)
    middle = (p + q) / 2
    nats = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    scale = math.sqrt(math.log(2) / math.log(base))
    return Distance(math.sqrt(max(nats, 0.0) / math.log(base)), scale * (_moved(baseline) + _moved(current)))


def hellinger(baseline: Binned, current: Binned) -> Distance:
    """Return Hellinger's distance, the root of half the sum of squared differences of the shares' roots."""
    p, q = _shares(baseline), _shares(current)
    value = float(np.linalg.norm(np.sqrt(p) - np.sqrt(q))) / math.sqrt(2)
    return Distance(value, _moved(baseline) + _moved(current))


class Fill(Struct, frozen=True):
    """How shares above 0 are made of counts.

    Attributes:
        shares: Of counts of shape (bins,) and their sum.
        between: Of the least and the most that each count can be, and their sum: the same of the shares.
    """

    shares: Callable[[Floats, float], Floats]
    between: Callable[[Floats, Floats, float], tuple[Floats, Floats]]


def _add_one(counts: Floats, rows: float) -> Floats:
    return np.asarray((counts + 1) / (rows + len(counts)), np.float64)


LAPLACE = Fill(_add_one, lambda low, high, rows: (_add_one(low, rows), _add_one(high, rows)))
"""One row more in every bin, as Azure ML counts."""


def _fill_empty(counts: Floats, rows: float) -> Floats:
    return np.where(counts > 0, counts / rows, _filling(float(counts[counts > 0].min()) / rows))


def _filling(least: float) -> float:
    """Return the share that an empty bin gets where the smallest of the others is *least*."""
    return least / 1e6 if least <= _FILL else _FILL


_FILL = 0.0001


def _fill_between(low: Floats, high: Floats, rows: float) -> tuple[Floats, Floats]:
    """Bound the shares; the smallest of the bins that hold something may be one row's, or that of a sure bin."""
    least = float(np.maximum(low, 1.0)[high > 0].min()) / rows
    most = float(high[low > 0].min(initial=rows)) / rows
    lowest = np.where(low > 0, low / rows, _filling(least))
    return lowest, np.where(high > 0, np.maximum(high / rows, lowest), _filling(most))


FILLED = Fill(_fill_empty, _fill_between)
"""Empty bins hold 0.0001, or a millionth of the smallest share if that is no larger, as Evidently counts."""


def stability_index(baseline: Binned, current: Binned, fill: Fill) -> Distance:
    """Return the population stability index in nats; shares are not brought to a sum of 1 after the filling."""
    sides = _filled(baseline, fill), _filled(current, fill)
    p, q = (side[1] for side in sides)
    value = float(((q - p) * np.log(q / p)).sum())
    corners = [(b - a) * np.log(b / a) for a in (sides[0][0], sides[0][2]) for b in (sides[1][0], sides[1][2])]
    apart = np.maximum(sides[0][0], sides[1][0]) > np.minimum(sides[0][2], sides[1][2])
    least = np.where(apart, np.minimum.reduce(corners), 0.0)
    return _between(value, float(least.sum()), float(np.maximum.reduce(corners).sum()), baseline, current)


def kullback_leibler(baseline: Binned, current: Binned, fill: Fill) -> Distance:
    """Return the relative entropy of the baseline to the current side in nats, of filled shares that sum to 1 again."""
    (p_low, p, p_high), (q_low, q, q_high) = (
        _summing_to_1(_filled(baseline, fill)),
        _summing_to_1(_filled(current, fill)),
    )
    value = float((p * np.log(p / q)).sum())
    most = np.maximum(p_low * np.log(p_low / q_low), p_high * np.log(p_high / q_low))
    lowest = np.clip(q_high / math.e, p_low, p_high)  # where p ln(p / q) is least
    least = lowest * np.log(lowest / q_high)
    return _between(value, float(least.sum()), float(most.sum()), baseline, current)


def _between(value: float, least: float, most: float, baseline: Binned, current: Binned) -> Distance:
    exact = baseline.exact and current.exact
    return Distance(value, 0.0 if exact else max(most - value, value - least))


def _filled(side: Binned, fill: Fill) -> tuple[Floats, Floats, Floats]:
    """Return the shares, filled, with the least and the most that they can be on either side."""
    rows = float(side.counts.sum())
    low, high = fill.between(np.maximum(side.counts - side.loose, 0.0), side.counts + side.loose, rows)
    shares = fill.shares(side.counts, rows)
    return np.minimum(low, shares), shares, np.maximum(high, shares)


def _summing_to_1(sides: tuple[Floats, Floats, Floats]) -> tuple[Floats, Floats, Floats]:
    """Divide shares, and the least and the most that they can be, by what all of them may sum to."""
    low, shares, high = sides
    total = float(shares.sum())
    room = _FILL * len(shares) if (low < high).any() else 0.0
    return low / (total + room), shares / total, high / (total - room)


def _shares(side: Binned) -> Floats:
    return np.asarray(side.counts / side.counts.sum(), np.float64)


def _relative_entropy(p: Floats, q: Floats) -> float:
    held = p > 0
    return float((p[held] * np.log(p[held] / q[held])).sum())


def _moved(side: Binned) -> float:
    """Bound how far these shares can be from the tool's own, in both distances."""
    p = _shares(side)
    off = side.loose / side.counts.sum()
    down, moves = np.minimum(off, p), off > 0
    terms = np.maximum(_ratio(down, 2 * p - down), _ratio(off, 2 * p + off))[moves]
    return math.sqrt(float(terms.sum()) / 2)


def _ratio(move: Floats, both: Floats) -> Floats:
    return np.divide(move**2, both, out=np.zeros_like(move), where=both > 0)
