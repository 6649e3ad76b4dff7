"""Runs functions on an event loop of its own thread, so that busy services never delay a time-out or a memory look."""

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar
from zipfile import BadZipFile

from emulated_aws.knobs import Knobs
from emulated_aws.lambdas.asynchronous import AsynchronousQueues
from emulated_aws.lambdas.code import unpack
from emulated_aws.lambdas.environment import Platform
from emulated_aws.lambdas.function_log import FunctionLogs
from emulated_aws.lambdas.mapping import Mappings
from emulated_aws.lambdas.pool import Pool
from emulated_aws.lambdas.ports import Aws, Call
from emulated_aws.lambdas.settings import Outcome, error_payload, settings_of
from emulation.chaos import Chaos
from emulation.clock import Clock

T = TypeVar("T")
IDLE_SECONDS = 600.0  # of emulated time
LEAST_IDLE_SECONDS = 20.0
REAP_SECONDS = 1.0


class Engine:
    """All of Lambda but its API."""

    def __init__(self, aws: Aws, platform: Platform, clock: Clock, chaos: Chaos[Knobs]) -> None:
        self._aws = aws
        self._platform = platform
        self._clock = clock
        self._chaos = chaos
        self._logs = FunctionLogs(aws, platform.logs)
        self._pool = Pool(platform, self._logs.write)
        self._queues = AsynchronousQueues(aws, clock, self.run)
        self._mappings = Mappings(aws, clock, self.run)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._work, name="lambda", daemon=True)
        self.invocations = 0
        self.failures = 0

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()
        for work in (self._mappings.poll(), self._reap()):
            asyncio.run_coroutine_threadsafe(work, self._loop)

    def stop(self) -> None:
        """End all sandboxes and the thread."""
        with suppress(TimeoutError):
            self._wait(self._pool.close(), 3)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(3)
        self._logs.close()

    def _work(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _wait(self, work: Coroutine[Any, Any, T], seconds: float | None = None) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    async def _reap(self) -> None:
        while True:
            await asyncio.sleep(REAP_SECONDS)
            self._pool.close_idle(max(LEAST_IDLE_SECONDS, self._clock.real_seconds(IDLE_SECONDS)))

    def invoke(self, call: Call, event: bytes, request_id: str) -> Outcome:
        """One invocation for a caller that waits, in a thread other than ours; its concurrency is already acquired."""
        return self._wait(self.run(call, event, request_id))

    def enqueue(self, call: Call, event: bytes) -> None:
        """One event for the function's asynchronous queue. From any thread."""
        self._loop.call_soon_threadsafe(self._queues.put, call, event, str(uuid.uuid4()), time.time())

    async def run(self, call: Call, event: bytes, request_id: str) -> Outcome:
        """One invocation in a sandbox; the chaos may kill it."""
        package = call.record.get("code_zip")
        if not package:
            return _refused("Runtime.InvalidEntrypoint", "The function has no code package.")
        try:
            folder = unpack(package, self._platform.code)
        except (BadZipFile, OSError) as error:
            return _refused("Runtime.InvalidEntrypoint", f"The function's code package cannot be unpacked: {error}")
        settings = settings_of(call.config, folder)
        self.invocations += 1
        outcome = await self._pool.run(settings, event, request_id, self._chaos.kill_delay_seconds(call.name))
        self.failures += outcome.failed
        return outcome

    def counts(self) -> dict[str, Any]:
        """What `status` shows of Lambda."""
        counts = {"invocations": self.invocations, "failures": self.failures, "waiting_events": self._queues.waiting()}
        return {**counts, **self._pool.counts(), "processes": self._pool.processes()}

    def kill(self, process: int) -> bool:
        """SIGKILL to the sandbox with this process id; False if there is none."""
        return self._wait(_in_loop(lambda: self._pool.kill(process)))


async def _in_loop(work: Callable[[], T]) -> T:
    return work()


def _refused(kind: str, message: str) -> Outcome:
    return Outcome(error_payload(kind, message), failed=True, tail=message, duration_ms=0.0, peak_mb=0)


def parsed(payload: bytes) -> Any:
    """A payload as a value, or as text where it is no JSON."""
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode(errors="replace")
