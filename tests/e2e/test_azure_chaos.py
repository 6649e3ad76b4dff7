"""The functions on the emulated Azure while everything goes wrong: what comes of it is what comes of a quiet day.

The day of trouble comes first. Then all that was written is dropped, the events of the same blobs are raised again, as
an ETag on Azure names the writing of a blob, and not its content; and the reports of both days are compared.
"""

import base64
import json
import sys
from collections import Counter

import pytest
from accounts import rows
from azure_accounts import CREATED, LOG, azure_account, captures, events, patiently
from emulators import until

from atalaia.monitoring.layout import revision_of

SECONDS = 600  # fifty killed instances are fifty cold starts, perhaps on a busy machine
KILLS = 50
ROWS = rows(600, 5, "c")
PARTS = 12
KEYS = [f"capture/credit/AllTraffic/2026/03/01/{hour:02}/00-file.jsonl" for hour in range(PARTS)]
TROUBLE = {
    "storage_unavailable": 0.05,
    "storage_throttled": 0.05,
    "event_duplicates": 0.5,
    "event_delay_seconds": 3,
    "insights_unavailable": 0.5,
    "ml_duplicates": 1,
    "kill_share": 0.5,
    "kill_after_ms": [0, 900],
    "kill_host_share": 0.5,
    "seed": 5,
}
QUIET = dict.fromkeys(TROUBLE, 0) | {"ml_duplicates": 1}  # the job may start when all else is over


class Logs:
    """What the model logs while trouble lasts: more and more of it, part by part."""

    def __init__(self, account):
        self._account, self._given, self._events = account, 0, {}

    def write(self, parts):
        while self._given < parts:
            some = ROWS[50 * self._given :][:50]
            self._account.put(KEYS[self._given], captures(50 * self._given, some))
            for place, row in enumerate(some):  # one line at a time, some in two pieces
                line = events(50 * self._given + place, [row])
                for piece in (line[:40], line[40:]) if place % 7 == 0 else (line,):
                    self._account.append(LOG, piece)
            self._given += 1

    def repeat(self):
        """Let events be raised again of all that was written."""
        queue = self._account.queue("recorded")
        while messages := patiently(lambda: list(queue.receive_messages(max_messages=32, messages_per_page=32))):
            for message in messages:
                event = json.loads(base64.b64decode(message.content))
                self._events[event["id"]] = event
                patiently(lambda gone=message: queue.delete_message(gone))
        self._account.azure.admin("POST", "/events", {"source": "storage", "events": list(self._events.values())})


def has_killed_enough(account, logs):
    kills = account.azure.admin("GET", "/chaos")["struck"].get("kill_share", 0)
    logs.write(min(PARTS, 1 + PARTS * kills // KILLS))
    logs.repeat()
    return kills >= KILLS


def is_settled(account):
    """Whether everything that was written is read, evaluated and told of."""
    done = account.report("credit"), account.report("collected")
    return (
        all(each is not None and each["rows"] == len(ROWS) for each in done)
        and account.waiting() == 0
        and not account.keys("out/credit/state/changed/")
        and not account.keys("out/collected/state/changed/")
        and not account.keys("out/credit/state/unsent/")
        and not account.keys("out/collected/state/unsent/")
        and [each["properties"]["status"] for each in account.jobs()] == ["Completed"]
    )


def reports(account):
    """The bytes of the newest reports."""
    assert until(lambda: is_settled(account), SECONDS), account.app.log()[-5000:]
    return {monitor: account.stored(account.report_key(monitor)) for monitor in ("credit", "collected")}


@pytest.fixture(scope="module")
def days(tmp_path_factory):
    """What came of a day of trouble, and of a quiet one."""
    if sys.platform != "linux":
        pytest.skip("the emulator needs Linux")
    with azure_account(tmp_path_factory.mktemp("azure"), instances=3) as account, account.logs() as ask:
        blobs = "/blobServices/default/containers/watched/blobs/capture/"
        account.azure.subscribe("record", "storage", {"queue": "recorded"}, event_types=[CREATED], subject_begins=blobs)
        logs = Logs(account)
        account.azure.chaos(**TROUBLE)
        assert until(lambda: has_killed_enough(account, logs), SECONDS), account.azure.admin("GET", "/chaos")
        account.azure.chaos(**QUIET)
        logs.write(PARTS)
        troubled, keys = reports(account), {each: account.report_key(each) for each in ("credit", "collected")}
        told = [json.loads(row["customDimensions"]) | {"name": row["name"]} for row in ask("customEvents")]
        jobs, struck = account.jobs(), account.azure.admin("GET", "/chaos")["struck"]
        for key in account.keys(""):
            account.kept.delete_blob(key)
        logs.repeat()
        yield struck, troubled, keys, told, jobs, reports(account)


def test_trouble_of_every_kind_struck(days):
    struck = days[0]

    assert struck.keys() >= {name for name in TROUBLE if TROUBLE[name] in (0.05, 0.5, 1) and name != "kill_host_share"}


def test_the_reports_have_the_same_bytes(days):
    _, troubled, _, _, _, quiet = days

    assert {name: (json.loads(each)["rows"], json.loads(each)["rejected"]) for name, each in troubled.items()} == {
        "credit": (600, {}),
        "collected": (600, {}),
    }
    assert troubled == quiet


def test_exactly_one_job_was_started(days):
    assert len(days[4]) == 1


def test_each_finding_of_the_last_reports_is_told_under_one_id(days):
    _, troubled, keys, told, _, _ = days
    for monitor, report in troubled.items():
        newest = str(revision_of(keys[monitor]))
        found = [each for each in told if each["name"] == "ml.monitor.finding" and each["monitor"] == monitor]
        last = {each["id"]: each for each in found if each["revision"] == newest}

        assert sorted(map(_place, last.values())) == sorted(map(_place, json.loads(report)["findings"]))


def test_what_is_told_twice_is_the_same_and_no_more_often_than_was_killed(days):
    struck, _, _, told, _, _ = days
    times = Counter(json.dumps(each, sort_keys=True) for each in told)
    reports = sum(count - 1 for each, count in times.items() if json.loads(each)["name"] == "ml.monitor.report")

    assert len({(json.loads(each)["name"], json.loads(each)["id"]) for each in times}) == len(times)
    assert reports <= struck["kill_share"]


def _place(finding):
    return tuple(finding.get(name) or "" for name in ("signal", "metric", "column", "segment"))
