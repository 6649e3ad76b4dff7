"""What readers hand on: batches of rows, and the pieces of a log that they had to reject."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from msgspec import Struct

from atalaia.schema import ALL_SIDES, Side

__all__ = ["ALL_SIDES", "NO_TIME", "REASONS", "LogObject", "Reject", "RowBatch", "Side", "value_text"]

NO_TIME = np.iinfo(np.int64).min
"""Stands for "unknown" wherever a time is kept as microseconds since 1970 in UTC."""


Slices = Iterator[tuple[slice, Mapping[str, pa.Array]]]
"""Some rows of a batch after the other: which ones, and their values by column."""


class LogObject(Struct, frozen=True):
    """One blob of logs: its URI, the store's ETag for this content, bytes, and modification time (µs since 1970)."""

    uri: str
    etag: str
    size: int
    time: int


class RowBatch(Struct, frozen=True):
    """Rows that were read together and carry the same sides.

    Attributes:
        columns: By name, Arrow arrays of `rows` values each, of whatever type the log had (numbers, booleans, strings,
            timestamps, or strings where a column mixed types). A key that a row lacks is null. In large batches they
            may be read only when they are asked for, each time anew.
        rows: How many rows.
        captured: The sides that these rows carry; a column of another side is not *missing* here, it was not captured.
        record_times: When each row's record was made, µs since 1970, or `NO_TIME`; shape (rows,).
        record_ids: The id of each row's record, for finding duplicates; None where the format has none.
        record_index: Each row's place inside its record, from 0; shape (rows,).
        read_slices: Where columns are read on demand, what reads several of them together, as `slices` does.
    """

    columns: Mapping[str, pa.Array]
    rows: int
    captured: frozenset[Side]
    record_times: npt.NDArray[np.int64]
    record_ids: pa.Array | None
    record_index: npt.NDArray[np.int64]
    read_slices: Callable[[Sequence[str], int], Slices] | None = None

    def slices(self, names: Sequence[str], rows: int) -> Slices:
        """Go through some columns together, *rows* at a time at most; those that are not there are left out.

        Returns:
            Which rows these are, and their values by column.
        """
        there = [name for name in names if name in self.columns]
        if self.read_slices is not None and there:
            return self.read_slices(there, rows)
        arrays = {name: self.columns[name] for name in there}
        spans = (slice(start, min(start + rows, self.rows)) for start in range(0, self.rows, rows))
        return ((span, {name: array[span] for name, array in arrays.items()}) for span in spans)


class Reject(Struct, frozen=True):
    """A piece of a log that could not be used.

    Attributes:
        reason: A key of `REASONS`.
        start: First byte of the piece in the (decompressed) object.
        end: One past its last byte.
        rows: How many rows it held: as many as could be told, at least 1.
        time: Its record time in µs since 1970, or `NO_TIME`.
    """

    reason: str
    start: int
    end: int
    rows: int = 1
    time: int = NO_TIME


REASONS: dict[str, str] = {
    "not_json": "the line is not valid JSON",
    "not_text": "the bytes are neither UTF-8 text nor a known binary format",
    "unfinished_line": "the last line has no end yet; it is read again when the object has grown",
    "line_too_long": "the line is longer than the limit",
    "nested_too_deep": "the JSON is nested deeper than the limit",
    "too_large": "the decompressed object or payload is larger than the limit",
    "too_many_columns": "the rows have more columns than the limit, 16,384; log fewer of them, or several as one list",
    "damaged": "the file ends early or its compression or encoding is damaged",
    "not_a_record": "the JSON is not a record of this format",
    "unknown_format": "no reader knows this format",
    "unknown_payload": "the payload is neither JSON nor CSV nor a known body",
    "bad_csv": "the CSV text cannot be parsed",
    "column_count": "the row has another number of values than the monitor has columns",
    "row_count": "inputs and outputs, or labels, do not have the same number of rows",
    "bad_shape": "the tensor's shape does not fit its data",
    "no_rows": "the record holds no rows",
    "error_response": "the model answered with an error",
    "reference_outside": "the record refers to an object outside the monitor's own log source",
    "reference_missing": "the record refers to an object that is not there",
    "reference_too_large": "the record refers to an object over the size limit",
    "needs_table_log": "the file is part of a table whose log says which rows are live; it is not read on its own",
    "log_gone": "the object was deleted before it could be read, or read again",
    "too_many_windows": "the object's rows fall into more windows than the limit",
}
"""Every reason for a reject, with the sentence that a report prints for it."""

_EXPONENT_FROM = 1e16  # from here on a float's shortest text has an exponent


def value_text(value: object) -> str:
    """Write one value of a log as text: a string as it is, a number in its shortest form, bytes as UTF-8.

    Example:
        >>> value_text(True), value_text(1.0), value_text(2.5), value_text("x")
        ('true', '1', '2.5', 'x')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value)


def _float_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return str(int(value)) if value.is_integer() and abs(value) < _EXPONENT_FROM else repr(value)
