import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapes import by_cells_alone, on_own_grid, sides_of

from atalaia.signals.cells import (
    cramer_von_mises_if_mixed,
    cramer_von_mises_of_cells,
    distances_of_atoms,
    kolmogorov_smirnov_of_cells,
)
from atalaia.signals.distributions import measure_distances


@st.composite
def pairs(draw, most=9):
    """Counts of both sides in open cells and the atoms between them; each side holds something."""
    cells = draw(st.integers(0, most // 2)) * 2 + 1
    side = st.lists(st.integers(0, 20), min_size=cells, max_size=cells).filter(any)
    return np.array(draw(side)), np.array(draw(side))


def measured(before, now):
    return [*kolmogorov_smirnov_of_cells(before, now), *cramer_von_mises_of_cells(before, now)]


@given(pairs(), st.integers(0, 12))
def test_cells_beyond_the_last_that_both_sides_leave_empty_change_nothing(pair, more):
    wider = [np.pad(side, (0, more)) for side in pair]

    assert measured(*wider) == pytest.approx(measured(*pair), rel=1e-12, abs=1e-12)


@given(st.data())
def test_columns_are_measured_along_the_last_axis(data):
    columns = [data.draw(pairs()) for _ in range(6)]
    stacked = [np.stack([np.pad(column[side], (0, 10 - len(column[side]))) for column in columns]) for side in (0, 1)]
    together = measured(*(side.reshape(3, 2, 10) for side in stacked))

    for place, column in enumerate(columns):
        alone = measured(*column)
        assert [values[divmod(place, 2)] for values in together] == pytest.approx(alone, rel=1e-12, abs=1e-12)


@given(pairs())
def test_the_mean_distance_alone_is_the_first_of_what_comes_with_its_bounds(pair):
    assert cramer_von_mises_if_mixed(*pair) == pytest.approx(cramer_von_mises_of_cells(*pair)[0], rel=1e-12, abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1), st.integers(0, 9))
def test_atoms_alone_are_measured_as_cells_with_nothing_between_them(atoms, more):
    before, now = (np.array(side) for side in zip(*[*atoms, (1, 0), (0, 1)], strict=True))
    cells = np.zeros((2, 2 * len(before) + 1), np.int64)
    cells[:, 1::2] = before, now

    largest, mean = distances_of_atoms(*(np.pad(side, (0, more)) for side in (before, now)))

    assert [largest, largest, mean, mean, mean] == pytest.approx(measured(*cells), rel=1e-12, abs=1e-12)


def in_order(pair, sides_first):
    """Put the values of every open cell in one order: all of one side's first, each side's an atom."""
    apart = []
    for place, (before, now) in enumerate(zip(*pair, strict=True)):
        if place % 2:
            apart += [(0, 0), (before, now)]
        else:
            alone = [(before, 0), (0, now)]
            apart += [(0, 0), alone[sides_first], (0, 0), alone[1 - sides_first]]
    return np.array([*apart, (0, 0)]).T


@given(pairs(), st.integers(0, 1))
def test_whichever_sides_values_come_first_in_open_cells_the_distances_lie_within_the_bounds(pair, sides_first):
    low, high, _, least, most = measured(*pair)
    largest, again, mean, *_ = measured(*in_order(pair, sides_first))

    assert largest == again
    assert low - 1e-12 <= largest <= high + 1e-12
    assert least - 1e-12 <= mean <= most + 1e-12


def test_distances_of_many_columns_are_those_of_each_alone():
    columns = [
        make(*sides_of(name, shift, seed))
        for seed, (make, name, shift) in enumerate(
            (make, name, shift)
            for make in (on_own_grid, by_cells_alone)
            for name in ("normal", "ties", "one year")
            for shift in (0.0, 0.3)
        )
    ]

    assert measure_distances(columns) == [measure_distances([column])[0] for column in columns]
