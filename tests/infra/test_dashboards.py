"""Dashboards: as they would be made now, and asking only for what is there."""

import json
import re
import shutil
import subprocess
from html import escape

import pytest
from dashboard_facts import DASHBOARD, lie_side_by_side, sent_series
from infrastructure import INFRA, PYTHON, ROOT, SECONDS, checks
from reports import a_finding, a_report

from atalaia.monitoring.status import exposition
from atalaia.telemetry import report_points

FOLDER = INFRA / "dashboards"
GRAFANA = {
    name: json.loads((FOLDER / f"grafana-{name}.json").read_text()) for name in ("azure", "cloudwatch", "prometheus")
}
WORKBOOK = json.loads((FOLDER / "azure-workbook.json").read_text())
ROWS = [row["title"] for row in json.loads((FOLDER / "panels.json").read_text())["rows"]]


def made(folder, *arguments):
    command = [PYTHON, folder, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)


def test_the_files_are_as_they_would_be_made():
    found = made(FOLDER, "--check")

    assert found.returncode == 0, found.stdout + found.stderr


def test_a_query_that_changed_makes_the_files_old(tmp_path):
    for name in ("dashboards", "queries", "settings"):
        shutil.copytree(INFRA / name, tmp_path / name)
    (tmp_path / "queries/health.kql").write_text("// Is all well?\ncustomEvents\n| where timestamp > ago(7d)\n")
    found = made(tmp_path / "dashboards", "--check")

    assert found.returncode == 1
    assert [line.split()[0] for line in found.stdout.splitlines()] == ["azure-workbook.json", "grafana-azure.json"]


@pytest.mark.parametrize("fact", DASHBOARD, ids=lambda fact: fact.__name__)
def test_of_cloudwatchs_dashboard_it_is_a_fact_that(deployed, fact):
    fact(deployed)


def panels(name):
    return [each for each in GRAFANA[name]["panels"] if each["type"] != "row"]


@pytest.mark.parametrize("name", GRAFANA)
def test_panels_of_grafana_lie_side_by_side_under_their_questions(name):
    places = [each["gridPos"] for each in GRAFANA[name]["panels"]]
    lie_side_by_side([{"x": each["x"], "y": each["y"], "width": each["w"], "height": each["h"]} for each in places])

    questions = [each["title"] for each in GRAFANA[name]["panels"] if each["type"] == "row"]
    assert questions == [title for title in ROWS if title in questions]
    assert len(questions) == len(ROWS) or name == "prometheus"


@pytest.mark.parametrize("name", GRAFANA)
def test_all_panels_ask_the_data_source_that_is_chosen(name):
    (source,) = [each for each in GRAFANA[name]["templating"]["list"] if each["type"] == "datasource"]

    assert {(each["datasource"]["type"], each["datasource"]["uid"]) for each in panels(name)} == {
        (source["query"], "${datasource}")
    }


def test_what_is_asked_of_prometheus_is_what_the_status_page_answers():
    findings = [a_finding(signal=each) for each in ("data_drift", "performance", "quality")]
    points = report_points(a_report(findings), 0)
    lines = [line for line in exposition(points).splitlines() if not line.startswith("#")]
    answered = json.loads(checks("promql", input=json.dumps([line.rpartition(" ")[0] for line in lines])).stdout)
    asked = checks(
        "promql", input=json.dumps([target["expr"] for each in panels("prometheus") for target in each["targets"]])
    )

    assert asked.returncode == 0, asked.stderr
    for [(metric, labels)] in json.loads(asked.stdout):
        assert labels.pop("monitor") == "$monitor"
        assert any(metric == name and labels.items() <= given.items() for [(name, given)] in answered), metric


def test_what_is_no_promql_is_refused():
    assert "ValueError" in checks("promql", input='["max by (monitor (ml_monitor_drift)"]').stderr


def test_metrics_asked_of_cloudwatch_are_sent():
    sent = sent_series()
    metrics = [
        target for each in panels("cloudwatch") for target in each["targets"] if target["queryMode"] == "Metrics"
    ]
    for each in metrics:
        given = dict(each.get("dimensions", {}))
        kind = tuple((k, v) for k, v in given.items() if k not in {"monitor", "model"}) if given else None
        assert (each["metricName"], kind) in sent
        assert not given or (given["monitor"], given["model"]) == ("$monitor", "*")
    assert len(metrics) >= 8


def test_queries_asked_of_cloudwatch_are_those_of_the_library():
    library = {
        file.read_text().splitlines()[0].removeprefix("# "): file for file in (INFRA / "queries").glob("*.insights")
    }
    logs = {each["title"]: each["targets"][0] for each in panels("cloudwatch") if each["type"] == "table"}

    assert len(logs) >= 6
    for title, target in logs.items():
        query = "\n".join(line for line in library[title].read_text().splitlines() if not line.startswith("#"))
        before, _, asked = target["expression"].rpartition(query.strip())
        assert before in {"", "filter monitor like /^${monitor:regex}$/\n| "}
        assert asked == ""
        assert ("by event" in query or "ingest_failed" in query) == (before == ""), title


def test_items_of_the_workbook_stand_under_their_questions():
    texts = [each["content"]["json"] for each in WORKBOOK["items"] if each["type"] == 1]
    queries = [each for each in WORKBOOK["items"] if each["type"] == 3]

    assert texts[1:] == [f"## {title}" for title in ROWS]
    assert len({each["name"] for each in WORKBOOK["items"]}) == len(WORKBOOK["items"])
    assert all(0 < float(each["customWidth"]) <= 100 for each in queries)
    assert {each["content"]["resourceType"] for each in queries} == {"microsoft.insights/components"}


def test_the_picture_shows_all_rows_but_the_last():
    picture = (ROOT / "docs/dashboards.svg").read_text()
    shown = [each for each in WORKBOOK["items"] if each["type"] == 3 and not each["name"].startswith(ROWS[-1])]

    assert len(picture) < 100_000
    assert all(f">{escape(title)}<" in picture for title in ROWS[:-1])
    assert all(f">{escape(each['content']['title'])}<" in picture for each in shown)


def test_the_page_names_every_row_and_every_file():
    page = (ROOT / "docs/dashboards.md").read_text()

    assert re.findall(r"^\| ([A-Z][^|]*\?) \|", page, re.MULTILINE) == ROWS
    assert all(f"](../infra/dashboards/{file.name})" in page for file in FOLDER.glob("*.json"))
