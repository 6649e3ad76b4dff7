"""Rows of several small objects in the same batches: what a batch costs is then paid once for many objects.

Each column has the type that it has when its object is read alone, or one that holds exactly the same values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from msgspec import Struct

from atalaia import compute as pc
from atalaia.logs.arrays import Cell, array_of, columns_of, fits, is_number_text
from atalaia.logs.batching import Batcher, Waiting, batch_of
from atalaia.logs.records import Row, shortened
from atalaia.rows import RowBatch, Side

_MOST_HELD, _MOST_ROWS = 64 << 20, 1 << 14
_EXACT = 1 << 53  # up to here a whole number and its float are written in the same way

_Key = tuple[frozenset[Side], bool, frozenset[str]]


class LoggedRows(Struct, frozen=True):
    """Rows, and for each the place of the object that it was read from; shape (rows,)."""

    batch: RowBatch
    logs: npt.NDArray[np.int64]

    @classmethod
    def of_one(cls, batch: RowBatch, log: int) -> LoggedRows:
        """Mark rows that come from the same object."""
        return cls(batch, np.full(batch.rows, log, np.int64))


class _Unit(Struct, frozen=True):
    """Rows of one object that make a batch when it is read alone."""

    log: int
    waiting: Waiting


class Pool:
    """Collects rows of objects that are read one after the other."""

    def __init__(self) -> None:
        """Begin without rows."""
        self._units: dict[_Key, list[_Unit]] = {}
        self._log = 0
        self._rows = self._held_bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether so much waits that it should be taken out."""
        return self._rows >= _MOST_ROWS or self._held_bytes >= _MOST_HELD

    def begin(self, log: int) -> None:
        """Go on with the rows of the object at place *log*."""
        self._log = log

    def take(self, batcher: Batcher) -> None:
        """Take over what waits in *batcher*; rows that need batches of their own stay there."""
        for sides, waiting in batcher.hand_over():
            key = (sides, any(waiting.ids), frozenset(chain.from_iterable(waiting.rows)))
            self._units.setdefault(key, []).append(_Unit(self._log, waiting))
            self._rows += len(waiting.rows)
            self._held_bytes += waiting.held_bytes

    def flush(self) -> Iterator[LoggedRows]:
        """Yield all rows that wait."""
        held, self._units, self._rows, self._held_bytes = self._units, {}, 0, 0
        for (sides, _, names), units in held.items():
            for some, columns in _converted(units, names):
                yield _logged(some, sides, columns)


def _logged(units: Sequence[_Unit], sides: frozenset[Side], columns: dict[str, pa.Array]) -> LoggedRows:
    waiting = Waiting()
    for unit in units:
        waiting.extend(unit.waiting)
    logs = np.repeat([unit.log for unit in units], [len(unit.waiting.rows) for unit in units])
    return LoggedRows(batch_of(waiting, sides, columns), logs)


def _converted(units: Sequence[_Unit], names: frozenset[str]) -> Iterator[tuple[Sequence[_Unit], dict[str, pa.Array]]]:
    """Yield units whose columns have the same types, and these columns."""
    rows = _rows_of(units)
    if not fits(rows):
        yield from (([unit], columns_of(unit.waiting.rows)) for unit in units)
        return
    columns: dict[str, pa.Array] = {}
    unsure: list[str] = []
    for name in sorted(names):
        values = [row.get(name) for row in rows]
        columns[shortened(name)] = array = array_of(values)
        if not _has_type_of_each(values, array):
            unsure.append(name)
    alike: dict[tuple[Any, ...], list[_Unit]] = {}
    for unit in units:
        alike.setdefault(tuple(_kind([row.get(n) for row in unit.waiting.rows]) for n in unsure), []).append(unit)
    if len(alike) == 1:
        yield units, columns
    else:
        yield from ((some, columns_of(_rows_of(some))) for some in alike.values())


def _rows_of(units: Sequence[_Unit]) -> list[Row]:
    return [row for unit in units for row in unit.waiting.rows]


def _has_type_of_each(values: list[Any], array: pa.Array) -> bool:
    """Tell whether it is sure that each object's own values would become an array that is read in the same way."""
    types = _types_of(values)
    if types == {Cell}:
        return pa.types.is_int64(array.type) or (pa.types.is_float64(array.type) and _are_exact(array))
    if types == {int}:
        return bool(pa.types.is_int64(array.type))
    if types == {int, float}:
        return all(-_EXACT < value < _EXACT for value in values if type(value) is int)
    return len(types) <= 1


def _are_exact(numbers: pa.DoubleArray) -> bool:
    """Tell whether numbers read from cells are the same if those without a point are read as whole numbers."""
    ends = pc.min_max(pc.filter(numbers, pc.is_finite(numbers)))
    return all(not end.is_valid or abs(end.as_py()) < _EXACT for end in (ends["min"], ends["max"]))


def _types_of(values: list[Any]) -> set[type]:
    types = set(map(type, values))
    types.discard(type(None))
    return types


def _kind(values: list[Any]) -> tuple[frozenset[type], str]:
    """Return what the values of several objects must share so that all of them are read as each alone."""
    types = frozenset(_types_of(values))
    if types == {Cell}:
        first = next((cell for cell in values if cell), None)
        if first is None or not is_number_text(first.strip()):
            return types, "string"
    return types, str(array_of(values).type)
