"""The root mean square distance of two distribution functions, beside SciPy's statistic and its own laws."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import SHAPES, by_cells_alone, on_own_grid, sides_of

from atalaia.signals.distributions import cramer_von_mises, kolmogorov_smirnov

LARGEST = 1 / math.sqrt(3)

numbers = st.lists(st.one_of(st.integers(-5, 5).map(float), st.floats(-1e6, 1e6)), min_size=2, max_size=60)


def known(before, now):
    """The exact distance, from all values."""
    _, p, q = on_own_grid(before, now)
    value, low, high = cramer_von_mises(p, q)
    assert low == value == high
    return value


def by_definition(before, now):
    """Integrate over the values of both sides in order, those of a tie evenly mixed."""
    values = np.union1d(before, now)
    f, g = ([0.0, *(np.searchsorted(np.sort(side), values, "right") / len(side))] for side in (before, now))
    h = (len(before) * np.array(f) + len(now) * np.array(g)) / (len(before) + len(now))
    apart = np.array(f) - np.array(g)
    steps = np.linspace(0, 1, 3)  # Simpson's rule is exact for squares of straight lines
    lines = apart[:-1, None] * (1 - steps) + apart[1:, None] * steps
    return math.sqrt((np.diff(h) * (lines**2 @ [1 / 6, 4 / 6, 1 / 6])).sum())


@given(numbers, numbers)
def test_without_ties_it_is_the_root_of_scipys_statistic_but_for_a_constant(before, now):
    before, now = list(dict.fromkeys(before)), [value for value in dict.fromkeys(now) if value not in set(before)]
    if len(before) > 1 and len(now) > 1:
        n, m = len(before), len(now)

        statistic = scipy.stats.cramervonmises_2samp(before, now, method="asymptotic").statistic
        assert n * m / (n + m) * known(before, now) ** 2 + 1 / (6 * (n + m)) == pytest.approx(statistic, abs=1e-9)


@given(numbers, numbers)
def test_with_ties_it_differs_from_scipys_midranks_by_what_theory_has_it(before, now):
    n, m = len(before), len(now)
    both = n + m
    a, b = (np.array([side.count(value) for value in {*before, *now}]) for side in (before, now))

    statistic = scipy.stats.cramervonmises_2samp(before, now, method="asymptotic").statistic
    ties = ((a + b) * (a - b) * (n * a - m * b)).sum() / (12 * n * m * both)
    constant = 1 / (3 * both) - both / (12 * n * m)
    assert n * m / both * known(before, now) ** 2 + constant + ties == pytest.approx(statistic, abs=1e-9)


@given(numbers, numbers)
def test_it_is_the_integral_that_defines_it(before, now):
    assert known(before, now) == pytest.approx(by_definition(before, now), abs=1e-12)


@given(numbers, numbers)
def test_it_is_symmetric_and_the_same_in_any_unit_and_direction(before, now):
    exact = known(before, now)

    assert known(now, before) == pytest.approx(exact, abs=1e-12)
    turned = [[-math.atan(value) for value in side] for side in (before, now)]
    if len({*before, *now}) == len({*turned[0], *turned[1]}):  # where rounding ties nothing
        assert known(*turned) == pytest.approx(exact, abs=1e-12)


@given(numbers, numbers)
def test_it_is_never_above_kolmogorov_smirnov_nor_its_largest_value(before, now):
    _, p, q = on_own_grid(before, now)

    assert cramer_von_mises(p, q)[0] <= min(kolmogorov_smirnov(p, q)[0] + 1e-12, LARGEST)


@given(numbers, st.integers(1, 5), st.integers(1, 5))
def test_repeating_values_changes_nothing(values, some, others):
    assert known(values * some, values * others) == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize(("before", "now"), [([1.0, 2.0], [3.0, 4.0, 5.0]), ([2019.0] * 9, [2026.0] * 4)])
def test_it_is_largest_where_one_side_lies_below_the_other(before, now):
    for side in (on_own_grid, by_cells_alone):
        value, low, high = cramer_von_mises(*side(before, now)[1:])
        assert low == pytest.approx(LARGEST, abs=1e-12)
        assert value == pytest.approx(LARGEST, abs=1e-12)
        assert high <= LARGEST


@settings(max_examples=300)
@given(numbers, numbers)
def test_the_exact_distance_lies_within_the_bounds(before, now):
    value, low, high = cramer_von_mises(*by_cells_alone(before, now)[1:])

    assert low - 1e-12 <= by_definition(before, now) <= high + 1e-12
    assert 0 <= low <= value <= high <= LARGEST


@pytest.mark.parametrize("shift", [0.0, 0.3, 5.0])
@pytest.mark.parametrize("name", SHAPES)
def test_bounds_are_as_wide_as_the_densest_cell_at_most_and_the_value_lies_nearer(name, shift):
    before, now = sides_of(name, shift, 11)
    _, p, q = by_cells_alone(before, now)
    value, low, high = cramer_von_mises(p, q)

    exact = by_definition(before, now)
    assert low - 1e-12 <= exact <= high + 1e-12
    # A cell holds a thousandth of the baseline, and the current data in one can add no more than their share.
    densest = (q.cells[::2] / q.finite).max()
    assert high - low <= 0.001 + densest + 1e-12
    assert value == pytest.approx(exact, abs=max(5e-5, (high - low) / 2))
