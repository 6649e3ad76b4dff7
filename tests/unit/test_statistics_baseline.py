import json
import math

import numpy as np
import pyarrow as pa
import pytest

from atalaia.baseline import Baseline, baseline_from_bytes, baseline_to_bytes, build_baseline
from atalaia.errors import StatisticsFileError
from atalaia.rows import ALL_SIDES, NO_TIME, RowBatch
from atalaia.schema import Column, Kind, Role, Type
from atalaia.signals.drift import measure_numeric
from atalaia.statistics_baseline import baseline_of_statistics
from atalaia.statistics_file import read_statistics

AGE, COLOUR = Column("age"), Column("colour", type=Type.STRING)


def number(name, levels, present=None, missing=0, kind="Fractional", **moments):
    total = sum(len(level) << i for i, level in enumerate(levels))
    present = total if present is None else present
    kll = {"sketch": {"parameters": {"c": 0.64, "k": 2048}, "data": levels}}
    common = {"num_present": present, "num_missing": missing}
    stats = {"common": common, "distribution": {"kll": kll}, **moments}
    return {"name": name, "inferred_type": kind, "numerical_statistics": stats}


def text(name, counts, present=None, missing=0):
    present = sum(counts.values()) if present is None else present
    buckets = [{"value": value, "count": count} for value, count in counts.items()]
    common = {"num_present": present, "num_missing": missing}
    stats = {"common": common, "distribution": {"categorical": {"buckets": buckets}}}
    return {"name": name, "inferred_type": "String", "string_statistics": stats}


def built(columns, *features, rows=None):
    known = features[0].get("numerical_statistics") or features[0]["string_statistics"]
    rows = sum(known["common"].values()) if rows is None else rows
    data = json.dumps({"version": 0.0, "dataset": {"item_count": rows}, "features": features}).encode()
    return baseline_of_statistics(tuple(columns), read_statistics(data, "s.json"), "s.json")


def from_rows(columns, **values):
    arrays = {name: pa.array(held) for name, held in values.items()}
    n = len(next(iter(arrays.values())))
    batch = RowBatch(arrays, n, ALL_SIDES, np.full(n, NO_TIME), None, np.arange(n))
    return build_baseline(tuple(columns), lambda: [batch])


def test_of_a_sketch_that_holds_all_values_comes_the_baseline_of_the_rows():
    values = np.random.default_rng(1).normal(40, 12, 1500)
    words = ["red"] * 900 + ["blue"] * 600
    found = built([AGE, COLOUR], number("age", [values.tolist()]), text("colour", {"blue": 600, "red": 900}))
    expected = from_rows([AGE, COLOUR], age=values, colour=words)

    assert found.loss == {}
    assert found.grids.grids["age"].edges.tolist() == expected.grids.grids["age"].edges.tolist()
    assert found.grids.grids["colour"] == expected.grids.grids["colour"]
    ours, theirs = (baseline.profile.columns["", "age"] for baseline in (found, expected))
    assert (ours.cells.tolist(), ours.inner.tolist()) == (theirs.cells.tolist(), theirs.inner.tolist())
    assert (ours.total, ours.squares, ours.minimum, ours.maximum) == (
        theirs.total, theirs.squares, theirs.minimum, theirs.maximum,
    )  # fmt: skip
    assert found.profile.columns["", "colour"].counts.tolist() == [900, 600]


def test_of_a_condensed_sketch_ranks_are_right_within_the_stated_loss():
    random = np.random.default_rng(2)
    rows = np.sort(random.lognormal(0, 1, 30_000))
    levels = [[], [], [], np.sort(rows)[4::8].tolist()]
    found = built([AGE], number("age", levels, present=30_000, min=float(rows[0]), max=float(rows[-1])))
    grid, summary = found.grids.grids["age"], found.profile.columns["", "age"]
    reached = np.cumsum(summary.cells)[1::2]
    true = np.searchsorted(rows, grid.edges, "right")

    assert summary.finite == 30_000
    assert (grid.edges[0], grid.edges[-1]) == (rows[0], rows[-1])
    assert 0 < found.loss["age"] < 0.01
    assert np.abs(reached[1:] - true[1:]).max() / 30_000 <= found.loss["age"]


def test_mean_deviation_and_extremes_are_the_files_own():
    moments = {"mean": 2.4, "std_dev": 1.3, "min": -1.0, "max": 9.0}
    found = built([AGE], number("age", [[], [1.0, 2.0, 3.0, 4.0] * 50], **moments))
    grid, summary = found.grids.grids["age"], found.profile.columns["", "age"]

    step = math.ldexp(1.0, grid.ruler.exponent)
    assert summary.mean(grid) == pytest.approx(2.4, abs=step)
    assert summary.std(grid) == pytest.approx(1.3, abs=2 * step)
    assert (summary.minimum, summary.maximum) == (-1.0, 9.0)


def test_a_column_of_one_value_has_no_spread():
    found = built([AGE], number("age", [[0.1] * 30], mean=0.1, std_dev=0.0))
    grid = found.grids.grids["age"]

    assert found.profile.columns["", "age"].std(grid) == pytest.approx(0.0, abs=math.ldexp(1.0, grid.ruler.exponent))


def test_missing_values_and_rows_are_the_files_own():
    found = built([AGE, COLOUR], number("age", [[1.0, 2.0]], missing=3), text("colour", {"red": 4}, missing=1))

    assert found.profile.rows == 5
    assert (found.profile.columns["", "age"].rows, found.profile.columns["", "age"].missing) == (5, 3)
    assert (found.profile.columns["", "colour"].rows, found.profile.columns["", "colour"].missing) == (5, 1)


def test_values_without_a_name_are_counted_and_are_the_loss():
    found = built([COLOUR], text("colour", {"red": 6, "blue": 2}, present=10))
    summary = found.profile.columns["", "colour"]

    assert (summary.counts.tolist(), summary.unseen_rows, dict(summary.unseen)) == ([6, 2], 2, {})
    assert found.loss == {"colour": 0.2}


def test_numbers_can_be_categories():
    level = Column("level", type=Type.INTEGER, kind=Kind.CATEGORICAL)
    found = built([level], number("level", [[1.0, 2.0, 2.0, 3.5]], kind="Fractional"))
    summary = found.profile.columns["", "level"]

    assert found.grids.grids["level"].categories == ("2", "1")
    assert (summary.counts.tolist(), summary.type_errors) == ([2, 1], 1)


def test_a_fraction_in_a_column_of_integers_is_a_type_error():
    found = built([Column("age", type=Type.INTEGER)], number("age", [[1.0, 2.5, 3.0]]))

    assert found.profile.columns["", "age"].type_errors == 1
    assert found.profile.columns["", "age"].finite == 2


def test_values_that_break_the_rules_are_counted():
    age = Column("age", range=(0.0, 3.0), set=(1.0, 9.0))
    colour = Column("colour", type=Type.STRING, set=("red",), pattern="[a-z]+")
    found = built([age, colour], number("age", [[-1.0, 1.0, 9.0]]), text("colour", {"red": 2, "B": 1}))

    assert found.profile.columns["", "age"].out_of_range == 2
    assert found.profile.columns["", "age"].out_of_set == 1
    assert found.profile.columns["", "colour"].out_of_set == 1
    assert found.profile.columns["", "colour"].off_pattern == 1


def test_outputs_need_not_be_in_a_file_about_training_data():
    found = built([AGE, Column("score", role=Role.SCORE)], number("age", [[1.0, 2.0]]))

    assert found.profile.captured == {"input": 2}
    assert len(found.grids.grids["score"].edges) == 0
    assert "no values of score" in found.origin


def test_columns_that_the_monitor_does_not_know_are_told():
    assert built([AGE], number("age", [[1.0, 2.0]]), text("colour", {"red": 2})).profile.extra == {"colour": 2}


def test_a_column_without_any_value_has_an_empty_grid():
    found = built([AGE, COLOUR], number("age", [[1.0]]), {"name": "colour", "inferred_type": "Unknown"})

    assert found.grids.grids["colour"].categories == ()
    assert found.profile.columns["", "colour"].missing == 1


@pytest.mark.parametrize(
    ("columns", "feature", "words"),
    [
        ([AGE, COLOUR], number("age", [[1.0]]), "s.json: no column colour. Add it"),
        ([AGE], text("age", {"old": 3}), "s.json: column age is String, but numeric in the monitor file"),
        ([COLOUR], number("colour", [[1.0]], kind="Integral"), "colour is Integral, but string in the monitor file"),
        ([AGE], number("age", [], present=5), "column age has no distribution"),
        ([Column("score", role=Role.SCORE)], number("age", [[1.0]]), "none of the columns score is in it"),
    ],
    ids=["absent", "text", "number", "nothing", "none"],
)
def test_what_does_not_fit_the_monitor_is_an_error_that_says_what_to_do(columns, feature, words):
    with pytest.raises(StatisticsFileError, match=words):
        built(columns, feature)


def test_the_stored_form_keeps_origin_and_loss():
    found = built([COLOUR], text("colour", {"red": 6, "blue": 2}, present=10))
    again = baseline_from_bytes(baseline_to_bytes(found), "x")

    assert (again.version, again.origin, again.loss) == (found.version, found.origin, found.loss)
    assert found.origin == "from the statistics of 10 rows"


def test_a_baseline_from_rows_has_neither_origin_nor_loss():
    made = from_rows([AGE], age=[1.0, 2.0])

    assert (made.origin, made.loss) == ("", {})
    assert isinstance(made, Baseline)


def test_drift_is_measured_against_it():
    values = np.random.default_rng(3).normal(size=2000)
    found = built([AGE], number("age", [values.tolist()]))
    profile = found.profiler().profile(
        RowBatch({"age": pa.array(values + 5)}, 2000, ALL_SIDES, np.full(2000, NO_TIME), None, np.arange(2000))
    )
    measures = measure_numeric(found.grids.grids["age"], found.profile.columns["", "age"], profile.columns["", "age"])

    assert measures.metrics["kolmogorov_smirnov"] > 0.9


@pytest.mark.parametrize(
    "feature",
    [number("age", [], present=0, missing=4), {"name": "age", "inferred_type": "Unknown"}],
    ids=["empty", "unknown"],
)
def test_a_numeric_column_without_any_value_has_no_edges(feature):
    found = built([COLOUR, AGE], text("colour", {"red": 4}), feature)
    summary = found.profile.columns["", "age"]

    assert len(found.grids.grids["age"].edges) == 0
    assert (summary.rows, summary.missing, summary.finite) == (4, 4, 0)
    assert found.loss == {}
