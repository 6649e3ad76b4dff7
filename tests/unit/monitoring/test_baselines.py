import json

import pytest
from msgspec.structs import replace
from worlds import lines, make_world, moment, rows

from atalaia.errors import BaselineError, StatisticsFileError, StoredFormError
from atalaia.monitor_file import BaselineSource, ConstraintThresholds, load_monitor
from atalaia.monitoring.baselines import ensure_baseline, load_baseline, make_baseline, read_baseline
from atalaia.monitoring.evaluating import Evaluator
from atalaia.monitoring.ingesting import Ingester
from atalaia.monitoring.sources import LogSource
from atalaia_local import MemoryStore


def test_the_baseline_that_was_built_holds(world):
    assert load_baseline(world.monitor, world.output).version == world.baseline.version


def test_without_a_baseline_the_error_says_how_to_get_one(world):
    with pytest.raises(BaselineError, match="atalaia baseline"):
        load_baseline(world.monitor, MemoryStore("out"))


def changed(world):
    text = "name: churn\nmodel: {name: churn}\nlogs: {source: logs}\noutput: out\ncolumns: [{name: x}]"
    return load_monitor(text, "m")


def test_other_columns_need_another_baseline(world):
    with pytest.raises(BaselineError, match="columns have changed"):
        load_baseline(changed(world), world.output)


def test_a_baseline_is_built_once(world):
    reference = [LogSource(world.reference)]

    assert ensure_baseline(world.monitor, reference, world.output)[1] is False


def test_a_baseline_is_built_again_when_the_columns_or_the_data_have_changed(world):
    reference = [LogSource(world.reference)]
    assert ensure_baseline(changed(world), reference, world.output)[1] is True

    world.reference.put("more.jsonl", lines(rows(1, 5)))
    assert ensure_baseline(changed(world), reference, world.output)[1] is True


def test_a_baseline_chosen_by_hand_stays(world):
    chosen = MemoryStore("chosen")
    chosen.put("a.jsonl", lines(rows(1, 50)))
    made = make_baseline(world.monitor, [LogSource(chosen)], world.output, chosen=True)

    held, built = ensure_baseline(world.monitor, [LogSource(world.reference)], world.output)
    assert (held.version, built) == (made.version, False)


def test_without_reference_data_the_error_says_what_to_add(world):
    with pytest.raises(BaselineError, match=r"Add baseline\.data"):
        ensure_baseline(world.monitor, [], MemoryStore("out"))


def test_an_empty_folder_is_no_reference_data(world):
    with pytest.raises(BaselineError, match="nowhere: there are no reference data"):
        make_baseline(world.monitor, [LogSource(MemoryStore("nowhere"))], world.output, chosen=False)


def test_reference_data_without_a_column_of_the_monitor_are_refused_by_name(world):
    other = MemoryStore("other")
    other.put("a.jsonl", lines([{"foo": 1, "bar": 2}]))

    with pytest.raises(
        BaselineError, match="other: the reference data has none of the columns x, word; it has bar, foo"
    ):
        make_baseline(world.monitor, [LogSource(other)], world.output, chosen=True)
    assert load_baseline(world.monitor, world.output).version == world.baseline.version


def test_a_damaged_baseline_can_be_built_again(world):
    key = f"churn/baseline/{world.baseline.version}.profile"
    world.output.put(key, world.output.get(key)[0][:-1])

    with pytest.raises(StoredFormError, match="Build the baseline again"):
        load_baseline(world.monitor, world.output)
    make_baseline(world.monitor, [LogSource(world.reference)], world.output, chosen=False)
    assert load_baseline(world.monitor, world.output).version == world.baseline.version


def test_a_baseline_that_is_gone_is_an_error(world):
    key = f"churn/baseline/{world.baseline.version}.profile"
    world.output.delete(key)

    with pytest.raises(BaselineError, match="is gone"):
        read_baseline(key, world.output)


def test_a_damaged_pointer_is_an_error(world):
    world.output.put("churn/state/baseline.json", b"?")

    with pytest.raises(BaselineError, match="damaged"):
        load_baseline(world.monitor, world.output)


def test_the_same_reference_gives_the_same_version_everywhere():
    assert make_world().baseline.version == make_world().baseline.version


def statistics(x=(0.5, 1.5, 2.5), word=(("a", 2), ("b", 1))):
    """SageMaker's file about two columns, one row for each of the numbers."""
    common = {"common": {"num_present": len(x), "num_missing": 0}}
    kll = {"kll": {"sketch": {"parameters": {"c": 0.64, "k": 2048}, "data": [list(x)]}}}
    named = {"categorical": {"buckets": [{"value": value, "count": count} for value, count in word]}}
    features = [
        {"name": "x", "inferred_type": "Fractional", "numerical_statistics": {**common, "distribution": kll}},
        {"name": "word", "inferred_type": "String", "string_statistics": {**common, "distribution": named}},
    ]
    return json.dumps({"version": 0.0, "dataset": {"item_count": len(x)}, "features": features}).encode()


def test_a_statistics_file_is_told_by_its_content(world):
    store = MemoryStore("sagemaker")
    store.put("output/anything.json", statistics())
    store.put(
        "output/constraints.json", b'{"version": 0.0, "features": [{"name": "x", "inferred_type": "Fractional"}]}'
    )
    made = make_baseline(world.monitor, [LogSource(store, "output/")], world.output, chosen=False)

    assert made.grids.grids["x"].edges.tolist() == [0.5, 1.5, 2.5]
    assert made.profile.rows == 3
    assert load_baseline(world.monitor, world.output).origin == "from the statistics of 3 rows"
    assert ensure_baseline(world.monitor, [LogSource(store, "output/")], world.output)[1] is False


def test_a_statistics_file_beside_other_data_is_refused(world):
    store = MemoryStore("sagemaker")
    store.put("statistics.json", statistics())

    with pytest.raises(StatisticsFileError, match=r"sagemaker/statistics\.json: statistics are the whole baseline"):
        make_baseline(world.monitor, [LogSource(store), LogSource(world.reference)], world.output, chosen=False)


def test_windows_are_judged_against_a_statistics_file(world):
    store = MemoryStore("sagemaker")
    values = [row["x"] for row in rows(1, n=2000, seed=9)]
    store.put("statistics.json", statistics(values, (("a", 1000), ("b", 1000))))
    made = make_baseline(world.monitor, [LogSource(store)], world.output, chosen=True)
    world.logs.put("2026/03/02/a.jsonl", lines(rows(2, 800)))
    ingester = Ingester(world.monitor, made, world.output)
    for info in world.source.objects():
        ingester.ingest(world.source, info)
    evaluator = Evaluator(world.monitor, made, world.output, moment("2026-03-20T00:00:00Z"))
    report = next(evaluator.evaluate(window) for window in evaluator.windows()).report

    assert {f.column: f.status for f in report.findings if f.signal == "data_drift"} == {"x": "ok", "word": "ok"}


def constraints(*features):
    return json.dumps({"version": 0, "features": [{"name": name, **more} for name, more in features]}).encode()


X = ("x", {"inferred_type": "Fractional", "completeness": 1.0})


def test_constraints_beside_statistics_or_rows_become_part_of_the_baseline(world):
    store = MemoryStore("sagemaker")
    store.put("a/statistics.json", statistics())
    store.put("b/data.jsonl", lines(rows(1)))
    for folder in ("a", "b"):
        store.put(f"{folder}/limits.json", constraints(X))
    of_statistics, of_rows = (
        make_baseline(world.monitor, [LogSource(store, f"{folder}/")], world.output, chosen=False) for folder in "ab"
    )

    assert [made.profile.rows for made in (of_statistics, of_rows)] == [3, 600]
    assert [made.constraints.features[0].name for made in (of_statistics, of_rows)] == ["x", "x"]


def test_changed_constraints_make_another_baseline(world):
    store = MemoryStore("sagemaker")
    store.put("data.jsonl", lines(rows(1)))
    store.put("constraints.json", constraints(X))
    source = LogSource(store)
    first, built = ensure_baseline(world.monitor, [source], world.output)
    store.put("constraints.json", constraints(("x", {"completeness": 0.5})))
    second, again = ensure_baseline(world.monitor, [source], world.output)

    assert (built, again) == (True, True)
    assert first.version != second.version
    assert second.constraints.features[0].completeness == 0.5


def test_thresholds_are_read_as_the_monitor_file_says(world):
    store = MemoryStore("sagemaker")
    store.put("data.jsonl", lines(rows(1)))
    store.put("constraints.json", constraints(X))
    source = BaselineSource(("unused",), constraint_thresholds=ConstraintThresholds.DOCUMENTS)
    made = make_baseline(replace(world.monitor, baseline=source), [LogSource(store)], world.output, chosen=False)

    assert made.constraints.settings.type_match == 0.9


def test_constraints_alone_and_two_files_of_them_are_refused(world):
    store = MemoryStore("sagemaker")
    store.put("constraints.json", constraints(X))
    with pytest.raises(StatisticsFileError, match=r"sagemaker/constraints\.json: constraints alone are no baseline"):
        make_baseline(world.monitor, [LogSource(store)], world.output, chosen=False)
    store.put("limits.json", constraints(X))
    store.put("data.jsonl", lines(rows(1)))
    with pytest.raises(StatisticsFileError, match=r"a second file of constraints is sagemaker/limits\.json"):
        make_baseline(world.monitor, [LogSource(store)], world.output, chosen=False)
