"""What the query API of Azure Monitor answers, whoever was asked."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct


class Answer(Struct, frozen=True):
    """What a query found.

    Attributes:
        columns: Their names.
        types: Theirs, as Kusto calls them.
        rows: A value for each column: numbers that are none are None, dynamic values what they hold, times text.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def answer_of(columns: Iterable[str], types: Iterable[str], rows: Iterable[Sequence[Any]]) -> Answer:
    """Return an answer as it came over the wire, or as Microsoft's client gives it."""
    kinds = tuple(types)
    read = (tuple(_value(value, kind) for value, kind in zip(row, kinds, strict=True)) for row in rows)
    return Answer(tuple(columns), kinds, tuple(read))


def _value(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind in ("real", "decimal"):
        number = float(value)
        return number if math.isfinite(number) else None
    if kind == "dynamic" and isinstance(value, str):
        return _held(value)
    if kind == "datetime" and not isinstance(value, str):
        return value.isoformat().replace("+00:00", "Z")
    return value


def _held(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def refusal_of(body: str) -> str:
    """Return why a query was refused: the innermost message of the answer, which names the construct."""
    try:
        cause = json.loads(body)["error"]
        while "innererror" in cause:
            cause = cause["innererror"]
        return f"the query was refused: {cause.get('message') or cause['code']}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"the query was refused: {body[:200]}"
