"""Azure ML's data collector: CloudEvents whose data are rows, a payload, or elsewhere."""

from __future__ import annotations

import re
from typing import Any

from atalaia.errors import ReferenceRefusedError
from atalaia.logs.bodies import body
from atalaia.logs.payloads import bytes_payload, expand
from atalaia.logs.records import Payload, Record, RejectedError, Row, as_text, dated
from atalaia.logs.settings import Context
from atalaia.rows import NO_TIME, Side
from atalaia.window import parse_time

_COLLECTION = re.compile(r"(?:^|/)modelDataCollector/[^/]+/[^/]+/([^/]+)/")
_FOLDER = re.compile(r"/(model_inputs|model_outputs|model_inputs_outputs)/")
_SIDES = {
    "model_inputs": Side.INPUT,
    "inputs": Side.INPUT,
    "request": Side.INPUT,
    "model_outputs": Side.OUTPUT,
    "outputs": Side.OUTPUT,
    "response": Side.OUTPUT,
}
_TYPE = "azureml.inference."


def is_collector_path(uri: str) -> bool:
    """Tell whether an object lies where the collector writes."""
    return _COLLECTION.search(uri) is not None


def is_collected(value: Any) -> bool:
    """Tell whether a JSON value is an event of the collector."""
    return isinstance(value, dict) and "specversion" in value and str(value.get("type", "")).startswith("azureml.")


def collected_record(value: Any, context: Context) -> Record:
    """Read one event.

    Raises:
        RejectedError: It is not an event, its reference must not be followed, or its data are not rows.
    """
    if not isinstance(value, dict) or "specversion" not in value:
        raise RejectedError(reason="not_a_record")
    side = side_of(context.log.uri, value.get("type"))
    time = parse_time(value.get("time"))
    with dated(NO_TIME if time is None else time):
        payload = _payload(value, side, context)
    return Record(payload.rows, payload.sides, NO_TIME if time is None else time, as_text(value.get("id")))


def side_of(uri: str, event_type: Any) -> Side | None:
    """Tell the side of an event: by its collection's folder, else by its type; None for collections of all sides."""
    folder = _COLLECTION.search(uri) or _FOLDER.search(uri)
    if folder is not None:
        return _SIDES.get(folder[1])
    return _SIDES.get(event_type.removeprefix(_TYPE)) if isinstance(event_type, str) else None


def _payload(event: Row, side: Side | None, context: Context) -> Payload:
    data = event.get("data")
    if str(event.get("datainblob", "")).lower() == "true" and isinstance(data, str):
        return referred(data, side, context)
    if data is None:
        if not isinstance(event.get("dataref"), str):
            raise RejectedError(reason="no_rows")
        return referred(event["dataref"], side, context)
    if isinstance(data, str) and not data.lstrip().startswith(("{", "[")):
        raise RejectedError(reason="unknown_payload")  # text or a data frame's printed form: no rows can be told
    return body(data, side, context)


def referred(reference: str, side: Side | None, context: Context) -> Payload:
    """Read the rows of an object that an event refers to.

    Raises:
        RejectedError: The reference is refused, or its content is not rows.
    """
    content = expand(followed(reference, context), context.limits.reference_bytes, context)
    return bytes_payload(content, side, context)


def followed(reference: str, context: Context) -> bytes:
    """Return the content behind a reference.

    Raises:
        RejectedError: The caller refuses to follow it, or it is too large.
    """
    if context.follow is None:
        raise RejectedError(reason="reference_outside")
    try:
        content = context.follow(reference, context.limits.reference_bytes)
    except ReferenceRefusedError as error:
        raise RejectedError(error.reason) from error
    if len(content) > context.limits.reference_bytes:
        raise RejectedError(reason="reference_too_large")
    return content
