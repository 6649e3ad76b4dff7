"""What is told of an application: lines for people in one file, and telemetry."""

import time
from pathlib import Path
from typing import Any, TextIO

from emulated_azure.functions.instance import Instance, Result
from emulated_azure.functions.telemetry import Operation, Telemetry
from emulated_azure.instants import iso

WORKER = ("azure_functions_runtime", "azure.functions")  # loggers of the worker library


class Journal:
    """Of one application."""

    def __init__(self, app: str, path: Path, telemetry: Telemetry) -> None:
        self._app = app
        self._file: TextIO = path.open("a", buffering=1)
        self._telemetry = telemetry
        self._running: dict[str, Operation] = {}

    def log(self, instance: Instance, message: dict[str, Any]) -> None:
        """What a worker logged or printed."""
        invocation, level = message["invocation"], message["level"]
        operation = self._running.get(invocation) or Operation(self._app, instance.id)
        category = f"Function.{operation.name}.User" if operation.name else "Host.Function.Console"
        if message["logger"].startswith(WORKER):
            category = "Worker"
        self._write(instance.name, level, f"{message['logger']}: {message['message']}")
        if category != "Worker":
            self._telemetry.trace(operation, category, level, message["message"])

    def begin(self, operation: Operation, reason: str) -> None:
        """An invocation begins."""
        self._running[operation.invocation] = operation
        text = f"Executing 'Functions.{operation.name}' (Reason='{reason}', Id={operation.invocation})"
        self._say(operation, "INFO", text)

    def end(self, operation: Operation, result: Result, seconds: float, reason: str) -> None:
        """An invocation has ended."""
        how = "Succeeded" if result.fine else "Failed"
        text = f"({how}, Id={operation.invocation}, Duration={seconds * 1000:.0f}ms)"
        self._say(operation, "INFO" if result.fine else "ERROR", f"Executed 'Functions.{operation.name}' {text}")
        if not result.fine:
            self._write("host", "ERROR", f"{result.error}\n{result.trace}".strip())
            self._telemetry.exception(operation, f"Function.{operation.name}", result.error, result.trace)
        code = result.returned[1]["status"] if result.returned and result.returned[0] == "http" else 0
        fine = result.fine and code < 400
        self._telemetry.request(operation, seconds, code if result.fine else 500, fine=fine, trigger=reason)

    def forget(self, invocation: str) -> None:
        """Later records of *invocation* belong to nothing."""
        self._running.pop(invocation, None)

    def host(self, level: str, text: str) -> None:
        """What the host has to say of itself."""
        self._write("host", level, text)
        self._telemetry.trace(Operation(self._app, ""), "Host.General", level, text)

    def _say(self, operation: Operation, level: str, text: str) -> None:
        self._write("host", level, text)
        self._telemetry.trace(operation, f"Function.{operation.name}", level, text)

    def _write(self, who: str, level: str, text: str) -> None:
        self._file.write(f"{iso(time.time())} {level} [{who}] {text}\n")

    def close(self) -> None:
        """Hand on and write what there is."""
        self._telemetry.flush()
        self._file.close()
