"""Functions on the emulated Azure: each trigger, in Microsoft's worker library, in processes that come and go."""

import json
import os
import signal

import pytest
from azure_emulators import write_app
from emulators import until

SOURCE = """
import json, logging, os, time
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

def tell(**what):
    print("TOLD " + json.dumps(what), flush=True)

@app.blob_trigger("blob", path="%LOGS%/{model}/{name}.jsonl", connection="AzureWebJobsStorage", source="EventGrid")
@app.queue_output(arg_name="out", queue_name="%JOBS%", connection="AzureWebJobsStorage")
def on_blob(blob: func.InputStream, out: func.Out[str]) -> None:
    out.set(json.dumps({"id": blob.name.rpartition("/")[2], "rows": blob.read().count(b"\\n"), "length": blob.length}))

@app.queue_trigger(arg_name="message", queue_name="%JOBS%", connection="AzureWebJobsStorage")
@app.blob_output(arg_name="result", path="%LOGS%/results/{id}.json", connection="AzureWebJobsStorage")
def on_job(message: func.QueueMessage, result: func.Out[str], context: func.Context) -> None:
    job = message.get_json()
    if job.get("fail"):
        tell(job=job["id"], tried=message.dequeue_count)
        raise ValueError("this job cannot be done")
    if job.get("seconds"):
        tell(job=job["id"], instance=os.environ["WEBSITE_INSTANCE_ID"], process=os.getpid())
        time.sleep(job["seconds"])
    logging.getLogger("jobs").warning("job %s", job["id"])
    result.set(json.dumps({"done": job}))

@app.event_grid_trigger(arg_name="event")
def on_event(event: func.EventGridEvent) -> None:
    tell(event=event.id, subject=event.subject, type=event.event_type, data=event.get_json())

@app.route(route="hello/{name?}", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS)
def hello(req: func.HttpRequest) -> func.HttpResponse:
    body = {"name": req.route_params.get("name"), "query": dict(req.params), "body": req.get_body().decode()}
    return func.HttpResponse(json.dumps(body), status_code=202, headers={"x-own": "1", "Set-Cookie": "a=b"})

@app.route(route="guarded")
def guarded(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("in")

@app.route(route="environment")
def environment(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(dict(os.environ)))

@app.route(route="failing", auth_level=func.AuthLevel.ANONYMOUS)
def failing(req: func.HttpRequest) -> func.HttpResponse:
    raise RuntimeError("as it must")
"""


@pytest.fixture(scope="module")
def app(azure, tmp_path_factory):
    container = azure.container().container_name
    folder = write_app(tmp_path_factory.mktemp("app"), SOURCE)
    app = azure.deploy("triggers", folder, settings={"LOGS": container, "JOBS": "jobs"}, instances=2)
    app.logs = container
    subject = f"/blobServices/default/containers/{container}/blobs/in/"
    created = ["Microsoft.Storage.BlobCreated"]
    for name, function in (("to-blobs", "on_blob"), ("to-events", "on_event")):
        endpoint = {"app": "triggers", "function": function}
        azure.subscribe(name, "storage", endpoint, event_types=created, subject_begins=subject)
    yield app
    for name in ("to-blobs", "to-events"):
        azure.unsubscribe(name)
    app.remove()


def result(azure, app, name, seconds=20):
    """The content of a result, once it is there."""
    blob = azure.blobs.get_blob_client(app.logs, f"results/{name}.json")
    assert until(blob.exists, seconds), app.log()
    return json.loads(blob.download_blob().readall())


def test_all_functions_are_found_with_their_groups(app):
    groups = {name: each["group"] for name, each in app.made["functions"].items()}

    assert groups == {
        "on_blob": "blob",
        "on_job": "function:on_job",
        "on_event": "function:on_event",
        "hello": "http",
        "guarded": "http",
        "environment": "http",
        "failing": "http",
    }
    assert app.made["faults"] == []


def test_a_blob_goes_through_two_functions_to_another_blob(azure, app):
    azure.blobs.get_blob_client(app.logs, "in/first.jsonl").upload_blob(b'{"x": 1}\n{"x": 2}\n')

    assert result(azure, app, "first.jsonl") == {"done": {"id": "first.jsonl", "rows": 2, "length": 18}}


def test_an_event_reaches_its_function_with_what_happened(azure, app):
    azure.blobs.get_blob_client(app.logs, "in/told.txt").upload_blob(b"12345")

    def told():
        return [each for each in app.told() if each.get("subject", "").endswith("told.txt")]

    assert until(told)
    assert told()[0]["type"] == "Microsoft.Storage.BlobCreated"
    assert told()[0]["data"]["contentLength"] == 5


def test_an_http_function_gets_places_queries_and_bodies(app):
    status, body = app.call("/api/hello/you?a=1", method="POST", body=b"text")

    assert status == 202
    assert json.loads(body) == {"name": "you", "query": {"a": "1"}, "body": "text"}
    assert json.loads(app.call("/api/hello")[1])["name"] is None
    assert app.call("/api/nothing")[0] == 404
    assert app.call("/api/failing")[0] == 500


def test_a_guarded_function_wants_its_key_the_hosts_or_the_master(app):
    keys = app.made["keys"]
    own = app.made["functions"]["guarded"]["key"]

    assert app.call("/api/guarded")[0] == 401
    assert app.call("/api/guarded", key="guessed")[0] == 401
    assert app.call("/api/guarded", key=app.made["functions"]["environment"]["key"])[0] == 401
    assert [app.call("/api/guarded", key=key)[0] for key in (own, keys["default"], keys["master"])] == [200, 200, 200]
    assert app.call(f"/api/guarded?code={own}") == (200, b"in")
    assert app.call("/runtime/webhooks/blobs?functionName=Host.Functions.on_blob&code=guessed", method="POST")[0] == 401


def test_an_instance_sees_what_azure_gives_and_nothing_of_the_caller(app):
    seen = json.loads(app.call("/api/environment", key=app.made["keys"]["default"])[1])

    assert seen["AzureWebJobsStorage"] == app.azure.connection_string
    assert seen["LOGS"] == app.logs
    assert seen["HTTPS_PROXY"] == "http://127.0.0.1:9"
    assert {"WEBSITE_INSTANCE_ID", "IDENTITY_ENDPOINT", "APPLICATIONINSIGHTS_CONNECTION_STRING"} <= set(seen)
    assert "PYTEST_CURRENT_TEST" not in seen


def test_a_message_that_always_fails_goes_to_the_poison_queue_after_five_tries(azure, app):
    azure.send("jobs", json.dumps({"id": "bad", "fail": True}))

    assert [json.loads(each)["id"] for each in azure.bodies("jobs-poison")] == ["bad"]
    assert [each["tried"] for each in app.told() if each.get("job") == "bad"] == [1, 2, 3, 4, 5]


def test_a_message_whose_worker_dies_is_tried_again_at_once(azure, app):
    azure.send("jobs", json.dumps({"id": "survivor", "seconds": 1}))
    assert until(lambda: processes_of(app, "survivor"))

    os.kill(processes_of(app, "survivor")[0], signal.SIGKILL)

    assert result(azure, app, "survivor") == {"done": {"id": "survivor", "seconds": 1}}
    assert len(processes_of(app, "survivor")) == 2
    assert "WorkerProcessExitException" in app.log()


def processes_of(app, job):
    return [each["process"] for each in app.told(0) if each.get("job") == job]


def test_a_message_whose_instance_is_lost_comes_back_when_its_time_is_up(azure, app):
    azure.send("jobs", json.dumps({"id": "lost", "seconds": 1}))
    assert until(lambda: processes_of(app, "lost"))
    before = app.now()["counts"]["lost"]

    azure.admin("POST", "/kill", {"process": processes_of(app, "lost")[0]})

    assert result(azure, app, "lost", 30) == {"done": {"id": "lost", "seconds": 1}}
    assert app.now()["counts"]["lost"] == before + 1


def test_many_messages_start_a_second_instance_and_no_third(azure, app):
    for number in range(60):
        azure.send("jobs", json.dumps({"id": f"many-{number}", "seconds": 1}))

    def names():
        return {each["name"] for each in app.now()["instances"] if each["name"].startswith("function:on_job")}

    assert until(lambda: len(names()) == 2)
    assert result(azure, app, "many-59", 60)
    assert len(names()) <= 2
