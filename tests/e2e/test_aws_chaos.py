"""The functions on the emulator while everything goes wrong: what comes of it is what comes of a quiet day."""

import json
import sys
import time
from collections import Counter

import pytest
from accounts import DIMENSIONS, Account, captured, lines, rows
from emulators import emulator, until

from atalaia.monitoring.layout import revision_of

SECONDS = 400  # fifty killed sandboxes are fifty cold starts, perhaps on a busy machine
KILLS = 50
KEYS = [f"capture/credit/AllTraffic/2026/03/01/{hour:02}/00-file.jsonl" for hour in range(12)]
TROUBLE = {
    "s3_unavailable": 0.05,
    "s3_slow_down": 0.05,
    "cloudwatch_throttled": 0.5,
    "s3_event_duplicates": 0.5,
    "s3_event_delay_seconds": 3,
    "kill_share": 0.5,
    "kill_after_ms": [0, 900],
    "seed": 5,
}
QUIET = dict.fromkeys(TROUBLE, 0)


def put_logs(account, first=12):
    given = rows(12 * 50, 5, "c")
    for place, key in enumerate(KEYS[:first]):
        part = given[50 * place : 50 * place + 50]
        account.put(key, lines(captured(50 * place + number, row) for number, row in enumerate(part)))


def has_killed_enough(account):
    """Whether trouble may end; while it lasts, more and more objects come, and those that came are put again."""
    kills = account.aws.admin("GET", "/chaos")["struck"].get("kill_share", 0)
    put_logs(account, 1 + len(KEYS) * kills // KILLS)
    return kills >= KILLS


def is_settled(account):
    """Whether everything that was put is ingested, evaluated and told of."""
    return (
        account.waiting() == 0
        and account.reports()
        and not account.keys("out/credit/state/changed/")
        and not account.keys("out/credit/state/unsent/")
        and account.executions()
    )


def what_came_of_it(account):
    """The bytes of the newest report."""
    assert until(lambda: is_settled(account), SECONDS), account.lines()
    return account.stored(account.report_key())


@pytest.fixture(scope="module")
def accounts(tmp_path_factory):
    """One account after a quiet day, and one after trouble."""
    if sys.platform != "linux":
        pytest.skip("the emulator needs Linux")
    with emulator(tmp_path_factory.mktemp("quiet"), "--scale", "60") as aws:
        quiet = Account(aws, "rate(1 minute)")
        put_logs(quiet)
        expected = what_came_of_it(quiet)
    with emulator(tmp_path_factory.mktemp("troubled"), "--scale", "60") as aws:
        troubled = Account(aws, "rate(1 minute)")
        aws.chaos(**TROUBLE)
        assert until(lambda: has_killed_enough(troubled), SECONDS), aws.admin("GET", "/chaos")
        struck = aws.admin("GET", "/chaos")["struck"]
        aws.chaos(**QUIET)
        yield expected, what_came_of_it(troubled), troubled, struck


def test_trouble_of_every_kind_struck(accounts):
    _, _, _, struck = accounts

    assert struck.keys() >= {name for name in TROUBLE if TROUBLE[name] in (0.05, 0.5)}


def test_the_report_has_the_same_bytes(accounts):
    expected, found, _, _ = accounts

    assert (json.loads(found)["rows"], json.loads(found)["rejected"]) == (600, {})
    assert found == expected


def test_exactly_one_execution_was_started(accounts):
    _, _, troubled, _ = accounts

    assert len(troubled.executions()) == 1


def test_each_finding_of_the_last_report_is_told_under_one_id(accounts):
    _, found, troubled, _ = accounts
    told = troubled.told("evaluate", "ml.monitor.finding")
    last = {line["id"]: line for line in told if line["revision"] == revision_of(troubled.report_key())}

    assert sorted(map(_place, last.values())) == sorted(map(_place, json.loads(found)["findings"]))


def test_what_is_told_twice_is_the_same_to_the_byte_and_no_more_often_than_was_killed(accounts):
    _, _, troubled, struck = accounts
    logged = [line for line in troubled.functions["evaluate"].lines() if line.startswith("{")]
    told = Counter(line for line in logged if json.loads(line)["event"] in ("ml.monitor.report", "ml.monitor.finding"))
    reports = [times for line, times in told.items() if json.loads(line)["event"] == "ml.monitor.report"]

    assert len({json.loads(line)["id"] for line in told}) == len(told)
    assert len(reports) == len(troubled.reports())
    # two calls at once may tell the same as well, but there are few of these
    assert sum(reports) - len(reports) <= struck["kill_share"]
    assert max(told.values()) - 1 <= struck["kill_share"]


def test_a_point_is_counted_again_no_more_often_than_was_killed(accounts):
    _, _, troubled, struck = accounts
    reports = len(troubled.reports())
    [metric] = troubled.aws.client("cloudwatch").get_metric_data(
        StartTime=time.time() - 3600, EndTime=time.time() + 60,
        MetricDataQueries=[{"Id": "samples", "MetricStat": {"Period": 60, "Stat": "SampleCount", "Metric": {
            "Namespace": "Atalaia", "MetricName": "ml.monitor.rows", "Dimensions": DIMENSIONS}}}],
    )["MetricDataResults"]  # fmt: skip

    assert reports <= sum(metric["Values"]) <= reports + struck["kill_share"]


def _place(finding):
    return tuple(finding[name] or "" for name in ("signal", "metric", "column", "segment"))
