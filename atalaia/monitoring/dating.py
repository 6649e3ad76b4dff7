"""When a row happened: by its event, or else its record, its path, or its object, in that order."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from atalaia.logs import path_time
from atalaia.logs.moments import parse_times
from atalaia.profile.values import Ints
from atalaia.rows import NO_TIME, LogObject, RowBatch
from atalaia.window import END_TIME, FIRST_TIME, parse_time

SOURCES = ("event", "record", "path", "object")
"""What dates a row, best first."""


def date_rows(batch: RowBatch, log: LogObject, column: str | None) -> tuple[Ints, Ints]:
    """Date every row of *batch*.

    Args:
        batch: The rows.
        log: The object they come from.
        column: The column that holds event times, if the monitor has one.

    Returns:
        Times in µs since 1970, and for each the index into `SOURCES`; shape (rows,) each.
    """
    times = np.full(batch.rows, NO_TIME)
    sources = np.zeros(batch.rows, np.int64)
    fallback = path_time(log.uri)
    ladder = [
        event_times(batch.columns[column]) if column is not None and column in batch.columns else times,
        batch.record_times,
        np.full(batch.rows, NO_TIME if fallback is None else fallback),
        np.full(batch.rows, log.time),
    ]
    for place, candidates in enumerate(ladder):
        open_rows = times == NO_TIME
        if not open_rows.any():
            break
        open_rows &= candidates != NO_TIME
        times = np.where(open_rows, candidates, times)
        sources = np.where(open_rows, place, sources)
    return times, sources


def event_times(values: pa.Array) -> Ints:
    """Read a column of moments, however they are written; `NO_TIME` where one is missing or not believable."""
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        moments = pc.cast(pc.cast(values, pa.timestamp("us", "UTC"), safe=False), pa.int64())
        times = np.asarray(moments.fill_null(int(NO_TIME)).to_numpy())
        return np.where((times >= FIRST_TIME) & (times < END_TIME), times, NO_TIME)
    if pa.types.is_string(values.type) and not values.null_count:
        return parse_times(values)
    texts = values.to_pylist()
    known = {value: parse_time(value) for value in set(texts)}
    return np.array([NO_TIME if known[v] is None else known[v] for v in texts], dtype=np.int64)
