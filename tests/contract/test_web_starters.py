"""Services over HTTP: what each is asked, what becomes of lost answers and refusals, and that secrets stay secret."""

import hashlib
import hmac
import json
import traceback

import pytest
from databricks_server import JOB as DATABRICKS_JOB
from hooks_server import KEY, shown
from web_service import TOKEN, posted
from web_starters import ASKED_FIRST, SERVICES, UNKNOWING, started_at, starter_of, web_starter

from atalaia import policies
from atalaia.errors import JobError
from atalaia.ports import LONGEST_START, Course, Job, JobFollower
from atalaia.window import parse_time
from atalaia_aws import asking as aws_asking
from atalaia_azure import identity, vaults
from atalaia_functions.targets import common_starter
from atalaia_local import MemoryStore
from atalaia_web.asking import SECONDS, token_of
from atalaia_web.github import WorkflowStarter
from atalaia_web.telling import evidence_text
from atalaia_web.webhook import WebhookStarter, signature

FINDING = {"signal": "data_drift", "metric": "psi", "column": "income", "segment": "", "value": 0.3123456,
           "threshold": 0.2, "status": "alert"}  # fmt: skip
EVIDENCE = {
    "window": {"start": "2026-03-01T00:00:00Z", "end": "2026-03-02T00:00:00Z"},
    "report": {"uri": "s3://out/credit-scoring/reports/1.json", "revision": 1, "fingerprint": "f" * 64},
    "baseline": "2026-02",
    "findings": [FINDING, {**FINDING, "column": "<!channel> @all `x`", "value": None, "threshold": None}],
    "more": 3,
    "train_on": {"from": "2026-02-20T00:00:00Z", "to": "2026-03-02T00:00:00Z", "windows": 10, "logs": "s3://logs"},
    "links": {"Approve": "https://f.example/approve?x=1", "Not one": "javascript:alert(1)"},
}
JOB = Job("credit-scoring", "retrain", "20260301T000000Z", {"window": "20260301T000000Z"}, EVIDENCE)
KINDS = list(SERVICES)
JOBS = [kind for kind in KINDS if not kind.startswith("webhook")]


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def service(kind):
    with web_starter(kind) as running:
        yield running


def with_service(kind):
    return pytest.mark.parametrize("kind", [kind], indirect=True)


def test_a_start_takes_three_requests_at_most_and_the_first_start_one_post(kind, service):
    starter_of(kind, service).start(JOB)

    assert len(posted(service)) == 1
    assert len(service.seen) <= 3


def test_a_start_ends_before_another_evaluator_may_begin_one():
    in_aws = 2 * aws_asking.SECONDS  # to connect, and to answer
    in_azure = identity._SECONDS + vaults._SECONDS  # a token of this identity, and the secret
    secret = max(in_aws, in_azure)

    assert secret + 3 * SECONDS <= LONGEST_START
    assert 2 * secret + SECONDS <= LONGEST_START  # a webhook's address, and its key


def test_a_secret_is_read_once_per_start(kind, service):
    read, starter = [], starter_of(kind, service)

    type(starter)(starter.target, lambda reference: read.append(reference) or starter.secret(reference)).start(JOB)

    assert sorted(read) == sorted(set(read)) != []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in UNKNOWING])
@pytest.mark.parametrize("fault", ["lost", "cut"])
def test_a_job_whose_answer_was_lost_is_started_once(kind, service, fault):
    service.plan = [fault]

    with pytest.raises(JobError, match=r"no answer .* tried again with the same id"):
        starter_of(kind, service).start(JOB)

    assert starter_of(kind, service).start(JOB)
    assert len(started_at(kind, service)) == 1


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in UNKNOWING])
def test_a_job_that_was_started_when_time_was_up_is_started_once(kind, service):
    service.plan, service.late = ["late"], 0.6

    with pytest.raises(JobError, match=r"TimeoutError.* tried again with the same id"):
        starter_of(kind, service, seconds=0.3).start(JOB)

    assert starter_of(kind, service).start(JOB)
    assert len(started_at(kind, service)) == 1


@pytest.mark.parametrize("kind", UNKNOWING)
def test_a_message_whose_answer_was_lost_is_sent_again_with_the_same_id(kind, service):
    service.plan = ["lost"]

    with pytest.raises(JobError, match="tried again with the same id"):
        starter_of(kind, service).start(JOB)
    starter_of(kind, service).start(JOB)

    first, second = started_at(kind, service)
    assert JOB.id in shown(first)
    assert first == second


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (408, "tried again with the same id"),
        (429, "tried again with the same id"),
        (500, "tried again with the same id"),
        (503, "tried again with the same id"),
        (401, "Give |Correct its address or key"),
        (403, "Give |Correct its address or key"),
        (404, "Correct "),
        (400, "Correct "),
        (308, "redirects are not followed"),
    ],
)
def test_a_refusal_says_what_to_do_and_starts_nothing(kind, service, status, advice):
    service.plan = [(status, {"message": "as planned"}, {"Location": f"{service.address}/elsewhere"})]

    with pytest.raises(JobError, match=rf"HTTP status {status} \(as planned\)\. .*({advice})"):
        starter_of(kind, service).start(JOB)

    assert not started_at(kind, service)
    assert not [each for each in service.seen if "elsewhere" in each["url"]]
    assert starter_of(kind, service).start(JOB)


@pytest.mark.parametrize("kind", JOBS)
def test_a_token_without_rights_is_told_of(kind, service):
    with pytest.raises(JobError, match=r"HTTP status (203|401|403).*(permission|scope)"):
        starter_of(kind, service, token="other").start(JOB)

    assert not started_at(kind, service)


@pytest.mark.parametrize("kind", JOBS)
@pytest.mark.parametrize("answer", [b"<html>", [], {}, {"value": 1}])
def test_an_answer_that_the_service_does_not_give_is_tried_again(kind, service, answer):
    fine = {"github-issue": 201, "github-event": 500}.get(kind, 200)
    service.plan = [(fine, answer)]

    with pytest.raises(JobError, match="tried again with the same id"):
        starter_of(kind, service).start(JOB)

    assert starter_of(kind, service).start(JOB)


@pytest.mark.parametrize("kind", ASKED_FIRST)
def test_a_list_that_is_none_is_tried_again(kind, service):
    service.routed = lambda *_: (200, {"message": "not a list"})

    with pytest.raises(JobError, match=r"not what this service answers.*tried again"):
        starter_of(kind, service).start(JOB)


# What has become of a run

FOLLOWED = [kind for kind in KINDS if kind in ("databricks", "github-workflow", "github-event", "azure-devops")]


@pytest.mark.parametrize("kind", FOLLOWED)
@pytest.mark.parametrize("how", ["Succeeded", "Failed", "Stopped"])
def test_who_asks_hears_since_when_a_run_runs_and_how_it_ended(kind, service, how):
    starter, other = starter_of(kind, service), Job("m", "p", "w")
    others = starter.start(other)
    name = starter.start(JOB)

    running = starter.course(name, JOB.id)
    service.end(how)

    assert isinstance(starter, JobFollower)
    assert running == starter.course(others, other.id) == Course("Running", parse_time("2026-03-01T23:00:00Z"))
    assert starter.course(name, JOB.id) == Course(how, parse_time("2026-03-02T00:00:00Z"))


@pytest.mark.parametrize("kind", FOLLOWED)
def test_a_run_that_has_not_begun_is_no_failure(kind, service):
    waiting = {"databricks": {"status": {"state": "QUEUED"}}, "azure-devops": {"status": "notStarted"}}
    starter = starter_of(kind, service)
    name = starter.start(JOB)
    service.last.update(waiting.get(kind, {"status": "queued"}))

    assert starter.course(name, JOB.id).outcome == "Running"


@pytest.mark.parametrize(
    ("kind", "told", "outcome"),
    [
        ("databricks", "SUCCESS_WITH_FAILURES", "CompletedWithFailures"),
        ("databricks", "CANCELED", "Stopped"),
        ("databricks", "SKIPPED", "Stopped"),
        ("github-workflow", "skipped", "Stopped"),
        ("github-workflow", "timed_out", "Failed"),
        ("azure-devops", "partiallySucceeded", "CompletedWithFailures"),
    ],
)
def test_other_ends_are_told_in_the_same_words(kind, service, told, outcome):
    starter = starter_of(kind, service)
    name = starter.start(JOB)
    service.end(told)

    assert starter.course(name, JOB.id).outcome == outcome


@pytest.mark.parametrize("kind", [kind for kind in FOLLOWED if kind != "github-event"])
def test_of_a_run_that_a_service_does_not_know_an_error_tells(kind, service):
    starter = starter_of(kind, service)
    starter.start(JOB)
    unknown = {"github-workflow": "https://github.com/acme/models/actions/runs/9", "azure-devops": "x?buildId=9"}

    with pytest.raises(JobError, match=r"HTTP status 40[04]"):
        starter.course(unknown.get(kind, "9"), JOB.id)


@with_service("github-event")
def test_an_event_that_has_started_nothing_yet_has_no_course(kind, service):
    assert starter_of(kind, service).course(f"acme/models drifted {JOB.id}", JOB.id) is None


@pytest.mark.parametrize("kind", FOLLOWED)
@pytest.mark.parametrize("document", [{}, {"status": 3, "workflow_runs": [{"display_title": JOB.id}]}])
def test_an_answer_that_does_not_say_what_became_of_a_run_is_none(kind, service, document):
    starter = starter_of(kind, service)
    name = starter.start(JOB)
    service.routed = lambda *_: (200, document)

    with pytest.raises(JobError, match="not what this service answers"):
        starter.course(name, JOB.id)


@with_service("github-workflow")
def test_a_run_whose_address_is_not_known_is_followed_by_its_name(kind, service):
    service.details = False
    starter = starter_of(kind, service)
    name = starter.start(JOB)
    service.end("Succeeded")

    assert starter.course(name, JOB.id).outcome == "Succeeded"


# Secrets


@pytest.mark.parametrize("status", [400, 401, 500])
def test_no_error_has_a_secret_in_it_even_if_the_service_repeats_it(kind, service, status):
    github = "ghp" + "_0123456789abcdefghij0123456789ABCDEF"
    service.plan = [(status, {"message": f"Bad credentials: {github}"}), (status, b"You said: " + TOKEN.encode())]
    said = []

    for _ in range(2):
        with pytest.raises(JobError) as refused:
            starter_of(kind, service).start(JOB)
        said += traceback.format_exception(refused.value)

    for secret in (github, TOKEN, KEY, "s3cret-path"):
        assert secret not in "".join(said)


def test_what_is_sent_has_no_secret_but_in_the_header_of_its_own(kind, service):
    starter_of(kind, service).start(JOB)

    for asked in service.seen:
        assert TOKEN not in asked["body"] + asked["url"]
        assert KEY not in str(asked)


@pytest.mark.parametrize("token", ["a\nb", "a\x00", "é"])
@pytest.mark.parametrize("kind", JOBS)
def test_a_token_that_no_header_may_have_is_not_sent_and_not_shown(kind, service, token):
    with pytest.raises(JobError, match="env:S: what is kept there is no token") as refused:
        starter_of(kind, service, token=token).start(JOB)

    assert token not in str(refused.value)
    assert not service.seen


@pytest.mark.parametrize("url", ["http://ci.example/s3cret", "https://u:s3cret@h", "s3cret", "https://h:s3cret/"])
def test_an_address_kept_as_a_secret_is_not_shown_if_it_is_none(url):
    starter = WebhookStarter(policies.Webhook("env:U"), lambda _: url)

    with pytest.raises(JobError, match="webhook env:U: what is kept there is no address over https") as refused:
        starter.start(JOB)

    assert "s3cret" not in "".join(traceback.format_exception(refused.value))


def test_starters_do_not_show_secrets_and_read_them_when_they_start(kind, service):
    starter = starter_of(kind, service)

    assert TOKEN not in repr(starter)
    assert KEY not in repr(starter)


def test_a_secret_that_is_not_there_starts_nothing():
    def absent(reference):
        raise JobError(f"{reference}: no such setting")

    with pytest.raises(JobError, match="env:T: no such setting"):
        token_of("env:T", absent)


# What each service is asked


@with_service("databricks")
def test_databricks_is_told_the_parameters_and_the_evidence(kind, service):
    name = starter_of(kind, service).start(JOB)

    (run,) = started_at(kind, service)
    parameters = run["asked"].pop("job_parameters")
    assert name == str(run["run_id"])
    assert run["asked"] == {"job_id": DATABRICKS_JOB, "idempotency_token": JOB.id}
    assert json.loads(parameters.pop("atalaia_evidence")) == EVIDENCE
    assert parameters == {"window": "20260301T000000Z", "atalaia_id": JOB.id}


@with_service("github-workflow")
def test_a_workflow_is_told_the_parameters_and_the_evidence(kind, service):
    name = starter_of(kind, service).start(JOB)

    (run,) = started_at(kind, service)
    assert name == run["html_url"]
    assert run["asked"]["ref"] == "main"
    inputs = run["asked"]["inputs"]
    assert json.loads(inputs.pop("atalaia_evidence")) == EVIDENCE
    assert inputs == {"window": "20260301T000000Z", "atalaia_id": JOB.id}


@with_service("github-workflow")
def test_a_server_that_does_not_know_run_details_is_asked_without(kind, service):
    service.details = False

    name = starter_of(kind, service).start(JOB)

    assert name == f"acme/models train.yml {JOB.id}"
    assert len(started_at(kind, service)) == 1
    assert len(service.seen) == 3


@with_service("github-workflow")
def test_inputs_that_a_workflow_does_not_declare_are_told_of(kind, service):
    with pytest.raises(JobError, match=r"422 \(Unexpected inputs provided: \['depth'\]\)\. Correct `workflow`, `ref`"):
        starter_of(kind, service).start(Job("m", "p", "w", {"depth": "6"}))


@with_service("github-workflow")
@pytest.mark.parametrize("header", [{"Retry-After": "60"}, {"X-RateLimit-Remaining": "0"}])
def test_too_many_requests_are_no_missing_right(kind, service, header):
    service.plan = [(403, {"message": "rate limit"}, header)]

    with pytest.raises(JobError, match="tried again"):
        starter_of(kind, service).start(JOB)


@with_service("github-workflow")
def test_a_workflow_that_does_not_name_its_runs_by_id_is_started_again_after_a_lost_answer(kind, service):
    """What the documentation warns of."""
    service.names, service.plan = False, ["lost"]

    with pytest.raises(JobError):
        starter_of(kind, service).start(JOB)
    starter_of(kind, service).start(JOB)

    assert len(started_at(kind, service)) == 2


@with_service("github-workflow")
def test_among_other_runs_of_the_workflow_the_one_of_the_job_is_found(kind, service):
    jobs = [Job("m", "p", str(number)) for number in range(60)]
    names = [starter_of(kind, service).start(job) for job in jobs]

    assert starter_of(kind, service).start(jobs[0]) == names[0]
    assert len(started_at(kind, service)) == 60


@with_service("github-event")
def test_an_event_carries_everything(kind, service):
    starter_of(kind, service).start(JOB)

    (event,) = started_at(kind, service)
    assert event["event_type"] == "drifted"
    assert event["client_payload"] == {
        "id": JOB.id, "monitor": "credit-scoring", "policy": "retrain", "window": "20260301T000000Z",
        "parameters": {"window": "20260301T000000Z"}, "evidence": EVIDENCE,
    }  # fmt: skip


@with_service("github-issue")
def test_an_issue_tells_people_what_was_found(kind, service):
    name = starter_of(kind, service).start(JOB)

    (issue,) = started_at(kind, service)
    assert name == issue["html_url"]
    assert issue["title"] == "credit-scoring: retrain"
    assert issue["labels"] == [{"name": "drift"}]
    lines = issue["body"].splitlines()
    assert "- `Window`: `2026-03-01T00:00:00Z to 2026-03-02T00:00:00Z`" in lines
    assert "- `Report`: `s3://out/credit-scoring/reports/1.json`" in lines
    assert "- `psi of income: 0.3123, threshold 0.2`" in lines
    assert "- `psi of <!channel> @all 'x': not measured`" in lines
    assert "- `and 3 more`" in lines
    assert "- [Approve](https://f.example/approve?x=1)" in lines
    assert "javascript" not in issue["body"]
    assert f"<!-- atalaia:{JOB.id} -->" in lines


@with_service("github-issue")
def test_other_issues_do_not_count(kind, service):
    service.issues.append({"body": None, "state": "open", "labels": [{"name": "drift"}], "html_url": "x"})

    starter_of(kind, service).start(JOB)
    starter_of(kind, service).start(Job("m", "p", "w"))

    assert len(service.issues) == 3


@with_service("github-issue")
def test_an_issue_that_was_closed_is_not_opened_again(kind, service):
    starter_of(kind, service).start(JOB)
    service.issues[0]["state"] = "closed"

    starter_of(kind, service).start(JOB)

    assert len(service.issues) == 1


@with_service("github-issue")
def test_an_issue_is_found_though_its_token_may_not_set_labels(kind, service):
    """GitHub leaves them out without a word."""
    service.labels, service.plan = False, ["lost"]

    with pytest.raises(JobError, match="tried again with the same id"):
        starter_of(kind, service).start(JOB)
    starter_of(kind, service).start(JOB)

    assert [issue["labels"] for issue in service.issues] == [[]]


@with_service("azure-devops")
def test_a_pipeline_is_told_the_parameters_and_the_evidence(kind, service):
    name = starter_of(kind, service).start(JOB)

    (run,) = started_at(kind, service)
    assert name == f"{service.organization}/Risk%20models/_build/results?buildId=1"
    assert "resources" not in run["asked"]
    parameters = run["asked"]["templateParameters"]
    assert json.loads(parameters.pop("atalaia_evidence")) == EVIDENCE
    assert parameters == {"window": "20260301T000000Z", "atalaia_id": JOB.id}


@with_service("azure-devops")
@pytest.mark.parametrize("branch", ["next", "refs/heads/next"])
def test_a_pipeline_runs_on_the_branch_that_is_given(kind, service, branch):
    starter = starter_of(kind, service)
    target = policies.AzureDevops(service.organization, "Risk models", 3, "env:S", branch)

    type(starter)(target, starter.secret).start(JOB)

    (run,) = started_at(kind, service)
    assert run["asked"]["resources"] == {"repositories": {"self": {"refName": "refs/heads/next"}}}


@with_service("webhook-json")
def test_a_webhook_gets_everything_signed_with_its_time(kind, service):
    starter = starter_of(kind, service)
    name = WebhookStarter(starter.target, starter.secret, clock=lambda: 1_700_000_000.9).start(JOB)

    ((headers, asked),) = started_at(kind, service)
    assert name == asked["id"] == headers["idempotency-key"] == JOB.id
    assert asked["evidence"] == EVIDENCE
    body = posted(service)[-1]["body"].encode()
    expected = hmac.new(KEY.encode(), b"1700000000." + body, hashlib.sha256).hexdigest()
    assert headers["atalaia-signature"] == f"t=1700000000,v1={expected}"


def test_a_signature_is_of_the_time_and_the_body():
    assert len({signature(key, body, at) for key in "ab" for body in (b"1", b"2") for at in (1, 2)}) == 8


@with_service("webhook-json")
def test_a_webhook_without_a_key_is_not_signed(kind, service):
    WebhookStarter(policies.Webhook(service.url("json")), {}.__getitem__).start(JOB)

    ((headers, _),) = started_at(kind, service)
    assert "atalaia-signature" not in headers


@with_service("webhook-json")
def test_a_webhook_that_does_not_listen_is_tried_again(kind, service):
    starter = WebhookStarter(policies.Webhook("http://127.0.0.1:9/x"), {}.__getitem__)

    with pytest.raises(JobError, match=r"webhook 127\.0\.0\.1: http://127\.0\.0\.1:9: no answer .*tried again"):
        starter.start(JOB)


@with_service("webhook-slack")
def test_slack_shows_what_was_found_and_pings_nobody(kind, service):
    starter_of(kind, service).start(JOB)

    (message,) = started_at(kind, service)
    header, facts, found, links = message["blocks"]
    assert header["text"]["text"] == message["text"] == "credit-scoring: retrain"
    assert "*Window:* 2026-03-01T00:00:00Z to 2026-03-02T00:00:00Z" in facts["text"]["text"]
    assert f"*Id:* {JOB.id}" in facts["text"]["text"]
    assert "• psi of income: 0.3123, threshold 0.2" in found["text"]["text"]
    assert "• psi of &lt;!channel&gt; @all `x`: not measured" in found["text"]["text"]
    assert links["text"]["text"] == "<https://f.example/approve?x=1|Approve>"


@with_service("webhook-teams")
def test_teams_shows_what_was_found_as_plain_text(kind, service):
    starter_of(kind, service).start(JOB)

    (card,) = started_at(kind, service)
    texts = ["".join(run["text"] for run in each.get("inlines", ())) for each in card["body"]]
    assert card["body"][0]["text"] == "credit-scoring: retrain"
    assert "Window: 2026-03-01T00:00:00Z to 2026-03-02T00:00:00Z" in texts
    assert "• psi of income: 0.3123, threshold 0.2" in texts
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Approve", "url": "https://f.example/approve?x=1"}]


HUGE = {**EVIDENCE, "findings": [{**FINDING, "column": f"column-{n}-{'x' * 5000}"} for n in range(20)], "more": 4}


def test_messages_and_requests_stay_within_what_services_take(kind, service):
    values = {"window": '<&"' * 1000}

    assert starter_of(kind, service).start(Job("m" * 63, "p" * 63, JOB.window, values, HUGE))
    assert len(started_at(kind, service)) == 1


@pytest.mark.parametrize("kind", ["github-issue", *UNKNOWING])
def test_a_message_has_its_id_however_long_parameters_are(kind, service):
    job = Job("m", "p", "w", {f"p{number}": "<&" * 1000 for number in range(5)}, EVIDENCE)

    starter_of(kind, service).start(job)

    assert job.id in shown(started_at(kind, service)).replace(f"atalaia:{job.id}", "")


def test_evidence_leaves_out_the_least_findings_and_says_how_many():
    told = json.loads(evidence_text(Job("m", "p", "w", {}, HUGE), 30_000))

    assert 1 <= len(told["findings"]) < 20
    assert told["findings"] == HUGE["findings"][: len(told["findings"])]
    assert len(told["findings"]) + told["more"] == 24
    assert json.loads(evidence_text(JOB, 5000)) == EVIDENCE


def test_a_job_without_evidence_is_told_of_too(kind, service):
    assert starter_of(kind, service).start(Job("m", "p", "w"))


@with_service("webhook-slack")
def test_a_link_that_a_message_has_no_room_for_is_left_out(kind, service):
    evidence = {"report": {"uri": f"https://a.example/{'r' * 3000}"}}
    starter_of(kind, service).start(Job("m", "p", "w", {}, evidence))

    assert "Open the report" not in shown(started_at(kind, service))


@with_service("webhook-slack")
def test_a_report_on_the_web_is_linked(kind, service):
    evidence = {"report": {"uri": "https://a.example/r.html"}, "model": "fraud"}
    starter_of(kind, service).start(Job("m", "p", "w", {}, evidence))

    said = shown(started_at(kind, service))
    assert "<https://a.example/r.html|Open the report>" in said
    assert "*Model:* fraud" in said


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ({"databricks": policies.Databricks("https://h", 1, "env:S")}, "DatabricksStarter"),
        ({"github_workflow": policies.GithubWorkflow("a/b", "env:S", workflow="w")}, "WorkflowStarter"),
        ({"github_workflow": policies.GithubWorkflow("a/b", "env:S", event_type="e")}, "EventStarter"),
        ({"github_issue": policies.GithubIssue("a/b", "env:S")}, "IssueStarter"),
        ({"azure_devops": policies.AzureDevops("https://h", "p", 1, "env:S")}, "DevopsStarter"),
        ({"webhook": policies.Webhook("env:S")}, "WebhookStarter"),
        ({"file": True}, "StoredJobs"),
        ({"pipeline": "p"}, "NoneType"),
        ({"sns_topic": "arn"}, "NoneType"),
    ],
)
def test_each_target_has_a_starter_in_any_cloud_or_is_a_clouds_own(target, name):
    policy = policies.Policy(**{"name": "p", **NEEDED, **target})

    starter = common_starter(policy, str, MemoryStore())

    assert type(starter).__name__ == name
    assert isinstance(starter, JobFollower) is (policies.target_of(policy) in policies.ASKED)


NEEDED = {"when": "drifted > 0.3"}


def test_a_workflow_may_be_named_by_its_number(tmp_path):
    with web_starter("github-workflow") as service:
        target = policies.GithubWorkflow("acme/models", "env:S", workflow="161335", api=service.address)

        assert WorkflowStarter(target, lambda _: TOKEN).start(JOB).startswith("https://github.com/acme/models/")
