"""Where functions' lines go: to CloudWatch Logs, and to one file per function for people."""

from pathlib import Path
from typing import TextIO

from emulated_aws.lambdas.ports import Logs
from emulated_aws.lambdas.settings import FunctionSettings


class FunctionLogs:
    """Keeps the files open; only to be used in one thread."""

    def __init__(self, logs: Logs, folder: Path) -> None:
        self._logs = logs
        self._folder = folder
        self._files: dict[str, TextIO] = {}

    def write(self, function: FunctionSettings, stream: str, message: str) -> None:
        """One message of one sandbox."""
        if function.name not in self._files:
            path = self._folder / f"function-{function.name}.log"
            self._files[function.name] = path.open("a", buffering=1)
        self._files[function.name].write(message + "\n")
        self._logs.write(function, stream, message)

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()
