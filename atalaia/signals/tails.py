"""How likely a test's statistic or a larger one is without drift: three distributions, of which SciPy has many.

SciPy would take 150 ms of the first evaluation and 40 MB of a function's bundle, for these few.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from atalaia.profile.values import Floats

_SMALL = 1.0  # below it, one series for Kolmogorov's distribution needs few terms; above it, the other one
_TERMS = 8  # leave an error below 1e-17 on either side
_NODES = 256  # give the integral over an arc to the last digit, as its integrand is periodic
_NEGLIGIBLE = 40.0  # of exponents: beyond, a term is less than 1e-17
_CERTAIN = 0.002  # below it, the tail of the Cramér-von Mises distribution is 1 to the last digit


def chi_square_tail(freedom: int, statistic: float) -> float:
    """Return the probability of *statistic* or more under the chi-square distribution of so many degrees of freedom.

    The regularised upper incomplete gamma function Q(freedom / 2, statistic / 2) is a finite sum at halves of whole
    numbers; all its terms are positive, so nothing is lost by adding them.

    Example:
        >>> round(chi_square_tail(1, 3.841458820694124), 12), chi_square_tail(4, 0.0)
        (0.05, 1.0)

    Source: Abramowitz and Stegun (1964), 26.4.4 and 26.4.5.
    """
    half = statistic / 2
    if not 0 < half < math.inf:
        return 1.0 if half <= 0 else 0.0
    rest = freedom % 2 / 2
    count = (freedom + 1) // 2 - (1 if rest else 0)
    powers = np.arange(count) + rest
    terms = np.exp(powers * math.log(half) - half - _log_factorials(rest, 1 << count.bit_length())[:count])
    return min(1.0, (math.erfc(math.sqrt(half)) if rest else 0.0) + float(terms.sum()))


@lru_cache(maxsize=64)  # one for each power of two
def _log_factorials(first: float, count: int) -> Floats:
    """Return the logarithms of the factorials of *first* and the numbers one, two, … above; shape (count,)."""
    return np.array([math.lgamma(first + step + 1) for step in range(count)])


def kolmogorov_tail(distance: float) -> float:
    """Return the probability of *distance* or more under Kolmogorov's distribution: that of sqrt(n) D for large n.

    Example:
        >>> round(kolmogorov_tail(1.3580986393225505), 12), kolmogorov_tail(0.0)
        (0.05, 1.0)

    Source: Kolmogorov (1933); for small distances by the functional equation of theta functions.
    """
    if distance <= 0:
        return 1.0
    steps = range(1, _TERMS + 1)
    if distance < _SMALL:
        angle = math.pi / distance
        below = math.fsum(math.exp(-(2 * step - 1) * angle * (2 * step - 1) * angle / 8) for step in steps)
        return 1 - math.sqrt(2 * math.pi) / distance * below if below else 1.0
    return 2 * math.fsum((-1) ** (step + 1) * math.exp(-2 * step * distance * step * distance) for step in steps)


def cramer_von_mises_tail(statistic: float) -> float:
    """Return the probability of *statistic* or more under the limit of the Cramér-von Mises statistic's distribution.

    That is the distribution of the sum over k of (Z_k / (k pi))², for independent standard normals Z_k. The tail is an
    alternating sum of integrals over the intervals in which the sine is negative; they fall fast, so nothing is lost.

    Example:
        >>> round(cramer_von_mises_tail(0.46136), 5), cramer_von_mises_tail(0.0)
        (0.05, 1.0)

    Source: Smirnov (1936), in the form of Anderson and Darling (1952), there with a table.
    """
    if statistic <= _CERTAIN:
        return 1.0
    arcs = np.arange(1, math.ceil(math.sqrt(2 * _NEGLIGIBLE / statistic) / (2 * math.pi)) + 1)[:, None]
    angles = (np.arange(_NODES) + 0.5) * math.pi / _NODES
    places = (2 * arcs - 0.5) * math.pi - math.pi / 2 * np.cos(angles)
    sines = np.sin(angles) / np.sqrt(places * np.cos(math.pi / 2 * np.cos(angles)))
    parts = (np.exp(-statistic / 2 * places * places) * sines).mean(axis=1) * math.pi
    return min(max(float(parts[::2].sum() - parts[1::2].sum()), 0.0), 1.0)


def two_sample_cramer_von_mises_tail(distance: float, n: int, m: int) -> float:
    """Return the probability of a Cramér-von Mises *distance* (0..0.577) or more between samples of *n* and *m* values.

    The statistic T is brought to the mean and the variance of the limit; without ties its own are known exactly. With
    ties T is smaller and varies less, so that the probability is given too large rather than too small.

    Source: Anderson (1962).
    """
    both = n + m
    variance = (both + 1) * (4 * n * m * both - 3 * (n * n + m * m) - 2 * n * m) / (180 * both * both * n * m)
    if variance <= 0:  # one value each: the statistic is always the same
        return 1.0
    above_mean = distance * distance * (n * m / both) - 1 / 6
    return cramer_von_mises_tail(1 / 6 + above_mean / math.sqrt(45 * variance))
