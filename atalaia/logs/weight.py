"""How much memory parsed text will take, told before it is parsed: a few bytes of text can become many objects."""

from __future__ import annotations

from collections.abc import Iterable

from atalaia.logs.records import RejectedError, Row

MOST_WEIGHT = 192 << 20
"""Bytes that the objects parsed from one line or payload may take."""

MOST_COLUMNS = 16_384
"""Columns that one row may have."""

_LIGHT = 1 << 19  # so little text cannot become much
_VALUE, _GROUP = 64, 400
_CELL, _LINE = 160, 640
_MOST_CELLS = 1 << 20
_LONGEST_TEXT = 16 << 20
_MOST_NAMES = 32 << 20  # characters, of rows with many columns
_WIDE = 500


def refuse_heavy_json(data: bytes | str) -> None:
    """Accept JSON whose values, lists and objects fit into the limit, each list or object counted as a row.

    Raises:
        RejectedError: `too_large`.
    """
    if len(data) < _LIGHT:
        return
    comma, bracket, brace = (",", "[", "{") if isinstance(data, str) else (b",", b"[", b"{")
    groups = data.count(bracket) + data.count(brace)  # type: ignore[arg-type]  # all three are of the type of data
    if _GROUP * groups + _VALUE * data.count(comma) > MOST_WEIGHT:  # type: ignore[arg-type]  # likewise
        raise RejectedError(reason="too_large")


def refuse_heavy_csv(text: str) -> None:
    """Accept CSV text whose rows and cells fit into the limit.

    Raises:
        RejectedError: `too_large`, with as many rows as there are lines.
    """
    lines = text.count("\n")
    if _LINE * lines + _CELL * text.count(",") > MOST_WEIGHT:
        raise RejectedError(reason="too_large", rows=lines + (not text.endswith("\n")))


def refuse_wide_line(line: bytes) -> None:
    """Accept a line of a CSV file that does not hold far too many cells or too long a text.

    Raises:
        RejectedError: `too_large`.
    """
    refuse_long_text(line)
    if len(line) > _MOST_CELLS and line.count(b",") > _MOST_CELLS:
        raise RejectedError(reason="too_large")


def refuse_long_text(data: bytes) -> None:
    """Accept bytes that do not become very long text: one character beyond ASCII makes every other take four bytes.

    Raises:
        RejectedError: `too_large`.
    """
    if len(data) > _LONGEST_TEXT and not data.isascii():
        raise RejectedError(reason="too_large")


def with_bearable_names(rows: Iterable[Row]) -> list[Row]:
    """Collect rows as they are made, as long as their names take little memory: a nested key stands in many names.

    Raises:
        RejectedError: `too_large`.
    """
    kept: list[Row] = []
    names = 0
    for row in rows:
        kept.append(row)
        if len(row) > _WIDE:
            names += sum(map(len, row))
            if names > _MOST_NAMES:
                raise RejectedError(reason="too_large")
    return kept
