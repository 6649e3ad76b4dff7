"""Counting rows into cross-moments: what has to be held of a batch, and adding it up for each window.

Sums of products need all columns of the same rows at once, but the columns of a large batch are read one at a time
(`atalaia.rows.RowBatch`). So each column is turned into steps as it comes by, four bytes a value, and held. Where that
would take too much, the columns are read a second time, few rows of all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from atalaia.profile.cross import STEPS, CrossGrid, CrossMoments
from atalaia.profile.products import LARGEST, MOST_ROWS_AT_ONCE, carried, exact_products, unproven
from atalaia.profile.values import Floats, Ints, Rows, read_numbers
from atalaia.rows import RowBatch
from atalaia.schema import Column

HELD_VALUES = 1 << 23
"""So many values of a batch are held, four bytes each; 200,000 rows of 40 columns."""

_ROWS_AT_ONCE = 2 * MOST_ROWS_AT_ONCE
_MISSING = -(2.0**31)
_FAR = LARGEST + 1

Steps = npt.NDArray[np.int32]
Columns = Iterable[tuple[str, Floats]]
"""Names and values; float64, NaN where a row holds no number, each of shape (rows,)."""


class CrossCounter:
    """Counts batches of rows on one grid; what it works in is kept, as making it anew would cost more than counting."""

    def __init__(self, grid: CrossGrid, columns: Iterable[Column], held_values: int = HELD_VALUES) -> None:
        """Prepare for *grid*, whose columns are among *columns*; *held_values* of a batch are held at most."""
        self._grid = grid
        self._places = {name: place for place, name in enumerate(grid.columns)}
        self._columns = [column for column in columns if column.name in self._places]
        self._sides = {column.side for column in self._columns}
        self._held = np.empty(held_values, np.int32)  # takes up memory only as far as it is written
        self._room = np.empty((len(grid.columns), MOST_ROWS_AT_ONCE))

    def count(self, batch: RowBatch, parts: Sequence[Rows], columns: Columns) -> list[CrossMoments]:
        """Count a batch; rows that do not carry the sides of all columns are left out.

        Args:
            batch: The rows.
            parts: Rows that are counted apart, such as those of one window.
            columns: The grid's columns that are captured, in any order, and perhaps others; read to its end.

        Returns:
            The moments of each part.
        """
        sums = [_Sums(self._grid, self._room) for _ in parts]
        if self._sides <= batch.captured and batch.rows * len(self._grid.columns) <= len(self._held):
            self._add(sums, parts, columns, batch.rows)
            return [part.moments() for part in sums]
        for _ in columns:
            pass
        if self._sides <= batch.captured:
            for rows, arrays in batch.slices(self._grid.columns, _ROWS_AT_ONCE):
                inside = [_inside(part, rows, batch.rows) for part in parts]
                self._add(sums, inside, self._numbers(arrays, rows), rows.stop - rows.start)
        return [part.moments() for part in sums]

    def _numbers(self, arrays: Mapping[str, pa.Array], rows: slice) -> Columns:
        for column in self._columns:
            array = arrays.get(column.name)
            yield column.name, read_numbers(column, pa.nulls(rows.stop - rows.start) if array is None else array).values

    def _add(self, sums: Sequence[_Sums], parts: Sequence[Rows], columns: Columns, rows: int) -> None:
        steps = self._held[: len(self._places) * rows].reshape(len(self._places), rows)
        for name, values in columns:
            if name in self._places:
                place = self._places[name]
                _write_steps(values, self._grid.centres[place], self._grid.scales[place], steps[place])
        for total, part in zip(sums, parts, strict=True):
            total.add(steps, part)


def _write_steps(values: Floats, centre: float, scale: float, coded: Steps) -> None:
    """Write each value's steps from the centre: `_MISSING` where there is none, `_FAR` for those beyond reach."""
    for start in range(0, len(values), MOST_ROWS_AT_ONCE):
        part = values[start : start + MOST_ROWS_AT_ONCE]
        with np.errstate(over="ignore", invalid="ignore"):
            steps = np.subtract(part, centre)
            np.multiply(steps, STEPS / scale, out=steps)
            np.rint(steps, out=steps)
        if not (steps.min() >= -LARGEST and steps.max() <= LARGEST):
            np.clip(steps, -_FAR, _FAR, out=steps)
            np.copyto(steps, _MISSING, where=~np.isfinite(part))
        coded[start : start + MOST_ROWS_AT_ONCE] = steps


class _Sums:
    """What is added up of some rows."""

    def __init__(self, grid: CrossGrid, room: Floats) -> None:
        """Begin with nothing; *room* is to work in."""
        self._nothing, self._room, self._rows = CrossMoments.empty(grid), room, 0
        self._imputed, self._clipped, self._totals = (np.zeros(len(grid.columns), np.int64) for _ in range(3))
        self._high, self._low = np.zeros_like(self._nothing.high), np.zeros_like(self._nothing.low)

    def add(self, coded: Steps, rows: Rows) -> None:
        """Add up *rows* of *coded*, which is of shape (columns, rows)."""
        for block in _blocks(rows, coded.shape[1]):
            steps, imputed, clipped = _mended(coded, block, self._room)
            self._rows += steps.shape[1]
            self._imputed += imputed
            self._clipped += clipped
            self._totals += steps.sum(axis=1).astype(np.int64)
            high, low = exact_products(steps)
            self._high += high
            self._low += low

    def moments(self) -> CrossMoments:
        """Return what was added up."""
        counts = self._imputed, self._clipped, self._totals
        return CrossMoments(self._nothing.grid, self._rows, *counts, *carried(self._high, self._low))


def _inside(rows: Rows, block: slice, length: int) -> Rows:
    """Return those of *rows* of a batch of *length* that are in *block*, counted from its start."""
    if isinstance(rows, slice):
        start, end, _ = rows.indices(length)
        start = max(start, block.start)
        return slice(start - block.start, max(min(end, block.stop), start) - block.start)
    first, end = rows.searchsorted((block.start, block.stop)).tolist()
    places: Ints = rows[first:end] - block.start
    return places


def _blocks(rows: Rows, length: int) -> Iterator[Rows]:
    """Cut rows of a batch of *length* into few at a time."""
    if isinstance(rows, slice):
        first, end, _ = rows.indices(length)
        for start in range(first, end, MOST_ROWS_AT_ONCE):
            yield slice(start, min(start + MOST_ROWS_AT_ONCE, end))
    else:
        for start in range(0, len(rows), MOST_ROWS_AT_ONCE):
            yield rows[start : start + MOST_ROWS_AT_ONCE]


def _mended(coded: Steps, block: Rows, room: Floats) -> tuple[Floats, Ints, Ints]:
    """Bring the steps of some rows into *room*; as a rule their sums of squares prove that all are steps.

    Returns:
        The steps, those of missing values 0; and by column, how many values were missing, and how many lay too far out.
    """
    imputed, clipped = np.zeros(len(coded), np.int64), np.zeros(len(coded), np.int64)
    steps = room[:, : block.stop - block.start if isinstance(block, slice) else len(block)]
    for row, column in zip(steps, coded, strict=True):
        row[:] = column[block]
    for place in unproven(np.vecdot(steps, steps)):
        missing = steps[place] == _MISSING
        imputed[place] = np.count_nonzero(missing)
        np.copyto(steps[place], 0.0, where=missing)
    for place in unproven(np.vecdot(steps, steps)):
        clipped[place] = np.count_nonzero(np.abs(steps[place]) > LARGEST)
        np.clip(steps[place], -LARGEST, LARGEST, out=steps[place])
    return steps, imputed, clipped
