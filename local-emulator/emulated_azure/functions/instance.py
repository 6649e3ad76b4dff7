"""One instance of an application: a process of its own that holds the functions, killed and started for real."""

import asyncio
import itertools
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulated_azure.functions.environment import Platform, app_environment, instance_environment
from emulated_azure.functions.settings import App
from emulated_azure.functions.worker import frames
from emulation.memory import MIB, peak_bytes, resident_bytes

BOOT = Path(__file__).parent / "worker" / "boot.py"
START_SECONDS = 30.0  # the platform's limit for an application to start, not to be configured
MEMORY_LOOK_SECONDS = 0.05
PIECE = 1 << 16
_numbers = itertools.count(1)


class StartFailedError(Exception):
    """The application did not start; the message says what it said."""


class InstanceLostError(Exception):
    """The instance is gone, host and all, in the midst of an invocation: nobody is there to tell of it."""


class WorkerLostError(Exception):
    """The worker is gone in the midst of an invocation; the host is there and takes note."""


@dataclass(frozen=True, slots=True)
class Result:
    """How an invocation ended; values are `[kind, value]`."""

    fine: bool
    returned: list[Any] | None = None
    outputs: tuple[tuple[str, list[Any]], ...] = ()
    error: str = ""
    trace: str = ""


Log = Callable[["Instance", dict[str, Any]], None]


class Instance:
    """Start it, invoke it any number of times, close it."""

    def __init__(self, app: App, group: str, platform: Platform, log: Log) -> None:
        self.id = secrets.token_hex(16)
        self.name = f"{group}#{next(_numbers)}"
        self.load = 0
        self.idle_since = time.monotonic()
        self.is_draining = False
        self.process_id = 0
        self.cold_start_seconds = 0.0
        self.peak = 0
        self.tasks: list[asyncio.Task[None]] = []
        self._app = app
        self._platform = platform
        self._log = log
        self._scratch = platform.scratch / self.id
        self._waiting: dict[str, asyncio.Future[Result]] = {}
        self.is_lost_whole = False
        self._is_killed = False
        self._helpers: list[asyncio.Task[None]] = []
        loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[list[dict[str, Any]]] = loop.create_future()
        self.ended: asyncio.Future[int] = loop.create_future()

    @property
    def is_usable(self) -> bool:
        """Whether it takes more work."""
        return not self.ended.done() and not self.is_draining and not self._is_killed

    async def start(self) -> list[dict[str, Any]]:
        """Cold start; what the worker tells of the application's functions.

        Raises:
            StartFailedError: The application cannot be loaded, or not in time.
        """
        begun = time.perf_counter()
        await self._spawn()
        waited: set[asyncio.Future[Any]] = {self._ready, self.ended}
        done, _ = await asyncio.wait(waited, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        self.cold_start_seconds = time.perf_counter() - begun
        if self._ready in done:
            return self._ready.result()
        self.kill()
        how = (
            f"its process ended with {self.ended.result()}"
            if self.ended.done()
            else f"not within {START_SECONDS:.0f} s"
        )
        message = f"{self._app.name} did not start: {how}. Its log: {self.log_file}"
        raise StartFailedError(message)

    @property
    def log_file(self) -> Path:
        """For people."""
        return self._platform.logs / f"function-app-{self._app.name}.log"

    async def _spawn(self) -> None:
        here, there = socket.socketpair()
        self._scratch.mkdir(parents=True)
        environment = instance_environment(app_environment(self._app, self._platform), self.id, self._scratch)
        with there:
            self._process = await asyncio.create_subprocess_exec(
                self._platform.python, "-sPB", BOOT, self._platform.mark, str(there.fileno()),
                self._app.folder, *self._app.packages,
                env=environment, pass_fds=(there.fileno(),), process_group=0,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.process_id = self._process.pid
        here.setblocking(False)
        self._reader, self._writer = await asyncio.open_connection(sock=here, limit=1 << 24)
        work = (self._listen(), self._read_output(), self._watch_memory(), self._reap())
        self._helpers = [asyncio.ensure_future(each) for each in work]

    async def _listen(self) -> None:
        while message := await frames.read(self._reader):
            if message["kind"] == "log":
                self._log(self, message)
            elif message["kind"] == "result":
                self._settle(message)
            elif message["kind"] == "ready":
                self._ready.set_result(message["functions"])
            else:
                self._ready.set_exception(StartFailedError(f"{message['message']}\n{message['trace']}"))

    def _settle(self, message: Mapping[str, Any]) -> None:
        waiting = self._waiting.get(message["invocation"])
        if waiting and not waiting.done():
            outputs = tuple((name, value) for name, value in message["outputs"])
            waiting.set_result(
                Result(message["fine"], message["returned"], outputs, message["error"], message["trace"])
            )

    async def invoke(self, call: dict[str, Any], seconds: float | None) -> Result:
        """Run one call to its end.

        Raises:
            InstanceLostError: The instance went whole.
            WorkerLostError: Its worker went.
            TimeoutError: The call took longer than *seconds*; its worker is ended for it.
        """
        waiting: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting[call["invocation"]] = waiting
        try:
            if not self.ended.done():
                self._writer.write(frames.encode({"kind": "invoke", **call}))
            waited: set[asyncio.Future[Any]] = {waiting, self.ended}
            await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            del self._waiting[call["invocation"]]
        if self.is_lost_whole:
            raise InstanceLostError(self.name)
        if waiting.done():
            return waiting.result()
        if not self.ended.done():
            self.kill()
            raise TimeoutError
        raise WorkerLostError(self._end())

    def _end(self) -> str:
        code = self.ended.result()
        if self.peak > self._app.memory_mb * MIB:
            return f"python exited with code {128 - code}: more than {self._app.memory_mb} MiB of memory"
        return f"python exited with code {128 - code if code < 0 else code}"

    async def _read_output(self) -> None:
        """What it prints, line by line."""
        output, rest = self._process.stdout, b""
        while output and (piece := await output.read(PIECE)):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self._print(line)
        if rest:
            self._print(rest)

    def _print(self, line: bytes) -> None:
        message = {"invocation": None, "level": "INFO", "logger": "print", "message": line.decode(errors="replace")}
        self._log(self, message)

    async def _watch_memory(self) -> None:
        """Resident memory above the limit means SIGKILL, as from the platform."""
        while not self.ended.done():
            self.peak = max(self.peak, resident_bytes(self.process_id), peak_bytes(self.process_id))
            if self.peak > self._app.memory_mb * MIB:
                self.kill()
                return
            await asyncio.sleep(MEMORY_LOOK_SECONDS)

    async def _reap(self) -> None:
        """Note the end, and end what the process leaves in its group."""
        code = await self._process.wait()
        self.kill()
        with suppress(asyncio.InvalidStateError):
            self.ended.set_result(code)

    def lose(self, *, whole: bool) -> None:
        """SIGKILL to the worker; *whole* takes the host with it, so that nobody tells how an invocation ended."""
        self.is_lost_whole = self.is_lost_whole or whole
        self.kill()

    def lose_after(self, seconds: float, *, whole: bool) -> asyncio.TimerHandle:
        """The same, so many seconds from now, unless it is cancelled."""
        return asyncio.get_running_loop().call_later(seconds, lambda: self.lose(whole=whole))

    def kill(self) -> None:
        """SIGKILL to the process and to all it started; its end is only noted a moment later."""
        self._is_killed = True
        if self.process_id and not self.ended.done():  # once it ended, its number may be another's
            with suppress(ProcessLookupError):
                os.killpg(self.process_id, signal.SIGKILL)

    async def close(self) -> None:
        """Take no more work, finish what runs, end."""
        self.is_draining = True
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.end()

    async def end(self) -> None:
        """End at once."""
        self.is_draining = True
        for task in self.tasks:
            task.cancel()
        self.kill()
        if self.process_id:
            await self.ended
            await asyncio.gather(*self._helpers[:2], return_exceptions=True)  # what it said last
            self._writer.close()
        shutil.rmtree(self._scratch, ignore_errors=True)
