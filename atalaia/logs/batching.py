"""Collecting the rows of records into batches that carry the same sides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from msgspec import Struct, field

from atalaia.logs.arrays import columns_of, fits
from atalaia.logs.records import Record, Row
from atalaia.rows import NO_TIME, RowBatch, Side

HELD_BYTES = 192 << 20
"""Of text, and of the objects that were made of it: so much waits at most for its batch to be full."""

_ROW_BYTES, _VALUE_BYTES, _TEXT_COPIES = 200, 100, 4


class Waiting(Struct):
    """Rows of the same sides that wait for their batch to be full, with their records' times and ids."""

    rows: list[Row] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)
    index: list[int] = field(default_factory=list)
    held_bytes: int = 0

    def take(self, count: int) -> Waiting:
        """Remove the first *count* rows and return them."""
        held = self.held_bytes * count // max(len(self.rows), 1)
        first = Waiting(self.rows[:count], self.times[:count], self.ids[:count], self.index[:count], held)
        del self.rows[:count], self.times[:count], self.ids[:count], self.index[:count]
        self.held_bytes -= held
        return first

    def extend(self, other: Waiting) -> None:
        """Add the rows of *other* behind these."""
        self.rows += other.rows
        self.times += other.times
        self.ids += other.ids
        self.index += other.index
        self.held_bytes += other.held_bytes


class Batcher:
    """Collects records; a batch is full at a number of rows, or when all that waits takes much memory.

    Rows of one batch carry the same sides and, where places had to be named, have the same number of them.
    """

    def __init__(self, batch_rows: int) -> None:
        """Make batches of at most *batch_rows* rows."""
        self._batch_rows = batch_rows
        self._waiting: dict[tuple[frozenset[Side], int], Waiting] = {}
        self._held_bytes = 0

    def add(self, record: Record, text_bytes: int) -> Iterator[RowBatch]:
        """Take one record that was read from *text_bytes* bytes, and yield the batches that are full."""
        key = (record.sides, unnamed(record.rows))
        waiting = self._waiting.setdefault(key, Waiting())
        count = len(record.rows)
        waiting.rows += record.rows
        waiting.times += [record.time] * count
        waiting.ids += [record.id] * count
        waiting.index += range(count)
        held = held_bytes(text_bytes, count, sum(map(len, record.rows)))
        waiting.held_bytes += held
        self._held_bytes += held
        if self._held_bytes >= HELD_BYTES:
            yield from self.flush()
        elif len(waiting.rows) >= self._batch_rows:
            full = waiting.take(len(waiting.rows) // self._batch_rows * self._batch_rows)
            self._held_bytes -= full.held_bytes
            yield from self._batches(full, record.sides)

    def hand_over(self) -> Iterator[tuple[frozenset[Side], Waiting]]:
        """Give away the rows that would make one batch, with the sides they carry; the others stay."""
        for key, waiting in list(self._waiting.items()):
            if waiting.rows and fits(waiting.rows):
                del self._waiting[key]
                self._held_bytes -= waiting.held_bytes
                yield key[0], waiting

    def flush(self) -> Iterator[RowBatch]:
        """Yield what is left."""
        waiting, self._waiting, self._held_bytes = self._waiting, {}, 0
        for (sides, _), rows in waiting.items():
            if rows.rows:
                yield from self._batches(rows, sides)

    def _batches(self, waiting: Waiting, sides: frozenset[Side]) -> Iterator[RowBatch]:
        """Make batches of all rows that wait; these are let go as they are handed on, as they may be large."""
        full, rest = divmod(len(waiting.rows), self._batch_rows)
        todo = [rest] * bool(rest) + [self._batch_rows] * full
        while todo:
            count = todo.pop()
            if fits(waiting.rows[:count]):
                yield _converted(waiting.take(count), sides)
            else:
                todo += [count - count // 2, count // 2]


def _converted(waiting: Waiting, sides: frozenset[Side]) -> RowBatch:
    return batch_of(waiting, sides, columns_of(waiting.rows))


def batch_of(waiting: Waiting, sides: frozenset[Side], columns: Mapping[str, pa.Array]) -> RowBatch:
    """Make a batch of all rows that wait, whose values are in *columns*."""
    return RowBatch(
        columns=columns,
        rows=len(waiting.rows),
        captured=sides,
        record_times=np.array(waiting.times, dtype=np.int64),
        record_ids=pa.array(waiting.ids, pa.string()) if any(waiting.ids) else None,
        record_index=np.array(waiting.index, dtype=np.int64),
    )


def held_bytes(text_bytes: int, rows: int, values: int) -> int:
    """Return about how many bytes rows take as objects, with the text that they were made of."""
    return _TEXT_COPIES * text_bytes + rows * _ROW_BYTES + values * _VALUE_BYTES


def unnamed(rows: Sequence[Row]) -> int:
    """Return how long the rows are if their places had to be named, else 0."""
    return len(rows[0]) if rows and "_c0" in rows[0] else 0


def table_batch(columns: Mapping[str, pa.Array], rows: int, sides: frozenset[Side]) -> RowBatch:
    """Make a batch of plain rows, each its own record without time or id."""
    times = np.full(rows, NO_TIME, dtype=np.int64)
    return RowBatch(columns, rows, sides, times, None, np.zeros(rows, dtype=np.int64))
