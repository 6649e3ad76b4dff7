"""Lambda's API is MiniStack's, its running is ours: the port that our Lambda uses, and what calls it instead."""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from ministack.core import responses
from ministack.services import cloudwatch_logs, lambda_svc, sns, sqs

from emulated_aws.lambdas.ports import Call
from emulated_aws.lambdas.settings import FunctionSettings
from emulated_aws.rights import Right, log_rights
from emulated_aws.seam.judging import refusal_of_role
from emulated_aws.seam.places import Place, emit

SENDING = {"sqs": ["sqs:SendMessage"], "sns": ["sns:Publish"], "events": ["events:PutEvents"]}
RECEIVING = ["sqs:ReceiveMessage", "sqs:GetQueueAttributes"]  # what Lambda's documentation names, with the next
DELETING = ["sqs:DeleteMessage"]


class MiniStackForLambda:
    """The port `emulated_aws.lambdas.ports.Aws`."""

    def acquire(self, call: Call) -> str | None:
        slot, _limit = lambda_svc._acquire_execution_slot(call.record, call.config)
        return None if slot is None else str(slot)

    def release(self, slot: str) -> None:
        lambda_svc._release_execution_slot(slot)

    def write(self, function: FunctionSettings, stream: str, message: str) -> None:
        group = function.log_group
        with responses.request_scope(function.account, function.region):
            arn = f"arn:aws:logs:{function.region}:{function.account}:log-group:{group}"
            needed = log_rights(arn, stream, is_new=group not in cloudwatch_logs._log_groups)
            if refusal_of_role(function.role, function.name, needed):
                return  # as on AWS: the line is in no log
            now = int(time.time() * 1000)
            kept = _log_stream(group, stream, now)
            event = {"timestamp": now, "message": message, "ingestionTime": now}
            cloudwatch_logs._append_log_events(kept, [event])
            cloudwatch_logs._fanout_to_subscription_filters(group, stream, [event])

    def invoked(self, call: Call, duration_ms: float, *, failed: bool) -> None:
        with _scope_of(call.config):
            lambda_svc._emit_lambda_metrics(call.name, duration_ms=duration_ms, error=failed, throttle=False)

    def send(self, call: Call, arn: str, body: str, attributes: Mapping[str, str]) -> str | None:
        service, region, account = arn.split(":")[2:5]
        with responses.request_scope(account, region):
            if refused := _refusal(call, arn, SENDING.get(service, ())):
                return refused
            if service == "sqs":
                return _send_to_queue(arn, body, attributes)
            if service == "sns":
                typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
                sns._fanout(arn, responses.new_uuid(), body, "", "", typed)
                return None
            if service == "events":
                detail_type = json.loads(body)["requestContext"]["condition"]
                emit("lambda", f"Lambda Function Invocation Result - {detail_type}", json.loads(body), [arn])
                return None
        return f"{service} is no destination here"

    def function(self, arn: str) -> Call | None:
        if ":lambda:" not in arn:
            return None
        return resolve(arn)

    def mappings(self) -> Sequence[dict[str, Any]]:
        found = [mapping for _account, _region, mapping in lambda_svc._iter_all_esms()]
        return [mapping for mapping in found if mapping.get("Enabled", True) and ":sqs:" in mapping["EventSourceArn"]]

    def target(self, mapping: Mapping[str, Any]) -> Call | None:
        return resolve(mapping["FunctionArn"])

    def receive(self, mapping: Mapping[str, Any], most: int) -> list[dict[str, Any]]:
        arn, call = mapping["EventSourceArn"], resolve(mapping["FunctionArn"])
        with _scope_of_arn(arn):
            queue = sqs._queue_by_arn(arn)
            if queue is None or call is None or _refusal(call, arn, RECEIVING):
                return []
            with sqs._queues_lock:
                sqs._expire_retained(queue)
                sqs._dlq_sweep(queue)
                visibility = int(queue["attributes"].get("VisibilityTimeout", "30"))
                messages = sqs._collect_msgs(queue, most, visibility)
                return [_record(message, arn) for message in messages]

    def delete(self, mapping: Mapping[str, Any], receipts: Sequence[str]) -> None:
        arn, call = mapping["EventSourceArn"], resolve(mapping["FunctionArn"])
        if not receipts or call is None:
            return
        with _scope_of_arn(arn):
            if not _refusal(call, arn, DELETING):
                url = sqs._queue_url(arn.rsplit(":", 1)[1])
                sqs._delete_messages_for_esm(url, set(receipts))

    def wanted(self, mapping: Mapping[str, Any], records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return list(lambda_svc._apply_filter_criteria(records, mapping))


def resolve(arn: str) -> Call | None:
    """The function, version or alias that *arn* names; None if there is none."""
    with _scope_of_arn(arn):
        record, config, _name = lambda_svc._get_func_record_for_ref(arn)
        if not record or not config:
            return None
        chosen = lambda_svc._execution_record_for_config(record, config)
        return Call(chosen, chosen.get("config") or config)


def _refusal(call: Call, arn: str, actions: Sequence[str]) -> str | None:
    """Why Lambda may not do this for a function, None if it may."""
    return refusal_of_role(call.config.get("Role") or "", call.name, [Right(action, arn) for action in actions])


def _scope_of_arn(arn: str) -> AbstractContextManager[None]:
    region, account = arn.split(":")[3:5]
    return Place(account, region).entered()


def _scope_of(config: Mapping[str, Any]) -> AbstractContextManager[None]:
    return _scope_of_arn(config["FunctionArn"])


def _log_stream(group: str, stream: str, now: int) -> dict[str, Any]:
    groups = cloudwatch_logs._log_groups
    if group not in groups:
        groups[group] = {
            "arn": cloudwatch_logs._make_group_arn(group), "creationTime": now, "retentionInDays": None,
            "tags": {}, "subscriptionFilters": {}, "streams": {},
        }  # fmt: skip
    streams: dict[str, dict[str, Any]] = groups[group]["streams"]
    if stream not in streams:
        streams[stream] = {
            "events": [], "uploadSequenceToken": "1", "creationTime": now,
            "firstEventTimestamp": None, "lastEventTimestamp": None, "lastIngestionTime": None,
        }  # fmt: skip
    return streams[stream]


def _send_to_queue(arn: str, body: str, attributes: Mapping[str, str]) -> str | None:
    queue = sqs._queue_by_arn(arn)
    if queue is None:
        return "there is no such queue"
    now = time.time()
    message = {
        "id": responses.new_uuid(), "body": body, "md5_body": responses.md5_hash(body.encode()), "md5_attrs": "",
        "receipt_handle": None, "sent_at": now, "visible_at": now + sqs.queue_delay(queue), "receive_count": 0,
        "message_attributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    }  # fmt: skip
    sqs._ensure_msg_fields(message)
    queue["messages"].append(message)
    return None


def _record(message: Mapping[str, Any], arn: str) -> dict[str, Any]:
    """One message as it stands in the event of a mapping."""
    system = message.get("sys") or {}
    attributes = {
        "ApproximateReceiveCount": str(message["receive_count"]),
        "SentTimestamp": str(int(message["sent_at"] * 1000)),
        "SenderId": responses.get_account_id(),
        "ApproximateFirstReceiveTimestamp": str(int(message["first_receive_at"] * 1000)),
    }
    named = (("MessageGroupId", "group_id"), ("MessageDeduplicationId", "dedup_id"), ("SequenceNumber", "seq"))
    attributes |= {name: str(message[key]) for name, key in named if message.get(key)}
    if system.get("AWSTraceHeader"):
        attributes["AWSTraceHeader"] = system["AWSTraceHeader"]
    return {
        "messageId": message["id"],
        "receiptHandle": message["receipt_handle"],
        "body": message["body"],
        "attributes": attributes,
        "messageAttributes": lambda_svc._sqs_message_attributes_to_camel_case(message.get("message_attributes") or {}),
        "md5OfBody": message.get("md5_body") or message.get("md5") or "",
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": responses.get_region(),
    }
