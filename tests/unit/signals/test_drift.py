import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.stats
from counting import count_categories, count_numbers
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy.spatial.distance import jensenshannon
from shapes import SHAPES, by_cells_alone, on_own_grid, sides_of

from atalaia.profile.categorical import CategoricalGrid, CategoricalSummary
from atalaia.profile.numeric import NumericSummary, grid_of
from atalaia.profile.text import TextGrid, TextSummary
from atalaia.signals.distributions import kolmogorov_smirnov, wasserstein
from atalaia.signals.drift import (
    NUMERIC_METRICS,
    bin_counts,
    category_counts,
    decile_cuts,
    measure_all,
    measure_categorical,
    measure_numeric,
)
from atalaia.signals.tables import SHARE_METRICS, measure_tables


def categories(values, grid):
    return count_categories(grid, values)


numbers = st.lists(
    st.one_of(st.integers(-5, 5).map(float), st.floats(-1e6, 1e6)),
    min_size=1,
    max_size=60,
)


def statistic(before, now):
    """The definition itself, at every value: SciPy's function refuses some of the smallest samples."""
    points = np.array([*before, *now])[:, None]
    return np.abs((np.array(before) <= points).mean(axis=1) - (np.array(now) <= points).mean(axis=1)).max()


@settings(max_examples=300)
@given(numbers, numbers)
def test_the_exact_kolmogorov_smirnov_statistic_lies_within_the_bounds(before, now):
    _, p, q = by_cells_alone(before, now)
    low, high = kolmogorov_smirnov(p, q)

    exact = statistic(before, now)
    assert low - 1e-12 <= exact <= high + 1e-12


@settings(max_examples=300)
@given(numbers, numbers)
def test_scipys_wasserstein_lies_within_the_bounds(before, now):
    grid, p, q = by_cells_alone(before, now)
    value, low, high = wasserstein(grid, p, q)

    exact = scipy.stats.wasserstein_distance(before, now)
    slack = 1e-12 * max(*map(abs, before), *map(abs, now))  # what SciPy's own sums round
    assert low - slack <= exact <= high + slack
    assert low <= value <= high


@given(numbers, numbers)
def test_both_distances_are_exact_where_all_values_are_known(before, now):
    grid, p, q = on_own_grid(before, now)
    low, high = kolmogorov_smirnov(p, q)
    area, least, most = wasserstein(grid, p, q)

    exact = scipy.stats.wasserstein_distance(before, now)
    slack = 1e-12 * max(*map(abs, before), *map(abs, now))
    assert low == high == pytest.approx(statistic(before, now), abs=1e-12)
    assert area == pytest.approx(exact, abs=slack, rel=1e-12)
    assert least <= area <= most


@pytest.mark.parametrize("shift", [0.0, 0.3, 5.0])
@pytest.mark.parametrize("name", SHAPES)
def test_bounds_on_kolmogorov_smirnov_are_as_wide_as_the_densest_cell_at_most(name, shift):
    before, now = sides_of(name, shift, 11)
    _, p, q = by_cells_alone(before, now)
    low, high = kolmogorov_smirnov(p, q)

    exact = scipy.stats.ks_2samp(before, now, method="asymp").statistic
    assert low - 1e-12 <= exact <= high + 1e-12
    # A cell holds a thousandth of the baseline, and the current data in one can add no more than their share.
    densest = (q.cells[::2] / q.finite).max()
    assert high - low <= 0.001 + densest + 1e-12


@pytest.mark.parametrize("shift", [0.0, 0.3, 5.0])
@pytest.mark.parametrize("name", SHAPES)
def test_bounds_on_wasserstein_hold_and_are_narrow_where_data_moved(name, shift):
    before, now = sides_of(name, shift, 12)
    grid, p, q = by_cells_alone(before, now)
    value, low, high = wasserstein(grid, p, q)

    exact = scipy.stats.wasserstein_distance(before, now)
    assert low <= exact <= high
    assert shift < 1 or value == pytest.approx(exact, rel=0.02)
    # Half of each cell's width times what it holds of both sides: a thousandth of the reach of a grid that fits.
    held = p.cells[2:-1:2] / p.finite + q.cells[2:-1:2] / q.finite
    rounding = math.ldexp(4.0, grid.ruler.exponent) + np.abs([*before, *now]).max() * 2.0**-49
    assert high - low <= (grid.widths * held).sum() / 2 + rounding + exact * 1e-14


def test_normalised_wasserstein_is_in_standard_deviations_of_the_baseline():
    random = np.random.default_rng(13)
    before, now = random.normal(50, 15, 5000), random.normal(60, 15, 5000)
    measures = measure_numeric(*on_own_grid(before, now))

    exact = scipy.stats.wasserstein_distance(before, now)
    assert measures.metrics["wasserstein"] == pytest.approx(exact, rel=1e-3)
    assert measures.metrics["wasserstein_normalised"] == pytest.approx(exact / before.std(), rel=1e-3)


def test_a_constant_that_moved_is_seen():
    grid, p, q = on_own_grid([3.0] * 100, [4.0] * 50)
    measures = measure_numeric(grid, p, q)

    assert measures.bounds["kolmogorov_smirnov"] == (1.0, 1.0)
    assert measures.metrics["wasserstein"] == pytest.approx(1.0)
    assert measures.metrics["wasserstein_normalised"] is None  # the baseline has no deviation to measure in
    assert measures.metrics["jensen_shannon"] == 1.0


def test_bins_hold_a_tenth_of_the_baseline_each():
    _grid, p, _ = on_own_grid(np.random.default_rng(14).permutation(10_000), [1.0])

    assert bin_counts(p, decile_cuts(p)).tolist() == [1000] * 10


def test_a_tied_value_stays_in_one_bin():
    _, p, _ = on_own_grid([0.0] * 700 + list(range(1, 301)), [1.0])

    assert bin_counts(p, decile_cuts(p)).tolist()[:2] == [0, 700]  # nothing below the smallest value, then all of it


@pytest.mark.parametrize("name", SHAPES)
def test_shares_of_bins_equal_numpys_on_raw_values(name):
    before, now = sides_of(name, 0.3, 15)
    grid, p, q = on_own_grid(before, now)
    cuts = decile_cuts(p)

    below = np.nextafter(grid.edges[0], -np.inf)
    upper = [grid.edges[(cut - 1) // 2] if cut else below for cut in cuts]
    edges = np.concatenate(([-np.inf], upper, [np.inf]))
    for summary, values in ((p, before), (q, now)):
        raw = [int(((values > a) & (values <= b)).sum()) for a, b in itertools.pairwise(edges)]
        assert bin_counts(summary, cuts).tolist() == raw


@given(st.lists(st.sampled_from("abcd"), min_size=1), st.lists(st.sampled_from("bcdef"), min_size=1))
def test_categorical_metrics_equal_scipys_on_raw_values(before, now):
    grid = CategoricalGrid(tuple(sorted(set(before))))
    measures = measure_categorical(grid, categories(before, grid), categories(now, grid))

    names = sorted(set(before) | set(now))
    table = np.array([[side.count(n) for n in names] for side in (before, now)])
    p, q = table[0] / len(before), table[1] / len(now)
    assert measures.metrics["l_infinity"] == pytest.approx(np.abs(p - q).max(), abs=1e-15)
    assert measures.metrics["total_variation"] == pytest.approx(np.abs(p - q).sum() / 2, abs=1e-15)
    assert measures.metrics["jensen_shannon"] == pytest.approx(jensenshannon(p, q, base=2), abs=1e-7)
    if len(names) > 1:
        expected = scipy.stats.chi2_contingency(table, correction=False)
        assert measures.metrics["chi_square"] == pytest.approx(expected.statistic, rel=1e-9, abs=1e-9)
        assert measures.p_values["chi_square"] == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)
    else:
        assert measures.p_values["chi_square"] is None


@pytest.mark.parametrize("name", SHAPES)
def test_metrics_on_shares_lose_nothing_to_the_profile(name):
    before, now = sides_of(name, 0.3, 17)
    measures = measure_numeric(*by_cells_alone(before, now))

    ordered = np.sort(before)
    ends = np.unique(ordered[(np.arange(1, 10) * len(ordered) + 9) // 10 - 1])
    below = [np.nextafter(ends[0], -np.inf)] if ends[0] == ordered[0] else []
    edges = np.concatenate(([-np.inf], below, ends, [np.inf]))
    table = np.array(
        [[((side > a) & (side <= b)).sum() for a, b in itertools.pairwise(edges)] for side in (before, now)]
    )
    raw = measure_tables([(table[0], table[1])])[0]
    assert {name: measures.metrics[name] for name in SHARE_METRICS} == pytest.approx(raw.metrics, rel=1e-12, abs=1e-14)
    assert measures.p_values["g_test"] == pytest.approx(raw.p_values["g_test"], rel=1e-9)


def test_a_column_without_a_number_in_the_window_is_not_measured():
    grid, before, _ = on_own_grid([1.0, 2.0, 3.0], [1.0])
    measures = measure_numeric(grid, before, count_numbers(grid, [], missing=500))

    assert set(measures.metrics.values()) == {None}
    assert (measures.bounds, measures.p_values) == ({}, {})


def test_all_columns_at_once_are_measured_as_each_alone():
    words = CategoricalGrid(("a", "b"))
    texts = TextGrid(on_own_grid([1.0, 2.0, 9.0], [1.0])[0])
    lengths = [count_numbers(texts.lengths, values) for values in ([1.0, 2.0, 9.0], [2.0, 2.0])]
    columns = [
        on_own_grid(*sides_of("normal", 0.3, 18)),
        (words, categories("aab", words), categories("abbc", words)),
        (texts, *(replace(TextSummary.empty(texts), lengths=side) for side in lengths)),
        (words, categories("aab", words), CategoricalSummary.empty(words)),
        on_own_grid(*sides_of("ties", 0.3, 18)),
    ]
    together = measure_all(columns)

    assert together == [measure_all([column])[0] for column in columns]
    assert together[0] == measure_numeric(*columns[0])
    assert together[1] == measure_categorical(*columns[1])
    assert together[2] == measure_numeric(texts.lengths, *lengths)
    assert set(together[3].metrics.values()) == {None}
    assert measure_all([]) == []


def test_a_column_of_two_kinds_is_refused():
    grid, numbers, _ = on_own_grid([1.0], [1.0])

    with pytest.raises(TypeError, match="different kinds"):
        measure_all([(grid, numbers, CategoricalSummary.empty(CategoricalGrid(("a",))))])


def test_the_p_value_of_cramer_von_mises_equals_scipys():
    random = np.random.default_rng(16)
    before, now = random.normal(0, 1, 900), random.normal(0.1, 1, 700)
    measures = measure_numeric(*on_own_grid(before, now))

    exact = scipy.stats.cramervonmises_2samp(before, now, method="asymptotic")
    assert measures.p_values["cramer_von_mises"] == pytest.approx(exact.pvalue, rel=1e-8)  # SciPy's series ends at 1e-7


def test_the_p_value_that_evidently_tests_for():
    before, now = (scipy.stats.norm.rvs(size=100, random_state=seed) for seed in (0, 1))
    measures = measure_numeric(*on_own_grid(before, now))

    assert measures.p_values["cramer_von_mises"] == pytest.approx(0.8076839, abs=5e-8)


def test_the_p_value_of_kolmogorov_smirnov_equals_scipys_for_large_samples():
    random = np.random.default_rng(16)
    before, now = random.normal(0, 1, 900), random.normal(0.1, 1, 900)
    measures = measure_numeric(*on_own_grid(before, now))

    exact = scipy.stats.ks_2samp(before, now, method="asymp")
    low, _high = measures.bounds["kolmogorov_smirnov"]
    assert low == pytest.approx(exact.statistic, abs=1e-12)
    # SciPy's asymptotic value is that of a one-sample test; the limit used here differs by about 1/sqrt(n)
    assert measures.p_values["kolmogorov_smirnov"] == pytest.approx(exact.pvalue, rel=0.1)


def test_without_values_on_one_side_nothing_is_measured():
    grid = grid_of(np.array([1.0]), 1.0, 1.0)
    words = CategoricalGrid(("a",))
    numeric = measure_numeric(grid, NumericSummary.empty(grid), NumericSummary.empty(grid))
    categorical = measure_categorical(words, CategoricalSummary.empty(words), CategoricalSummary.empty(words))

    assert set(numeric.metrics.values()) == {None}
    assert set(categorical.metrics.values()) == {None}
    assert tuple(numeric.metrics) == NUMERIC_METRICS
    assert tuple(categorical.metrics) == SHARE_METRICS


def test_unseen_values_that_were_not_kept_by_name_share_one_category():
    grid = CategoricalGrid(("a",))
    before, now = categories(["a"], grid), categories([f"v{i}" for i in range(2000)], grid)
    names, p, q = category_counts(grid, before, now)

    assert names[-1] == "…"
    assert (p.sum(), q.sum(), q[-1]) == (1, 2000, 2000 - 1024)


def test_values_near_the_largest_float_are_measured():
    grid, p, q = on_own_grid([0.0, 5e-324], [1.7e308, 1.7e308])
    measures = measure_numeric(grid, p, q)

    low, high = measures.bounds["wasserstein"]
    assert low <= 1.7e308 <= high
    assert measures.metrics["kolmogorov_smirnov"] == 1.0


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (np.random.default_rng(1).random(1000), np.append(np.random.default_rng(2).random(1000), 1e300)),
        (np.linspace(1e-310, 3e-310, 50), np.full(5, 7.3)),
        (1e9 + np.random.default_rng(3).normal(0, 1e-6, 500), np.random.default_rng(4).normal(0, 1, 500)),
        (1e6 + np.random.default_rng(5).random(500), np.full(100, 7.3)),
        (np.append(np.random.default_rng(6).normal(0, 1, 5000), 1e15), np.random.default_rng(7).normal(0.5, 1, 5000)),
    ],
    ids=["one value far out", "tiny baseline", "large offset", "constant far below", "sentinel in the baseline"],
)
def test_bounds_on_wasserstein_hold_for_extreme_values(before, now):
    grid, p, q = by_cells_alone(before, now)
    _, low, high = wasserstein(grid, p, q)

    places = sorted(map(Fraction, np.unique(np.concatenate((before, now))).tolist()))
    ranks = [(np.searchsorted(np.sort(side), [float(v) for v in places], "right"), len(side)) for side in (before, now)]
    shares = [[Fraction(int(r), n) for r in rank] for rank, n in ranks]
    exact = sum(
        abs(a - b) * (v - u) for a, b, (u, v) in zip(shares[0], shares[1], itertools.pairwise(places), strict=False)
    )
    assert low <= exact <= high


def test_a_constant_that_moved_down_is_seen_in_every_metric():
    measures = measure_numeric(*on_own_grid([5.0] * 100, [3.0] * 50))

    assert measures.metrics["jensen_shannon"] == 1.0
    assert measures.metrics["total_variation"] == 1.0
    assert measures.metrics["wasserstein"] == pytest.approx(2.0)


def test_distances_of_more_categories_than_are_kept_have_bounds():
    grid = CategoricalGrid(("a",))
    before = categories(["a"] + [f"b{i}" for i in range(3000)], grid)
    now = categories(["a"] + [f"c{i}" for i in range(3000)], grid)
    measures = measure_categorical(grid, before, now)

    for metric in ("jensen_shannon", "jensen_shannon_divergence", "hellinger", "total_variation"):
        low, high = measures.bounds[metric]
        assert low == measures.metrics[metric] <= high
        assert high > 0.98  # the truth: only one value of 3,001 is shared
    assert [measures.metrics[name] for name in ("psi", "kullback_leibler", "chi_square", "g_test")] == [None] * 4
    assert measures.bounds["l_infinity"] == pytest.approx((1 / 3001, (3000 - 1024) / 3001), rel=0.1)
    assert measures.bounds["l_infinity_robust"][1] == pytest.approx(
        measures.bounds["l_infinity"][1] - 1.8 * math.sqrt(2 / 3001), rel=1e-12
    )


def test_the_area_between_the_largest_floats_is_a_number():
    grid, p, q = on_own_grid([-1.7e308, 1.7e308], [-1.7e308, 1.7e308])

    assert wasserstein(grid, p, q)[0] == 0.0
