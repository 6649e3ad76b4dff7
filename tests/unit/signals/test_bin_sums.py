"""Sums over bins under no drift: exact with two bins, and near what all ways to deal the rows come to with more."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from atalaia.signals.bin_sums import Moments, null_sum


def squared_w(n, m):
    """What a bin adds to the square of Cohen's w."""

    def part(held, taken):
        return (held / n - taken / m) ** 2 / np.maximum((held + taken) / (n + m), 1e-300)

    return part


def dealt(totals, window):
    """All ways to deal so many rows from bins of these totals, with their probabilities."""
    ways = [
        (*first, window - sum(first))
        for first in itertools.product(*(range(min(total, window) + 1) for total in totals[:-1]))
        if 0 <= window - sum(first) <= totals[-1]
    ]
    return np.array(ways), stats.multivariate_hypergeom.pmf(ways, totals, window)


def exact_tail(totals, window, value):
    ways, chances = dealt(totals, window)
    sums = squared_w(sum(totals) - window, window)(np.array(totals) - ways, ways).sum(axis=1)
    return float(chances[sums >= value * (1 - 1e-9)].sum())


def tail_of(totals, window, value):
    """The tail, of any way to deal the rows: only totals and sizes count."""
    current = np.array([*totals], np.int64) * 0
    left = window
    for place, total in enumerate(totals):
        current[place] = min(total, left)
        left -= int(current[place])
    baseline = np.array(totals) - current
    return null_sum(squared_w(int(baseline.sum()), window), baseline, current).tail(value)


@pytest.mark.parametrize(("totals", "window"), [((900, 150), 50), ((20, 1030), 50), ((6000, 5000), 1000)])
def test_of_two_bins_every_probability_is_exact(totals, window):
    part = squared_w(sum(totals) - window, window)
    middle, spread = window * totals[0] / sum(totals), math.sqrt(window * totals[0] * totals[1]) / sum(totals)
    first = np.array([middle + away * spread for away in (-3, -1, 0.1, 2, 4)]).round().clip(0, min(window, totals[0]))
    for taken in first.astype(int):
        ways = np.array([taken, window - taken])
        value = float(part(np.array(totals) - ways, ways).sum())
        everything = np.arange(max(0, window - totals[1]), min(window, totals[0]) + 1)
        both = np.stack((everything, window - everything), axis=1)
        sums = part(np.array(totals) - both, both).sum(axis=1)
        chances = stats.hypergeom.pmf(everything, sum(totals), totals[0], window)
        exact = chances[sums >= value * (1 - 1e-9)].sum()
        assert tail_of(totals, window, value) == pytest.approx(exact, rel=1e-8, abs=1e-11)


@pytest.mark.parametrize(
    "totals", [(600, 449, 1), (600, 447, 2, 1), (520, 330, 150, 50), (840, 200, 10), (1000, 40, 5, 5)]
)
def test_with_rare_bins_levels_are_kept_nearly(totals):
    """Of the windows of 50 rows that pass a level, the share is what the level says, or rather less."""
    window = 50
    ways, chances = dealt(totals, window)
    sums = squared_w(sum(totals) - window, window)(np.array(totals) - ways, ways).sum(axis=1)
    values, places = np.unique(sums.round(12), return_inverse=True)
    at = np.bincount(places, chances)
    for level in (0.04, 0.01, 0.001):
        passed = sum(
            chance
            for value, chance in zip(values, at, strict=True)
            if chance > 1e-6 and tail_of(totals, window, value) <= level
        )
        assert 0.4 * level <= passed <= 1.3 * level, (level, passed)


def test_one_row_of_a_rare_bin_decides_in_which_of_two_places_the_sum_lies():
    """No row of it, and the sum is small; one, and it is above 0.4, which happens to one window in twenty."""
    totals, window = (600, 449, 1), 50
    null = null_sum(squared_w(1000, window), np.array([571, 428, 1]), np.array([29, 21, 0]))

    for value in (0.1962, 0.3, 0.415):
        assert null.tail(value) == pytest.approx(exact_tail(totals, window, value), rel=0.25)
        assert 0.04 < null.tail(value) < 0.055
    assert null.moments.std == pytest.approx(0.094, abs=0.001)


def test_a_window_can_lack_all_rows_of_the_bins_that_are_left():
    """Five rows that are all of one bin: nothing is left for the two others."""
    null = null_sum(squared_w(10, 5), np.array([5, 3, 2]), np.array([5, 0, 0]))

    assert null.tail(0.0) == pytest.approx(1.0)
    assert 0 < null.tail(0.6) < 0.5


def test_moments_of_a_sum_that_cannot_vary_are_all_or_nothing():
    assert [Moments(2.0, 0.0, 0.0).tail(value) for value in (1.9, 2.0, 2.1)] == [1.0, 1.0, 0.0]
    assert Moments(2.0, 1.0, 0.0).tail(3.0) == pytest.approx(stats.norm.sf(1.0))
    assert Moments(9.0, math.sqrt(18), math.sqrt(8 / 9)).tail(20.0) == pytest.approx(stats.chi2.sf(20.0, 9))


def test_what_a_single_bin_adds_does_not_vary():
    null = null_sum(squared_w(10, 5), np.array([10]), np.array([5]))

    assert null.moments.std == 0.0


@pytest.mark.parametrize("window", [50, 3000, 200_000])
def test_moments_of_pearsons_sum_are_those_of_its_parts(window):
    random, shares = np.random.default_rng(3), np.array([0.5, 0.3, 0.1, *[0.1 / 60] * 60])
    baseline, current = random.multinomial(5000, shares), random.multinomial(window, shares)
    part = squared_w(5000, window)

    closed = null_sum(part, baseline, current, pearson=(5000 + window) / (5000 * window)).moments
    summed = null_sum(part, baseline, current).moments
    assert closed.mean == pytest.approx(summed.mean, rel=1e-9)
    assert closed.std == pytest.approx(summed.std, rel=1e-3)  # parts beyond 161 are summed at every so many
    assert closed.skewness == pytest.approx(summed.skewness, rel=1e-3)
