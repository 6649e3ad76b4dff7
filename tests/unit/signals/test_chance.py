"""Null distributions: probabilities are uniform without drift, are SciPy's where it has them, and never fail."""

import itertools
import math

import numpy as np
import pytest
from drawn_counts import CELLS, TEXTS, named, normal, of_categories, of_values, on_values, texts
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from shapes import SHAPES, on_own_grid

from atalaia.profile import NumericSummary
from atalaia.signals.chance import chance_of, effective_rows
from atalaia.signals.drift import NUMERIC_METRICS, measure_all
from atalaia.signals.marginals import dimensions, log_factorial
from atalaia.signals.tables import SHARE_METRICS
from atalaia.signals.tails import two_sample_cramer_von_mises_tail

SIZES = [(10_000, 50), (10_000, 1000), (1000, 1000), (1000, 100_000)]
CAREFUL = {"l_infinity", "kolmogorov_smirnov"}  # never below the true probability, but above it where there are ties
JUDGED = [name for name in NUMERIC_METRICS if name != "l_infinity_robust"]
FALSE_ALARM = 1e-4  # of a single comparison here, of which there are some hundreds

VALUES = {
    "three values": np.array([0.5, 0.3, 0.2]),
    "many zeros": np.array([0.7] + [0.03] * 10),
    "forty values": np.full(40, 1 / 40),
}
CATEGORIES = {
    "two": np.array([0.5, 0.5]),
    "three": np.array([0.7, 0.2, 0.1]),
    "rare ones": np.array([0.6, 0.3] + [0.1 / 50] * 50),
    "many": np.full(500, 1 / 500),
}


def tails_of(columns):
    """The probability of each metric's value on each of the columns, which are drawn from one law."""
    found = {}
    for place, (column, measured) in enumerate(zip(columns, measure_all(columns), strict=True)):
        for metric, value in measured.metrics.items():
            if metric == "l_infinity_robust":
                continue
            if not metric.startswith("wasserstein") or place % 40 == 0:  # that one's hardly differs between draws
                found.setdefault(metric, []).append((chance_of(metric, column), []))
            found[metric][-1][1].append(value)
    return {
        metric: np.array([chance.tail(value) for chance, values in each for value in values])
        for metric, each in found.items()
    }


def assert_uniform(tails, *, sure):
    """Compare how many probabilities are below a level with the binomial distribution's own spread.

    Where some bins are to hold less than ten values, probabilities come in steps and are good to a factor of two.
    """
    for metric, each in tails.items():
        for level in (0.01, 0.05, 0.2):
            below, draws = int((each <= level).sum()), len(each)
            most = level if sure else min(2 * level, 1.0)
            assert below <= stats.binom.isf(FALSE_ALARM, draws, most), (metric, level, below)
            if sure and metric not in CAREFUL:
                assert below >= stats.binom.ppf(FALSE_ALARM, draws, level), (metric, level, below)


@pytest.mark.parametrize(("n", "m"), SIZES)
@pytest.mark.parametrize("name", CATEGORIES)
def test_probabilities_of_categories_are_uniform_without_drift(name, n, m):
    random, shares = np.random.default_rng(1), CATEGORIES[name]
    sides = (map(of_categories, random.multinomial(rows, shares, 200)) for rows in (n, m))
    columns = [(named(len(shares)), *each) for each in zip(*sides, strict=True)]

    assert_uniform(tails_of(columns), sure=min(n, m) * shares.min() >= 10)


@pytest.mark.parametrize(("n", "m"), SIZES)
@pytest.mark.parametrize("name", VALUES)
def test_probabilities_of_tied_numbers_are_uniform_without_drift(name, n, m):
    random, shares = np.random.default_rng(2), VALUES[name]
    sides = (map(of_values, random.multinomial(rows, shares, 100)) for rows in (n, m))
    columns = [(on_values(len(shares)), *each) for each in zip(*sides, strict=True)]

    assert_uniform(tails_of(columns), sure=min(n, m) * shares.min() >= 10)


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_probabilities_of_numbers_without_ties_are_uniform_without_drift(n, m):
    random = np.random.default_rng(3)
    columns = [(CELLS, normal(random, n), normal(random, m)) for _ in range(120)]
    tails = tails_of(columns)

    assert_uniform({name: each for name, each in tails.items() if not name.startswith("wass")}, sure=m > 50)


@pytest.mark.parametrize("shape", ["normal", "log-normal", "ties"])
def test_probabilities_of_raw_rows_are_uniform_without_drift(shape):
    random = np.random.default_rng(4)
    columns = [on_own_grid(SHAPES[shape](random, 3000, 0.0), SHAPES[shape](random, 500, 0.0)) for _ in range(80)]

    assert_uniform(tails_of(columns), sure=True)


@pytest.mark.parametrize("metric", ["chi_square", "g_test"])
def test_of_large_counts_the_tests_are_scipys(metric):
    before, now = np.array([50_000, 30_000, 20_000, 9000]), np.array([5080, 2900, 2060, 900])
    kind = "pearson" if metric == "chi_square" else "log-likelihood"
    exact = stats.chi2_contingency([before, now], correction=False, lambda_=kind)
    column = (named(4), of_categories(before), of_categories(now))

    assert measure_all([column])[0].metrics[metric] == pytest.approx(exact.statistic, rel=1e-9)
    assert chance_of(metric, column).tail(exact.statistic) == pytest.approx(exact.pvalue, rel=0.01)


def test_kolmogorov_smirnov_is_scipys_of_many_values():
    random = np.random.default_rng(5)
    before, now = random.normal(size=800), random.normal(0.1, 1, 700)
    column = on_own_grid(before, now)
    exact = stats.ks_2samp(before, now, method="asymp")

    found = chance_of("kolmogorov_smirnov", column).tail(exact.statistic)
    assert exact.pvalue <= found <= 1.1 * exact.pvalue  # SciPy's is that of a finite number of rows


@pytest.mark.parametrize("seed", range(4))
def test_cramer_von_mises_is_near_scipys_exact_probability_of_small_samples(seed):
    random = np.random.default_rng(seed)
    before, now = random.normal(size=25), random.normal(0.5, 1, 20)
    column = on_own_grid(before, now)
    grid, *sides = column
    exact = stats.cramervonmises_2samp(before, now, method="exact").pvalue
    value = measure_all([column])[0].metrics["cramer_von_mises"]

    assert two_sample_cramer_von_mises_tail(value, 25, 20) == pytest.approx(exact, rel=0.15, abs=0.003)
    assert chance_of("cramer_von_mises", (grid, *sides)).tail(value) == pytest.approx(exact, rel=0.5, abs=0.02)


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.98, 0.02]])
def test_of_two_values_every_metric_says_what_the_binomial_law_does(shares):
    n, m = 200_000, 100_000
    apart = 3 * math.sqrt(shares[0] * shares[1] * (1 / n + 1 / m))  # three standard deviations
    before = np.round(np.array(shares) * n)
    now = np.round((np.array(shares) + np.array([apart, -apart])) * m)
    column = (on_values(2), of_values(before), of_values(now))
    measured = measure_all([column])[0].metrics

    exact = 2 * stats.norm.sf(3)
    for metric in (*SHARE_METRICS, "cramer_von_mises", "kolmogorov_smirnov", "wasserstein"):
        if metric != "l_infinity_robust":
            error = {"l_infinity": 1.1, "wasserstein": 0.5}.get(
                metric, 0.25
            )  # twice: it is one difference, in two bins
            assert chance_of(metric, column).tail(measured[metric]) == pytest.approx(exact, rel=error), metric


def test_four_windows_out_of_five_that_moved_by_what_is_seen_are_above_the_limit():
    random = np.random.default_rng(6)
    baseline = of_categories(random.multinomial(50_000, [0.5, 0.3, 0.2]))
    chance = chance_of("jensen_shannon", (named(3), baseline, of_categories([500, 300, 200])))
    limit = chance.limit(0.001)
    wanted, shares = chance.detectable(limit), baseline.counts / baseline.valid
    moved = min(
        (shares + np.array([-step, step, 0.0]) for step in np.linspace(0, 0.3, 3001)),
        key=lambda now: abs(measured_of(baseline, now) - wanted),
    )

    windows = [(named(3), baseline, of_categories(counts)) for counts in random.multinomial(1000, moved, 400)]
    seen = sum(found.metrics["jensen_shannon"] > limit for found in measure_all(windows))
    assert abs(seen / 400 - 0.8) <= 3 * math.sqrt(0.8 * 0.2 / 400)


def measured_of(baseline, shares):
    now = of_categories(np.round(shares * 1e9))
    return measure_all([(named(3), baseline, now)])[0].metrics["jensen_shannon"]


DEGENERATE = {
    "constant on both sides": (on_values(1), of_values([1000]), of_values([500])),
    "constant, another": (on_values(2), of_values([1000, 0]), of_values([0, 500])),
    "one value each": (on_values(2), of_values([1, 0]), of_values([0, 1])),
    "one and the same": (on_values(1), of_values([1]), of_values([1])),
    "all mass in one cell": (CELLS, normal(np.random.default_rng(1), 1000), of_values([0] * 99 + [500] + [0] * 99)),
    "a billion": (CELLS, normal(np.random.default_rng(1), 10**9), normal(np.random.default_rng(2), 10**9)),
    "a billion against one": (on_values(2), of_values([10**9, 10**9]), of_values([1, 0])),
    "lengths of texts": (TEXTS, texts(np.random.default_rng(1), 900), texts(np.random.default_rng(2), 90)),
    "one category": (named(1), of_categories([1000]), of_categories([300])),
    "a new category": (named(1), of_categories([1000]), of_categories([0], 300, {"new": 300})),
    "values without names": (named(2), of_categories([600, 400], 70, {"a": 3}), of_categories([60, 40], 9, {"b": 1})),
    "a billion of a category": (named(2), of_categories([10**9, 3]), of_categories([10**9, 0])),
    "two rows": (named(2), of_categories([1, 0]), of_categories([0, 1])),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_of_any_sides_every_null_distribution_is_a_law(name):
    column = DEGENERATE[name]
    for metric, value in measure_all([column])[0].metrics.items():
        assert_law(chance_of(metric, column), value)


def assert_law(chance, value):
    if chance is None:
        return
    at = sorted({0.0, 1e-6, 0.01, 0.1, 0.5, 1.0, 30.0, *([value, value * 2] if value else [])})
    tails = [chance.tail(each) for each in at]
    assert all(0 <= tail <= 1 for tail in tails)
    assert all(before >= after * (1 - 1e-9) for before, after in itertools.pairwise(tails))
    limits = [chance.limit(probability) for probability in (0.2, 0.04, 1e-3, 1e-5, 1e-8)]
    assert all(math.isfinite(limit) and limit >= 0 for limit in limits)
    assert all(before <= after * (1 + 1e-6) for before, after in itertools.pairwise(limits))
    assert all(math.isfinite(chance.detectable(limit)) and chance.detectable(limit) >= 0 for limit in limits)


@pytest.mark.parametrize("now", [[0, 4], [0, 5], [0, 463_129_075]])
def test_a_baseline_of_one_row_has_a_law_of_two_values(now):
    column = (named(2), of_categories([1, 0]), of_categories(now))
    for metric, value in measure_all([column])[0].metrics.items():
        assert_law(chance_of(metric, column), value)


counts = st.lists(st.one_of(st.integers(0, 5), st.integers(0, 10**9)), min_size=1, max_size=12)


@settings(max_examples=60)
@given(counts, counts, st.sampled_from(sorted({*JUDGED} - {"wasserstein", "wasserstein_normalised"})))
def test_whatever_the_counts_are_nothing_fails(before, now, metric):
    width = max(len(before), len(now))
    before, now = (np.array([*side, *[0] * (width - len(side))]) for side in (before, now))
    if not before.sum() or not now.sum():
        return
    columns = [(on_values(width), of_values(before), of_values(now))]
    if metric in SHARE_METRICS:
        columns.append((named(width), of_categories(before), of_categories(now)))
    for column in columns:
        assert_law(chance_of(metric, column), measure_all([column])[0].metrics[metric])


def test_areas_of_a_constant_column_have_no_law():
    constant = (on_values(2), of_values([1000, 0]), of_values([400, 100]))

    assert [chance_of(f"wasserstein{more}", constant) for more in ("", "_normalised")] == [None, None]
    assert chance_of("l_infinity_robust", constant) is None


def test_an_area_in_standard_deviations_is_as_likely_as_the_area_itself():
    random = np.random.default_rng(7)
    column = on_own_grid(random.normal(0, 7, 3000), random.normal(0.5, 7, 300))
    measured = measure_all([column])[0].metrics

    one, other = (chance_of(name, column).tail(measured[name]) for name in ("wasserstein", "wasserstein_normalised"))
    assert one == pytest.approx(other, rel=1e-9)


def test_two_samples_are_as_uncertain_as_their_effective_rows():
    assert effective_rows(10, 10) == 5


@given(st.integers(0, 10**9))
def test_the_logarithm_of_a_factorial_is_that_of_gamma(value):
    assert float(log_factorial(np.array(value))) == pytest.approx(math.lgamma(value + 1), rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("freedom", [1, 2, 7.5, 400, 3000])
def test_the_dimensions_of_a_normal_vector_follow_from_its_lengths_moments(freedom):
    mean, std = stats.chi.mean(freedom), stats.chi.std(freedom)

    assert dimensions(mean, std) == pytest.approx(freedom, rel=1e-3)


def test_a_side_without_values_is_not_asked_for():
    empty = NumericSummary.empty(CELLS)

    assert measure_all([(CELLS, empty, empty)])[0].metrics["psi"] is None
