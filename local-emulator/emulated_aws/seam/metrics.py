"""CloudWatch keeps its state in MiniStack; refusing, judging alarms and reading log lines is ours."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import cloudwatch, cloudwatch_logs

from emulated_aws.embedded_metrics import Datum
from emulated_aws.metric_gate import from_query
from emulated_aws.query_xml import in_xml
from emulated_aws.seam.places import Place

Answer = tuple[int, dict[str, str], bytes]
Refuse = Callable[[Mapping[str, str], Mapping[str, list[str]], bytes], Answer | None]


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


def error(code: str, message: str, status: int, headers: Mapping[str, str]) -> Answer:
    """An error in the protocol that the request with *headers* speaks."""
    kind = headers.get("content-type", "")
    cbor = "cbor" in kind or "cbor" in headers.get("smithy-protocol", "")
    answer: Answer = cloudwatch._error(code, message, status, use_json="json" in kind, use_cbor=cbor)
    return answer


def decoded_cbor(body: bytes) -> Any:
    """The value in *body*."""
    import cbor2  # noqa: PLC0415 (as MiniStack does: most clients speak JSON)

    return cbor2.loads(body)


def _whole(describe: Callable[[Any, Any, bool, bool], Answer]) -> Callable[[Any, Any, bool, bool], Answer]:
    """DescribeAlarms with all that an alarm has, in XML too, where MiniStack leaves most of it out."""

    def describe_alarms(parameters: Any, decoded: Any, is_cbor: bool, is_json: bool = False) -> Answer:
        if is_cbor or is_json:
            return describe(parameters, decoded, is_cbor, is_json)
        status, headers, body = describe({}, from_query(parameters), False, True)
        if status != 200:
            return describe(parameters, decoded, is_cbor, is_json)
        xml = in_xml("DescribeAlarms", "http://monitoring.amazonaws.com/doc/2010-08-01/", json.loads(body))
        return status, {**headers, "Content-Type": "text/xml"}, xml

    return describe_alarms


def install(
    refuse: Refuse, alarm_moved: Callable[[dict[str, Any], str, str], None], log_line: Callable[[str], None]
) -> None:
    """Replace what CloudWatch does in another way than AWS.

    Args:
        refuse: Asked before each PutMetricData with headers, query and body: an answer in its stead, or None.
        alarm_moved: Told when an alarm, metric or composite, changes: alarm, old state, new state. Within its place.
        log_line: Told each log event's message. Within its place.
    """
    handle, append = cloudwatch.handle_request, cloudwatch_logs._append_log_events

    async def handle_request(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
    ) -> Any:
        action = headers.get("x-amz-target", "") + path
        if "PutMetricData" in action or b"Action=PutMetricData" in body:
            refusal = refuse(headers, query, body)
            if refusal:
                return refusal
        return await handle(method, path, headers, body, query)

    def append_log_events(stream: Any, events: list[dict[str, Any]]) -> None:
        append(stream, events)
        for event in events:
            log_line(event["message"])

    def dispatch_alarm_actions(alarm: dict[str, Any], old: str, new: str, _reason: str) -> None:
        alarm_moved(alarm, old, new)

    cloudwatch.handle_request = handle_request
    cloudwatch._describe_alarms = _whole(cloudwatch._describe_alarms)
    cloudwatch._evaluate_alarm = lambda _alarm: None  # ours looks at all of them, again and again
    cloudwatch._dispatch_alarm_actions = dispatch_alarm_actions
    cloudwatch_logs._append_log_events = append_log_events
