"""What all sides of the seam share: where something lives, events, signatures, counts."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ministack.app
from ministack.core import responses, sigv4
from ministack.services import cloudwatch, cloudwatch_logs, eventbridge, lambda_svc, s3, sns, sqs

from emulated_aws.asgi import Application

application: Application = ministack.app.app


@dataclass(frozen=True, slots=True)
class Place:
    """The account and region that something lives in."""

    account: str
    region: str

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Work in there: MiniStack keeps all state by it."""
        with responses.request_scope(self.account, self.region):
            yield


def here() -> Place:
    """The place of the request being served."""
    return Place(responses.get_account_id(), responses.get_region())


def signature_fault(
    method: str, path: str, query: Mapping[str, list[str]], headers: Mapping[str, str], body: bytes, secret: str
) -> tuple[str, str] | None:
    """Why a request's signature is refused, as a code and words; None if it is right."""
    presigned = "X-Amz-Signature" in query
    signature = sigv4.parse_query_signature(query) if presigned else sigv4.parse_header_signature(headers)
    if isinstance(signature, tuple):
        return str(signature[0]), str(signature[1])
    late = None if presigned else sigv4.request_time_failure(signature)
    fault = late or sigv4.header_signature_failure(
        signature, secret, method, path, query, headers, body, presigned=presigned
    )
    return None if fault is None else (str(fault[0]), str(fault[1]))


def emit(source: str, kind: str, detail: Mapping[str, Any], resources: Sequence[str]) -> None:
    """An event of an AWS service on the default bus. Within its place."""
    eventbridge._dispatch_event(
        {
            "EventId": responses.new_uuid(), "Source": source, "DetailType": kind, "Detail": json.dumps(detail),
            "EventBusName": "default", "Time": time.time(), "Resources": list(resources),
            "Account": responses.get_account_id(), "Region": responses.get_region(),
        }
    )  # fmt: skip


def publish(topic: str, subject: str, message: str) -> None:
    """Publish to an SNS topic. Within its place."""
    sns._fanout(topic, responses.new_uuid(), message, subject[:100])


def counts() -> dict[str, int]:
    """How much there is of what, in all places."""
    return {
        "buckets": len(s3._buckets._data),
        "queues": len(sqs._queues._data),
        "topics": len(sns._topics._data),
        "rules": len(eventbridge._rules._data),
        "functions": len(lambda_svc._functions._data),
        "alarms": len(cloudwatch._alarms._data) + len(cloudwatch._composite_alarms._data),
        "metrics": len(cloudwatch._metrics._data),
        "log_groups": len(cloudwatch_logs._log_groups._data),
    }
