"""The functions as they lie in the tree, on the emulator: from a capture file in S3 to a job that has ended."""

import json
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from accounts import DIMENSIONS, SECONDS, Account, captured, lines, rows
from deployed_accounts import DeployedAccount, rendered
from emulators import emulator, until

from atalaia.monitoring.layout import revision_of


@pytest.fixture(scope="module", params=[False, True], ids=["all-rights", "rights-of-terraform"])
def account(request, tmp_path_factory):
    """After a capture file of drifted rows has come twice, and the job that follows has ended.

    Once with functions that may do all, and once in what Terraform rendered, with nothing but its policies' rights.
    """
    if sys.platform != "linux":
        pytest.skip("the emulator needs Linux")
    held = ["--iam"] if request.param else []
    with emulator(tmp_path_factory.mktemp("account"), "--scale", "60", *held) as aws:
        made = DeployedAccount(aws, rendered(tmp_path_factory.mktemp("rendered"))) if held else Account(aws)
        capture = lines(captured(number, row) for number, row in enumerate(rows(600, 5, "c")))
        made.put("capture/credit/AllTraffic/2026/03/01/12/00-first.jsonl", capture)
        assert until(lambda: "Succeeded" in [each.get("outcome") for each in made.actions()], SECONDS), made.lines()
        made.put("capture/credit/AllTraffic/2026/03/01/12/00-first.jsonl", capture)
        assert until(lambda: made.ingested() >= 2, SECONDS), made.lines()
        _, error, log = made.functions["evaluate"].invoke({"all": True})
        assert error is None, log
        yield made


def test_a_report_of_the_window_lies_in_the_bucket_once(account):
    report = account.report()

    assert (report["rows"], report["rejected"], report["final"]) == (600, {}, True)
    assert revision_of(account.report_key()) == 1
    assert {found["column"] for found in report["findings"] if found["status"] == "alert"} >= {"amount", "city"}


def test_each_finding_is_a_line_of_the_log(account):
    told = account.told("evaluate", "ml.monitor.finding")

    assert len({line["id"] for line in told}) == len(account.report()["findings"])
    assert "amount" in {line["column"] for line in told if line["status"] == "alert"}


def test_metrics_can_be_read_from_cloudwatch(account):
    assert statistics(account, "ml.monitor.rows", DIMENSIONS, "Maximum") == [600]


def test_what_the_calls_did_is_counted(account):
    objects = account.ingested()

    assert until(lambda: sum(statistics(account, "ml.monitor.ingest.objects", [], "Sum")) == objects)


def statistics(account, metric, dimensions, name):
    now = datetime.fromtimestamp(time.time(), UTC)
    found = account.aws.client("cloudwatch").get_metric_statistics(
        Namespace="Atalaia", MetricName=metric, Dimensions=dimensions, Statistics=[name], Period=60,
        StartTime=now - timedelta(hours=1), EndTime=now + timedelta(hours=1),
    )  # fmt: skip
    return [point[name] for point in found["Datapoints"]]


def test_the_alarm_on_drifted_columns_is_told_through_its_topic_once(account):
    (message,) = account.aws.receive(account.alarms)
    told = json.loads(message["Message"])
    (alarm,) = account.aws.client("cloudwatch").describe_alarms(AlarmNames=["credit-drift"])["MetricAlarms"]

    assert (told["AlarmName"], told["NewStateValue"]) == ("credit-drift", "ALARM")
    assert alarm["StateValue"] == "ALARM"


def test_one_execution_was_started_and_its_end_is_noted(account):
    (execution,) = account.executions()
    (action,) = account.actions()

    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert (action["job"], action["outcome"]) == (execution["PipelineExecutionArn"], "Succeeded")
