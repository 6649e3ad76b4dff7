"""Probabilities of tails, beside SciPy's."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from atalaia.signals.tails import (
    chi_square_tail,
    cramer_von_mises_tail,
    kolmogorov_tail,
    two_sample_cramer_von_mises_tail,
)


@given(st.integers(1, 5000), st.floats(0, 20_000))
def test_the_tail_of_chi_square_is_scipys(freedom, statistic):
    exact = special.chdtrc(freedom, statistic)

    assert chi_square_tail(freedom, statistic) == pytest.approx(exact, rel=1e-10, abs=1e-13)  # terms up to e^5000


@given(st.floats(0, 30))
def test_the_tail_of_kolmogorov_is_scipys(distance):
    assert kolmogorov_tail(distance) == pytest.approx(special.kolmogorov(distance), rel=1e-10, abs=1e-15)


@pytest.mark.parametrize("freedom", [1, 2, 3, 10])
def test_at_the_ends_a_tail_is_all_or_nothing(freedom):
    assert chi_square_tail(freedom, 0.0) == kolmogorov_tail(0.0) == 1.0
    assert chi_square_tail(freedom, math.inf) == kolmogorov_tail(math.inf) == 0.0
    assert chi_square_tail(freedom, 1e300) == 0.0
    assert chi_square_tail(freedom, 5e-324) == 1.0


def bessel_series(statistic):
    """One less the distribution function, by the series of Anderson and Darling (1952)."""
    terms = range(40)
    places = [(4 * k + 1) ** 2 / (16 * statistic) for k in terms]
    parts = [
        special.gamma(k + 0.5) / special.gamma(k + 1) * math.sqrt(4 * k + 1) * math.exp(-2 * z) * special.kve(0.25, z)
        for k, z in zip(terms, places, strict=True)
    ]
    return 1 - math.fsum(parts) / (math.pi**1.5 * math.sqrt(statistic))


@given(st.floats(1e-4, 3))
def test_the_tail_of_cramer_von_mises_is_that_of_bessels_series(statistic):
    assert cramer_von_mises_tail(statistic) == pytest.approx(bessel_series(statistic), rel=1e-10, abs=1e-13)


@pytest.mark.parametrize(
    ("statistic", "probability"),
    [
        (0.02480, 0.99),
        (0.03656, 0.95),
        (0.11888, 0.5),
        (0.34730, 0.1),
        (0.46136, 0.05),
        (0.74346, 0.01),
        (1.16786, 0.001),
    ],
)
def test_the_tail_of_cramer_von_mises_is_that_of_the_published_table(statistic, probability):
    rounding = 5e-6  # the table has five digits

    assert cramer_von_mises_tail(statistic + rounding) <= probability <= cramer_von_mises_tail(statistic - rounding)


@pytest.mark.parametrize("statistic", [10.0, 30.0, 60.0])
def test_far_out_the_largest_of_the_squares_decides(statistic):
    normal = 2 * stats.norm.sf(math.pi * math.sqrt(statistic))

    assert cramer_von_mises_tail(statistic) == pytest.approx(math.sqrt(2) * normal, rel=0.2 / statistic)


def test_at_the_ends_the_tail_of_cramer_von_mises_is_all_or_nothing():
    assert cramer_von_mises_tail(0.0) == cramer_von_mises_tail(-0.1) == cramer_von_mises_tail(0.002) == 1.0
    assert cramer_von_mises_tail(0.0020001) == pytest.approx(1.0, abs=1e-13)
    assert cramer_von_mises_tail(1e6) == 0.0


@given(st.integers(2, 5000), st.integers(2, 5000), st.floats(0.0, 0.577))
def test_the_tail_for_two_samples_is_that_of_the_statistic_in_its_mean_and_variance(n, m, distance):
    both = n + m
    mean, variance = (both + 1) / (6 * both), variance_of(n, m)
    statistic = n * m / both * distance**2 + 1 / (6 * both)

    expected = cramer_von_mises_tail(1 / 6 + (statistic - mean) / math.sqrt(45 * variance))
    assert two_sample_cramer_von_mises_tail(distance, n, m) == pytest.approx(expected, rel=1e-6)


def variance_of(n, m):
    both = n + m
    return (both + 1) / both**2 * (4 * n * m * both - 3 * (n**2 + m**2) - 2 * n * m) / (45 * 4 * n * m)


def test_of_one_value_each_nothing_can_be_said():
    assert two_sample_cramer_von_mises_tail(0.5, 1, 1) == 1.0
