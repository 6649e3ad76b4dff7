"""CloudWatch: what it refuses, alarms over time, metrics inside log lines, and its OTLP endpoint."""

import json
import time
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from emulators import fetch, until


def alarm(aws, name, metric, **options):
    settings = {
        "AlarmName": name, "Namespace": "Alarms", "MetricName": metric, "Statistic": "Maximum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 0.2, "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "ignore",
    }  # fmt: skip
    aws.client("cloudwatch").put_metric_alarm(**{**settings, **options})


def put(aws, metric, value, **dimensions):
    pairs = [{"Name": name, "Value": each} for name, each in dimensions.items()]
    data = [{"MetricName": metric, "Value": value, "Dimensions": pairs}]
    aws.client("cloudwatch").put_metric_data(Namespace="Alarms", MetricData=data)


def state(aws, *names):
    found = aws.client("cloudwatch").describe_alarms(
        AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    return {each["AlarmName"]: each["StateValue"] for each in found["MetricAlarms"] + found["CompositeAlarms"]}


def is_in(aws, name, wanted):
    return until(lambda: state(aws, name).get(name) == wanted)


def test_an_alarm_sees_only_its_own_dimensions(aws):
    alarm(aws, "age", "by-column", Dimensions=[{"Name": "column", "Value": "age"}])
    alarm(aws, "income", "by-column", Dimensions=[{"Name": "column", "Value": "income"}])

    put(aws, "by-column", 0.9, column="age")
    put(aws, "by-column", 0.1, column="income")

    assert is_in(aws, "age", "ALARM")
    assert is_in(aws, "income", "OK")


def test_two_of_three_periods_must_breach(aws):
    alarm(aws, "two-of-three", "flapping", EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData="notBreaching")
    states = []

    for _ in range(2):
        put(aws, "flapping", 0.9)
        time.sleep(0.5)
        states.append(state(aws, "two-of-three")["two-of-three"])
        time.sleep(0.6)
        put(aws, "flapping", 0.9)

    assert states[0] == "OK"
    assert is_in(aws, "two-of-three", "ALARM")


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

    time.sleep(5)

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
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    datum = "MetricData.member.1.MetricName=q&MetricData.member.1.Value=NaN"
    body = f"Action=PutMetricData&Version=2010-08-01&Namespace=Refused&{datum}"
    keys = aws.run["variables"]
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    signed = AWSRequest("POST", aws.run["endpoint"] + "/", data=body, headers=headers)
    SigV4Auth(
        Credentials(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"]), "monitoring", "eu-west-1"
    ).add_auth(signed)
    request = urllib.request.Request(signed.url, body.encode(), dict(signed.headers))

    status, answer = fetch(request)

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


def export(aws, points, service="monitoring", secret=None, attributes=()):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    pairs = [{"key": name, "value": {"stringValue": "x"}} for name in ("column", *attributes)]
    data = [{"timeUnixNano": "1", "asDouble": n, "attributes": pairs} for n in range(points)]
    metric = {"name": "ml.monitor.drift", "unit": "1", "gauge": {"dataPoints": data}}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "atalaia"}}]}
    body = json.dumps({"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [metric]}]}]})
    keys = aws.run["variables"]
    headers = {"Content-Type": "application/json"}
    signed = AWSRequest("POST", aws.run["endpoint"] + "/v1/metrics", data=body, headers=headers)
    credentials = Credentials(keys["AWS_ACCESS_KEY_ID"], secret or keys["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(credentials, service, "eu-west-1").add_auth(signed)
    request = urllib.request.Request(signed.url, body.encode(), dict(signed.headers))
    return fetch(request)[0]


def test_otlp_points_that_are_signed_right_can_be_read(aws):
    aws.admin("DELETE", "/otlp")

    status = export(aws, 2)
    points = aws.admin("GET", "/otlp")["points"]

    assert status == 200
    assert [(point["name"], point["kind"], point["asDouble"]) for point in points] == [
        ("ml.monitor.drift", "gauge", 0.0),
        ("ml.monitor.drift", "gauge", 1.0),
    ]
    assert points[0]["attributes"] == {"column": "x"}
    assert points[0]["resource"] == {"service.name": "atalaia"}


def test_otlp_with_a_wrong_signature_is_refused(aws):
    assert export(aws, 1, secret="guessed") == 403


def test_otlp_has_limits_of_points_and_labels(aws):
    assert export(aws, 1001) == 400
    assert export(aws, 1, attributes=[f"a{n}" for n in range(150)]) == 400
