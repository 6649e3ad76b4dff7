"""Every way to start a job starts it once; behind the adapter is looked at what was started."""

import json
import re
import threading
import uuid

import pytest
import servers
from arm import WORKSPACE, arm, token_for
from event_grid import event_grid_topic
from msgspec.structs import replace
from sagemaker import sagemaker

from atalaia.errors import AtalaiaError, JobError
from atalaia.policies import AzuremlBatch, AzuremlJob, AzuremlTraffic, Policy
from atalaia.ports import Job
from atalaia_aws.clients import BotoClients
from atalaia_aws.jobs import PipelineStarter, TrainingStarter
from atalaia_azure.asking import endpoint_of
from atalaia_azure.targets import azure_starter
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

COMMAND = {
    "jobType": "Command",
    "command": "python train.py",
    "environmentId": "azureml:train:1",
    "environmentVariables": {"DEPTH": "6"},
    "tags": {"team": "risk"},
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


def of_policy(azure, **target):
    return azure_starter(Policy("drift", "drifted > 0.3", **target), azure.address, token_for)


def on_azure(azure, **changes):
    return of_policy(azure, azureml_job=AzuremlJob(WORKSPACE, {**COMMAND, **changes}))


def batch(azure, **changes):
    folder = {"data": {"jobInputType": "UriFolder", "uri": "azureml://datastores/d/paths/x"}}
    return of_policy(
        azure, azureml_batch=AzuremlBatch(**{"workspace": WORKSPACE, "endpoint": "score", "inputs": folder} | changes)
    )


def traffic(azure, **changes):
    given = {"workspace": WORKSPACE, "endpoint": "credit", "traffic": {"blue": 0, "green": 100}}
    return of_policy(azure, azureml_traffic=AzuremlTraffic(**given | changes))


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
    *(f"{k}-{c}" for k in ("pipeline", "training") for c in servers.CLOUDS),
]
ALONE = ["batch", "traffic"]
"""Who have to look first: the ledger's lease keeps other evaluators out meanwhile."""


@pytest.fixture(params=STARTERS)
def starter_and_started(request, tmp_path):
    """Return a starter, and a function that counts what was started behind it."""
    kind, _, where = request.param.partition("-")
    if kind == "files":
        return StoredJobs(DirectoryStore(tmp_path / "out")), lambda: len(list((tmp_path / "out").rglob("*.json")))
    if kind == "azureml":
        azure = request.getfixturevalue("azure")
        return on_azure(azure), lambda: len(azure.jobs)
    if kind == "batch":
        azure = request.getfixturevalue("azure")
        return batch(azure), lambda: len(azure.jobs)
    if kind == "traffic":
        azure = request.getfixturevalue("azure")
        return traffic(azure), lambda: azure.shifts
    if kind == "topic":
        address, heard = request.getfixturevalue("topic")
        return TopicNotifier(address, grid(token_for)), lambda: len({event["id"] for _, _, [event] in heard})
    if where == "here":
        service, clients = request.getfixturevalue("service"), request.getfixturevalue("clients")
        if kind == "pipeline":
            return PipelineStarter(clients, "retrain"), lambda: len(service.executions)
        return TrainingStarter(clients, REQUEST), lambda: len(service.training)
    return _in_cloud(kind, request.getfixturevalue("server_named")(where))


def _in_cloud(kind, server):
    client, name = server.client("sagemaker"), f"retrain-{uuid.uuid4().hex}"
    clients = BotoClients({"endpoint_url": server.address, **server.boto})
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
    assert started() == (1 if "traffic" in request.node.callspec.id else 4)  # a split that is there is left alone


@pytest.mark.usefixtures("once")
@pytest.mark.parametrize("starter_and_started", [each for each in STARTERS if each not in ALONE], indirect=True)
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
        (400, "AccessDeniedException", "right to start it"),
        (404, "ResourceNotFound", "Correct its name"),
    ],
)
def test_a_refusal_says_what_to_do(service, clients, status, code, advice):
    service.plan = [(status, code)]

    with pytest.raises(JobError, match=rf"pipeline retrain: {code} .*{advice}"):
        PipelineStarter(clients, "retrain").start(JOB)

    assert PipelineStarter(clients, "retrain").start(JOB)
    assert len(service.executions) == 1


def test_without_an_answer_nobody_knows(clients, service):
    nowhere = BotoClients({"endpoint_url": f"http://127.0.0.1:{servers.free_port()}", **servers.Server("").boto})

    with pytest.raises(JobError, match="tried again"):
        PipelineStarter(nowhere, "retrain").start(JOB)


def test_a_command_in_azure_is_told_its_parameters_as_variables_and_tags(azure):
    name = on_azure(azure).start(JOB)

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
    name = on_azure(azure, jobType="Pipeline", displayName="mine", inputs={"depth": {"jobInputType": "literal"}}).start(
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
        on_azure(azure).start(JOB)

    assert [on_azure(azure).start(JOB)] == list(azure.jobs)


def test_who_finds_the_name_taken_has_started_the_job(azure):
    azure.plan = [(409, "Conflict")]

    assert on_azure(azure).start(JOB) == job_name(JOB)


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
        on_azure(azure).start(JOB)

    assert on_azure(azure).start(JOB) in azure.jobs


def test_a_workspace_that_is_not_there_is_no_job_to_be_started(azure):
    starter = of_policy(azure, azureml_job=AzuremlJob(WORKSPACE + "2", COMMAND))

    with pytest.raises(JobError, match=r"404 \(ResourceNotFound.*Correct the policy's `azureml_job`"):
        starter.start(JOB)


def test_a_token_is_sent_to_no_address_without_tls():
    assert endpoint_of({}) == "https://management.azure.com"
    with pytest.raises(AtalaiaError, match="must begin with https"):
        endpoint_of({"ATALAIA_ARM_ENDPOINT": "http://management.example"})
