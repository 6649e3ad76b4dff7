"""What Application Insights takes, and why it refuses what it refuses, item by item."""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from emulated_azure.insights.tables import BY_KIND

OLDEST_MS, NEWEST_MS = 48 * 3600 * 1000, 2 * 3600 * 1000
MAX_ITEM_BYTES = 64 * 1024
MAX_KEY, MAX_VALUE, MAX_NAME, MAX_MESSAGE = 150, 8192, 1024, 32768
REQUIRED = {
    "MetricData": (),
    "MessageData": ("message",),
    "EventData": ("name",),
    "RequestData": ("id", "duration"),
    "RemoteDependencyData": ("name", "duration"),
    "ExceptionData": (),
}


def fault_of(envelope: Any, size: int, key: str, now: float) -> str | None:
    """Why *envelope* is refused; None if it is not.

    Args:
        envelope: As it came, decoded.
        size: Its bytes as it came.
        key: The instrumentation key that is let in.
        now: Unix time.
    """
    if not isinstance(envelope, Mapping):
        return "Telemetry item is not an object"
    if size > MAX_ITEM_BYTES:
        return f"Telemetry item is too large. Expected: {MAX_ITEM_BYTES} bytes, Actual: {size}"
    faults = (
        _missing(envelope, ("name", "time"), "Envelope"),
        _key_fault(envelope, key),
        _time_fault(envelope, now),
        _data_fault(envelope.get("data")),
    )
    return next((fault for fault in faults if fault), None)


def moment_of(text: str) -> datetime | None:
    """A time stamp in UTC; None if it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def _missing(holder: Mapping[str, Any], names: tuple[str, ...], kind: str) -> str | None:
    for name in names:
        if holder.get(name) in (None, ""):
            return f"109: Field '{name}' on type '{kind}' is required but missing or empty. Expected: string, Actual:"
    return None


def _key_fault(envelope: Mapping[str, Any], key: str) -> str | None:
    return None if str(envelope.get("iKey", "")).lower() == key else "Invalid instrumentation key"


def _time_fault(envelope: Mapping[str, Any], now: float) -> str | None:
    moment = moment_of(envelope["time"]) if envelope.get("time") else None
    if moment is None:
        return "Field 'time' on type 'Envelope' is not a valid time stamp"
    ahead = round((moment.timestamp() - now) * 1000)
    if ahead < -OLDEST_MS:
        rule = f"Expected: now - {OLDEST_MS}ms, Actual: now - {-ahead}ms"
        return f"103: Field 'time' on type 'Envelope' is older than the allowed min date. {rule}"
    if ahead > NEWEST_MS:
        rule = f"Expected: now + {NEWEST_MS}ms, Actual: now + {ahead}ms"
        return f"104: Field 'time' on type 'Envelope' is newer than the max date. {rule}"
    return None


def _data_fault(data: Any) -> str | None:
    if not isinstance(data, Mapping) or not isinstance(data.get("baseData"), Mapping):
        return "109: Field 'baseData' on type 'Data' is required but missing or empty. Expected: object, Actual:"
    kind, base = str(data.get("baseType", "")), data["baseData"]
    if kind not in BY_KIND:
        return (
            f"Field 'baseType' on type 'Data' has no table here. Expected: one of {', '.join(BY_KIND)}, Actual: {kind}"
        )
    faults = (_missing(base, REQUIRED[kind], kind), *_length_faults(base, kind), _numbers_fault(base, kind))
    return next((fault for fault in faults if fault), None)


def _length_faults(base: Mapping[str, Any], kind: str) -> Iterator[str | None]:
    yield _too_long("name", base.get("name"), MAX_NAME, kind)
    yield _too_long("message", base.get("message"), MAX_MESSAGE, kind)
    for name, value in (base.get("properties") or {}).items():
        yield _too_long("properties.key", name, MAX_KEY, kind)
        yield _too_long(f"properties.{name}", value, MAX_VALUE, kind)


def _too_long(field: str, text: Any, most: int, kind: str) -> str | None:
    if not isinstance(text, str) or len(text) <= most:
        return None
    return f"Field '{field}' on type '{kind}' is too long. Expected: {most} characters, Actual: {len(text)}"


def _numbers_fault(base: Mapping[str, Any], kind: str) -> str | None:
    metrics = base.get("metrics") or []
    if kind == "MetricData" and not metrics:
        return "109: Field 'metrics' on type 'MetricData' is required but missing or empty. Expected: array, Actual:"
    if kind == "ExceptionData" and not base.get("exceptions"):
        return (
            "109: Field 'exceptions' on type 'ExceptionData' is required but missing or empty. Expected: array, Actual:"
        )
    for metric in metrics:
        unnamed = _missing(metric, ("name",), "DataPoint") or _too_long("name", metric.get("name"), MAX_NAME, kind)
        if unnamed or not _is_number(metric.get("value")):
            return unnamed or f"Field 'value' on type 'DataPoint' is not a number. Actual: {metric.get('value')}"
    for name, value in (base.get("measurements") or {}).items():
        if not _is_number(value):
            return f"Field 'measurements.{name}' on type '{kind}' is not a number. Actual: {value}"
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
