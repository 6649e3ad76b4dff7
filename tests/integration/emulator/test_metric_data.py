"""PutMetricData: what it refuses, what can be read again; and metrics inside log lines."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from alarms import alarm, is_in
from emulators import fetch

NOW = datetime.fromtimestamp(time.time(), UTC)
FAULTS = {
    "not a number": [{"MetricName": "m", "Value": float("nan")}],
    "infinite": [{"MetricName": "m", "Values": [1.0, float("inf")]}],
    "31 dimensions": [
        {"MetricName": "m", "Value": 1, "Dimensions": [{"Name": f"d{n}", "Value": "x"} for n in range(31)]}
    ],
    "151 values": [{"MetricName": "m", "Values": [float(n) for n in range(151)]}],
    "three weeks ago": [{"MetricName": "m", "Value": 1, "Timestamp": NOW - timedelta(days=21)}],
    "in three hours": [{"MetricName": "m", "Value": 1, "Timestamp": NOW + timedelta(hours=3)}],
    "1001 datums": [{"MetricName": "m", "Value": 1}] * 1001,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_bad_datum_refuses_the_whole_request(aws, fault):
    from botocore.exceptions import ClientError

    client = aws.client("cloudwatch")
    data = [{"MetricName": f"before {fault}", "Value": 1}, *FAULTS[fault]]

    with pytest.raises(ClientError) as refused:
        client.put_metric_data(Namespace="Refused", MetricData=data)

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert client.list_metrics(Namespace="Refused", MetricName=f"before {fault}")["Metrics"] == []


def test_a_request_above_a_megabyte_is_refused(aws):
    from botocore.exceptions import ClientError

    dimensions = [{"Name": f"d{n}", "Value": "x" * 1000} for n in range(2)]
    data = [{"MetricName": "large", "Value": n, "Dimensions": dimensions} for n in range(600)]

    with pytest.raises(ClientError) as refused:
        aws.client("cloudwatch").put_metric_data(Namespace="Refused", MetricData=data)

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_the_query_protocol_is_held_to_the_same_limits(aws):
    datum = "MetricData.member.1.MetricName=q&MetricData.member.1.Value=NaN"
    body = f"Action=PutMetricData&Version=2010-08-01&Namespace=Refused&{datum}"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}

    status, answer = fetch(aws.signed("monitoring", "/", body.encode(), kind))

    assert status == 400
    assert b"<Code>InvalidParameterValue</Code>" in answer


def test_metrics_can_be_read_by_statistic_and_dimension(aws):
    client = aws.client("cloudwatch")
    data = [
        {"MetricName": "read", "Values": [1.0, 3.0], "Counts": [1.0, 3.0], "Dimensions": [{"Name": "a", "Value": "1"}]},
        {"MetricName": "read", "Value": 100.0, "Dimensions": [{"Name": "a", "Value": "2"}]},
    ]
    client.put_metric_data(Namespace="Read", MetricData=data)
    metric = {"Namespace": "Read", "MetricName": "read", "Dimensions": [{"Name": "a", "Value": "1"}]}
    queries = [
        {"Id": stat.lower(), "MetricStat": {"Metric": metric, "Period": 3600, "Stat": stat}}
        for stat in ("Sum", "SampleCount", "Maximum", "p50")
    ]

    now = datetime.fromtimestamp(time.time(), UTC)
    found = client.get_metric_data(
        MetricDataQueries=queries, StartTime=now - timedelta(hours=2), EndTime=now + timedelta(hours=1)
    )["MetricDataResults"]

    assert {each["Id"]: sum(each["Values"]) for each in found} == {"sum": 10, "samplecount": 4, "maximum": 3, "p50": 3}


EMBEDDED = """
import json, time

def handler(event, context):
    print(json.dumps({
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [
            {"Namespace": "Embedded", "Dimensions": [["model"]], "Metrics": [{"Name": "psi", "Unit": "None"}]}]},
        "model": "credit", "psi": [0.1, 0.7]}))
    print(json.dumps({"_aws": {"Timestamp": 1}, "psi": 3}))
"""


def test_metrics_inside_a_functions_lines_are_extracted(aws):
    aws.function("embedding", EMBEDDED)
    alarm(
        aws, "embedded", "psi", Namespace="Embedded", Dimensions=[{"Name": "model", "Value": "credit"}], Threshold=0.5
    )

    aws.invoke("embedding", {})

    assert is_in(aws, "embedded", "ALARM")


def test_metrics_inside_put_log_events_are_extracted(aws):
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="emf")
    logs.create_log_stream(logGroupName="emf", logStreamName="s")
    now = int(time.time() * 1000)
    directive = {"Namespace": "EmbeddedToo", "Dimensions": [[]], "Metrics": [{"Name": "rows", "Unit": "Count"}]}
    line = json.dumps({"_aws": {"Timestamp": now, "CloudWatchMetrics": [directive]}, "rows": 12})

    logs.put_log_events(logGroupName="emf", logStreamName="s", logEvents=[{"timestamp": now, "message": line}])

    assert aws.client("cloudwatch").list_metrics(Namespace="EmbeddedToo")["Metrics"][0]["MetricName"] == "rows"
