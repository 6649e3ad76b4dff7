"""Hands what a function logs to the host, with the invocation that it belongs to."""

import logging
from collections.abc import Callable
from typing import Any

from azure_functions_runtime import invocation_id_cv
from azure_functions_runtime.bindings.context import _invocation_id_local as of_this_thread


class HostLog(logging.Handler):
    """The root logger's handler, as the worker on Azure has one."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(logging.INFO)
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        """Never fails: what cannot be formatted is told as such."""
        try:
            message = self.format(record)
        except Exception as error:  # noqa: BLE001 (a function's own arguments)
            message = f"{record.msg} (not formatted: {error})"
        invocation = invocation_id_cv.get() or getattr(of_this_thread, "invocation_id", None)
        self._send(
            {
                "kind": "log",
                "invocation": invocation,
                "level": record.levelname,
                "logger": record.name,
                "message": message,
            }
        )


def attach(send: Callable[[dict[str, Any]], None]) -> None:
    """From now on, records of INFO and above go to the host."""
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(HostLog(send))
