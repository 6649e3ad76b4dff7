import numpy as np
import pytest
from counting import count_numbers
from hypothesis import given
from hypothesis import strategies as st

from atalaia.profile import NumericGrid, NumericSummary, grid_of
from atalaia.profile.reconstruction import quantiles, reconstruct

N = 60_000
FAR = NumericGrid(np.array([-1e7]))  # all that follows lies in one open cell of it

numbers = st.floats(-1e300, 1e300)
edges = st.lists(numbers, max_size=12).map(lambda e: NumericGrid(np.unique(np.array(e) + 0.0)))


def own(rows):
    return grid_of(rows, rows.min(), rows.max())


def drawn(name):
    random = np.random.default_rng(11)
    return {
        "normal": lambda: random.normal(size=N),
        "log-normal": lambda: random.lognormal(0, 1.5, N),
        "heavy tail": lambda: random.standard_t(1.2, N),
        "mostly zero": lambda: np.where(random.random(N) < 0.7, 0.0, random.gamma(2, 10, N)),
        "ties": lambda: np.round(random.normal(50, 10, N), 2),
        "new atom": lambda: np.where(random.random(N) < 0.5, 57.123456, random.normal(50, 10, N)),
        "two peaks": lambda: np.where(random.random(N) < 0.3, random.normal(-400, 1, N), random.normal(300, 0.5, N)),
        "far from zero": lambda: random.normal(1e6, 1, N),
    }[name]()


def largest_rank_error(rows, weighted):
    ordered, places = np.sort(rows), np.unique(np.concatenate((rows, weighted.values)))
    true = np.searchsorted(ordered, places, "right")
    found = np.append(0, np.cumsum(weighted.weights))[np.searchsorted(weighted.values, places, "right")]
    return float(np.abs(true - found).max()) / len(rows)


@given(edges, st.lists(numbers, min_size=1, max_size=60))
def test_up_to_a_thousand_distinct_values_it_is_exact_on_any_grid(grid, values):
    rows = np.array(values) + 0.0
    found = reconstruct(grid, count_numbers(grid, rows))
    expected = np.unique(rows, return_counts=True)

    assert found.rank_error == 0
    assert (found.weighted.values.tolist(), found.weighted.weights.tolist()) == tuple(e.tolist() for e in expected)


@pytest.mark.parametrize(
    "name", ["normal", "log-normal", "heavy tail", "mostly zero", "ties", "two peaks", "far from zero"]
)
def test_on_its_own_grid_no_rank_is_off_by_more_than_a_few_thousandths(name):
    rows = drawn(name)
    grid = own(rows)
    found = reconstruct(grid, count_numbers(grid, rows))

    assert found.weighted.rows == N
    assert largest_rank_error(rows, found.weighted) <= found.rank_error <= 0.005


@pytest.mark.parametrize("name", ["normal", "log-normal", "heavy tail", "two peaks", "far from zero", "ties"])
def test_off_the_grid_ranks_are_off_by_no_more_than_stated(name):
    rows = drawn(name)
    found = reconstruct(FAR, count_numbers(FAR, rows))

    # an even sample of 1,024 values; 0.058 is what the inequality gives for it where values have unlike counts
    assert largest_rank_error(rows, found.weighted) <= found.rank_error < 0.06


def test_a_value_with_many_rows_that_was_sampled_keeps_them():
    rows = drawn("mostly zero")
    found = reconstruct(FAR, count_numbers(FAR, np.append(rows, np.full(N, 33.0))))
    known = count_numbers(FAR, np.append(rows, np.full(N, 33.0))).distinct

    assert 0.0 in found.weighted.values or len(known.hashes) == 1024
    assert found.weighted.rows == 2 * N


def test_a_new_value_with_many_rows_that_was_not_sampled_is_put_where_the_mean_wants_it():
    rows = drawn("new atom")
    found = reconstruct(FAR, count_numbers(FAR, rows))
    heaviest = found.weighted.values[found.weighted.weights.argmax()]

    assert heaviest == pytest.approx(57.123456, abs=1.0)
    assert found.weighted.weights.max() == pytest.approx(N / 2, rel=0.1)
    assert 0.4 < found.rank_error < 0.6  # its place is an estimate, and the loss says so


def test_on_a_fine_grid_such_a_value_is_found_to_within_its_cell():
    rows = np.where(np.random.default_rng(1).random(N) < 0.5, 0.123456, drawn("normal"))
    grid = own(drawn("normal"))
    found = reconstruct(grid, count_numbers(grid, rows))
    heaviest = found.weighted.values[found.weighted.weights.argmax()]

    assert heaviest == pytest.approx(0.123456, abs=1e-4)


@pytest.mark.parametrize("name", ["normal", "log-normal", "mostly zero", "ties", "new atom", "two peaks"])
@pytest.mark.parametrize("grid", [FAR, own(drawn("normal"))], ids=["far", "normal"])
def test_mean_and_extremes_are_those_of_the_rows(name, grid):
    rows = drawn(name)
    weighted = reconstruct(grid, count_numbers(grid, rows)).weighted

    mean = float(weighted.values @ (weighted.weights / weighted.rows))
    assert mean == pytest.approx(rows.mean(), abs=1e-3 * rows.std())
    assert (weighted.values[0], weighted.values[-1]) == (rows.min(), rows.max())


@given(st.integers(0, 2**32 - 1), edges)
def test_every_cell_keeps_its_exact_count(seed, grid):
    random = np.random.default_rng(seed)
    scale = float(np.abs(grid.edges).max(initial=1.0)) + 1.0
    rows = np.concatenate((random.normal(size=1500) * scale, random.choice(np.append(grid.edges, 0.0), 300)))
    summary = count_numbers(grid, rows)
    found = reconstruct(grid, summary).weighted

    again = count_numbers(grid, np.repeat(found.values, found.weights))
    assert again.cells.tolist() == summary.cells.tolist()


def test_five_hundred_quantiles_tell_the_distribution():
    rows = drawn("normal")
    grid = own(rows)
    found = quantiles(grid, count_numbers(grid, rows))
    ranks = np.searchsorted(np.sort(rows), found, "right") / N

    assert found.shape == (501,)
    assert (found[0], found[-1]) == (rows.min(), rows.max())
    assert np.abs(ranks - np.arange(501) / 500).max() < 0.002


def test_a_constant_column_has_one_quantile_wherever_the_grid_lies():
    assert set(quantiles(FAR, count_numbers(FAR, np.full(999, 7.0)), 10).tolist()) == {7.0}


def test_without_values_there_are_no_quantiles():
    assert quantiles(FAR, NumericSummary.empty(FAR)).shape == (0,)
    assert reconstruct(FAR, NumericSummary.empty(FAR)).weighted.rows == 0
