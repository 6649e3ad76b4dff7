import functools
import itertools
import math
import random
from fractions import Fraction

import numpy as np
import pytest
from counting import summarise_together
from hypothesis import given
from hypothesis import strategies as st

from atalaia.errors import BaselineError, StoredFormError
from atalaia.profile.cross import (
    MOST_ROWS,
    REACH,
    CrossGrid,
    CrossMoments,
    cross_from_plain,
    cross_grid,
    cross_to_plain,
)
from atalaia.profile.products import LARGEST, MOST_ROWS_AT_ONCE, WORD_BITS
from atalaia.schema import MOST_TOGETHER

STEPS = 2**16
NAMES = ("a", "b", "c")
cells = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.floats(-9, 9), st.just(0.0))
tables = st.lists(st.tuples(cells, cells, cells), max_size=12)
grids = st.builds(
    CrossGrid,
    st.just(NAMES),
    st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 3),
    st.tuples(*[st.integers(-1000, 1023).map(lambda e: math.ldexp(1.0, e))] * 3),
)
UNIT_GRID = CrossGrid(NAMES, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def columns(rows, names=NAMES):
    table = np.array(rows, dtype=np.float64).reshape(-1, len(names))
    return {name: np.ascontiguousarray(table[:, place]) for place, name in enumerate(names)}


def moments(grid, rows):
    return summarise_together(grid, columns(rows, grid.columns))


def plain(m):
    """Every field, arrays as lists, to compare bit for bit."""
    fields = {name: getattr(m, name) for name in m.__struct_fields__}
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in fields.items()}


def sums_of_products(m):
    return ((m.high.astype(object) << WORD_BITS) + m.low.astype(object)).tolist()


def by_hand(numbers):
    """Sums of products in integers without limit."""
    whole = [[int(number) for number in row] for row in numbers]
    return [[sum(map(int.__mul__, one, other)) for other in whole] for one in whole]


@given(grids, tables, tables, tables)
def test_merging_is_associative_bit_for_bit(grid, a, b, c):
    x, y, z = moments(grid, a), moments(grid, b), moments(grid, c)

    assert plain(x.merge(y).merge(z)) == plain(x.merge(y.merge(z)))


@given(grids, tables, tables)
def test_merging_is_commutative_bit_for_bit(grid, a, b):
    x, y = moments(grid, a), moments(grid, b)

    assert plain(x.merge(y)) == plain(y.merge(x))


@given(grids, tables)
def test_the_empty_moments_change_nothing(grid, a):
    x = moments(grid, a)

    assert plain(x.merge(CrossMoments.empty(grid))) == plain(x)


@given(grids, tables, tables)
def test_the_parts_merged_are_the_whole_bit_for_bit(grid, a, b):
    assert plain(moments(grid, a).merge(moments(grid, b))) == plain(moments(grid, a + b))


@given(grids, tables)
def test_the_stored_form_gives_the_same_back(grid, a):
    x = moments(grid, a)

    assert plain(cross_from_plain(cross_to_plain(x))) == plain(x)


@pytest.mark.parametrize("spread", [1.0, 30.0, 5000.0])
def test_many_rows_in_parts_of_any_size_and_order_are_the_whole_bit_for_bit(spread):
    draw = np.random.RandomState(3)
    rows = 2 * MOST_ROWS_AT_ONCE + 77
    table = draw.standard_normal((rows, 3)) * spread
    table[draw.uniform(size=table.shape) < 0.01] = np.nan
    cuts = [0, 1, 50, 3000, MOST_ROWS_AT_ONCE, 2 * MOST_ROWS_AT_ONCE, rows]
    parts = [moments(UNIT_GRID, table[start:end]) for start, end in itertools.pairwise(cuts)]
    random.Random(4).shuffle(parts)

    merged = functools.reduce(CrossMoments.merge, parts, CrossMoments.empty(UNIT_GRID))

    assert plain(merged) == plain(moments(UNIT_GRID, table))


@given(st.lists(st.tuples(*[st.floats(-4e6, 4e6)] * 3), min_size=1, max_size=9))
def test_each_value_is_rounded_once_to_a_step_and_clipped_at_the_reach(rows):
    x = moments(UNIT_GRID, rows)

    far = round(REACH * STEPS)
    steps = [[min(max(round(Fraction(v) * STEPS), -far), far) for v in column] for column in zip(*rows, strict=True)]
    assert (x.totals.tolist(), sums_of_products(x)) == ([sum(s) for s in steps], by_hand(steps))


@given(grids, tables)
def test_values_that_are_no_numbers_are_counted_as_imputed(grid, rows):
    x = moments(grid, rows)

    expected = [sum(not math.isfinite(v) for v in column) for column in columns(rows).values()]
    assert x.imputed.tolist() == expected


@given(grids, tables)
def test_an_imputed_value_counts_as_the_centre(grid, rows):
    filled = [[v if math.isfinite(v) else c for v, c in zip(row, grid.centres, strict=True)] for row in rows]
    x, y = moments(grid, rows), moments(grid, filled)

    assert (x.totals.tolist(), sums_of_products(x)) == (y.totals.tolist(), sums_of_products(y))


def test_values_beyond_the_reach_are_counted_as_clipped():
    x = moments(UNIT_GRID, [(REACH, 1e308, -1e9), (-REACH, -REACH - 1, 0.0), (np.inf, np.nan, 5e3)])

    assert x.clipped.tolist() == [0, 2, 2]


def test_a_finite_value_too_far_for_a_float_is_clipped_not_imputed():
    grid = CrossGrid(("a",), (-1.5e308,), (1.0,))
    x = moments(grid, [(1.5e308,)])

    assert (x.clipped.tolist(), x.imputed.tolist(), x.means().tolist()) == ([1], [0], [REACH])


def test_of_a_million_values_that_the_grid_was_made_from_none_is_clipped():
    values = np.zeros(2**20)
    values[0] = 1e300  # the worst case: one value against all others

    x = summarise_together(cross_grid({"a": values}), {"a": values})

    assert x.clipped.tolist() == [0]


WORLDS = {
    "normal": lambda d: d.standard_normal((4, 5000)) + d.standard_normal(5000),
    "log-normal": lambda d: np.exp(1.5 * d.standard_normal((4, 5000))),
    "far from zero": lambda d: 1e9 + d.standard_normal((4, 5000)) * 1e-3,
    "tiny": lambda d: 1e-280 * d.standard_normal((4, 5000)),
    "huge": lambda d: 1e307 * d.uniform(-1, 1, (4, 5000)),
    "whole": lambda d: d.randint(0, 4, (4, 5000)).astype(float),
}


@pytest.mark.parametrize("world", WORLDS)
def test_means_and_covariances_are_those_of_the_rows_to_the_step(world):
    table = WORLDS[world](np.random.RandomState(7))
    values = dict(zip("abcd", table, strict=True))
    grid = cross_grid(values)
    x = summarise_together(grid, values)

    standard = (table - np.array(grid.centres)[:, np.newaxis]) / np.array(grid.scales)[:, np.newaxis]
    step = 1 / STEPS  # a mean of values that are off by half a step, and the same on either factor of a product below 1
    assert x.means() == pytest.approx(standard.mean(axis=1), abs=step / 2)
    assert x.covariances() == pytest.approx(np.cov(standard, ddof=0), abs=step)


@pytest.mark.parametrize("world", WORLDS)
def test_a_scale_is_the_power_of_two_just_above_the_deviation(world):
    table = WORLDS[world](np.random.RandomState(7))
    grid = cross_grid(dict(zip("abcd", table, strict=True)))

    peak = np.abs(table).max()  # squares of the values themselves overflow
    deviations = (table / peak).std(axis=1) * peak
    ratios = np.array(grid.scales) / deviations
    assert (ratios.min() >= 1, ratios.max() <= 2) == (True, True)


def test_the_covariance_with_a_constant_column_is_exactly_zero():
    values = {"a": np.full(1001, 0.1), "b": np.random.RandomState(8).standard_normal(1001)}
    x = summarise_together(cross_grid(values), values)

    assert (x.covariances()[0].tolist(), x.covariances()[1, 1] > 0) == ([0.0, 0.0], True)


def test_without_rows_means_and_covariances_are_not_numbers():
    nothing = CrossMoments.empty(UNIT_GRID)

    assert (np.isnan(nothing.means()).all(), np.isnan(nothing.covariances()).all()) == (True, True)


def test_a_grid_of_no_columns_counts_nothing():
    grid = cross_grid({})

    assert plain(summarise_together(grid, {})) == plain(CrossMoments.empty(grid))


@pytest.mark.parametrize(
    ("values", "place"),
    [([], (0.0, 1.0)), ([np.nan, np.inf], (0.0, 1.0)), ([0.0, -0.0], (0.0, 1.0)), ([3.0, 3.0], (3.0, 4.0))],
)
def test_a_column_without_spread_has_a_scale_all_the_same(values, place):
    grid = cross_grid({"a": np.array(values)})

    assert (grid.centres, grid.scales) == ((place[0],), (place[1],))


def test_the_order_of_a_sample_does_not_change_its_grid():
    values = np.random.RandomState(9).lognormal(size=4001)

    assert cross_grid({"a": values}) == cross_grid({"a": values[::-1]}) == cross_grid({"a": np.sort(values)})


def test_too_many_columns_are_refused_with_the_way_out():
    samples = {f"c{place}": np.zeros(1) for place in range(MOST_TOGETHER + 1)}

    with pytest.raises(BaselineError, match=r"at most 100 numeric columns, but there are 101.*multivariate\.columns"):
        cross_grid(samples)


def test_moments_of_different_grids_do_not_merge():
    other = CrossGrid(NAMES, (0.0, 0.0, 0.0), (1.0, 1.0, 2.0))

    with pytest.raises(BaselineError, match=f"on grid {UNIT_GRID.version} with those on grid {other.version}"):
        CrossMoments.empty(UNIT_GRID).merge(CrossMoments.empty(other))


def doubled(times):
    """Moments of the largest numbers, merged with themselves again and again."""
    total = moments(UNIT_GRID, [(REACH, -REACH, REACH)] * MOST_ROWS_AT_ONCE)
    for _ in range(times):
        total = total.merge(total)
    return total


def test_the_most_rows_of_the_largest_values_do_not_overflow():
    full = doubled(int(math.log2(MOST_ROWS // MOST_ROWS_AT_ONCE)))

    farthest = int(LARGEST)
    assert (full.rows, full.totals[1]) == (MOST_ROWS, -MOST_ROWS * farthest)
    assert sums_of_products(full)[0] == [MOST_ROWS * farthest**2, -MOST_ROWS * farthest**2, MOST_ROWS * farthest**2]


def test_more_rows_than_sums_can_hold_are_refused():
    full = doubled(int(math.log2(MOST_ROWS // MOST_ROWS_AT_ONCE)))

    with pytest.raises(OverflowError, match=str(MOST_ROWS)):
        full.merge(moments(UNIT_GRID, [(0.0, 0.0, 0.0)]))


def test_a_stored_form_of_another_version_is_refused():
    stored = cross_to_plain(CrossMoments.empty(UNIT_GRID)) | {"version": 2}

    with pytest.raises(StoredFormError, match="form 2, but this release reads 1"):
        cross_from_plain(stored)


def test_the_stored_form_of_fifty_columns_is_small():
    names = tuple(f"c{place}" for place in range(50))
    x = CrossMoments.empty(CrossGrid(names, (0.0,) * 50, (1.0,) * 50))

    assert sum(len(part) for part in cross_to_plain(x).values() if isinstance(part, bytes)) == 3 * 50 * 8 + 1275 * 12
