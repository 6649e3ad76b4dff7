import numpy as np
import pyarrow as pa
import pytest

from atalaia.baseline import baseline_from_bytes, baseline_to_bytes, build_baseline, count_rows
from atalaia.errors import BaselineError, StoredFormError
from atalaia.profile import pack
from atalaia.rows import ALL_SIDES, NO_TIME, Reject, RowBatch
from atalaia.schema import Column, Kind, Role, Type

COLUMNS = (
    Column("x"),
    Column("word", type=Type.STRING, role=Role.SEGMENT),
    Column("level", type=Type.INTEGER, kind=Kind.CATEGORICAL),
    Column("place", role=Role.SEGMENT),
)


def batch(**columns):
    rows = len(next(iter(columns.values())))
    arrays = {name: pa.array(values) for name, values in columns.items()}
    return RowBatch(arrays, rows, ALL_SIDES, np.full(rows, NO_TIME), None, np.arange(rows))


def data(n=2000, seed=1):
    random = np.random.default_rng(seed)
    words = random.choice(["a", "b", "c"], n, p=[0.2, 0.5, 0.3]).tolist()
    return {"x": random.normal(size=n), "word": words, "level": random.integers(0, 3, n), "place": np.ones(n)}


def parts(columns, size):
    n = len(columns["x"])
    return [batch(**{k: v[i : i + size] for k, v in columns.items()}) for i in range(0, n, size)]


def test_the_same_data_give_the_same_version_however_they_are_cut():
    columns = data()

    assert build_baseline(COLUMNS, lambda: parts(columns, 100)).version == (
        build_baseline(COLUMNS, lambda: parts(columns, 777)).version
    )


def test_other_data_or_other_columns_give_another_version():
    first = build_baseline(COLUMNS, lambda: parts(data(), 100)).version

    assert build_baseline(COLUMNS, lambda: parts(data(seed=2), 100)).version != first
    assert build_baseline(COLUMNS[:2], lambda: parts(data(), 100)).version != first


def test_the_stored_form_gives_back_the_same_baseline():
    first = build_baseline(COLUMNS, lambda: parts(data(), 100))
    again = baseline_from_bytes(baseline_to_bytes(first), "x")

    assert again.version == first.version
    assert again.grids.columns == COLUMNS
    assert baseline_to_bytes(again) == baseline_to_bytes(first)


def test_every_cell_of_a_continuous_column_holds_a_thousandth():
    first = build_baseline(COLUMNS[:1], lambda: parts(data(10_000), 1000))
    reached = np.cumsum(first.profile.columns["", "x"].cells)[1::2].tolist()

    # behind an edge: the smallest value, every ten rows of ten thousand, and the tails halved again and again
    assert reached == sorted([1, 2, 3, 6, 9_995, 9_998, 9_999, *range(10, 10_001, 10)])


def test_categories_stand_in_the_order_of_their_counts():
    first = build_baseline(COLUMNS, lambda: parts(data(), 100))

    assert first.grids.grids["word"].categories == ("b", "c", "a")


def test_categorical_segment_columns_are_split_by_their_categories_and_numeric_ones_are_not():
    first = build_baseline(COLUMNS, lambda: parts(data(), 100))

    assert first.grids.segments == {"word": ("b", "c", "a"), "place": ()}


def test_the_commonest_values_are_told_apart_ten_unless_the_column_says_how_many():
    words = [f"w{place:02}" for place in range(30) for _ in range(place + 1)]
    found = {
        most: build_baseline(
            (Column("word", type=Type.STRING, role=Role.SEGMENT, segments=most),), lambda: [batch(word=words)]
        )
        for most in (None, 1, 40)
    }

    assert {most: len(baseline.grids.segments["word"]) for most, baseline in found.items()} == {None: 10, 1: 1, 40: 30}
    assert found[None].grids.segments["word"] == tuple(f"w{place:02}" for place in range(29, 19, -1))
    assert found[None].profile.segments["word (rest)"] == sum(range(1, 21))
    assert found[1].profile.segments == {"": 465, "word=w29": 30, "word (rest)": 435}
    assert found[40].profile.segments.keys() == {"", *(f"word={word}" for word in words)}


def test_how_many_values_are_told_apart_is_in_the_stored_form():
    columns = (Column("word", type=Type.STRING, role=Role.SEGMENT, segments=2),)
    again = baseline_from_bytes(baseline_to_bytes(build_baseline(columns, lambda: [batch(word=["a", "b", "c"])])), "x")

    assert (again.grids.columns, again.grids.segments) == (columns, {"word": ("a", "b")})
    assert again.profile.segments["word (rest)"] == 1


def test_beyond_the_sample_edges_are_near_the_quantiles_and_counts_stay_exact():
    columns = {"x": np.random.default_rng(3).normal(size=40_000)}

    first = build_baseline(COLUMNS[:1], lambda: parts(columns, 1000), sample=5_000)
    summary, grid = first.profile.columns["", "x"], first.grids.grids["x"]
    reached = np.searchsorted(np.sort(columns["x"]), grid.edges, "right")

    assert np.cumsum(summary.cells)[1::2].tolist() == reached.tolist()
    assert (grid.edges[0], grid.edges[-1]) == (columns["x"].min(), columns["x"].max())
    # a quantile of a sample of k lies within 4 / (2 sqrt(k)) of its place with near certainty
    thousandths = reached[np.searchsorted(reached, np.arange(1, 1000) * 40)] / 40_000
    assert np.abs(thousandths - np.arange(1, 1000) / 1000).max() < 2 / np.sqrt(5_000)


def test_a_column_that_the_data_lack_has_an_empty_grid():
    first = build_baseline(COLUMNS, lambda: [batch(word=["a", "b"])])

    assert len(first.grids.grids["x"].edges) == 0
    assert first.profile.columns["", "x"].missing == 2


def test_infinities_and_nans_do_not_become_edges():
    first = build_baseline(COLUMNS[:1], lambda: [batch(x=[1.0, np.inf, np.nan, -np.inf]), batch(x=[np.nan])])

    assert first.grids.grids["x"].edges.tolist() == [1.0]


def test_rejects_are_counted_with_the_rows():
    first = build_baseline(COLUMNS, lambda: [batch(word=["a"]), Reject("not_json", 0, 5, 2), Reject("not_json", 5, 9)])

    assert first.profile.rejected == {"not_json": 3}


def test_data_without_rows_make_no_baseline():
    with pytest.raises(BaselineError, match=r"no usable rows \(rejected: 1 not_json\)"):
        build_baseline(COLUMNS, lambda: [Reject("not_json", 0, 5)])
    with pytest.raises(BaselineError, match="no usable rows"):
        build_baseline(COLUMNS, list)


@pytest.mark.parametrize(("row", "has"), [({"at": ["2026-03-01"], "z": [1]}, "at, z"), ({}, "no column")])
def test_data_with_none_of_the_columns_make_no_baseline(row, has):
    arrays = {name: pa.array(values) for name, values in row.items()}
    rows = RowBatch(arrays, 1, ALL_SIDES, np.array([NO_TIME]), None, np.arange(1))
    at = Column("at", type=Type.TIME, role=Role.TIME)

    with pytest.raises(BaselineError, match=f"none of the columns x, word, level, place; it has {has}"):
        build_baseline((at, *COLUMNS), lambda: [rows])


def test_a_profile_is_no_baseline():
    with pytest.raises(StoredFormError, match="not a baseline"):
        baseline_from_bytes(pack({"kind": "profile"}), "x")


def test_counting_on_a_baseline_binds_the_profile_to_its_version():
    first = build_baseline(COLUMNS, lambda: parts(data(), 100))

    assert count_rows(first.profiler(), [batch(word=["a"])]).baseline == first.version
