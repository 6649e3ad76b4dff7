"""Metrics on shares beside SciPy's, published values and closed forms."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import chebyshev, euclidean, jensenshannon
from scipy.special import kl_div

from atalaia.signals.shares import (
    FLOOR,
    chi_square,
    cohen_w,
    g_test,
    hellinger,
    jensen_shannon,
    jensen_shannon_divergence,
    kullback_leibler,
    l_infinity,
    l_infinity_robust,
    psi,
    robust,
    total_variation,
)

# Counts whose values under each convention can be worked out by hand.
BEFORE, NOW = np.array([50, 30, 20, 0]), np.array([40, 30, 20, 10])
P, Q = BEFORE / 100, NOW / 100

ON_SHARES = (
    psi, kullback_leibler, jensen_shannon, jensen_shannon_divergence, hellinger, total_variation, l_infinity,
)  # fmt: skip
ON_COUNTS = (l_infinity_robust, chi_square, g_test)


@st.composite
def tables(draw, most=8):
    """Counts of both sides, each of which holds something."""
    bins = draw(st.integers(2, most))
    side = st.lists(st.integers(0, 50), min_size=bins, max_size=bins).filter(any)
    return np.array(draw(side)), np.array(draw(side))


def shares_of(table):
    return tuple(side / side.sum() for side in table)


def measured(before, now):
    """Every metric of the counts, along their last axis, as arrays."""
    p, q = (side / side.sum(axis=-1, keepdims=True) for side in (before, now))
    found = [metric(p, q) for metric in ON_SHARES] + [l_infinity_robust(before, now)]
    return [*found, *chi_square(before, now), *g_test(before, now)]


def test_psi_with_the_floor_is_worked_out_by_hand():
    by_hand = (0.4 - 0.5) * math.log(0.4 / 0.5) + (0.1 - 1e-4) * math.log(0.1 / 1e-4)

    assert psi(P, Q) == pytest.approx(by_hand, rel=1e-14)


def test_kullback_leibler_with_the_floor_is_worked_out_by_hand():
    by_hand = 0.4 * math.log(0.4 / 0.5) + 0.1 * math.log(0.1 / 1e-4) + 1e-4

    assert kullback_leibler(P, Q) == pytest.approx(by_hand, rel=1e-14)


def test_the_published_values_of_the_small_vector():
    assert psi(P, Q) == pytest.approx(0.7123991075017365, rel=1e-12)
    assert jensen_shannon(P, Q) == pytest.approx(0.2324129365435581, rel=1e-12)
    assert jensen_shannon_divergence(P, Q) == pytest.approx(0.054015773072799964, rel=1e-12)
    assert jensen_shannon_divergence(P, Q) * math.log(2) == pytest.approx(0.0374408808111771, rel=1e-12)
    assert hellinger(P, Q) == pytest.approx(0.22975292054736132, rel=1e-12)
    assert total_variation(P, Q) == pytest.approx(0.1, rel=1e-12)
    assert l_infinity(P, Q) == pytest.approx(0.1, rel=1e-12)
    assert l_infinity_robust(BEFORE, NOW) == 0
    assert chi_square(BEFORE, NOW) == (pytest.approx(11.11111111111111, rel=1e-12), 3)


def test_the_published_values_of_five_categories():
    before, now = np.array([806, 601, 379, 214, 0]), np.array([555, 377, 286, 177, 105])
    p, q = before / 2000, now / 1500

    assert jensen_shannon(p, q) == pytest.approx(0.193095, abs=5e-7)
    assert jensen_shannon_divergence(p, q) == pytest.approx(0.037286, abs=5e-7)
    assert hellinger(p, q) == pytest.approx(0.191272, abs=5e-7)
    assert l_infinity(p, q) == pytest.approx(0.07, abs=1e-15)
    assert l_infinity_robust(before, now) == pytest.approx(0.008518, abs=5e-7)
    assert chi_square(before, now) == (pytest.approx(150.7502, abs=5e-5), 4)


def test_values_that_other_projects_test_for():
    six = np.array([16, 18, 16, 14, 12, 12])
    letters = chi_square(np.array([4, 2, 0]), np.array([1, 1, 4]))

    assert hellinger(six / 88, np.array([16, 16, 16, 16, 16, 8]) / 88) == pytest.approx(0.06812, abs=1e-5)  # Evidently
    assert total_variation(six / 88, np.array([0, 0, 0, 0, 0, 1.0])) == pytest.approx(0.863, abs=1e-3)  # Evidently
    assert letters == (pytest.approx(6.13333333, abs=1e-8), 2)  # Frouros


def test_the_robust_distance_is_deequs():
    one = np.array([10, 20, 25, 10, 5, 0])

    assert l_infinity_robust(one, np.array([11, 20, 25, 10, 10, 0])) == 0
    assert l_infinity_robust(one, np.array([20, 0, 25, 10, 10, 11])) == 0
    subtracted = {(100, 100): 0.2546, (648, 648): 0.1, (10_000, 100): 0.1809, (10**6, 10**6): 0.0025}
    for (n, m), term in subtracted.items():
        assert 1 - robust(1.0, n, m) == pytest.approx(term, abs=5.1e-5)


@given(tables())
def test_metrics_on_shares_equal_scipys(table):
    p, q = shares_of(table)
    floored_p, floored_q = np.maximum(p, FLOOR), np.maximum(q, FLOOR)

    assert jensen_shannon(p, q) == pytest.approx(jensenshannon(p, q, base=2), abs=1e-7)  # a root near 0: 1e-14 squared
    assert jensen_shannon_divergence(p, q) == pytest.approx(jensenshannon(p, q, base=2) ** 2, abs=1e-14)
    assert kullback_leibler(p, q) == pytest.approx(kl_div(floored_q, floored_p).sum(), rel=1e-12, abs=1e-14)
    assert total_variation(p, q) == pytest.approx(0.5 * np.abs(p - q).sum(), abs=1e-15)
    assert l_infinity(p, q) == pytest.approx(chebyshev(p, q), abs=1e-15)
    assert hellinger(p, q) == pytest.approx(euclidean(p**0.5, q**0.5) / 2**0.5, abs=1e-15)


@given(tables())
def test_both_tests_of_counts_equal_scipys(table):
    before, now = table
    held = (before + now) > 0
    contingency = np.stack((before[held], now[held]))

    for test, kind in ((chi_square, "pearson"), (g_test, "log-likelihood")):
        expected = scipy.stats.chi2_contingency(contingency, correction=False, lambda_=kind)
        assert test(before, now) == (pytest.approx(expected.statistic, rel=1e-9, abs=1e-9), expected.dof)


@given(tables())
def test_metrics_are_zero_for_equals_and_within_their_range(table):
    before, now = table
    p, q = shares_of(table)
    both = before.sum() + now.sum()

    assert measured(before, before)[:9] == pytest.approx([0] * 9, abs=1e-7)
    assert g_test(before, before)[0] == pytest.approx(0, abs=1e-10)
    assert min(metric(p, q) for metric in ON_SHARES) >= 0
    for metric in (jensen_shannon, jensen_shannon_divergence, hellinger, total_variation, l_infinity):
        assert metric(p, q) <= 1
    assert psi(p, q) < 18.42
    assert kullback_leibler(p, q) < 9.22
    assert 0 <= l_infinity_robust(before, now) < 1
    assert 0 <= chi_square(before, now)[0] <= both * (1 + 1e-12)
    assert 0 <= g_test(before, now)[0] <= 2 * math.log(2) * both * (1 + 1e-12)


@given(tables())
def test_metrics_are_symmetric_but_for_kullback_leibler(table):
    before, now = table
    p, q = shares_of(table)

    for metric in (metric for metric in ON_SHARES if metric is not kullback_leibler):
        assert metric(p, q) == pytest.approx(metric(q, p), abs=1e-12)
    for metric in ON_COUNTS:
        assert metric(before, now) == pytest.approx(metric(now, before), rel=1e-12, abs=1e-9)


@given(tables())
def test_both_directions_of_kullback_leibler_sum_to_psi(table):
    p, q = shares_of(table)

    assert kullback_leibler(p, q) + kullback_leibler(q, p) == pytest.approx(psi(p, q), rel=1e-12, abs=1e-14)


@given(tables())
def test_distances_bound_each_other_as_theory_has_it(table):
    p, q = shares_of(table)
    variation, apart = total_variation(p, q), hellinger(p, q)

    assert apart**2 - 1e-12 <= variation <= math.sqrt(2) * apart + 1e-12  # Le Cam
    assert jensen_shannon_divergence(p, q) <= variation + 1e-12  # Lin
    assert l_infinity(p, q) <= variation + 1e-12


@given(tables(), st.lists(st.integers(0, 8), max_size=20))
def test_bins_that_both_sides_leave_empty_change_nothing(table, places):
    places = [min(place, len(table[0])) for place in places]
    filled = [np.insert(side, places, 0) for side in table]

    assert measured(*filled) == pytest.approx(measured(*table), rel=1e-12, abs=1e-7)
    shares = shares_of(table)
    for metric in (metric for metric in ON_SHARES if metric is not jensen_shannon):  # but for the root of rounding
        wider = [np.insert(side, places, 0.0) for side in shares]
        assert metric(*wider) == pytest.approx(metric(*shares), rel=1e-12, abs=1e-14)


@given(st.data())
def test_columns_are_measured_along_the_last_axis(data):
    columns = [data.draw(tables(8)) for _ in range(6)]
    stacked = [np.stack([np.pad(column[side], (0, 8 - len(column[side]))) for column in columns]) for side in (0, 1)]
    together = measured(*(side.reshape(2, 3, 8) for side in stacked))

    for place, column in enumerate(columns):
        alone = measured(*column)
        assert [values[divmod(place, 3)] for values in together] == pytest.approx(alone, rel=1e-12, abs=1e-7)


def test_without_bins_nothing_is_apart():
    assert l_infinity(np.empty(0), np.empty(0)) == 0


def test_cohens_w_is_what_chi_square_says_whatever_the_sizes():
    baseline, current = np.array([[50, 50, 0], [30, 20, 0], [7, 0, 0]]), np.array([[60, 40, 0], [0, 0, 9], [3, 0, 0]])
    n, m = baseline.sum(axis=1), current.sum(axis=1)

    found = cohen_w(baseline, current)
    assert found == pytest.approx(np.sqrt(chi_square(baseline, current)[0] * (n + m) / (n * m)), abs=1e-15)
    assert found[1] == pytest.approx((n + m)[1] / math.sqrt(n[1] * m[1]))  # nothing is shared
    assert found[2] == 0.0
