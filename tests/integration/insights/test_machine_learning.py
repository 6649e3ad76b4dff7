"""Azure ML's jobs, as its own client and plain requests see them."""

import uuid

import pytest
from azure_ml import JOB, PREFIX, WORKSPACE, Arm, of_client

from atalaia.policies import AzuremlBatch, AzuremlTraffic, Policy
from atalaia.ports import Job
from atalaia_azure.identity import Identity
from atalaia_azure.targets import azure_starter
from atalaia_functions.naming import job_name


@pytest.fixture
def arm(azure):
    return Arm(azure)


def named():
    return f"j{uuid.uuid4().hex}"


PASSED = [("RunStatusChanged", status) for status in ("NotStarted", "Preparing", "Running", "Completed")]
WHOLE = [*PASSED, ("RunCompleted", None)]


def test_azures_own_client_submits_follows_and_cancels(azure):
    told = of_client(azure, "jobs")

    changed = told.pop("changed")
    assert changed[0] == 400
    assert "A job with this name already exists." in changed[1]
    assert "Inputs cannot be changed" in changed[1]
    assert told.pop("missing")[0] == 404
    assert told == {
        "environment": "1",
        "latest": "1",
        "command": ["one", "NotStarted", "retrain", {"atalaia.policy": "p"}],
        "again": True,
        "cancelled": "Canceled",
        "pipeline": ["NotStarted", ["retrain"], "Completed"],
        "ended": "Completed",
        "listed": ["one", "two"],
        "batch": "Completed",
        "model": "3",
    }


@pytest.fixture
def starter(azure, monkeypatch):
    """Return what starts jobs at the emulator as a function app does."""
    monkeypatch.setenv("SSL_CERT_FILE", azure.certificate)
    token = Identity(azure.variables).token

    def of(**target):
        return azure_starter(Policy("drift", "drifted > 0.3", **target), azure.secure, token)

    return of


def test_we_invoke_and_shift_as_azures_own_client_does(azure, arm, starter):
    job = Job(f"m{uuid.uuid4().hex[:8]}", "drift", "20260301T000000Z", {"why": "drift"})
    arm("PUT", "/batchEndpoints/nightly", {"properties": {}})
    arm("PUT", "/batchEndpoints/nightly/deployments/blue", {"properties": {}})
    theirs = of_client(azure, "endpoints", "theirs")
    online = arm("GET", "/onlineEndpoints/theirs").json()
    for name in ("blue", "green"):
        arm("PUT", f"/onlineEndpoints/ours/deployments/{name}", {"properties": {}})
    arm("PUT", "/onlineEndpoints/ours", {**online, "properties": online["properties"] | {"traffic": {"blue": 100}}})
    data = {"data": {"jobInputType": "UriFolder", "uri": "https://account.blob.core.windows.net/data"}}

    invoker = starter(azureml_batch=AzuremlBatch(WORKSPACE, "nightly", "blue", data))
    ours = [invoker.start(job), invoker.start(job)]
    starter(azureml_traffic=AzuremlTraffic(WORKSPACE, "ours", theirs["traffic"])).start(job)

    assert ours[0] == ours[1]
    told, known = (arm("GET", f"/jobs/{name}").json()["properties"] for name in (ours[0], theirs["job"]))
    assert told.pop("experimentName") == job_name(job)
    assert known.pop("experimentName") == "theirs"
    for each in ("displayName", "services", "status"):
        del told[each], known[each]
    assert told == known
    shifted = arm("GET", "/onlineEndpoints/ours").json()
    assert shifted["properties"] == online["properties"]
    assert {key: shifted[key] for key in ("location", "tags")} == {key: online[key] for key in ("location", "tags")}


def test_a_job_passes_its_phases_and_tells_of_each(azure, arm):
    name = named()

    first = arm.put(name)

    assert first.status_code == 201
    assert first.json()["properties"]["status"] == "NotStarted"
    assert arm.ended(name) == "Completed"
    assert arm.told(name, len(WHOLE)) == WHOLE


def test_events_have_the_form_that_event_grid_gives_them(azure, arm):
    name = named()
    arm.put(name, tags={"a": "b"}, properties={"c": "d"})

    event = azure.told_of(name)[0]

    assert event["topic"] == WORKSPACE
    assert event["subject"] == f"experiments/{event['data']['experimentId']}/runs/{name}"
    assert {"id", "eventTime", "dataVersion", "metadataVersion"} <= event.keys()
    about = {key: event["data"][key] for key in ("experimentName", "runId", "runTags", "runProperties", "runStatus")}
    expected = {"experimentName": "retrain", "runId": name, "runTags": {"a": "b"}, "runProperties": {"c": "d"}}
    assert about == expected | {"runStatus": "NotStarted"}


def test_the_same_job_put_again_is_the_same_job(azure, arm):
    name = named()

    first, second = arm.put(name), arm.put(name)

    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["systemData"]["createdAt"] == first.json()["systemData"]["createdAt"]
    arm.ended(name)
    assert arm.put(name).json()["properties"]["status"] == "Completed"
    assert arm.told(name, len(WHOLE)) == WHOLE


def test_what_describes_a_job_may_change_and_tags_are_added(azure, arm):
    name = named()
    arm.put(name, tags={"a": "1"})

    changed = arm.put(name, tags={"b": "2"}, description="why", displayName="other").json()["properties"]

    assert (changed["tags"], changed["description"], changed["displayName"]) == ({"a": "1", "b": "2"}, "why", "other")


def test_another_job_of_the_same_name_is_refused(azure, arm):
    name = named()
    arm.put(name)

    refused = arm.put(name, command="python other.py")

    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (400, "UserError")
    assert "the existing job's Command cannot be changed" in error["message"]
    assert error["innerError"]["innerError"]["code"] == "JobPropertyImmutable"


def test_a_cancelled_job_ends_as_cancelled(azure, arm):
    name = named()
    arm.put(name)

    answer = arm("POST", f"/jobs/{name}/cancel")

    assert answer.status_code == 202
    assert arm.ended(name) == "Canceled"
    headers = {"Authorization": f"Bearer {azure.token('https://management.azure.com/')}"}
    assert azure.http.get(answer.headers["Location"], headers=headers).status_code == 200
    assert arm.told(name, 2)[-1] == ("RunStatusChanged", "Canceled")
    assert arm("POST", f"/jobs/{name}/cancel").status_code == 200


def test_a_knob_lets_jobs_fail(calm, arm):
    name = named()
    calm.chaos(ml_outcome="Failed")
    arm.put(name)

    assert arm.ended(name) == "Failed"
    assert arm.told(name, len(PASSED))[-1] == ("RunStatusChanged", "Failed")


def test_a_knob_tells_of_everything_twice(calm, arm):
    name = named()
    calm.chaos(ml_duplicates=1)
    arm.put(name)
    arm.ended(name)

    assert arm.told(name, 2 * len(WHOLE)) == [each for each in WHOLE for _ in range(2)]


def test_a_registered_model_is_told_of_once(azure, arm):
    name = named()

    for _ in range(2):
        arm("PUT", f"/models/{name}/versions/7", {"properties": {"modelUri": "x", "tags": {"a": "b"}}})

    [event] = azure.told_of(f"models/{name}:7")
    assert event["eventType"] == f"{PREFIX}ModelRegistered"
    expected = {"ModelName": name, "ModelVersion": "7", "ModelTags": {"a": "b"}, "ModelProperties": {}}
    assert event["data"] == expected


@pytest.mark.parametrize(
    ("method", "path", "body", "more", "status", "code"),
    [
        ("GET", "/jobs/nosuch", None, {}, 404, "UserError"),
        ("PUT", "/jobs/-bad", {"properties": JOB}, {}, 400, "UserError"),
        ("PUT", "/jobs/good", {"properties": {}}, {}, 400, "UserError"),
        ("PUT", "/jobs/good", {"properties": JOB | {"command": ""}}, {}, 400, "UserError"),
        ("PUT", "/jobs/good", [], {}, 400, "UserError"),
        ("PUT", "/jobs/good", {"properties": JOB}, {"params": {}}, 400, "MissingApiVersionParameter"),
        ("GET", "/environments/nosuch/versions/1", None, {}, 404, "UserError"),
        ("PUT", "/unknown/things", {"properties": {}}, {}, 501, "NotEmulated"),
        ("POST", "/data/d/versions/1/startPendingUpload", {}, {}, 501, "NotEmulated"),
        ("PUT", "/codes/c/versions/1", {"properties": {"codeUri": "https://elsewhere/c"}}, {}, 400, "UserError"),
        ("GET", "", None, {"headers": {}}, 401, "AuthenticationFailed"),
    ],
)
def test_what_arm_refuses(arm, method, path, body, more, status, code):
    answer = arm(method, path, body, **more)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_token_for_another_audience_is_refused(azure, arm):
    headers = {"Authorization": f"Bearer {azure.token('https://storage.azure.com')}"}

    answer = arm("GET", "", headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationTokenAudience")
