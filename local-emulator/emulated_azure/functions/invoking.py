"""Runs one invocation: its inputs, its time limit, its end by chaos, its outputs, and what is told of it."""

import json
import secrets
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulated_azure.functions.functions import Function, fetches_itself
from emulated_azure.functions.instance import Instance, InstanceLostError, Result, WorkerLostError
from emulated_azure.functions.journal import Journal
from emulated_azure.functions.patterns import fill
from emulated_azure.functions.telemetry import Operation
from emulated_azure.knobs import Knobs
from emulated_azure.storage.client import Storage, StorageError
from emulation.chaos import Chaos


@dataclass(frozen=True, slots=True)
class Event:
    """What an invocation is about; values are `[kind, value]`.

    Attributes:
        value: The trigger's own.
        metadata: What the worker library reads beside it.
        data: Fills the places in the paths of other bindings.
    """

    value: list[Any]
    reason: str
    metadata: Mapping[str, list[Any]] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    retry: int = 0


@dataclass(slots=True)
class Tally:
    """How invocations of one function ended, and how many run."""

    running: int = 0
    succeeded: int = 0
    failed: int = 0
    lost: int = 0


@dataclass(slots=True)
class Invoker:
    """Of one application."""

    app: str
    storage: Storage
    chaos: Chaos[Knobs]
    journal: Journal
    timeout_seconds: float | None
    encoded: bool
    tallies: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))

    async def run(self, function: Function, instance: Instance, event: Event) -> Result:
        """One invocation, to its end.

        Raises:
            InstanceLostError: Nobody knows how it ended.
        """
        trace, span, invocation = secrets.token_hex(16), secrets.token_hex(8), str(uuid.uuid4())
        operation = Operation(self.app, instance.id, function.name, trace, span, invocation)
        begun, tally = time.perf_counter(), self.tallies[function.name]
        tally.running += 1
        self.journal.begin(operation, event.reason)
        try:
            result = await self._call(function, instance, event, operation)
            if result.fine:
                await self._write_outputs(function, event, result)
        except InstanceLostError:
            tally.lost += 1
            raise
        except WorkerLostError as error:
            result = Result(fine=False, error=f"WorkerProcessExitException: {error}")
        except TimeoutError:
            limit = f"{self.timeout_seconds:.0f} s"
            result = Result(fine=False, error=f"FunctionTimeoutException: Timeout value of {limit} exceeded")
        except (StorageError, LookupError) as error:
            result = Result(fine=False, error=f"FunctionInvocationException: {error}")
        finally:
            seconds = time.perf_counter() - begun
            self.journal.forget(invocation)
            tally.running -= 1
        tally.succeeded += result.fine
        tally.failed += not result.fine
        self.journal.end(operation, result, seconds, event.reason)
        return result

    async def _call(self, function: Function, instance: Instance, event: Event, operation: Operation) -> Result:
        inputs = [[function.trigger["name"], event.value], *await self._inputs(function, event)]
        call = {
            "invocation": operation.invocation,
            "function": function.id,
            "inputs": inputs,
            "metadata": dict(event.metadata),
            "trace_parent": f"00-{operation.id}-{operation.span}-01",
            "retry": event.retry,
            "most_retries": function.retry.most if function.retry else 0,
        }
        delay = self.chaos.kill_delay_seconds(function.name)
        if delay is None:
            return await instance.invoke(call, self.timeout_seconds)
        killer = instance.lose_after(delay, whole=self.chaos.strikes("kill_host_share"))
        try:
            return await instance.invoke(call, self.timeout_seconds)
        finally:
            killer.cancel()

    async def _inputs(self, function: Function, event: Event) -> list[list[Any]]:
        """Values of other input bindings; of blobs there are some, all else is the trigger's."""
        found = []
        for binding in function.inputs:
            if binding["type"] == "blob":
                container, _, name = fill(binding["path"], event.data, time.time()).partition("/")
                found.append([binding["name"], await self._blob(binding, container, name)])
        return found

    async def _blob(self, binding: Mapping[str, Any], container: str, name: str) -> list[Any]:
        if fetches_itself(binding):
            return blob_reference(str(binding.get("connection")), container, name)
        blob = await self.storage.blob(container, name)
        return ["bytes", blob.body if blob else b""]

    async def _write_outputs(self, function: Function, event: Event, result: Result) -> None:
        values = dict(result.outputs)
        for binding in function.outputs:
            value = result.returned if binding["name"] == "$return" else values.get(binding["name"])
            if value is None or value[1] is None:
                continue
            if binding["type"] == "queue":
                for message in messages_of(value):
                    await self.storage.put_message(binding["queueName"], message, encoded=self.encoded)
            elif binding["type"] == "blob":
                container, _, name = fill(binding["path"], event.data, time.time()).partition("/")
                await self.storage.put_blob(container, name, content_of(value), "application/octet-stream")


def blob_reference(connection: str, container: str, name: str) -> list[Any]:
    """Where a blob is, for a function that fetches it by itself."""
    where = {"Connection": connection, "ContainerName": container, "BlobName": name}
    return [
        "model_binding_data",
        {
            "version": "1.0",
            "source": "AzureStorageBlobs",
            "content_type": "application/json",
            "content": json.dumps(where).encode(),
        },
    ]


def content_of(value: list[Any]) -> bytes:
    """A value's bytes."""
    _, content = value
    return (
        content.encode()
        if isinstance(content, str)
        else content
        if isinstance(content, bytes)
        else str(content).encode()
    )


def messages_of(value: list[Any]) -> list[bytes]:
    """One message, or one for each item of a JSON array."""
    kind, content = value
    if kind == "json":
        items = json.loads(content)
        if isinstance(items, list):
            return [each.encode() if isinstance(each, str) else json.dumps(each).encode() for each in items]
    return [content_of(value)]
