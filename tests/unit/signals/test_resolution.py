import numpy as np
import pytest
from counting import count_numbers
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from atalaia.profile import NumericGrid, NumericSummary, grid_of
from atalaia.signals.resolution import measure_between, measure_resolution, most_crowded

OLD = NumericGrid(np.array([0.0, 1.0, 2.0]))
values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


def normal(mean=0.0, std=1.0, n=50_000, seed=1):
    return np.random.default_rng(seed).normal(mean, std, n)


def on_own_grid(rows):
    grid = grid_of(rows, rows.min(), rows.max())
    return grid, count_numbers(grid, rows)


def test_a_grid_that_fits_has_lost_next_to_nothing():
    grid, baseline = on_own_grid(normal())
    measured = measure_resolution(grid, baseline, count_numbers(grid, normal(seed=2)))["lost_resolution"]

    assert measured.value < 0.002
    assert measured.rows == 50_000


@pytest.mark.parametrize(("shift", "low", "high"), [(0.5, 0.001, 0.02), (2.0, 0.005, 0.1), (9.0, 0.99, 1.0)])
def test_the_further_values_move_beyond_the_edges_the_more_is_lost(shift, low, high):
    grid, baseline = on_own_grid(normal())
    measured = measure_resolution(grid, baseline, count_numbers(grid, normal(shift)))["lost_resolution"]

    assert low < measured.value <= high


def test_values_on_edges_lose_nothing():
    before, now = count_numbers(OLD, [0.0, 1.0, 2.0]), count_numbers(OLD, [2.0] * 9)

    assert measure_resolution(OLD, before, now)["lost_resolution"].value == 0


@pytest.mark.parametrize(
    ("current", "low", "high", "gain"),
    [
        ([7.0] * 3 + [0.0], 2.0, np.inf, 0.75),
        ([-5.0, 0.0], -np.inf, 0.0, 0.5),
        ([0.3, 0.4, 1.5], 0.0, 1.0, 2 / 3 - 1 / 4),
    ],
)
def test_the_cell_that_gained_most_is_named(current, low, high, gain):
    found = most_crowded(OLD, count_numbers(OLD, [0.0, 0.5, 1.0, 2.0]), count_numbers(OLD, current))

    assert (found.low, found.high, found.gain) == (low, high, gain)


def test_what_the_baseline_has_too_is_no_loss():
    crowd = np.full(100, 0.5)

    assert measure_resolution(OLD, count_numbers(OLD, crowd), count_numbers(OLD, crowd))["lost_resolution"].value == 0


def test_without_values_on_either_side_nothing_is_measured():
    nothing, something = NumericSummary.empty(OLD), count_numbers(OLD, [1.0])

    assert measure_resolution(OLD, nothing, something) == measure_resolution(OLD, something, nothing) == {}
    assert measure_between(OLD, nothing, something) is None


def test_a_constant_that_moved_off_the_grid_is_seen_between_two_windows():
    found = measure_between(OLD, count_numbers(OLD, np.full(900, 5.0)), count_numbers(OLD, np.full(800, 7.0)))

    assert (found.kolmogorov_smirnov, found.kolmogorov_smirnov_error) == (1.0, 0.0)
    assert (found.wasserstein, found.wasserstein_error) == (2.0, 0.0)
    assert found.medians == (5.0, 7.0)


@given(values, values)
def test_of_few_distinct_values_the_distances_are_those_of_the_rows_on_any_grid(before, now):
    found = measure_between(OLD, count_numbers(OLD, before), count_numbers(OLD, now))

    shares = [np.searchsorted(np.sort(side), before + now, "right") / len(side) for side in (before, now)]
    assert found.kolmogorov_smirnov == pytest.approx(np.abs(shares[0] - shares[1]).max(), abs=1e-12)
    assert found.wasserstein == pytest.approx(stats.wasserstein_distance(before, now), rel=1e-9, abs=1e-9)
    assert found.kolmogorov_smirnov_error == 0


@pytest.mark.parametrize(("mean", "std"), [(50.0, 1.0), (50.3, 1.0), (50.0, 1.5), (60.0, 1.0)])
def test_off_the_grid_the_distances_are_right_within_their_stated_errors(mean, std):
    before, now = normal(50.0), normal(mean, std, seed=2)
    found = measure_between(OLD, count_numbers(OLD, before), count_numbers(OLD, now))
    exact = stats.ks_2samp(before, now, method="asymp").statistic

    assert abs(found.kolmogorov_smirnov - exact) <= found.kolmogorov_smirnov_error < 0.12
    assert abs(found.wasserstein - stats.wasserstein_distance(before, now)) <= found.wasserstein_error
