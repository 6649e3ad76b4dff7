"""Python values to Arrow columns, without losing what they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from atalaia.logs.records import Row, shortened
from atalaia.rows import value_text

_NUMBER = (
    r"^[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
    r"|^(?:nan|NaN|NAN|[+-]?(?:inf|Inf|INF|infinity|Infinity))$"
)
_INTEGER = r"^-?(?:0|[1-9][0-9]{0,17})$"
_INFINITE = r"(?i)inf"
_MOST_CELLS = 1 << 22
_LONGEST_TEXT = 1 << 20
_ALWAYS_FITS = 1 << 16  # cells
_SPARSEST = 16  # cells for each that holds a value


class Cell(str):
    """The text of a CSV cell: its type is decided by its whole column."""

    __slots__ = ()


def columns_of(rows: Sequence[Row]) -> dict[str, pa.Array]:
    """Turn rows into columns; a key that a row lacks is null there."""
    names: dict[str, None] = {}
    for row in rows:
        if row.keys() != names.keys():
            names |= dict.fromkeys(row)
    return {shortened(name): array_of([row.get(name) for row in rows]) for name in names}


def fits(rows: Sequence[Row]) -> bool:
    """Tell whether the rows make a table of bearable size; rows of ever new names do not."""
    if len(rows) < 2:
        return True
    filled = sum(map(len, rows))
    if len(rows) * filled < _ALWAYS_FITS:
        return True
    cells = len(rows) * len(_names(rows))
    return cells < _ALWAYS_FITS or cells < min(_MOST_CELLS, _SPARSEST * filled)


def _names(rows: Sequence[Row]) -> set[str]:
    return set().union(*rows)


def array_of(values: list[Any]) -> pa.Array:
    """Turn the values of one column into an Arrow array: of one type if they have one, else of canonical text."""
    types = set(map(type, values))
    types.discard(type(None))
    if not types:
        return pa.nulls(len(values))
    if types == {Cell}:
        return cells_array(pa.array(values, pa.string()))
    if types <= {int, float}:
        return _numbers(values, types)
    if types == {bool}:
        return pa.array(values, pa.bool_())
    return pa.array([_bearable_text(value) for value in values], pa.string())


def _bearable_text(value: Any) -> str | None:
    """Write a value as text; a very long one is shortened as profiles shorten it, before it is copied many times."""
    text = canonical(value)
    return text if text is None or len(text) <= _LONGEST_TEXT else shortened(text)


def cells_array(cells: pa.Array) -> pa.Array:
    """Turn the texts of one CSV column into numbers if all of them are numbers, else leave them; empty ones are null.

    Whole numbers with leading zeros are ids, not numbers. A number beyond float64 makes the column text.
    """
    cells = pc.if_else(pc.equal(cells, ""), pa.scalar(None, pa.string()), cells)
    trimmed = pc.utf8_trim_whitespace(cells)
    if not pc.all(pc.match_substring_regex(trimmed, _NUMBER)).as_py():
        return cells
    if pc.all(pc.match_substring_regex(trimmed, _INTEGER)).as_py():
        return trimmed.cast(pa.int64())
    numbers = trimmed.cast(pa.float64())
    overflown = pc.and_(pc.is_inf(numbers), pc.invert(pc.match_substring_regex(trimmed, _INFINITE)))
    return cells if pc.any(overflown).as_py() else numbers


def canonical(value: Any) -> str | None:
    """Write a value as the text under which it is counted: `true`, `1`, `2.5`, `NaN`, the string itself.

    Example:
        >>> canonical(True), canonical(1.0), canonical(2.5), canonical("x")
        ('true', '1', '2.5', 'x')
    """
    return None if value is None else value_text(value)


def _numbers(values: list[Any], types: set[type]) -> pa.Array:
    if float not in types:
        for integers in (pa.int64(), pa.uint64()):
            try:
                return pa.array(values, integers)
            except (OverflowError, pa.ArrowInvalid):
                continue
    try:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    except OverflowError:
        return pa.array([canonical(value) for value in values], pa.string())
