"""The handlers as the Functions worker calls them, against Azurite, an ingestion endpoint and a resource manager."""

import base64
import contextlib
import contextvars
import itertools
import json
import logging
import sys
import threading
import uuid

import pytest
from arm import WORKSPACE, arm
from azure_app import TRACE, FunctionApp
from azurite import azurite
from event_grid import event_grid_topic
from insights_sink import insights_sink
from managed_identity import managed_identity
from opentelemetry import trace
from otlp_sink import otlp_sink
from worlds import TEXT, lines, rows

from atalaia.errors import AtalaiaError, JobError
from atalaia.policies import AzuremlBatch, AzuremlJob, AzuremlTraffic, Policy
from atalaia_azure import runtime as wiring
from atalaia_azure.events import EventError
from atalaia_local import MemoryStore

CREATED = "Microsoft.Storage.BlobCreated"
COLLECTED = TEXT.replace("name: churn\nmodel", "name: served\nmodel").replace(
    "{source: logs}", "{source: 'az://CONTAINER/collected', format: azureml}"
)


@pytest.fixture(scope="module")
def storage():
    with azurite() as running:
        yield running


@pytest.fixture
def cloud(storage, monkeypatch):
    """A container with monitors and reference data, a queue, and the function app of this environment."""
    container = f"c{uuid.uuid4().hex}"
    storage.make_bucket(container)
    with insights_sink() as insights, arm() as learning, managed_identity("token") as own:
        learning.token = lambda _resource: "token"
        made = Cloud(storage, container, insights, learning)
        made.monitor("churn", TEXT.replace("{source: logs}", "{source: 'az://CONTAINER/logs'}"))
        made.put("reference/data.jsonl", lines(rows(1, n=2000, seed=9)))
        settings = {
            **storage.settings,
            **own,
            "ATALAIA_MONITORS": f"az://{container}/monitors",
            "ATALAIA_CONTAINER": container,
            "ATALAIA_QUEUE": container,
            "ATALAIA_ARM_ENDPOINT": learning.address,
            "APPLICATIONINSIGHTS_CONNECTION_STRING": insights.connection,
            "WEBSITE_SITE_NAME": "app",
            "WEBSITE_INSTANCE_ID": "one",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])  # what keeps pandas out must not outlive the test
        wiring.app.cache_clear()
        made.queue = storage.queue(container)
        made.app = FunctionApp()
        yield made
        made.queue.close()
    wiring.app.cache_clear()


class Cloud:
    def __init__(self, storage, container, insights, learning):
        self.storage, self.container, self.insights, self.learning = storage, container, insights, learning

    def monitor(self, name, text, more=""):
        job = f"{{workspace: {WORKSPACE}, properties: {{jobType: Command, command: train}}}}"
        policy = f"policies: [{{name: retrain, {more}when: drifted > 0.4, azureml_job: {job}, within: 520w}}]\n"
        known = f"output: az://CONTAINER/out\nbaseline: {{data: ['az://CONTAINER/reference/data.jsonl']}}\n{policy}"
        whole = text.replace("output: out", known).replace("CONTAINER", self.container)
        self.put(f"monitors/{name}.yaml", whole.encode())

    def put(self, key, data):
        return self.storage.put(self.container, key, data)

    def created(self, key, data, **more):
        """Put a blob, and return the event of it."""
        told = self.put(key, data) | more
        return {"id": uuid.uuid4().hex, "eventType": CREATED, "subject": key, "dataVersion": "", "data": told}

    def keys(self, prefix):
        return self.storage.keys(self.container, prefix)

    def metric(self, name):
        return [value for found, _, value in self.insights.points() if found == name]

    def events(self, name):
        bases = [envelope["data"]["baseData"] for envelope in self.insights.events()]
        return [base["properties"] for base in bases if base["name"] == name]


def drifted(day):
    return lines([{**row, "x": row["x"] + 5, "word": "c"} for row in rows(day)])


def lines_of(caplog):
    return [json.loads(record.message) for record in caplog.records if record.name == "atalaia"]


@pytest.fixture(autouse=True)
def _heard(caplog):
    caplog.set_level(logging.INFO, "atalaia")


def test_the_host_finds_every_function(cloud):
    triggers = {name: cloud.app.bindings(name)[0] for name in cloud.app.functions}

    assert {name: trigger["type"] for name, trigger in triggers.items()} == {
        "ingest_blob": "blobTrigger",
        "ingest_queue": "queueTrigger",
        "collect": "timerTrigger",
        "evaluate": "timerTrigger",
        "lifecycle": "eventGridTrigger",
        "status": "httpTrigger",
        "metrics": "httpTrigger",
        "health": "httpTrigger",
    }
    assert triggers["ingest_blob"]["source"] == "EventGrid"
    assert triggers["ingest_blob"]["path"] == f"{cloud.container}/{{name}}"


def test_without_a_container_and_a_queue_the_others_are_there(cloud, monkeypatch):
    for name in ("ATALAIA_CONTAINER", "ATALAIA_QUEUE"):
        monkeypatch.delenv(name)

    assert set(FunctionApp().functions) == {"collect", "evaluate", "lifecycle", "status", "metrics", "health"}

    monkeypatch.setenv("ATALAIA_COLLECT_AT", "never")
    assert set(FunctionApp().functions) == {"evaluate", "lifecycle", "status", "metrics", "health"}


def test_timers_call_each_minute_or_when_the_settings_say(cloud, monkeypatch):
    def schedules():
        app = FunctionApp()
        return [app.bindings(name)[0]["schedule"] for name in ("evaluate", "collect")]

    assert schedules() == ["0 * * * * *", "30 * * * * *"]

    monkeypatch.setenv("ATALAIA_EVALUATE_AT", "0 */5 * * * *")
    monkeypatch.setenv("ATALAIA_COLLECT_AT", "30 4/5 * * * *")
    assert schedules() == ["0 */5 * * * *", "30 4/5 * * * *"]


def test_the_host_keeps_the_content_of_blobs_to_itself(cloud):
    """What the worker tells the host of the function's binding, as its library makes it."""
    from types import SimpleNamespace

    from azurefunctions.extensions.base import get_binding_registry

    types = {"blob": SimpleNamespace(pytype=cloud.app.module.BlobName)}
    told, _ = get_binding_registry().get_raw_bindings(cloud.app.functions["ingest_blob"], types)

    assert json.loads(told[0])["properties"] == {"SupportsDeferredBinding": True}


def test_from_a_blob_to_a_job_and_its_outcome(cloud, caplog):
    cloud.created("logs/a.jsonl", drifted(2))
    cloud.app.blob(cloud.container, "logs/a.jsonl")
    cloud.app.timer("evaluate")
    cloud.app.timer("evaluate")

    ((name, properties),) = cloud.learning.jobs.items()
    assert properties["tags"]["atalaia.monitor"] == "churn"
    change = {"experimentName": "e", "runId": name, "runType": "azureml", "runStatus": "Completed"}
    cloud.app.event(learning_event("RunStatusChanged", change))
    (key,) = cloud.keys("out/churn/actions/")
    action = json.loads(cloud.storage.blob("GET", f"{cloud.container}/{key}").body)
    assert (action["job"], action["outcome"]) == (name, "Completed")

    assert [event["status"] for event in cloud.events("ml.monitor.report")] == ["alert"]
    assert len(cloud.events("ml.monitor.finding")) > 3
    assert [event["job"] for event in cloud.events("ml.monitor.action")] == [name]
    assert cloud.metric("ml.monitor.rows") == [600]
    assert cloud.metric("ml.monitor.evaluate.reports") == [1, 0]
    assert {envelope["tags"]["ai.operation.id"] for envelope in cloud.insights.events()} == {TRACE}
    calls = [(event["event"], event["request"]) for event in lines_of(caplog)]
    assert [name for name, _ in calls] == [f"ml.monitor.{n}" for n in ("ingest", "evaluate", "evaluate", "lifecycle")]
    assert {request for _, request in calls} == {"invocation-1"}


def learning_event(kind, data):
    about = {"id": "1", "topic": "", "subject": "s", "dataVersion": "1", "eventTime": "2026-03-20T00:00:00Z"}
    return {**about, "eventType": f"Microsoft.MachineLearningServices.{kind}", "data": data}


def test_a_blob_that_fails_comes_again(cloud):
    cloud.storage.blob("DELETE", f"{cloud.container}/reference/data.jsonl")
    cloud.created("logs/a.jsonl", lines(rows(2, 5)))

    with pytest.raises(EventError, match="not ingested"):
        cloud.app.blob(cloud.container, "logs/a.jsonl")


def test_a_blob_that_is_gone_is_no_failure(cloud, caplog):
    cloud.app.blob(cloud.container, "logs/never.jsonl")

    assert lines_of(caplog)[-1]["gone"] == 1


def waiting(cloud):
    """How many messages are in the queue, hidden or not."""
    answer = cloud.queue._ask("GET", "?comp=metadata")
    return int(answer.headers["x-ms-approximate-messages-count"])


def encoded(event):
    return base64.b64encode(json.dumps(event).encode()).decode()


@pytest.mark.parametrize("write", [json.dumps, encoded, lambda event: json.dumps([event])])
def test_a_message_is_understood_however_it_is_written(cloud, caplog, write):
    cloud.app.message(write(cloud.created("logs/a.jsonl", lines(rows(2, 5)))))

    assert (lines_of(caplog)[-1]["objects"], lines_of(caplog)[-1]["rows"]) == (1, 5)


def test_one_message_takes_all_others_along_as_one_profile(cloud, caplog):
    first, *others = [json.dumps(cloud.created(f"logs/{n}.jsonl", lines(rows(2, 1)))) for n in range(80)]
    for text in others:
        cloud.queue.put(text)

    cloud.app.message(first)

    (call,) = lines_of(caplog)
    assert (call["messages"], call["objects"], call["rows"]) == (80, 80, 80)
    assert len(cloud.keys("out/churn/profiles/")) == 1
    assert waiting(cloud) == 0


def test_of_many_messages_those_that_failed_come_again(cloud, caplog):
    good = json.dumps(cloud.created("logs/a.jsonl", lines(rows(2, 5))))
    for text in (good, "rubbish", json.dumps({"eventType": "Microsoft.Storage.BlobDeleted", "data": {}})):
        cloud.queue.put(text)

    cloud.app.message(good)

    assert [event["event"] for event in lines_of(caplog)] == ["ml.monitor.ingest_failed", "ml.monitor.ingest"]
    assert waiting(cloud) == 1
    assert cloud.queue.receive(32, 1) == []


def test_a_message_that_failed_too_often_is_put_aside(cloud, caplog):
    cloud.queue.put("rubbish")
    good = json.dumps(cloud.created("logs/a.jsonl", lines(rows(2, 5))))
    for _ in range(4):
        ((message),) = cloud.queue.receive(1, 1)
        cloud.queue.release(message, 0)

    cloud.app.message(good)

    assert waiting(cloud) == 0
    with contextlib.closing(cloud.storage.queue(f"{cloud.container}-poison")) as poison:
        assert [message.text for message in poison.receive(2, 1)] == ["rubbish"]
    assert lines_of(caplog)[-1]["given_up"] == 1


def test_the_hosts_own_message_that_failed_too_often_is_put_aside_and_told_of(cloud, caplog):
    with pytest.raises(EventError, match="does not tell of blobs"):
        cloud.app.message("rubbish", tries=4)
    cloud.app.message("rubbish", tries=5)

    with contextlib.closing(cloud.storage.queue(f"{cloud.container}-poison")) as poison:
        assert [message.text for message in poison.receive(2, 1)] == ["rubbish"]
    assert [line.get("given_up") for line in lines_of(caplog) if line["event"] == "ml.monitor.ingest"] == [None, 1]


def test_the_hosts_own_message_that_came_before_is_ingested_by_itself(cloud, caplog):
    for name in ("b", "c"):
        cloud.queue.put(json.dumps(cloud.created(f"logs/{name}.jsonl", lines(rows(2, 5)))))

    cloud.app.message(json.dumps(cloud.created("logs/a.jsonl", lines(rows(2, 5)))), tries=2)

    assert waiting(cloud) == 0
    assert len(cloud.keys("out/churn/profiles/")) == 2


def test_the_message_of_the_host_fails_by_itself(cloud):
    good = json.dumps(cloud.created("logs/a.jsonl", lines(rows(2, 5))))
    cloud.queue.put(good)

    with pytest.raises(EventError, match="does not tell of blobs"):
        cloud.app.message("rubbish")

    assert waiting(cloud) == 0
    assert len(cloud.keys("out/churn/profiles/")) == 1


def test_without_time_the_others_stay_in_the_queue(cloud, monkeypatch):
    monkeypatch.setenv("AzureFunctionsJobHost__functionTimeout", "00:00:00")
    wiring.app.cache_clear()
    cloud.queue.put(json.dumps(cloud.created("logs/a.jsonl", lines(rows(2, 5)))))

    with pytest.raises(AtalaiaError):
        cloud.app.message(json.dumps(cloud.created("logs/b.jsonl", lines(rows(2, 5)))))

    assert waiting(cloud) == 1


def test_blobs_of_another_account_are_left_alone(cloud, caplog):
    event = cloud.created("logs/a.jsonl", lines(rows(2, 5)))
    event["data"]["url"] = f"https://other.blob.core.windows.net/{cloud.container}/logs/a.jsonl"

    cloud.app.message(json.dumps(event))

    assert lines_of(caplog)[-1]["objects"] == 0


def test_what_the_functions_write_triggers_nothing(cloud, caplog):
    cloud.app.message(json.dumps(cloud.created("logs/a.jsonl", lines(rows(2, 5)))))
    written = cloud.keys("out/")
    for key in written:
        cloud.app.blob(cloud.container, key)

    assert cloud.keys("out/") == written
    assert lines_of(caplog)[-1]["unwatched"] == 1


def collected(day, numbers):
    at = f"2026-03-{day:02}T12:00:00Z"
    made = [{"specversion": "1.0", "id": f"e{n}", "type": "azureml.inference.inputs", "time": at} for n in numbers]
    return lines([{**each, "data": [{"at": at, "x": 1.0, "word": "a"}]} for each in made])


def test_what_is_appended_is_read_once(cloud, caplog):
    cloud.monitor("served", COLLECTED)
    key = f"{cloud.container}/collected/ep/blue/model_inputs/2026/03/02/12/a.jsonl"
    assert cloud.storage.blob("PUT", key, headers={"x-ms-blob-type": "AppendBlob"}).status == 201
    told = {"url": f"{cloud.storage.endpoint()}/{key}", "eTag": "0x1", "contentLength": 0, "blobType": "AppendBlob"}
    cloud.app.message(json.dumps({"eventType": CREATED, "data": told}))
    for numbers in (range(3), range(3, 5), ()):
        if numbers:
            assert cloud.storage.blob("PUT", f"{key}?comp=appendblock", collected(2, numbers)).status == 201
        cloud.app.timer("collect")

    calls = lines_of(caplog)
    assert calls[0]["left"] == 1
    assert [call["rows"] for call in calls[1:]] == [3, 2, 0]


def test_a_monitor_that_cannot_be_evaluated_fails_the_invocation(cloud):
    cloud.storage.blob("DELETE", f"{cloud.container}/reference/data.jsonl")

    with pytest.raises(AtalaiaError, match="churn: "):
        cloud.app.timer("evaluate")


def test_a_timer_that_was_held_up_looks_at_everything(cloud, caplog):
    cloud.app.message(json.dumps(cloud.created("logs/a.jsonl", lines(rows(2)))))
    cloud.app.timer("evaluate")
    cloud.app.timer("evaluate", past_due=True)

    assert [call["windows"] for call in lines_of(caplog)[1:]] == [1, 1]


def test_status_is_a_page_json_and_metrics(cloud):
    cloud.app.message(json.dumps(cloud.created("logs/a.jsonl", lines(rows(2)))))
    cloud.app.timer("evaluate")

    page, told, nothing = (cloud.app.get("status", **route) for route in ({}, {"path": "status.json"}, {"path": "x"}))
    metrics = cloud.app.get("metrics")

    assert [each.status_code for each in (page, told, nothing, metrics)] == [200, 200, 404, 200]
    assert page.get_body().startswith(b"<!doctype html>")
    assert json.loads(told.get_body())["monitors"][0]["windows"][0]["rows"] == 600
    assert b'ml_monitor_rows{monitor="churn"' in metrics.get_body()


def test_health_says_whether_monitors_can_be_read(cloud, monkeypatch):
    fine = cloud.app.get("health")
    monkeypatch.setenv("ATALAIA_MONITORS", "nowhere")
    wiring.app.cache_clear()
    failing = cloud.app.get("health")

    assert (fine.status_code, json.loads(fine.get_body())) == (200, {"status": "ok", "monitors": 1})
    assert (failing.status_code, json.loads(failing.get_body())) == (503, {"status": "failing"})


def test_a_model_that_was_registered_is_told(cloud, caplog):
    cloud.app.event(learning_event("ModelRegistered", {"modelName": "churn", "modelVersion": "8"}))

    told = lines_of(caplog)[-1]
    assert (told["model"], told["version"], told["monitors"]) == ("churn", "8", [])


def test_jobs_of_others_are_left_alone(cloud, caplog):
    event = learning_event("RunCompleted", {"runId": "another", "experimentId": "e"})
    clouds = {**{n: event[n] for n in ("id", "subject", "data")}, "specversion": "1.0", "source": "s"}
    cloud.app.event(event)
    cloud.app.event({**clouds, "type": event["eventType"], "time": event["eventTime"]})

    assert [(call["job"], call["state"], call["action"]) for call in lines_of(caplog)] == [
        ("another", "Completed", None)
    ] * 2


@pytest.mark.parametrize("data", [{}, {"runId": 7, "runStatus": "Failed"}, {"runId": "x"}, None])
def test_what_is_no_event_of_a_job_is_refused(cloud, data):
    with pytest.raises(EventError, match="tells of no job"):
        cloud.app.event(learning_event("RunStatusChanged", data))


def test_opentelemetry_goes_on_with_the_trace_of_the_host(cloud):
    def called():
        cloud.app.get("health")
        return format(trace.get_current_span().get_span_context().trace_id, "032x")

    assert contextvars.copy_context().run(called) == TRACE


def test_reports_that_cannot_be_told_are_told_later_and_once(cloud):
    cloud.app.message(json.dumps(cloud.created("logs/a.jsonl", lines(rows(2)))))
    cloud.insights.faults, cloud.insights.once = dict.fromkeys(range(1, 50), 429), False
    cloud.app.timer("evaluate")
    cloud.insights.faults = {}
    cloud.app.timer("evaluate")

    told = [event["id"] for name in ("report", "finding") for event in cloud.events(f"ml.monitor.{name}")]
    assert len(told) == len(set(told)) > 3
    assert cloud.metric("ml.monitor.rows") == [600]
    assert cloud.keys("out/churn/state/unsent/") == []


def test_no_object_is_held_up_by_an_ingestion_that_is_not_there(cloud, monkeypatch, caplog):
    monkeypatch.setenv(
        "APPLICATIONINSIGHTS_CONNECTION_STRING", "InstrumentationKey=k;IngestionEndpoint=http://127.0.0.1:9/"
    )
    wiring.app.cache_clear()

    cloud.app.message(json.dumps(cloud.created("logs/a.jsonl", lines(rows(2, 5)))))

    call, trouble = lines_of(caplog)
    assert call["rows"] == 5
    assert "no answer" in trouble["why"]
    assert len(cloud.keys("out/churn/state/unsent/application-insights/")) == 1


def test_calls_that_could_not_be_told_are_told_by_a_later_one(cloud, monkeypatch):
    cloud.insights.faults = dict.fromkeys(range(3), 503)
    cloud.app.message(json.dumps(cloud.created("logs/a.jsonl", lines(rows(2, 5)))))
    before = cloud.metric("ml.monitor.ingest.rows")
    cloud.app.timer("evaluate")

    assert (before, cloud.metric("ml.monitor.ingest.rows")) == ([], [5])
    assert cloud.keys("out/churn/state/unsent/") == []


def test_telemetry_may_go_through_microsofts_exporter(cloud, monkeypatch):
    monkeypatch.setenv("ATALAIA_METRICS", "azure-monitor")
    wiring.app.cache_clear()
    cloud.app.message(json.dumps(cloud.created("logs/a.jsonl", lines(rows(2)))))
    cloud.insights.faults, cloud.insights.once = dict.fromkeys(range(1, 50), 429), False
    cloud.app.timer("evaluate")
    cloud.insights.faults = {}
    cloud.app.timer("evaluate")

    told = [event["id"] for name in ("report", "finding") for event in cloud.events(f"ml.monitor.{name}")]
    assert len(told) == len(set(told)) > 3
    assert cloud.metric("ml.monitor.rows") == [600]
    assert cloud.metric("ml.monitor.ingest.rows") == [600]
    assert sorted(cloud.metric("ml.monitor.evaluate.reports")) == [0, 1]
    assert cloud.keys("out/churn/state/unsent/") == []


def test_metrics_may_go_to_a_collector_and_events_to_the_log(cloud, monkeypatch, caplog):
    with otlp_sink() as sink:
        monkeypatch.setenv("ATALAIA_METRICS", "otlp")
        monkeypatch.setenv("ATALAIA_OTLP_ENDPOINT", f"{sink.address}/v1/metrics")
        wiring.app.cache_clear()
        cloud.app.message(json.dumps(cloud.created("logs/a.jsonl", lines(rows(2)))))
        cloud.app.timer("evaluate")

    assert {"ml.monitor.rows", "ml.monitor.ingest.rows"} <= {name for name, *_ in sink.points}
    assert {"service.name": "atalaia", "faas.name": "app", "faas.instance": "one"} in sink.resources()
    assert "ml.monitor.finding" in {event["event"] for event in lines_of(caplog)}
    assert cloud.insights.requests == []


def test_a_topic_hears_of_findings_too(cloud, monkeypatch):
    with event_grid_topic() as (address, heard):
        monkeypatch.setenv("ATALAIA_TOPIC_ENDPOINT", address)
        wiring.app.cache_clear()
        cloud.app.message(json.dumps(cloud.created("logs/a.jsonl", lines(rows(2)))))
        cloud.app.timer("evaluate")

    told = {event["id"]: event for _, _, events in heard for event in events}
    assert set(told) == {
        event["id"] for n in ("report", "finding", "decision") for event in cloud.events(f"ml.monitor.{n}")
    }
    assert {headers["Authorization"] for _, headers, _ in heard} == {"Bearer token"}


def test_monitor_files_of_the_bundle_are_found_wherever_the_worker_was_started(cloud, monkeypatch, tmp_path):
    (tmp_path / "monitors").mkdir()
    text = cloud.storage.blob("GET", f"{cloud.container}/monitors/churn.yaml").body
    (tmp_path / "monitors/churn.yaml").write_bytes(text)
    monkeypatch.delenv("ATALAIA_MONITORS")
    monkeypatch.setenv("AzureWebJobsScriptRoot", str(tmp_path))
    wiring.app.cache_clear()

    assert cloud.app.get("health").status_code == 200


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ATALAIA_METRICS", "statsd", "no such choice. Set one of application-insights, azure-monitor, otlp"),
        ("ATALAIA_DETAIL", "all", "Set one of columns, summary"),
        ("ATALAIA_MONITORS", "nowhere", "no monitor files"),
        ("APPLICATIONINSIGHTS_CONNECTION_STRING", "", "names no place"),
    ],
)
def test_a_wrong_setting_says_what_to_set(cloud, monkeypatch, name, value, told):
    monkeypatch.setenv(name, value)
    wiring.app.cache_clear()

    with pytest.raises(AtalaiaError, match=told):
        cloud.app.timer("evaluate")


def test_calls_of_one_process_take_turns(cloud):
    here = wiring.app().runtime
    order = itertools.count()
    seen = []

    def call():
        with here.invocation("status", None):
            seen.append(("in", next(order)))
            seen.append(("out", next(order)))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [step for step, _ in seen] == ["in", "out"] * 4


def test_what_must_be_approved_is_started_when_its_link_was_posted(cloud, monkeypatch):
    monkeypatch.setenv("ATALAIA_APPROVAL_URL", "https://app.example/api/approve")
    monkeypatch.setenv("ATALAIA_APPROVAL_KEY", "env:LINKS")
    monkeypatch.setenv("LINKS", "k" * 32)
    app = FunctionApp()
    cloud.monitor("churn", TEXT.replace("{source: logs}", "{source: 'az://CONTAINER/logs'}"), more="approval: true, ")
    cloud.created("logs/a.jsonl", drifted(2))
    app.blob(cloud.container, "logs/a.jsonl")
    app.timer("evaluate")
    (link,) = [event["approve"] for event in cloud.events("ml.monitor.approval")]

    (trigger, *_) = app.bindings("approve")
    pages = [app.follow("approve", method, link) for method in ("GET", "POST", "POST")]
    before = len(cloud.learning.jobs)
    app.timer("evaluate")

    assert (trigger["authLevel"], sorted(trigger["methods"])) == ("ANONYMOUS", ["GET", "POST"])
    assert [page.status_code for page in pages] == [200, 200, 409]
    assert pages[0].headers["cache-control"] == "no-store"
    assert (before, len(cloud.learning.jobs)) == (0, 1)


@pytest.mark.parametrize(
    ("target", "starter"),
    [
        ({"azureml_job": AzuremlJob(WORKSPACE, {"jobType": "Command"})}, "MachineLearningStarter"),
        ({"azureml_batch": AzuremlBatch(WORKSPACE, "score")}, "BatchInvoker"),
        ({"azureml_traffic": AzuremlTraffic(WORKSPACE, "credit", {"blue": 100})}, "TrafficShifter"),
        ({"event_grid_topic": "https://t.westeurope-1.eventgrid.azure.net/api/events"}, "TopicNotifier"),
        ({"file": True}, "StoredJobs"),
    ],
)
def test_every_target_of_azure_has_a_starter(cloud, target, starter):
    policy = Policy("p", "drifted > 0.3", **target)

    assert type(wiring.app().cloud.starter_of(policy, MemoryStore())).__name__ == starter


def test_what_is_of_aws_has_none(cloud):
    with pytest.raises(JobError, match="Azure starts no `pipeline`"):
        wiring.app().cloud.starter_of(Policy("p", "drifted > 0.3", pipeline="p"), MemoryStore())


def test_references_to_a_vault_are_read_there(cloud):
    with pytest.raises(JobError, match=r"keyvault:https://VAULT\.vault\.azure\.net/secrets/NAME"):
        wiring.app().cloud.secret("keyvault:https://example.com/secrets/x")
