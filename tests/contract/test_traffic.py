"""Traffic of a SageMaker endpoint is shifted once, to a state; behind the adapter is looked at what was asked for."""

import uuid

import pytest
import servers
from emulators import until
from sagemaker import sagemaker

from atalaia.errors import JobError
from atalaia.policies import SagemakerTraffic
from atalaia.ports import Job
from atalaia_aws.clients import BotoClients
from atalaia_aws.traffic import TrafficStarter
from atalaia_functions.naming import job_name

JOB = Job("churn", "roll-back", "20260301T000000Z")
BACK = {"new": 0.0, "old": 1.0}


@pytest.fixture
def service():
    with sagemaker() as running:
        yield running


def to(service, weights=BACK, name="Churn"):
    clients = BotoClients({"endpoint_url": service.address, **servers.Server(service.address).boto})
    return TrafficStarter(clients, SagemakerTraffic(name, weights))


def test_the_weights_that_a_policy_names_are_asked_for(service):
    assert to(service).start(JOB) == job_name(JOB)

    assert service.shifts == [
        {
            "EndpointName": "Churn",
            "DesiredWeightsAndCapacities": [
                {"VariantName": "new", "DesiredWeight": 0.0},
                {"VariantName": "old", "DesiredWeight": 1.0},
            ],
        }
    ]


def test_weights_that_are_so_are_not_asked_for_again(service):
    to(service).start(JOB)
    service.settle()

    assert to(service).start(JOB) == job_name(JOB)
    assert len(service.shifts) == 1


def test_a_variant_that_is_not_named_keeps_its_weight(service):
    to(service, {"old": 0.5}).start(JOB)
    service.settle()
    to(service, {"old": 0.5}).start(JOB)

    assert len(service.shifts) == 1
    assert service.endpoint["ProductionVariants"][0]["CurrentWeight"] == 1.0


def test_what_was_asked_for_without_an_answer_is_not_asked_for_again(service):
    service.plan = ["pass", "lost"]
    with pytest.raises(JobError, match="tried again with the same id"):
        to(service).start(JOB)
    with pytest.raises(JobError, match=r"its status is Updating.*tried again"):
        to(service).start(JOB)
    service.settle()

    assert to(service).start(JOB) == job_name(JOB)
    assert len(service.shifts) == 1


def test_an_endpoint_that_failed_is_first_to_be_mended(service):
    service.endpoint["EndpointStatus"] = "OutOfService"

    with pytest.raises(JobError, match=r"OutOfService.*Bring it into service"):
        to(service).start(JOB)

    assert service.shifts == []


def test_an_unknown_variant_is_told_with_those_that_there_are(service):
    with pytest.raises(JobError, match=r"no variant champion\. .* has: new, old\."):
        to(service, {"champion": 1, "new": 0}).start(JOB)

    assert service.shifts == []


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ([(400, "AccessDeniedException")], "AccessDenied.*the right sagemaker:DescribeEndpoint"),
        (["pass", (400, "AccessDeniedException")], "the right sagemaker:UpdateEndpointWeightsAndCapacities"),
        ([(400, "ThrottlingException")], "tried again with the same id"),
        (["pass", (500, "InternalFailure")], "tried again with the same id"),
    ],
)
def test_a_refusal_says_what_to_do(service, plan, words):
    service.plan = plan

    with pytest.raises(JobError, match=f"endpoint Churn: .*{words}"):
        to(service).start(JOB)

    assert to(service).start(JOB)
    assert len(service.shifts) == 1


def test_an_endpoint_that_is_not_there_is_to_be_corrected(service):
    with pytest.raises(JobError, match=r"Could not find endpoint.*Correct the policy's `sagemaker_traffic`"):
        to(service, name="Other").start(JOB)


@pytest.mark.parametrize("cloud", servers.CLOUDS)
def test_other_servers_shift_it_too(cloud, server_named):
    server, name = server_named(cloud), f"e{uuid.uuid4().hex}"
    client = server.client("sagemaker")
    model = {"InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    role = "arn:aws:iam::123456789012:role/serve"
    if cloud == "moto":
        client.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": "image"})
    variants = [
        {"VariantName": each, "ModelName": name, "InitialVariantWeight": weight, **model}
        for each, weight in (("new", 1.0), ("old", 0.0))
    ]
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
    described = lambda: client.describe_endpoint(EndpointName=name)  # noqa: E731 - one line
    in_service = lambda: described()["EndpointStatus"] == "InService"  # noqa: E731 - one line
    assert until(in_service)
    starter = TrafficStarter(BotoClients({"endpoint_url": server.address, **server.boto}), SagemakerTraffic(name, BACK))

    starter.start(JOB)

    assert until(in_service)
    assert {each["VariantName"]: each["DesiredWeight"] for each in described()["ProductionVariants"]} == BACK
    assert starter.start(JOB)
