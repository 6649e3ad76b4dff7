"""The closed loop on AWS, as Terraform renders it: from drifted logs to a training, and to a baseline for its model."""

import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from accounts import DIMENSIONS, MONITOR
from closed_loops import FACTS, Loop, assert_noted_once, watched
from deployed_accounts import DeployedAccount, rendered
from emulators import emulator, until

CREDIT = watched(MONITOR, "    pipeline: retrain\n")


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    """What came of it, where each event comes twice, and functions have no more than their policies' rights."""
    if sys.platform != "linux":
        pytest.skip("the emulator needs Linux")
    made = rendered(tmp_path_factory.mktemp("rendered"), CREDIT)
    with emulator(tmp_path_factory.mktemp("account"), "--scale", "60", "--iam") as aws:
        aws.chaos(s3_event_duplicates=1.0, sagemaker_duplicates=1.0)
        yield Loop(DeployedAccount(aws, made, monitor=CREDIT))


def test_one_training_is_started_and_told_why(loop):
    [execution] = loop.account.executions()
    parameters = loop.account.aws.client("sagemaker").list_pipeline_parameters_for_execution(
        PipelineExecutionArn=execution["PipelineExecutionArn"]
    )["PipelineParameters"]

    assert {each["Name"]: each["Value"] for each in parameters} == loop.why()


def test_its_end_is_noted_once(loop):
    [execution] = loop.account.executions()
    ended = execution["PipelineExecutionArn"], "Succeeded"

    assert_noted_once(loop, ended, loop.account.told("lifecycle", "ml.monitor.lifecycle"))


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_it_is_a_fact_that(loop, fact):
    fact(loop)


def test_actions_and_decisions_are_in_the_logs_of_cloudwatch(loop):
    [action] = loop.values("actions/")
    decided = lambda: {each["id"]: each["outcome"] for each in loop.account.told("evaluate", "ml.monitor.decision")}  # noqa: E731
    assert until(lambda: {*decided().values()} == {"acted", "held", "no"})
    started = {(each["id"], each["job"]) for each in loop.account.told("evaluate", "ml.monitor.action")}

    assert started == {(action["id"], action["job"])}
    assert [*decided().values()].count("acted") == 1


def test_the_logs_of_cloudwatch_tell_of_the_new_baseline(loop):
    [execution], [renewal] = loop.account.executions(), loop.values("renewals/")
    rounds = [each["monitors"]["credit"] for each in loop.account.told("evaluate", "ml.monitor.evaluate")]
    told = loop.account.told("evaluate", "ml.monitor.finding")
    notes = [each["message"] for each in told if each["metric"] == "new_baseline"]

    assert [each["renewed"] for each in rounds if "renewed" in each] == [renewal["baseline"]]
    assert notes
    assert all(execution["PipelineExecutionArn"].rpartition("/")[2] in each for each in notes)


def test_that_drift_came_and_went_is_in_the_metrics_of_cloudwatch(loop):
    assert until(lambda: drift(loop.account.aws) == (pytest.approx(2 / 3), 0))


def drift(aws):
    """The highest share of drifted columns, and the lowest; None as long as none is told."""
    now = datetime.fromtimestamp(time.time(), UTC)
    found = aws.client("cloudwatch").get_metric_statistics(
        Namespace="Atalaia", MetricName="ml.monitor.drifted", Dimensions=DIMENSIONS, Statistics=["Maximum", "Minimum"],
        Period=60, StartTime=now - timedelta(hours=1), EndTime=now + timedelta(hours=1),
    )["Datapoints"]  # fmt: skip
    return (max(each["Maximum"] for each in found), min(each["Minimum"] for each in found)) if found else None
