"""The one place that knows MiniStack. What it gives to the rest is typed; what it takes from MiniStack is not.

MiniStack is pinned (requirements/ministack.txt). Each name used here is read when the emulator starts, so a version
that lacks one stops it at once. Replaced functions are named in `install`.
"""

import contextvars
import functools
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ministack.app
from ministack.core import responses, router, sigv4
from ministack.services import cloudwatch, cloudwatch_logs, eventbridge, lambda_svc, s3, scheduler, sns, sqs

from emulated_aws.clock import Clock
from emulated_aws.embedded_metrics import Datum
from emulated_aws.lambdas.ports import Call

application = ministack.app.app
Answer = tuple[int, dict[str, str], bytes]
AlarmHook = Callable[[dict[str, Any], str, str], None]
SCHEDULE_LOOK_SECONDS = 0.1


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


# -- Lambda --------------------------------------------------------------------------------------------------------


class MiniStackForLambda:
    """The port `emulated_aws.lambdas.ports.Aws`."""

    def acquire(self, call: Call) -> str | None:
        slot, _limit = lambda_svc._acquire_execution_slot(call.record, call.config)
        return None if slot is None else str(slot)

    def release(self, slot: str) -> None:
        lambda_svc._release_execution_slot(slot)

    def write(self, account: str, region: str, group: str, stream: str, message: str) -> None:
        with responses.request_scope(account, region):
            now = int(time.time() * 1000)
            kept = _log_stream(group, stream, now)
            event = {"timestamp": now, "message": message, "ingestionTime": now}
            cloudwatch_logs._append_log_events(kept, [event])
            cloudwatch_logs._fanout_to_subscription_filters(group, stream, [event])

    def invoked(self, call: Call, duration_ms: float, *, failed: bool) -> None:
        with _scope_of(call.config):
            lambda_svc._emit_lambda_metrics(call.name, duration_ms=duration_ms, error=failed, throttle=False)

    def send(self, arn: str, body: str, attributes: Mapping[str, str]) -> str | None:
        service, region, account = arn.split(":")[2:5]
        with responses.request_scope(account, region):
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
        arn = mapping["EventSourceArn"]
        with _scope_of_arn(arn):
            queue = sqs._queue_by_arn(arn)
            if queue is None:
                return []
            with sqs._queues_lock:
                sqs._expire_retained(queue)
                sqs._dlq_sweep(queue)
                visibility = int(queue["attributes"].get("VisibilityTimeout", "30"))
                messages = sqs._collect_msgs(queue, most, visibility)
                return [_record(message, arn) for message in messages]

    def delete(self, mapping: Mapping[str, Any], receipts: Sequence[str]) -> None:
        if receipts:
            with _scope_of_arn(mapping["EventSourceArn"]):
                url = sqs._queue_url(mapping["EventSourceArn"].rsplit(":", 1)[1])
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


def _scope_of_arn(arn: str) -> Any:
    region, account = arn.split(":")[3:5]
    return responses.request_scope(account, region)


def _scope_of(config: Mapping[str, Any]) -> Any:
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


# -- CloudWatch ----------------------------------------------------------------------------------------------------


def alarms() -> list[tuple[Place, dict[str, Any]]]:
    """All metric alarms, as CloudWatch keeps them."""
    return [(Place(account, region), alarm) for (account, region, _), alarm in list(cloudwatch._alarms._data.items())]


def statistic(alarm: Mapping[str, Any], start: float, end: float) -> float | None:
    """The alarm's statistic over the points in [start, end), Unix times; None without points. Within its place."""
    dimensions = cloudwatch._dims_from_list(alarm.get("Dimensions") or [])
    points = cloudwatch._metrics.get((alarm["Namespace"], alarm["MetricName"], cloudwatch._dims_key(dimensions))) or []
    unit = alarm.get("Unit")
    inside = [
        point for point in list(points) if start <= point["Timestamp"] < end and unit in (None, "", point.get("Unit"))
    ]
    if not inside:
        return None
    name = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    value = cloudwatch._stat_value(cloudwatch._calc_stats(inside), name, inside)
    return None if value is None else float(value)


def move_alarm(alarm: dict[str, Any], state: str, reason: str, data: Mapping[str, Any]) -> None:
    """Put an alarm into *state*: history, actions, and the composite alarms above it. Within its place."""
    old = alarm["StateValue"]
    now = time.time()
    alarm.update(
        StateValue=state, StateReason=reason, StateReasonData=json.dumps(data),
        StateUpdatedTimestamp=int(now), StateTransitionedTimestamp=int(now),
    )  # fmt: skip
    cloudwatch._record_history(alarm["AlarmName"], old, state, reason, reason_data=dict(data))
    cloudwatch._dispatch_alarm_actions(alarm, old, state, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def store(datum: Datum) -> None:
    """Keep a metric value, as PutMetricData would. Within its place."""
    values = list(datum.values)
    cloudwatch._store_datum(
        datum.namespace, datum.name, dict(datum.dimensions), datum.timestamp, datum.unit, None, values, None, None
    )


def cloudwatch_error(code: str, message: str, status: int, headers: Mapping[str, str]) -> Answer:
    """An error in the protocol that the request with *headers* speaks."""
    kind = headers.get("content-type", "")
    cbor = "cbor" in kind or "cbor" in headers.get("smithy-protocol", "")
    answer: Answer = cloudwatch._error(code, message, status, use_json="json" in kind, use_cbor=cbor)
    return answer


def decoded_cbor(body: bytes) -> Any:
    """The value in *body*."""
    import cbor2  # noqa: PLC0415 (as MiniStack does: most clients speak JSON)

    return cbor2.loads(body)


def publish(topic: str, subject: str, message: str) -> None:
    """Publish to an SNS topic. Within its place."""
    sns._fanout(topic, responses.new_uuid(), message, subject[:100])


def composite_rule(alarm: Mapping[str, Any]) -> str | None:
    """A composite alarm's rule, None for a metric alarm."""
    return alarm.get("AlarmRule")


def emit(source: str, kind: str, detail: Mapping[str, Any], resources: Sequence[str]) -> None:
    """An event of an AWS service on the default bus. Within its place."""
    eventbridge._dispatch_event(
        {
            "EventId": responses.new_uuid(), "Source": source, "DetailType": kind, "Detail": json.dumps(detail),
            "EventBusName": "default", "Time": time.time(), "Resources": list(resources),
            "Account": responses.get_account_id(), "Region": responses.get_region(),
        }
    )  # fmt: skip


# -- replacing -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Replacements:
    """What MiniStack is to do in our way.

    Attributes:
        invoke: One invocation that its caller waits for: call, event, request id to a result in MiniStack's words.
        enqueue: One asynchronous event.
        alarm_moved: An alarm, metric or composite, changed: alarm, old state, new state.
        cloudwatch: Every CloudWatch request: headers, body, and the next handler.
        sagemaker: Every SageMaker request: operation, and arguments.
        deliver_s3_event: One S3 event: a function that delivers it.
        log_line: Every log event, with its place entered.
        create_function: Why a function may not be made as asked, None if it may.
        local_folder: The code package for a local folder: bucket and key, None if they name none.
    """

    invoke: Callable[[Call, bytes, str], dict[str, Any]]
    enqueue: Callable[[Call, bytes], None]
    alarm_moved: AlarmHook
    cloudwatch_refusal: Callable[[Mapping[str, str], Mapping[str, list[str]], bytes], Answer | None]
    sagemaker: Callable[[str, dict[str, Any]], Answer]
    deliver_s3_event: Callable[[Callable[[], None]], None]
    log_line: Callable[[str], None]
    function_fault: Callable[[Mapping[str, Any]], str | None]
    local_folder: Callable[[str, str], bytes | None]


def install(ours: Replacements, clock: Clock) -> None:
    """Replace in MiniStack what it lacks, or does in another way than AWS."""
    _install_lambda(ours)
    _install_cloudwatch(ours)
    _install_schedules(clock)
    deliver = s3._fire_s3_event
    s3._fire_s3_event = lambda *args, **named: ours.deliver_s3_event(
        functools.partial(contextvars.copy_context().run, deliver, *args, **named)
    )

    async def sagemaker(_method: str, _path: str, headers: Mapping[str, str], body: bytes, _query: Any) -> Answer:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        return ours.sagemaker(operation, json.loads(body or b"{}"))

    ministack.app.SERVICE_HANDLERS["sagemaker"] = sagemaker
    router.SERVICE_PATTERNS["sagemaker"] = {"target_prefixes": ["SageMaker."], "host_patterns": []}


def _install_lambda(ours: Replacements) -> None:
    def dispatch(func: dict[str, Any], config: dict[str, Any], event: Any, request_id: str, _started: float) -> Any:
        return ours.invoke(Call(func, config), _dump(event), request_id)

    def enqueue(func: dict[str, Any], event: Any) -> None:
        ours.enqueue(Call(func, func.get("config") or func), _dump(event))

    def from_eventbridge(arn: str, payload: str) -> None:
        call = resolve(arn)
        if call:
            ours.enqueue(call, payload.encode())

    def from_sns(endpoint: str, envelope: str, _topic: str, subscription: str, *_rest: Any) -> None:
        call = resolve(endpoint)
        record = {
            "EventVersion": "1.0", "EventSubscriptionArn": subscription, "EventSource": "aws:sns",
            "Sns": json.loads(envelope),
        }  # fmt: skip
        if call:
            ours.enqueue(call, _dump({"Records": [record]}))

    fetch, create, update = lambda_svc._fetch_code_from_s3, lambda_svc._create_function, lambda_svc._update_config
    create_mapping = lambda_svc._create_esm

    def fetch_code(bucket: str, key: str, version_id: str | None = None) -> Any:
        return ours.local_folder(bucket, key) or fetch(bucket, key, version_id)

    def checked(make: Callable[..., Any]) -> Callable[..., Any]:
        def make_if_fine(*arguments: Any) -> Any:
            fault = ours.function_fault(arguments[-1])
            if fault:
                return responses.error_response_json("InvalidParameterValueException", fault, 400)
            return make(*arguments)

        return make_if_fine

    def create_mapping_if_fine(data: Mapping[str, Any]) -> Any:
        fault = _mapping_fault(data)
        if fault:
            return responses.error_response_json("InvalidParameterValueException", fault, 400)
        return create_mapping(data)

    lambda_svc._create_esm = create_mapping_if_fine
    lambda_svc._execute_function_dispatch = dispatch
    lambda_svc.invoke_async_with_retry = enqueue
    lambda_svc._fetch_code_from_s3 = fetch_code
    lambda_svc._create_function = checked(create)
    lambda_svc._update_config = checked(update)
    lambda_svc._poll_sqs = lambda: False  # ours polls
    eventbridge._dispatch_to_lambda = from_eventbridge
    sns._deliver_to_lambda = from_sns


def _mapping_fault(data: Mapping[str, Any]) -> str | None:
    """Why a queue may not feed a function: it must hide messages at least as long as the function may take."""
    arn = data.get("EventSourceArn") or ""
    queue = sqs._queue_by_arn(arn) if ":sqs:" in arn else None
    record, config, _name = lambda_svc._get_func_record_for_ref(data.get("FunctionName") or "")
    if queue is None or not record or not config:
        return None
    hidden, taken = int(queue["attributes"].get("VisibilityTimeout", "30")), int(config.get("Timeout") or 3)
    if hidden >= taken:
        return None
    return f"Queue visibility timeout: {hidden} seconds is less than Function timeout: {taken} seconds"


def _dump(event: Any) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode()


def _install_cloudwatch(ours: Replacements) -> None:
    handle, append = cloudwatch.handle_request, cloudwatch_logs._append_log_events

    async def handle_request(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
    ) -> Any:
        action = headers.get("x-amz-target", "") + path
        if "PutMetricData" in action or b"Action=PutMetricData" in body:
            refusal = ours.cloudwatch_refusal(headers, query, body)
            if refusal:
                return refusal
        return await handle(method, path, headers, body, query)

    def append_log_events(stream: Any, events: list[dict[str, Any]]) -> None:
        append(stream, events)
        for event in events:
            ours.log_line(event["message"])

    def dispatch_alarm_actions(alarm: dict[str, Any], old: str, new: str, _reason: str) -> None:
        ours.alarm_moved(alarm, old, new)

    cloudwatch.handle_request = handle_request
    cloudwatch._evaluate_alarm = lambda _alarm: None  # ours looks at all of them, again and again
    cloudwatch._dispatch_alarm_actions = dispatch_alarm_actions
    cloudwatch_logs._append_log_events = append_log_events


def _install_schedules(clock: Clock) -> None:
    """rate() waits less, cron() follows the fast clock; at() names an instant, and instants stay real."""
    from datetime import UTC, datetime  # noqa: PLC0415 (only schedules speak in calendar times)

    rate, cron = eventbridge._parse_rate_seconds, eventbridge._cron_next_fire

    def scaled_rate(expression: str) -> float | None:
        seconds = rate(expression)
        return None if seconds is None else clock.real_seconds(seconds)

    def scaled_cron(fields: Any, after: datetime) -> datetime | None:
        emulated = datetime.fromtimestamp(clock.emulated_time(after.timestamp()), UTC)
        fires = cron(fields, emulated)
        return None if fires is None else datetime.fromtimestamp(clock.real_time(fires.timestamp()), UTC)

    eventbridge._parse_rate_seconds = scaled_rate
    eventbridge._cron_next_fire = scaled_cron
    eventbridge._SCHEDULER_TICK_INTERVAL = scheduler._SCHEDULE_TICK_INTERVAL = SCHEDULE_LOOK_SECONDS


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


def in_background(work: Callable[[], None], name: str) -> None:
    """Run *work* in a thread that ends with the process."""
    threading.Thread(target=work, name=name, daemon=True).start()
