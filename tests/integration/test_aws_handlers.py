"""The handlers as Lambda calls them, against moto's server."""

import base64
import json
import sys
import time
import uuid

import pytest
import servers
from sagemaker import sagemaker
from sns_topics import Topic
from worlds import TEXT, lines, rows

import approve
import evaluate
import ingest
import lifecycle
import status
from atalaia.errors import AtalaiaError
from atalaia.monitoring.layout import revision_of
from atalaia_aws import runtime as wiring
from atalaia_aws.events import EventError
from atalaia_functions.deadline import Deadline


class Context:
    """What Lambda tells of an invocation."""

    aws_request_id = "request-1"

    def __init__(self, seconds=30.0):
        self._until = time.monotonic() + seconds

    def get_remaining_time_in_millis(self):
        return int((self._until - time.monotonic()) * 1000)


@pytest.fixture(scope="module")
def moto():
    with servers.moto() as running:
        yield running


@pytest.fixture
def cloud(moto, monkeypatch):
    """A bucket with a monitor and reference data, and the environment of the functions."""
    bucket = f"b{uuid.uuid4().hex}"
    client = moto.client("s3")
    moto.make_bucket(bucket)
    put = lambda key, data: client.put_object(Bucket=bucket, Key=key, Body=data)["ETag"]  # noqa: E731 - one line
    text = TEXT.replace("{source: logs}", f"{{source: 's3://{bucket}/logs'}}").replace(
        "output: out",
        f"output: s3://{bucket}/out\nbaseline: {{data: ['s3://{bucket}/reference/data.jsonl']}}\n"
        "policies: [{name: retrain, when: drifted > 0.4, pipeline: churn, within: 520w}]",
    )
    put("monitors/churn.yaml", text.encode())
    put("reference/data.jsonl", lines(rows(1, n=2000, seed=9)))
    with sagemaker() as jobs:
        settings = {
            "ATALAIA_MONITORS": f"s3://{bucket}/monitors",
            "ATALAIA_NAMESPACE": bucket,
            "AWS_ENDPOINT_URL": moto.address,
            "AWS_ENDPOINT_URL_SAGEMAKER": jobs.address,
            "AWS_REGION": moto.region,
            "AWS_DEFAULT_REGION": moto.region,
            "AWS_ACCESS_KEY_ID": moto.key,
            "AWS_SECRET_ACCESS_KEY": moto.secret,
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])  # what keeps pandas out must not outlive the test
        wiring.runtime.cache_clear()
        yield Cloud(bucket, put, jobs, client)
    wiring.runtime.cache_clear()


class Cloud:
    def __init__(self, bucket, put, jobs, client):
        self.bucket, self.put, self.jobs, self.client = bucket, put, jobs, client

    def record(self, key, data):
        etag = self.put(key, data).strip('"')
        told = {"bucket": {"name": self.bucket}, "object": {"key": key, "size": len(data), "eTag": etag}}
        return {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": told}

    def keys(self, prefix):
        return [o["Key"] for o in self.client.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])]


def message(name, *records):
    return {"eventSource": "aws:sqs", "messageId": name, "body": json.dumps({"Records": records})}


def drifted(day):
    return lines([{**row, "x": row["x"] + 5, "word": "c"} for row in rows(day)])


def logged(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_from_an_object_in_s3_to_a_pipeline_and_its_outcome(cloud, moto, capsys):
    event = {"Records": [cloud.record("logs/a.jsonl", drifted(2))]}
    assert ingest.handler(event, Context()) == {"batchItemFailures": []}
    assert evaluate.handler({}, Context())["churn"]["new"] == 1
    assert evaluate.handler({}, Context())["churn"]["new"] == 0

    ((arn, asked),) = [(each["arn"], each["asked"]) for each in cloud.jobs.executions.values()]
    assert asked["PipelineName"] == "churn"
    change = {
        "detail-type": "SageMaker Model Building Pipeline Execution Status Change",
        "time": "2026-03-20T00:00:00Z",
        "detail": {"pipelineExecutionArn": arn, "currentPipelineExecutionStatus": "Succeeded"},
    }
    assert lifecycle.handler(change, Context())["monitor"] == "churn"
    (key,) = cloud.keys("out/churn/actions/")
    action = json.loads(cloud.client.get_object(Bucket=cloud.bucket, Key=key)["Body"].read())
    assert (action["job"], action["outcome"]) == (arn, "Succeeded")

    events = logged(capsys)
    assert [e["status"] for e in events if e["event"] == "ml.monitor.report"] == ["alert"]
    assert len([e for e in events if e["event"] == "ml.monitor.finding"]) > 3
    assert [e["job"] for e in events if e["event"] == "ml.monitor.action"] == [arn]
    metrics = moto.client("cloudwatch").list_metrics(Namespace=cloud.bucket)["Metrics"]
    assert "ml.monitor.drift" in {metric["MetricName"] for metric in metrics}


@pytest.mark.parametrize(
    ("status", "told"),
    [("Approved", {"model": "churn", "version": "8", "monitors": []}), ("Rejected", {"model": None})],
)
def test_a_model_package_that_was_approved_is_told(cloud, status, told):
    detail = {"ModelPackageGroupName": "churn", "ModelPackageVersion": 8, "ModelApprovalStatus": status}
    kind = "SageMaker Model Package State Change"

    assert lifecycle.handler({"detail-type": kind, "time": "2026-03-20T00:00:00Z", "detail": detail}, Context()) == told


def test_from_an_approved_model_to_a_healthy_window(cloud):
    text = cloud.client.get_object(Bucket=cloud.bucket, Key="monitors/churn.yaml")["Body"].read().decode()
    asked = f"{{name: churn, new_baseline: {{data: 's3://{cloud.bucket}/trained/v{{version}}'}}}}"
    cloud.put("monitors/churn.yaml", text.replace("model: {name: churn}", f"model: {asked}").encode())
    cloud.put("trained/v8/rows.jsonl", b"".join(drifted(1) for _ in range(3)))
    detail = {"ModelPackageGroupName": "churn", "ModelPackageVersion": 8, "ModelApprovalStatus": "Approved"}
    kind = "SageMaker Model Package State Change"

    ingest.handler({"Records": [cloud.record("logs/2.jsonl", drifted(2))]}, Context())
    evaluate.handler({}, Context())
    told = lifecycle.handler({"detail-type": kind, "time": "2026-03-02T12:00:00Z", "detail": detail}, Context())
    renewed = evaluate.handler({}, Context())["churn"]["renewed"]
    ingest.handler({"Records": [cloud.record("logs/3.jsonl", drifted(3))]}, Context())
    evaluate.handler({}, Context())

    reports = [
        json.loads(cloud.client.get_object(Bucket=cloud.bucket, Key=key)["Body"].read())
        for key in cloud.keys("out/churn/reports/")
        if revision_of(key)
    ]
    assert told["monitors"] == ["churn"]
    assert [report["status"] for report in reports] == ["alert", "ok"]
    assert [report["model_version"] for report in reports] == [None, "8"]
    assert reports[1]["baseline"] == {"version": renewed, "key": f"churn/baseline/{renewed}.profile", "rows": 1800}


def test_of_a_batch_only_what_failed_is_delivered_again(cloud, capsys):
    good = message("good", cloud.record("logs/a.jsonl", lines(rows(2, 5))))
    bad = {"eventSource": "aws:sqs", "messageId": "bad", "body": "{"}

    assert ingest.handler({"Records": [good, bad]}, Context()) == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    told = logged(capsys)
    assert [e["message"] for e in told if e["event"] == "ml.monitor.ingest_failed"] == ["bad"]
    assert [(e["objects"], e["rows"]) for e in told if e["event"] == "ml.monitor.ingest"] == [(1, 5)]


def test_a_batch_of_small_objects_is_one_profile(cloud):
    batch = [message(str(n), cloud.record(f"logs/{n}.jsonl", lines(rows(2, 1)))) for n in range(10)]

    ingest.handler({"Records": batch}, Context())

    assert len(cloud.keys("out/churn/profiles/")) == 1


def test_what_the_functions_write_triggers_nothing(cloud, capsys):
    ingest.handler({"Records": [cloud.record("logs/a.jsonl", lines(rows(2, 5)))]}, Context())
    written = cloud.keys("out/")
    events = [{"bucket": {"name": cloud.bucket}, "object": {"key": key}} for key in written]
    records = [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": told} for told in events]

    ingest.handler({"Records": records}, Context())

    assert cloud.keys("out/") == written
    assert logged(capsys)[-1]["unwatched"] == len(written)


def test_without_time_everything_is_delivered_again(cloud):
    good = message("good", cloud.record("logs/a.jsonl", lines(rows(2, 5))))
    ingest.handler({"Records": [message("first", cloud.record("logs/0.jsonl", lines(rows(2, 5))))]}, Context())

    class Late(Context):
        calls = 0

        def get_remaining_time_in_millis(self):
            self.calls += 1
            return 30_000 if self.calls == 1 else 3_000

    assert ingest.handler({"Records": [good]}, Late()) == {"batchItemFailures": [{"itemIdentifier": "good"}]}


def test_without_a_queue_a_failure_is_raised(cloud, capsys):
    record = cloud.record("logs/a.jsonl", lines(rows(2, 5)))
    cloud.client.delete_object(Bucket=cloud.bucket, Key="reference/data.jsonl")

    with pytest.raises(EventError, match="not ingested"):
        ingest.handler({"Records": [record]}, Context())
    assert logged(capsys)[-1]["error"] == "EventError"


def test_a_monitor_that_cannot_be_evaluated_fails_the_invocation(cloud):
    cloud.client.delete_object(Bucket=cloud.bucket, Key="reference/data.jsonl")

    with pytest.raises(AtalaiaError, match="churn: "):
        evaluate.handler({}, Context())


def test_status_is_a_page_json_and_metrics(cloud):
    ingest.handler({"Records": [cloud.record("logs/a.jsonl", lines(rows(2)))]}, Context())
    evaluate.handler({}, Context())

    answers = {path: status.handler({"rawPath": path}, Context()) for path in ("/", "/status.json", "/metrics", "/x")}

    assert [answer["statusCode"] for answer in answers.values()] == [200, 200, 200, 404]
    assert answers["/"]["body"].startswith("<!doctype html>")
    assert json.loads(answers["/status.json"]["body"])["monitors"][0]["windows"][0]["rows"] == 600
    assert 'ml_monitor_rows{monitor="churn"' in answers["/metrics"]["body"]


def test_a_call_is_measured_by_its_log_line(cloud, capsys):
    ingest.handler({"Records": [cloud.record("logs/a.jsonl", lines(rows(2, 5)))]}, Context())
    evaluate.handler({}, Context())
    status.handler({"rawPath": "/"}, Context())

    told = {event["event"]: event for event in logged(capsys)}
    assert told["ml.monitor.ingest"]["ml.monitor.ingest.rows"] == 5
    assert told["ml.monitor.evaluate"]["ml.monitor.evaluate.reports"] == 1
    assert told["ml.monitor.evaluate"]["ml.monitor.evaluate.findings"] > 3
    assert told["ml.monitor.evaluate"]["_aws"]["CloudWatchMetrics"][0]["Namespace"] == cloud.bucket
    assert "_aws" not in told["ml.monitor.status"]


@pytest.mark.parametrize(("endpoint", "why"), [("", "no address"), ("http://127.0.0.1:9/v1/metrics", "no answer")])
def test_no_object_is_held_up_by_a_collector_that_is_not_there(cloud, monkeypatch, capsys, endpoint, why):
    monkeypatch.setenv("ATALAIA_METRICS", "otlp")
    monkeypatch.setenv("ATALAIA_OTLP_ENDPOINT", endpoint)

    answer = ingest.handler({"Records": [cloud.record("logs/a.jsonl", lines(rows(2, 5)))]}, Context())

    call, trouble = logged(capsys)
    assert answer == {"batchItemFailures": []}
    assert "_aws" not in call
    assert why in trouble["why"]
    assert len(cloud.keys("out/churn/state/unsent/otlp/")) == (1 if endpoint else 0)


def test_a_call_without_a_monitor_is_measured_too(cloud, monkeypatch, capsys):
    for name, value in (
        ("ATALAIA_MONITORS", "nowhere"),
        ("ATALAIA_METRICS", "otlp"),
        ("ATALAIA_OTLP_ENDPOINT", "http://127.0.0.1:9/v1/metrics"),
    ):
        monkeypatch.setenv(name, value)

    with pytest.raises(AtalaiaError, match="no monitor files"):
        ingest.handler({"Records": []}, Context())

    events = [event["event"] for event in logged(capsys)]
    assert events == ["ml.monitor.ingest", "ml.monitor.telemetry_unsent", "ml.monitor.telemetry_dropped"]


@pytest.mark.parametrize("event", [{}, None, [], {"detail-type": "x"}, {"Records": [{"eventSource": "aws:ses"}]}])
def test_what_is_no_event_is_refused(cloud, event):
    for handler in (ingest.handler, lifecycle.handler):
        with pytest.raises(EventError):
            handler(event, Context())


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ATALAIA_METRICS", "statsd", "ATALAIA_METRICS=statsd: no such choice. Set one of cloudwatch, cloudwatch-otlp"),
        ("ATALAIA_DETAIL", "all", "Set one of columns, summary"),
        ("ATALAIA_MONITORS", "nowhere", "no monitor files"),
    ],
)
def test_a_wrong_setting_says_what_to_set(cloud, monkeypatch, name, value, told):
    monkeypatch.setenv(name, value)

    with pytest.raises(AtalaiaError, match=told):
        evaluate.handler({}, Context())


def test_what_must_be_approved_is_started_when_its_link_was_posted(cloud, monkeypatch, capsys):
    settings = {"URL": "https://here.example/", "KEY": "env:LINKS"}
    for name, value in settings.items():
        monkeypatch.setenv(f"ATALAIA_APPROVAL_{name}", value)
    monkeypatch.setenv("LINKS", "k" * 32)
    text = cloud.client.get_object(Bucket=cloud.bucket, Key="monitors/churn.yaml")["Body"].read()
    cloud.put("monitors/churn.yaml", text.replace(b"pipeline: churn", b"pipeline: churn, approval: true"))
    ingest.handler({"Records": [cloud.record("logs/a.jsonl", drifted(2))]}, Context())
    evaluate.handler({}, Context())
    (link,) = [event["approve"] for event in logged(capsys) if event["event"] == "ml.monitor.approval"]

    answers = [approve.handler(url_event(method, link), Context()) for method in ("GET", "POST", "POST")]
    before = len(cloud.jobs.executions)
    evaluate.handler({}, Context())

    assert [each["statusCode"] for each in answers] == [200, 200, 409]
    assert answers[0]["headers"]["content-security-policy"].startswith("default-src 'none'")
    assert (before, len(cloud.jobs.executions)) == (0, 1)
    told = logged(capsys)
    assert [(e["method"], e["status"]) for e in told if e["event"] == "ml.monitor.approve"] == [
        ("GET", 200),
        ("POST", 200),
        ("POST", 409),
    ]
    assert link.rpartition("=")[2] not in json.dumps(told)
    (key,) = cloud.keys("out/churn/actions/")
    action = json.loads(cloud.client.get_object(Bucket=cloud.bucket, Key=key)["Body"].read())
    assert (action["state"], action["by"], action["who"]) == ("done", "Ada (link)", "request-1")


def url_event(method, link):
    """What Lambda hears of a request to its function URL."""
    body = base64.b64encode(b"by=Ada").decode() if method == "POST" else None
    asked = {"http": {"method": method, "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}}
    more = {"body": body, "isBase64Encoded": True} if body else {"isBase64Encoded": False}
    return {"version": "2.0", "rawPath": "/", "rawQueryString": link.partition("?")[2], "requestContext": asked, **more}


@pytest.mark.usefixtures("cloud")
def test_a_reference_to_secrets_manager_is_read_there(moto):
    moto.client("secretsmanager").create_secret(Name="team/github", SecretString='{"token": "t0p"}')

    assert wiring.Lambda({}, sys.stdout, Deadline()).secret("secretsmanager:team/github#token") == "t0p"


@pytest.mark.usefixtures("cloud")
def test_a_version_of_a_model_and_a_failure_are_logged(capsys):
    package = {"ModelPackageArn": "arn", "ModelPackageGroupName": "churn", "ModelPackageVersion": 2}
    package |= {"ModelApprovalStatus": "Approved"}
    training = {"TrainingJobName": "job", "TrainingJobStatus": "Failed", "FailureReason": "AlgorithmError: none"}
    for kind, detail in (("Model Package State", package), ("Training Job State", training)):
        told = {"detail-type": f"SageMaker {kind} Change", "time": "2026-03-20T00:00:00Z", "detail": detail}
        lifecycle.handler(told, Context())

    model, job = logged(capsys)
    assert {key: model[key] for key in ("model", "version", "monitors")} == {
        "model": "churn", "version": "2", "monitors": [],
    }  # fmt: skip
    assert {key: job[key] for key in ("job", "state", "why", "action")} == {
        "job": "job", "state": "Failed", "why": "AlgorithmError: none", "action": None,
    }  # fmt: skip


def test_from_an_object_in_s3_to_a_topic_once(cloud, moto):
    topic = Topic(moto, fifo=False)
    text = cloud.client.get_object(Bucket=cloud.bucket, Key="monitors/churn.yaml")["Body"].read().decode()
    cloud.put("monitors/churn.yaml", text.replace("pipeline: churn", f"sns_topic: '{topic.arn}'").encode())
    ingest.handler({"Records": [cloud.record("logs/a.jsonl", drifted(2))]}, Context())

    for _ in range(2):
        evaluate.handler({"all": True}, Context())

    [heard] = topic.heard()
    told = json.loads(heard["Message"])
    [key] = cloud.keys("out/churn/actions/")
    action = json.loads(cloud.client.get_object(Bucket=cloud.bucket, Key=key)["Body"].read())
    assert heard["Subject"].startswith("Atalaia: churn, retrain, ")
    assert (told["id"], told["policy"]) == (action["id"], "retrain")
    assert action["job"].startswith("churn-retrain-")
