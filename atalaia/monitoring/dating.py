"""When a row happened: by its event, or else its record, its path, or its object, in that order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from msgspec import Struct

from atalaia import compute as pc
from atalaia.logs import LoggedRows, path_time
from atalaia.logs.moments import believed, parse_numbers, parse_times
from atalaia.profile.values import Ints
from atalaia.rows import NO_TIME, LogObject

SOURCES = ("event", "record", "path", "object")
"""What dates a row, best first."""


class LogTimes(Struct, frozen=True):
    """What each object of a packet tells of its rows' times: its path's hour or day, and its own time.

    Attributes:
        paths: µs since 1970, or `NO_TIME`; shape (objects,).
        objects: Likewise.
    """

    paths: Ints
    objects: Ints

    @classmethod
    def unknown(cls, logs: int) -> LogTimes:
        """Make room for so many objects."""
        return cls(np.full(logs, NO_TIME), np.full(logs, NO_TIME))

    def note(self, place: int, log: LogObject) -> None:
        """Note what *log* tells."""
        told = path_time(log.uri)
        self.paths[place] = NO_TIME if told is None else told
        self.objects[place] = log.time


def date_rows(rows: LoggedRows, told: LogTimes, column: str | None) -> tuple[Ints, Ints]:
    """Date every row.

    Args:
        rows: The rows, and the objects they come from.
        told: What these objects tell.
        column: The column that holds event times, if the monitor has one.

    Returns:
        Times in µs since 1970, and for each the index into `SOURCES`; shape (rows,) each.
    """
    batch = rows.batch
    events = batch.columns.get(column) if column is not None else None
    ladder: tuple[Callable[[], Ints], ...] = (
        lambda: np.full(batch.rows, NO_TIME) if events is None else event_times(events),
        lambda: batch.record_times,
        lambda: told.paths[rows.logs],
        lambda: told.objects[rows.logs],
    )
    times, sources = ladder[0](), np.zeros(batch.rows, np.int64)
    for place, candidates_of in enumerate(ladder[1:], 1):
        open_rows = times == NO_TIME
        if not open_rows.any():
            break
        candidates = candidates_of()
        open_rows &= candidates != NO_TIME
        times = np.where(open_rows, candidates, times)
        sources[open_rows] = place
    return times, sources


def event_times(values: pa.Array) -> Ints:
    """Read a column of moments, however they are written; `NO_TIME` where one is missing or not believable."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        known = np.append(event_times(values.dictionary), NO_TIME)
        return np.where(pc.is_valid(values), known[pc.fill_null(values.indices, 0).to_numpy()], NO_TIME)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        moments = pc.cast(pc.cast(values, pa.timestamp("us", "UTC"), safe=False), pa.int64())
        return believed(np.asarray(pc.fill_null(moments, int(NO_TIME)).to_numpy()))
    if pa.types.is_string(kind):
        return parse_times(values)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return np.where(pc.is_valid(values), parse_numbers(pc.fill_null(values, 0).to_numpy()), NO_TIME)
    return np.full(len(values), NO_TIME)
