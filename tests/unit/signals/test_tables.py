import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from atalaia.signals.tables import SHARE_METRICS, measure_tables


def drawn(seed, bins):
    random = np.random.default_rng(seed)
    return tuple(np.append(random.integers(0, 40, bins - 1), 1) for _ in range(2))


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(1, 70)), max_size=12))
def test_what_is_measured_of_a_column_does_not_depend_on_the_others_to_the_last_bit(wanted):
    tables = [drawn(seed, bins) for seed, bins in wanted]

    assert measure_tables(tables) == [measure_tables([table])[0] for table in tables]


def test_columns_of_more_bins_than_are_held_at_once_are_measured():
    wide = drawn(1, 200_000)
    found = measure_tables([wide, drawn(2, 3), wide])

    assert found[0] == found[2] != found[1]
    exact = np.abs(wide[0] / wide[0].sum() - wide[1] / wide[1].sum()).sum() / 2
    assert found[0].metrics["total_variation"] == pytest.approx(exact, rel=1e-12)


def test_a_table_has_every_metric_and_the_p_values_of_both_tests():
    several, single = measure_tables([drawn(3, 4), (np.array([5]), np.array([7]))])

    assert tuple(several.metrics) == tuple(single.metrics) == SHARE_METRICS
    assert set(several.p_values) == {"chi_square", "g_test"}
    assert single.p_values == {"chi_square": None, "g_test": None}
    assert set(single.metrics.values()) == {0.0}


def test_the_published_p_values_of_both_tests():
    five, four = measure_tables(
        [
            (np.array([806, 601, 379, 214, 0]), np.array([555, 377, 286, 177, 105])),
            (np.array([50, 30, 20, 0]), np.array([40, 30, 20, 10])),
        ]
    )

    assert five.p_values["chi_square"] == pytest.approx(1.4e-31, rel=0.04)
    assert four.p_values["chi_square"] == pytest.approx(0.011139980641667716, rel=1e-12)
    table = np.array([[50, 30, 20, 0], [40, 30, 20, 10]])
    likelihood = scipy.stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    assert four.p_values["g_test"] == pytest.approx(likelihood.pvalue, rel=1e-12)
