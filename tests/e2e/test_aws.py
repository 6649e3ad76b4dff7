"""The functions as they lie in the tree, on the emulator: from a capture file in S3 to a job that has ended."""

import json
import random
import sys
import sysconfig
import time
from datetime import UTC, datetime, timedelta

import pytest
from deployments import bucket_to_queue, deploy
from emulators import ROLE, ROOT, emulator, until

from atalaia.telemetry import DRIFTED

MONITOR = """
name: credit
model: {name: credit}
logs: {source: 's3://watched/capture', format: sagemaker}
baseline: {data: ['s3://watched/reference/rows.jsonl']}
output: s3://watched/out
columns: [{name: amount}, {name: city, type: string}, {name: risk, role: score}]
policies: [{name: retrain, drift_share: 0.4, pipeline: retrain, within: 520w, parameters: {since: '{window}'}}]
"""
DIMENSIONS = [{"Name": "monitor", "Value": "credit"}, {"Name": "model", "Value": "credit"}]
FUNCTIONS = ("ingest", "evaluate", "lifecycle")
SECONDS = 60  # many processes start, perhaps on a busy machine


def rows(count, middle, cities):
    draws = random.Random(count)
    return [
        {"amount": draws.gauss(middle, 1), "city": draws.choice(cities), "risk": draws.random()} for _ in range(count)
    ]


def captured(number, row):
    sent, answered = {name: row[name] for name in ("amount", "city")}, str(row["risk"])
    given = {"observedContentType": "application/json", "mode": "INPUT", "data": json.dumps(sent), "encoding": "JSON"}
    gave = {"observedContentType": "text/csv", "mode": "OUTPUT", "data": answered, "encoding": "CSV"}
    return {
        "captureData": {"endpointInput": given, "endpointOutput": gave},
        "eventMetadata": {"eventId": f"id-{number}", "inferenceTime": "2026-03-01T12:00:00Z"},
        "eventVersion": "0",
    }


def lines(entries):
    return "".join(json.dumps(entry) + "\n" for entry in entries).encode()


class Account:
    """The emulator with the functions, the bucket and what ties them."""

    def __init__(self, aws):
        self.aws, self.s3, self.bucket = aws, aws.client("s3"), aws.bucket("watched")
        self.put("monitors/credit.yaml", MONITOR.encode())
        self.put("reference/rows.jsonl", lines(rows(2000, 0, "ab")))
        aws.client("sagemaker").create_pipeline(
            PipelineName="retrain", RoleArn=ROLE, PipelineDefinition="{}", ClientRequestToken="t" * 32
        )
        packages = [ROOT, ROOT / "adapters", sysconfig.get_path("platlib")]
        settings = {"path": packages, "variables": {"ATALAIA_MONITORS": "s3://watched/monitors"}}
        size = {"Timeout": SECONDS, "MemorySize": 1024}
        self.functions = {
            name: deploy(aws, name, ROOT / "functions/aws", f"{name}.handler", **settings, **size) for name in FUNCTIONS
        }
        url, queue = aws.queue("arrivals", VisibilityTimeout=str(SECONDS))
        self.functions["ingest"].on_queue(queue, BatchSize=100, MaximumBatchingWindowInSeconds=30)
        self.functions["lifecycle"].on_events({"source": ["aws.sagemaker"]})
        self.functions["evaluate"].on_schedule("rate(5 minutes)")
        bucket_to_queue(aws, self.bucket, url, queue, prefix="capture/")
        self.alarms = self.alarm_on(DRIFTED, 0.4)

    def alarm_on(self, metric, most):
        """Return a queue of what an alarm's topic is told."""
        url, queue = self.aws.queue("alarms")
        topic = self.aws.client("sns").create_topic(Name="alarms")["TopicArn"]
        self.aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
        self.aws.client("cloudwatch").put_metric_alarm(
            AlarmName="credit-drift", Namespace="Atalaia", MetricName=metric, Dimensions=DIMENSIONS,
            Statistic="Maximum", Period=60, EvaluationPeriods=1, Threshold=most,
            ComparisonOperator="GreaterThanThreshold", TreatMissingData="ignore", AlarmActions=[topic],
        )  # fmt: skip
        return url

    def put(self, key, data):
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=data)

    def get(self, key):
        return json.loads(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def keys(self, prefix, ending=""):
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return [each["Key"] for each in found if each["Key"].endswith(ending)]

    def actions(self):
        return [self.get(key) for key in self.keys("out/credit/actions/")]

    def report(self):
        (key,) = self.keys("out/credit/reports/20260301T000000Z/", ".json")
        return self.get(key)

    def ingested(self):
        return sum(each["objects"] for each in self.told("ingest", "ml.monitor.ingest"))

    def lines(self):
        return {name: function.lines() for name, function in self.functions.items()}

    def told(self, function, event):
        """What a function logged of one kind."""
        logged = [line for line in self.functions[function].lines() if line.startswith("{")]
        return [each for each in map(json.loads, logged) if each.get("event") == event]

    def executions(self):
        client = self.aws.client("sagemaker")
        return client.list_pipeline_executions(PipelineName="retrain")["PipelineExecutionSummaries"]


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """After a capture file of drifted rows has come twice, and the job that follows has ended."""
    if sys.platform != "linux":
        pytest.skip("the emulator needs Linux")
    with emulator(tmp_path_factory.mktemp("account"), "--scale", "60") as aws:
        made = Account(aws)
        capture = lines(captured(number, row) for number, row in enumerate(rows(600, 5, "c")))
        made.put("capture/credit/AllTraffic/2026/03/01/12/00-first.jsonl", capture)
        assert until(lambda: "Succeeded" in [each.get("outcome") for each in made.actions()], SECONDS), made.lines()
        made.put("capture/credit/AllTraffic/2026/03/01/12/00-first.jsonl", capture)
        assert until(lambda: made.ingested() >= 2, SECONDS), made.lines()
        _, error, log = made.functions["evaluate"].invoke({"all": True})
        assert error is None, log
        yield made


def test_a_report_of_the_window_lies_in_the_bucket(account):
    report = account.report()

    assert (report["rows"], report["rejected"], report["final"]) == (600, {}, True)
    assert {found["column"] for found in report["findings"] if found["status"] == "alert"} >= {"amount", "city"}


def test_each_finding_is_a_line_of_the_log(account):
    told = account.told("evaluate", "ml.monitor.finding")

    assert len({line["id"] for line in told}) == len(account.report()["findings"])
    assert "amount" in {line["column"] for line in told if line["status"] == "alert"}


def test_metrics_can_be_read_from_cloudwatch(account):
    now = datetime.fromtimestamp(time.time(), UTC)
    found = account.aws.client("cloudwatch").get_metric_statistics(
        Namespace="Atalaia", MetricName="ml.monitor.rows", Dimensions=DIMENSIONS, Statistics=["Maximum"], Period=60,
        StartTime=now - timedelta(hours=1), EndTime=now + timedelta(hours=1),
    )  # fmt: skip

    assert [point["Maximum"] for point in found["Datapoints"]] == [600]


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
