"""One sandbox: one process of the real runtime client, one Runtime API port, one invocation at a time.

Between invocations the process is stopped (SIGSTOP), as Lambda freezes it: threads do not run, timers do not fire.
"""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from emulated_aws.lambdas.environment import Lodging, Platform, sandbox_environment
from emulated_aws.lambdas.output import Output
from emulated_aws.lambdas.runtime_api import RuntimeApi
from emulated_aws.lambdas.settings import INIT_SECONDS, FunctionSettings, Outcome, error_payload
from emulation.memory import MIB, peak_bytes, resident_bytes

BOOT = Path(__file__).with_name("boot.py")
MEMORY_LOOK_SECONDS = 0.01
LINGER_SECONDS = 5.0  # for the runtime client to ask for its next event after an answer; it does at once
TAIL_LINES = 200


class Sandbox:
    """Start it, invoke it any number of times, close it. Not to be used again once `usable` is False."""

    def __init__(self, function: FunctionSettings, platform: Platform, log: Callable[[str, str], None]) -> None:
        self.function = function
        self.usable = True
        self.idle_since = time.monotonic()
        self.stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[{function.version}]{secrets.token_hex(16)}"
        self._init_ms: float | None = None
        self._platform = platform
        self._scratch = platform.scratch / secrets.token_hex(8)
        self._log = log
        self._lines: list[str] = []
        self._peak = 0
        self._awake = asyncio.Event()
        self._awake.set()
        self._outputs: tuple[Output, ...] = ()
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.process_id = 0  # of the process, which leads a group of its own

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone, as after a kill between invocations."""
        return self._ended.done()

    async def start(self) -> bytes | None:
        """Cold start: run the module's own code until it asks for an event. An error's payload, or None."""
        begun = time.perf_counter()
        self._api = RuntimeApi()
        try:
            await self._spawn(await self._api.open())
        except OSError as error:
            self.usable = False
            self._ended.set_result(0)
            return error_payload("Runtime.InvalidEntrypoint", f"{error.filename}: {error.strerror}")
        if not self.usable:  # closed while its process was being made
            self.kill()
        self._reaper = asyncio.ensure_future(self._reap())
        self._watch = asyncio.ensure_future(self._watch_memory())
        await self._until_it_asks(INIT_SECONDS)
        self._init_ms = (time.perf_counter() - begun) * 1000
        if self._api.asks.is_set():
            return None
        self.usable = False
        if self._api.init_error is not None:
            return self._api.init_error
        if self._ended.done():
            return self._exit_payload("init")
        return error_payload("Sandbox.Timedout", f"Init timed out after {INIT_SECONDS:.2f} seconds")

    async def _until_it_asks(self, seconds: float) -> None:
        """Wait for the runtime client to ask for an event, or to end, or for *seconds*."""
        asks = asyncio.ensure_future(self._api.asks.wait())
        waited: set[asyncio.Future[Any]] = {asks, self._ended}
        await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        asks.cancel()

    async def _spawn(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        lines, frames = Output(loop, self._say, framed=False), Output(loop, self._say, framed=True)
        self._outputs = (lines, frames)
        self._scratch.mkdir()
        environment = sandbox_environment(self.function, self._platform, Lodging(port, self.stream, self._scratch))
        environment["_LAMBDA_TELEMETRY_LOG_FD"] = str(frames.write_end)
        try:
            self._process = await asyncio.create_subprocess_exec(
                self._platform.python, "-sPB", BOOT, self._platform.mark, self.function.handler,
                cwd=self.function.folder, env=environment, pass_fds=(frames.write_end,), process_group=0,
                stdin=subprocess.DEVNULL, stdout=lines.write_end, stderr=lines.write_end,
            )  # fmt: skip
        finally:
            for output in self._outputs:
                output.close_write_end()

        self.process_id = self._process.pid

    async def _reap(self) -> None:
        """Note the end, and end what the process leaves in its group."""
        code = await self._process.wait()
        self.kill()
        self._ended.set_result(code)

    async def invoke(self, event: bytes, request_id: str, kill_after: float | None) -> Outcome:
        """Run one event to its end; *kill_after* seconds after the start the process gets SIGKILL, if not None."""
        self._thaw()
        begun = time.perf_counter()
        self._lines.clear()
        self._say(f"START RequestId: {request_id} Version: {self.function.version}")
        self._api.give(event, self._headers(request_id))
        killer = None if kill_after is None else asyncio.get_running_loop().call_later(kill_after, self.kill)
        payload, failed = await self._outcome(request_id)
        duration_ms = (time.perf_counter() - begun) * 1000
        if self.usable:
            await self._settle()
        if killer:
            killer.cancel()
        if self._is_over_memory():
            payload, failed = self._exit_payload(request_id), True
        return self._report(request_id, payload, duration_ms, failed=failed)

    def report_failed_init(self, request_id: str, payload: bytes) -> Outcome:
        """The outcome of an invocation that found no sandbox to run in."""
        self._say(f"START RequestId: {request_id} Version: {self.function.version}")
        return self._report(request_id, payload, self._init_ms or 0.0, failed=True)

    def _headers(self, request_id: str) -> dict[str, str]:
        deadline = int((time.time() + self.function.timeout_seconds) * 1000)
        trace = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"
        return {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(deadline),
            "Lambda-Runtime-Invoked-Function-Arn": self.function.arn,
            "Lambda-Runtime-Trace-Id": trace,
        }

    async def _outcome(self, request_id: str) -> tuple[bytes, bool]:
        """The answer, or why there is none."""
        timeout = self.function.timeout_seconds
        waited: set[asyncio.Future[Any]] = {self._api.reply, self._ended}
        await asyncio.wait(waited, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if self._api.reply.done():
            return self._api.reply.result()
        if self._ended.done():
            self.usable = False
            return self._exit_payload(request_id), True
        self.kill()
        message = f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds"
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        self._say(f"{now} {request_id} {message.partition('Error: ')[2]}")
        return error_payload("Sandbox.Timedout", message), True

    async def _settle(self) -> None:
        """Let the runtime client ask for its next event, then freeze it."""
        await self._until_it_asks(LINGER_SECONDS)
        self._peak = max(self._peak, peak_bytes(self.process_id))
        if self._ended.done() or not self._api.asks.is_set() or self._is_over_memory():
            self.kill()
        if not self.usable:
            return
        self._signal(signal.SIGSTOP)
        self._awake.clear()
        self.idle_since = time.monotonic()

    def _thaw(self) -> None:
        if not self._awake.is_set():
            self._signal(signal.SIGCONT)
            self._awake.set()

    async def _watch_memory(self) -> None:
        """Resident memory above the limit means SIGKILL, as from Lambda's own watch."""
        while not self._is_over_memory():
            await asyncio.sleep(MEMORY_LOOK_SECONDS)
            await self._awake.wait()
            self._peak = max(self._peak, resident_bytes(self.process_id))
        self.kill()

    def _is_over_memory(self) -> bool:
        return self._peak > self.function.memory_mb * MIB

    def _exit_payload(self, request_id: str) -> bytes:
        code = self._ended.result() if self._ended.done() else -signal.SIGKILL
        how = f"exit status {code}" if code >= 0 else f"signal: {signal.strsignal(-code)}".lower()
        kind = "Runtime.OutOfMemory" if self._is_over_memory() else "Runtime.ExitError"
        return error_payload(kind, f"RequestId: {request_id} Error: Runtime exited with error: {how}")

    def _report(self, request_id: str, payload: bytes, duration_ms: float, *, failed: bool) -> Outcome:
        for output in self._outputs:
            output.drain()
        peak_mb = min(self._peak // MIB, self.function.memory_mb) or 1
        init_ms, self._init_ms = self._init_ms, None
        cold = "" if init_ms is None else f"\tInit Duration: {init_ms:.2f} ms"
        self._say(f"END RequestId: {request_id}")
        self._say(
            f"REPORT RequestId: {request_id}\tDuration: {duration_ms:.2f} ms\t"
            f"Billed Duration: {int(duration_ms) + 1} ms\tMemory Size: {self.function.memory_mb} MB\t"
            f"Max Memory Used: {peak_mb} MB{cold}"
        )
        tail = "\n".join(self._lines[-TAIL_LINES:])
        return Outcome(payload, failed, tail, duration_ms, peak_mb, init_ms)

    def _say(self, message: str) -> None:
        self._lines.append(message)
        self._log(self.stream, message)

    def kill(self) -> None:
        """SIGKILL to the process and to all it started; its end is only noted a moment later."""
        self.usable = False
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.process_id and not self._ended.done():  # once it ended, its number may be another's
            with suppress(ProcessLookupError):
                os.killpg(self.process_id, number)

    async def close(self) -> None:
        """End it, and free its port."""
        self.kill()
        self._awake.set()
        await self._ended
        if self.process_id:
            self._watch.cancel()
        for output in self._outputs:
            output.drain()
            output.close()
        self._api.close()
        shutil.rmtree(self._scratch, ignore_errors=True)
