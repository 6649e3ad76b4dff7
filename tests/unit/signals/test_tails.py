"""Probabilities of tails, beside SciPy's."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from atalaia.signals.tails import chi_square_tail, kolmogorov_tail


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
