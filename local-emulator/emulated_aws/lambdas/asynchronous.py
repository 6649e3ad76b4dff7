"""Asynchronous invocation: a queue per function, retries, maximum event age, destinations, dead letters.

As "How Lambda handles errors and retries with asynchronous invocation" tells: an error of the function is retried
after one minute, then after two; an event without a free unit of concurrency waits in the queue until its age is up.
"""

import asyncio
import json
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from emulated_aws.lambdas.ports import Aws, Call
from emulated_aws.lambdas.settings import Outcome
from emulation.clock import Clock

RETRY_SECONDS = (60.0, 120.0)
DEFAULT_RETRIES = 2
DEFAULT_AGE_SECONDS = 21600.0
LOOK_SECONDS = 0.02  # how often a full queue looks for a free unit
MESSAGE_BYTES = 1024  # of an error message that a dead letter carries


@dataclass(frozen=True, slots=True)
class Event:
    """One event in the queue.

    Attributes:
        arrived: Unix time.
        attempts: How often it was run.
        last: How the last attempt ended.
    """

    call: Call
    body: bytes
    request_id: str
    arrived: float
    attempts: int = 0
    last: Outcome | None = None


class AsynchronousQueues:
    """All functions' queues; only to be used on one event loop."""

    def __init__(self, aws: Aws, clock: Clock, run: Callable[[Call, bytes, str], Awaitable[Outcome]]) -> None:
        self._aws = aws
        self._clock = clock
        self._run = run
        self._events: dict[str, deque[Event]] = {}
        self._dispatchers: dict[str, asyncio.Task[None]] = {}
        self._retries = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def waiting(self) -> int:
        """Events not yet run, or waiting for their next attempt."""
        return sum(len(events) for events in self._events.values()) + self._retries

    def put(self, call: Call, body: bytes, request_id: str, arrived: float) -> None:
        """A new event."""
        self._add(Event(call, body, request_id, arrived))

    def _add(self, event: Event) -> None:
        key = event.call.key
        self._events.setdefault(key, deque()).append(event)
        if key not in self._dispatchers:
            self._dispatchers[key] = self._keep(self._dispatch(key))

    def _keep(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _dispatch(self, key: str) -> None:
        """Run the events of one function in order of arrival, as many at once as concurrency lets."""
        events = self._events[key]
        while events:
            event = events[0]
            if self._is_too_old(event):
                events.popleft()
                self._fail(event, "EventAgeExceeded")
            elif slot := self._aws.acquire(event.call):
                events.popleft()
                self._keep(self._attempt(event, slot))
            else:
                await asyncio.sleep(LOOK_SECONDS)
        del self._dispatchers[key]

    def _is_too_old(self, event: Event) -> bool:
        most = float(_config(event).get("MaximumEventAgeInSeconds") or DEFAULT_AGE_SECONDS)
        return time.time() - event.arrived > self._clock.real_seconds(most)

    async def _attempt(self, event: Event, slot: str) -> None:
        try:
            outcome = await self._run(event.call, event.body, event.request_id)
        finally:
            self._aws.release(slot)
        self._aws.invoked(event.call, outcome.duration_ms, failed=outcome.failed)
        event = replace(event, attempts=event.attempts + 1, last=outcome)
        if not outcome.failed:
            self._tell(event, "OnSuccess", "Success")
            return
        retries = _config(event).get("MaximumRetryAttempts")
        if event.attempts > (DEFAULT_RETRIES if retries is None else int(retries)):
            self._fail(event, "RetriesExhausted")
            return
        self._retries += 1
        await asyncio.sleep(self._clock.real_seconds(RETRY_SECONDS[min(event.attempts, len(RETRY_SECONDS)) - 1]))
        self._retries -= 1
        self._add(event)

    def _fail(self, event: Event, condition: str) -> None:
        self._tell(event, "OnFailure", condition)
        letters = (event.call.config.get("DeadLetterConfig") or {}).get("TargetArn")
        if letters:
            self._send(event.call, letters, event.body.decode(errors="replace"), dead_letter_attributes(event))

    def _tell(self, event: Event, which: str, condition: str) -> None:
        arn = ((_config(event).get("DestinationConfig") or {}).get(which) or {}).get("Destination")
        if not arn:
            return
        record = json.dumps(destination_record(event, condition))
        call = self._aws.function(arn)
        if call:
            self.put(call, record.encode(), str(uuid.uuid4()), time.time())
        else:
            self._send(event.call, arn, record, {})

    def _send(self, call: Call, arn: str, body: str, attributes: Mapping[str, str]) -> None:
        fault = self._aws.send(call, arn, body, attributes)
        if fault:
            print(f"asynchronous invocation: {arn}: {fault}", flush=True)  # noqa: T201 (the service's log)


def _config(event: Event) -> Mapping[str, Any]:
    record = event.call.record
    version = event.call.config.get("Version") or "$LATEST"
    configs = record.get("event_invoke_configs") or {}
    found: Mapping[str, Any] = record.get("event_invoke_config") or configs.get(version) or {}
    return found


def destination_record(event: Event, condition: str) -> dict[str, Any]:
    """The invocation record that a destination receives."""
    outcome = event.last
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": f"{event.call.config['FunctionArn']}:{event.call.config.get('Version') or '$LATEST'}",
            "condition": condition,
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": json.loads(event.body),
    }
    if outcome is not None:
        version = event.call.config.get("Version") or "$LATEST"
        record["responseContext"] = {"statusCode": 200, "executedVersion": version}
        if outcome.failed:
            record["responseContext"]["functionError"] = "Unhandled"
        record["responsePayload"] = json.loads(outcome.payload or b"null")
    return record


def dead_letter_attributes(event: Event) -> dict[str, str]:
    """The message attributes of a dead letter."""
    failure = json.loads(event.last.payload) if event.last else {}
    message = str(failure.get("errorMessage", "")).encode()[:MESSAGE_BYTES].decode(errors="ignore")
    code = "200" if event.last else "429"
    return {"RequestID": event.request_id, "ErrorCode": code, "ErrorMessage": message or "Rate Exceeded."}
