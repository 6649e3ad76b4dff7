"""What an instance may take: time, memory, a start; and what a deployment may not bring."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from azure_emulators import write_app
from emulators import until

SOURCE = """
import json, os, time
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

@app.route(route="sleep")
def sleep(req: func.HttpRequest) -> func.HttpResponse:
    time.sleep(float(req.params["seconds"]))
    return func.HttpResponse(str(os.getpid()))

@app.route(route="fill")
def fill(req: func.HttpRequest) -> func.HttpResponse:
    held = [bytearray(b"x" * (1 << 20)) for _ in range(int(req.params["mb"]))]
    time.sleep(0.2)
    return func.HttpResponse(str(len(held)))
"""
DEFERRED = """
import json
import azure.functions as func
import azurefunctions.extensions.bindings.blob as blob

app = func.FunctionApp()

@app.blob_trigger(arg_name="client", path="%LOGS%/{name}", connection="AzureWebJobsStorage", source="EventGrid")
def fetching(client: blob.BlobClient) -> None:
    content = client.download_blob().readall().decode()
    print("TOLD " + json.dumps([type(client).__name__, client.get_blob_properties().name, content]), flush=True)
"""


def test_a_function_that_takes_too_long_fails_and_its_worker_is_started_anew(azure, tmp_path):
    app = azure.deploy("slow-http", write_app(tmp_path, SOURCE, functionTimeout="00:00:01"))

    first = app.call("/api/sleep?seconds=0")
    late = app.call("/api/sleep?seconds=5")
    next_one = app.call("/api/sleep?seconds=0")
    app.remove()

    assert (first[0], late[0], next_one[0]) == (200, 500, 200)
    assert next_one[1] != first[1]
    assert "FunctionTimeoutException: Timeout value of 1 s exceeded" in app.log()


def test_an_instance_above_its_memory_is_killed(azure, tmp_path):
    app = azure.deploy("filling", write_app(tmp_path, SOURCE), memory_mb=128)

    small, large, next_one = (app.call(f"/api/fill?mb={mb}")[0] for mb in (10, 300, 10))
    app.remove()

    assert (small, large, next_one) == (200, 500, 200)
    assert "more than 128 MiB of memory" in app.log()


def test_an_idle_instance_goes_and_the_next_call_starts_another(azure, tmp_path):
    app = azure.deploy("idle", write_app(tmp_path, SOURCE))
    first = app.call("/api/sleep?seconds=0")[1]

    gone = until(lambda: app.now()["instances"] == [], 30)
    second = app.call("/api/sleep?seconds=0")[1]
    app.remove()

    assert gone
    assert second != first


def test_calls_at_the_same_time_get_an_instance_each_up_to_the_most(azure, tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    app = azure.deploy("wide", write_app(tmp_path, SOURCE), instances=2)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: app.call("/api/sleep?seconds=0.5"), range(4)))
    app.remove()

    assert [status for status, _ in answers] == [200] * 4
    assert len({process for _, process in answers}) == 2


def test_a_function_may_fetch_its_blob_by_itself(azure, tmp_path):
    # only found: imported, it would be this process's own type for blobs
    found = [find_spec(name) for name in ("azurefunctions.extensions.bindings.blob", "typing_extensions")]
    packages = {Path(found[0].origin).parents[4], Path(found[1].origin).parent}
    logs = azure.container().container_name
    app = azure.deploy("fetching", write_app(tmp_path, DEFERRED), settings={"LOGS": logs}, packages=packages)
    subject = f"/blobServices/default/containers/{logs}/"
    azure.subscribe("fetching", "storage", {"app": "fetching", "function": "fetching"}, subject_begins=subject)
    azure.blobs.get_blob_client(logs, "a.jsonl").upload_blob(b"content")

    told = app.told(1)
    azure.unsubscribe("fetching")
    app.remove()

    assert told == [["BlobClient", "a.jsonl", "content"]]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": "no name"}, "is no name"),
        ({"folder": "/nowhere"}, "has no host.json"),
        ({"settings": {"HTTPS_PROXY": "http://192.0.2.1:3128"}}, "HTTPS_PROXY"),
        ({"settings": {"AZURE_STORAGE_ENDPOINT": "https://real.blob.core.windows.net"}}, "not on this machine"),
        ({"memory_mb": 0}, "above 0"),
    ],
)
def test_a_wrong_deployment_says_what_is_wrong(azure, tmp_path, change, word):
    request = {"name": "wrong", "folder": str(write_app(tmp_path, SOURCE)), **change}

    status, answer = azure.admin_answer("POST", "/apps", request)

    assert status == 400
    assert word in answer["error"]


def test_an_application_that_cannot_be_imported_says_so(azure, tmp_path):
    folder = write_app(tmp_path, "import nothing_of_that_name")

    status, answer = azure.admin_answer("POST", "/apps", {"name": "broken", "folder": str(folder)})

    assert status == 400
    assert "nothing_of_that_name" in answer["error"]


LEAVING = """
import json, socket, urllib.request
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

def attempt(work):
    try:
        work()
        return "got out"
    except Exception as error:
        return f"{type(error).__name__}: {error}"

@app.route(route="leave")
def leave(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(json.dumps({
        "address": attempt(lambda: socket.create_connection(("192.0.2.1", 443), 2)),
        "metadata": attempt(lambda: socket.create_connection(("169.254.169.254", 80), 2)),
        "name": attempt(lambda: socket.getaddrinfo("example.com", 443)),
        "url": attempt(lambda: urllib.request.urlopen("https://example.com", timeout=2)),
    }))
"""


def test_a_function_cannot_turn_to_another_machine(azure, tmp_path):
    app = azure.deploy("leaving", write_app(tmp_path, LEAVING))

    answers = json.loads(app.call("/api/leave")[1])
    app.remove()

    assert "got out" not in answers.values()
    for way in ("address", "metadata", "name"):
        assert answers[way].startswith("PermissionError: the emulator lets nothing leave this machine"), way
    assert "refused to turn to 169.254.169.254" in app.log()
