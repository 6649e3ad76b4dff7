import math

import numpy as np
import pytest
from counting import count_numbers
from hypothesis import given
from hypothesis import strategies as st

from atalaia.profile import NumericGrid, grid_of
from atalaia.profile.weighted import Weighted, count_weighted, grid_of_weighted

sizes = st.integers(1, 400)
weighted = st.dictionaries(st.integers(-9, 9), st.integers(1, 60), min_size=1).map(
    lambda d: (np.array(sorted(d), float), np.array([d[v] for v in sorted(d)], np.int64))
)
numbers = st.floats(-1e300, 1e300)
edges = st.lists(numbers, min_size=1, max_size=12).map(lambda e: NumericGrid(np.unique(np.array(e) + 0.0)))
counted = st.dictionaries(numbers.map(lambda v: v + 0.0), st.integers(1, 5), min_size=1, max_size=20)


@given(weighted, sizes)
def test_quantiles_are_those_of_the_rows_written_out(sample, cells):
    values, weights = sample
    rows = np.repeat(values, weights).tolist()
    places = [-(-k * len(rows) // cells) - 1 for k in range(1, cells)]

    assert Weighted(values, weights).quantiles(cells).tolist() == [rows[place] for place in places]


@given(weighted, sizes)
def test_a_quantile_is_the_lowest_value_with_its_share_at_or_below_it(sample, cells):
    values, weights = sample
    wanted = np.arange(1, cells) * int(weights.sum())
    found = Weighted(values, weights).quantiles(cells)
    reached = np.array([int(weights[values <= value].sum()) for value in found])
    before = np.array([int(weights[values < value].sum()) for value in found])

    assert (reached * cells >= wanted).all()
    assert (before * cells < wanted).all()


def test_a_quantile_on_an_exact_share_of_the_mass_is_the_value_that_reaches_it():
    found = Weighted(np.array([1.0, 2.0, 3.0]), np.array([1, 1, 2])).quantiles(4)

    assert sorted(set(found.tolist())) == [1.0, 2.0, 3.0]


def test_quantiles_of_the_largest_count_do_not_overflow():
    found = Weighted(np.array([1.0, 2.0, 3.0]), np.array([2**52, 2**51, 2**51])).quantiles(1000)

    assert sorted(set(found.tolist())) == [1.0, 2.0, 3.0]


def test_nothing_has_no_quantiles():
    assert Weighted(np.empty(0), np.empty(0, np.int64)).quantiles(7).tolist() == []


@given(edges, counted)
def test_weighted_values_are_counted_like_rows(grid, values):
    rows = np.repeat(np.array(list(values), float), list(values.values()))
    found = count_weighted(grid, Weighted.of(np.array(list(values), float), np.array(list(values.values()), np.int64)))
    expected = count_numbers(grid, rows)

    assert found.cells.tolist() == expected.cells.tolist()
    assert (found.rows, found.denormal) == (expected.rows, expected.denormal)
    assert (found.minimum, found.maximum) == (expected.minimum, expected.maximum)
    assert found.distinct.hashes.tolist() == expected.distinct.hashes.tolist()
    assert found.distinct.counts.tolist() == expected.distinct.counts.tolist()
    step, largest = math.ldexp(1.0, grid.ruler.exponent), max(map(abs, [*values, *grid.edges]))
    assert found.mean(grid) == pytest.approx(expected.mean(grid), rel=1e-9, abs=step + 1e-12 * largest)
    assert found.places(grid) == pytest.approx(expected.places(grid), rel=1e-6, abs=1e-6)


@given(st.lists(st.integers(-2000, 2000), min_size=1, max_size=50), st.integers(1, 9))
def test_steps_of_near_values_add_up_exactly(values, times):
    grid = NumericGrid(np.array([-100.0, 0.0, 50.0]))
    rows = np.array(values * times, float)
    found = count_weighted(grid, Weighted.of(np.array(values, float), np.full(len(values), times)))
    expected = count_numbers(grid, rows)

    assert (found.total, found.squares) == (expected.total, expected.squares)
    assert (found.inner.tolist(), found.wide) == (expected.inner.tolist(), expected.wide)


@given(weighted)
def test_a_grid_cut_from_weighted_values_is_the_one_cut_from_the_rows(sample):
    values, weights = sample
    rows = np.repeat(values, weights)

    found = grid_of_weighted(Weighted(values, weights), rows.min(), rows.max())
    assert found.edges.tolist() == grid_of(rows, rows.min(), rows.max()).edges.tolist()


def test_equal_values_are_joined_and_those_without_weight_left_out():
    found = Weighted.of(np.array([2.0, -0.0, 2.0, 5.0, 0.0]), np.array([1, 2, 3, 0, 1]))

    assert (found.values.tolist(), found.weights.tolist(), found.rows) == ([0.0, 2.0], [3, 4], 7)


def test_nothing_has_no_grid():
    assert len(grid_of_weighted(Weighted(np.empty(0), np.empty(0, np.int64)), 0.0, 0.0).edges) == 0


def test_nothing_counted_is_nothing():
    found = count_weighted(NumericGrid(np.array([1.0])), Weighted(np.empty(0), np.empty(0, np.int64)))

    assert (found.rows, found.finite) == (0, 0)
