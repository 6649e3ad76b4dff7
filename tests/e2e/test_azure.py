"""The functions on the emulated Azure, on real processes: from logs in blob storage to findings in KQL and a job."""

import html
import json
import re
import sys
import urllib.request
from contextlib import contextmanager
from datetime import datetime

import pytest
from accounts import rows
from azure_accounts import LOG, AzureAccount, azure_account, captures, events
from azure_emulators import azure_emulator
from core_tools import ABSENT, FUNC, hosted_by
from emulators import ROOT, fetch, site_packages, until

SECONDS = 120  # many processes start, perhaps on a busy machine
FUNC_SECONDS = 600  # its timers are on the real clock
DRIFTED, SAME = rows(600, 5, "c"), rows(600, 0, "ab")


OURS = {"way": "queue"}
# Microsoft's clients send tokens over TLS alone, and the emulator takes telemetry without.
NO_TOKEN = {"APPLICATIONINSIGHTS_AUTHENTICATION_STRING": ""}
# Microsoft's exporter sends what we tell, and its distro what the worker logs, as docs/azure.md says.
THEIRS = {
    "way": "blob",
    "code": (ROOT / "functions/azure", [ROOT, ROOT / "adapters", site_packages("azure-monitor")]),
    "settings": {
        **NO_TOKEN,
        "ATALAIA_METRICS": "azure-monitor",
        "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY": "true",
        "PYTHON_APPLICATIONINSIGHTS_LOGGER_NAME": "atalaia",
        "AzureFunctionsJobHost__telemetryMode": "OpenTelemetry",
        "OTEL_TRACES_SAMPLER": "always_on",
    },
}
CORE_TOOLS = {"way": "blob", "settings": NO_TOKEN}


@contextmanager
def account_of(given, folder):
    """An account on our host, or given no more than a way on Microsoft's own."""
    if sys.platform != "linux":
        pytest.skip("the emulator needs Linux")
    if given is not CORE_TOOLS:
        with azure_account(folder, **given) as account:
            yield account
    elif FUNC is None:
        pytest.skip(ABSENT)
    else:
        with azure_emulator(folder, "--scale", "60") as azure, hosted_by(FUNC, azure) as hosted:
            yield AzureAccount(hosted, **given)


@pytest.fixture(scope="module", params=[OURS, THEIRS, CORE_TOOLS], ids=["queue-ours", "blob-distro", "core-tools"])
def account(request, tmp_path_factory):
    """What came of two monitors' logs, by either way into the functions and out of them, also in Microsoft's host."""
    seconds = FUNC_SECONDS if request.param is CORE_TOOLS else SECONDS
    with account_of(request.param, tmp_path_factory.mktemp("azure")) as account, account.logs() as ask:
        account.ask, account.ingesting = ask, f"ingest_{request.param['way']}"
        for part in range(6):
            key = f"capture/credit/AllTraffic/2026/03/01/12/{part}.jsonl"
            account.put(key, captures(100 * part, DRIFTED[100 * part :][:100]))
        for part in range(3):
            account.append(LOG, events(200 * part, SAME[200 * part :][:200]))
        assert until(lambda: is_done(account), seconds), account.app.log()[-5000:]
        yield account


def is_done(account):
    """Whether both monitors have told of all rows, and the job that one has started has ended."""
    reports = [account.report("credit"), account.report("collected")]
    rows_read = [None if each is None else each["rows"] for each in reports]
    return rows_read == [600, 600] and not account.keys("out/", "/state/unsent/") and ended(account)


def ended(account):
    return [each["properties"]["status"] for each in account.jobs()] == ["Completed"]


def told(account, name, monitor):
    """The events of one kind, each once, of the newest report's revision if they have one."""
    query = f"""customEvents | where name == "{name}" and tostring(customDimensions.monitor) == "{monitor}"
        | summarize arg_max(timestamp, *) by id = tostring(customDimensions.id)
        | project customDimensions, customMeasurements"""
    found = [json.loads(row["customDimensions"]) for row in account.ask(query)]
    newest = max((int(each["revision"]) for each in found if "revision" in each), default=None)
    return [each for each in found if newest is None or int(each["revision"]) == newest]


def test_every_finding_of_the_report_is_a_custom_event(account):
    for monitor in ("credit", "collected"):
        expected = [(f["signal"], f["metric"], f["column"], f["status"]) for f in account.report(monitor)["findings"]]
        found = told(account, "ml.monitor.finding", monitor)

        assert sorted(
            (f["signal"], f["metric"], f.get("column"), f["status"]) for f in found if f.get("column")
        ) == sorted(each for each in expected if each[2] is not None)
        assert len(found) == len(expected)


def test_drift_is_found_where_it_was_planted(account):
    alerts = {f["column"] for f in told(account, "ml.monitor.finding", "credit") if f["status"] == "alert"}

    assert alerts == {"amount", "city"}
    assert {f["status"] for f in told(account, "ml.monitor.finding", "collected")} <= {"ok", "undecided"}


def test_metrics_are_custom_metrics(account):
    query = """customMetrics | where name startswith "ml.monitor." | extend monitor = tostring(customDimensions.monitor)
        | summarize valueMax = max(valueMax) by name, monitor"""
    found = {(row["name"], row["monitor"]): row["valueMax"] for row in account.ask(query)}

    assert found["ml.monitor.rows", "credit"] == 600
    assert found["ml.monitor.rows", "collected"] == 600
    assert found["ml.monitor.drifted", "credit"] > 0.4 > found["ml.monitor.drifted", "collected"]
    assert found["ml.monitor.ingest.rows", ""] > 0


def test_one_job_was_started_and_its_end_is_noted(account):
    [job] = account.jobs()

    assert until(lambda: [each.get("outcome") for each in account.actions()] == ["Completed"])
    [action] = account.actions()
    assert job["name"] == action["job"]
    assert [event["job"] for event in told(account, "ml.monitor.action", "credit")] == [job["name"]]


def test_the_pages_tell_of_both_monitors(account):
    key = account.app.made["keys"]["default"]
    status, page = account.app.call("/api/status/", key=key)
    refused, _ = account.app.call("/api/status/")
    scraped, metrics = account.app.call("/api/metrics", key=key)
    healthy, told_health = account.app.call("/api/health")

    assert (status, refused, scraped, healthy) == (200, 401, 200, 200)
    assert b"credit" in page
    assert b"collected" in page
    assert b'monitor="credit"' in metrics
    assert json.loads(told_health) == {"status": "ok", "monitors": 2}


def test_a_line_is_found_beside_the_request_that_wrote_it(account):
    query = """requests | where name == "evaluate"
        | join kind=inner (traces | where message has "ml.monitor.evaluate") on operation_Id | count"""

    assert until(lambda: account.ask(query)[0]["Count"] > 0)


def test_who_came_with_a_key_can_go_on_from_page_to_page(account):
    key = account.app.made["keys"]["default"]
    _, page = account.app.call(f"/api/status?code={key}")
    [link] = re.findall(rb'href="([^"]*/credit[^"]*)"', page)
    status, report = fetch(urllib.request.Request(html.unescape(link.decode())))

    assert status == 200
    assert b"amount" in report


LINES = 'traces | where message has "ml.monitor.evaluate" | summarize times = count() by message'


def test_calls_are_requests_and_their_log_lines_traces(account):
    calls = {row["name"] for row in account.ask("requests | where success == true | distinct name")}
    assert calls >= {"collect", "evaluate", "lifecycle"}
    assert until(lambda: account.ask(LINES)), account.app.log()[-5000:]
    assert {(json.loads(row["message"])["event"], row["times"]) for row in account.ask(LINES)} == {
        ("ml.monitor.evaluate", 1)
    }


START = "2026-03-01 00:00:00+00:00"
EXPECTED = {
    "health": [("credit", "alert", 2, 600), ("collected", "ok", 0, 600)],
    "drift-over-time": [(START, "collected", 0.0), (START, "credit", 2 / 3)],
    "worst-columns": [("credit", "city", "cohen_w"), ("credit", "amount", "cramer_von_mises")],
    "drifting-since": [("credit", "amount", START, 1), ("credit", "city", START, 1)],
    "rejected-rows": [],
    "freshness": [("collected", 0, False), ("credit", 0, False)],
    "false-alarms": [],
    "retraining": [("credit", "retrain", START, "Completed", 0, "")],
    "errors-by-object": [],
    "lost-telemetry": [],
}
SHOWN = {
    "health": ("monitor", "status", "alerts", "rows"),
    "drift-over-time": ("window_start", "monitor", "drifted_share"),
    "worst-columns": ("monitor", "column", "metric"),
    "drifting-since": ("monitor", "column", "since", "windows"),
    "freshness": ("monitor", "late_rows", "silent"),
    "retraining": ("monitor", "policy", "window_start", "state", "failed_tries", "why_not"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_library_answers_of_what_happened(account, name):
    assert until(lambda: answered(account, name) == EXPECTED[name]), answered(account, name)


def answered(account, name):
    """The columns to be shown of a query's rows, without the worst column's lost resolution."""
    rows = account.ask(query(name))
    shown = [tuple(plain(row[column]) for column in SHOWN.get(name, row)) for row in rows]
    return [each for each in shown if "lost_resolution" not in each]


def plain(value):
    return str(value) if isinstance(value, datetime) else value


def query(name):
    return (ROOT / f"infra/queries/{name}.kql").read_text()


REFERENCE = rows(2000, 0, "ab")
OUTGROWN = [  # lost_resolution warns of numbers of which more than a fifth lies beyond all that the reference has
    name
    for name in ("amount", "risk")
    if sum(row[name] > max(row[name] for row in REFERENCE) for row in DRIFTED) > 0.2 * len(DRIFTED)
]
OF_A_WINDOW = ("row_count", "rejected", "late", "duplicates")
OF_A_COLUMN = ("missing", "missing_column", "type_errors")
OF_NUMBERS = ("lost_resolution", "nan", "infinity", "denormal", "overflow")  # and `constant` of the one output
QUALITY_CHECKS = len(OF_A_WINDOW) + 3 * len(OF_A_COLUMN) + 2 * len(OF_NUMBERS) + 1

ALARMS = {
    "drift": lambda found: found > 1,
    "drifted-share": lambda found: found == pytest.approx(2 / 3),
    "quality": lambda found: found == pytest.approx(len(OUTGROWN) / QUALITY_CHECKS),
    "rejected": lambda found: found == 0,
    "silent": lambda found: found < 1,
    "given-up": lambda found: found == 0,
    "heartbeat": lambda found: found > 0,
    "untold": lambda found: found == 0,
    "budget": lambda found: 0 < found < 1,
}


def test_the_quality_of_the_logs_is_checked_as_counted_here(account):
    """The alarm on quality is held to a share of these."""
    found = [f for f in account.report()["findings"] if f["signal"] in ("quality", "stability")]
    told = [(f["metric"], f["column"]) for f in found if f["status"] != "undecided"]
    columns = [(metric, name) for metric in OF_A_COLUMN for name in ("amount", "city", "risk")]
    numbers = [(metric, name) for metric in OF_NUMBERS for name in ("amount", "risk")]

    assert sorted(told, key=str) == sorted(
        [*((metric, None) for metric in OF_A_WINDOW), *columns, *numbers, ("constant", "risk")], key=str
    )


@pytest.mark.parametrize("name", ALARMS)
def test_alarms_look_at_what_happened(account, name):
    asked = query(f"alerts/{name}").replace("MONITOR", "credit")
    [row] = account.ask(asked)

    assert ALARMS[name](row["value"]), row


def test_the_library_counts_calls_and_telemetry(account):
    calls = {row["function"]: row["calls"] for row in account.ask(query("functions"))}
    cost = {row["monitor"]: row for row in account.ask(query("cost"))}

    assert calls.keys() >= {"collect", "evaluate", "lifecycle", account.ingesting}
    assert {name: row["events"] > 0 and row["series"] == 9 for name, row in cost.items() if name} == {
        "credit": True,
        "collected": True,
    }
    assert cost[""]["points"] > 0


def test_every_query_of_the_library_was_asked():
    stems = {file.stem for file in (ROOT / "infra/queries").glob("*.kql")}

    assert stems == {*EXPECTED, "functions", "cost"}


def test_what_the_functions_write_is_no_log(account):
    assert account.told("ml.monitor.ingest_failed") == []
    assert {line["unwatched"] for line in account.told("ml.monitor.ingest")} == {0}
