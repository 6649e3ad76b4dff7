"""Values that Arrow can hold and Python cannot: moments beyond the year 9999, texts that are not UTF-8.

All moments are brought to one form: to the microsecond, and in UTC if they have a zone. So what is read depends neither
on the machine's table of zones nor on whether pandas is installed. A value that is in no calendar is text that says so.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from atalaia.rows import value_text

_PER_DAY = {"D": 1, "s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
_WORDS = {"D": "days", "s": "s", "ms": "ms", "us": "µs", "ns": "ns"}
_EPOCH = date(1970, 1, 1)
_FIRST_DAY, _END_DAY = (date.min - _EPOCH).days, (date.max - _EPOCH).days + 1
_MOST_DAYS = 10**9 - 1  # of a timedelta


def native(column: pa.Array) -> pa.Array:
    """Return a column with values that Python can hold, too; a value for which it has none becomes text.

    Example:
        >>> native(pa.array([0, 2**62], pa.timestamp("us"))).to_pylist()
        ['1970-01-01 00:00:00', '4611686018427387904 µs since 1970']
    """
    t, kind = pa.types, column.type
    if t.is_string(kind) or (t.is_dictionary(kind) and t.is_string(kind.value_type)):
        return _texts(column)
    if t.is_timestamp(kind):
        return _calendar(column, kind.unit, pa.timestamp("us", kind.tz and "UTC"))
    if t.is_date(kind):
        return _calendar(column, "D" if t.is_date32(kind) else "ms", kind)
    if t.is_duration(kind):
        return _known(column, kind.unit, (-_MOST_DAYS, _MOST_DAYS), pa.duration("us"), "")
    if t.is_time(kind):
        return _known(column, kind.unit, (0, 1), kind if kind.unit != "ns" else pa.time64("us"), " of a day")
    return column


def _calendar(column: pa.Array, unit: str, kind: pa.DataType) -> pa.Array:
    return _known(column, unit, (_FIRST_DAY, _END_DAY), kind, " since 1970")


def _known(column: pa.Array, unit: str, days: tuple[int, int], kind: pa.DataType, origin: str) -> pa.Array:
    """Return a column as *kind*; as text if a value does not lie within `[first, end)` of the *days*."""
    numbers = column.view(pa.int32() if kind.bit_width == 32 else pa.int64())
    first, last = max(days[0] * _PER_DAY[unit], -(2**63)), min(days[1] * _PER_DAY[unit], 2**63) - 1
    ends = pc.min_max(numbers)
    low, high = ends["min"].as_py(), ends["max"].as_py()
    if low is None or (first <= low and high <= last):
        return _cast(column, kind)
    fits = pc.and_(pc.greater_equal(numbers, first), pc.less_equal(numbers, last))
    values = _cast(pc.if_else(fits, column, pa.scalar(None, column.type)), kind).to_pylist()
    told = f" {_WORDS[unit]}{origin}"
    texts = [_text(value, number, told) for value, number in zip(values, numbers.to_pylist(), strict=True)]
    return pa.array(texts, pa.string())


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    return column if column.type == kind else pc.cast(column, kind, safe=False)


def _text(value: Any, number: int | None, told: str) -> str | None:
    if number is None:
        return None
    return f"{number}{told}" if value is None else value_text(value)


def _texts(column: pa.Array) -> pa.Array:
    """Return texts, with escapes for the bytes that are not UTF-8."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        if pa.types.is_dictionary(column.type):
            texts = _texts(column.dictionary).dictionary_encode()  # two may have become one
            return pa.DictionaryArray.from_arrays(texts.indices.take(column.indices), texts.dictionary)
        texts = column.cast(pa.binary()).to_pylist()
        return pa.array([None if text is None else value_text(text) for text in texts], pa.string())
    return column
