import datetime as dt
import io
import re
from decimal import Decimal
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from atalaia import Baseline, Column, frames
from atalaia.baseline import build_baseline
from atalaia.errors import BaselineError
from atalaia.infer import inferred_columns
from atalaia.monitoring.sources import LogSource
from atalaia.profile import grid_of
from atalaia.schema import Kind, Role, Type
from atalaia_local import MemoryStore

ROOT = Path(__file__).resolve().parents[2]


def frame(n=3000):
    random = np.random.default_rng(4)
    whole = pd.array(random.integers(0, 9, n), "Int64")
    whole[5:6] = pd.NA
    return pd.DataFrame(
        {
            "income": np.where(random.random(n) < 0.1, np.nan, random.normal(50_000, 9_000, n)),
            "children": whole,
            "channel": pd.Categorical(random.choice(["web", "app", "phone"], n)),
            "city": random.choice(["Oslo", "Rome", None], n),
            "active": random.random(n) < 0.3,
            "at": pd.Timestamp("2026-03-01", tz="UTC") + pd.to_timedelta(np.arange(n), "s"),
        },
        index=pd.Index(np.arange(n)[::-1], name="row"),
    )


def parquet(rows):
    store, held = MemoryStore("reference"), io.BytesIO()
    rows.to_parquet(held, index=False)
    store.put("data.parquet", held.getvalue())
    return LogSource(store)


def test_a_frame_gives_the_baseline_that_a_parquet_file_with_its_rows_gives():
    source = parquet(frame())
    columns = inferred_columns(source.batches(), "reference.parquet")

    assert Baseline.from_pandas(frame()).version == build_baseline(columns, source.batches).version
    assert {c.name: c.type for c in Baseline.from_pandas(frame()).grids.columns} == {
        "income": Type.NUMBER, "children": Type.INTEGER, "channel": Type.STRING, "city": Type.STRING,
        "active": Type.BOOLEAN, "at": Type.TIME,
    }  # fmt: skip


def test_in_chunks_the_baseline_is_the_same(monkeypatch):
    whole = Baseline.from_pandas(frame())
    monkeypatch.setattr(frames, "CHUNK", 701)

    assert Baseline.from_pandas(frame(), whole.grids.columns).version == whole.version


def test_columns_given_are_taken_as_they_are():
    given = (Column("children", type=Type.INTEGER, kind=Kind.CATEGORICAL), Column("channel", role=Role.IGNORED))
    made = Baseline.from_pandas(frame(), given)

    assert made.grids.columns == given
    assert set(made.grids.grids) == {"children"}
    assert made.profile.columns["", "children"].missing == 1


def test_the_index_is_no_column():
    rows = frame(50).set_index("city", append=True)

    assert "city" not in Baseline.from_pandas(rows).profile.present


@pytest.mark.parametrize("dtype", ["float64", "Float64", "float64[pyarrow]"])
def test_what_pandas_takes_for_missing_is_missing(dtype):
    made = Baseline.from_pandas(pd.DataFrame({"x": pd.Series([1.0, None, 3.0], dtype=dtype)}), [Column("x")])
    summary = made.profile.columns["", "x"]

    assert (summary.missing, summary.nan, summary.finite) == (1, 0, 2)


def test_objects_of_several_types_count_as_text():
    mixed = pd.Series(["a", 1, 2.5, True, np.int64(7), None, np.nan, b"x"], dtype=object)
    made = Baseline.from_pandas(pd.DataFrame({"x": mixed}), [Column("x", type=Type.STRING)])

    assert set(made.grids.grids["x"].categories) == {"a", "1", "2.5", "true", "7", "x"}
    assert made.profile.columns["", "x"].missing == 2


def test_decimals_and_numbers_in_objects_are_numbers():
    objects = pd.DataFrame({"x": pd.Series([Decimal("1.5"), Decimal(2)], dtype=object)})

    assert Baseline.from_pandas(objects, [Column("x")]).grids.grids["x"].edges.tolist() == [1.5, 2.0]


def test_names_that_are_no_text_are_written_as_text():
    assert [c.name for c in Baseline.from_pandas(pd.DataFrame({7: [1.5, 2.5]})).grids.columns] == ["7"]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"]), "more than one column of the name a"),
        (pd.DataFrame([[1, 2]], columns=[1, "1"]), "more than one column of the name 1"),
        (pd.DataFrame({"x": [1j]}), "column x: values of type complex128"),
        (pd.DataFrame({"x": pd.Series([1, object()], dtype=object)}), "column x: a value of type object"),
        (pd.DataFrame({"x": []}), "holds no row"),
        (pd.DataFrame(index=[1, 2]), "no row with a column"),
        ([1, 2], "not a pandas DataFrame but list"),
        (pd.Series([1, 2]), "not a pandas DataFrame but Series"),
    ],
    ids=["twice", "twice as text", "complex", "object", "no rows", "no columns", "list", "series"],
)
def test_what_makes_no_baseline_is_refused_in_words(rows, words):
    with pytest.raises(BaselineError, match=re.escape(words)):
        Baseline.from_pandas(rows)


def test_a_frame_without_rows_is_refused_with_columns_too():
    with pytest.raises(BaselineError, match="no usable rows"):
        Baseline.from_pandas(frame().iloc[:0], [Column("income")])


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ([Column("incme")], "none of the columns incme; it has active, at, channel, "),
        (["income"], "columns: 'income' is no Column"),
        ([Column("income"), Column("income")], "columns: the name income stands there more than once"),
    ],
    ids=["misspelt", "text", "twice"],
)
def test_columns_that_fit_no_frame_are_refused_in_words(columns, words):
    with pytest.raises(BaselineError, match=re.escape(words)):
        Baseline.from_pandas(frame(), columns)


def test_the_frame_is_left_as_it_was():
    rows = frame(40)
    before = rows.copy()
    Baseline.from_pandas(rows)

    pd.testing.assert_frame_equal(rows, before)


def test_times_of_day_and_durations_become_text():
    rows = pd.DataFrame({"x": [dt.time(9, 30)], "y": pd.to_timedelta([5], "s")})
    columns = [Column("x", type=Type.STRING), Column("y", type=Type.STRING)]

    assert Baseline.from_pandas(rows, columns).version == build_baseline(tuple(columns), parquet(rows).batches).version


def test_the_example_of_the_readme_runs(tmp_path, monkeypatch):
    text = (ROOT / "README.md").read_text()
    example = next(block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "from_pandas" in block)
    monkeypatch.chdir(tmp_path)
    Path("build/try").mkdir(parents=True)
    frame().rename(columns={"income": "score"}).to_parquet("build/try/reference.parquet")
    names: dict[str, object] = {}
    exec(example, names)  # the README's own lines

    assert names["baseline"].version == Baseline.from_pandas(pd.read_parquet("build/try/reference.parquet")).version


def test_a_frame_of_several_chunks_is_read_whole():
    made = Baseline.from_pandas(pd.DataFrame({"x": np.arange(200_000.0)}))

    assert made.profile.rows == 200_000
    assert made.grids.grids["x"].edges.tolist() == grid_of(np.arange(200_000.0), 0.0, 199_999.0).edges.tolist()


def test_reading_a_frame_again_gives_the_same_rows():
    batches = partial(frames.frame_batches, frame(100))

    assert [b.columns["city"].to_pylist() for b in batches()] == [b.columns["city"].to_pylist() for b in batches()]


def test_one_column_of_several_types_leaves_the_others_as_they_are():
    rows = pd.DataFrame({"x": pd.Series(["a", 1], dtype=object), "y": [1.5, 2.5], "z": pd.Categorical(["u", "v"])})
    made = Baseline.from_pandas(rows, [Column("x", type=Type.STRING), Column("y"), Column("z", type=Type.STRING)])

    assert made.grids.grids["y"].edges.tolist() == [1.5, 2.5]
    assert made.grids.grids["z"].categories == ("u", "v")
