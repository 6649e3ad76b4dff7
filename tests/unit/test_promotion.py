import numpy as np
import pyarrow as pa
import pytest
from msgspec.structs import replace

from atalaia.baseline import baseline_from_bytes, baseline_to_bytes, build_baseline, count_rows
from atalaia.profile import CategoricalGrid
from atalaia.profile.values import read_categories
from atalaia.promotion import promoted
from atalaia.rows import ALL_SIDES, NO_TIME, RowBatch
from atalaia.schema import Column, Kind, Role, Side, Type
from atalaia.signals.drift import measure_categorical, measure_numeric

COLUMNS = (
    Column("x"),
    Column("word", type=Type.STRING, role=Role.SEGMENT),
    Column("level", type=Type.INTEGER, kind=Kind.CATEGORICAL),
)


def batch(x, seed=1, words=("a", "b")):
    random = np.random.default_rng(seed)
    n = len(x)
    arrays = {
        "x": pa.array(x, from_pandas=True),
        "word": pa.array(random.choice(words, n)),
        "level": pa.array(random.integers(0, 3, n)),
    }
    return RowBatch(arrays, n, ALL_SIDES, np.full(n, NO_TIME), None, np.arange(n))


def normal(n=20_000, mean=0.0, seed=1):
    return np.random.default_rng(seed).normal(mean, 1, n)


@pytest.fixture(scope="module")
def old():
    return build_baseline(COLUMNS, lambda: [batch(normal())])


def made(old, *batches):
    return promoted(old, count_rows(old.profiler(), batches), "from a window")


def both(old, *batches):
    """The baseline promoted from a window, and the one built from its rows."""
    return made(old, *batches), build_baseline(COLUMNS, lambda: batches)


def test_of_few_distinct_values_comes_the_baseline_of_the_rows(old):
    x = np.random.default_rng(2).integers(40, 600, 9000) / 4
    found, expected = both(old, batch(x))
    ours, theirs = (baseline.profile.columns["", "x"] for baseline in (found, expected))

    assert "x" not in found.loss
    assert found.grids.grids["x"].edges.tolist() == expected.grids.grids["x"].edges.tolist()
    assert ours.cells.tolist() == theirs.cells.tolist()
    assert ours.inner.tolist() == theirs.inner.tolist()
    assert (ours.total, ours.squares) == (theirs.total, theirs.squares)
    assert (ours.minimum, ours.maximum) == (theirs.minimum, theirs.maximum)


@pytest.mark.parametrize("mean", [0.0, 2.0, 50.0])
def test_ranks_on_the_new_grid_are_off_by_no_more_than_the_stated_loss(old, mean):
    x = normal(mean=mean, seed=3)
    found = made(old, batch(x))
    summary, edges = found.profile.columns["", "x"], found.grids.grids["x"].edges
    true = np.searchsorted(np.sort(x), edges, "right")

    assert summary.finite == len(x)
    assert np.abs(np.cumsum(summary.cells)[1::2] - true).max() / len(x) <= found.loss["x"] < 0.06
    assert len(edges) > 500


def test_a_window_that_the_old_grid_cannot_see_is_fine_against_its_own_baseline(old):
    x = normal(mean=50.0, seed=3)
    found = made(old, batch(x))
    again = count_rows(found.profiler(), [batch(normal(mean=50.0, seed=4))])
    grid, before, now = found.grids.grids["x"], found.profile.columns["", "x"], again.columns["", "x"]

    assert measure_numeric(grid, before, now).metrics["kolmogorov_smirnov"] < 0.05


def test_mean_deviation_and_extremes_are_exact(old):
    x = np.append(normal(mean=50.0, seed=3), [np.nan, np.inf, -np.inf, 1e6])
    found = made(old, batch(x))
    summary, grid, finite = found.profile.columns["", "x"], found.grids.grids["x"], x[np.isfinite(x)]

    assert summary.mean(grid) == pytest.approx(finite.mean(), rel=1e-9)
    assert summary.std(grid) == pytest.approx(finite.std(), rel=1e-9)
    assert (summary.minimum, summary.maximum) == (finite.min(), 1e6)
    assert (summary.positive_infinity, summary.negative_infinity, summary.missing) == (1, 1, 1)


def test_a_constant_column_that_moved_is_the_new_baseline(old):
    found = made(old, batch(np.full(500, 7.25)))
    summary, grid = found.profile.columns["", "x"], found.grids.grids["x"]

    assert grid.edges.tolist() == [7.25]
    assert (summary.mean(grid), summary.std(grid)) == (7.25, 0.0)


@pytest.mark.parametrize("value", [0.1, 1e6 + 0.1, 1e-300, -1e300, 1 / 3])
def test_sums_of_values_far_from_the_old_grid_make_no_negative_variance(old, value):
    x = np.full(2000, value) * (1 + np.arange(2000) * 2.0**-52)
    found = made(old, batch(x))

    assert "x" in found.loss
    assert found.profile.columns["", "x"].std(found.grids.grids["x"]) >= 0


def test_known_and_new_categories_are_exact(old):
    found, expected = both(old, batch(normal(5000), seed=5, words=("b", "c", "dd")))

    assert found.grids.grids["word"].categories == expected.grids.grids["word"].categories
    assert found.profile.columns["", "word"].counts.tolist() == expected.profile.columns["", "word"].counts.tolist()
    assert found.profile.columns["", "word"].unseen_rows == 0
    assert "word" not in found.loss


def test_categories_without_a_name_are_counted_and_are_the_loss(old):
    words = [f"word {i}" for i in range(3000)]
    found = made(old, batch(normal(30_000), words=words))
    summary = found.profile.columns["", "word"]

    assert len(found.grids.grids["word"].categories) == 1024
    assert summary.valid == 30_000
    assert dict(summary.unseen) == {}
    assert found.loss["word"] == pytest.approx(summary.unseen_rows / 30_000)
    assert "not all values of word have a name" in found.origin


def test_drift_of_categories_without_a_name_comes_with_bounds(old):
    words = [f"word {i}" for i in range(3000)]
    found = made(old, batch(normal(30_000), words=words))
    now = count_rows(found.profiler(), [batch(normal(30_000), seed=9, words=words)]).columns["", "word"]
    measures = measure_categorical(found.grids.grids["word"], found.profile.columns["", "word"], now)

    low, high = measures.bounds["total_variation"]
    assert low < 0.2 < high


def test_segments_stay_and_are_counted_on_the_new_grid(old):
    x = normal(mean=50.0, seed=3)
    rows = batch(x)
    found = made(old, rows)
    codes = read_categories(COLUMNS[1], rows.columns["word"])
    of_a = x[codes.codes == codes.texts.index("a")]
    summary = found.profile.columns["word=a", "x"]

    assert found.grids.segments == old.grids.segments
    assert summary.finite == len(of_a)
    assert summary.mean(found.grids.grids["x"]) == pytest.approx(of_a.mean(), rel=1e-9)


def test_the_rest_stays_the_rest_however_common_its_values_have_become(old):
    found = made(old, batch(normal(9000), words=("b", "c", "c")))
    drawn = count_rows(found.profiler(), [batch(normal(9000), seed=5, words=("b", "c", "c"))])
    parts = {name: rows for name, rows in found.profile.segments.items() if name}

    assert found.grids.segments == {"word": old.grids.segments["word"]}
    assert parts.keys() == {"word=b", "word (rest)"}
    assert sum(parts.values()) == 9000
    assert found.profile.columns["word (rest)", "x"].finite == parts["word (rest)"]
    assert drawn.segments["word (rest)"] == pytest.approx(6000, abs=200)


def test_counts_of_the_window_are_kept_and_its_times_are_not(old):
    found = made(old, batch(normal(800)), batch(normal(300), seed=8))

    assert (found.profile.rows, found.profile.captured["input"], found.profile.segments[""]) == (1100, 1100, 1100)
    assert (found.profile.late, dict(found.profile.times), len(found.profile.minutes.rows)) == (0, {}, 0)
    assert found.profile.baseline == found.version


def test_a_column_that_no_row_had_has_an_empty_grid(old):
    rows = batch(normal(800))
    without = RowBatch({"x": rows.columns["x"]}, 800, rows.captured, rows.record_times, None, rows.record_index)
    found = made(old, without)

    assert found.grids.grids["word"] == CategoricalGrid(())
    assert found.profile.columns["", "word"].missing == 800


def test_the_same_windows_give_the_same_version_however_they_were_cut(old):
    x = normal(6000, mean=9.0)
    rows = batch(x)
    halves = [
        RowBatch(
            {n: a.slice(s, 3000) for n, a in rows.columns.items()},
            3000,
            ALL_SIDES,
            np.full(3000, NO_TIME),
            None,
            np.arange(3000),
        )
        for s in (0, 3000)
    ]

    assert made(old, rows).version == made(old, *halves).version


def test_the_stored_form_gives_back_the_same_baseline(old):
    found = made(old, batch(normal(mean=50.0)))
    again = baseline_from_bytes(baseline_to_bytes(found), "x")

    assert (again.version, again.origin, again.loss) == (found.version, found.origin, found.loss)


def test_a_column_without_any_value_has_an_empty_grid(old):
    found = made(old, batch(np.full(800, np.nan)))

    assert len(found.grids.grids["x"].edges) == 0
    assert found.profile.columns["", "x"].missing == 800
    assert "x" not in found.loss


def test_sides_that_were_not_captured_have_empty_grids():
    columns = (Column("x"), Column("score", role=Role.SCORE), Column("label", type=Type.STRING, role=Role.LABEL))
    n = 700
    arrays = {"x": pa.array(normal(n)), "score": pa.array(normal(n)), "label": pa.array(["yes", "no"] * (n // 2))}
    whole = RowBatch(arrays, n, ALL_SIDES, np.full(n, NO_TIME), None, np.arange(n))
    inputs = RowBatch({"x": arrays["x"]}, n, frozenset({Side.INPUT}), np.full(n, NO_TIME), None, np.arange(n))
    found = made(build_baseline(columns, lambda: [whole]), inputs)

    assert len(found.grids.grids["score"].edges) == 0
    assert found.grids.grids["label"] == CategoricalGrid(())
    assert set(found.profile.columns) == {("", "x")}


def test_a_profile_of_other_kinds_of_columns_is_refused(old):
    profile = count_rows(old.profiler(), [batch(normal(800))])
    columns = {**profile.columns, ("", "x"): profile.columns["", "word"]}

    with pytest.raises(TypeError, match="different kinds"):
        promoted(old, replace(profile, columns=columns), "from a window")
