"""Drift metrics on shares and counts per bin: pure functions of arrays, for all columns of a window at once.

Each takes the baseline and the current window as arrays of shape (..., bins) and measures along the last axis: the
result has shape (...), a number for each column. *Shares* sum to 1 along that axis; *counts* are how many values lie in
each bin, some on either side. Columns of unlike size are stacked by filling them up with bins that both sides leave
empty: these change no metric.

Logarithms are natural, so their unit is the nat, unless base 2 (the bit) is said.
"""

from __future__ import annotations

import math

import numpy as np

from atalaia.profile.values import Floats, Ints

FLOOR = 1e-4
"""The least that a share counts as where its logarithm is needed, as is usual in credit scoring."""

ROBUST = 1.8
"""By how many times sqrt(1/n + 1/m) `l_infinity_robust` is lower: Kolmogorov's quantile at a probability of 0.003."""


def psi(baseline: Floats, current: Floats) -> Floats:
    """Population stability index: the sum of (q - p) ln(q / p), in nats; 0 if equal, at most 18.4.

    Shares below 0.0001 count as 0.0001 on either side; nothing is renormalised.

    Example:
        >>> round(float(psi(np.array([0.5, 0.5]), np.array([0.6, 0.4]))), 4)
        0.0405

    Source: J-divergence, Jeffreys (1946).
    """
    p, q = np.maximum(baseline, FLOOR), np.maximum(current, FLOOR)
    return _sum((q - p) * np.log(q / p))


def kullback_leibler(baseline: Floats, current: Floats) -> Floats:
    """Kullback-Leibler divergence of the current shares from the baseline's: sum of q ln(q / p) - q + p, in nats.

    What a row of the window surprises one who believes the baseline more than one who knows the window. 0 if equal, at
    most 9.3. Not symmetric: a new category weighs heavily, one that is gone does not.

    Shares below 0.0001 count as 0.0001 on either side, so it is never infinite; -q + p makes up for it that these no
    longer sum to 1, and adds nothing where all shares are larger. The two directions sum to the `psi`.

    Example:
        >>> round(float(kullback_leibler(np.array([0.5, 0.5]), np.array([0.6, 0.4]))), 4)
        0.0201

    Source: Kullback and Leibler (1951); for sums other than 1 the I-divergence, Csiszár (1991).
    """
    p, q = np.maximum(baseline, FLOOR), np.maximum(current, FLOOR)
    return np.maximum(_sum(q * np.log(q / p) - (q - p)), 0.0)


def jensen_shannon_divergence(baseline: Floats, current: Floats) -> Floats:
    """Jensen-Shannon divergence in base 2, in bits: the square of the distance; 0 if equal, 1 if nothing is shared.

    Times ln 2 it is the divergence in nats.

    Source: Lin (1991).
    """
    middle = (baseline + current) / 2
    divergence = (_entropy_above(baseline, middle) + _entropy_above(current, middle)) / (2 * math.log(2))
    return np.minimum(np.maximum(divergence, 0.0), 1.0)


def jensen_shannon(baseline: Floats, current: Floats) -> Floats:
    """Jensen-Shannon distance: the root of the divergence in base 2; 0 if equal, 1 if nothing is shared.

    Example:
        >>> float(jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0])))
        1.0

    Source: Endres and Schindelin (2003).
    """
    return np.sqrt(jensen_shannon_divergence(baseline, current))


def hellinger(baseline: Floats, current: Floats) -> Floats:
    """Hellinger distance: the Euclidean distance of the shares' roots over sqrt(2); 0 if equal, 1 if nothing is shared.

    Source: Hellinger (1909).
    """
    apart = np.sqrt(baseline) - np.sqrt(current)
    return np.minimum(np.sqrt(_sum(apart * apart) / 2), 1.0)


def total_variation(baseline: Floats, current: Floats) -> Floats:
    """Total variation distance: half the sum of the shares' absolute differences; 0 if equal, 1 if nothing is shared.

    It is the largest difference that any set of bins has in its share.

    Source: half the variation of the difference, Jordan (1881).
    """
    return np.minimum(_sum(np.abs(baseline - current)) / 2, 1.0)


def l_infinity(baseline: Floats, current: Floats) -> Floats:
    """Largest absolute difference of any bin's share; 0 if equal, 1 if each side fills one bin of its own.

    Source: Chebyshev's distance; Deequ's `linf_simple` of categories.
    """
    largest: Floats = np.abs(baseline - current).max(axis=-1, initial=0.0)
    return largest


def l_infinity_robust(baseline: Ints, current: Ints) -> Floats:
    """Largest absolute difference of any bin's share, less 1.8 sqrt(1/n + 1/m) for n and m counts; 0 to below 1.

    What is taken off is the distance of two distribution functions that chance alone exceeds with a probability of
    about 0.003; a share's difference exceeds it more rarely still.

    Source: Deequ's `linf_robust` of categories, the default of SageMaker Model Monitor.
    """
    n, m = _total(baseline), _total(current)
    return robust(l_infinity(baseline / n[..., None], current / m[..., None]), n, m)


def robust(distance: Floats | float, n: Floats | int, m: Floats | int) -> Floats:
    """Lower an L-infinity *distance* of *n* values from *m* others by Deequ's robust term, to 0 at the least."""
    return np.maximum(distance - ROBUST * np.sqrt(1 / n + 1 / m), 0.0)


def chi_square(baseline: Ints, current: Ints) -> tuple[Floats, Ints]:
    """Pearson's two-sample chi-square of the counts, without continuity correction; 0 if the shares are equal.

    It grows with the counts, up to their number on both sides, and has no unit.

    Returns:
        The statistic, and its degrees of freedom: bins that either side holds anything in, less one.

    Source: Pearson (1900), as a 2 x bins contingency table.
    """
    n, m, held = _total(baseline), _total(current), _either(baseline, current)
    apart = baseline / n[..., None] - current / m[..., None]
    return n * m * _sum(apart * apart / held), _freedom(baseline, current)


def cohen_w(baseline: Ints, current: Ints) -> Floats:
    """Cohen's w of the counts: the root of the sum of (p - q)² / r, r being the share of both sides together.

    It is what the chi-square statistic says of the effect, whatever the sizes: the root of statistic / (n m / (n + m)).
    0 if the shares are equal; 0.1 is a small effect, 0.3 a medium and 0.5 a large one (Cohen). At most
    (n + m) / sqrt(n m), if nothing is shared.

    Example:
        >>> float(cohen_w(np.array([50, 50]), np.array([60, 40])).round(4))
        0.201

    Source: Cohen (1988), chapter 7.
    """
    apart = baseline / _total(baseline)[..., None] - current / _total(current)[..., None]
    pooled = (baseline + current) / (_total(baseline) + _total(current))[..., None]
    return np.sqrt(_sum(np.divide(apart * apart, pooled, out=np.zeros_like(apart), where=pooled > 0)))


def g_test(baseline: Ints, current: Ints) -> tuple[Floats, Ints]:
    """Likelihood ratio of the counts, G = 2 sum of O ln(O / E), E as if both sides were one; 0 if the shares are equal.

    Without drift and with many counts in each bin it is distributed like `chi_square`. At most 2 ln 2 times the counts
    of both sides.

    Returns:
        The statistic in nats, and its degrees of freedom: bins that either side holds anything in, less one.

    Source: Wilks (1938), as a 2 x bins contingency table, without correction.
    """
    n, m = _total(baseline), _total(current)
    pooled = (baseline + current) / (n + m)[..., None]
    sides = [total * _entropy_above(side / total[..., None], pooled) for side, total in ((baseline, n), (current, m))]
    return np.maximum(2 * (sides[0] + sides[1]), 0.0), _freedom(baseline, current)


def _entropy_above(shares: Floats, others: Floats) -> Floats:
    """Sum of p ln(p / q) over bins with a p, in nats; there the *others* must hold something too."""
    held = shares > 0
    ratio = np.divide(shares, others, out=np.ones_like(shares), where=held)
    return _sum(shares * np.log(ratio))


def _sum(parts: Floats) -> Floats:
    total: Floats = parts.sum(axis=-1)
    return total


def _total(counts: Ints) -> Floats:
    return np.asarray(counts.sum(axis=-1)).astype(np.float64)


def _either(baseline: Ints, current: Ints) -> Floats:
    """Counts of both sides in each bin, 1 for those of none."""
    held: Floats = np.maximum(baseline + current, 1).astype(np.float64)
    return held


def _freedom(baseline: Ints, current: Ints) -> Ints:
    held: Ints = np.not_equal(baseline + current, 0).sum(axis=-1) - 1
    return held
