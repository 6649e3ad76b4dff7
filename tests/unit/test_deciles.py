import numpy as np
import pyarrow as pa
import pytest
from counting import count_numbers
from hypothesis import given
from hypothesis import strategies as st

from atalaia.baseline import build_baseline
from atalaia.deciles import search_of, with_deciles
from atalaia.profile import NumericGrid
from atalaia.rows import ALL_SIDES, NO_TIME, Reject, RowBatch
from atalaia.schema import Column
from atalaia.signals.drift import decile_cuts, measure_numeric

COLUMNS = (Column("x"),)


def batches(values, step=97):
    values = np.asarray(values, np.float64)
    for start in range(0, len(values), step):
        part = values[start : start + step]
        yield RowBatch(
            {"x": pa.array(part)}, len(part), ALL_SIDES, np.full(len(part), NO_TIME), None, np.zeros(len(part))
        )
        yield Reject("not_json", 0, 1)


def built(values, sample, step=97):
    made = build_baseline(COLUMNS, lambda: batches(values, step), sample=sample)
    return made.grids.grids["x"], made.profile.columns["", "x"]


def deciles(values):
    """Of the finite values: the smallest v with at least k/10 of them at or below it."""
    ordered = np.sort(values[np.isfinite(values)])
    return ordered[(np.arange(1, 10) * len(ordered) + 9) // 10 - 1] if len(ordered) else ordered


def drawn(name, n=5000):
    random = np.random.default_rng(7)
    return {
        "continuous": lambda: random.normal(size=n),
        "heavy tail": lambda: random.pareto(0.7, n),
        "many ties": lambda: random.integers(0, 40, n) / 4.0,
        "mostly zero": lambda: np.where(random.random(n) < 0.7, 0.0, random.gamma(2, 10, n)),
        "constant": lambda: np.full(n, 3.25),
        "rising": lambda: np.arange(n, dtype=float),
        "with gaps": lambda: np.where(random.random(n) < 0.3, np.nan, np.where(random.random(n) < 0.1, np.inf, 1 / n)),
    }[name]()


@pytest.mark.parametrize(
    "name", ["continuous", "heavy tail", "many ties", "mostly zero", "constant", "rising", "with gaps"]
)
@pytest.mark.parametrize("sample", [300, 1500, 5000])
def test_the_deciles_of_all_values_are_edges(name, sample):
    values = drawn(name)
    grid, summary = built(values, sample)

    assert np.isin(deciles(values), grid.edges).all()
    assert summary.finite == np.isfinite(values).sum()


def test_of_a_column_without_a_value_there_are_no_deciles():
    grid, summary = built(np.full(500, np.nan), 10)

    assert (len(grid.edges), summary.missing + summary.nan) == (0, 500)


numbers = st.sampled_from([0.0, -0.0, 1.0, 2.5, 1e300, -1e300, 5e-324, np.inf, np.nan]) | st.floats(width=16)


@given(st.lists(numbers, min_size=1, max_size=60), st.data())
def test_whatever_the_edges_were_the_bins_hold_what_those_of_the_ordered_values_hold(values, data):
    values = np.array(values * 3)
    finite = np.sort(values[np.isfinite(values)]) + 0.0
    inner = data.draw(st.lists(st.sampled_from(finite.tolist()))) if len(finite) else []
    grid = NumericGrid(np.unique(np.concatenate((inner, finite[:1], finite[-1:]))))
    search = search_of(grid, count_numbers(grid, values), len(values))
    if search is not None:
        grid = with_deciles({"x": grid}, {"x": search}, COLUMNS, batches(values, 7))["x"]
    cuts = decile_cuts(count_numbers(grid, values)) if len(finite) else np.empty(0, int)
    ends = grid.edges[cuts[cuts % 2 == 1] // 2]

    expected = np.unique(deciles(values)) + 0.0
    assert np.isin(expected, grid.edges).all()
    assert ends.tolist() == expected[: len(ends)].tolist()
    assert expected[len(ends) :].tolist() in ([], finite[-1:].tolist())  # the last bin ends with the largest value


@pytest.mark.parametrize(("sample", "passes"), [(5000, 2), (2000, 4)])
def test_the_data_are_read_twice_or_four_times(sample, passes):
    values, opened = drawn("continuous"), []

    def again():
        opened.append(1)
        return batches(values)

    build_baseline(COLUMNS, again, sample=sample)

    assert len(opened) == passes


def test_deciles_that_are_edges_already_are_not_searched():
    values = drawn("many ties")
    opened = []

    def again():
        opened.append(1)
        return batches(values)

    build_baseline(COLUMNS, again, sample=4000)

    assert len(opened) == 2


def test_cells_with_more_values_than_may_be_held_keep_the_edges_of_the_sample():
    grid = NumericGrid(np.array([0.0, 1.0, 2.0]))
    summary = count_numbers(grid, np.concatenate(([0.0, 2.0], np.linspace(0.1, 0.9, 48), np.linspace(1.1, 1.9, 50))))

    assert search_of(grid, summary, 97).lows.tolist() == [0.0]
    assert search_of(grid, summary, 98).lows.tolist() == [0.0, 1.0]
    assert search_of(grid, summary, 47) is None


def test_the_edges_are_the_same_however_the_data_are_cut():
    values = drawn("continuous")

    assert built(values, 400, step=50)[0].edges.tolist() == built(values, 400, step=777)[0].edges.tolist()


@pytest.mark.parametrize("name", ["continuous", "mostly zero", "many ties", "heavy tail"])
def test_the_stability_index_of_a_sampled_grid_is_the_one_of_the_rows(name):
    before, now = drawn(name), drawn(name)[::-1][:3000] * 1.1
    grid, summary = built(before, 500)
    measured = measure_numeric(grid, summary, count_numbers(grid, now)).metrics["psi"]
    ends = np.unique(deciles(before))
    ends = np.concatenate(([np.nextafter(ends[0], -np.inf)], ends)) if ends[0] == before.min() else ends
    p, q = (np.diff([0, *np.searchsorted(np.sort(x), ends, "right"), len(x)]) / len(x) for x in (before, now))
    p, q = np.maximum(p, 1e-4), np.maximum(q, 1e-4)

    assert measured == pytest.approx(float(((q - p) * np.log(q / p)).sum()), abs=1e-12)


def test_batches_without_the_column_change_nothing():
    values = drawn("continuous")
    other = RowBatch({"y": pa.array([1.0])}, 1, ALL_SIDES, np.full(1, NO_TIME), None, np.zeros(1))
    made = build_baseline(COLUMNS, lambda: [other, *batches(values)], sample=400)

    assert made.grids.grids["x"].edges.tolist() == built(values, 400)[0].edges.tolist()
