"""What chance makes of a sum over bins, given what both samples hold together in each: the window's part is random.

The sum's first three moments follow, the condition that the parts add up to the window's size taken into account
(Morris 1975), and a shifted gamma distribution has these moments (Pearson's type III). It is the exact limit,
chi-square, where counts are large. Where a few rows of a rare bin decide it, it is not: a part that is nearly always 0
and seldom 1 makes a sum that lies nearly always in one place and seldom in another. So the few bins whose parts skew
the sum most are taken as they are: each of their possible parts with its own probability, the others' moments given it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from msgspec import Struct

from atalaia.profile.values import Floats, Ints
from atalaia.signals.marginals import log_factorial
from atalaia.signals.tails import gamma_tail, normal_tail

Part = Callable[[Floats, Floats], Floats]
"""What a bin adds to the sum, from its counts on both sides (as floats, of any equal shape)."""

_REACH = 8.0  # standard deviations of a bin's part that are looked at
_POINTS = 161  # more values than this of one bin's part are looked at evenly
_STRAIGHT = 1e-3  # a skewness below it is none
_SKEWING = 0.05  # of the sum's third cumulant: a bin that has less is not taken as it is
_STATES, _STATES_OF_TWO = 64, 2048  # of such bins, at most; and of two bins, where the other one follows
_FEW = 10.0  # rows: a bin that is to hold more on the smaller side is near enough to normal
_UNLIKELY = 1e-12  # parts that are less likely are left out
_EQUAL = 1e-9  # of a value: two ways to compute a sum differ by less
_LEAST = 1e-12  # a share of the window is no smaller, nor nearer to 1


class Moments(Struct, frozen=True):
    """Mean, standard deviation and skewness of a sum."""

    mean: float
    std: float
    skewness: float

    def tail(self, value: float) -> float:
        """Return the probability of *value* or more of the shifted gamma distribution with these moments."""
        if self.std <= 0:
            return float(value <= self.mean + _EQUAL * abs(self.mean))
        away = (value - self.mean) / self.std
        if self.skewness < _STRAIGHT:
            return normal_tail(away)
        shape = 4 / self.skewness**2
        return gamma_tail(shape, shape + away * math.sqrt(shape))


class NullSum(Struct, frozen=True):
    """The distribution of a sum over bins under no drift.

    Attributes:
        moments: Of the whole sum.
        chances: How likely the parts are of the bins that are taken as they are; shape (states,), or empty.
        given: What the sum is like then.
    """

    moments: Moments
    chances: tuple[float, ...] = ()
    given: tuple[Moments, ...] = ()

    def tail(self, value: float) -> float:
        """Return the probability of *value* or more."""
        if not self.chances:
            return self.moments.tail(value)
        tails = (chance * given.tail(value) for chance, given in zip(self.chances, self.given, strict=True))
        return min(math.fsum(tails), 1.0)


def null_sum(part: Part, baseline: Ints, current: Ints, pearson: float | None = None) -> NullSum:
    """Return the distribution, under no drift, of a sum over bins.

    Args:
        part: What a bin adds.
        baseline: Counts; shape (bins,).
        current: The same for the window.
        pearson: The sum is so many times Pearson's chi-square, whose moments have a closed form; None for other sums.

    Source: Morris (1975), central limit theorems for multinomial sums, carried to the third moment.
    """
    both = (baseline + current)[(baseline + current) > 0]
    totals, repeated = np.unique(both, return_counts=True)
    rows, window = int(both.sum()), int(current.sum())
    if pearson is None:
        (moments,), cubes = _moments(part, totals, repeated, np.array([window / rows]))
    else:
        moments, cubes = _pearson_moments(totals, repeated, window / rows, pearson)
    states, left = _states(part, totals, repeated, np.abs(cubes), _State(1.0, 0.0, rows, window))
    if len(states) == 1:
        return NullSum(moments)
    given = _given(part, totals[left > 0], left[left > 0], states)
    return NullSum(_mixed(moments, states, given), tuple(state.chance for state in states), given)


def _mixed(moments: Moments, states: list[_State], given: tuple[Moments, ...]) -> Moments:
    """Return the *moments* with the mean and the standard deviation that follow from all states."""
    both = list(zip((state.chance for state in states), given, strict=True))
    mean = math.fsum(chance * each.mean for chance, each in both)
    square = math.fsum(chance * (each.std**2 + (each.mean - mean) ** 2) for chance, each in both)
    return Moments(mean, math.sqrt(square), moments.skewness)


class _State(Struct, frozen=True):
    """How likely some bins' parts are, what they add to the sum, and what is left for the other bins."""

    chance: float
    added: float
    rows: int
    window: int


def _states(part: Part, totals: Ints, repeated: Ints, cubes: Floats, start: _State) -> tuple[list[_State], Ints]:
    """Take as they are the bins that skew the sum most, as long as there are few states of their parts.

    Returns:
        The states, and how many bins of each of the *totals* are left.
    """
    states, left = [start], repeated.copy()
    if repeated.sum() == 2:
        most, skewing, few = _STATES_OF_TWO, 0.0, math.inf
    else:
        most, skewing, few = (
            _STATES,
            _SKEWING * float((repeated * cubes).sum()),
            _FEW * start.rows / min(start.window, start.rows - start.window),
        )
    for place in np.argsort(-cubes, kind="stable").tolist():
        while left[place] and left.sum() > 1 and cubes[place] >= skewing and totals[place] <= few:
            more = _after(part, int(totals[place]), states[len(states) // 2])
            if len(more) * len(states) > 2 * most:
                return states, left
            more = [state for each in states for state in _after(part, int(totals[place]), each)]
            if not len(states) < len(more) <= most:
                return states, left
            states = more
            left[place] -= 1
    return states, left


def _after(part: Part, total: int, state: _State) -> list[_State]:
    """Return the states after a bin with this *total*: its part is hypergeometric, given what is left."""
    share, others = state.window / state.rows, state.rows - total
    reach = _REACH * math.sqrt(total * share * (1 - share)) + _REACH
    first = max(math.floor(total * share - reach), state.window - others, 0)
    last = min(math.ceil(total * share + reach), total, state.window)
    taken = np.arange(first, last + 1)
    logs = -np.sum(
        [log_factorial(each) for each in (taken, total - taken, state.window - taken, others - state.window + taken)],
        axis=0,
    )
    chances = np.exp(logs - logs.max())
    chances *= state.chance / chances.sum()
    added = part((total - taken).astype(np.float64), taken.astype(np.float64))
    return [
        _State(chance, state.added + more, others, state.window - part_)
        for chance, more, part_ in zip(chances.tolist(), added.tolist(), taken.tolist(), strict=True)
        if chance > _UNLIKELY
    ]


def _given(part: Part, totals: Ints, repeated: Ints, states: list[_State]) -> tuple[Moments, ...]:
    """Return the moments of the whole sum in each of the *states*."""
    windows = np.array(sorted({state.window for state in states}))
    if repeated.sum() == 1:  # the last bin's part follows
        sums = part((totals - windows).astype(np.float64), windows.astype(np.float64))
        rest = [Moments(each, 0.0, 0.0) for each in sums.tolist()]
    else:
        rest, _ = _moments(part, totals, repeated, windows / states[0].rows)
    by_window = dict(zip(windows.tolist(), rest, strict=True))
    found = ((by_window[state.window], state.added) for state in states)
    return tuple(Moments(moments.mean + added, moments.std, moments.skewness) for moments, added in found)


def _moments(part: Part, totals: Ints, repeated: Ints, shares: Floats) -> tuple[list[Moments], Floats]:
    """Return the moments of a sum over bins, for each share of the rows that are the window's.

    Args:
        part: What a bin adds.
        totals: What bins hold on both sides together; shape (totals,).
        repeated: How many bins hold so much; shape (totals,).
        shares: From 0 to 1; shape (shares,).

    Returns:
        The moments, one for each share, and for the first share by how much a bin of each total skews the sum: the
        third central moment of what it adds.
    """
    share = np.clip(shares, _LEAST, 1 - _LEAST)[:, None]
    values, chances = _parts(totals, share)
    added = part(totals[:, None] - values, values)
    away = values - (totals * share)[..., None]
    variances = totals * share * (1 - share)
    whole = (repeated * variances).sum(axis=1)
    means = (chances * added).sum(axis=2)
    slopes = (repeated * (chances * added * away).sum(axis=2)).sum(axis=1) / whole
    rest = added - means[..., None] - slopes[:, None, None] * away
    squares = (repeated * (chances * rest * (away**2 - variances[..., None])).sum(axis=2)).sum(axis=1)
    spreads, cubes = (chances * rest**2).sum(axis=2), (chances * rest**3).sum(axis=2)
    spread, cube = (repeated * spreads).sum(axis=1), (repeated * cubes).sum(axis=1)
    bins = spread**2 / np.maximum((repeated * spreads**2).sum(axis=1), _NOTHING)  # as many as count
    bound = np.where(bins > 1, (bins - 1) / np.maximum(bins, 1), 0.0)  # one of them follows from the others
    mean, std = (repeated * means).sum(axis=1) - squares / (2 * whole), np.sqrt(np.maximum(spread * bound, 0.0))
    skewness = np.where(std > 0, cube * bound / np.maximum(std, _NOTHING) ** 3, 0.0)
    return [Moments(*each) for each in zip(mean.tolist(), std.tolist(), skewness.tolist(), strict=True)], cubes[0]


_NOTHING = 1e-100


def _pearson_moments(totals: Ints, repeated: Ints, share: float, times: float) -> tuple[Moments, Floats]:
    """Return the same for *times* Pearson's chi-square, to which a bin adds (x - t s)² / v, v = t s (1 - s).

    That is a polynomial of x, the window's binomial part of a bin's total t at its share s of all rows, whose central
    moments are polynomials of v. It is the same as `_moments` gives, in a tenth of the time where bins are many.
    """
    odd, even = 1 - 2 * share, share * (1 - share)
    v = totals * even
    once, twice = 1 / v, 1 / (v * v)
    bins, whole = float(repeated.sum()), float((repeated * v).sum())
    slope = bins * odd / whole
    third, fourth = odd * v, 3 * v**2 + v * (1 - 6 * even)
    fifth = odd * v * (10 * v + 1 - 12 * even)
    sixth = v * (15 * v**2 + v * (25 - 130 * even) + 1 - 30 * even + 120 * even**2)
    spreads = 2 + (1 - 6 * even) * once + slope**2 * v - 2 * slope * odd
    cubes = sixth * once * twice - 3 * fourth * twice + 2 - 3 * slope * (fifth * twice - 2 * third * once)
    cubes += 3 * slope**2 * (fourth * once - v) - slope**3 * third
    square = 2 * whole + bins * (1 - 6 * even) - slope * odd * whole
    spread, cube = float((repeated * spreads).sum()), float((repeated * cubes).sum())
    counting = spread**2 / max(float((repeated * spreads**2).sum()), _NOTHING)
    bound = (counting - 1) / counting if counting > 1 else 0.0
    std = math.sqrt(max(spread * bound, 0.0))
    skewness = cube * bound / std**3 if std > 0 else 0.0
    return Moments(times * (bins - square / (2 * whole)), times * std, skewness), cubes


def _parts(totals: Ints, share: Floats) -> tuple[Floats, Floats]:
    """Return what the window may hold of such bins, and how likely that is; shape (shares, totals, values) each."""
    middle = totals * share
    reach = _REACH * np.sqrt(middle * (1 - share)) + _REACH
    low = np.maximum(np.floor(middle - reach), 0.0)
    high = np.minimum(np.ceil(middle + reach), totals)
    stride = np.maximum(1.0, np.ceil((high - low) / (_POINTS - 1)))
    steps = np.arange(int(((high - low) / stride).max()) + 1)
    values: Floats = low[..., None] + steps * stride[..., None]
    inside = values <= high[..., None]
    values = np.where(inside, values, high[..., None])
    rest = totals[:, None] - values
    logs = log_factorial(totals)[:, None] - log_factorial(values) - log_factorial(rest)
    logs = logs + values * np.log(share)[..., None] + rest * np.log1p(-share)[..., None]
    chances = np.where(inside, np.exp(logs - logs.max(axis=2, keepdims=True)), 0.0)
    return values, chances / chances.sum(axis=2, keepdims=True)
