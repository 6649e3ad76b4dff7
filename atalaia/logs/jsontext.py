"""Reading JSON that strangers wrote: strict and fast first, then as Python's writers spell it."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec

from atalaia.logs.records import RejectedError
from atalaia.logs.weight import refuse_heavy_json

_decode = msgspec.json.Decoder().decode
_LONGEST_INTEGER = 4000  # digits; Python refuses to read or write integers beyond 4,300


def parse_json(data: bytes | str, depth: int) -> Any:
    """Read one JSON value.

    Bare `NaN`, `Infinity` and `-Infinity` are read as the floats they name. A number beyond float64 (1e400) stays text,
    so that it is not taken for Infinity. Of a repeated key the last value counts.

    Raises:
        RejectedError: With reason `not_json`, `not_text`, `nested_too_deep` or `too_large`.
    """
    refuse_heavy_json(data)
    try:
        value = _decode(data)
    except RecursionError:
        raise RejectedError(reason="nested_too_deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        value = _parse_leniently(data)
    brackets = (data.count(b"[") + data.count(b"{")) if isinstance(data, bytes) else (data.count("[") + data.count("{"))
    if brackets > depth and _deeper_than(value, depth):
        raise RejectedError(reason="nested_too_deep")
    return value


def compact(value: Any) -> str:
    """Write a nested value as compact JSON text."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)


def _parse_leniently(data: bytes | str) -> Any:
    try:
        text = data.decode() if isinstance(data, bytes) else data
    except UnicodeDecodeError:
        raise RejectedError(reason="not_text") from None
    try:
        value = json.loads(text, parse_constant=float, parse_float=_float_or_text, parse_int=_integer_or_text)
    except RecursionError:
        raise RejectedError(reason="nested_too_deep") from None
    except ValueError:
        raise RejectedError(reason="not_json") from None
    if "\\ud" in text or "\\uD" in text:
        return _without_lone_surrogates(value, text)
    return value


def _float_or_text(text: str) -> float | str:
    number = float(text)
    return text if math.isinf(number) else number


def _integer_or_text(text: str) -> int | str:
    return text if len(text) > _LONGEST_INTEGER else int(text)


def _without_lone_surrogates(value: Any, text: str) -> Any:
    """Replace halves of surrogate pairs, which no UTF-8 text can hold, by the replacement character."""
    if text.count("[") + text.count("{") > 200 and _deeper_than(value, 200):
        raise RejectedError(reason="nested_too_deep")
    return _cleaned(value)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(item) for key, item in value.items()}
    return value


def _deeper_than(value: Any, depth: int) -> bool:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(depth):
        level = [
            item
            for parent in level
            for item in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True
