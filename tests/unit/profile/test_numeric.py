import math
from fractions import Fraction

import numpy as np
import pytest
from counting import count_numbers as summary
from hypothesis import given
from hypothesis import strategies as st

from atalaia.profile.numeric import NumericGrid, NumericSummary, grid_of, in_steps
from atalaia.profile.sums import Ruler

anything = st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=40)
finite = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=40)
grids = finite.map(lambda v: grid_of(np.array(v), min(v), max(v)))


def plain(s):
    """Every field, arrays as lists, to compare bit for bit."""
    fields = {name: getattr(s, name) for name in s.__struct_fields__}
    distinct = fields.pop("distinct")
    fields = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in fields.items()}
    return fields | {"hashes": distinct.hashes.tolist(), "repeats": distinct.counts.tolist(), "n": distinct.values}


@given(grids, anything, anything, anything)
def test_merging_is_associative_bit_for_bit(grid, a, b, c):
    x, y, z = summary(grid, a), summary(grid, b), summary(grid, c)

    assert plain(x.merge(y).merge(z)) == plain(x.merge(y.merge(z)))


@given(grids, anything, anything)
def test_merging_is_commutative_bit_for_bit(grid, a, b):
    assert plain(summary(grid, a).merge(summary(grid, b))) == plain(summary(grid, b).merge(summary(grid, a)))


@given(grids, anything)
def test_the_empty_summary_changes_nothing(grid, a):
    assert plain(summary(grid, a).merge(NumericSummary.empty(grid))) == plain(summary(grid, a))


@given(grids, anything, anything)
def test_the_parts_merged_are_the_whole_bit_for_bit(grid, a, b):
    assert plain(summary(grid, a).merge(summary(grid, b))) == plain(summary(grid, a + b))


@given(grids, anything)
def test_every_row_is_counted_once(grid, a):
    s = summary(grid, a, missing=2, type_errors=3)

    counted = s.finite + s.nan + s.positive_infinity + s.negative_infinity + s.missing + s.type_errors
    assert (s.rows, counted) == (len(a) + 5, len(a) + 5)


@given(grids, finite)
def test_counts_up_to_every_edge_are_exact(grid, a):
    s, values = summary(grid, a), np.array(a)

    reached = np.cumsum(s.cells)
    assert reached[0:-1:2].tolist() == [int((values < e).sum()) for e in grid.edges]
    assert reached[1::2].tolist() == [int((values <= e).sum()) for e in grid.edges]


@given(grids, finite)
def test_extremes_are_exact(grid, a):
    s = summary(grid, a)

    assert (s.minimum, s.maximum) == (min(a), max(a))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("normal", np.random.default_rng(1).normal(50, 15, 5000)),
        ("log-normal", np.random.default_rng(2).lognormal(0, 2, 5000)),
        ("heavy tails", np.random.default_rng(3).standard_cauchy(5000)),
        ("ties", np.random.default_rng(4).integers(0, 5, 5000).astype(float)),
        ("timestamps", 1.7e9 + np.random.default_rng(5).uniform(0, 86400, 5000)),
        ("years", np.random.default_rng(6).integers(2019, 2027, 5000).astype(float)),
        ("tiny", np.random.default_rng(7).normal(0, 1e-140, 5000)),
        ("huge", np.random.default_rng(8).normal(0, 1e150, 5000)),
    ],
)
def test_mean_and_standard_deviation_equal_numpys(name, values):
    grid = grid_of(values, values.min(), values.max())
    s = summary(grid, values)

    reach = float(values.max() - values.min())
    # Every value is rounded to a step, so neither can be further off than one (and numpy's own sums round to about
    # n * 2^-53 of the largest value).
    step = 2.0**grid.ruler.exponent
    off = step + reach * 1e-13
    assert s.mean(grid) == pytest.approx(float(values.mean()), abs=off, rel=1e-13)
    assert s.std(grid) == pytest.approx(float(values.std()), abs=off, rel=1e-12)
    assert s.std(grid, ddof=1) == pytest.approx(float(values.std(ddof=1)), abs=off, rel=1e-12)
    assert step <= reach * 2**-31


def test_a_constant_column_has_its_value_as_mean_and_no_deviation():
    grid = grid_of(np.full(10, 7.25), 7.25, 7.25)
    s = summary(grid, [7.25] * 4)

    assert (s.mean(grid), s.std(grid)) == (7.25, 0.0)


def test_values_far_beyond_the_grid_are_summed_exactly():
    grid = grid_of(np.array([0.0, 1.0]), 0.0, 1.0)
    s = summary(grid, [1e12, 1e12, -1e12, 3e12])

    assert s.mean(grid) == pytest.approx(1e12, rel=1e-15)
    assert s.std(grid) == pytest.approx(math.sqrt(2) * 1e12, rel=1e-12)


def test_there_is_no_mean_without_values_and_no_sample_deviation_of_one():
    grid = grid_of(np.array([1.0]), 1.0, 1.0)

    assert summary(grid, [np.nan]).mean(grid) is None
    assert summary(grid, [1.0]).std(grid, ddof=1) is None


def test_denormals_are_counted_and_zero_is_none():
    grid = grid_of(np.array([0.0, 1.0]), 0.0, 1.0)

    assert summary(grid, [0.0, 5e-324, -1e-310, 2.3e-308]).denormal == 2


def test_a_grid_has_the_quantiles_of_its_sample_as_edges():
    values = np.random.default_rng(9).permutation(np.arange(1, 10_001)).astype(float)
    edges = grid_of(values, 1.0, 10_000.0).edges

    tails = [2.0, 3.0, 6.0, 9995.0, 9998.0, 9999.0]
    assert edges.tolist() == sorted([1.0, *tails, *[10.0 * k for k in range(1, 1001)]])


def test_ties_become_one_edge():
    assert grid_of(np.array([3.0] * 500 + [4.0] * 500), 3.0, 4.0).edges.tolist() == [3.0, 4.0]


def test_without_values_there_is_one_cell_for_everything():
    grid = grid_of(np.empty(0), math.inf, -math.inf)
    s = summary(grid, [1.0, 2.0, 1e300])

    assert (s.cells.tolist(), s.finite) == ([3], 3)


def test_an_outlier_in_the_baseline_does_not_coarsen_the_mean():
    reference = np.append(np.random.default_rng(1).normal(0, 1, 10_000), 1e15)
    values = np.random.default_rng(2).normal(0.5, 1, 5000)
    grid = grid_of(reference, reference.min(), reference.max())
    s = summary(grid, values)

    assert s.mean(grid) == pytest.approx(values.mean(), abs=1e-9)
    assert s.std(grid) == pytest.approx(values.std(), abs=1e-9)


def test_the_largest_floats_have_a_mean():
    grid = NumericGrid(np.array([0.0, 5e-324]))

    assert summary(grid, [1.7e308, 1.7e308, 1.7e308]).mean(grid) == pytest.approx(1.7e308)


@pytest.mark.parametrize("low", [-1.0, 2.0**-53, -(2.0**-54)])
def test_whole_numbers_beside_one_that_only_looks_whole_from_afar_are_counted_as_they_are(low):
    grid = NumericGrid(np.array([-1.0, 0.0, 5.0]))
    s = summary(grid, [low, 1.0, -1e-20, 3.0])

    values = np.array([low, 1.0, -1e-20, 3.0])
    assert np.cumsum(s.cells)[0:-1:2].tolist() == [int((values < e).sum()) for e in grid.edges]
    assert s.distinct.estimate() == 4


@given(st.integers(-(2**200), 2**200), st.integers(1, 2**80), st.integers(-1074, 1000))
def test_a_ratio_of_steps_is_rounded_once(part, whole, exponent):
    exact = Fraction(part, whole) * Fraction(2) ** exponent

    try:
        expected = float(exact)
    except OverflowError:
        expected = math.inf if part > 0 else -math.inf
    assert in_steps(part, whole, Ruler(0.0, exponent)) == expected


@given(grids, anything)
def test_places_in_wide_intervals_are_rounded_once(grid, values):
    s = summary(grid, values)
    places, unit = s.places(grid), Fraction(2) ** grid.ruler.exponent

    for cell, steps in s.wide.items():
        if 0 < cell < len(s.cells) - 1:
            low, high = map(Fraction, grid.edges[cell // 2 - 1 : cell // 2 + 1].tolist())
            count = int(s.cells[cell])
            exact = float((steps * unit + count * (Fraction(grid.ruler.centre) - low)) / (high - low))
            assert places[cell // 2 - 1] == min(max(exact, 0.0), count)
