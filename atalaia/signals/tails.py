"""How likely a statistic or a larger one is without drift: a few distributions, of which SciPy has many.

SciPy would take 150 ms of the first evaluation and 40 MB of a function's bundle, for these.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from atalaia.profile.values import Floats

_SMALL = 1.0  # below it, one series for Kolmogorov's distribution needs few terms; above it, the other one
_TERMS = 8  # leave an error below 1e-17 on either side
_STEPS = 200  # bounds every iteration here; each converges in far fewer
_ROUNDING = 1e-14
_LEAST = 1e-300
_NODES = 256  # give the integral over an arc to the last digit, as its integrand is periodic
_NEGLIGIBLE = 40.0  # of exponents: beyond, a term is less than 1e-17
_CERTAIN = 0.002  # below it, the tail of the Cramér-von Mises distribution is 1 to the last digit
_NEVER = 1000.0  # above it, it is 0


def chi_square_tail(freedom: int, statistic: float) -> float:
    """Return the probability of *statistic* or more under the chi-square distribution of so many degrees of freedom.

    Example:
        >>> round(chi_square_tail(1, 3.841458820694124), 12), chi_square_tail(4, 0.0)
        (0.05, 1.0)
    """
    return gamma_tail(freedom / 2, statistic / 2)


def gamma_tail(shape: float, value: float) -> float:
    """Return the probability of *value* or more under the gamma distribution of this shape and the scale 1.

    That is the regularised upper incomplete gamma function: by its power series where the value is small, by its
    continued fraction where it is large. Ten digits are right up to a shape of 10,000, eight up to a million.

    Example:
        >>> round(gamma_tail(2.5, 3.0), 9)
        0.306218918

    Source: Abramowitz and Stegun (1964), 6.5.29 and 6.5.31; the fraction evaluated after Lentz (1976).
    """
    if not 0 < value < math.inf:
        return 1.0 if value <= 0 else 0.0
    front = math.exp(shape * math.log(value) - value - math.lgamma(shape))
    if value < shape + 1:
        return max(0.0, 1 - front * _series(shape, value))
    return front * _fraction(shape, value)


def _series(shape: float, value: float) -> float:
    term = total = 1 / shape
    for step in range(1, int(_STEPS + 20 * math.sqrt(shape))):
        term *= value / (shape + step)
        total += term
        if term < total * _ROUNDING:
            break
    return total


def _fraction(shape: float, value: float) -> float:
    bottom = value + 1 - shape
    upper, lower = 1 / _LEAST, 1 / bottom
    product = lower
    for step in range(1, int(_STEPS + 20 * math.sqrt(shape))):
        factor = step * (shape - step)
        bottom += 2
        lower, upper = factor * lower + bottom, bottom + factor / upper
        lower = 1 / (lower if abs(lower) > _LEAST else _LEAST)
        upper = upper if abs(upper) > _LEAST else _LEAST
        change = upper * lower
        product *= change
        if abs(change - 1) < _ROUNDING:
            break
    return product


def normal_tail(value: float) -> float:
    """Return the probability of *value* or more under the standard normal distribution."""
    return math.erfc(value / math.sqrt(2)) / 2


@lru_cache(maxsize=256)  # every column of every window asks for the same few
def normal_quantile(probability: float) -> float:
    """Return the value that a standard normal variable exceeds with this *probability*, from 1e-300 to a half."""
    return value_at(normal_tail, probability, 2.0)


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


@lru_cache(maxsize=1024)  # of each column it is asked for twice, and of its limit again and again
def cramer_von_mises_tail(statistic: float) -> float:
    """Return the probability of *statistic* or more under the limit of the Cramér-von Mises statistic's distribution.

    That is the distribution of the sum over k of (Z_k / (k pi))², for independent standard normals Z_k. The tail is an
    alternating sum of integrals over the intervals in which the sine is negative; they fall fast, so nothing is lost.

    Example:
        >>> round(cramer_von_mises_tail(0.46136), 5), cramer_von_mises_tail(0.0)
        (0.05, 1.0)

    Source: Smirnov (1936), in the form of Anderson and Darling (1952), there with a table.
    """
    if not _CERTAIN < statistic < _NEVER:
        return 1.0 if statistic <= _CERTAIN else 0.0
    arcs = np.arange(1, math.ceil(math.sqrt(2 * _NEGLIGIBLE / statistic) / (2 * math.pi)) + 1)[:, None]
    places = (2 * arcs - 0.5) * math.pi - _TURNED
    sines = _SINES / np.sqrt(places * _COSINES)
    parts = (np.exp(-statistic / 2 * places * places) * sines).mean(axis=1) * math.pi
    return min(max(float(parts[::2].sum() - parts[1::2].sum()), 0.0), 1.0)


_ANGLES = (np.arange(_NODES) + 0.5) * math.pi / _NODES
_TURNED = math.pi / 2 * np.cos(_ANGLES)
_SINES, _COSINES = np.sin(_ANGLES), np.cos(_TURNED)


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


def quadratic_tail(weights: Floats, value: float) -> float:
    """Return the probability of *value* or more of a sum of squared standard normal variables, each times its weight.

    By a saddlepoint of the cumulant function: the relative error stays small however small the probability. It is
    largest where one weight outweighs all: from 3 % too small at one half to 14 % too large far out; with two equal
    weights, or more, at most 7 %.

    Args:
        weights: Above 0; shape (variables,).
        value: The sum.

    Example:
        >>> round(quadratic_tail(np.ones(9), 16.918977604620448), 3)  # chi-square, nine degrees: 0.05
        0.05

    Source: Lugannani and Rice (1980), in the form of Barndorff-Nielsen (1990); Kuonen (1999) for quadratic forms.
    """
    return quadratic_tails(weights)(value)


def quadratic_tails(weights: Floats) -> Callable[[float], float]:
    """Return `quadratic_tail` of one sum, for many values."""
    largest = float(weights.max())
    scaled = weights / largest
    mean = float(scaled.sum())

    def tail(value: float) -> float:
        sum_ = value / largest
        if sum_ <= _NOTHING:
            return 1.0
        return _scaled_tail(scaled, mean, sum_) if sum_ <= _ALL * len(scaled) else 0.0

    return tail


def _scaled_tail(weights: Floats, mean: float, value: float) -> float:
    point = _saddlepoint(weights, mean, value)
    terms = weights / (1 - 2 * point * weights)
    scale = math.sqrt(2 * float(terms @ terms))
    if abs(point) * scale < _NEAR:
        return _tail_at_mean(weights, value)
    height = -0.5 * float(np.add.reduce(np.log1p(-2 * point * weights)))
    root = math.copysign(math.sqrt(max(2 * (point * value - height), 0.0)), point)
    return min(1.0, normal_tail(root + math.log(point * scale / root) / root))


_NEAR = 1e-3  # so near the mean the formula is 0 / 0: this is its limit there
_NOTHING, _ALL = 1e-40, 1e4  # of the largest weight: beyond, the probability is 1 or 0 to the last digit


def _tail_at_mean(weights: Floats, value: float) -> float:
    """Return what the formula comes to near the mean, from the cumulants: to the first power of the distance."""
    variance = 2 * float((weights**2).sum())
    skewness = 8 * float((weights**3).sum()) / variance**1.5
    kurtosis = 48 * float((weights**4).sum()) / variance**2
    away = (value - float(weights.sum())) / math.sqrt(variance)
    return normal_tail(skewness / 6 + away * (1 + kurtosis / 8 - 7 * skewness**2 / 36))


def _saddlepoint(weights: Floats, mean: float, value: float) -> float:
    """Return where the cumulant function of the weighted sum has the slope *value*; the largest weight is 1.

    By Newton's method on the slope's inverse, which is nearly a straight line (and one where all weights are equal),
    begun where a single weight with this *mean* would have it.
    """
    low, high = -0.5 * len(weights) / value - 1.0, 0.5
    point = (1 - mean / value) / 2
    for _ in range(_STEPS):
        terms = weights / (1 - 2 * point * weights)
        slope = float(np.add.reduce(terms))
        low, high = (point, high) if slope < value else (low, point)
        step = (1 - slope / value) * slope / (2 * float(terms @ terms))
        if abs(step) <= 1e-12 * max(abs(point), 1e-6):
            return point + step
        point = point + step if low < point + step < high else (low + high) / 2
    return point


def value_at(tail: Callable[[float], float], probability: float, guess: float) -> float:
    """Return the value (above 0) whose *tail*, which falls, is *probability*; sought from *guess* (above 0) on.

    Its tail is at most the probability, and that of a value a millionth below it at least. By false position on the
    logarithms, which are nearly straight lines far out.
    """
    probability *= 1 + _ROUNDED  # a tail that is the probability, but for rounding, is no larger
    wanted = math.log(probability)

    def above(value: float) -> float:
        return math.log(max(tail(value), _DENORMAL)) - wanted

    low, high, before, behind = _around(above, guess)
    for _ in range(_STEPS):
        if high - low <= _NEAR_ENOUGH * high or not before > 0 > behind:
            break
        middle = low + (high - low) * before / (before - behind)
        found = above(middle)
        if found > 0:
            low, before, behind = middle, found, behind / 2  # the Illinois step: else one side would never move
        else:
            high, behind, before = middle, found, before / 2
    return high


_NEAR_ENOUGH = 1e-6
_ROUNDED = 1e-12
_DENORMAL = 5e-324  # the least positive float: a tail of 0 has a logarithm by it


def _around(above: Callable[[float], float], guess: float) -> tuple[float, float, float, float]:
    """Return two values, of which the first one's tail is *above* what is wanted and the second one's not, and both."""
    low = high = guess
    before = behind = above(guess)
    for _ in range(_STEPS):
        if behind <= 0:
            break
        low, before = high, behind
        high *= 1.5
        behind = above(high)
    for _ in range(_STEPS):
        if low < _LEAST or before > 0:
            break
        high, behind = low, before
        low /= 1.5
        before = above(low)
    return low, high, before, behind


def first_above(rising: Callable[[int], float], most: int, guess: int) -> int:
    """Return the first whole number from 1 on at which what is *rising* has come to 0; *most* if none below it has.

    By false position from a *guess* on; every fourth step halves what is left, so that no form of it takes long.
    """
    low, high = 0, most
    before, behind = rising(low), math.nan
    place, tried = guess, 0
    while high - low > 1:
        place, tried = min(max(place, low + 1), high - 1), tried + 1
        found = rising(place)
        if found >= 0:
            high, behind = place, found
        else:
            low, before = place, found
        if high == most:
            place *= 4
        elif tried % 4:
            place = low + round((high - low) * before / (before - behind))
        else:
            place = (low + high) // 2
    return high
