"""The demo's traffic: what it plants is there, nothing else is, and the comparison can fail."""

import csv
import importlib.util
import io
import json
import re
import sys
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from atalaia.monitor_file import Monitor
from atalaia.rows import Side
from atalaia.schema import positional

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "credit_scoring"
MONDAY, TUESDAY, WEDNESDAY = (f"2026-03-0{day}T00:00:00Z" for day in (2, 3, 4))
NUMERIC = ["income", "age", "debt_ratio", "employment_years", "loan_amount", "score"]
CATEGORICAL = ["channel", "region", "homeowner", "approved"]


def load(name):
    spec = importlib.util.spec_from_file_location(f"credit_scoring_{name}", EXAMPLE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


traffic, demo = load("traffic"), load("demo")


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("traffic")
    traffic.generate(folder)
    return folder


@pytest.fixture(scope="module")
def planted(out):
    return json.loads((out / "planted.json").read_text())["clouds"]


@pytest.fixture(scope="module")
def reference(out):
    return pq.read_table(out / "reference.parquet")


def lines(folder):
    for path in sorted(folder.rglob("*.jsonl")):
        for line in path.read_text().splitlines():
            try:
                yield path, json.loads(line)
            except ValueError:
                yield path, None


def number(text):
    return None if text == "" else float(text)


@pytest.fixture(scope="module")
def sagemaker(out):
    """The rows of each day, read from the captures with the csv module alone; unequal and damaged ones left out."""
    days, names = {}, [*traffic.INPUTS, *traffic.OUTPUTS]
    for path, document in lines(out / "sagemaker"):
        if document is None:
            continue
        sides = [
            list(csv.reader(io.StringIO(document["captureData"][side]["data"])))
            for side in ("endpointInput", "endpointOutput")
        ]
        if len(sides[0]) != len(sides[1]):
            continue
        time = document["eventMetadata"]["inferenceTime"]
        for given, answered in zip(*sides, strict=True):
            row = dict(zip(names, given + answered, strict=True))
            row |= {name: number(row[name]) for name in NUMERIC}
            row |= {name: {"0": False, "1": True}[row[name]] for name in ("homeowner", "approved")}
            days.setdefault(time[:10] + "T00:00:00Z", []).append({**row, "time": time, "path": path})
    return days


@pytest.fixture(scope="module")
def azureml(out):
    """The rows of each side and day, read from the collector's files."""
    days = {}
    for path, document in lines(out / "azureml"):
        if document is not None:
            side = path.relative_to(out / "azureml" / "modelDataCollector" / "credit-scoring" / "blue").parts[0]
            key = side, document["time"][:10] + "T00:00:00Z"
            days.setdefault(key, []).extend(
                {**row, "id": (document["correlationid"], place)} for place, row in enumerate(document["data"])
            )
    return days


def distance(reference, rows, column):
    """The exact distance over the values present: Kolmogorov-Smirnov, or Jensen-Shannon to base 2 for categories."""
    before = [v for v in reference[column].to_pylist() if v is not None]
    after = [row[column] for row in rows if row[column] is not None and row[column] == row[column]]
    if column in NUMERIC:
        return stats.ks_2samp(before, after).statistic
    names = sorted({*before, *after}, key=str)
    shares = [[Counter(side)[name] / len(side) for name in names] for side in (before, after)]
    return jensenshannon(*shares, base=2)


def test_the_same_seed_makes_the_same_bytes(out, tmp_path):
    traffic.generate(tmp_path)

    def content(folder):
        files = {p.relative_to(folder): p for p in folder.rglob("*") if p.is_file()}
        return {name: (p.read_bytes(), p.suffix == ".jsonl" and p.stat().st_mtime) for name, p in files.items()}

    assert content(tmp_path) == content(out)


@pytest.mark.parametrize("cloud", ["sagemaker", "azureml"])
def test_the_monitor_files_are_monitor_files(out, cloud):
    monitor = msgspec.yaml.decode((out / f"{cloud}.yaml").read_bytes(), type=Monitor)

    assert positional(monitor.columns, Side.INPUT) == traffic.INPUTS
    assert positional(monitor.columns, Side.OUTPUT) == traffic.OUTPUTS
    assert any((out / monitor.logs.source).rglob("*.jsonl"))
    assert all((out / data).is_file() for data in monitor.baseline.data)


def test_reference_data_has_every_column_and_no_more(reference):
    assert tuple(reference.column_names) == traffic.INPUTS + traffic.OUTPUTS
    assert reference.num_rows == traffic.REFERENCE_ROWS


def test_captures_lie_where_sagemaker_puts_them(out):
    shape = r"credit-scoring/AllTraffic/2026/03/0[234]/\d\d/\d\d-\d\d-\d{3}-[0-9a-f-]{36}\.jsonl"

    paths = [p.relative_to(out / "sagemaker").as_posix() for p in (out / "sagemaker").rglob("*.jsonl")]

    assert len(paths) > 100
    assert [p for p in paths if not re.fullmatch(shape, p)] == []


def test_collected_files_lie_where_azure_puts_them(out):
    shape = r"modelDataCollector/credit-scoring/blue/model_(in|out)puts/2026/03/0[234]/\d\d/[0-9a-f]{32}000001\.jsonl"

    paths = [p.relative_to(out / "azureml").as_posix() for p in (out / "azureml").rglob("*.jsonl")]

    assert len(paths) > 100
    assert [p for p in paths if not re.fullmatch(shape, p)] == []


def test_some_records_hold_several_rows(out):
    counts = [d["captureData"]["endpointInput"]["data"].count("\n") + 1 for _, d in lines(out / "sagemaker") if d]

    assert {1, 2, 8} <= set(counts)


def test_planted_row_counts_are_those_in_the_captures(sagemaker, planted):
    assert {day: len(rows) for day, rows in sagemaker.items()} == planted["sagemaker"]["rows"]


def test_planted_row_counts_are_those_in_both_sides_of_the_collector(azureml, planted):
    counts = Counter()
    for (_, day), rows in azureml.items():
        counts[day] += len(rows)

    assert dict(counts) == planted["azureml"]["rows"]


@pytest.mark.parametrize("day", [MONDAY, TUESDAY, WEDNESDAY])
def test_both_clouds_logged_the_same_traffic(sagemaker, azureml, day):
    inputs, outputs = azureml["model_inputs", day], azureml["model_outputs", day]
    answers = {row["id"]: row for row in outputs}
    joined = [{**row, **answers[row["id"]]} for row in inputs]

    def key(row):
        values = [row[name] for name in (*traffic.INPUTS, *traffic.OUTPUTS)]
        return tuple("" if v is None or v != v else str(v if isinstance(v, str | bool) else float(v)) for v in values)

    assert len(answers) == len(outputs) == len(inputs)
    assert Counter(map(key, joined)) == Counter(map(key, sagemaker[day]))


PLANTED_DRIFT = {"income", "channel", "score", "approved"}


@pytest.mark.parametrize("day", [MONDAY, TUESDAY, WEDNESDAY])
@pytest.mark.parametrize("column", NUMERIC + CATEGORICAL)
def test_only_what_was_planted_moves(reference, sagemaker, day, column):
    measured = distance(reference, sagemaker[day], column)

    if day == TUESDAY and column in PLANTED_DRIFT:
        assert measured > 0.15  # half as much again as the limit of 0.1
    else:
        assert measured < (0.06 if column in NUMERIC else 0.07)


@pytest.mark.parametrize("day", [MONDAY, TUESDAY, WEDNESDAY])
@pytest.mark.parametrize("column", NUMERIC + CATEGORICAL)
def test_only_the_planted_values_are_missing(reference, sagemaker, day, column):
    before = reference[column].null_count / reference.num_rows
    missing = sum(row[column] is None for row in sagemaker[day]) / len(sagemaker[day])

    if (day, column) == (TUESDAY, "employment_years"):
        assert 0.09 < missing - before < 0.13
    else:
        assert abs(missing - before) < 0.01


def test_nan_is_in_the_captures_of_two_hours_only(sagemaker):
    hours = {row["time"][:13] for rows in sagemaker.values() for row in rows if any(row[c] != row[c] for c in NUMERIC)}

    assert hours == {"2026-03-04T10", "2026-03-04T11"}


def test_the_collector_writes_nan_as_null(azureml, sagemaker):
    def is_nan(value):
        return value is not None and np.isnan(value)

    nulls = sum(row["debt_ratio"] is None for row in azureml["model_inputs", WEDNESDAY])

    assert nulls == sum(is_nan(row["debt_ratio"]) for row in sagemaker[WEDNESDAY])
    assert nulls / len(sagemaker[WEDNESDAY]) > 0.1  # well above the limit of 0.05


def test_rows_are_late_as_planted(sagemaker, planted):
    def hour(row):
        year, month, day, hour = row["path"].parts[-5:-1]
        return f"{year}-{month}-{day}T{hour}"

    late = [row for rows in sagemaker.values() for row in rows if hour(row) != row["time"][:13]]

    assert {"2026-03-04T06"} == {hour(row) for row in late}
    assert {row["time"][:10] for row in late} == {"2026-03-03"}
    assert planted["sagemaker"]["late"] == {TUESDAY: len(late)}
    assert planted["azureml"]["late"] == {TUESDAY: 2 * len(late)}
    assert 0.03 < len(late) / len(sagemaker[TUESDAY]) < 0.05


@pytest.mark.parametrize("cloud", ["sagemaker", "azureml"])
def test_damaged_lines_are_as_many_as_planted_and_all_on_wednesday(out, planted, cloud):
    damaged = [path for path, document in lines(out / cloud) if document is None]

    assert len(damaged) == planted[cloud]["rejected"][WEDNESDAY]["not_json"]
    assert {path.parts[-3] for path in damaged} == {"04"}


def test_every_line_has_an_end(out):
    assert all(path.read_bytes().endswith(b"\n") for path in out.rglob("*.jsonl"))


def test_one_record_has_more_inputs_than_outputs(out, planted):
    texts = [d["captureData"] for _, d in lines(out / "sagemaker") if d]
    counts = [(t["endpointInput"]["data"].count("\n") + 1, t["endpointOutput"]["data"].count("\n") + 1) for t in texts]

    assert [pair for pair in counts if pair[0] != pair[1]] == [(4, 3)]
    assert planted["sagemaker"]["rejected"][WEDNESDAY]["row_count"] == 4


def test_a_usage_error_ends_with_two(capsys):
    assert traffic.main([]) == 2
    assert "usage" in capsys.readouterr().err


def answer(planted):
    """What `atalaia check --json` prints when it finds exactly what was planted."""
    windows = []
    for start, rows in planted["rows"].items():
        common = {"segment": None, "threshold": 0.1, "status": "alert", "message": "It moved."}
        findings = [{**f, **common, "value": 0.3} for f in planted["findings"] if f["window"] == start]
        for finding in findings:
            if finding["metric"] == "late":
                finding["value"] = planted["late"][start] / rows
        fine = {"signal": "data_drift", "metric": "cramer_von_mises", "column": "age", "segment": None}
        findings.append({**fine, "value": 0.02, "threshold": 0.1, "status": "ok", "message": "It did not move."})
        rejected = planted["rejected"].get(start, {})
        windows.append({"start": start, "end": start, "rows": rows, "rejected": rejected, "findings": findings})
    return {"monitor": "credit-scoring", "windows": windows}


def disagreeing(planted, checked):
    return [(line.window, line.what) for line in demo.compare(planted, checked) if not line.agrees]


@pytest.mark.parametrize("cloud", ["sagemaker", "azureml"])
def test_finding_what_was_planted_agrees_on_every_line(planted, cloud):
    compared = demo.compare(planted[cloud], answer(planted[cloud]))

    assert all(line.agrees for line in compared)
    assert len(compared) >= len(planted[cloud]["findings"]) + 3


@pytest.mark.parametrize("place", range(8))
def test_a_missed_fault_disagrees(planted, place):
    fault = planted["sagemaker"]["findings"][place]
    checked = answer(planted["sagemaker"])
    for finding in (f for window in checked["windows"] for f in window["findings"]):
        if fault.items() <= finding.items():
            finding["status"] = "ok"

    what = f"{fault['signal']} {fault['metric']} {fault['column'] or '-'}"
    assert disagreeing(planted["sagemaker"], checked) == [(fault["window"], what)]


def test_a_finding_that_was_not_planted_disagrees(planted):
    checked = answer(planted["azureml"])
    extra = {
        "signal": "quality",
        "metric": "range",
        "column": "age",
        "segment": None,
        "value": 1.0,
        "status": "warning",
    }
    checked["windows"][0]["findings"].append(extra)

    assert disagreeing(planted["azureml"], checked) == [(MONDAY, "quality range age")]


def test_a_planted_fault_found_in_a_segment_only_is_not_the_planted_one(planted):
    checked = answer(planted["azureml"])
    checked["windows"][1]["findings"][0]["segment"] = "region=north"

    assert len(disagreeing(planted["azureml"], checked)) == 2


@pytest.mark.parametrize(
    ("member", "value", "what"),
    [("rows", 2449, "rows used"), ("rejected", {"bad_csv": 1}, "rows rejected, bad_csv")],
)
def test_a_count_that_differs_disagrees(planted, member, value, what):
    checked = answer(planted["sagemaker"])
    checked["windows"][0][member] = value

    assert disagreeing(planted["sagemaker"], checked) == [(MONDAY, what)]


def test_another_number_of_late_rows_disagrees(planted):
    checked = answer(planted["sagemaker"])
    late = next(f for f in checked["windows"][1]["findings"] if f["metric"] == "late")
    late["value"] *= 1.1

    assert disagreeing(planted["sagemaker"], checked) == [(TUESDAY, "rows late")]


def test_a_window_without_rows_disagrees(planted):
    checked = answer(planted["sagemaker"])
    del checked["windows"][0]

    assert disagreeing(planted["sagemaker"], checked) == [(MONDAY, "rows used")]


def test_the_demo_leaves_a_folder_alone_that_is_not_its_own(tmp_path, capsys):
    (tmp_path / "precious").write_text("mine")

    assert demo.main([str(tmp_path)]) == 2
    assert (tmp_path / "precious").read_text() == "mine"
    assert "Name another folder" in " ".join(capsys.readouterr().out.split())


def test_each_decision_to_act_is_a_line():
    decisions = [{"policy": "a", "outcome": "acted", "why": "drifted 0.4 > 0.3"}, {"policy": "b", "outcome": "no"}]
    checked = {"windows": [{"start": TUESDAY, "decisions": decisions}, {"start": MONDAY, "decisions": []}]}

    assert demo.acted(checked) == ["Policy a acted because of 2026-03-03: drifted 0.4 > 0.3"]


def test_the_policy_of_the_example_is_the_one_that_the_demo_changes():
    text = (EXAMPLE / "sagemaker.yaml").read_text()

    assert text.count(demo.OF_TWO_DAYS[0]) == 1
