"""What the host itself sends to Application Insights: a request for each invocation, traces, exceptions."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulated_azure.instants import iso

Accept = Callable[[list[dict[str, Any]]], None]
SEVERITIES = {"DEBUG": 0, "INFO": 1, "WARNING": 2, "ERROR": 3, "CRITICAL": 4}
NET_LEVELS = {"DEBUG": "Debug", "INFO": "Information", "WARNING": "Warning", "ERROR": "Error", "CRITICAL": "Critical"}
ORDER = ("trace", "debug", "information", "warning", "error", "critical", "none")
OUTER = "Microsoft.Azure.WebJobs.Host.FunctionInvocationException"
INNER = "Microsoft.Azure.WebJobs.Script.Workers.Rpc.RpcException"
NAMESPACE = "Microsoft.ApplicationInsights."


@dataclass(frozen=True, slots=True)
class Operation:
    """The invocation that a record belongs to; empty fields for none."""

    app: str
    instance: str
    name: str = ""
    id: str = ""
    span: str = ""
    invocation: str = ""


@dataclass(slots=True)
class Telemetry:
    """Makes envelopes and hands them on in bunches, when `flush` is called."""

    accept: Accept
    key: str
    levels: Mapping[str, str] = field(default_factory=dict)
    _bunch: list[dict[str, Any]] = field(default_factory=list)

    def trace(self, operation: Operation, category: str, level: str, message: str) -> None:
        """One line of a log."""
        name = NET_LEVELS.get(level, "Information")
        if ORDER.index(name.lower()) < ORDER.index(self._least(category).lower()):
            return
        data = {"message": message[:32768], "severityLevel": SEVERITIES.get(level, 1)}
        more = {"Category": category, "LogLevel": name}
        self._add("Message", "MessageData", operation, {**data, "properties": more})

    def _least(self, category: str) -> str:
        """host.json's logLevel: the longest category that *category* begins with, or the default."""
        known = sorted((each for each in self.levels if category.startswith(each)), key=len)
        return self.levels[known[-1]] if known else self.levels.get("default", "Information")

    def exception(self, operation: Operation, category: str, error: str, trace: str) -> None:
        """What a function raised, in the host's own exceptions as on Azure."""
        inner = f"Result: Failure\nException: {error}\nStack: {trace}"
        outer = f"Exception while executing function: Functions.{operation.name}"
        details = [
            {"id": 1, "outerId": 0, "typeName": OUTER, "message": outer, "hasFullStack": True},
            {"id": 2, "outerId": 1, "typeName": INNER, "message": inner[:32768], "hasFullStack": True},
        ]
        data = {"exceptions": details, "severityLevel": SEVERITIES["ERROR"], "properties": {"Category": category}}
        self._add("Exception", "ExceptionData", operation, data)

    def request(self, operation: Operation, seconds: float, code: int, *, fine: bool, trigger: str) -> None:
        """One invocation, from its beginning so many seconds ago."""
        data = {
            "id": operation.span,
            "name": operation.name,
            "duration": duration(seconds),
            "success": fine,
            "responseCode": str(code),
            "properties": {
                "FullName": f"Functions.{operation.name}",
                "TriggerReason": trigger,
                "Category": "Host.Results",
            },
        }
        self._add("Request", "RequestData", operation, data, time.time() - seconds)

    def _add(
        self, name: str, kind: str, operation: Operation, data: dict[str, Any], instant: float | None = None
    ) -> None:
        properties = {"InvocationId": operation.invocation, **data.pop("properties")}
        tags = {
            "ai.operation.id": operation.id,
            "ai.operation.name": operation.name,
            "ai.operation.parentId": "" if kind == "RequestData" else operation.span,
            "ai.cloud.role": operation.app,
            "ai.cloud.roleInstance": operation.instance,
        }
        self._bunch.append(
            {
                "ver": 1,
                "name": NAMESPACE + name,
                "time": iso(time.time() if instant is None else instant),
                "iKey": self.key,
                "sampleRate": 100.0,
                "tags": {name: value for name, value in tags.items() if value},
                "data": {
                    "baseType": kind,
                    "baseData": {"ver": 2, **data, "properties": {n: v for n, v in properties.items() if v}},
                },
            }
        )

    def flush(self) -> None:
        """Hand on what there is."""
        bunch, self._bunch = self._bunch, []
        if bunch:
            self.accept(bunch)


def duration(seconds: float) -> str:
    """As .NET writes it: d.hh:mm:ss.fffffff."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    days, hours = divmod(hours, 24)
    return f"{days}.{hours:02}:{minutes:02}:{rest:010.7f}"
