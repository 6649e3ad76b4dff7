import math

import numpy as np
import pytest
from conventional import by_cells_alone, numbers
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from atalaia.conventions.binning import Binned, by_value, count_bins, distinct_of, doane, equal_edges, exactly, sturges
from atalaia.conventions.shares import (
    FILLED,
    LAPLACE,
    Fill,
    hellinger,
    jensen_shannon,
    kullback_leibler,
    stability_index,
)
from atalaia.conventions.sides import Numbers, plain_wasserstein
from atalaia.schema import Column

SHAPES = {
    "normal": lambda r, n: r.normal(size=n),
    "log-normal": lambda r, n: r.lognormal(size=n),
    "heavy tail": lambda r, n: r.standard_cauchy(n),
    "ties": lambda r, n: np.where(r.random(n) < 0.4, 0.0, r.normal(size=n)),
    "whole": lambda r, n: np.rint(r.normal(0, 300, n)),
    "years": lambda r, n: 2019 + r.random(n) * 7,
    "constant": lambda r, n: np.full(n, 5.0),
}
values = st.lists(st.one_of(st.integers(-5, 5).map(float), st.floats(-1e6, 1e6)), min_size=8, max_size=60)


@pytest.mark.parametrize("rule", ["sturges", "doane"])
@pytest.mark.parametrize("shape", SHAPES)
def test_edges_are_numpys(rule, shape):
    drawn = SHAPES[shape](np.random.default_rng(1), 3000)
    deviation = drawn.std()
    skewness = ((drawn - drawn.mean()) ** 3).mean() / deviation**3 if deviation else 0.0
    wanted = sturges(len(drawn)) if rule == "sturges" else doane(len(drawn), skewness)

    expected = np.histogram_bin_edges(drawn, rule)
    assert equal_edges(drawn.min(), drawn.max(), wanted) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_edges_of_integers_are_no_nearer_than_1_as_numpys():
    drawn = np.array([1, 2, 3, 3, 2] * 400)

    expected = np.histogram_bin_edges(drawn, "sturges")
    assert equal_edges(1.0, 3.0, sturges(len(drawn)), whole=True).tolist() == expected.tolist() == [1, 2, 3]


def test_doane_asks_for_one_bin_for_two_rows():
    assert doane(2, 5.0) == 1.0


@settings(max_examples=200)
@given(values, values, st.integers(1, 12))
def test_no_count_is_further_off_than_stated(before, now, bins):
    grid, *sides = by_cells_alone(*numbers(before, now))
    low, high = min(*before, *now), max(*before, *now)
    edges = np.linspace(low, high, bins + 1) if low < high else np.array([low - 1, low + 1])

    for held, side in zip((before, now), sides, strict=True):
        binned = count_bins(grid, side, edges)
        assert (np.abs(np.histogram(held, edges)[0] - binned.counts) <= binned.loose + 1e-9).all()
        assert binned.counts.sum() == pytest.approx(len(held))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", SHAPES)
def test_counts_and_distances_of_many_rows_are_no_further_off_than_stated(shape, seed):
    random = np.random.default_rng(seed)
    before, now = SHAPES[shape](random, 30_000), SHAPES[shape](random, 3000) * 1.1
    edges = equal_edges(min(before.min(), now.min()), max(before.max(), now.max()), 15)
    p, q = (np.histogram(side, edges)[0] for side in (before, now))
    grid, *sides = numbers(before, now)
    ours = [count_bins(grid, side, edges) for side in sides]
    fills = [(fill, fill.shares(p, 30_000), fill.shares(q, 3000)) for fill in (LAPLACE, FILLED)]

    for counts, binned in zip((p, q), ours, strict=True):
        assert (np.abs(counts - binned.counts) <= binned.loose + 1e-9).all()
    check(jensen_shannon(*ours, 2), jensenshannon(p, q, base=2))
    check(jensen_shannon(*ours, math.e), jensenshannon(p, q))
    check(hellinger(*ours), np.linalg.norm(np.sqrt(p / 30_000) - np.sqrt(q / 3000)) / 2**0.5)
    for fill, a, b in fills:
        check(stability_index(*ours, fill), ((b - a) * np.log(b / a)).sum())
        check(kullback_leibler(*ours, fill), entropy(a, b))


def check(distance, exact):
    assert abs(distance.value - exact) <= distance.off + 1e-7  # a root near 0: 1e-14 squared


@settings(max_examples=200)
@given(values, values, st.integers(2, 6))
def test_no_distance_is_further_off_than_stated(before, now, bins):
    grid, *sides = by_cells_alone(*numbers(before, now))
    low, high = min(*before, *now), max(*before, *now)
    edges = np.linspace(low, high + 1, bins + 1)
    p, q = (np.histogram(side, edges)[0] for side in (before, now))
    ours = [count_bins(grid, side, edges) for side in sides]

    check(jensen_shannon(*ours, 2), jensenshannon(p, q, base=2))
    for fill in (LAPLACE, FILLED):
        a, b = fill.shares(p, len(before)), fill.shares(q, len(now))
        check(stability_index(*ours, fill), ((b - a) * np.log(b / a)).sum())
        check(kullback_leibler(*ours, fill), entropy(a, b))


def test_a_value_alone_in_its_cell_is_where_the_mean_is():
    grid, before, _ = by_cells_alone(*numbers(np.linspace(0, 1, 2000), [0.5]))
    binned = count_bins(grid, before, np.linspace(0, 1, 8))

    assert binned.exact
    assert binned.counts.tolist() == np.histogram(np.linspace(0, 1, 2000), 7, (0, 1))[0].tolist()


def test_kept_values_of_a_cell_tell_how_its_rest_lies():
    random = np.random.default_rng(3)
    grid, _, now = numbers(random.random(2000), 2 + random.random(20_000) ** 2)
    binned = count_bins(grid, now, np.array([2.0, 2.25, 3.0]))

    assert binned.counts[0] == pytest.approx(10_000, abs=1000)
    assert binned.loose[0] > 1000


def test_counts_by_value_need_all_values():
    _, before, now = numbers([1.0, 1.0, 2.0], [2.0, 3.0])
    p, q = by_value(before, now)

    assert (p.tolist(), q.tolist()) == ([2, 1, 0], [0, 1, 1])
    assert distinct_of(before, now) == (3.0, True)
    assert by_value(before, numbers(range(2000), [1.0])[1]) is None
    assert distinct_of(*numbers(range(2000), range(2000))[1:])[1] is False


def test_bins_that_may_be_empty_bound_the_index_by_what_fills_them():
    sure, loose = exactly(np.array([5.0, 5.0])), Binned(np.array([9.0, 1.0]), np.array([1.0, 1.0]))
    found = stability_index(sure, loose, FILLED)

    all_in_one = ((np.array([1, 1e-4]) - 0.5) * np.log(np.array([1, 1e-4]) / 0.5)).sum()
    assert abs(found.value - all_in_one) <= found.off


def test_ten_bins_over_both_sides_have_the_published_hellinger_and_index():
    """The integration tests of frouros, which count on ten bins; samples are NumPy's own from the seed 31."""
    random = np.random.RandomState(31)
    before, now = random.normal(1, 1, 500), random.normal(1, 1, 500)
    edges = equal_edges(min(before.min(), now.min()), max(before.max(), now.max()), 10)
    p, q = (exactly(np.histogram(side, edges)[0]) for side in (before, now))
    plain = Fill(lambda counts, rows: counts / rows, lambda low, high, rows: (low / rows, high / rows))

    assert hellinger(p, q).value == pytest.approx(0.04792538, abs=1e-8)
    assert stability_index(p, q, plain).value == pytest.approx(0.01840072, abs=1e-8)


def test_shifted_samples_have_the_published_hellinger_and_wasserstein_distances():
    before = np.random.RandomState(31).normal(1, 1, 100)
    now = np.random.RandomState(31).normal(5, 2, 100)
    edges = equal_edges(min(before.min(), now.min()), max(before.max(), now.max()), 10)

    assert hellinger(*(exactly(np.histogram(side, edges)[0]) for side in (before, now))).value == pytest.approx(
        0.74509099, abs=1e-8
    )
    assert plain_wasserstein(Numbers(Column("x"), *numbers(before, now))).value == pytest.approx(3.85346006, abs=1e-8)
