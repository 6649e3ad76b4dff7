"""The KQL library: Microsoft's parser takes it, DuckDB runs it, and its answers are right."""

import json
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import ANY

import dashboards
import pytest
from telling import day, everything, troubles

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "infra/queries"
PARSER = ROOT / "build/node/node_modules/@kusto/language-service-next"
QUERIES = {file.stem: file.read_text() for file in sorted(FOLDER.glob("*.kql"))}
ALARMS = {
    file.stem: file.read_text().replace("MONITOR", "credit-scoring") for file in sorted(FOLDER.glob("alerts/*.kql"))
}
SCHEMA_PROGRAM = "import json; from emulated_azure.insights.tables import schema; print(json.dumps(schema()))"


@pytest.fixture(scope="module")
def tables():
    """The columns of all tables, from where DuckDB's are defined."""
    command = [sys.executable, "-c", SCHEMA_PROGRAM]
    done = subprocess.run(command, cwd=ROOT / "local-emulator", capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def parsed(tables, queries):
    """What Microsoft's parser says of each query."""
    assert PARSER.exists(), "make build/node"
    given = json.dumps({"library": str(PARSER), "tables": tables, "queries": queries})
    command = ["node", FOLDER / "check.js"]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def judged(tables):
    return parsed(tables, QUERIES | ALARMS)


@pytest.fixture(scope="module")
def week(tmp_path_factory):
    """One that was told a week of two monitors."""
    import workspaces

    with workspaces.own_workspace(tmp_path_factory.mktemp("week")) as running:
        answer = running.track(*everything())
        assert answer.status_code == 200, answer.text
        yield running


def rounded(value):
    return round(value, 9) if isinstance(value, float) else value


def promised(query):
    """The columns that a query's comment names."""
    [line] = re.findall(r"^// Columns: (.*)$", query, re.MULTILINE)
    return line.split(", ")


@pytest.mark.parametrize("name", QUERIES | ALARMS)
def test_microsofts_parser_finds_no_fault(judged, name):
    assert judged[name]["faults"] == []


@pytest.mark.parametrize("name", QUERIES | ALARMS)
def test_the_comment_asks_a_question_and_names_the_columns(judged, name):
    query = (QUERIES | ALARMS)[name]

    assert re.fullmatch(r"// [A-Z].*\?", query.splitlines()[0])
    assert [column for column, _ in judged[name]["columns"]] == promised(query)


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_looks_at_one_number(judged, name):
    assert judged[name]["columns"] == [["value", "real"]]


# Refused in rules of alerts, or with results that change from one time to the next.
NOT_IN_RULES = re.compile(r"\b(union|search|find|take|limit|sample|render|externaldata|adx|arg|app|workspace)\b")


@pytest.mark.parametrize("name", ALARMS)
def test_azure_takes_the_query_of_an_alarm_into_a_rule(name):
    lines = [line for line in ALARMS[name].splitlines() if not line.startswith("//")]

    assert NOT_IN_RULES.findall("\n".join(lines)) == []


WRONG = {
    "customEvents | where nosuch == 1": ("KS142", 1, 22),
    "nosuch | take 1": ("KS204", 1, 1),
    "customEvents | summarize sum(name)": ("KS138", 1, 30),
    "customEvents |\n where name ==": ("KS006", 2, 15),
    "customEvents | extend x = nofunc(1)": ("KS211", 1, 27),
    "customEvents | where count() > 1": ("KS144", 1, 22),
    "customEvents | summarize count() by customDimensions": ("KS116", 1, 37),
}


def test_the_check_finds_deliberate_errors(tables):
    found = parsed(tables, {query: query for query in WRONG})

    said = {query: [(f["code"], f["line"], f["column"]) for f in each["faults"]] for query, each in found.items()}
    assert {query: place for query, place in WRONG.items() if place not in said[query]} == {}, said


PSI = ("", "psi")
EXPECTED = {
    "health": [
        ("credit-scoring", "alert", 1, 0, 1, day(4), day(5), False, 11_874, 30),
        ("churn", "undecided", 0, 0, 1, day(1), "2026-03-01T01:00:00Z", True, 90, 23 * 60),
    ],
    "drift-over-time": [
        (day(1), "credit-scoring", 0.1, 0, 2, 0.0),
        (day(2), "credit-scoring", 1.55, 1, 2, 0.5),
        (day(3), "credit-scoring", 1.55, 1, 2, 0.5),
        (day(4), "credit-scoring", 3.0, 1, 1, 1.0),
    ],
    "worst-columns": [
        ("credit-scoring", "age", *PSI, 3.0, 0.6, 0.2, 3, 3, day(4)),
        ("credit-scoring", "income", *PSI, 1.55, 0.31, 0.2, 1, 2, day(2)),
    ],
    "drifting-since": [("credit-scoring", "age", *PSI, day(3), 2, 0.6, 0.2)],
    "rejected-rows": [
        ("credit-scoring", "not_json", 10, pytest.approx(10 / (3 * 11_874 + 990 + 10)), 1, day(2)),
        ("churn", "not_json", 8, 0.08, 1, day(1)),
        ("churn", "bad_time", 2, 0.02, 1, day(1)),
    ],
    "freshness": [("churn", ANY, 23 * 60, ANY, ANY, 0, True), ("credit-scoring", ANY, 30, ANY, ANY, 0, False)],
    "false-alarms": [("credit-scoring", "psi", 2, 1, 0.5)],
    "retraining": [
        (ANY, "credit-scoring", "guarded", day(7), "", "expired", None, 0, "nobody approved it in time"),
        (ANY, "credit-scoring", "guarded", day(6), "", "declined", None, 0, "by Ada"),
        (ANY, "credit-scoring", "guarded", day(5), "j5", "", None, 0, ""),
        (ANY, "credit-scoring", "guarded", day(4), "", "pending-approval", None, 0, "until 2026-03-14T00:00:00Z"),
        (ANY, "credit-scoring", "retrain", day(3), "", "", None, 1, "no such compute"),
        (ANY, "credit-scoring", "retrain", day(2), "j1", "Completed", "2026-03-02T01:00:00Z", 1, ""),
    ],
    "cost": [("credit-scoring", 42, ANY, 32, 8), ("churn", 4, ANY, 6, 6)],
    "errors-by-object": [("az://logs/a.jsonl", 2, ANY, ANY, "too large"), ("m1", 1, ANY, ANY, "no JSON")],
    "functions": [
        ("ingest", 4, 1, 0.25, 2.0, 10.0, 10.0, "ValueError: no baseline"),
        ("evaluate", 1, 0, 0.0, 4.0, 4.0, 4.0, "OSError: no disk"),
    ],
    "lost-telemetry": [(ANY, 2, 1)],
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_week_is_told_right_though_most_was_told_twice(week, name):
    rows = week.rows(QUERIES[name])

    assert [tuple(map(rounded, row.values())) for row in rows] == EXPECTED[name]
    assert all(list(row) == promised(QUERIES[name]) for row in rows)


@pytest.fixture(scope="module")
def asked_by_dashboards(tables):
    return parsed(
        tables, dashboards.asked() | {f"{name}?": query for name, query in dashboards.asked("'a','b'").items()}
    )


def test_microsofts_parser_finds_no_fault_in_what_dashboards_ask(asked_by_dashboards):
    assert {name: each["faults"] for name, each in asked_by_dashboards.items() if each["faults"]} == {}


def test_nothing_is_left_of_parameters_of_dashboards():
    assert [name for name, query in dashboards.asked().items() if re.search(r"\$|[{}]", query)] == []


NOT_TOLD = {  # in that week
    "Share of quality checks that fail",
    "Log objects that will be delivered again",
    "Reports that wait to be told",
    "Worst answers, as multiples of limits",
}


@pytest.mark.parametrize("name", dashboards.asked())
def test_dashboards_ask_of_the_chosen_monitors_only(week, name):
    everything = timeless(week.rows(dashboards.asked()[name]))
    one = timeless(week.rows(dashboards.asked("'churn','none'")[name]))

    assert bool(everything) == (name.partition(": ")[2] not in NOT_TOLD)
    assert name.endswith(": Monitor") or one == [row for row in everything if row.get("monitor", "churn") == "churn"]


# Not asked, drawn, or asked for longer than a day.
OTHERWISE = {"cost", "false-alarms", "drift-over-time", "worst-columns"}


@pytest.mark.parametrize("name", sorted(QUERIES.keys() - OTHERWISE))
def test_dashboards_are_answered_as_the_library_is(week, name):
    question = QUERIES[name].splitlines()[0].removeprefix("// ")
    for page in ("workbook", "grafana"):
        rows = timeless(week.rows(dashboards.asked()[f"{page}: {question}"]))
        expected = [dict(zip(promised(QUERIES[name]), row, strict=True)) for row in EXPECTED[name]]
        assert rows == timeless(expected), page


def timeless(rows):
    """Without what goes on while the tests run."""
    return [{name: rounded(value) for name, value in row.items() if name != "silent_minutes"} for row in rows]


VALUES = {  # of the week, and where nothing was told
    "budget": ([ANY], [0.0]),
    "drift": ([pytest.approx(3)], []),
    "drifted-share": ([1.0], []),
    "given-up": ([1.0], [0.0]),
    "heartbeat": ([0.0], [0.0]),
    "lag": ([ANY], []),
    "performance": ([], []),
    "quality": ([], []),
    "rejected": ([0.0], []),
    "silent": ([pytest.approx(0.5, abs=0.2)], [48.0]),
    "untold": ([], []),
}


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_finds_its_value_or_says_that_there_is_none(week, empty, name):
    found = [[row["value"] for row in each.rows(ALARMS[name])] for each in (week, empty)]

    assert found == list(VALUES[name])


@pytest.fixture(scope="module")
def troubled(tmp_path_factory):
    """One that was told of faults which that week did not have."""
    import workspaces

    with workspaces.own_workspace(tmp_path_factory.mktemp("troubled")) as running:
        answer = running.track(*troubles())
        assert answer.status_code == 200, answer.text
        yield running


TROUBLED = {
    "given-up": 3.0,  # of two calls
    "heartbeat": 3.0,
    "performance": pytest.approx(0.8 / 0.7),
    "quality": 0.4,  # of five findings, and of the newest report alone
    "rejected": 7.0,
    "untold": 2.0,  # the fewest of the last quarter of an hour: so many have waited for all of it
}


@pytest.mark.parametrize("name", TROUBLED)
def test_an_alarm_finds_how_bad_it_is(troubled, name):
    assert [row["value"] for row in troubled.rows(ALARMS[name])] == [TROUBLED[name]]


TURNED = {
    "drift-over-time": [(day(2), "credit-scoring", 1000.0, 1, 2, 0.5)],
    "worst-columns": [
        ("credit-scoring", "amount", "", "kolmogorov_smirnov", 1000.0, 0.0, 0.05, 1, 1, day(2)),
        ("credit-scoring", "price", "", "r_squared", 1 + 1e-9, -0.5, -0.1, 1, 1, day(2)),
        ("credit-scoring", "city", "", "missing_column", 2.0, 1.0, 0.0, 1, 1, day(2)),
        ("credit-scoring", "income", *PSI, 1.55, 0.31, 0.2, 2, 2, day(2)),
        ("credit-scoring", "approved", "", "accuracy", rounded(0.8 / 0.7), 0.7, 0.8, 1, 1, day(2)),
    ],
}


@pytest.mark.parametrize("name", TURNED)
def test_what_is_bad_is_above_its_limit_though_limits_lie_below_or_are_0(troubled, name):
    rows = troubled.rows(QUERIES[name])

    assert sorted(tuple(map(rounded, row.values())) for row in rows) == sorted(TURNED[name])


def test_lag_is_told_in_seconds(week):
    [churn, _] = week.rows(QUERIES["freshness"])

    assert churn["lag_p50_seconds"] == churn["lag_p95_seconds"] > 0


@pytest.mark.parametrize("name", QUERIES)
def test_a_workspace_without_telemetry_has_no_rows(empty, name):
    assert empty.rows(QUERIES[name]) == []


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    import workspaces

    with workspaces.own_workspace(tmp_path_factory.mktemp("empty")) as running:
        yield running


def test_the_page_lists_every_query_as_its_file_has_it():
    page = (ROOT / "docs/queries.md").read_text()
    rows = re.findall(r"^\| \[`([\w-]+)`\]\(\.\./infra/queries/\1\.kql\) \| (.*) \| (.*) \|$", page, re.MULTILINE)

    questions = {name: query.splitlines()[0].removeprefix("// ") for name, query in QUERIES.items()}
    assert {name: question for name, question, _ in rows} == questions
    assert {name: re.findall("`(.*?)`", columns) for name, _, columns in rows} == {
        name: promised(query) for name, query in QUERIES.items()
    }
