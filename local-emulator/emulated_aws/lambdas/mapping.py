"""Event source mappings of SQS queues: batches by size, window and payload; partial failures."""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulated_aws.lambdas.ports import Aws, Call
from emulated_aws.lambdas.settings import SYNCHRONOUS_LIMIT, Outcome
from emulation.clock import Clock

POLL_SECONDS = 0.02
DEFAULT_BATCH = 10
MOST_BATCH, MOST_FIFO_BATCH, MOST_BATCH_AT_ONCE = 10_000, 10, 10
MOST_WINDOW_SECONDS = 300
DEFAULT_CONCURRENCY = 5  # Lambda starts with five batches at once
ENVELOPE_BYTES = 4096
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Gathering:
    """What one mapping has received and not yet run.

    Attributes:
        since: When the first of it came, monotonic.
        running: Batches being run.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    bytes: int = 0
    since: float = 0.0
    running: int = 0


class Mappings:
    """All mappings; only to be used on one event loop."""

    def __init__(self, aws: Aws, clock: Clock, run: Callable[[Call, bytes, str], Awaitable[Outcome]]) -> None:
        self._aws = aws
        self._clock = clock
        self._run = run
        self._gatherings: dict[str, Gathering] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def poll(self) -> None:
        """Poll all queues, for ever."""
        while True:
            for mapping in self._aws.mappings():
                try:
                    call = self._aws.target(mapping)
                    if call:
                        self._gather(mapping, call)
                except Exception:  # noqa: BLE001 (one queue's fault must not end the polling of all others; it is logged)
                    _log.exception("event source mapping %s", mapping.get("UUID"))
            await asyncio.sleep(POLL_SECONDS)

    def _gather(self, mapping: dict[str, Any], call: Call) -> None:
        gathering = self._gatherings.setdefault(mapping["UUID"], Gathering())
        size = int(mapping.get("BatchSize") or DEFAULT_BATCH)
        most = (mapping.get("ScalingConfig") or {}).get("MaximumConcurrency") or DEFAULT_CONCURRENCY
        while gathering.running < most:
            self._receive(mapping, gathering, size)
            if not gathering.records or not self._is_due(mapping, gathering, size):
                return
            slot = self._aws.acquire(call)
            if slot is None:
                return
            self._start(mapping, call, gathering, size, slot)

    def _receive(self, mapping: Mapping[str, Any], gathering: Gathering, size: int) -> None:
        missing = size - len(gathering.records)
        if missing <= 0 or gathering.bytes > SYNCHRONOUS_LIMIT:
            return
        received = self._aws.receive(mapping, missing)
        wanted = self._aws.wanted(mapping, received)
        kept = {record["receiptHandle"] for record in wanted}
        unwanted = [record["receiptHandle"] for record in received if record["receiptHandle"] not in kept]
        self._aws.delete(mapping, unwanted)
        if wanted and not gathering.records:
            gathering.since = time.monotonic()
        gathering.records += wanted
        gathering.bytes += sum(len(json.dumps(record)) for record in wanted)

    def _is_due(self, mapping: Mapping[str, Any], gathering: Gathering, size: int) -> bool:
        window = self._clock.real_seconds(float(mapping.get("MaximumBatchingWindowInSeconds") or 0))
        full = len(gathering.records) >= size or gathering.bytes >= SYNCHRONOUS_LIMIT - ENVELOPE_BYTES
        return full or time.monotonic() - gathering.since >= window

    def _start(self, mapping: dict[str, Any], call: Call, gathering: Gathering, size: int, slot: str) -> None:
        batch = batch_within(gathering.records[:size], SYNCHRONOUS_LIMIT - ENVELOPE_BYTES)
        gathering.records = gathering.records[len(batch) :]
        gathering.bytes = sum(len(json.dumps(record)) for record in gathering.records)
        gathering.running += 1
        task = asyncio.ensure_future(self._process(mapping, call, gathering, batch, slot))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _process(
        self, mapping: dict[str, Any], call: Call, gathering: Gathering, batch: Sequence[dict[str, Any]], slot: str
    ) -> None:
        try:
            event = json.dumps({"Records": batch}).encode()
            outcome = await self._run(call, event, str(uuid.uuid4()))
        finally:
            self._aws.release(slot)
            gathering.running -= 1
        self._aws.invoked(call, outcome.duration_ms, failed=outcome.failed)
        failed = failed_messages(outcome, [record["messageId"] for record in batch], _reports_failures(mapping))
        done = [record["receiptHandle"] for record in batch if record["messageId"] not in failed]
        self._aws.delete(mapping, done)
        mapping["LastProcessingResult"] = "OK" if not failed else f"PROBLEM: {len(failed)} of {len(batch)} failed"


def fault_of_batches(mapping: Mapping[str, Any]) -> str | None:
    """Why Lambda refuses the batch size or window of a queue's mapping, None if it does not."""
    arn = mapping.get("EventSourceArn") or ""
    if ":sqs:" not in arn:
        return None
    size = int(mapping.get("BatchSize") or DEFAULT_BATCH)
    window = int(mapping.get("MaximumBatchingWindowInSeconds") or 0)
    most = MOST_FIFO_BATCH if arn.endswith(".fifo") else MOST_BATCH
    if not 1 <= size <= most:
        return f"Member must have value between 1 and {most}: batchSize is {size}"
    if not 0 <= window <= (0 if arn.endswith(".fifo") else MOST_WINDOW_SECONDS):
        return f"Batching window in seconds {window} is not supported by {arn.rpartition(':')[2]}"
    if size > MOST_BATCH_AT_ONCE and window == 0:
        limit = f"if maximum batch size is greater than {MOST_BATCH_AT_ONCE}"
        return f"Maximum batch window in seconds must be greater than 0 {limit}"
    return None


def batch_within(records: Sequence[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    """As many of the first records as fit into *limit* bytes of JSON, at least one."""
    batch: list[dict[str, Any]] = []
    size = 0
    for record in records:
        size += len(json.dumps(record)) + 2
        if batch and size > limit:
            break
        batch.append(record)
    return batch


def _reports_failures(mapping: Mapping[str, Any]) -> bool:
    return "ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or [])


def failed_messages(outcome: Outcome, messages: Sequence[str], reports: bool) -> set[str]:
    """Which messages stay in the queue.

    With ReportBatchItemFailures those named in the answer; all if the answer is malformed or names an unknown one.
    """
    everything = set(messages)
    if outcome.failed:
        return everything
    if not reports:
        return set()
    try:
        answer = json.loads(outcome.payload or b"null") or {}
        named = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures") or []}
    except (ValueError, TypeError, KeyError, AttributeError):
        return everything
    return named if everything.issuperset(named) else everything
