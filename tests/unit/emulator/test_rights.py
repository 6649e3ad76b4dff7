import json
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest

from emulated_aws.metric_gate import namespace_of
from emulated_aws.query_xml import in_xml
from emulated_aws.rights import Right, log_rights, sagemaker_rights

ARN = "arn:aws:sagemaker:eu-west-1:123456789012"
ROLE = "arn:aws:iam::123456789012:role/training"


def test_a_tagged_training_job_needs_to_be_made_tagged_and_given_its_role():
    request = {"TrainingJobName": "job", "RoleArn": ROLE, "Tags": [{"Key": "k", "Value": "v"}]}

    assert sagemaker_rights("CreateTrainingJob", request, ARN) == [
        Right("sagemaker:CreateTrainingJob", f"{ARN}:training-job/job"),
        Right("sagemaker:AddTags", f"{ARN}:training-job/job"),
        Right("iam:PassRole", ROLE, {"iam:PassedToService": "sagemaker.amazonaws.com"}),
    ]


def test_an_operation_that_no_function_calls_is_on_everything():
    assert sagemaker_rights("CreatePipeline", {}, ARN) == [Right("sagemaker:CreatePipeline", "*")]


def test_an_endpoint_is_described_and_shifted_by_its_own_right():
    for operation in ("DescribeEndpoint", "UpdateEndpointWeightsAndCapacities"):
        needed = sagemaker_rights(operation, {"EndpointName": "Churn"}, ARN)

        assert needed == [Right(f"sagemaker:{operation}", f"{ARN}:endpoint/churn")]


def test_a_line_of_a_new_group_needs_the_right_to_make_it():
    group = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/f"
    names = [right.action for right in log_rights(group, "s", is_new=True)]

    assert names == ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    assert [right.resource for right in log_rights(group, "s", is_new=False)] == [f"{group}:log-stream:s"] * 2


@pytest.mark.parametrize(
    ("body", "namespace"),
    [
        (json.dumps({"Namespace": "Atalaia", "MetricData": []}).encode(), "Atalaia"),
        (urlencode({"Action": "PutMetricData", "Namespace": "My models"}).encode(), "My models"),
        (b"\xa1iNamespacegAtalaia", "Atalaia"),
        (b"\xff", None),
        (b"{}", None),
    ],
)
def test_the_namespace_is_read_in_each_protocol(body, namespace):
    assert namespace_of(body, decoded) == namespace


def decoded(body):
    """As CBOR has it: a map of one text to another, as above."""
    if body[:1] != b"\xa1":
        raise ValueError(body)
    return {body[2:11].decode(): body[12:].decode()}


def test_an_answer_in_xml_has_lists_of_members_and_times_in_words():
    answer = {"Alarms": [{"Name": "a<b", "On": True, "At": None, "UpdatedTimestamp": 0.5}, {"Dimensions": []}]}

    root = ET.fromstring(in_xml("DescribeAlarms", "urn:x", answer))

    first, second = root.findall("{urn:x}DescribeAlarmsResult/{urn:x}Alarms/{urn:x}member")
    assert [(each.tag.removeprefix("{urn:x}"), each.text) for each in first] == [
        ("Name", "a<b"),
        ("On", "true"),
        ("UpdatedTimestamp", "1970-01-01T00:00:00Z"),
    ]
    assert len(second) == 1
