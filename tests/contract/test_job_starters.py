"""Every way to start a job starts it once; behind the adapter is looked at what was started."""

import json
import re
import threading

import pytest
import servers
from sagemaker import sagemaker

from atalaia.errors import JobError
from atalaia.ports import Job
from atalaia_aws.clients import BotoClients
from atalaia_aws.jobs import PipelineStarter, TrainingStarter, job_name
from atalaia_local import DirectoryStore, StoredJobs

JOB = Job("credit-scoring", "drift", "20260301T000000Z", {"window": "20260301T000000Z"})
REQUEST = {
    "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "image"},
    "RoleArn": "arn:aws:iam::123456789012:role/train",
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    "HyperParameters": {"depth": "6"},
}


@pytest.fixture
def service():
    with sagemaker() as running:
        yield running


@pytest.fixture
def clients(service):
    return BotoClients({"endpoint_url": service.address, **servers.BOTO})


@pytest.fixture(params=["files", "pipeline", "training"])
def starter_and_started(request, tmp_path):
    """Return a starter, and a function that counts what was started behind it."""
    if request.param == "files":
        yield StoredJobs(DirectoryStore(tmp_path / "out")), lambda: len(list((tmp_path / "out").rglob("*.json")))
        return
    service, clients = request.getfixturevalue("service"), request.getfixturevalue("clients")
    if request.param == "pipeline":
        yield PipelineStarter(clients, "retrain"), lambda: len(service.executions)
    else:
        yield TrainingStarter(clients, REQUEST), lambda: len(service.training)


@pytest.fixture
def starter(starter_and_started):
    return starter_and_started[0]


@pytest.fixture
def started(starter_and_started):
    return starter_and_started[1]


def test_a_job_is_started(starter, started):
    assert starter.start(JOB)
    assert started() == 1


def test_the_same_job_is_started_once_and_has_one_name(starter, started):
    names = {starter.start(JOB) for _ in range(3)}

    assert len(names) == 1
    assert started() == 1


def test_other_parameters_make_no_other_job(starter, started):
    starter.start(JOB)
    starter.start(Job(JOB.monitor, JOB.policy, JOB.window, {"other": "1"}))

    assert started() == 1


def test_another_monitor_policy_or_window_is_another_job(starter, started):
    jobs = [
        JOB,
        Job("other", "drift", JOB.window),
        Job(JOB.monitor, "other", JOB.window),
        Job(JOB.monitor, "drift", "x"),
    ]

    names = {starter.start(job) for job in jobs}

    assert len(names) == started() == 4


def test_of_many_threads_that_start_one_job_one_does(starter, started):
    threads = [threading.Thread(target=starter.start, args=(JOB,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert started() == 1


def test_the_parts_of_an_id_do_not_run_into_each_other():
    assert Job("a", "bc", "d").id != Job("ab", "c", "d").id


def test_a_file_says_what_to_start(tmp_path):
    StoredJobs(DirectoryStore(tmp_path)).start(JOB)

    [file] = tmp_path.rglob("*.json")
    told = json.loads(file.read_text())
    assert told == {
        "id": JOB.id,
        "monitor": "credit-scoring",
        "policy": "drift",
        "window": "20260301T000000Z",
        "parameters": {"window": "20260301T000000Z"},
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
    nowhere = BotoClients({"endpoint_url": f"http://127.0.0.1:{servers.free_port()}", **servers.BOTO})

    with pytest.raises(JobError, match="tried again"):
        PipelineStarter(nowhere, "retrain").start(JOB)
