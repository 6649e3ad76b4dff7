"""Alarms over time: dimensions, M of N, missing data, percentiles, and whom they tell."""

import json
import time

import pytest
from alarms import alarm, is_in, put, state
from emulators import until


def test_an_alarm_sees_only_its_own_dimensions(aws):
    alarm(aws, "age", "by-column", Dimensions=[{"Name": "column", "Value": "age"}])
    alarm(aws, "income", "by-column", Dimensions=[{"Name": "column", "Value": "income"}])

    put(aws, "by-column", 0.9, column="age")
    put(aws, "by-column", 0.1, column="income")

    assert is_in(aws, "age", "ALARM")
    assert is_in(aws, "income", "OK")


def test_two_of_three_periods_must_breach(aws):
    alarm(aws, "two-of-three", "flapping", EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData="notBreaching")
    quiet = is_in(aws, "two-of-three", "OK")

    put(aws, "flapping", 0.9)
    time.sleep(0.5)
    after_one = state(aws, "two-of-three")

    assert quiet
    assert after_one == {"two-of-three": "OK"}
    assert until(lambda: put(aws, "flapping", 0.9) or state(aws, "two-of-three") == {"two-of-three": "ALARM"})


@pytest.mark.parametrize(
    ("treatment", "wanted"), [("missing", "INSUFFICIENT_DATA"), ("notBreaching", "OK"), ("breaching", "ALARM")]
)
def test_silence_is_treated_as_asked(aws, treatment, wanted):
    alarm(aws, f"silent-{treatment}", "silence", TreatMissingData=treatment)

    assert is_in(aws, f"silent-{treatment}", wanted)


def test_ignored_silence_keeps_the_alarm(aws):
    alarm(aws, "kept", "kept")
    put(aws, "kept", 0.9)
    reached = is_in(aws, "kept", "ALARM")

    time.sleep(4)  # an alarm on one period looks three back

    assert reached
    assert state(aws, "kept")["kept"] == "ALARM"


def test_a_percentile_is_computed_from_values_and_counts(aws):
    options = {"ExtendedStatistic": "p90", "Threshold": 50.0}
    settings = {
        "AlarmName": "slow", "Namespace": "Alarms", "MetricName": "latency", "Period": 60, "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "ignore", **options,
    }  # fmt: skip
    aws.client("cloudwatch").put_metric_alarm(**settings)

    data = [{"MetricName": "latency", "Values": [10.0, 100.0], "Counts": [80.0, 20.0]}]
    aws.client("cloudwatch").put_metric_data(Namespace="Alarms", MetricData=data)

    assert is_in(aws, "slow", "ALARM")


def test_a_composite_alarm_follows_its_rule_up_and_down(aws):
    for name in ("drifts", "is-deploying"):
        alarm(aws, name, name)
        put(aws, name, 0.0)
    rule = "ALARM(drifts) AND NOT (ALARM(is-deploying) OR INSUFFICIENT_DATA(is-deploying))"
    known = is_in(aws, "drifts", "OK") and is_in(aws, "is-deploying", "OK")
    aws.client("cloudwatch").put_composite_alarm(AlarmName="drifts-for-real", AlarmRule=rule)
    states = [state(aws, "drifts-for-real")["drifts-for-real"]]

    put(aws, "drifts", 1.0)
    reached = is_in(aws, "drifts-for-real", "ALARM")
    put(aws, "is-deploying", 1.0)

    assert known
    assert states == ["OK"]
    assert reached
    assert is_in(aws, "drifts-for-real", "OK")


def test_an_alarm_remembers_its_changes(aws):
    alarm(aws, "remembers", "remembered")
    put(aws, "remembered", 1.0)

    reached = is_in(aws, "remembers", "ALARM")
    history = aws.client("cloudwatch").describe_alarm_history(AlarmName="remembers", HistoryItemType="StateUpdate")

    assert reached
    assert "ALARM" in history["AlarmHistoryItems"][0]["HistorySummary"]


def test_alarms_tell_topics_functions_rules_and_composite_alarms(aws):
    url, queue = aws.queue("told-by-alarms")
    topic = aws.client("sns").create_topic(Name="told-by-alarms")["TopicArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    rule_url, rule_queue = aws.queue("rule-on-alarms")
    pattern = {
        "source": ["aws.cloudwatch"],
        "detail": {"alarmName": [{"prefix": "tells"}], "state": {"value": ["ALARM"]}},
    }
    aws.client("events").put_rule(Name="on-alarms", EventPattern=json.dumps(pattern))
    aws.client("events").put_targets(Rule="on-alarms", Targets=[{"Id": "1", "Arn": rule_queue}])
    alarm(aws, "tells", "telling")
    aws.client("cloudwatch").put_composite_alarm(AlarmName="tells-all", AlarmRule="ALARM(tells)", AlarmActions=[topic])

    put(aws, "telling", 1.0)
    [message] = aws.receive(url)
    details = [event["detail"] for event in aws.receive(rule_url, 2)]

    told = json.loads(message["Message"])
    assert (told["AlarmName"], told["AlarmRule"], told["NewStateValue"]) == ("tells-all", "ALARM(tells)", "ALARM")
    assert sorted(detail["alarmName"] for detail in details) == ["tells", "tells-all"]
    metric = next(detail for detail in details if detail["alarmName"] == "tells")
    assert metric["configuration"]["metrics"][0]["metricStat"]["metric"]["name"] == "telling"
    assert "Threshold Crossed" in metric["state"]["reason"]
