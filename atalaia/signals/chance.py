"""What chance alone makes of a drift metric: its distribution when baseline and window come from one and the same law.

Two samples of sizes n and m differ even if nothing has drifted, the more so the smaller they are. A limit that knows
this is a quantile of the metric's null distribution; how likely the measured value or more is under it, is its p-value.

- Metrics that are sums over bins, given what both samples hold together in each bin: by their moments, or exact
  (`atalaia.signals.bin_sums`).
- The Cramér-von Mises gap: its limit is a weighted sum of chi-squares whose weights are the eigenvalues of the Brownian
  bridge on the values' own steps (Anderson and Darling 1952), so that ties count as what they are.
- Kolmogorov-Smirnov: Kolmogorov's distribution, which is never below the true probability where values are tied; where
  there are few different ones, the least of it and of what the parts at each step add up to.
- Total variation and the largest difference of a share: from the hypergeometric parts of all bins
  (`atalaia.signals.marginals`). The former is extended as the length of a normal vector, which it is for two bins.
- Wasserstein: bridges drawn on the baseline's own cells with a fixed seed, extended by their three moments.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
from msgspec import Struct

from atalaia.profile import NumericGrid, NumericSummary
from atalaia.profile.kept import kept
from atalaia.profile.values import Floats, Ints
from atalaia.signals import shares
from atalaia.signals.bin_sums import Moments, null_sum
from atalaia.signals.drift import Sides, of_lengths, table_of
from atalaia.signals.marginals import dimensions, of_largest, of_steps, of_variation
from atalaia.signals.quality import values_of
from atalaia.signals.tails import (
    gamma_tail,
    kolmogorov_tail,
    quadratic_tails,
    two_sample_cramer_von_mises_tail,
    value_at,
)

_TERMS = 40  # of the weights of a column without ties; the rest is constant to one part in a hundred
_TIED = 0.02  # a value that so many rows share is a step of its own
_STEP = 0.01  # smaller ones are taken together, as much as this
_DRAWS = 4000


class Chance(Struct, frozen=True):
    """The null distribution of one metric on one column at the sizes of its two samples.

    Attributes:
        tail: The probability of a value of the metric or more.
        limit: From a probability, the value that chance exceeds with it.
        detectable: From a limit, the smallest true value of the metric with which four of five windows exceed it.
    """

    tail: Callable[[float], float]
    limit: Callable[[float], float]
    detectable: Callable[[float], float]


def _chance(tail: Callable[[float], float], typical: float, detectable: Callable[[float], float]) -> Chance:
    """Return a null distribution by its tail alone; *typical* is a value that chance makes often."""
    return Chance(tail, lambda probability: value_at(tail, probability, typical), detectable)


def effective_rows(n: int, m: int) -> float:
    """Return n·m / (n + m): so many rows against a known law are as uncertain as the two against each other."""
    return n * m / (n + m)


def of_quadratic(moments: Moments) -> Callable[[float], float]:
    """Return for a sum that grows with the square of what moved: from its limit, the smallest that is detectable."""
    scale = moments.std**2 / (2 * moments.mean) if moments.mean > 0 else 0.0
    return lambda limit: _beyond(limit, moments.mean, scale, moments.std**2)


def _beyond(limit: float, mean: float, weight: float, variance: float) -> float:
    """Return what must be added to a quadratic form's *mean*, so that it passes *limit* four times out of five.

    What is added adds to the variance, too: 4 times the weight of the direction that moved.
    """
    push = limit - mean + 2 * _FOUR_OF_FIVE**2 * weight
    return push + math.sqrt(max(push**2 - (limit - mean) ** 2 + _FOUR_OF_FIVE**2 * variance, 0.0))


_FOUR_OF_FIVE = 0.8416212335729143  # the standard normal's quantile


def of_gap(pooled: Ints, n: int, m: int) -> Chance:
    """Return the null distribution of the Cramér-von Mises gap.

    Args:
        pooled: How many values both samples hold at each step of the distribution function; shape (steps,).
        n: The baseline's values.
        m: The window's values.
    """
    rows, mean = effective_rows(n, m), _mean_of_gap(pooled)
    if pooled.max() < _TIED * pooled.sum():
        return Chance(partial(_untied_tail, n, m), partial(_untied_limit, n, m), partial(_seen, mean, _UNTIED, rows))
    weights = _bridge_weights(pooled)
    rest = mean - float(weights.sum())
    beyond = quadratic_tails(weights) if len(weights) else None

    def tail(value: float) -> float:
        return float(value <= 0) if beyond is None else beyond(rows * value * value - rest)

    return _chance(tail, math.sqrt(max(mean, 1e-12) / rows), partial(_seen, mean, weights, rows))


def _mean_of_gap(pooled: Ints) -> float:
    """Return the mean of the squared Brownian bridge, straight between the ends of its steps."""
    mass = pooled / pooled.sum()
    ends = np.cumsum(mass)
    begins = ends - mass
    parts = begins * (1 - begins) + begins * (1 - ends) + ends * (1 - ends)
    return float((mass * parts).sum() / 3)


def _seen(mean: float, weights: Floats, rows: float, limit: float) -> float:
    largest, variance = float(weights.max(initial=0.0)), 2 * float((weights**2).sum())
    return math.sqrt(max(_beyond(rows * limit * limit, mean, largest, variance), 0.0) / rows)


def _untied_tail(n: int, m: int, value: float) -> float:
    return two_sample_cramer_von_mises_tail(value, n, m)


@lru_cache(maxsize=256)  # that of all columns of a window that have no ties
def _untied_limit(n: int, m: int, probability: float) -> float:
    return value_at(partial(_untied_tail, n, m), probability, 0.4 / math.sqrt(effective_rows(n, m)))


_UNTIED = 1 / (np.arange(1, _TERMS + 1) * math.pi) ** 2


def _bridge_weights(pooled: Ints) -> Floats:
    """Return the largest eigenvalues of the squared Brownian bridge, straight between the ends of its steps."""
    mass = _taken_together(pooled / pooled.sum())
    ends = np.cumsum(mass)[:-1]
    if not len(ends):
        return np.empty(0)
    bridge = np.minimum(ends, ends[:, None]) - ends * ends[:, None]
    weights = np.diag((mass[:-1] + mass[1:]) / 3)
    between = np.arange(len(ends) - 1)
    weights[between, between + 1] = weights[between + 1, between] = mass[1:-1] / 6
    root = np.linalg.cholesky(weights)
    found = np.linalg.eigvalsh(root.T @ bridge @ root)
    return np.asarray(found[found > found[-1] * 1e-4], np.float64)


def _taken_together(mass: Floats) -> Floats:
    """Join neighbours that hold little: what has `_STEP` of all or more stays alone; shape (steps,)."""
    held = mass[mass > 0]
    filled = np.floor(np.cumsum(held) / _STEP)
    alone = held >= _STEP
    begins = np.ones(len(held), bool)
    begins[1:] = (filled[1:] != filled[:-1]) | alone[1:] | alone[:-1]
    return np.add.reduceat(held, np.flatnonzero(begins))


def of_area(reached: Floats, edges: Floats) -> Moments:
    """Return the moments, under no drift, of the area between the two distribution functions at one effective row.

    Of more rows its mean and its standard deviation fall with their root.

    Args:
        reached: Share of the values up to the end of each cell of the grid; shape (2 * edges + 1,).
        edges: Rising, in the unit that the area is wanted in; shape (edges,).
    """
    some = np.unique(np.linspace(0, len(edges) - 1, min(len(edges), _PIECES)).astype(np.int64))
    ends = reached[np.stack((2 * some, 2 * some + 1), axis=1).ravel()]  # before each edge's own values, and with them
    steps = np.sqrt(np.maximum(np.diff(np.concatenate(([0.0], ends, [1.0]))), 0.0))
    walked = np.cumsum(np.random.default_rng(_SEED).standard_normal((_DRAWS, len(steps))) * steps, axis=1)
    bridges = np.abs(walked[:, :-1] - ends * walked[:, -1:])
    areas = ((bridges[:, 1:-1:2] + bridges[:, 2::2]) / 2 * np.diff(edges[some])).sum(axis=1)
    mean, std = float(areas.mean()), float(areas.std())
    return Moments(mean, std, float((((areas - mean) / std) ** 3).mean()) if std > 0 else 0.0)


_PIECES = 200
_SEED = 20_260_301


def of_supremum(baseline: Ints, current: Ints) -> Callable[[float], float]:
    """Return the tail of the Kolmogorov-Smirnov distance of values counted on these steps."""
    root = math.sqrt(effective_rows(int(baseline.sum()), int(current.sum())))
    if np.count_nonzero(baseline + current) > _FEW:
        return lambda value: kolmogorov_tail(root * value)
    at_steps = of_steps(baseline, current)
    return lambda value: min(kolmogorov_tail(root * value), at_steps(value))


_FEW = 50


def chance_of(metric: str, column: Sides) -> Chance | None:
    """Return the null distribution of a drift *metric* on a column, both of whose sides hold values.

    None where there is none: for the robust L-infinity distance, which takes off what chance makes of it already, and
    for a column that can't vary.
    """
    grid, baseline, current = of_lengths(column)
    n, m = values_of(baseline), values_of(current)
    if metric == "cramer_von_mises" and isinstance(baseline, NumericSummary) and isinstance(current, NumericSummary):
        return of_gap(baseline.cells + current.cells, n, m)
    table = table_of(column)
    if metric in _SUMS:
        return _of_sum(_SUMS[metric], *table)
    if metric == "total_variation":
        return _of_variation(*table)
    if metric == "l_infinity":
        near = 1 / math.sqrt(effective_rows(n, m))
        return _chance(of_largest(*table), near, lambda limit: limit + _FOUR_OF_FIVE * near / 2)
    match metric, grid, baseline, current:
        case "kolmogorov_smirnov", _, NumericSummary() as before, NumericSummary() as now:
            near = 1 / math.sqrt(effective_rows(n, m))
            return _chance(of_supremum(before.cells, now.cells), near, lambda limit: limit + _FOUR_OF_FIVE * near / 2)
        case (("wasserstein" | "wasserstein_normalised"), NumericGrid() as numbers, NumericSummary() as before, _):
            return _of_area(metric, numbers, before, effective_rows(n, m))
        case _:
            return None


class _Sum(Struct, frozen=True):
    """A metric that follows from a sum over bins.

    Attributes:
        part: What a bin adds, from its shares p and q, and from the sizes n and m of both samples.
        root: The metric is the root of the sum.
        pearson: From the sizes n and m, how many times Pearson's chi-square the sum is; None if it is another.
    """

    part: Callable[[Floats, Floats, int, int], Floats]
    root: bool = False
    pearson: Callable[[int, int], float] | None = None


def _alone(metric: Callable[[Floats, Floats], Floats]) -> Callable[[Floats, Floats, int, int], Floats]:
    """Measure every bin by itself: what the metric's sum would add for it."""
    return lambda p, q, n, m: metric(p[..., None], q[..., None])  # noqa: ARG005  # one signature for all parts


def _squared_hellinger(p: Floats, q: Floats, n: int, m: int) -> Floats:  # noqa: ARG001  # one signature for all parts
    return (np.sqrt(p) - np.sqrt(q)) ** 2 / 2


def _pearson(p: Floats, q: Floats, n: int, m: int) -> Floats:
    return n * m * (p - q) ** 2 / np.maximum(n * p + m * q, _LEAST)


def _likelihood(p: Floats, q: Floats, n: int, m: int) -> Floats:
    both = np.maximum((n * p + m * q) / (n + m), _LEAST)
    return 2 * (n * p * np.log(np.maximum(p, _LEAST) / both) + m * q * np.log(np.maximum(q, _LEAST) / both))


def _squared_cohen(p: Floats, q: Floats, n: int, m: int) -> Floats:
    return (n + m) * (p - q) ** 2 / np.maximum(n * p + m * q, _LEAST)


_LEAST = 1e-300

_SUMS = {
    "psi": _Sum(_alone(shares.psi)),
    "kullback_leibler": _Sum(_alone(shares.kullback_leibler)),
    "jensen_shannon_divergence": _Sum(_alone(shares.jensen_shannon_divergence)),
    "jensen_shannon": _Sum(_alone(shares.jensen_shannon_divergence), root=True),
    "hellinger": _Sum(_squared_hellinger, root=True),
    "cohen_w": _Sum(_squared_cohen, root=True, pearson=lambda n, m: 1 / effective_rows(n, m)),
    "chi_square": _Sum(_pearson, pearson=lambda n, m: 1.0),  # noqa: ARG005  # one signature for both
    "g_test": _Sum(_likelihood),
}


def _of_sum(sum_: _Sum, baseline: Ints, current: Ints) -> Chance | None:
    n, m = int(baseline.sum()), int(current.sum())
    pearson = sum_.pearson(n, m) if sum_.pearson is not None else None
    null = null_sum(lambda held, taken: sum_.part(held / n, taken / m, n, m), baseline, current, pearson)
    moments = null.moments
    if moments.std <= 0:
        return None
    detectable = of_quadratic(moments)
    if not sum_.root:
        return _chance(null.tail, max(moments.mean, _LEAST), detectable)
    return _chance(
        lambda value: null.tail(value * value),
        math.sqrt(max(moments.mean, _LEAST)),
        lambda limit: math.sqrt(max(detectable(limit * limit), 0.0)),
    )


def _of_area(metric: str, grid: NumericGrid, baseline: NumericSummary, rows: float) -> Chance | None:
    unit = (baseline.std(grid) or 0.0) if metric == "wasserstein_normalised" else 1.0
    if not unit or not baseline.std(grid):
        return None
    alone, scale = kept(baseline, _area_of, grid), 1 / (unit * math.sqrt(rows))
    moments = Moments(alone.mean * scale, alone.std * scale, alone.skewness)
    return _chance(moments.tail, moments.mean, lambda limit: limit + _FOUR_OF_FIVE * moments.std)


def _area_of(baseline: NumericSummary, grid: NumericGrid) -> Moments:
    return of_area(baseline.reached / baseline.finite, grid.edges)


def _of_variation(baseline: Ints, current: Ints) -> Chance | None:
    """Take the distance as the length of a normal vector that has its mean and its standard deviation."""
    mean, std = of_variation(baseline, current)
    if std <= 0:
        return None
    half = dimensions(mean, std) / 2
    scale = half / (mean * mean + std * std)
    return _chance(
        lambda value: gamma_tail(half, scale * value * value), mean, lambda limit: limit + _FOUR_OF_FIVE * std
    )
