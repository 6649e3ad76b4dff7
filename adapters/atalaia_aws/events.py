"""Which log objects an event tells of, in whatever way S3 sent it.

S3 invokes a function directly, through SQS, SNS, SNS and SQS, or EventBridge. Notifications write an object's key as a
form does (`+` for a blank), EventBridge writes it as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from msgspec import Struct

from atalaia.errors import AtalaiaError
from atalaia.monitoring.service import Arrival, NewVersion
from atalaia.window import parse_time

_CREATED = "ObjectCreated:"
_TEST = "s3:TestEvent"
_DEEPEST = 4  # SQS holds what SNS sent, which holds what S3 sent


class EventError(AtalaiaError):
    """An event is of no kind that a function understands."""


class Message(Struct, frozen=True):
    """One message: it is done when all its objects are.

    Attributes:
        id: By which SQS is told that it failed; None where the event did not come through SQS.
        arrivals: The objects that it tells of; none in a test event, or when something was deleted.
        fault: Why it was not understood.
    """

    id: str | None
    arrivals: tuple[Arrival, ...]
    fault: str | None = None


def messages_of(event: Any) -> list[Message]:
    """Return what an event tells.

    Raises:
        EventError: It is no event of S3, and did not come through a queue that could keep it.
    """
    records = event.get("Records") if isinstance(event, Mapping) else None
    if isinstance(records, list) and any(_source(record) == "aws:sqs" for record in records):
        return [_message(record) for record in records]
    return [Message(None, tuple(_arrivals(event, 0)))]


def _message(record: Mapping[str, Any]) -> Message:
    name = str(record.get("messageId"))
    try:
        return Message(name, tuple(_arrivals(_parsed(record.get("body")), 0)))
    except EventError as error:
        return Message(name, (), str(error))


def _arrivals(event: Any, depth: int) -> Iterator[Arrival]:
    if not isinstance(event, Mapping) or depth > _DEEPEST:
        raise _unknown(event)
    if event.get("Event") == _TEST:
        return
    if event.get("source") == "aws.s3":
        yield from _bridged(event)
    elif event.get("Type") == "Notification":
        yield from _arrivals(_parsed(event.get("Message")), depth + 1)
    elif isinstance(event.get("Records"), list):
        for record in event["Records"]:
            yield from _recorded(record, depth)
    else:
        raise _unknown(event)


def _recorded(record: Any, depth: int) -> Iterator[Arrival]:
    source = _source(record)
    if source == "aws:sns":
        yield from _arrivals(_parsed(record.get("Sns", {}).get("Message")), depth + 1)
    elif source == "aws:s3":
        if str(record.get("eventName", "")).startswith(_CREATED):
            try:
                bucket, told = record["s3"]["bucket"]["name"], record["s3"]["object"]
                key = unquote_plus(told["key"], errors="strict")
            except (KeyError, TypeError, UnicodeDecodeError) as error:
                raise _unknown(record) from error
            yield _arrival(bucket, key, told.get("size"), told.get("eTag"))
    else:
        raise _unknown(record)


def _bridged(event: Mapping[str, Any]) -> Iterator[Arrival]:
    if event.get("detail-type") != "Object Created":
        return
    try:
        bucket, told = event["detail"]["bucket"]["name"], event["detail"]["object"]
        yield _arrival(bucket, told["key"], told.get("size"), told.get("etag"))
    except (KeyError, TypeError) as error:
        raise _unknown(event) from error


def _arrival(bucket: str, key: str, size: Any, etag: Any) -> Arrival:
    known = isinstance(size, int) and isinstance(etag, str) and etag
    return Arrival(f"s3://{bucket}/{key}", size if known else None, f'"{etag.strip(chr(34))}"' if known else "")


def _source(record: Any) -> str:
    """Return the service that a record is of; SNS writes the name of the key otherwise."""
    if not isinstance(record, Mapping):
        return ""
    return str(record.get("eventSource") or record.get("EventSource") or "")


def _parsed(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError) as error:
        raise _unknown(text) from error


def _unknown(event: Any) -> EventError:
    keys = ", ".join(sorted(map(str, event))[:5]) if isinstance(event, Mapping) else type(event).__name__
    return EventError(
        f"This event ({keys}) does not tell of objects in S3. Send S3's notifications: directly, or "
        "through SQS, SNS or EventBridge."
    )


def answer_to(messages: list[Message], failed: Mapping[str, str]) -> dict[str, Any]:
    """Return what a function answers: through SQS, the messages to be delivered again.

    Args:
        messages: What the event told.
        failed: By URI, why an object was not ingested.

    Raises:
        EventError: Some failed, and the event did not come through SQS; so all of it must be delivered again.
    """
    undone = [message for message in messages if message.fault or any(a.uri in failed for a in message.arrivals)]
    if undone and undone[0].id is None:
        uri, why = next(iter(failed.items()))
        msg = f"{len(failed)} of the objects were not ingested, such as {uri}: {why}"
        raise EventError(msg)
    return {"batchItemFailures": [{"itemIdentifier": message.id} for message in undone]}


class JobChange(Struct, frozen=True):
    """What SageMaker tells of a job.

    Attributes:
        job: Its name as in actions: a pipeline execution's ARN, a training job's name.
        state: Such as `Executing` or `Failed`.
        time: Since when, µs since 1970.
        why: Why it failed, in one line; empty if that is not told, as it never is of pipelines.
    """

    job: str
    state: str
    time: int
    why: str = ""


_JOBS = {
    "SageMaker Model Building Pipeline Execution Status Change": (
        "pipelineExecutionArn",
        "currentPipelineExecutionStatus",
    ),
    "SageMaker Training Job State Change": ("TrainingJobName", "TrainingJobStatus"),
}


_MOST_WHY = 300
_PACKAGE = "SageMaker Model Package State Change"


def change_of(event: Any) -> JobChange | NewVersion | None:
    """Return what EventBridge tells of a SageMaker job, or of a model package that was approved.

    Returns:
        None for a model package that is not, or not yet, or that is no version of a group.

    Raises:
        EventError: It tells of something else.
    """
    if not isinstance(event, Mapping) or event.get("detail-type") != _PACKAGE:
        return _job_change_of(event)
    detail, time = event.get("detail"), parse_time(event.get("time"))
    if not isinstance(detail, Mapping) or time is None:
        raise EventError(_NO_JOB)
    group, version = detail.get("ModelPackageGroupName"), detail.get("ModelPackageVersion")
    if detail.get("ModelApprovalStatus") != "Approved" or not isinstance(group, str) or version is None:
        return None
    return NewVersion(group, str(version), time)


def _job_change_of(event: Any) -> JobChange:
    try:
        job, state = (event["detail"][key] for key in _JOBS[event["detail-type"]])
        time, why = parse_time(event["time"]), event["detail"].get("FailureReason")
    except (KeyError, TypeError) as error:
        raise EventError(_NO_JOB) from error
    if not isinstance(job, str) or not isinstance(state, str) or time is None:
        raise EventError(_NO_JOB)
    return JobChange(job, state, time, " ".join(why.split())[:_MOST_WHY] if isinstance(why, str) else "")


_NO_JOB = (
    "This event tells of no SageMaker job. Send the state changes of pipeline executions, training jobs and "
    "model packages."
)
