"""What chance makes of the difference of single shares: each bin's part is hypergeometric, given both samples together.

Absolute differences have a kink at 0, so what holds for smooth sums over bins (`atalaia.signals.chance.of_sum`) does
not for theirs: that all parts add up to the window's size must be taken into account for each pair of bins.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from atalaia.profile.values import Floats, Ints
from atalaia.signals.tails import value_at

_REACH = 8.0  # standard deviations of a bin's part that are looked at
_POINTS = 161  # more values than this of one bin's part are looked at evenly
_COMMONEST = 64  # bins whose parts depend on others'; a smaller one holds less than a 64th of all
_CERTAIN = 1 - 1e-15


def of_largest(baseline: Ints, current: Ints) -> Callable[[float], float]:
    """Return the tail of the largest difference of a bin's share, as if bins varied apart: that is on the safe side."""
    return _of_any(*_totals(baseline, current), int(baseline.sum()), int(current.sum()))


def of_steps(baseline: Ints, current: Ints) -> Callable[[float], float]:
    """Return the same for the shares up to each bin's end, that is for the distance of two distribution functions."""
    ends = np.unique(np.cumsum(baseline + current))
    inner = ends[(ends > 0) & (ends < ends[-1])]
    if not len(inner):
        return lambda value: float(value <= 0)
    return _of_any(inner, np.ones_like(inner), int(baseline.sum()), int(current.sum()))


def _of_any(totals: Ints, repeated: Ints, n: int, m: int) -> Callable[[float], float]:
    differences, chances = _differences(totals, n, m)

    def tail(value: float) -> float:
        passed = np.where(differences >= value * (1 - 1e-12), chances, 0.0).sum(axis=1)
        return float(-np.expm1((repeated * np.log1p(-np.minimum(passed, _CERTAIN))).sum()))

    return tail


def of_variation(baseline: Ints, current: Ints) -> tuple[float, float]:
    """Return the mean and the standard deviation of the total variation distance, under no drift.

    The mean of a bin's absolute difference, and its variance, are exact. How far those of two bins depend on each other
    is taken from two normal variables with the correlation of their parts.
    """
    n, m = int(baseline.sum()), int(current.sum())
    totals, repeated = _totals(baseline, current)
    differences, chances = _differences(totals, n, m)
    means = (chances * differences).sum(axis=1)
    alone = (chances * differences**2).sum(axis=1) - means**2
    whole = float((repeated * alone).sum()) + _together(means, totals / (n + m), repeated)
    return float((repeated * means).sum()) / 2, math.sqrt(max(whole, 0.0)) / 2


def dimensions(mean: float, std: float) -> float:
    """Return of how many dimensions a standard normal vector's length varies as much, for its mean."""

    def varies(freedom: float) -> float:
        if freedom > _MANY:
            return (1 + 1 / (4 * freedom)) / (2 * freedom)
        return freedom / 2 * math.exp(2 * (math.lgamma(freedom / 2) - math.lgamma((freedom + 1) / 2))) - 1

    return value_at(varies, (std / mean) ** 2, 1.0)


_MANY = 1000


def _together(means: Floats, shares: Floats, repeated: Ints) -> float:
    """Return twice the sum of the covariances of all pairs of absolute differences, of which one is of a common bin.

    For normal X and Y with the correlation r, E|XY| = E|X| E|Y| (sqrt(1 - r²) + r asin r).
    """
    common = slice(-_COMMONEST, None)  # totals rise
    odds = shares / np.maximum(1 - shares, 1e-12)
    squares = np.minimum(odds[common, None] * odds, 1.0)
    roots = np.sqrt(squares)
    more = np.sqrt(1 - squares) + roots * np.arcsin(roots) - 1
    pairs = repeated[common, None] * repeated
    own = np.arange(len(odds))[common]
    rows = np.arange(len(own))
    pairs[rows, own] -= repeated[own]  # none with itself
    counted = np.where(np.arange(len(odds)) >= own[0], 1, 2)  # a pair of two common bins is met from both
    return float((pairs * counted * means[common, None] * means * more).sum())


def _totals(baseline: Ints, current: Ints) -> tuple[Ints, Ints]:
    """Return the different totals of bins that hold something, rising, and how many bins have each."""
    held = (baseline + current)[(baseline + current) > 0]
    totals, repeated = np.unique(held, return_counts=True)
    return totals, repeated


def _differences(totals: Ints, n: int, m: int) -> tuple[Floats, Floats]:
    """Return what the share's difference may be of bins with these totals, and how likely; shape (bins, values) each.

    A bin's part of the window is a draw of as many as its total from n + m, of which m are the window's.
    """
    both = n + m
    middle = totals * (m / both)
    reach = _REACH * np.sqrt(middle * (n / both) * (1 - totals / both)) + _REACH
    low = np.maximum(np.floor(middle - reach), np.maximum(totals - n, 0))
    high = np.minimum(np.ceil(middle + reach), np.minimum(totals, m))
    stride = np.maximum(1.0, np.ceil((high - low) / (_POINTS - 1)))
    steps = np.arange(int(((high - low) / stride).max()) + 1)
    values = low[:, None] + steps * stride[:, None]
    inside = values <= high[:, None]
    values = np.where(inside, values, high[:, None])
    rest = totals[:, None] - values
    logs = -np.sum([log_factorial(part) for part in (values, m - values, rest, n - rest)], axis=0)
    chances = np.where(inside, np.exp(logs - logs.max(axis=1, keepdims=True)), 0.0)
    return np.abs(values / m - rest / n), chances / chances.sum(axis=1, keepdims=True)


def log_factorial(values: Floats | Ints) -> Floats:
    """Stirling's series for log(v!), exact to 1e-9 from 16 on; below it, from a table."""
    large = np.maximum(values, 16).astype(np.float64) + 1.0
    series = (
        (large - 0.5) * np.log(large) - large + 0.5 * math.log(2 * math.pi) + 1 / (12 * large) - 1 / (360 * large**3)
    )
    table = _SMALL_FACTORIALS[np.minimum(values, 15).astype(np.int64)]
    return np.where(np.asarray(values) < 16, table, series)


_SMALL_FACTORIALS = np.array([math.lgamma(value + 1) for value in range(16)])
