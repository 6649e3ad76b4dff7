"""SageMaker: data capture, batch transform capture, ground truth, and files that merge them."""

from __future__ import annotations

import re
from typing import Any

from atalaia.logs.bodies import zipped
from atalaia.logs.payloads import bytes_payload, csv_payload, decode_base64, text_payload
from atalaia.logs.records import Payload, Record, RejectedError, Row, as_text, dated
from atalaia.logs.settings import Context
from atalaia.rows import NO_TIME, Side
from atalaia.window import parse_time

PARTS = (
    ("captureData", "endpointInput", Side.INPUT),
    ("captureData", "endpointOutput", Side.OUTPUT),
    ("captureData", "batchTransformOutput", Side.OUTPUT),
)
INFERENCE_ID, INFERENCE_TIME = "SageMakerInferenceId", "SageMakerInferenceTime"


def is_capture(value: Any) -> bool:
    """Tell whether a JSON value is a capture, a label, or both merged."""
    return isinstance(value, dict) and any(
        isinstance(value.get(key), dict) for key in ("captureData", "groundTruthData")
    )


def is_manifest(value: Any) -> bool:
    """Tell whether a JSON value is a batch transform's manifest: an array of a prefix and the names below it."""
    return (
        isinstance(value, list)
        and bool(value)
        and is_manifest_head(value[0])
        and all(isinstance(name, str) for name in value[1:])
    )


def is_manifest_head(value: Any) -> bool:
    """Tell whether a JSON value is what a manifest begins with."""
    return isinstance(value, dict) and value.keys() == {"prefix"} and isinstance(value["prefix"], str)


def capture_record(value: Any, context: Context) -> Record:
    """Read one line of a capture, ground truth or merged file.

    Raises:
        RejectedError: It is not such a line, or its sides cannot be put together.
    """
    if not is_capture(value):
        raise RejectedError(reason="not_a_record")
    metadata = value.get("eventMetadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    time = parse_time(metadata.get("inferenceTime"))
    with dated(NO_TIME if time is None else time):
        payload = zipped(_payloads(value, context))
    return Record(payload.rows, payload.sides, NO_TIME if time is None else time, as_text(metadata.get("eventId")))


def _payloads(value: Row, context: Context) -> list[Payload]:
    parts = []
    for group, key, side in PARTS:
        holder = value.get(group)
        if isinstance(holder, dict) and holder.get(key) is not None:
            parts.append((holder[key], side))
    if value.get("groundTruthData") is not None:
        parts.append((value["groundTruthData"], Side.LABEL))
    if not parts:
        raise RejectedError(reason="no_rows")
    return _read_all(parts, context)


def _read_all(parts: list[tuple[Any, Side]], context: Context) -> list[Payload]:
    """Read every part; if one is rejected, say how many rows the largest part held."""
    payloads, fault, rows = [], None, 1
    for part, side in parts:
        try:
            payloads.append(_payload(part, side, context))
            rows = max(rows, len(payloads[-1].rows))
        except RejectedError as error:
            fault = fault or error
            rows = max(rows, error.rows)
    if fault is not None:
        raise RejectedError(fault.reason, rows)
    return payloads


def _payload(part: Any, side: Side, context: Context) -> Payload:
    if not isinstance(part, dict) or not isinstance(part.get("data"), str):
        raise RejectedError(reason="not_a_record")
    data, encoding = part["data"], part.get("encoding")
    if encoding == "BASE64":
        return bytes_payload(decode_base64(data, context), side, context)
    if encoding == "CSV" and '"' not in data and data[:1] not in ("{", "["):
        return _csv(data, side, context)
    return text_payload(data, side, context, csv=encoding == "CSV")


def _csv(data: str, side: Side, context: Context) -> Payload:
    if len(data) > context.limits.payload_bytes:
        raise RejectedError(reason="too_large")
    if not data.strip():
        raise RejectedError(reason="no_rows")
    return csv_payload(data, side, context)


def taken_inference(row: Row) -> tuple[int, str | None]:
    """Take a batch transform's id and time out of a row that has them."""
    inference_id = as_text(row.pop(INFERENCE_ID, None))
    time = parse_time(row.pop(INFERENCE_TIME, None))
    return (NO_TIME if time is None else time), inference_id


def manifest_files(value: list[Any]) -> list[str]:
    """Return the full names that a manifest lists."""
    prefix = value[0]["prefix"]
    return [prefix + name for name in value[1:]]


def manifest_side(uri: str) -> Side:
    """Tell the side of a manifest's files by the manifest's own path: `…/output/…` or input."""
    found = re.findall(r"/(input|output)(?=/)", uri)
    return Side.OUTPUT if found and found[-1] == "output" else Side.INPUT
