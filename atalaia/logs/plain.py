"""Plain files: values that are rows, or bare request and response bodies, without an envelope."""

from __future__ import annotations

from typing import Any

from atalaia.logs.bodies import plain_body
from atalaia.logs.payloads import lines_payload
from atalaia.logs.records import Record, dated
from atalaia.logs.sagemaker import INFERENCE_ID, INFERENCE_TIME, taken_inference
from atalaia.logs.settings import Context
from atalaia.rows import NO_TIME, Side


def plain_record(value: Any, context: Context, side: Side | None) -> Record:
    """Read one value.

    Args:
        value: Parsed JSON.
        context: Names and limits.
        side: What the file holds if something outside it says so; None to tell by the value.

    Raises:
        RejectedError: It is neither a row nor a body.
    """
    if side is None and not (isinstance(value, dict) and (INFERENCE_ID in value or INFERENCE_TIME in value)):
        payload = plain_body(value, context)
        return Record(payload.rows, payload.sides)
    time, inference_id = NO_TIME, None
    if isinstance(value, dict):
        value = dict(value)
        time, inference_id = taken_inference(value)
        side = side or Side.OUTPUT
    with dated(time):
        payload = lines_payload([value], side, context)
    return Record(payload.rows, payload.sides, time, inference_id)
