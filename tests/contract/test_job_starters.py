"""Every way to start a job starts it once; behind the adapter is looked at what was started."""

import json
import re
import threading
import uuid

import pytest
import servers
from arm import WORKSPACE, arm, token_for
from azure_starters import COMMAND, batch, command, of_policy, traffic
from event_grid import event_grid_topic
from msgspec.structs import replace
from sagemaker import sagemaker
from sns_topics import Topic
from web_starters import ASKED_FIRST, SERVICES, UNKNOWING, started_at, starter_of, web_starter

from atalaia.errors import AtalaiaError, JobError
from atalaia.monitoring.acting import LEASE
from atalaia.policies import AzuremlJob, SagemakerTraffic
from atalaia.ports import LONGEST_START, Job
from atalaia.window import SECOND
from atalaia_aws import asking as aws_asking
from atalaia_aws.clients import BotoClients
from atalaia_aws.jobs import PipelineStarter, TrainingStarter
from atalaia_aws.topics import TopicStarter
from atalaia_aws.traffic import TrafficStarter
from atalaia_azure.asking import endpoint_of
from atalaia_azure.topics import TopicNotifier, grid
from atalaia_functions.naming import job_name
from atalaia_local import DirectoryStore, StoredJobs

EXECUTIONS = "PipelineExecutionSummaries"
JOB = Job("credit-scoring", "drift", "20260301T000000Z", {"window": "20260301T000000Z"})
REQUEST = {
    "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "image"},
    "RoleArn": "arn:aws:iam::123456789012:role/train",
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    "HyperParameters": {"depth": "6"},
}

EVIDENCE = {
    "window": {"start": "2026-03-01T00:00:00Z", "end": "2026-03-02T00:00:00Z"},
    "report": {"uri": "s3://out/report.json", "revision": 2, "fingerprint": "ab12"},
    "baseline": "v1",
    "findings": [
        {
            "signal": "data_drift",
            "metric": "psi",
            "column": "age",
            "segment": "region (rest)",
            "value": 0.31234,
            "threshold": 0.2,
            "status": "alert",
        }
    ],
    "more": 4,
    "train_on": {"from": "2026-02-01T00:00:00Z", "to": "2026-03-02T00:00:00Z", "windows": 29, "logs": "s3://in"},
}


@pytest.fixture
def service():
    with sagemaker() as running:
        yield running


@pytest.fixture
def clients(service):
    return BotoClients({"endpoint_url": service.address, **servers.Server(service.address).boto})


@pytest.fixture
def azure():
    with arm() as running:
        yield running


@pytest.fixture
def topic():
    with event_grid_topic() as running:
        yield running


STARTERS = [
    "files",
    "azureml",
    "batch",
    "traffic",
    "topic",
    "pipeline-here",
    "training-here",
    "traffic_aws-here",
    *(f"{k}-{c}" for k in ("pipeline", "training", "sns", "sns_fifo") for c in servers.CLOUDS),
    *SERVICES,
]
ANY_TIME = [each for each in STARTERS if each not in (*ASKED_FIRST, "traffic_aws-here", "batch", "traffic")]
"""Those that may be told the same at once; the others look first, and rely on the lease of an action."""


@pytest.fixture
def web_service(request):
    with web_starter(request.node.callspec.params["starter_and_started"]) as running:
        yield running


@pytest.fixture(params=STARTERS)
def starter_and_started(request, tmp_path):
    """Return a starter, and a function that counts what was started behind it."""
    if request.param in SERVICES:
        web = request.getfixturevalue("web_service")
        return starter_of(request.param, web), lambda: len(started_at(request.param, web))
    kind, _, where = request.param.partition("-")
    if kind == "files":
        return StoredJobs(DirectoryStore(tmp_path / "out")), lambda: len(list((tmp_path / "out").rglob("*.json")))
    if kind == "topic":
        address, heard = request.getfixturevalue("topic")
        return TopicNotifier(address, grid(token_for)), lambda: len({event["id"] for _, _, [event] in heard})
    if not where:
        return _on_azure(kind, request.getfixturevalue("azure"))
    if where == "here":
        return _here(kind, request.getfixturevalue("service"), request.getfixturevalue("clients"))
    return _in_cloud(kind, request.getfixturevalue("server_named")(where))


def _on_azure(kind, azure):
    made = {
        "azureml": (command, lambda: len(azure.jobs)),
        "batch": (batch, lambda: len(azure.jobs)),
        "traffic": (lambda azure: traffic(azure, {"blue": 0, "green": 100}), lambda: azure.shifts),
    }
    starter, counted = made[kind]
    return starter(azure), counted


def _here(kind, service, clients):
    if kind == "pipeline":
        return PipelineStarter(clients, "retrain"), lambda: len(service.executions)
    if kind == "traffic_aws":
        service.is_instant = True
        wanted = SagemakerTraffic("Churn", {"new": 0, "old": 1})
        return TrafficStarter(clients, wanted), lambda: len(service.shifts)
    return TrainingStarter(clients, REQUEST), lambda: len(service.training)


def _in_cloud(kind, server):
    client, name = server.client("sagemaker"), f"retrain-{uuid.uuid4().hex}"
    clients = BotoClients({"endpoint_url": server.address, **server.boto})
    if kind == "sns_fifo":
        topic = Topic(server, fifo=True)
        return TopicStarter(clients, topic.arn), lambda: len(topic.ids())
    if kind == "sns":
        topic = Topic(server, fifo=False)
        return TopicStarter(clients, topic.arn), lambda: len(topic.ids())
    if kind == "pipeline":
        client.create_pipeline(
            PipelineName=name, RoleArn=REQUEST["RoleArn"], PipelineDefinition="{}", ClientRequestToken=f"{name}-token"
        )
        executions = client.get_paginator("list_pipeline_executions")
        counted = lambda: [each for page in executions.paginate(PipelineName=name) for each in page[EXECUTIONS]]  # noqa: E731 - one line
        return PipelineStarter(clients, name), lambda: len(counted())
    jobs = client.get_paginator("list_training_jobs")
    names = lambda: {job["TrainingJobName"] for page in jobs.paginate() for job in page["TrainingJobSummaries"]}  # noqa: E731 - one line
    before = names()
    return TrainingStarter(clients, REQUEST), lambda: len(names() - before)


@pytest.fixture
def job():
    """One that no other test has started."""
    return Job(f"credit-{uuid.uuid4().hex[:8]}", "drift", "20260301T000000Z", {"window": "20260301T000000Z"})


@pytest.fixture
def starter(starter_and_started):
    return starter_and_started[0]


@pytest.fixture
def started(starter_and_started):
    return starter_and_started[1]


def test_a_job_is_started(starter, started, job):
    assert starter.start(job)
    assert started() == 1


@pytest.fixture
def once(request):
    """Where a job that was started is not started again.

    moto 5.2 does not look at ClientRequestToken: each call starts an execution of its own. Of a training job that is
    there it makes another of the same name instead of refusing; the names, which are all that it keeps, are counted.
    """
    if "pipeline-moto" in request.node.callspec.id:
        request.applymarker(pytest.mark.xfail(strict=True, reason="moto does not look at ClientRequestToken"))
    if any(each in request.node.callspec.id for each in UNKNOWING):
        request.applymarker(pytest.mark.xfail(strict=True, reason="a chat knows no ids: its readers see the id twice"))
    if "sns-" in request.node.callspec.id:
        request.applymarker(
            pytest.mark.xfail(strict=True, reason="only FIFO topics know ids: readers see the id twice")
        )


@pytest.mark.usefixtures("once")
def test_the_same_job_is_started_once_and_has_one_name(starter, started, job):
    names = {starter.start(job) for _ in range(3)}

    assert len(names) == 1
    assert started() == 1


@pytest.mark.usefixtures("once")
def test_other_parameters_make_no_other_job(starter, started, job):
    starter.start(job)
    starter.start(Job(job.monitor, job.policy, job.window, {"other": "1"}))

    assert started() == 1


def test_another_monitor_policy_or_window_is_another_job(request, starter, started, job):
    jobs = [
        job,
        Job(f"{job.monitor}-2", "drift", job.window),
        Job(job.monitor, "other", job.window),
        Job(job.monitor, "drift", "x"),
    ]

    names = {starter.start(each) for each in jobs}

    assert len(names) == 4
    assert started() == (1 if "traffic" in request.node.callspec.id else 4)  # weights that are so are left alone


@pytest.mark.usefixtures("once")
@pytest.mark.parametrize("starter_and_started", ANY_TIME, indirect=True)
def test_of_many_threads_that_start_one_job_one_does(starter, started, job):
    threads = [threading.Thread(target=starter.start, args=(job,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert started() == 1


def test_the_parts_of_an_id_do_not_run_into_each_other():
    assert Job("a", "bc", "d").id != Job("ab", "c", "d").id


def test_a_file_says_what_to_start(tmp_path):
    StoredJobs(DirectoryStore(tmp_path)).start(replace(JOB, evidence={"baseline": "b1"}))

    [file] = tmp_path.rglob("*.json")
    told = json.loads(file.read_text())
    assert told == {
        "id": JOB.id,
        "monitor": "credit-scoring",
        "policy": "drift",
        "window": "20260301T000000Z",
        "parameters": {"window": "20260301T000000Z"},
        "evidence": {"baseline": "b1"},
    }


def test_what_cannot_be_written_is_not_started(tmp_path):
    (tmp_path / "jobs").write_text("a file in the way")

    with pytest.raises(JobError, match="could not be started"):
        StoredJobs(DirectoryStore(tmp_path)).start(JOB)


def test_an_execution_is_told_its_parameters(service, clients):
    PipelineStarter(clients, "retrain").start(JOB)

    [execution] = service.executions.values()
    assert execution["asked"]["PipelineName"] == "retrain"
    assert execution["asked"]["PipelineParameters"] == [{"Name": "window", "Value": "20260301T000000Z"}]


def test_a_training_job_keeps_its_template(service, clients):
    TrainingStarter(clients, REQUEST).start(JOB)

    [told] = service.training.values()
    assert told == {
        **REQUEST,
        "TrainingJobName": job_name(JOB),
        "HyperParameters": {"depth": "6", "window": "20260301T000000Z"},
    }


def test_an_execution_is_described_by_its_evidence(service, clients):
    job = Job(JOB.monitor, JOB.policy, JOB.window, evidence=EVIDENCE)
    PipelineStarter(clients, "retrain").start(job)

    [execution] = service.executions.values()
    assert json.loads(execution["asked"]["PipelineExecutionDescription"]) == EVIDENCE


def test_a_description_has_the_worst_findings_that_there_is_room_for(service, clients):
    found = [{**EVIDENCE["findings"][0], "column": f"column-{number}"} for number in range(40)]
    PipelineStarter(clients, "retrain").start(
        Job(JOB.monitor, JOB.policy, JOB.window, evidence={**EVIDENCE, "findings": found, "more": 0})
    )

    [execution] = service.executions.values()
    text = execution["asked"]["PipelineExecutionDescription"]
    told = json.loads(text)
    assert len(text) <= 3072
    assert told["findings"] == found[: len(told["findings"])]
    assert len(told["findings"]) + told["more"] == 40
    assert len(told["findings"]) > 10


def test_evidence_that_does_not_fit_at_all_is_no_description(service, clients):
    PipelineStarter(clients, "retrain").start(
        Job(JOB.monitor, JOB.policy, JOB.window, evidence={"report": {"uri": "x" * 4000}})
    )

    [execution] = service.executions.values()
    assert "PipelineExecutionDescription" not in execution["asked"]


def test_parameters_that_a_pipeline_does_not_declare_are_named(service, clients):
    service.declared = ["since"]

    with pytest.raises(JobError, match=r"ValidationException .*declare what its `parameters` name \(window\)"):
        PipelineStarter(clients, "retrain").start(JOB)


def test_a_training_finds_its_evidence_in_its_environment(service, clients):
    request = {**REQUEST, "Environment": {"LEVEL": "info"}}
    TrainingStarter(clients, request).start(Job(JOB.monitor, JOB.policy, JOB.window, evidence=EVIDENCE))

    [told] = service.training.values()
    assert told["Environment"] == {
        "LEVEL": "info",
        "ATALAIA_JOB": JOB.id,
        "ATALAIA_REPORT": "s3://out/report.json",
        "ATALAIA_FINGERPRINT": "ab12",
    }


def test_what_no_variable_holds_is_not_in_the_environment(service, clients):
    report = {**EVIDENCE["report"], "uri": "s3://out/" + "x" * 512}
    TrainingStarter(clients, REQUEST).start(Job(JOB.monitor, JOB.policy, JOB.window, evidence={"report": report}))

    [told] = service.training.values()
    assert sorted(told["Environment"]) == ["ATALAIA_FINGERPRINT", "ATALAIA_JOB"]


@pytest.mark.parametrize("monitor", ["credit-scoring", "x" * 200, "Überwachung 1", "--", "日本"])
def test_a_name_is_one_that_sagemaker_takes(monitor):
    name = job_name(Job(monitor, "drift", JOB.window))

    assert len(name) <= 63
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (400, "ThrottlingException", "tried again with the same id"),
        (500, "InternalFailure", "tried again with the same id"),
        (400, "AccessDeniedException", "right sagemaker:StartPipelineExecution"),
        (404, "ResourceNotFound", "Correct the policy's `pipeline`"),
    ],
)
def test_a_refusal_says_what_to_do(service, clients, status, code, advice):
    service.plan = [(status, code)]

    with pytest.raises(JobError, match=rf"pipeline retrain: {code} .*{advice}"):
        PipelineStarter(clients, "retrain").start(JOB)

    assert PipelineStarter(clients, "retrain").start(JOB)
    assert len(service.executions) == 1


@pytest.mark.parametrize("parameters", [{}, {"why": "drift"}])
def test_a_training_job_may_leave_maps_empty(clients, service, parameters):
    request = {**REQUEST, "HyperParameters": None, "Environment": None, "Tags": None}
    name = TrainingStarter(clients, request).start(replace(JOB, parameters=parameters))

    assert service.training[name].get("HyperParameters", {}) == parameters


def test_without_an_answer_nobody_knows(clients, service):
    nowhere = BotoClients({"endpoint_url": f"http://127.0.0.1:{servers.free_port()}", **servers.Server("").boto})

    with pytest.raises(JobError, match="tried again"):
        PipelineStarter(nowhere, "retrain").start(JOB)


def test_a_command_in_azure_is_told_its_parameters_as_variables_and_tags(azure):
    name = command(azure).start(JOB)

    assert azure.seen[-1] == ("PUT", f"{WORKSPACE}/jobs/{name}", "2025-01-01-preview")
    assert azure.jobs[name] == {
        **COMMAND,
        "displayName": "credit-scoring drift 20260301T000000Z",
        "environmentVariables": {"DEPTH": "6", "window": "20260301T000000Z"},
        "tags": {
            "team": "risk",
            "window": "20260301T000000Z",
            "atalaia.id": JOB.id,
            "atalaia.monitor": "credit-scoring",
            "atalaia.policy": "drift",
            "atalaia.window": "20260301T000000Z",
        },
    }


def test_a_pipeline_in_azure_is_told_its_parameters_as_inputs(azure):
    name = command(azure, jobType="Pipeline", displayName="mine", inputs={"depth": {"jobInputType": "literal"}}).start(
        JOB
    )

    assert azure.jobs[name]["displayName"] == "mine"
    assert azure.jobs[name]["environmentVariables"] == {"DEPTH": "6"}
    assert azure.jobs[name]["inputs"] == {
        "depth": {"jobInputType": "literal"},
        "window": {"jobInputType": "literal", "value": "20260301T000000Z"},
    }


def test_a_job_in_azure_whose_answer_was_lost_is_started_once(azure):
    azure.plan = ["lost"]

    with pytest.raises(JobError, match="tried again with the same id"):
        command(azure).start(JOB)

    assert [command(azure).start(JOB)] == list(azure.jobs)


def test_who_finds_the_name_taken_has_started_the_job(azure):
    azure.plan = [(409, "Conflict")]

    assert command(azure).start(JOB) == job_name(JOB)


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (429, "TooManyRequests", "tried again with the same id"),
        (503, "ServiceUnavailable", "tried again with the same id"),
        (403, "AuthorizationFailed", "AzureML Data Scientist"),
        (400, "ValidationError", "Correct the policy's `azureml_job`"),
    ],
)
def test_a_refusal_of_azure_says_what_to_do(azure, status, code, advice):
    azure.plan = [(status, code)]

    with pytest.raises(JobError, match=rf"{status} \({code}: as planned\).*{advice}"):
        command(azure).start(JOB)

    assert command(azure).start(JOB) in azure.jobs


def test_a_workspace_that_is_not_there_is_no_job_to_be_started(azure):
    starter = of_policy(azure, azureml_job=AzuremlJob(WORKSPACE + "2", COMMAND))

    with pytest.raises(JobError, match=r"404 \(ResourceNotFound.*Correct the policy's `azureml_job`"):
        starter.start(JOB)


def test_a_token_is_sent_to_no_address_without_tls():
    assert endpoint_of({}) == "https://management.azure.com"
    with pytest.raises(AtalaiaError, match="must begin with https"):
        endpoint_of({"ATALAIA_ARM_ENDPOINT": "http://management.example"})


@pytest.fixture(params=servers.CLOUDS)
def told_topic(request, server_named):
    """Return a topic, and a function that tells it of a job."""
    server = server_named(request.param)
    topic = Topic(server, fifo=False)
    starter = TopicStarter(BotoClients({"endpoint_url": server.address, **server.boto}), topic.arn)
    return topic, starter.start


def test_a_topic_is_told_the_evidence_and_by_which_to_choose(told_topic):
    topic, tell = told_topic
    tell(Job(JOB.monitor, JOB.policy, JOB.window, JOB.parameters, EVIDENCE))

    [heard] = topic.heard()
    assert heard["Subject"] == "Atalaia: credit-scoring, drift, 20260301T000000Z"
    assert {key: each["Value"] for key, each in heard["MessageAttributes"].items()} == {
        "monitor": "credit-scoring", "policy": "drift", "window": "20260301T000000Z", "id": JOB.id,
    }  # fmt: skip
    assert json.loads(heard["Message"]) == {
        "id": JOB.id, "monitor": "credit-scoring", "policy": "drift", "window": "20260301T000000Z",
        "parameters": {"window": "20260301T000000Z"}, "evidence": EVIDENCE,
    }  # fmt: skip


def test_a_topic_is_told_what_it_takes(told_topic):
    topic, tell = told_topic
    found = [EVIDENCE["findings"][0] | {"column": '"ü' * 2_000}] * 20
    tell(Job("ü" * 90, "drift", JOB.window, evidence={**EVIDENCE, "findings": found}))

    [heard] = topic.heard()
    told = json.loads(heard["Message"])["evidence"]
    assert len(heard["Subject"]) == 99
    assert heard["Subject"].isascii()
    assert len(told["findings"]) + told["more"] == 24
    assert told["findings"]


def test_people_read_what_was_found():
    seen = {}

    class Client:
        def publish(self, **told):
            seen.update(told)

    class Clients:
        def within(self, service, seconds):
            return Client()

    TopicStarter(Clients(), "arn:aws:sns:eu-west-1:1:told").start(
        Job(JOB.monitor, JOB.policy, JOB.window, JOB.parameters, EVIDENCE)
    )

    message = json.loads(seen["Message"])
    assert message["sms"] == seen["Subject"]
    assert message["email"].splitlines() == [
        "credit-scoring: drift",
        "- psi of age region (rest): 0.3123, threshold 0.2",
        "- and 4 more",
        "Window: 2026-03-01T00:00:00Z to 2026-03-02T00:00:00Z",
        "Baseline: v1",
        "Train on: 2026-02-01T00:00:00Z to 2026-03-02T00:00:00Z of s3://in",
        "Report: s3://out/report.json",
        f"Id: {JOB.id}",
        "window: 20260301T000000Z",
    ]


def test_a_topic_that_is_not_there_is_to_be_corrected(told_topic):
    topic, tell = told_topic
    starter = tell.__self__

    with pytest.raises(JobError, match=r"SNS topic .*NotFound.*Correct the policy's `sns_topic`"):
        TopicStarter(starter.clients, topic.arn + "-absent").start(JOB)


def test_no_start_takes_longer_than_leases_count_on():
    aws = 2 * 2 * aws_asking.SECONDS  # an endpoint as it is, and its new weights, each to connect and to answer

    assert aws <= LONGEST_START
    assert 2 * LONGEST_START * SECOND == LEASE
