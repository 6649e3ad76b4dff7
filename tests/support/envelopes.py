"""Telemetry as exporters send it to Application Insights."""

import json
import time
from datetime import UTC, datetime, timedelta

KEY = "00000000-0000-0000-0000-000000000001"


def ago(**span):
    return datetime.fromtimestamp(time.time(), UTC) - timedelta(**span)


def envelope(kind, base, moment=None, **more):
    name = {"MetricData": "Metric", "MessageData": "Message"}.get(kind, kind.removesuffix("Data"))
    data = {"baseType": kind, "baseData": {"ver": 2, **base}}
    when = (moment or ago()).isoformat().replace("+00:00", "Z")
    return {"name": f"Microsoft.ApplicationInsights.{name}", "time": when, "iKey": KEY, "data": data, **more}


def event(name, fields, moment=None):
    """As the product sends its events: every field as text, the numbers as measurements too."""
    texts = {key: _text(value) for key, value in fields.items() if value is not None}
    numbers = {key: value for key, value in fields.items() if type(value) in (int, float)}
    return envelope("EventData", {"name": name, "properties": texts, "measurements": numbers}, moment)


def _text(value):
    return value if isinstance(value, str) else json.dumps(value)


def metric(name, value, properties=None, moment=None, **more):
    point = {"name": name, "value": value, **more}
    return envelope("MetricData", {"metrics": [point], "properties": properties or {}}, moment)


def trace(message, properties=None, moment=None, severity=1):
    text = message if isinstance(message, str) else json.dumps(message)
    base = {"message": text, "severityLevel": severity, "properties": properties or {}}
    return envelope("MessageData", base, moment)


def request(name, seconds=1.0, success=True, operation="", moment=None):
    minutes, rest = divmod(seconds, 60)
    duration = f"0.00:{int(minutes):02}:{rest:06.3f}"
    base = {"id": "1", "name": name, "duration": duration, "success": success, "responseCode": "0" if success else "1"}
    tags = {"ai.operation.id": operation, "ai.operation.name": name}
    return envelope("RequestData", base, moment, tags=tags)


def exception(kind, message, operation="", name="", moment=None):
    return _raised([{"typeName": kind, "message": message, "hasFullStack": True}], operation, name, moment)


def host_exception(raised, operation="", name="", moment=None):
    """What the Functions host makes of an exception that a function raises."""
    outer = {"id": 1, "typeName": "FunctionInvocationException", "message": f"Exception while executing: {name}"}
    inner = f"Result: Failure\nException: {raised}\nStack:   File ..."
    return _raised(
        [outer, {"id": 2, "outerId": 1, "typeName": "RpcException", "message": inner}], operation, name, moment
    )


def _raised(details, operation, name, moment):
    tags = {"ai.operation.id": operation, "ai.operation.name": name}
    return envelope("ExceptionData", {"exceptions": details, "severityLevel": 3}, moment, tags=tags)
