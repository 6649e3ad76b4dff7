"""Listens to a queue for one instance: batches, visibility renewed while work runs, poison queues."""

import asyncio
import base64
import binascii
import logging
import math
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from emulated_azure.functions.groups import Group
from emulated_azure.functions.instance import Instance, InstanceLostError
from emulated_azure.functions.settings import Queues
from emulated_azure.storage.client import Message, Storage, StorageError
from emulation.clock import Clock

VISIBILITY_SECONDS = 600.0  # of a message that is worked on, on the emulated clock
LEAST_VISIBILITY_SECONDS = 4  # real: a renewal must come in time on a busy machine
MOST_AT_ONCE = 32  # messages, in one request
FIRST_POLL_SECONDS = 0.1
LEAST_POLL_SECONDS = 0.03  # real
SOMEBODY_ELSES = (400, 404, 409)  # the receipt is not ours any more, or the message is gone
_log = logging.getLogger(__name__)

Handle = Callable[[Message, bytes, Instance], Awaitable[bool]]


@dataclass(slots=True)
class Counts:
    """What came of the messages."""

    handled: int = 0
    released: int = 0
    poisoned: int = 0


@dataclass(frozen=True, slots=True)
class Listening:
    """What all instances that listen to one queue share.

    Attributes:
        handle: Runs the function; whether it went well.
    """

    queue: str
    poison: str
    settings: Queues
    storage: Storage
    clock: Clock
    group: Group
    handle: Handle
    counts: Counts = field(default_factory=Counts)

    @property
    def visibility_seconds(self) -> int:
        """Real seconds for which a received message is hidden."""
        return max(LEAST_VISIBILITY_SECONDS, math.ceil(self.clock.real_seconds(VISIBILITY_SECONDS)))


class Listener:
    """One instance's."""

    def __init__(self, shared: Listening, instance: Instance) -> None:
        self._shared = shared
        self._instance = instance
        self._running: set[asyncio.Task[None]] = set()
        self._draw = random.Random(0)  # noqa: S311 (a wait, no secret)

    async def run(self) -> None:
        """Until the instance takes no more work; then what runs is finished."""
        wait = FIRST_POLL_SECONDS
        while self._instance.is_usable:
            if len(self._running) > self._shared.settings.threshold:
                await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                continue
            messages = await self._receive()
            for message in messages:
                self._begin(message)
            wait = FIRST_POLL_SECONDS if messages else min(wait * self._draw.uniform(1.2, 2), self._longest_wait())
            if not messages:
                await asyncio.sleep(max(LEAST_POLL_SECONDS, self._shared.clock.real_seconds(wait)))
        await asyncio.gather(*self._running, return_exceptions=True)

    def _longest_wait(self) -> float:
        return self._shared.settings.longest_poll_seconds

    async def _receive(self) -> list[Message]:
        count = min(self._shared.settings.batch, MOST_AT_ONCE)
        try:
            return await self._shared.storage.receive(self._shared.queue, count, self._shared.visibility_seconds)
        except StorageError as error:
            _log.warning("%s: %s", self._shared.queue, error)
            return []

    def _begin(self, message: Message) -> None:
        self._instance.load += 1
        task = asyncio.ensure_future(self._work(message))
        self._running.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._shared.group.settle(self._instance)
        if not task.cancelled() and (error := task.exception()):
            _log.error("%s: a message was not brought to its end", self._shared.queue, exc_info=error)

    async def _work(self, message: Message) -> None:
        if self._instance.ended.done():
            await self._leave(message)
            return
        if message.dequeue_count > self._shared.settings.most_dequeues:
            await self._poison(message)
            return
        body = self._decoded(message)
        if body is None:
            await self._poison(message)
            return
        holder = _Holder(self._shared, message)
        renewing = asyncio.ensure_future(holder.run(self._instance))
        try:
            fine = await self._shared.handle(message, body, self._instance)
        except InstanceLostError:
            return  # nobody releases it: it comes back when its time is up
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
        await self._settle(holder.message, fine=fine)

    async def _leave(self, message: Message) -> None:
        """The instance ended while the message was on its way: others get it at once, if a host is left to say so."""
        if not self._instance.is_lost_whole:
            with suppress(StorageError):
                await self._shared.storage.hide(self._shared.queue, message, 0)

    def _decoded(self, message: Message) -> bytes | None:
        if not self._shared.settings.encoded:
            return message.text.encode()
        try:
            return base64.b64decode(message.text, validate=True)
        except (binascii.Error, ValueError):
            return None

    async def _settle(self, message: Message, *, fine: bool) -> None:
        try:
            if fine:
                await self._shared.storage.delete_message(self._shared.queue, message)
                self._shared.counts.handled += 1
            elif message.dequeue_count >= self._shared.settings.most_dequeues:
                await self._poison(message)
            else:
                await self._shared.storage.hide(self._shared.queue, message, self._release_seconds())
                self._shared.counts.released += 1
        except StorageError as error:
            if error.status not in SOMEBODY_ELSES:
                _log.warning("%s: message %s: %s", self._shared.queue, message.id, error)

    def _release_seconds(self) -> int:
        return math.ceil(self._shared.clock.real_seconds(self._shared.settings.visibility_seconds))

    async def _poison(self, message: Message) -> None:
        """Two steps, as on Azure: whoever dies between them leaves it in both queues."""
        await self._shared.storage.put_message(self._shared.poison, message.text.encode(), encoded=False)
        self._shared.counts.poisoned += 1
        try:
            await self._shared.storage.delete_message(self._shared.queue, message)
        except StorageError as error:
            if error.status not in SOMEBODY_ELSES:
                raise


class _Holder:
    """Keeps a message hidden while it is worked on."""

    def __init__(self, shared: Listening, message: Message) -> None:
        self.message = message
        self._shared = shared

    async def run(self, instance: Instance) -> None:
        """Renew when half of the time is over, as long as the instance lives."""
        seconds = self._shared.visibility_seconds
        while True:
            await asyncio.sleep(seconds / 2)
            if instance.ended.done():
                return
            with suppress(StorageError):
                renewed = await self._shared.storage.hide(self._shared.queue, self.message, seconds)
                self.message = renewed
