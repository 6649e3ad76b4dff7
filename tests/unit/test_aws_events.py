"""Which objects an event tells of, in every way that S3 sends it."""

import json

import pytest

from atalaia.monitoring.service import Arrival, NewVersion
from atalaia.window import parse_time
from atalaia_aws.events import EventError, JobChange, answer_to, change_of, messages_of

RECORD = {
    "eventSource": "aws:s3",
    "eventName": "ObjectCreated:Put",
    "s3": {"bucket": {"name": "b"}, "object": {"key": "in/a+b%2Bc%C3%A4.jsonl", "size": 7, "eTag": "abc"}},
}
ARRIVAL = Arrival("s3://b/in/a b+cä.jsonl", 7, '"abc"')
S3 = {"Records": [RECORD]}
BRIDGE = {
    "source": "aws.s3",
    "detail-type": "Object Created",
    "detail": {"bucket": {"name": "b"}, "object": {"key": "in/a b+cä.jsonl", "size": 7, "etag": "abc"}},
}
NOTIFICATION = {"Type": "Notification", "Message": json.dumps(S3)}
SNS = {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps(S3)}}]}


def sqs(*bodies):
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    told = [{"messageId": f"m{place}", "body": text} for place, text in enumerate(texts)]
    return {"Records": [{"eventSource": "aws:sqs", **each} for each in told]}


@pytest.mark.parametrize("event", [S3, BRIDGE, SNS, sqs(S3), sqs(NOTIFICATION), sqs(BRIDGE)])
def test_the_object_is_the_same_however_the_event_came(event):
    assert [message.arrivals for message in messages_of(event)] == [(ARRIVAL,)]


@pytest.mark.parametrize(
    "event",
    [
        {"Event": "s3:TestEvent", "Bucket": "b"},
        sqs({"Event": "s3:TestEvent"}),
        {"Records": [{**RECORD, "eventName": "ObjectRemoved:Delete"}]},
        {**BRIDGE, "detail-type": "Object Deleted"},
        {"Records": []},
    ],
)
def test_tests_and_deletions_tell_of_no_object(event):
    assert [message.arrivals for message in messages_of(event)] == [()]


def test_an_object_without_size_or_etag_is_to_be_looked_at():
    told = {"bucket": {"name": "b"}, "object": {"key": "a.jsonl"}}

    ((arrival,),) = [message.arrivals for message in messages_of({"Records": [{**RECORD, "s3": told}]})]

    assert arrival == Arrival("s3://b/a.jsonl")


@pytest.mark.parametrize(
    "event",
    [
        None,
        7,
        [],
        {},
        {"Records": [{"eventSource": "aws:kinesis"}]},
        {"Records": [{**RECORD, "s3": {}}]},
        {"Records": [{**RECORD, "s3": {"bucket": {"name": "b"}, "object": {"key": "%ff"}}}]},
        {**BRIDGE, "detail": {}},
        {"Type": "Notification", "Message": "{"},
    ],
)
def test_what_is_no_event_is_refused_or_told_of_its_message(event):
    with pytest.raises(EventError):
        messages_of(event)

    good, bad = messages_of(sqs(S3, event))
    assert (good.fault, bad.arrivals) == (None, ())
    assert bad.fault


def test_messages_that_failed_are_delivered_again():
    messages = messages_of(sqs(S3, "rubbish", {"Event": "s3:TestEvent"}))

    assert answer_to(messages, {}) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    both = {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m1"}]}
    assert answer_to(messages, {ARRIVAL.uri: "denied"}) == both


def test_without_a_queue_a_failure_is_raised():
    with pytest.raises(EventError, match="denied"):
        answer_to(messages_of(S3), {ARRIVAL.uri: "denied"})


def test_a_training_job_is_known_by_its_name():
    detail = {"TrainingJobName": "job", "TrainingJobStatus": "Failed"}
    event = {"detail-type": "SageMaker Training Job State Change", "time": "1970-01-01T00:00:00Z", "detail": detail}

    with pytest.raises(EventError):
        change_of(event)
    assert change_of({**event, "time": "2026-03-01T00:00:00Z"}).job == "job"


@pytest.mark.parametrize("state", ["Executing", "Succeeded", "Failed", "Stopped", "CompletedWithFailures"])
def test_an_execution_is_known_by_its_arn(state):
    detail = {"pipelineExecutionArn": "arn", "currentPipelineExecutionStatus": state}
    kind = "SageMaker Model Building Pipeline Execution Status Change"

    change = change_of({"detail-type": kind, "time": "2026-03-01T00:00:00Z", "detail": detail})

    assert change == JobChange("arn", state, parse_time("2026-03-01T00:00:00Z"))


def test_why_a_training_failed_is_one_line():
    why = "AlgorithmError: no rows\n  in the file " + "x" * 1000
    detail = {"TrainingJobName": "job", "TrainingJobStatus": "Failed", "FailureReason": why}
    kind = "SageMaker Training Job State Change"

    change = change_of({"detail-type": kind, "time": "2026-03-01T00:00:00Z", "detail": detail})

    assert change.why.startswith("AlgorithmError: no rows in the file xx")
    assert len(change.why) == 300


@pytest.mark.parametrize(
    "detail", [{"TrainingJobName": "job"}, {"TrainingJobName": "job", "TrainingJobStatus": 7}, None]
)
def test_a_job_without_a_name_and_a_state_is_refused(detail):
    event = {"detail-type": "SageMaker Training Job State Change", "time": "2026-03-01T00:00:00Z", "detail": detail}

    with pytest.raises(EventError):
        change_of(event)


def package(**detail):
    about = {"ModelPackageGroupName": "churn", "ModelPackageVersion": 8, "ModelApprovalStatus": "Approved", **detail}
    kind = "SageMaker Model Package State Change"
    return {"detail-type": kind, "time": "2026-03-01T00:00:00Z", "detail": about}


def test_an_approved_model_package_is_a_new_version_of_its_group():
    assert change_of(package()) == NewVersion("churn", "8", parse_time("2026-03-01T00:00:00Z"))


@pytest.mark.parametrize("status", ["PendingManualApproval", "Rejected", None])
def test_a_model_package_that_is_not_approved_is_no_news(status):
    assert change_of(package(ModelApprovalStatus=status)) is None


@pytest.mark.parametrize("lacks", ["ModelPackageGroupName", "ModelPackageVersion"])
def test_a_model_package_of_no_group_is_no_news(lacks):
    assert change_of(package(**{lacks: None})) is None


@pytest.mark.parametrize("event", [{**package(), "detail": None}, {**package(), "time": "soon"}])
def test_a_model_package_without_details_or_a_time_is_refused(event):
    with pytest.raises(EventError):
        change_of(event)
