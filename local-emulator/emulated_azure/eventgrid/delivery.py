"""Brings one subscription's events to its endpoint: at least once, in no order, until it takes them or never will."""

import asyncio
import heapq
import itertools
import json
import logging
import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from emulated_azure.eventgrid.endpoints import Endpoint
from emulated_azure.eventgrid.schedule import FIRST_DELIVERY, Limits, after, outcome
from emulated_azure.eventgrid.subscriptions import Subscription
from emulated_azure.instants import iso
from emulated_azure.storage.client import Storage, StorageError
from emulation.clock import Clock

AT_ONCE = 64
DEAD_LETTER_SECONDS = 300
DEAD_LETTER_PATIENCE_SECONDS = 4 * 3600
DEAD_LETTER_RETRY_SECONDS = 300
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Parcel:
    """One event on its way to one subscription."""

    event: dict[str, Any]
    published: float
    attempts: int = 0
    status: int = 0
    tried: float = 0.0


@dataclass(slots=True)
class Counts:
    """What came of the parcels."""

    delivered: int = 0
    refused: int = 0
    dead: int = 0
    dropped: int = 0


@dataclass(slots=True)
class Delivery:
    """Runs on the event loop; `offer` from there too."""

    subscription: Subscription
    endpoint: Endpoint
    storage: Storage
    clock: Clock
    counts: Counts = field(default_factory=Counts)
    _waiting: list[tuple[float, int, Parcel]] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _draw: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 (jitter, no secret)

    @property
    def waiting(self) -> int:
        """How many parcels are not at their end."""
        return len(self._waiting) + len(self._tasks)

    def offer(self, event: dict[str, Any], delay_seconds: float) -> None:
        """Take an event, to be tried after so many real seconds."""
        self._put(Parcel(event, time.time()), delay_seconds)

    def _put(self, parcel: Parcel, delay_seconds: float) -> None:
        heapq.heappush(self._waiting, (time.monotonic() + delay_seconds, next(self._numbers), parcel))
        self._news.set()

    async def run(self) -> None:
        """Deliver for ever."""
        while True:
            await self._until_due()
            await self._places.acquire()
            batch = self._take_due()
            task = asyncio.ensure_future(self._deliver(batch))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._places.release()
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("delivery to %s failed", self.subscription.name, exc_info=error)

    async def _until_due(self) -> None:
        while not self._waiting or self._waiting[0][0] > time.monotonic():
            seconds = self._waiting[0][0] - time.monotonic() if self._waiting else None
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), seconds)
            except TimeoutError:
                continue

    def _take_due(self) -> list[Parcel]:
        batch: list[Parcel] = []
        while self._waiting and self._waiting[0][0] <= time.monotonic() and len(batch) < self.subscription.batch:
            batch.append(heapq.heappop(self._waiting)[2])
        return batch

    async def _deliver(self, batch: Sequence[Parcel]) -> None:
        if not batch:
            return
        status = await self.endpoint.deliver([parcel.event for parcel in batch], batch[0].attempts)
        if status in FIRST_DELIVERY:
            self.counts.delivered += len(batch)
            return
        self.counts.refused += len(batch)
        _log.warning("%s answered %d to %d events", self.subscription.name, status, len(batch))
        for parcel in batch:
            await self._again_or_never(parcel, status)

    async def _again_or_never(self, parcel: Parcel, status: int) -> None:
        parcel.attempts += 1
        parcel.status, parcel.tried = status, time.time()
        age = (parcel.tried - parcel.published) * self.clock.scale
        limits = Limits(self.subscription.attempts, self.subscription.minutes * 60, self.endpoint.is_webhook)
        verdict = after(status, parcel.attempts, age, limits, self._draw)
        if not verdict.reason:
            self._put(parcel, self.clock.real_seconds(verdict.wait_seconds))
        elif self.subscription.dead_letter:
            await self._bury(parcel, verdict.reason)
        else:
            self.counts.dropped += 1
            _log.warning("%s: event %s dropped: %s", self.subscription.name, parcel.event.get("id"), verdict.reason)

    async def _bury(self, parcel: Parcel, reason: str) -> None:
        """Write the dead letter, some minutes later; as long as its container is out of reach, for four hours."""
        name = self._grave()
        body = json.dumps([dead_letter(parcel, reason)]).encode()
        await asyncio.sleep(self.clock.real_seconds(DEAD_LETTER_SECONDS))
        for _ in range(DEAD_LETTER_PATIENCE_SECONDS // DEAD_LETTER_RETRY_SECONDS):
            try:
                await self.storage.put_blob(self.subscription.dead_letter, name, body, "application/json")
            except StorageError:
                await asyncio.sleep(self.clock.real_seconds(DEAD_LETTER_RETRY_SECONDS))
            else:
                self.counts.dead += 1
                return
        self.counts.dropped += 1

    def _grave(self) -> str:
        now = datetime.now(UTC)  # noqa: TID251 (the emulator's own clock)
        day = f"{now.year}/{now.month}/{now.day}/{now.hour}"
        return f"{self.subscription.source}/{self.subscription.name.upper()}/{day}/{uuid.uuid4()}.json"


def dead_letter(parcel: Parcel, reason: str) -> dict[str, Any]:
    """The event with why it is dead."""
    return {
        **parcel.event,
        "deadLetterReason": reason,
        "deliveryAttempts": parcel.attempts,
        "lastDeliveryOutcome": outcome(parcel.status),
        "publishTime": iso(parcel.published),
        "lastDeliveryAttemptTime": iso(parcel.tried),
    }
