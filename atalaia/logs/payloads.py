"""Payloads as an envelope holds them (text, base64, or parsed JSON) to rows with names."""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache
from io import BytesIO
from itertools import chain
from typing import Any

from atalaia.logs.arrays import Cell
from atalaia.logs.bodies import body
from atalaia.logs.bodyrows import invented_names, row_of
from atalaia.logs.csvtext import has_header, parse_cells
from atalaia.logs.framing import GZIP, ZSTD, Stream
from atalaia.logs.jsontext import parse_json
from atalaia.logs.records import Payload, RejectedError, Row
from atalaia.logs.settings import Context
from atalaia.logs.weight import refuse_heavy_csv, refuse_long_text
from atalaia.rows import ALL_SIDES, Side

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BOM = "\ufeff"


def decode_base64(text: str, context: Context) -> bytes:
    """Decode base64, and decompress what its magic bytes call compressed.

    Raises:
        RejectedError: `damaged`, or `too_large`.
    """
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise RejectedError(reason="damaged") from None
    return expand(data, context.limits.payload_bytes, context)


def expand(data: bytes, limit: int, context: Context) -> bytes:
    """Decompress bytes that begin like gzip or zstd; others are returned as they are.

    Raises:
        RejectedError: `damaged`, or `too_large`.
    """
    if not data.startswith((GZIP, ZSTD)):
        return data
    parts, size = [], 0
    for chunk in Stream(BytesIO(data), context.limits).chunks():
        parts.append(chunk)
        size += len(chunk)
        if size > limit:
            raise RejectedError(reason="too_large")
    return b"".join(parts)


def bytes_payload(data: bytes, side: Side | None, context: Context) -> Payload:
    """Read a body of unknown kind: JSON, JSON lines or CSV, if it is text at all.

    Raises:
        RejectedError: The bytes are none of these, or hold no usable rows.
    """
    refuse_long_text(data)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RejectedError(reason="unknown_payload") from None
    return text_payload(text, side, context)


def text_payload(text: str, side: Side | None, context: Context, *, csv: bool = False) -> Payload:
    """Read a body of text: what begins like JSON is JSON, unless it does not parse and is said to be *csv*.

    Raises:
        RejectedError: The text is neither, or holds no usable rows.
    """
    if len(text) > context.limits.payload_bytes:
        raise RejectedError(reason="too_large")
    text = text.removeprefix(_BOM)
    if not text.strip():
        raise RejectedError(reason="no_rows")
    first = text.lstrip()[0]
    if first in '[{"' or text.strip() == "null":
        try:
            return json_payload(text, side, context)
        except RejectedError as error:
            if error.reason != "not_json":
                raise
            if first != '"' and not csv:
                raise RejectedError(reason="unknown_payload") from None
    if _CONTROL.search(text):
        raise RejectedError(reason="unknown_payload")
    return csv_payload(text, side, context)


def json_payload(text: str, side: Side | None, context: Context) -> Payload:
    """Read JSON text: one document, or several separated by line ends.

    Raises:
        RejectedError: `not_json`, or the document holds no usable rows.
    """
    try:
        value = parse_json(text, context.limits.depth)
    except RejectedError as error:
        if error.reason != "not_json" or "\n" not in text.strip():
            raise
    else:
        return body(value, side, context)
    values = [parse_json(line, context.limits.depth) for line in text.split("\n") if line.strip()]
    return lines_payload(values, side, context)


def lines_payload(values: list[Any], side: Side | None, context: Context) -> Payload:
    """Read the values of JSON lines: an object is a body of its own, a list of scalars is one row."""
    payloads = [
        body(value, side, context)
        if isinstance(value, dict) or _is_nested(value)
        else Payload([row_of(value, side, context)], ALL_SIDES if side is None else frozenset((side,)))
        for value in values
    ]
    if len({payload.sides for payload in payloads}) > 1:
        raise RejectedError(reason="row_count", rows=len(values))
    return Payload(list(chain.from_iterable(payload.rows for payload in payloads)), payloads[0].sides)


def _is_nested(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict | list) for item in value)


def csv_payload(text: str, side: Side | None, context: Context) -> Payload:
    """Read CSV text with or without a header.

    Raises:
        RejectedError: `bad_csv`, `column_count`, `no_rows` or `too_large`.
    """
    refuse_heavy_csv(text)
    cells = parse_cells(text)
    names = context.names.of(side)
    sides = ALL_SIDES if side is None else frozenset((side,))
    if has_header(cells[:20], None if names is None else _known(names), unsure=False):
        header, cells = tuple(cell.strip() for cell in cells[0]), cells[1:]
    else:
        header = names or invented_names(len(cells[0]), side)
    if not cells:
        raise RejectedError(reason="no_rows")
    return Payload(named_cells(cells, header), sides)


def named_cells(cells: list[list[Cell]], names: tuple[str, ...]) -> list[Row]:
    """Name the cells of rows by their places; an empty cell is null.

    Raises:
        RejectedError: `column_count`: a row has more or fewer cells than there are names.
    """
    if any(len(row) != len(names) for row in cells):
        raise RejectedError(reason="column_count", rows=len(cells))
    return [dict(zip(names, [cell or None for cell in row] if "" in row else row, strict=True)) for row in cells]


@lru_cache(maxsize=64)
def _known(names: tuple[str, ...]) -> frozenset[str]:
    """Return names as a set: it is asked for with every payload."""
    return frozenset(names)
