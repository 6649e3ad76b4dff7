"""What a monitor file costs by its shape is what a report of it really holds."""

import json

import numpy as np
import pytest
from services import Told, make_service
from worlds import lines, moment

from atalaia.monitor_file import LogFormat, load_monitor
from atalaia.telemetry import Detail, report_points
from atalaia_cost import Workload, plain_shape, shape_of
from atalaia_cost import figures as of
from atalaia_cost.activity import series_of

HEAD = """
name: churn
model: {name: churn, version: "7"}
logs: {source: mem://logs}
baseline: {data: [mem://reference]}
output: mem://out
columns:
"""
COLUMNS = {
    "plain": "  - {name: x}\n  - {name: y, type: integer, range: [0, 100]}\n",
    "kinds": """
  - {name: at, type: time, role: time}
  - {name: id, type: string, role: id}
  - {name: x, range: [-9, 9]}
  - {name: y, set: [1, 2, 3, 4]}
  - {name: word, type: string, set: [a, b, c, d]}
  - {name: code, type: string, pattern: "[a-d]"}
  - {name: text, type: string, kind: text, patterns: {mail: "@", link: "http"}}
  - {name: flag, type: boolean}
  - {name: score, role: score, range: [0, 1]}
  - {name: answer, type: boolean, role: prediction}
  - {name: left, role: ignored}
""",
    "segments": "  - {name: x}\n  - {name: y}\n  - {name: word, type: string, role: segment}\n",
    "labels": """
  - {name: word, type: string, role: segment}
  - {name: x}
  - {name: score, role: score}
  - {name: answer, type: boolean, role: prediction}
  - {name: flag, type: boolean, role: label}
""",
    "numbers": """
  - {name: x, role: prediction}
  - {name: y, role: label}
checks: [{metric: r_squared}, {metric: mean_absolute_error}]
""",
    "together": "  - {name: x}\n  - {name: y}\n  - {name: z}\nmultivariate: true\n",
    "checks": """
  - {name: x}
  - {name: y}
checks:
  - {metric: psi, columns: [x], threshold: 0.3}
  - {metric: wasserstein, columns: [x], threshold: 3}
  - {metric: nan, enabled: false}
  - {metric: late, enabled: false}
  - {metric: cramer_von_mises, columns: [y], enabled: false}
""",
}
SEGMENTS = 4


def logged(n, seed):
    random = np.random.default_rng(seed)
    names = ("x", "y", "z", "score", "left")
    rows = []
    for place in range(n):
        numbers = {name: float(random.random()) for name in names}
        word = "abcd"[int(random.integers(4))]
        flag = bool(random.random() < 0.5)
        texts = {"word": word, "code": word, "text": f"{word * 5} is the text", "flag": flag, "answer": not flag}
        rows.append({"at": "2026-03-02T12:00:00Z", "id": f"{seed}-{place}", **numbers, **texts})
    return [{**row, "y": int(random.integers(1, 5))} for row in rows]


@pytest.fixture(params=sorted(COLUMNS))
def evaluated(request):
    """A monitor file, and the report of a window with a few hundred rows that have all of its columns."""
    text = HEAD + COLUMNS[request.param]
    monitor = load_monitor(text, "monitor.yaml")
    world = make_service(text)
    world.now = moment("2026-03-02T13:00:00Z")
    own = {column.name for column in monitor.columns}
    kept = [[{name: row[name] for name in row if name in own} for row in logged(n, n)] for n in (2000, 700)]
    world.stores("mem://reference").put("data.jsonl", lines(kept[0]))
    world.service.ingest([world.put("2026/03/02/12/a.jsonl", lines(kept[1]))])
    telemetry = Told()
    done = world.service.evaluate(telemetry, None).evaluated["churn"]
    return monitor, done.reports[0].report, telemetry.events


def work_of(monitor, **options):
    shape = shape_of(monitor)
    return Workload(shape, 1000, 10, 1000, segments=SEGMENTS if shape.segments else 0, **options)


def test_a_report_has_as_many_findings_as_the_model_counts(evaluated):
    monitor, report, _ = evaluated

    assert work_of(monitor).findings == len(report.findings)


@pytest.mark.parametrize("detail", Detail)
def test_a_report_makes_as_many_series_as_the_model_counts(evaluated, detail):
    monitor, report, _ = evaluated
    series = {(point.name, point.attributes) for point in report_points(report, 0, detail)}

    told = series_of(work_of(monitor, detail=detail))

    unmeasured = sum(finding.value is None for finding in report.findings) if detail is Detail.COLUMNS else 0
    assert told - unmeasured == len(series)


def test_lines_of_findings_are_about_as_long_as_the_model_says(evaluated):
    _, _, events = evaluated
    lengths = [len(json.dumps(event, separators=(",", ":"))) for event in events]

    assert lengths[0] == pytest.approx(of.REPORT_LINE, rel=0.15)
    assert np.mean(lengths[1:]) == pytest.approx(of.FINDING_LINE, rel=0.15)


def test_a_shape_has_as_many_segments_as_there_may_be_each_column_with_its_rest():
    given = "  - {name: a, type: string, role: segment}\n  - {name: b, type: string, role: segment, segments: 3}\n"

    assert shape_of(load_monitor(HEAD + "  - {name: x}\n" + given, "monitor.yaml")).segments == 10 + 1 + 3 + 1


def test_a_plain_shape_has_nine_findings_for_each_column_and_three_of_the_window():
    shape = plain_shape(222, 3600)

    assert (shape.columns, shape.numeric, shape.window_seconds) == (222, 222, 3600)
    assert Workload(shape, 1, 1, 1).findings == 222 * 9 + 3


def test_findings_by_other_tools_conventions_are_counted():
    def findings(more):
        return shape_of(load_monitor(HEAD + COLUMNS["plain"] + more, "monitor.yaml")).column_findings

    own = findings("")
    assert findings("convention: evidently\n") == own
    assert findings("convention: evidently\nchecks: [{metric: drift, convention: nannyml, columns: [x]}]\n") == own + 1
    assert findings("convention: sagemaker\nchecks: [{metric: psi, convention: atalaia}]\n") == own + 2


def test_windows_lateness_and_format_are_the_monitor_files():
    text = HEAD + COLUMNS["plain"] + "window: 6h\nlateness: 30m\n"
    shape = shape_of(load_monitor(text.replace("mem://logs}", "mem://logs, format: parquet}"), "monitor.yaml"))

    assert (shape.window_seconds, shape.lateness_seconds, shape.format) == (6 * 3600, 1800, LogFormat.PARQUET)


def test_a_format_that_is_found_out_is_taken_for_json_lines():
    assert shape_of(load_monitor(HEAD + COLUMNS["plain"], "monitor.yaml")).format is LogFormat.JSONL
