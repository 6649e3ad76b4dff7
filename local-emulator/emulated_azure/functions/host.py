"""The host of one application: indexes it, listens for it, runs it, and tells what there is."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from emulated_azure.functions.blobs import POISON, QUEUE, BlobRuns
from emulated_azure.functions.environment import Platform, app_environment
from emulated_azure.functions.functions import Function, FunctionFaultError, function_of
from emulated_azure.functions.groups import Group
from emulated_azure.functions.instance import Instance, StartFailedError
from emulated_azure.functions.invoking import Event, Invoker
from emulated_azure.functions.journal import Journal
from emulated_azure.functions.keys import Keys
from emulated_azure.functions.messages import of_message
from emulated_azure.functions.queues import Handle, Listener, Listening
from emulated_azure.functions.scaling import control
from emulated_azure.functions.settings import App, HostFile, Queues, host_file
from emulated_azure.functions.telemetry import Accept, Telemetry
from emulated_azure.functions.timers import STATUS, Timer
from emulated_azure.functions.web import Site
from emulated_azure.knobs import Knobs
from emulated_azure.storage.client import Message, Storage
from emulation.chaos import Chaos
from emulation.clock import Clock

HTTP_AT_ONCE = 1  # per instance, as Flex Consumption has it for Python
EVENTS_AT_ONCE = 16
FLUSH_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all applications share.

    Attributes:
        accept: Takes the host's own telemetry.
    """

    platform: Platform
    storage: Storage
    clock: Clock
    chaos: Chaos[Knobs]
    accept: Accept


class Host:
    """Start it; ask its site; close it."""

    def __init__(self, app: App, around: Surroundings) -> None:
        self.app = app
        self.faults: list[str] = []
        self.functions: dict[str, Function] = {}
        self.groups: dict[str, Group] = {}
        self.queues: list[Listening] = []
        self._around = around
        self._file: HostFile = host_file(app)
        telemetry = Telemetry(around.accept, around.platform.places.instrumentation_key, self._file.levels)
        log = around.platform.logs / f"function-app-{app.name}.log"
        self.journal = Journal(app.name, log, telemetry)
        self._telemetry = telemetry
        limit, encoded = self._file.timeout_seconds, self._file.queues.encoded
        self.invoker = Invoker(app.name, around.storage, around.chaos, self.journal, limit, encoded)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Index the application, then listen.

        Raises:
            StartFailedError: It cannot be loaded.
        """
        await self._index()
        for name in sorted({each.group for each in self.functions.values()}):
            self.groups[name] = self._group(name)
        self._listen_to_queues()
        self._work(control(list(self.groups.values()), self.queues, self._around.clock))
        self._work(self._flush())
        for function in self.functions.values():
            if function.kind == "timerTrigger":
                self._work(self._timer(function).serve())
        keys = Keys({name: Keys({}).default for name in self.functions})
        around = self._around
        self.keys = keys
        self.site = Site(
            self.app.host_id, self._file.prefix, self.functions, self.groups, self.invoker, around.storage, keys
        )
        self.journal.host("INFO", f"Host started: {', '.join(self.functions)}")

    async def _index(self) -> None:
        """By an instance of its own, which is of no more use then."""
        instance = Instance(self.app, "index", self._around.platform, self.journal.log)
        try:
            found = await instance.start()
        finally:
            await instance.end()
        settings = app_environment(self.app, self._around.platform)
        for each in found:
            try:
                function = function_of(each, settings)
            except FunctionFaultError as error:
                self.faults.append(str(error))
                self.journal.host("ERROR", f"The function '{each['name']}' cannot be listened for: {error}")
                continue
            self.functions[function.name] = function

    def _group(self, name: str) -> Group:
        kinds = {each.kind for each in self.functions.values() if each.group == name}
        most = 1 if kinds == {"timerTrigger"} else self.app.instances
        return Group(name, most, HTTP_AT_ONCE if name == "http" else EVENTS_AT_ONCE, self._start_instance)

    async def _start_instance(self, group: str) -> Instance:
        instance = Instance(self.app, group, self._around.platform, self.journal.log)
        try:
            await instance.start()
        except StartFailedError as error:
            await instance.end()
            self.journal.host("ERROR", str(error))
            raise
        self.journal.host("INFO", f"Instance {instance.name} started in {instance.cold_start_seconds:.2f} s")
        return instance

    def _listen_to_queues(self) -> None:
        blobs = {name: each for name, each in self.functions.items() if each.kind == "blobTrigger"}
        around = self._around
        if blobs:
            endpoint = around.platform.places.storage("blob")
            runs = BlobRuns(blobs, around.storage, self.invoker, endpoint)
            self._listen(QUEUE.format(self.app.host_id), POISON, "blob", self._file.blobs, runs.handle)
        for function in self.functions.values():
            if function.kind == "queueTrigger":
                queue = str(function.trigger["queueName"])
                handle = self._handle(function)
                self._listen(queue, f"{queue}-poison", function.group, self._file.queues, handle)

    def _handle(self, function: Function) -> Handle:
        async def handle(message: Message, body: bytes, instance: Instance) -> bool:
            return (await self.invoker.run(function, instance, of_message(message, body))).fine

        return handle

    def _listen(self, queue: str, poison: str, group: str, settings: Queues, handle: Handle) -> None:
        around = self._around
        shared = Listening(queue, poison, settings, around.storage, around.clock, self.groups[group], handle)
        self.queues.append(shared)

        def on_start(instance: Instance) -> list[asyncio.Task[None]]:
            return [asyncio.ensure_future(Listener(shared, instance).run())]

        self.groups[group].on_start = on_start

    def _timer(self, function: Function) -> Timer:
        async def run(function: Function, instance: Instance, event: Event) -> bool:
            return (await self.invoker.run(function, instance, event)).fine

        around, group = self._around, self.groups[function.group]
        blob = STATUS.format(self.app.host_id, function.name)
        return Timer(function, blob, around.storage, around.clock, group, run)

    def _work(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.ensure_future(work))

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await asyncio.to_thread(self._telemetry.flush)

    def instances(self) -> list[Instance]:
        """All there are."""
        return [instance for group in self.groups.values() for instance in group.instances]

    async def close(self) -> None:
        """Listen no more and end all instances, at once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(group.end() for group in self.groups.values()))
        self.journal.close()
