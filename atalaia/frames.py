"""Rows of a pandas DataFrame that the caller holds, read as a Parquet file with the same rows is.

pandas itself is never imported here: pyarrow turns a frame into columns, and all else is asked of the frame. The index
is no column. A column of objects that pyarrow finds no one type for becomes text, as it does in JSON lines.
"""

from __future__ import annotations

import datetime as dt
import decimal
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from atalaia.errors import BaselineError, LogError
from atalaia.infer import inferred_columns
from atalaia.logs.arrays import array_of
from atalaia.logs.parquetfile import plain_batch
from atalaia.logs.records import RejectedError
from atalaia.rows import RowBatch
from atalaia.schema import Column
from atalaia.wording import listed, shortened

CHUNK = 1 << 16
"""So many rows are converted at a time."""

_PLAIN = (str, bytes, bool, int, float, decimal.Decimal, dt.date, dt.time, dt.timedelta)
_REFUSED = (pa.ArrowException, RejectedError, TypeError, ValueError, OverflowError)


def frame_batches(frame: Any) -> Iterator[RowBatch]:
    """Yield the rows of a pandas DataFrame, in their order.

    Raises:
        BaselineError: It is no DataFrame, two columns share a name, or a column holds what no log could hold.
    """
    names = _names(frame)
    for start in range(0, len(frame), CHUNK):
        chunk = frame.iloc[start : start + CHUNK].set_axis(names, axis="columns")
        yield _batch(chunk, names)


def frame_columns(frame: Any) -> tuple[Column, ...]:
    """Return the columns that `atalaia init` would declare for a Parquet file with the frame's rows.

    Raises:
        BaselineError: As `frame_batches`, or the frame has no rows or no columns.
    """
    try:
        return inferred_columns(frame_batches(frame), "the DataFrame")
    except LogError as error:
        msg = "the DataFrame holds no row with a column. Give one with rows."
        raise BaselineError(msg) from error


def declared_columns(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return *columns*, each of which has its own name.

    Raises:
        BaselineError: Something else is among them, or two share a name.
    """
    other = next((column for column in columns if not isinstance(column, Column)), None)
    if other is not None:
        msg = f"columns: {shortened(repr(other))} is no Column. Write Column(name, type=…), or leave `columns` out."
        raise BaselineError(msg)
    twice = _repeated([column.name for column in columns])
    if twice:
        msg = f"columns: the name {listed(twice)} stands there more than once. Declare each column once."
        raise BaselineError(msg)
    return tuple(columns)


def _names(frame: Any) -> list[str]:
    if not all(hasattr(frame, name) for name in ("columns", "iloc", "set_axis")):
        msg = f"not a pandas DataFrame but {type(frame).__name__}. Give a DataFrame, or build from files."
        raise BaselineError(msg)
    names = [str(name) for name in frame.columns]
    twice = _repeated(names)
    if twice:
        msg = f"the DataFrame has more than one column of the name {listed(twice)}. Rename all but one of each."
        raise BaselineError(msg)
    return names


def _repeated(names: list[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _batch(chunk: Any, names: list[str]) -> RowBatch:
    try:
        return plain_batch(pa.RecordBatch.from_pandas(chunk, preserve_index=False, nthreads=1))
    except _REFUSED:  # one column is enough for that: find which
        arrays = [_array(chunk.iloc[:, place], name) for place, name in enumerate(names)]
        return plain_batch(pa.RecordBatch.from_arrays(arrays, names))


def _array(series: Any, name: str) -> pa.Array:
    try:
        array = pa.RecordBatch.from_pandas(series.to_frame(), preserve_index=False, nthreads=1).column(0)
        plain_batch(pa.RecordBatch.from_arrays([array], [name]))
    except _REFUSED as error:
        if series.dtype != np.dtype(object):
            msg = f"column {shortened(name)}: values of type {series.dtype} have no place in a log. Convert or drop it."
            raise BaselineError(msg) from error
    else:
        return array
    missing = series.isna().to_numpy()
    return array_of([None if gone else _plain(value, name) for value, gone in zip(series, missing, strict=True)])


def _plain(value: Any, name: str) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, _PLAIN):
        return value
    kind = type(value).__name__
    msg = f"column {shortened(name)}: a value of type {kind} has no place in a log. Convert or drop it."
    raise BaselineError(msg)
