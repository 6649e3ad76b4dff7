"""The sandboxes there are: taken warm, started cold, closed when stale, idle too long, or at the end."""

import asyncio
import time
from collections.abc import Callable

from emulated_aws.lambdas.environment import Platform
from emulated_aws.lambdas.sandbox import Sandbox
from emulated_aws.lambdas.settings import FunctionSettings, Outcome

ATTEMPTS_TO_INIT = 2  # Lambda runs a failed init once more, as part of the invocation


class Pool:
    """One per emulator; only to be used on its event loop."""

    def __init__(self, platform: Platform, log: Callable[[FunctionSettings, str, str], None]) -> None:
        self._platform = platform
        self._log = log
        self._idle: dict[FunctionSettings, list[Sandbox]] = {}
        self._busy: set[Sandbox] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self.cold_starts = 0

    def counts(self) -> dict[str, int]:
        """How many sandboxes run, and how many are frozen."""
        return {
            "busy": len(self._busy),
            "frozen": sum(len(sandboxes) for sandboxes in self._idle.values()),
            "cold_starts": self.cold_starts,
        }

    def processes(self) -> list[int]:
        """Process ids of all sandboxes."""
        frozen = [sandbox for sandboxes in self._idle.values() for sandbox in sandboxes]
        return sorted(sandbox.process_id for sandbox in [*self._busy, *frozen])

    async def run(self, function: FunctionSettings, event: bytes, request_id: str, kill_after: float | None) -> Outcome:
        """One invocation, in a warm sandbox if there is one."""
        sandbox = self._take(function)
        if sandbox is None:
            sandbox = self._new(function)
            failure = await self._start(sandbox)
            for _ in range(1, ATTEMPTS_TO_INIT):
                if failure is None:
                    break
                self._close(sandbox)
                sandbox = self._new(function)
                failure = await self._start(sandbox)
            if failure is not None:
                outcome = sandbox.report_failed_init(request_id, failure)
                self._close(sandbox)
                return outcome
        try:
            return await sandbox.invoke(event, request_id, kill_after)
        finally:
            self._give_back(sandbox)

    def _new(self, function: FunctionSettings) -> Sandbox:
        return Sandbox(function, self._platform, lambda stream, message: self._log(function, stream, message))

    async def _start(self, sandbox: Sandbox) -> bytes | None:
        self.cold_starts += 1
        self._busy.add(sandbox)
        return await sandbox.start()

    def _take(self, function: FunctionSettings) -> Sandbox | None:
        idle = self._idle.get(function, [])
        while idle:
            sandbox = idle.pop()
            if sandbox.usable and not sandbox.has_ended:
                self._busy.add(sandbox)
                return sandbox
            self._close(sandbox)
        self._close_stale(function)
        return None

    def _close_stale(self, function: FunctionSettings) -> None:
        """A function's sandboxes of an earlier configuration or code are of no use any more."""
        for other in [other for other in self._idle if other.arn == function.arn and other != function]:
            for sandbox in self._idle.pop(other):
                self._close(sandbox)

    def _give_back(self, sandbox: Sandbox) -> None:
        self._busy.discard(sandbox)
        if sandbox.usable:
            self._idle.setdefault(sandbox.function, []).append(sandbox)
        else:
            self._close(sandbox)

    def _close(self, sandbox: Sandbox) -> None:
        self._busy.discard(sandbox)
        task = asyncio.ensure_future(sandbox.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def close_idle(self, seconds: float) -> None:
        """Close what has been frozen for longer than *seconds*."""
        oldest = time.monotonic() - seconds
        for idle in self._idle.values():
            for sandbox in [sandbox for sandbox in idle if sandbox.idle_since < oldest]:
                idle.remove(sandbox)
                self._close(sandbox)

    async def close(self) -> None:
        """End them all."""
        frozen = [sandbox for sandboxes in self._idle.values() for sandbox in sandboxes]
        for sandbox in [*self._busy, *frozen]:
            self._close(sandbox)
        self._idle.clear()
        await asyncio.gather(*self._closing, return_exceptions=True)

    def kill(self, process: int) -> bool:
        """SIGKILL to one sandbox; False if no sandbox has this process id."""
        frozen = [sandbox for sandboxes in self._idle.values() for sandbox in sandboxes]
        for sandbox in [*self._busy, *frozen]:
            if sandbox.process_id == process:
                sandbox.kill()
                return True
        return False
