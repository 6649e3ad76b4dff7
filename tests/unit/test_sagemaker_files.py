import csv
import json
from pathlib import Path

import numpy as np
import pytest
from profiling import baseline_of_rows, profile_of_rows
from scipy import stats

from atalaia.baseline import constrained
from atalaia.constraints import constraint_findings
from atalaia.constraints_file import Constraints, Feature, Rule, Settings, read_constraints
from atalaia.sagemaker_files import constraints_text, left_out, statistics_text, suggested_constraints
from atalaia.schema import Column, Kind, Type
from atalaia.statistics_baseline import baseline_of_statistics
from atalaia.statistics_file import read_statistics

SHARED = Path(__file__).resolve().parents[3] / "shared"
ORACLE = SHARED / "oracles/sagemaker_exact_statistics.json"
SAMPLES = SHARED / "samples/sagemaker/sagemaker-python-sdk/pipeline/quality_check_step/data_quality"
X, WORD = Column("x"), Column("word", type=Type.STRING)


def written(baseline, profile=None):
    return json.loads(statistics_text(baseline, profile or baseline.profile))


def again(columns, text):
    return baseline_of_statistics(tuple(columns), read_statistics(text, "s"), "s")


def feature(content, name):
    (found,) = [f for f in content["features"] if f["name"] == name]
    return found


def test_moments_and_buckets_are_those_of_the_values():
    values = np.random.default_rng(1).normal(5, 2, 1500)
    found = feature(written(baseline_of_rows([X], x=values)), "x")["numerical_statistics"]
    counts, edges = np.histogram(values, 10)
    buckets = found["distribution"]["kll"]["buckets"]

    assert found["common"] == {"num_present": 1500, "num_missing": 0}
    assert (found["min"], found["max"]) == (values.min(), values.max())
    assert found["mean"] == pytest.approx(values.mean(), rel=1e-9)
    assert found["sum"] == pytest.approx(values.sum(), rel=1e-9)
    assert found["std_dev"] == pytest.approx(values.std(), rel=1e-8)  # to one step of the grid's ruler
    lows = [bucket["lower_bound"] for bucket in buckets]
    assert lows == pytest.approx(edges[:-1].tolist(), rel=1e-12)
    assert [bucket["count"] for bucket in buckets] == pytest.approx(counts, abs=2)  # two values may share a cell


def test_few_values_are_written_as_they_are():
    values = [3.0, 1.0, 2.0, 3.0]
    sketch = feature(written(baseline_of_rows([X], x=values)), "x")["numerical_statistics"]["distribution"]["kll"]

    assert sketch["sketch"] == {"parameters": {"c": 0.64, "k": 2048.0}, "data": [[1.0, 2.0, 3.0, 3.0]]}
    assert [bucket["count"] for bucket in sketch["buckets"]] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 2]


def test_a_constant_stands_in_the_last_bucket():
    kll = feature(written(baseline_of_rows([X], x=[4.0] * 7)), "x")["numerical_statistics"]["distribution"]["kll"]

    assert [bucket["count"] for bucket in kll["buckets"]] == [0] * 9 + [7]
    assert {bucket["lower_bound"] for bucket in kll["buckets"]} == {4.0}


def test_of_many_values_the_weights_sum_to_their_number_and_the_ranks_hold():
    values = np.random.default_rng(2).lognormal(0, 1, 60_000)
    content = written(baseline_of_rows([X], x=values))
    levels = feature(content, "x")["numerical_statistics"]["distribution"]["kll"]["sketch"]["data"]
    weights = np.concatenate([[1 << i] * len(level) for i, level in enumerate(levels)])
    points = np.concatenate([np.array(level, float) for level in levels])
    order = np.argsort(points)
    ranks = np.cumsum(weights[order]) / 60_000
    exact = np.searchsorted(np.sort(values), points[order], "right") / 60_000
    last = np.append(np.diff(points[order]) > 0, True)

    assert len(levels) > 1
    assert weights.sum() == 60_000
    assert np.abs(ranks - exact)[last].max() <= 0.0011  # one cell of a thousandth


def test_heavy_values_do_not_stand_in_levels_that_make_a_reader_doubt_them():
    values = np.random.default_rng(5).integers(0, 70, 500_000)
    column = Column("n", type=Type.INTEGER)
    baseline = baseline_of_rows([column], n=values)
    read = read_statistics(statistics_text(baseline, baseline.profile), "s").features[0].distribution
    held = feature(written(baseline), "n")["numerical_statistics"]["distribution"]["kll"]["sketch"]["data"]

    assert read.weights.tolist() == np.bincount(values).tolist()
    assert read.rank_error < 0.005
    assert sum(map(len, held)) <= 5689


def test_what_was_written_reads_as_the_same_baseline():
    random = np.random.default_rng(3)
    columns = [X, WORD, Column("code", type=Type.INTEGER, kind=Kind.CATEGORICAL), Column("n", type=Type.INTEGER)]
    rows = {
        "x": [None, *random.normal(size=5999)],
        "word": random.choice(["a", "b", "c"], 6000),
        "code": random.integers(1, 5, 6000),
        "n": random.poisson(3, 6000),
    }
    first = baseline_of_rows(columns, **rows)
    second = again(columns, statistics_text(first, first.profile))
    x, n = (second.profile.columns["", name] for name in ("x", "n"))

    assert second.profile.rows == 6000
    assert (x.missing, x.finite) == (1, 5999)
    assert n.cells.tolist() == first.profile.columns["", "n"].cells.tolist()
    for name in ("word", "code"):
        ours, theirs = (b.profile.columns["", name].counts.tolist() for b in (first, second))
        assert ours == theirs
    assert stats.ks_2samp(rows["x"][1:], second.grids.grids["x"].edges).statistic < 0.05


def test_a_window_is_written_on_its_baselines_grids():
    baseline = baseline_of_rows([X, WORD], x=np.arange(3000.0), word=["a", "b"] * 1500)
    window = profile_of_rows(baseline, x=[1.0, 2.0, None, float("inf")], word=["a", "z", "z", None])
    content = written(baseline, window)
    word = feature(content, "word")["string_statistics"]

    assert content["dataset"] == {"item_count": 4}
    assert feature(content, "x")["numerical_statistics"]["common"] == {"num_present": 2, "num_missing": 2}
    assert word["common"] == {"num_present": 3, "num_missing": 1}
    assert word["distinct_count"] == 2.0
    assert {b["value"]: b["count"] for b in word["distribution"]["categorical"]["buckets"]} == {"a": 1, "z": 2}


def test_what_the_schema_has_no_place_for_is_left_out():
    columns = [X, Column("at", type=Type.TIME), Column("note", type=Type.STRING, kind=Kind.TEXT)]
    baseline = baseline_of_rows(
        columns, x=[None, None, None], at=["2026-01-01", "2026-01-02", None], note=["a b", None, "c"]
    )
    content = written(baseline)

    assert left_out(baseline) == ("at",)
    assert [f["name"] for f in content["features"]] == ["x", "note"]
    assert feature(content, "x")["numerical_statistics"] == {"common": {"num_present": 0, "num_missing": 3}}
    assert feature(content, "note")["string_statistics"] == {"common": {"num_present": 2, "num_missing": 1}}
    suggested = suggested_constraints(baseline).features
    assert [(f.name, f.inferred_type) for f in suggested] == [("x", "Unknown"), ("note", "String"), ("at", "Unknown")]
    assert suggested[2].completeness is None


def test_a_window_that_lacks_a_column_has_no_statistics_of_it():
    baseline = baseline_of_rows([X, WORD], x=[1.0, 2.0], word=["a", "b"])
    window = profile_of_rows(baseline, sides=["output"], y=[1])

    assert written(baseline, window)["features"] == []


def test_codes_that_are_not_all_named_are_written_as_texts():
    code = Column("code", type=Type.INTEGER, kind=Kind.CATEGORICAL)
    baseline = baseline_of_rows([code], code=[1, 2])
    window = profile_of_rows(baseline, code=list(range(10, 3000)))

    assert feature(written(baseline, window), "code")["inferred_type"] == "String"


def test_very_large_numbers_have_no_sum():
    found = feature(written(baseline_of_rows([X], x=[1.5e308, 1.6e308])), "x")["numerical_statistics"]

    assert "sum" not in found
    assert found["max"] == 1.6e308


def test_constraints_are_suggested_as_a_baselining_job_does():
    columns = [X, WORD, Column("n", type=Type.INTEGER), Column("code", type=Type.INTEGER, kind=Kind.CATEGORICAL)]
    columns += [Column("gone"), Column("many", type=Type.STRING)]
    rows = {
        "x": [-1.0, 2.0, None, 3.0],
        "word": ["a", "b", "a", "a"],
        "n": [1, 2, 3, 4],
        "code": [-1, 2, 2, 2],
        "gone": [None] * 4,
        "many": ["q"] * 4,
    }
    rows = {name: held * 50 for name, held in rows.items()} | {"many": [f"m{i}" for i in range(200)]}
    found = suggested_constraints(baseline_of_rows(columns, **rows))

    assert {f.name: (f.inferred_type, f.completeness, f.non_negative, f.domains) for f in found.features} == {
        "x": ("Fractional", 0.75, False, None),
        "word": ("String", 1.0, None, ("a", "b")),
        "n": ("Integral", 1.0, True, None),
        "code": ("Integral", 1.0, False, None),
        "gone": ("Unknown", 0.0, None, None),
        "many": ("String", 1.0, None, None),
    }
    assert found.settings == Settings()


ONE = Settings(False, False, 0.9, 0.8, False, Rule(0.2, "Simple", 0.3, "ChiSquared"))


@pytest.mark.parametrize(("common", "own"), [(Settings(), ONE), (ONE, Settings(rule=Rule(categorical_threshold=0.1)))])
def test_constraints_are_read_again_as_they_were_written(common, own):
    features = (
        Feature("a", "Integral", 0.5, True, None, common),
        Feature("b", "String", None, None, ("x", "y"), own),
    )
    found = read_constraints(constraints_text(Constraints(features, common)), "again")

    assert (found.features, found.settings, found.notes) == (features, common, ())


def test_a_window_of_the_baselines_own_rows_fulfils_what_is_suggested():
    rows = {"x": np.random.default_rng(4).normal(size=500), "word": ["a", None] * 250}
    baseline = baseline_of_rows([X, WORD], **rows)
    held = constrained(baseline, suggested_constraints(baseline))

    assert {f.status for f in constraint_findings(held, profile_of_rows(baseline, **rows))} == {"ok"}


def oracle():
    if not ORACLE.exists():
        pytest.skip("the published statistics are not here; the tests above check against numpy")
    known = json.loads(ORACLE.read_text())["data_quality"]
    table = list(csv.reader(known["csv_no_header"].splitlines()))
    names = [f"_c{i}" for i in range(len(table[0]))]
    rows = {name: [float(row[i]) for row in table] for i, name in enumerate(names)}
    return known, [Column(name) for name in names], rows


def test_statistics_of_the_published_data_set_are_those_that_sagemaker_published():
    known, columns, rows = oracle()
    found = written(baseline_of_rows(columns, **rows))

    assert found["dataset"] == known["statistics"]["dataset"]
    for theirs in known["statistics"]["features"]:
        ours = feature(found, theirs["name"])
        a, b = ours["numerical_statistics"], theirs["numerical_statistics"]
        assert ours["inferred_type"] == theirs["inferred_type"]
        assert a["common"] == b["common"]
        for key in ("mean", "sum", "std_dev", "min", "max"):
            assert a[key] == pytest.approx(b[key], rel=1e-8, abs=1e-9)
        kll, published = a["distribution"]["kll"], b["distribution"]["kll"]
        assert [k["count"] for k in kll["buckets"]] == [k["count"] for k in published["buckets"]]
        assert sorted(kll["sketch"]["data"][0]) == sorted(published["sketch"]["data"][0])
        assert kll["sketch"]["parameters"] == published["sketch"]["parameters"]


def test_the_published_baseline_is_loaded_judged_and_written_again_with_the_same_meaning():
    _, columns, rows = oracle()
    text = (SAMPLES / "statistics.json").read_bytes()
    baseline = again(columns, text)
    theirs, ours = (read_statistics(t, "s") for t in (text, statistics_text(baseline, baseline.profile)))
    for a, b in zip(theirs.features, ours.features, strict=True):
        assert (a.name, a.inferred_type, a.present, a.missing) == (b.name, b.inferred_type, b.present, b.missing)
        assert a.distribution.values.tolist() == b.distribution.values.tolist()
        assert a.distribution.weights.tolist() == b.distribution.weights.tolist()

    violated = {}
    for case in ("good", "bad"):
        read = read_constraints((SAMPLES / f"{case}_cases/constraints.json").read_bytes(), case)
        assert read_constraints(constraints_text(read), case) == read
        held = constrained(baseline, read)
        found = constraint_findings(held, profile_of_rows(held, **rows))
        violated[case] = [(f.column, f.metric) for f in found if f.status == "alert"]
    assert violated == {"good": [], "bad": [("_c5", "data_type_check")]}
