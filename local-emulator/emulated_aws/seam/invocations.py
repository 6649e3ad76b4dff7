"""Whatever calls a function in MiniStack calls ours, and functions are made only as they may be."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ministack.core import responses
from ministack.services import eventbridge, lambda_svc, sns, sqs

from emulated_aws.lambdas.mapping import fault_of_batches
from emulated_aws.lambdas.ports import Call
from emulated_aws.seam.functions import resolve

Check = Callable[[Mapping[str, Any]], str | None]


@dataclass(frozen=True, slots=True)
class Invocations:
    """What is called instead; each method has the signature of the function of MiniStack that it replaces.

    Attributes:
        invoke: One invocation that its caller waits for: call, event, request id to a result in MiniStack's words.
        enqueue: One asynchronous event.
        local_folder: The code package for a local folder, from bucket and key; None if they name none.
    """

    invoke: Callable[[Call, bytes, str], dict[str, Any]]
    enqueue: Callable[[Call, bytes], None]
    local_folder: Callable[[str, str], bytes | None]

    def dispatch(
        self, func: dict[str, Any], config: dict[str, Any], event: Any, request_id: str, _started: float
    ) -> dict[str, Any]:
        """A synchronous invocation, its concurrency acquired."""
        return self.invoke(Call(func, config), _dump(event), request_id)

    def asynchronous(self, func: dict[str, Any], event: Any) -> None:
        """An asynchronous invocation through the API, or by a bucket."""
        self.enqueue(Call(func, func.get("config") or func), _dump(event))

    def from_eventbridge(self, arn: str, payload: str) -> None:
        """By a rule or a schedule."""
        call = resolve(arn)
        if call:
            self.enqueue(call, payload.encode())

    def from_sns(self, endpoint: str, envelope: str, _topic: str, subscription: str, *_rest: Any) -> None:
        """By a topic."""
        call = resolve(endpoint)
        record = {"EventVersion": "1.0", "EventSubscriptionArn": subscription, "EventSource": "aws:sns"}
        if call:
            self.enqueue(call, _dump({"Records": [{**record, "Sns": json.loads(envelope)}]}))


def install(ours: Invocations, function_fault: Check) -> None:
    """Replace; *function_fault* tells why a function may not be made or changed as asked, None if it may."""
    fetch = lambda_svc._fetch_code_from_s3

    def fetch_code(bucket: str, key: str, version_id: str | None = None) -> Any:
        return ours.local_folder(bucket, key) or fetch(bucket, key, version_id)

    lambda_svc._fetch_code_from_s3 = fetch_code
    lambda_svc._execute_function_dispatch = ours.dispatch
    lambda_svc.invoke_async_with_retry = ours.asynchronous
    lambda_svc._create_function = _checked(lambda_svc._create_function, function_fault)
    lambda_svc._update_config = _checked(lambda_svc._update_config, function_fault)
    lambda_svc._create_esm = _checked(lambda_svc._create_esm, _mapping_fault)
    lambda_svc._update_esm = _checked_update(lambda_svc._update_esm)
    lambda_svc._poll_sqs = lambda: False  # ours polls
    lambda_svc.lambda_execute_result_to_api_proxy_response = _silent(
        lambda_svc.lambda_execute_result_to_api_proxy_response
    )
    eventbridge._dispatch_to_lambda = ours.from_eventbridge
    sns._deliver_to_lambda = ours.from_sns


def _checked(make: Callable[..., Any], fault_of: Check) -> Callable[..., Any]:
    """*make*, whose last argument is the request, behind a check of the request."""

    def make_if_fine(*arguments: Any) -> Any:
        fault = fault_of(arguments[-1])
        return _refused(fault) if fault else make(*arguments)

    return make_if_fine


def _checked_update(update: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    """*update* of a mapping, judged together with what the mapping has already."""

    def update_if_fine(identifier: str, data: Mapping[str, Any]) -> Any:
        fault = fault_of_batches({**(lambda_svc._esms.get(identifier) or {}), **data})
        return _refused(fault) if fault else update(identifier, data)

    return update_if_fine


def _refused(fault: str) -> Any:
    return responses.error_response_json("InvalidParameterValueException", fault, 400)


def _silent(shape: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """*shape*, which makes an HTTP answer of a result, but of an error it tells the caller of a URL nothing."""

    def shape_or_hide(result: dict[str, Any]) -> Any:
        if not result.get("error"):
            return shape(result)
        return {"statusCode": 502, "headers": {"Content-Type": "text/plain"}, "body": "Internal Server Error"}, None

    return shape_or_hide


def _mapping_fault(data: Mapping[str, Any]) -> str | None:
    """Why a queue may not feed a function: it must hide messages at least as long as the function may take."""
    fault = fault_of_batches(data)
    if fault:
        return fault
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
