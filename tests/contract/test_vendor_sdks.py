"""Servers that the starters are tested at answer vendors' own clients, too, each of which runs as a process.

They are in an environment of their own, `make build/vendors`. Boto's client is in ours: it is what starts jobs on AWS.
"""

import contextlib
import json
import sys

import pytest
from arm import LEARNING, arm, token_for
from azure_starters import batch, command, traffic
from databricks_server import JOB as DATABRICKS_JOB
from databricks_server import Databricks
from devops_server import PIPELINE, PROJECT, DevOps
from event_grid import event_grid_topic
from github_server import REPOSITORY, WORKFLOW, GitHub
from hooks_server import CHANNELS, Hooks
from key_vault import key_vault
from vendor_sdks import by_sdk
from web_service import TOKEN, posted, serving
from web_starters import started_at, starter_of

from atalaia.ports import Job
from atalaia_azure.topics import TopicNotifier, grid
from atalaia_azure.vaults import Vaults
from atalaia_functions.naming import job_name

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="make installs the vendors' clients on Linux alone")

JOB = Job("credit-scoring", "drift", "20260301T000000Z", {"window": "20260301T000000Z"})
IN_AZURE = Job("credit-scoring", "drift", "first")  # its client puts the names of commands into small letters
SHIFTED = {"blue": 10, "green": 90}
VERSION = "0123456789abcdef" * 2
KEYED = {"token": TOKEN, "key": JOB.id}
SERVED = {
    "databricks-sdk": (Databricks, {**KEYED, "job": DATABRICKS_JOB}),
    "PyGithub": (GitHub, {**KEYED, "repository": REPOSITORY, "workflow": WORKFLOW}),
    "azure-devops": (DevOps, {**KEYED, "project": PROJECT, "pipeline": PIPELINE}),
    "slack_sdk": (Hooks, {"channel": CHANNELS["slack"]}),
}
KINDS = {
    "databricks": "databricks-sdk",
    "github-workflow": "PyGithub",
    "github-event": "PyGithub",
    "github-issue": "PyGithub",
    "azure-devops": "azure-devops",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def driven(home):
    """Return a function from a client's name to the server that it was driven at, and what it made of the answers."""
    found = {}

    def of(sdk):
        if sdk not in found:
            make, given = SERVED[sdk]
            service = running.enter_context(serving(make()))
            service.plan = ["lost"] if sdk == "databricks-sdk" else []
            found[sdk] = service, by_sdk(home, sdk, getattr(service, "organization", service.address), **given)
        return found[sdk]

    with contextlib.ExitStack() as running:
        yield of


def test_databricks_knows_the_token_of_a_run_whose_answer_was_lost(driven):
    service, told = driven("databricks-sdk")

    assert told["runs"] == [1000, 1000]
    assert [run["asked"]["idempotency_token"] for run in service.runs.values()] == [JOB.id]
    assert [json.loads(each["body"]) for each in posted(service)[:2]] == [service.runs[JOB.id]["asked"]] * 2


def test_databricks_refuses_its_own_client_in_words_that_it_knows(driven):
    _, told = driven("databricks-sdk")

    assert told["wrong token"][0] == "PermissionDenied"
    assert told["wrong token"][1].startswith("Invalid access token.")
    assert told["wrong job"] == ["InvalidParameterValue", f"Job {DATABRICKS_JOB + 1} does not exist."]
    assert told["long key"] == ["InvalidParameterValue", "too long"]


def test_githubs_client_starts_and_finds_runs_and_issues(driven):
    service, told = driven("PyGithub")

    first, second, of_event = [run["html_url"] for run in service.runs[:3]]
    assert told["run"] == first
    assert told["without details"] is told["event"] is True
    assert told["runs"] == [second, first]
    assert told["of event"] == [of_event]
    assert told["issues"] == [told["issue"]] == [service.issues[0]["html_url"]]


def test_github_refuses_its_own_client_in_words_that_it_knows(driven):
    _, told = driven("PyGithub")

    assert told["wrong token"][0] == "BadCredentialsException"
    assert told["wrong repository"][0] == "UnknownObjectException"
    assert told["wrong input"][0] == told["no title"][0] == "GithubException"
    assert told["wrong input"][1].startswith("Unexpected inputs provided: ['unknown']: 422 ")
    assert told["no title"][1].startswith("Validation Failed: 422 ")


def test_azure_devops_client_starts_a_run_and_finds_it_by_its_number(driven):
    service, told = driven("azure-devops")

    [run] = service.runs[:1]
    assert told["run"] == [run["id"], JOB.id, "inProgress"]
    assert told["builds"] == [[run["id"], JOB.id]]


def test_azure_devops_refuses_its_own_client_in_words_that_it_knows(driven):
    _, told = driven("azure-devops")

    assert told["wrong token"] == ["DeserializationError", "Cannot deserialize content-type: text/html"]  # to sign in
    assert told["wrong pipeline"] == ["AzureDevOpsServiceError", f"Pipeline with id {PIPELINE + 1} not found."]
    assert told["wrong parameter"] == ["AzureDevOpsServiceError", "Unexpected parameter 'unknown'"]


@pytest.mark.parametrize(
    ("sdk", "state", "since", "refused"),
    [
        ("databricks-sdk", "RUNNING", 1_772_406_000_000, "ResourceDoesNotExist"),
        ("PyGithub", "in_progress", "2026-03-01T23:00:00+00:00", "UnknownObjectException"),
        ("azure-devops", "inProgress", "2026-03-01T23:00:00+00:00", "AzureDevOpsServiceError"),
    ],
)
def test_a_vendors_client_hears_what_has_become_of_a_run(driven, sdk, state, since, refused):
    _, told = driven(sdk)

    assert told["course"] == [state, since]
    assert told["wrong run"][0] == refused


def test_a_channel_shows_what_slacks_client_sends_and_refuses_what_is_no_block(driven):
    service, told = driven("slack_sdk")

    assert told == {
        "message": [200, "ok"],
        "wrong block": [400, "invalid_blocks"],
        "wrong channel": [404, "no_service"],
    }
    [message] = service.messages["slack"]
    assert [block["type"] for block in message["blocks"]] == ["header", "section"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_vendors_client_started_is_not_started_again(driven, kind):
    service, told = driven(KINDS[kind])
    before = len(started_at(kind, service))

    name = starter_of(kind, service).start(JOB)

    assert len(started_at(kind, service)) == before > 0
    assert (
        name
        in {
            "databricks": [str(told["runs"][0])] if kind == "databricks" else (),
            "github-workflow": told.get("runs"),
            "github-event": [f"{REPOSITORY} drifted {JOB.id}"],
            "github-issue": [told.get("issue")],
            "azure-devops": [f"{getattr(service, 'organization', '')}/Risk%20models/_build/results?buildId=1"],
        }[kind]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_posted_goes_where_the_vendors_client_posts_it_in_the_same_fields(driven, kind):
    service, _ = driven(KINDS[kind])
    theirs = [(place(each), set(json.loads(each["body"]))) for each in posted(service) if each["status"] < 300]

    with serving(type(service)()) as ours:
        starter_of(kind, ours).start(JOB)

    [asked] = posted(ours)
    assert (place(asked), set(json.loads(asked["body"]))) in theirs


def place(asked):
    """The path that was asked for, in which a workflow may be a name or a number."""
    return asked["url"].partition("?")[0].replace("/161335/", f"/{WORKFLOW}/")


@pytest.fixture(scope="module")
def topic(home):
    event = {"id": JOB.id, "event_type": "ml.monitor.policy", "subject": "s", "data": {}, "data_version": "1"}
    with event_grid_topic(plan=[503]) as (address, heard):
        yield address, heard, by_sdk(home, "azure-eventgrid", address, event=event)


def test_a_topic_takes_what_azure_eventgrid_publishes_and_tries_again(topic):
    _, heard, told = topic

    assert [events[0]["id"] for _, _, events in heard[:2]] == [JOB.id, JOB.id]
    assert [headers.get("aeg-sas-key") for _, headers, _ in heard[:2]] == [None, "key"]
    assert told["no version"][0] == "HttpResponseError"
    assert told["no version"][1].startswith("(BadRequest) lacking: ['dataVersion']")


def test_a_topic_is_asked_as_azure_eventgrid_asks(topic):
    address, heard, _ = topic
    TopicNotifier(address, grid(token_for)).start(JOB)

    (path, headers, [event]), *_, (our_path, our_headers, [ours]) = heard
    assert our_path == path
    assert our_headers["authorization"] == headers["authorization"]
    assert ours.keys() == event.keys()


def test_a_vault_is_asked_as_azure_keyvault_secrets_asks(home):
    with key_vault(token_for("https://vault.azure.net")) as vault:
        vault.secrets = {"github-token": "newest", f"github-token/{VERSION}": "older"}
        names = [["github-token"], ["github-token", VERSION]]
        told = by_sdk(home, "azure-keyvault-secrets", vault.address, names=names)
        asked, vault.seen = vault.seen, []
        vaults = Vaults(token_for, lambda _: vault.address)
        ours = [vaults.secret(f"https://v-1.vault.azure.net/secrets/{'/'.join(name)}") for name in names]

    assert told["values"] == ours == ["newest", "older"]
    assert told["absent"][0] == "ResourceNotFoundError"
    assert [trimmed(each) for each in asked[1:3]] == [trimmed(each) for each in vault.seen]  # [0] asks whose tokens


def trimmed(seen):
    method, path, query = seen
    return method, path.rstrip("/"), query


@pytest.fixture(scope="module")
def azure(home):
    """An Azure Resource Manager in which its own client did what our starters do for a job."""
    given = {"workspace": ["s", "g", "w"], "name": job_name(IN_AZURE), "traffic": SHIFTED, "endpoint": "credit"}
    with arm() as running:
        running.token = lambda of: token_for(LEARNING if of == LEARNING else "https://arm.example")
        told = by_sdk(home, "azure-ai-ml", running.address, **given, batch="score", deployment="green")
        running.token = token_for
        yield running, told


def test_azure_mls_client_reads_what_it_did(azure):
    _, told = azure

    name = job_name(IN_AZURE)
    assert told["job"] == [name, "NotStarted"]
    assert told["seen"] == [name, "NotStarted", "python train.py"]
    assert told["jobs"] == [name]
    assert told["deployments"] == ["blue", "green"]
    assert (told["before"], told["after"]) == ({"blue": 100, "green": 0}, SHIFTED)
    assert told["absent"][0] == told["absent endpoint"][0] == "ResourceNotFoundError"


@pytest.mark.parametrize(
    ("starter", "name"),
    [
        (command, lambda told: told["job"][0]),
        (lambda azure: batch(azure, deployment="green"), lambda told: told["invoked"]),
        (lambda azure: traffic(azure, SHIFTED), lambda _: job_name(IN_AZURE)),
    ],
    ids=["command", "batch", "traffic"],
)
def test_what_azure_mls_client_did_is_not_done_again(azure, starter, name):
    service, told = azure

    assert starter(service).start(IN_AZURE) == name(told)
    assert (len(service.jobs), len(service.asked), service.shifts) == (2, 1, 1)
