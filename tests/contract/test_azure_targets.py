"""What policies start on Azure, beyond what any starter does: what is asked, and what is said when it is refused."""

import json
import time
import uuid

import pytest
import servers
from arm import WORKSPACE, arm, token_for
from azure_starters import COMMAND, FOLDER, batch, command, of_policy, traffic
from event_grid import event_grid_topic
from msgspec.structs import replace

from atalaia.errors import JobError
from atalaia.policies import AzuremlJob, Policy
from atalaia.ports import LONGEST_START, Job
from atalaia_azure import identity
from atalaia_azure.asking import SECONDS, Asker
from atalaia_azure.batch import SEARCH, audience_of
from atalaia_azure.identity import NoTokenError
from atalaia_azure.targets import azure_starter
from atalaia_azure.topics import TopicNotifier, grid
from atalaia_functions.naming import job_name

EVIDENCE = {
    "window": {"start": "2026-03-01T00:00:00Z", "end": "2026-03-02T00:00:00Z"},
    "report": {"uri": "az://out/reports/r.json", "revision": 1, "fingerprint": "f" * 64},
    "baseline": "b1",
    "findings": [{"signal": "data_drift", "column": "age", "value": 0.4}],
}
JOB = Job("credit-scoring", "drift", "20260301T000000Z", {"why": "drift"}, EVIDENCE)
REFUSALS = [
    (429, "TooManyRequests", "tried again with the same id"),
    (503, "ServiceUnavailable", "tried again with the same id"),
    (403, "AuthorizationFailed", "AzureML Data Scientist"),
    (401, "InvalidAuthenticationToken", "AzureML Data Scientist"),
]


@pytest.fixture
def azure():
    with arm() as running:
        yield running


def test_a_command_is_told_why_in_a_variable_and_in_tags(azure):
    name = command(azure).start(JOB)

    told = azure.jobs[name]
    assert json.loads(told["environmentVariables"]["ATALAIA_EVIDENCE"]) == EVIDENCE
    assert told["tags"]["atalaia.report"] == "az://out/reports/r.json"
    assert told["tags"]["atalaia.fingerprint"] == "f" * 64
    assert told["tags"]["atalaia.baseline"] == "b1"


def test_a_batch_endpoint_is_invoked_with_inputs_and_parameters(azure):
    name = batch(azure, deployment="green").start(JOB)

    [(deployment, told)] = azure.asked
    assert deployment == "green"
    assert told == {
        "properties": {
            "inputData": {"data": FOLDER, "why": {"jobInputType": "Literal", "value": "drift"}},
            "properties": {"experimentName": job_name(JOB)},
        }
    }
    assert list(azure.jobs) == [name]


def test_an_invocation_without_a_deployment_goes_to_the_default_one(azure):
    batch(azure).start(JOB)

    assert [deployment for deployment, _ in azure.asked] == ["blue"]


def test_an_invocation_whose_answer_was_lost_is_found_again(azure):
    azure.plan = ["lost"]

    with pytest.raises(JobError, match="tried again with the same id"):
        batch(azure).start(JOB)

    assert [batch(azure).start(JOB)] == list(azure.jobs)


def test_an_invocation_is_found_behind_many_jobs_that_came_later(azure):
    name = batch(azure).start(JOB)
    for number in range(7):
        batch(azure).start(Job("other", "drift", f"2026030{number + 1}T000000Z"))

    assert batch(azure).start(JOB) == name
    assert len(azure.jobs) == 8


def test_jobs_from_before_the_window_are_not_looked_through(azure):
    azure.now = "2026-02-28T00:00:00Z"
    for number in range(9):
        batch(azure).start(Job("other", "drift", f"2026020{number + 1}T000000Z"))
    azure.seen.clear()
    batch(azure).start(JOB)

    assert [path for _, path, _ in azure.seen].count(f"{WORKSPACE}/jobs") == 1


def test_jobs_of_which_no_time_is_told_do_not_end_the_search(azure):
    name = batch(azure).start(JOB)
    azure.now = "the latest"
    for number in range(3):
        batch(azure).start(Job("other", "drift", f"2026030{number + 1}T000000Z"))

    assert batch(azure).start(JOB) == name


def test_a_refusal_that_repeats_a_token_is_told_of_without_it(azure):
    token = "eyJ" + "hbGciOiJSUzI1NiJ9.eyJ" + "hdWQiOiJhcm0ifQ.c2ln"
    azure.plan = [(400, token)]

    with pytest.raises(JobError, match="HTTP status 400") as refused:
        batch(azure).start(JOB)

    assert token not in str(refused.value)


@pytest.mark.parametrize(("status", "code", "advice"), REFUSALS)
def test_a_refused_invocation_says_what_to_do(azure, status, code, advice):
    azure.plan = [(status, code)]

    with pytest.raises(JobError, match=rf"batch endpoint score: HTTP status {status} \({code}.*{advice}"):
        batch(azure).start(JOB)

    assert batch(azure).start(JOB) in azure.jobs


@pytest.mark.parametrize("changes", [{"endpoint": "none"}, {"deployment": "none"}])
def test_an_endpoint_or_deployment_that_is_not_there_is_to_be_corrected(azure, changes):
    with pytest.raises(JobError, match=r"Correct the policy's `azureml_batch`"):
        batch(azure, **changes).start(JOB)


def test_an_invocation_whose_answer_names_nothing_is_found_again(azure, monkeypatch):
    monkeypatch.setattr(azure, "_planned", lambda: (None, (200, {})))
    with pytest.raises(JobError, match=r"the answer names no job.*tried again with the same id"):
        batch(azure).start(JOB)
    monkeypatch.undo()

    assert batch(azure).start(JOB) in azure.jobs


@pytest.mark.parametrize("told", [{"value": [None]}, {"value": [{}]}, {"value": {"a": 1}}])
def test_a_list_that_is_not_what_azure_answers_is_tried_again(azure, monkeypatch, told):
    monkeypatch.setattr(azure, "_listed", lambda _skip: (200, told))

    with pytest.raises(JobError, match=r"not what this service answers.*tried again with the same id"):
        batch(azure).start(JOB)


@pytest.mark.parametrize("told", [{"value": [None]}, {"value": [{}]}, {"value": "x"}])
def test_deployments_that_are_not_what_azure_answers_are_asked_for_again(azure, monkeypatch, told):
    monkeypatch.setattr("arm._deployment", lambda *_: None)
    online = azure._online
    monkeypatch.setattr(azure, "_online", lambda m, names, *more: (200, told) if names[1:] else online(m, names, *more))

    with pytest.raises(JobError, match=r"not what this service answers.*tried again with the same id"):
        traffic(azure, {"green": 100}).start(JOB)


@pytest.mark.parametrize("starter", [command, batch, lambda azure: traffic(azure, {"green": 100})])
def test_a_resource_group_may_have_letters_of_any_language(azure, monkeypatch, starter):
    workspace = WORKSPACE.replace("/g/", "/größe(1)/")
    monkeypatch.setattr("arm.WORKSPACE", workspace)
    monkeypatch.setattr("azure_starters.WORKSPACE", workspace)

    assert starter(azure).start(JOB)


def test_an_endpoint_that_is_not_ready_has_no_address(azure, monkeypatch):
    monkeypatch.setattr(azure, "_batch", lambda *_: (200, {"properties": {"scoringUri": "http://plain.example"}}))

    with pytest.raises(JobError, match="no address over https"):
        batch(azure).start(JOB)


def test_a_list_that_goes_on_elsewhere_is_not_followed(azure, monkeypatch):
    elsewhere = {"value": [], "nextLink": "http://127.0.0.1:1/jobs"}
    monkeypatch.setattr(azure, "_listed", lambda _skip: (200, elsewhere))

    with pytest.raises(JobError, match="is not Azure Resource Manager"):
        batch(azure).start(JOB)


def test_a_list_without_end_is_given_up(azure, monkeypatch):
    again = {"value": [], "nextLink": f"{azure.address}{WORKSPACE}/jobs?api-version=x"}
    monkeypatch.setattr(azure, "_listed", lambda _skip: (200, again))

    with pytest.raises(JobError, match=r"cannot be looked through in 0\.2 s.*workspace of its own"):
        replace(batch(azure), search=0.2).start(JOB)


def test_a_start_ends_before_another_evaluator_may_begin_one():
    token = identity._SECONDS  # each audience has one, which is kept

    assert 3 * SECONDS + token <= LONGEST_START
    assert SEARCH + 1 + 2 * SECONDS + 2 * token <= LONGEST_START


def test_an_answer_that_is_no_json_is_asked_for_again(azure, monkeypatch):
    monkeypatch.setattr(azure, "_listed", lambda _skip: (200, []))

    with pytest.raises(JobError, match="no JSON object"):
        batch(azure).start(JOB)


def test_who_cannot_be_reached_may_have_started_it():
    nowhere = Asker(f"http://127.0.0.1:{servers.free_port()}", token_for, "", "")
    starter = azure_starter(
        Policy("drift", "drifted > 0.3", azureml_job=AzuremlJob(WORKSPACE, COMMAND)), nowhere.resource, nowhere.token
    )

    with pytest.raises(JobError, match="tried again with the same id"):
        starter.start(JOB)


def test_without_a_token_nothing_is_asked(azure):
    def none(resource):
        msg = f"no token for {resource}: nobody gives one."
        raise NoTokenError(msg)

    starter = azure_starter(
        Policy("drift", "drifted > 0.3", azureml_job=AzuremlJob(WORKSPACE, COMMAND)), azure.address, none
    )
    with pytest.raises(JobError, match="no token for"):
        starter.start(JOB)

    assert azure.seen == []


@pytest.mark.parametrize(
    ("endpoint", "audience"),
    [
        ("https://management.azure.com/", "https://ml.azure.com"),
        ("https://management.usgovcloudapi.net", "https://ml.azure.us"),
        ("https://management.chinacloudapi.cn", "https://ml.azure.cn"),
    ],
)
def test_each_cloud_has_its_own_audience_of_batch_endpoints(endpoint, audience):
    assert audience_of(endpoint) == audience


def test_traffic_is_shifted_and_everything_else_is_kept(azure):
    before = azure.online["credit"]

    traffic(azure, {"blue": 10, "green": 90}).start(JOB)

    after = azure.online["credit"]
    assert after["properties"] == before["properties"] | {"traffic": {"blue": 10, "green": 90}}
    assert [after[key] for key in ("tags", "identity", "kind")] == [before[key] for key in ("tags", "identity", "kind")]


def test_a_split_that_is_there_is_left_alone(azure):
    traffic(azure, {"blue": 100, "green": 0}).start(JOB)

    assert azure.shifts == 0


def test_a_shift_whose_answer_was_lost_is_not_made_again(azure):
    azure.plan = ["lost"]

    with pytest.raises(JobError, match="tried again with the same id"):
        traffic(azure, {"green": 100}).start(JOB)
    traffic(azure, {"green": 100}).start(JOB)

    assert azure.shifts == 1


def test_a_deployment_that_is_not_there_is_named_with_those_that_are(azure):
    with pytest.raises(JobError, match=r"no deployment red\. There are: blue, green"):
        traffic(azure, {"red": 100}).start(JOB)

    assert azure.shifts == 0


def test_a_deployment_that_the_list_goes_on_to_may_be_there(azure, monkeypatch):
    online, page = azure._online, {"value": [{"name": "blue"}], "nextLink": f"{azure.address}/more"}
    monkeypatch.setattr(azure, "_online", lambda m, names, *more: (200, page) if names[1:] else online(m, names, *more))

    traffic(azure, {"green": 100}).start(JOB)

    assert azure.shifts == 1


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [*REFUSALS, (409, "Conflict", "tried again with the same id")],
)
def test_a_refused_shift_says_what_to_do(azure, status, code, advice):
    azure.plan = [(status, code)]

    with pytest.raises(JobError, match=rf"online endpoint credit: HTTP status {status} \({code}.*{advice}"):
        traffic(azure, {"green": 100}).start(JOB)

    assert azure.online["credit"]["properties"]["traffic"] == {"blue": 100}


def test_an_online_endpoint_that_is_not_there_is_to_be_corrected(azure):
    with pytest.raises(JobError, match=r"404.*Correct the policy's `azureml_traffic`"):
        traffic(azure, {"green": 100}, endpoint="none").start(JOB)


def test_a_topic_is_told_why():
    began = time.time()
    with event_grid_topic() as (address, heard):
        assert TopicNotifier(address, grid(token_for)).start(JOB) == JOB.id

    [(path, headers, [event])] = heard
    assert path == "/api/events?api-version=2018-01-01"
    assert headers["authorization"] == f"Bearer {token_for('https://eventgrid.azure.net')}"
    assert began - 1 < time.mktime(time.strptime(event.pop("eventTime")[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
    assert event == {
        "id": JOB.id,
        "eventType": "ml.monitor.policy",
        "subject": "credit-scoring/drift",
        "dataVersion": "1",
        "data": {
            "id": JOB.id,
            "monitor": "credit-scoring",
            "policy": "drift",
            "window": "20260301T000000Z",
            "parameters": {"why": "drift"},
            "evidence": EVIDENCE,
        },
    }


def test_an_event_whose_answer_was_lost_comes_again_with_the_same_id():
    with event_grid_topic(plan=[None]) as (address, heard):
        notifier = TopicNotifier(address, grid(token_for))
        with pytest.raises(JobError, match="tried again with the same id"):
            notifier.start(JOB)
        notifier.start(JOB)

    assert [event["id"] for _, _, [event] in heard] == [JOB.id, JOB.id]


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "EventGrid Data Sender"),
        (403, "EventGrid Data Sender"),
        (404, "Correct the policy's `event_grid_topic`"),
        (429, "tried again with the same id"),
        (500, "tried again with the same id"),
    ],
)
def test_a_refused_event_says_what_to_do(status, advice):
    with event_grid_topic(plan=[status]) as (address, heard), pytest.raises(JobError, match=rf"{status}.*{advice}"):
        TopicNotifier(address, grid(token_for)).start(JOB)

    assert heard == []


@pytest.mark.parametrize("named", [{"pipeline": "retrain"}, {"sns_topic": f"arn:aws:sns:eu-west-1:0:{uuid.uuid4()}"}])
def test_what_is_of_another_cloud_is_not_started_here(azure, named):
    with pytest.raises(JobError, match=rf"policy drift: Azure starts no `{next(iter(named))}`"):
        of_policy(azure, **named)
