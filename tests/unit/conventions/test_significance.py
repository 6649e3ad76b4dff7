import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from atalaia.conventions.significance import contingency, goodness_of_fit, kolmogorov, proportions

counts = st.lists(st.integers(0, 60), min_size=2, max_size=6)


@settings(max_examples=150)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 10**6))
def test_the_kolmogorov_p_value_of_small_samples_is_scipys_exact_one(n, m, seed):
    before, now = np.split(np.random.default_rng(seed).random(n + m), [n])
    try:
        found = scipy.stats.ks_2samp(before, now, method="exact")
    except RuntimeWarning:  # SciPy gives up where rounding takes it above 1
        assume(False)

    assert kolmogorov(float(found.statistic), n, m) == pytest.approx(found.pvalue, rel=1e-9)


@pytest.mark.parametrize(
    ("n", "m", "shift"), [(2000, 1500, 0.25), (9000, 900, 0.02), (10_000, 37, 0.5), (600, 600, 1.5)]
)
def test_the_kolmogorov_p_value_of_large_samples_is_scipys_exact_one(n, m, shift):
    random = np.random.default_rng(0)
    found = scipy.stats.ks_2samp(random.normal(size=n), random.normal(shift, 1, m))

    assert kolmogorov(float(found.statistic), n, m) == pytest.approx(found.pvalue, rel=1e-9)


@pytest.mark.parametrize(("n", "m", "shift"), [(20_000, 500, 0.1), (30_000, 20_000, 0.02), (10_001, 300, 0.3)])
def test_beyond_10000_rows_it_is_near_scipys_limit(n, m, shift):
    random = np.random.default_rng(0)
    found = scipy.stats.ks_2samp(random.normal(size=n), random.normal(shift, 1, m))

    assert kolmogorov(float(found.statistic), n, m) == pytest.approx(found.pvalue, abs=2e-5)


def test_the_ends_of_the_kolmogorov_p_value():
    assert kolmogorov(0.0, 10, 10) == 1.0
    assert kolmogorov(1.0, 5000, 5000) == 0.0


@given(counts, st.data())
def test_tests_of_counts_are_scipys(before, data):
    now = np.array(data.draw(st.lists(st.integers(0, 60), min_size=len(before), max_size=len(before)).filter(sum)))
    before = np.array(before) + (now > 0)
    held = (before + now) > 0
    table = np.stack((before[held], now[held]))

    assert goodness_of_fit(before, now) == pytest.approx(
        scipy.stats.chisquare(table[1], table[0] * (now.sum() / before.sum())).pvalue if held.sum() > 1 else 1.0,
        rel=1e-9,
    )
    expected = scipy.stats.chi2_contingency(table)
    assert contingency(before, now) == (
        pytest.approx(expected.statistic, rel=1e-9, abs=1e-9),
        pytest.approx(expected.pvalue, rel=1e-9),
    )


def test_the_published_contingency_test():
    """An integration test of frouros: aabaab against bacccc."""
    statistic, p_value = contingency(np.array([4, 2, 0]), np.array([1, 1, 4]))

    assert (statistic, p_value) == (pytest.approx(6.13333333, abs=1e-8), pytest.approx(0.04657615, abs=1e-8))


def test_what_was_not_expected_makes_the_p_value_0():
    assert goodness_of_fit(np.array([5, 0]), np.array([5, 1])) == 0.0


def test_the_test_of_proportions_is_the_z_test():
    p, q = 0.5, 0.4
    z = (p - q) / np.sqrt(0.45 * 0.55 * (1 / 100 + 1 / 100))

    found = proportions(np.array([50, 50]), np.array([40, 60]))
    assert found == pytest.approx(2 * scipy.stats.norm.sf(z), rel=1e-9)
    assert proportions(np.array([50]), np.array([40])) == 1.0
