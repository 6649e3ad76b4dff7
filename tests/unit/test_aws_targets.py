"""What a function on Lambda starts for each target of a policy, and where its secrets come from."""

import io

import pytest

from atalaia.errors import JobError
from atalaia.policies import Policy, SagemakerTraffic
from atalaia_aws.jobs import PipelineStarter, TrainingStarter
from atalaia_aws.runtime import Lambda
from atalaia_aws.topics import TopicStarter
from atalaia_aws.traffic import TrafficStarter
from atalaia_functions.deadline import Deadline
from atalaia_local import MemoryStore, StoredJobs

TARGETS = {
    "pipeline": ("retrain", PipelineStarter),
    "training_job": ({"RoleArn": "arn"}, TrainingStarter),
    "sagemaker_traffic": (SagemakerTraffic("churn", {"old": 1}), TrafficStarter),
    "sns_topic": ("arn:aws:sns:eu-west-1:123456789012:told", TopicStarter),
    "file": (True, StoredJobs),
}


@pytest.fixture
def function():
    return Lambda({"ATALAIA_TOKEN": "t0p"}, io.StringIO(), Deadline())


def policy(**target):
    return Policy(**{"name": "p", "when": "drifted > 0.1"} | target)


@pytest.mark.parametrize("name", TARGETS)
def test_each_target_has_its_own_starter(function, name):
    value, kind = TARGETS[name]

    assert type(function.starter_of(policy(**{name: value}), MemoryStore())) is kind


def test_a_target_in_azure_is_no_target_here(function):
    with pytest.raises(JobError, match="policy p: its target is one of Azure's"):
        function.starter_of(policy(event_grid_topic="https://t.eventgrid.azure.net"), MemoryStore())


def test_a_setting_is_a_secret_and_a_key_vault_has_none(function):
    assert function.secret("env:ATALAIA_TOKEN") == "t0p"
    with pytest.raises(JobError, match="env and secretsmanager can be read here"):
        function.secret("keyvault:https://v.vault.azure.net/secrets/x")
