"""KServe's payload logger (JSON, CSV or Parquet blobs) and the CloudEvents of KServe and Seldon."""

from __future__ import annotations

from typing import Any

from atalaia.logs.bodies import body
from atalaia.logs.payloads import bytes_payload, decode_base64
from atalaia.logs.records import Payload, Record, RejectedError, Row, as_text, dated
from atalaia.logs.settings import Context
from atalaia.rows import NO_TIME, Side
from atalaia.window import parse_time

_SIDES = {"request": Side.INPUT, "response": Side.OUTPUT}
COLUMNS = frozenset(("bytes", "reqType", "id"))


def is_logged(value: Any) -> bool:
    """Tell whether a JSON value is what the payload logger stores, or one of the events it sends."""
    if not isinstance(value, dict):
        return False
    return value.keys() >= COLUMNS or ("specversion" in value and ".inference." in str(value.get("type", "")))


def logged_record(value: Any, context: Context) -> Record:
    """Read one logged request or response.

    Raises:
        RejectedError: It is neither, or its body is not rows.
    """
    if not isinstance(value, dict):
        raise RejectedError(reason="not_a_record")
    stored = "reqType" in value
    side = _side(value.get("reqType" if stored else "type"))
    moment = parse_time(value.get("occurrenceTime" if stored else "time"))
    time = NO_TIME if moment is None else moment
    with dated(time):
        payload = _stored(value, side, context) if stored else _event(value, side, context)
    return Record(payload.rows, payload.sides, time, as_text(value.get("id")))


def _side(kind: Any) -> Side:
    side = _SIDES.get(kind.rsplit(".", 1)[-1]) if isinstance(kind, str) else None
    if side is None:
        raise RejectedError(reason="not_a_record")
    return side


def _stored(value: Row, side: Side, context: Context) -> Payload:
    content = value.get("bytes")
    if content is None or content == "":
        raise RejectedError(reason="no_rows")
    if not isinstance(content, str):
        raise RejectedError(reason="not_a_record")
    return bytes_payload(decode_base64(content, context), side, context)


def _event(value: Row, side: Side, context: Context) -> Payload:
    if isinstance(encoded := value.get("data_base64"), str):
        return bytes_payload(decode_base64(encoded, context), side, context)
    return body(value.get("data"), side, context)
