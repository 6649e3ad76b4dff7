"""Counting rows into cross-moments: what has to be held of a batch, and adding it up for each window.

Sums of products need all columns of the same rows at once, but the columns of a large batch are read one at a time
(`atalaia.rows.RowBatch`). So each column is turned into steps as it comes by, four bytes a value, and held. Where all
of them together would take more than `HELD_BYTES`, only the first columns are held; those after them are multiplied
with them a few at a time, and read again later to be multiplied with each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from atalaia.profile.cross import STEPS, CrossGrid, CrossMoments
from atalaia.profile.products import LARGEST, MOST_ROWS_AT_ONCE, carried, exact_products, unproven
from atalaia.profile.values import Floats, Ints, Rows

HELD_BYTES = 64 << 20
"""So much is held of a batch; a million rows of 16 columns."""

_FEWEST_HELD = 8  # columns
_MISSING = -(2.0**31)
_FAR = LARGEST + 1

Columns = Iterable[tuple[str, Floats]]
"""Names and values; float64, NaN where a row holds no number, each of shape (rows,)."""


def count_together(
    grid: CrossGrid,
    parts: Sequence[Rows],
    columns: Columns,
    again: Callable[[Sequence[str]], Columns],
    held_bytes: int = HELD_BYTES,
) -> list[CrossMoments]:
    """Count the rows of a batch.

    Args:
        grid: Where each column is counted from.
        parts: Rows that are counted apart, such as those of one window.
        columns: All of the grid's columns in any order, and perhaps others; read to its end, one column at a time.
        again: Reads the columns of the given names once more.
        held_bytes: How much may be held.

    Returns:
        The moments of each part.
    """
    sums = [_Sums(grid, rows) for rows in parts]
    left, coded = len(grid.columns), _coded(grid, columns)
    while left:
        first = next(coded)
        most = max(held_bytes // max(first.steps.nbytes, 1), _FEWEST_HELD)
        held = [first, *islice(coded, (left if left <= most else most * 3 // 4) - 1)]
        room = np.empty((left, MOST_ROWS_AT_ONCE))
        for part in sums:
            part.add(held, room)
        later: list[str] = []
        while others := list(islice(coded, most // 4)):
            for part in sums:
                part.add_across(held, others, room)
            later += [grid.columns[column.place] for column in others]
        left, coded = len(later), _coded(grid, again(later) if later else ())
    return [part.moments() for part in sums]


@dataclass(frozen=True, slots=True)
class _Coded:
    """One column's steps, and how the values are marked that are no steps: `_MISSING`, and beyond reach `_FAR`."""

    place: int
    steps: npt.NDArray[np.int32]


def _coded(grid: CrossGrid, columns: Columns) -> Iterator[_Coded]:
    places = {name: place for place, name in enumerate(grid.columns)}
    for name, values in columns:
        if name in places:
            place = places[name]
            yield _Coded(place, _steps_of(values, grid.centres[place], grid.scales[place]))


def _steps_of(values: Floats, centre: float, scale: float) -> npt.NDArray[np.int32]:
    coded = np.empty(len(values), np.int32)
    for start in range(0, len(values), MOST_ROWS_AT_ONCE):
        part = values[start : start + MOST_ROWS_AT_ONCE]
        with np.errstate(over="ignore", invalid="ignore"):
            steps = np.subtract(part, centre)
            np.multiply(steps, STEPS / scale, out=steps)
            np.rint(steps, out=steps)
        if not (steps.min() >= -LARGEST and steps.max() <= LARGEST):
            steps = np.where(np.isfinite(part), np.clip(steps, -_FAR, _FAR), _MISSING)
        coded[start : start + MOST_ROWS_AT_ONCE] = steps
    return coded


class _Sums:
    """What is added up of some rows of a batch."""

    def __init__(self, grid: CrossGrid, rows: Rows) -> None:
        """Begin with nothing."""
        self._empty = CrossMoments.empty(grid)
        self._rows = rows
        self._counted = 0
        self._imputed, self._clipped, self._totals = (np.zeros(len(grid.columns), np.int64) for _ in range(3))
        self._high, self._low = np.zeros_like(self._empty.high), np.zeros_like(self._empty.low)

    def add(self, columns: Sequence[_Coded], room: Floats) -> None:
        """Add up *columns*, and their products with each other."""
        places = [column.place for column in columns]
        self._counted = 0
        for block in _blocks(self._rows, len(columns[0].steps)):
            steps, imputed, clipped = _mended(columns, block, room)
            self._counted += steps.shape[1]
            self._imputed[places] += imputed
            self._clipped[places] += clipped
            self._totals[places] += steps.sum(axis=1).astype(np.int64)
            self._add_products(np.ix_(places, places), exact_products(steps, steps))

    def add_across(self, columns: Sequence[_Coded], others: Sequence[_Coded], room: Floats) -> None:
        """Add up the products of *columns* with *others*."""
        here = np.ix_([column.place for column in columns], [other.place for other in others])
        for block in _blocks(self._rows, len(columns[0].steps)):
            steps, _, _ = _mended(columns, block, room)
            other_steps, _, _ = _mended(others, block, room[len(columns) :])
            high, low = exact_products(steps, other_steps)
            self._add_products(here, (high, low))
            self._add_products((here[1].T, here[0].T), (high.T, low.T))

    def _add_products(self, here: tuple[Ints, ...], words: tuple[Ints, Ints]) -> None:
        self._high[here] += words[0]
        self._low[here] += words[1]

    def moments(self) -> CrossMoments:
        """Return what was added up."""
        counts = self._imputed, self._clipped, self._totals
        return CrossMoments(self._empty.grid, self._counted, *counts, *carried(self._high, self._low))


def _blocks(rows: Rows, length: int) -> Iterator[Rows]:
    """Cut rows of a batch of *length* into few at a time."""
    if isinstance(rows, slice):
        first, end, _ = rows.indices(length)
        for start in range(first, end, MOST_ROWS_AT_ONCE):
            yield slice(start, min(start + MOST_ROWS_AT_ONCE, end))
    else:
        for start in range(0, len(rows), MOST_ROWS_AT_ONCE):
            yield rows[start : start + MOST_ROWS_AT_ONCE]


def _mended(columns: Sequence[_Coded], block: Rows, room: Floats) -> tuple[Floats, Ints, Ints]:
    """Bring the steps of some rows into *room*; as a rule their sums of squares prove that all are steps.

    Returns:
        The steps, those of missing values 0; and by column, how many values were missing, and how many lay too far out.
    """
    imputed, clipped = np.zeros(len(columns), np.int64), np.zeros(len(columns), np.int64)
    size = block.stop - block.start if isinstance(block, slice) else len(block)
    steps = room[: len(columns), :size]
    for row, column in zip(steps, columns, strict=True):
        row[:] = column.steps[block]
    for place in unproven(np.vecdot(steps, steps)):
        row = steps[place]
        missing = row == _MISSING
        imputed[place] = np.count_nonzero(missing)
        row[missing] = 0.0
        clipped[place] = np.count_nonzero(np.abs(row) > LARGEST)
        np.clip(row, -LARGEST, LARGEST, out=row)
    return steps, imputed, clipped
