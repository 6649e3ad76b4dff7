"""Holds one function application in Microsoft's worker library and serves the host that started it."""

import asyncio
import os
import socket
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime as runtime
from azure_functions_runtime.native_invocation import invocation_request_native

from emulated_azure.functions.worker import frames, messages
from emulated_azure.functions.worker.logs import attach
from emulated_azure.functions.worker.values import decoded, encoded, from_message, typed


class Worker:
    """Serves over an inherited socket until the host closes it."""

    def __init__(self, descriptor: int, folder: str) -> None:
        self._descriptor = descriptor
        self._folder = folder
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Index, then answer one message after another; invocations run side by side."""
        connection = socket.socket(fileno=self._descriptor)
        reader, self._writer = await asyncio.open_connection(sock=connection, limit=1 << 24)
        self._loop = asyncio.get_running_loop()
        attach(self._send_from_any_thread)
        runtime.start_threadpool_executor()
        self._send(await self._index())
        while message := await frames.read(reader):
            task = asyncio.ensure_future(self._invoke(message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        os._exit(0)

    def _send(self, message: dict[str, Any]) -> None:
        self._writer.write(frames.encode(message))

    def _send_from_any_thread(self, message: dict[str, Any]) -> None:
        self._loop.call_soon_threadsafe(self._send, message)

    async def _index(self) -> dict[str, Any]:
        init = SimpleNamespace(capabilities={}, function_app_directory=self._folder)
        answer = await runtime.worker_init_request(_request(worker_init_request=init))
        if answer.result.status != messages.StatusResult.Success:
            fault = answer.result.exception
            return {"kind": "failed", "message": str(fault.message), "trace": str(fault.stack_trace)}
        found = await runtime.functions_metadata_request(_request(functions_metadata_request=None))
        functions = found.function_metadata_results or []
        for each in functions:
            load = SimpleNamespace(function_id=each.function_id)
            await runtime.function_load_request(_request(function_load_request=load))
        versions = {"worker": answer.worker_metadata.worker_version, "python": answer.worker_metadata.runtime_version}
        return {"kind": "ready", "versions": versions, "functions": [_function(each) for each in functions]}

    async def _invoke(self, call: dict[str, Any]) -> None:
        deferred = any(value and value[0] == "model_binding_data" for _, value in call["inputs"])
        result = await (self._run_by_message(call) if deferred else self._run(call))
        self._send({"kind": "result", "invocation": call["invocation"], **result})

    async def _run(self, call: dict[str, Any]) -> dict[str, Any]:
        fine, returned, outputs, error, trace = await invocation_request_native(
            call["invocation"],
            call["function"],
            [(name, decoded(value)) for name, value in call["inputs"]],
            {name: decoded(value) for name, value in call["metadata"].items()},
            trace_parent=call["trace_parent"],
            retry_count=call["retry"],
            max_retry_count=call["most_retries"],
        )
        return {
            "fine": fine, "returned": encoded(returned), "outputs": [[name, encoded(each)] for name, each in outputs],
            "error": _told(error or "", trace or ""), "trace": trace or "",
        }  # fmt: skip

    async def _run_by_message(self, call: dict[str, Any]) -> dict[str, Any]:
        """For a function that fetches an input by itself: only this entry of the library knows how to tell it where."""
        inputs = [messages.ParameterBinding(name=name, data=typed(value)) for name, value in call["inputs"]]
        request = SimpleNamespace(
            invocation_id=call["invocation"],
            function_id=call["function"],
            input_data=inputs,
            trigger_metadata={name: typed(value) for name, value in call["metadata"].items()},
            trace_context=SimpleNamespace(trace_parent=call["trace_parent"], trace_state="", attributes={}),
            retry_context=SimpleNamespace(
                retry_count=call["retry"], max_retry_count=call["most_retries"], exception=None
            ),
        )
        answer = await runtime.invocation_request(_request(invocation_request=request))
        fault = answer.result.exception
        return {
            "fine": answer.result.status == messages.StatusResult.Success,
            "returned": from_message(answer.return_value),
            "outputs": [[each.name, from_message(each.data)] for each in answer.output_data or ()],
            "error": str(fault.message) if fault else "",
            "trace": str(fault.stack_trace) if fault else "",
        }


def _told(error: str, trace: str) -> str:
    """`ValueError: text`, as the library's other entry tells it, of an error that this one tells as its repr."""
    kind = error.partition("(")[0]
    at = trace.rfind(f"{kind}: ")
    return trace[at:].strip() if kind and at >= 0 else error


def _request(**fields: Any) -> SimpleNamespace:
    return SimpleNamespace(request=SimpleNamespace(**fields), properties={"host": "127.0.0.1", "protos": messages})


def _function(found: messages.RpcFunctionMetadata) -> dict[str, Any]:
    retry = found.retry_options
    seconds = {
        name: interval.total_seconds()
        for name in ("delay_interval", "minimum_interval", "maximum_interval")
        if retry and (interval := getattr(retry, name)) is not None
    }
    policy = {"strategy": retry.retry_strategy, "most": retry.max_retry_count, **seconds} if retry else None
    return {"id": found.function_id, "name": found.name, "bindings": list(found.raw_bindings), "retry": policy}
