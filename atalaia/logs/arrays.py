"""Python values to Arrow columns, without losing what they were."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from atalaia.logs.records import Row, shortened
from atalaia.logs.spans import Mask, at, data_of, edges_of
from atalaia.rows import value_text

_NUMBER = (
    r"^[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
    r"|^(?:nan|NaN|NAN|[+-]?(?:inf|Inf|INF|infinity|Infinity))$"
)
_INTEGER = r"^-?(?:0|[1-9][0-9]{0,17})$"
_INFINITE = r"(?i)inf"
_ONE_NUMBER = re.compile(_NUMBER)
_LARGEST_INTEGER = 10**18
NOT_AFTER_ZERO = np.isin(np.arange(256), list(b"0123456789xX"))
"""By byte: whether a cell that begins with a zero and this byte is an id, and no number."""

_MOST_CELLS = 1 << 22
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
    return len(rows) * filled < _ALWAYS_FITS or table_fits(len(rows), filled, len(_names(rows)))


def table_fits(rows: int, filled: int, names: int) -> bool:
    """Tell whether a table of *rows* and *names*, of whose cells so many are *filled*, is of bearable size."""
    cells = rows * names
    return rows < 2 or cells < _ALWAYS_FITS or cells < min(_MOST_CELLS, _SPARSEST * filled)


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
    return pa.array([canonical(value) for value in values], pa.string())


def cells_array(cells: pa.StringArray) -> pa.Array:
    """Turn the texts of one CSV column into numbers if all of them are numbers, else leave them; empty ones are null.

    Whole numbers with leading zeros are ids, not numbers. A number beyond float64 makes the column text.
    """
    cells = without_empty(cells)
    first = next((cell.as_py() for cell in cells if cell.is_valid), None)
    if first is None or not _ONE_NUMBER.match(first.strip()):
        return cells
    for kind in (pa.float64(),) if _have_points(cells) else (pa.int64(), pa.float64()):
        try:
            numbers = cells.cast(kind)
        except pa.ArrowInvalid:
            continue
        return numbers if _are_plain(cells, numbers) else _checked_cells(cells)
    return _checked_cells(cells)


def _have_points(cells: pa.StringArray) -> bool:
    """Tell whether a cell has a point: to try and fail to read it as a whole number takes long."""
    edges = edges_of(cells)
    return bool((data_of(cells)[edges[0] : edges[-1]] == ord(".")).any())


def without_empty(cells: pa.StringArray) -> pa.StringArray:
    """Return the cells with null for empty text."""
    edges = edges_of(cells)
    if cells.null_count or (edges[1:] > edges[:-1]).all():
        return pc.if_else(pc.equal(cells, ""), pa.scalar(None, pa.string()), cells) if cells.null_count else cells
    return with_nulls(cells, edges[1:] > edges[:-1])


def with_nulls(texts: pa.StringArray, valid: Mask) -> pa.StringArray:
    """Return texts, none of them null, with null for those that are not *valid*."""
    bits = pa.py_buffer(np.packbits(valid, bitorder="little"))
    nulls = len(valid) - int(np.count_nonzero(valid))
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(edges_of(texts)), texts.buffers()[2], bits, nulls)


def _are_plain(cells: pa.StringArray, numbers: pa.Array) -> bool:
    """Tell whether Arrow read as numbers nothing that is none here: it takes `007`, `0x1F`, `nan(1)` and 1e400."""
    if pa.types.is_integer(numbers.type):
        ends = pc.min_max(numbers)
        large = any(end.is_valid and abs(end.as_py()) >= _LARGEST_INTEGER for end in (ends["min"], ends["max"]))
        return not large and not _have_leading_zeros(cells)
    if not pc.all(pc.is_finite(numbers)).as_py():
        odd = pc.unique(cells.filter(pc.invert(pc.is_finite(numbers)))).to_pylist()
        if not all(_ONE_NUMBER.match(text) and text.lstrip("+-")[:1] in "nNiI" for text in odd):
            return False
    return not _have_leading_zeros(cells)


def _have_leading_zeros(cells: pa.StringArray) -> bool:
    """Tell whether a cell begins with a zero, or a sign and a zero, and goes on with a digit or as `0x`."""
    edges, data = edges_of(cells), data_of(cells)
    begins, lengths = edges[:-1], np.diff(edges)
    first = at(data, begins)
    zeros = begins[(first == ord("0")) & (lengths > 1)]
    signed = begins[((first == ord("-")) | (first == ord("+"))) & (lengths > 2)] + 1
    signed = signed[at(data, signed) == ord("0")]
    return bool(NOT_AFTER_ZERO[at(data, zeros + 1)].any() or NOT_AFTER_ZERO[at(data, signed + 1)].any())


def _checked_cells(cells: pa.StringArray) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(cells)
    if not pc.all(pc.match_substring_regex(trimmed, _NUMBER)).as_py():
        return cells
    if pc.all(pc.match_substring_regex(trimmed, _INTEGER)).as_py():
        return trimmed.cast(pa.int64())
    numbers = trimmed.cast(pa.float64())
    overflown = pc.and_(pc.is_inf(numbers), pc.invert(pc.match_substring_regex(trimmed, _INFINITE)))
    return cells if pc.any(overflown).as_py() else numbers


def is_number_text(text: str) -> bool:
    """Tell whether a cell, without blanks around it, is written as a number."""
    return _ONE_NUMBER.match(text) is not None


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
