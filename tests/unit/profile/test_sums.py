from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atalaia.profile.sums import free_sums

sizes = st.floats(-1e9, 1e9) | st.floats(allow_nan=False, allow_infinity=False)


def exactly(values, exponent):
    steps = [round(Fraction(float(value)) / Fraction(2) ** exponent) for value in values]
    return sum(steps), sum(each**2 for each in steps)


@given(st.lists(sizes, max_size=20), st.sampled_from([-120, -60, 3]))
def test_each_value_is_rounded_to_a_step_once_and_nothing_else_is(values, exponent):
    assert free_sums(np.array(values), exponent) == exactly(values, exponent)


@pytest.mark.parametrize("rows", [1, 8191, 8192, 20_000])
def test_the_longest_runs_of_the_largest_slices_are_exact(rows):
    largest = np.full(rows, np.nextafter(1.0, 0.0))

    assert free_sums(largest, -120) == tuple(rows * each for each in exactly(largest[:1], -120))


@pytest.mark.parametrize("spread", [1, 30, 100])
def test_values_of_different_sizes_are_summed_exactly(spread):
    random = np.random.default_rng(spread)
    values = random.normal(size=9000) * np.exp(random.normal(0, spread, 9000))

    assert free_sums(values, -120) == exactly(values, -120)


def test_halves_of_a_step_go_to_the_even_one():
    halves = np.array([-1.5, -0.5, 0.5, 1.5, 2.5, 2.0**30 + 0.5])

    assert free_sums(halves, 0) == exactly(halves, 0)
