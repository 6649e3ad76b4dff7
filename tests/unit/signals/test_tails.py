"""Probabilities of tails, beside SciPy's."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize, special, stats

from atalaia.signals.tails import (
    chi_square_tail,
    cramer_von_mises_tail,
    first_above,
    gamma_tail,
    kolmogorov_tail,
    normal_quantile,
    normal_tail,
    quadratic_tail,
    two_sample_cramer_von_mises_tail,
    value_at,
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
    assert cramer_von_mises_tail(1e6) == cramer_von_mises_tail(1.7e308) == cramer_von_mises_tail(math.inf) == 0.0


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


@pytest.mark.parametrize("distance", [0.0, 0.3, 0.577])
@pytest.mark.parametrize("sizes", [(1, 2), (1, 1_000_000_000), (10**9, 10**9)])
def test_the_tail_for_two_samples_of_any_sizes_is_a_probability(sizes, distance):
    assert 0 <= two_sample_cramer_von_mises_tail(distance, *sizes) <= 1


@pytest.mark.parametrize(("shape", "digits"), [(1e-6, 1e-10), (0.5, 1e-10), (3.7, 1e-10), (1e4, 1e-10), (1e6, 1e-8)])
@pytest.mark.parametrize("away", [-6.0, -1.0, 0.0, 0.5, 3.0, 8.0])
def test_the_tail_of_the_gamma_distribution_is_scipys(shape, digits, away):
    value = shape + away * math.sqrt(shape)

    exact = special.gammaincc(shape, max(value, 0.0))
    assert gamma_tail(shape, value) == pytest.approx(exact, rel=digits, abs=1e-13)


@given(st.floats(-37, 37))
def test_the_tail_of_the_normal_distribution_is_scipys(value):
    assert normal_tail(value) == pytest.approx(stats.norm.sf(value), rel=1e-12)


@pytest.mark.parametrize("probability", [0.4999, 0.4, 0.05, 1e-3, 1e-9, 1e-100, 1e-300])
def test_the_quantile_of_the_normal_distribution_is_scipys(probability):
    exact = stats.norm.isf(probability)

    assert normal_quantile(probability) == pytest.approx(exact, rel=2e-6)
    assert normal_quantile(0.5) == pytest.approx(0.0, abs=1e-30)


PROBABILITIES = [0.9999, 0.99, 0.9, 0.6, 0.5, 0.4, 0.2, 0.05, 0.01, 1e-3, 1e-6, 1e-12, 1e-30]


@pytest.mark.parametrize("probability", PROBABILITIES)
@pytest.mark.parametrize(("freedom", "error"), [(1, 0.14), (2, 0.07), (3, 0.05), (9, 0.02), (100, 0.005)])
def test_the_tail_of_a_sum_of_equal_weights_is_that_of_chi_square(freedom, error, probability):
    value = 0.3 * stats.chi2.isf(probability, freedom)

    assert quadratic_tail(np.full(freedom, 0.3), value) == pytest.approx(probability, rel=error)


def of_two_pairs(one, other, value):
    """Two variables of weight *one* and two of weight *other*: a sum of two exponential variables."""
    return (one * math.exp(-value / 2 / one) - other * math.exp(-value / 2 / other)) / (one - other)


@pytest.mark.parametrize("probability", PROBABILITIES[:-1])
@pytest.mark.parametrize(("one", "other"), [(1.0, 0.5), (1.0, 0.1), (30.0, 0.3), (0.2, 0.199)])
def test_the_tail_of_two_pairs_of_equal_weights_is_the_closed_form(one, other, probability):
    value = optimize.brentq(lambda value: of_two_pairs(one, other, value) - probability, 0.0, 200 * one)

    assert quadratic_tail(np.array([one, one, other, other]), value) == pytest.approx(probability, rel=0.06)


def imhof(weights, value):
    """The tail by numeric inversion of the characteristic function (Imhof 1961)."""

    def part(at):
        angle = np.arctan(weights * at).sum() / 2 - value * at / 2
        return math.sin(angle) / (at * np.prod((1 + (weights * at) ** 2) ** 0.25))

    return 0.5 + integrate.quad(part, 0, 300 / weights.max(), limit=2000)[0] / math.pi


@pytest.mark.parametrize("times", [0.5, 0.9, 1.0, 1.2, 2.0, 4.0])
@pytest.mark.parametrize("weights", [[1, 0.5, 0.2], [1, 0.9, 0.3, 0.3, 0.1], 1 / np.arange(1, 21) ** 2])
def test_the_tail_of_a_sum_of_unequal_weights_is_that_of_numeric_inversion(weights, times):
    weights = np.array(weights)
    value = times * weights.sum()

    assert quadratic_tail(weights, value) == pytest.approx(imhof(weights, value), rel=0.05, abs=1e-5)


@pytest.mark.parametrize("weights", [[1.0], [1.0, 1.0], [1.0, 0.1, 0.01], [2.0] * 9, 1 / np.arange(1, 41) ** 2])
def test_the_tail_of_a_sum_falls_through_its_mean_where_the_formula_changes(weights):
    weights = np.array(weights)
    mean, std = weights.sum(), math.sqrt(2 * (weights**2).sum())

    tails = [quadratic_tail(weights, mean + std * step) for step in np.linspace(-0.005, 0.005, 201)]
    assert np.diff(tails).max() < 0


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
@pytest.mark.parametrize("weights", [[1.0], [1.0, 1e-12], [1.0] * 300])
def test_far_away_the_tail_of_a_sum_is_all_or_nothing(weights, scale):
    weights = np.array(weights) * scale

    assert quadratic_tail(weights, -1.0) == quadratic_tail(weights, 0.0) == 1.0
    assert quadratic_tail(weights, scale * 1e-30) == pytest.approx(1.0, abs=1e-14)
    assert quadratic_tail(weights, math.inf) == 0.0
    assert quadratic_tail(weights, scale * 1e6) == 0.0


TAILS = {
    "normal": normal_tail,
    "kolmogorov": kolmogorov_tail,
    "cramer-von mises": cramer_von_mises_tail,
    "gamma": lambda value: gamma_tail(2.5, value),
    "chi-square": lambda value: chi_square_tail(900, value),
    "one weight": lambda value: quadratic_tail(np.ones(1), value),
    "many weights": lambda value: quadratic_tail(1 / np.arange(1, 41) ** 2, value),
}


@pytest.mark.parametrize("name", TAILS)
@pytest.mark.parametrize("probability", [0.3, 0.05, 1e-4, 1e-9, 1e-60])
@pytest.mark.parametrize("guess", [1e-6, 1.0, 1e6])
def test_the_value_at_a_probability_has_it_as_its_tail(name, probability, guess):
    tail = TAILS[name]
    value = value_at(tail, probability, guess)

    assert tail(value) <= probability <= tail(value * (1 - 2e-6))


@pytest.mark.parametrize("probability", [0.7, 0.3, 0.1, 1e-5])
def test_of_a_tail_with_steps_the_value_is_just_behind_the_last_that_is_too_likely(probability):
    steps = [(0.1, 0.5), (0.3, 0.2), (0.7, 0.01), (math.inf, 0.0)]  # values up to these have these tails

    def tail(value):
        return 1.0 if value <= 0.02 else next(chance for up_to, chance in steps if value <= up_to)

    last = {0.7: 0.02, 0.3: 0.1, 0.1: 0.3, 1e-5: 0.7}[probability]
    assert last < value_at(tail, probability, 0.25) <= last * (1 + 2e-6)


@pytest.mark.parametrize("constant", [0.0, 1.0])
def test_a_tail_that_never_falls_or_is_nowhere_above_ends_the_search(constant):
    assert math.isfinite(value_at(lambda value: constant, 0.05, 1.0))  # a tail takes a value


FORMS = {
    "cubic": lambda away: away**3,
    "a step": lambda away: float(away >= 0) - 0.5,
    "exponential": lambda away: math.expm1(away / 1e5),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", [1, 2, 77_777, (1 << 24) - 1])
@pytest.mark.parametrize("guess", [0, 1, 80_000, 1 << 30])
def test_the_first_number_above_is_found_from_any_guess_in_few_steps(form, place, guess):
    asked = []

    found = first_above(lambda n: asked.append(n) or FORMS[form](n - place), 1 << 24, guess)

    assert found == place
    assert len(asked) < 80


def test_what_never_rises_far_enough_has_no_number():
    assert first_above(lambda n: -1.0, 1000, 1) == 1000


@pytest.mark.parametrize("name", TAILS)
@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_every_tail_is_a_probability_that_falls(name, one, other):
    low, high = sorted((one, other))

    assert 1 >= TAILS[name](low) >= TAILS[name](high) * (1 - 1e-9) >= 0
