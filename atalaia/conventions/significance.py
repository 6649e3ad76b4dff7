"""The p-values that other tools take from SciPy: of counts, and of the largest distance of distribution functions."""

from __future__ import annotations

import math

import numpy as np

from atalaia.profile.values import Ints
from atalaia.signals.tails import chi_square_tail, kolmogorov_tail

MOST_EXACT = 10_000
"""Up to so many rows on either side SciPy counts paths; beyond, it takes the limit's distribution."""

_SURE = 350.0  # beyond it a p-value is below 1e-300


def goodness_of_fit(expected: Ints, seen: Ints) -> float:
    """Return the p-value of Pearson's test that *seen* has the shares of *expected*; shape (categories,) each.

    A category that is not expected at all makes it 0.
    """
    held = (expected + seen) > 0
    expected, seen = expected[held], seen[held]
    if (expected == 0).any():
        return 0.0
    wanted = expected * (seen.sum() / expected.sum())
    return chi_square_tail(len(seen) - 1, float(((seen - wanted) ** 2 / wanted).sum())) if len(seen) > 1 else 1.0


def contingency(baseline: Ints, current: Ints) -> tuple[float, float]:
    """Return Pearson's two-sample statistic and its p-value; of two categories with Yates' correction, like SciPy."""
    held = (baseline + current) > 0
    table = np.stack((baseline[held], current[held])).astype(np.float64)
    expected = table.sum(axis=0) * table.sum(axis=1, keepdims=True) / table.sum()
    apart, freedom = np.abs(table - expected), int(held.sum()) - 1
    if freedom == 1:
        apart = np.maximum(apart - 0.5, 0.0)
    statistic = float((apart**2 / expected).sum())
    return statistic, chi_square_tail(freedom, statistic) if freedom else 1.0


def proportions(baseline: Ints, current: Ints) -> float:
    """Return the two-sided p-value of the z-test that the first category's share is the same on both sides."""
    n, m = int(baseline.sum()), int(current.sum())
    p, q = baseline[0] / n, current[0] / m
    pooled = float(baseline[0] + current[0]) / (n + m)
    variance = pooled * (1 - pooled) * (1 / n + 1 / m)
    return math.erfc(abs(p - q) / math.sqrt(2 * variance)) if variance > 0 else 1.0


def kolmogorov(distance: float, n: int, m: int) -> float:
    """Return the probability of at least this *distance* between two samples of *n* and *m* values of one distribution.

    Up to `MOST_EXACT` values it is exact: of all orders of the n + m values, without ties, the share in which the two
    functions come that far apart. Each order is a path on a grid; the chance to have been outside up to a point of the
    grid is the weighted mean of that at the two points before it. Beyond, it is Kolmogorov's limit with the correction
    of Vrbik for finite samples, which SciPy's value differs from by less than 0.00002.

    Sources: Hodges (1958), "The significance probability of the Smirnov two-sample test"; Vrbik (2018), "Small-sample
    corrections to Kolmogorov-Smirnov test statistic".
    """
    effective = n * m / (n + m)
    if distance <= 0:
        return 1.0
    if max(n, m) > MOST_EXACT or effective * distance**2 > _SURE:
        root = math.sqrt(round(effective))
        z = distance * root
        return kolmogorov_tail(z + 1 / (6 * root) + (z - 1) / (4 * root * root))
    return _outside(n, m, distance)


def _outside(n: int, m: int, distance: float) -> float:
    """Return the share of paths from (0, 0) to (n, m) that touch |i/n - j/m| >= distance; diagonal by diagonal."""
    reach = round(distance * n * m / math.gcd(n, m)) * math.gcd(n, m)
    outside = np.ones(n + 3)  # place i + 1 is the point of the diagonal whose first coordinate is i
    outside[1] = 0.0
    for diagonal in range(1, n + m + 1):
        first = max(0, diagonal - m, (diagonal * n - reach) // (n + m) + 1)
        last = min(n, diagonal, -((-diagonal * n - reach) // (n + m)) - 1)
        i = np.arange(first, last + 1)
        mixed = (i * outside[i] + (diagonal - i) * outside[i + 1]) / diagonal
        outside[first], outside[last + 2] = 1.0, 1.0
        outside[first + 1 : last + 2] = mixed
    return float(outside[n + 1])
