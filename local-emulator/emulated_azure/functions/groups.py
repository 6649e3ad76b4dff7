"""A scale group: its instances, started when work comes, removed when idle, never more than it may have."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from emulated_azure.functions.instance import Instance, StartFailedError

_log = logging.getLogger(__name__)


class Group:
    """Only to be used on the event loop."""

    def __init__(self, name: str, most: int, at_once: int, start: Callable[[str], Awaitable[Instance]]) -> None:
        self.name = name
        self.instances: list[Instance] = []
        self.cold_starts = 0
        self._most = most
        self._at_once = at_once
        self._start = start
        self._starting = 0
        self._change = asyncio.Event()
        self._ending: set[asyncio.Future[None]] = set()
        self.on_start: Callable[[Instance], Sequence[asyncio.Task[None]]] = lambda _instance: ()

    @property
    def most(self) -> int:
        """How many instances there may be."""
        return self._most

    @property
    def size(self) -> int:
        """How many instances there are, or will be in a moment."""
        self._drop_ended()
        return len(self.instances) + self._starting

    async def add(self) -> Instance:
        """Start one more.

        Raises:
            StartFailedError: The application does not start.
        """
        self._starting += 1
        try:
            instance = await self._start(self.name)
        finally:
            self._starting -= 1
            self._changed()
        self.cold_starts += 1
        self.instances.append(instance)
        instance.ended.add_done_callback(lambda _: self._changed())
        instance.tasks.extend(self.on_start(instance))
        return instance

    def _changed(self) -> None:
        self._drop_ended()
        self._change.set()
        self._change = asyncio.Event()

    def _drop_ended(self) -> None:
        for instance in [each for each in self.instances if each.ended.done()]:
            self.instances.remove(instance)
            self._let_go(instance.close())  # its host still tells how its invocations ended

    def _let_go(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Instance]:
        """An instance that has room for one more call; started if there may be more, waited for if not.

        Raises:
            StartFailedError: The application does not start.
        """
        instance = await self._take()
        try:
            yield instance
        finally:
            self.settle(instance)

    async def _take(self) -> Instance:
        while True:
            free = [each for each in self.instances if each.is_usable and each.load < self._at_once]
            if free:
                instance = min(free, key=lambda each: each.load)
                break
            if self.size < self._most:
                instance = await self.add()
                if instance.is_usable and instance.load < self._at_once:
                    break
            else:
                await self._change.wait()
        instance.load += 1
        return instance

    def settle(self, instance: Instance) -> None:
        """A call on *instance* has ended."""
        instance.load -= 1
        instance.idle_since = time.monotonic()
        self._changed()

    async def scale_to(self, wanted: int) -> None:
        """Start what is missing; what is too much goes when it is idle."""
        while self.size < min(wanted, self._most):
            try:
                await self.add()
            except StartFailedError as error:
                _log.warning("%s", error)
                await asyncio.sleep(1)
                return

    def trim(self, idle_seconds: float) -> None:
        """Remove instances that had nothing to do for so long."""
        oldest = time.monotonic() - idle_seconds
        for instance in [each for each in self.instances if each.load == 0 and each.idle_since < oldest]:
            self.instances.remove(instance)
            self._let_go(instance.close())

    async def end(self) -> None:
        """End all, at once."""
        self._most = 0
        await asyncio.gather(*(each.end() for each in self.instances), *self._ending, return_exceptions=True)
        self.instances.clear()
