"""Envelopes as rows of the tables."""

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from emulated_azure.insights.envelopes import moment_of
from emulated_azure.insights.tables import BY_KIND, COMMON, Table

Row = dict[str, Any]
DURATION = re.compile(r"(?:(\d+)\.)?(\d+):(\d+):(\d+(?:\.\d+)?)")
BUCKETS = (
    (250, "<250ms"),
    (500, "250ms-500ms"),
    (1_000, "500ms-1sec"),
    (3_000, "1sec-3sec"),
    (7_000, "3sec-7sec"),
    (15_000, "7sec-15sec"),
    (30_000, "15sec-30sec"),
    (60_000, "30sec-1min"),
    (120_000, "1min-2min"),
    (300_000, "2min-5min"),
)
SLOWEST = ">=5min"


def rows_of(envelope: Mapping[str, Any], resource: str, app: str) -> Iterator[tuple[Table, Row]]:
    """The rows of an envelope without a fault: one, or one for each metric in it.

    Args:
        envelope: As it came.
        resource: The Application Insights resource's id.
        app: Its name.
    """
    table = BY_KIND[envelope["data"]["baseType"]]
    base = envelope["data"]["baseData"]
    shared = _shared(envelope, base, table) | {"_ResourceId": resource, "appName": app, "appId": envelope["iKey"]}
    for own in _OWN[table.kind](base):
        row = shared | own | {"itemId": str(uuid.uuid4())}
        yield table, row | {"_BilledSize": float(len(json.dumps(row)))}


def _shared(envelope: Mapping[str, Any], base: Mapping[str, Any], table: Table) -> Row:
    tags = envelope.get("tags") or {}
    moment = moment_of(envelope["time"])
    shared: Row = {column.name: tags.get(column.tag) for column in COMMON if column.tag}
    shared |= {
        "timestamp": None if moment is None else moment.replace(tzinfo=None).isoformat(),
        "itemType": table.item,
        "itemCount": max(1, round(100 / (envelope.get("sampleRate") or 100))),
        "iKey": envelope["iKey"],
        "customDimensions": {name: _text(value) for name, value in (base.get("properties") or {}).items()},
        "customMeasurements": base.get("measurements") or None,
        "client_IP": tags.get("ai.location.ip") or "0.0.0.0",  # noqa: S104 (what Azure puts in place of an address)
    }
    return shared


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _metrics(base: Mapping[str, Any]) -> Iterator[Row]:
    for metric in base["metrics"]:
        value = metric["value"]
        least, most = metric.get("min"), metric.get("max")
        yield {
            "name": metric["name"],
            "value": value,
            "valueSum": value,
            "valueCount": metric.get("count") or 1,
            "valueMin": value if least is None else least,
            "valueMax": value if most is None else most,
            "valueStdDev": metric.get("stdDev"),
        }


def _message(base: Mapping[str, Any]) -> Iterator[Row]:
    yield {"message": base["message"], "severityLevel": _severity(base)}


def _event(base: Mapping[str, Any]) -> Iterator[Row]:
    yield {"name": base["name"]}


def _request(base: Mapping[str, Any]) -> Iterator[Row]:
    own = {name: base.get(name) for name in ("id", "name", "source", "url")}
    yield own | _timed(base) | {"resultCode": _code(base.get("responseCode"))}


def _dependency(base: Mapping[str, Any]) -> Iterator[Row]:
    own = {name: base.get(name) for name in ("id", "name", "target", "type", "data")}
    yield own | _timed(base) | {"resultCode": _code(base.get("resultCode"))}


def _timed(base: Mapping[str, Any]) -> Row:
    taken = milliseconds(base["duration"])
    bucket = next((name for most, name in BUCKETS if taken < most), SLOWEST)
    return {"success": base.get("success", True), "duration": taken, "performanceBucket": bucket}


def milliseconds(duration: str) -> float:
    """A duration `D.HH:MM:SS.fff` in milliseconds; 0 if it is none."""
    found = DURATION.fullmatch(str(duration))
    if found is None:
        return 0.0
    days, hours, minutes, seconds = found.groups()
    return ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60_000 + float(seconds) * 1_000


def _exception(base: Mapping[str, Any]) -> Iterator[Row]:
    outer, inner = base["exceptions"][0], base["exceptions"][-1]
    own: Row = {"severityLevel": _severity(base), "details": base["exceptions"], "handledAt": base.get("handledAt")}
    for prefix, each in (("outer", outer), ("innermost", inner)):
        frame: Mapping[str, Any] = next(iter(each.get("parsedStack") or []), {})
        own |= {
            f"{prefix}Type": each.get("typeName"),
            f"{prefix}Message": each.get("message"),
            f"{prefix}Assembly": frame.get("assembly"),
            f"{prefix}Method": frame.get("method"),
        }
    own |= {name: own[f"outer{name.title()}"] for name in ("type", "message", "assembly", "method")}
    where = f" at {own['method']}" if own["method"] else ""
    yield own | {"problemId": base.get("problemId") or f"{own['type']}{where}"}


_SEVERITIES = ("Verbose", "Information", "Warning", "Error", "Critical")


def _severity(base: Mapping[str, Any]) -> int | None:
    """0 to 4, whether it came as a number or as its name."""
    given = base.get("severityLevel")
    return _SEVERITIES.index(given) if given in _SEVERITIES else given if isinstance(given, int) else None


def _code(value: Any) -> str | None:
    return None if value is None else str(value)


_OWN = {
    "MetricData": _metrics,
    "MessageData": _message,
    "EventData": _event,
    "RequestData": _request,
    "RemoteDependencyData": _dependency,
    "ExceptionData": _exception,
}
