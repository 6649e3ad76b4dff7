"""The functions on the emulated Azure, on real processes: from logs in blob storage to findings in KQL and a job."""

import html
import json
import re
import sys
import urllib.request
from contextlib import contextmanager

import pytest
from accounts import rows
from azure_accounts import LOG, AzureAccount, azure_account, captures, events
from azure_emulators import azure_emulator
from core_tools import ABSENT, FUNC, hosted_by
from emulators import fetch, until

SECONDS = 120  # many processes start, perhaps on a busy machine
FUNC_SECONDS = 600  # its timers are on the real clock
DRIFTED, SAME = rows(600, 5, "c"), rows(600, 0, "ab")


@contextmanager
def account_of(way, folder):
    """By which way blobs become calls; `core-tools` is the way `blob` in Microsoft's own host."""
    if sys.platform != "linux":
        pytest.skip("the emulator needs Linux")
    if way != "core-tools":
        with azure_account(folder, way=way) as account:
            yield account
    elif FUNC is None:
        pytest.skip(ABSENT)
    else:
        with azure_emulator(folder, "--scale", "60") as azure, hosted_by(FUNC, azure) as hosted:
            yield AzureAccount(hosted, way="blob")


@pytest.fixture(scope="module", params=["queue", "blob", "core-tools"])
def account(request, tmp_path_factory):
    """What came of two monitors' logs, by either way, and in Microsoft's own host."""
    seconds = FUNC_SECONDS if request.param == "core-tools" else SECONDS
    with account_of(request.param, tmp_path_factory.mktemp("azure")) as account, account.logs() as ask:
        account.ask = ask
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


def test_who_came_with_a_key_can_go_on_from_page_to_page(account):
    key = account.app.made["keys"]["default"]
    _, page = account.app.call(f"/api/status?code={key}")
    [link] = re.findall(rb'href="([^"]*/credit[^"]*)"', page)
    status, report = fetch(urllib.request.Request(html.unescape(link.decode())))

    assert status == 200
    assert b"amount" in report


def test_calls_are_requests_and_their_log_lines_traces(account):
    calls = {row["name"] for row in account.ask("requests | where success == true | distinct name")}
    lines = account.ask('traces | where message has "ml.monitor.evaluate" | project message | take 1')

    assert calls >= {"collect", "evaluate", "lifecycle"}
    assert json.loads(lines[0]["message"])["event"] == "ml.monitor.evaluate"


def test_what_the_functions_write_is_no_log(account):
    assert account.told("ml.monitor.ingest_failed") == []
    assert {line["unwatched"] for line in account.told("ml.monitor.ingest")} == {0}
