"""Regular lines: those of a block that are read together, and what was read of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from msgspec import Struct

from atalaia.logs.cellcolumns import CellColumn
from atalaia.logs.spans import (
    Codes,
    Marks,
    Mask,
    Places,
    UnprovenError,
    codes_of,
    count_of,
    counts_between,
    positions_below,
)
from atalaia.rows import Side

_LONGEST_LINE = 1 << 19  # longer ones are weighed before they are parsed
_NEWLINE, _RETURN, _BACKSLASH, _SPACE, _BEYOND_ASCII = 10, 13, 92, 32, 128


class Lines(Struct, frozen=True):
    """Lines of a block.

    Attributes:
        marks: The block.
        numbers: The line of the block that each of these is.
        starts: Where each begins.
        ends: Where each ends, a carriage return left out.
    """

    marks: Marks
    numbers: Places
    starts: Places
    ends: Places

    @property
    def codes(self) -> Codes:
        """The block's bytes."""
        return self.marks.codes

    def only(self, rows: Mask | Places) -> Lines:
        """Return some of the lines."""
        return Lines(self.marks, self.numbers[rows], self.starts[rows], self.ends[rows])

    def text(self, row: int) -> bytes:
        """Return one line."""
        return self.codes[self.starts[row] : self.ends[row]].tobytes()


class RegularRows(Struct, frozen=True):
    """The rows of regular lines of one shape.

    Attributes:
        lines: The line of the block that each record stands in, rising.
        counts: How many rows each record has.
        columns: By name; as many values as there are rows. The type of CSV cells is decided by their whole batch.
        sides: What the rows carry.
        times: When each record was made, µs since 1970, or `NO_TIME`.
        ids: Each record's id, if it has one.
    """

    lines: Places
    counts: Places
    columns: Mapping[str, pa.Array | CellColumn]
    sides: frozenset[Side]
    times: npt.NDArray[np.int64]
    ids: pa.StringArray | None = None


Shape = TypeVar("Shape")


class RegularReader(Protocol[Shape]):
    """Reads the lines of one format that have a shape it knows."""

    def learn(self, line: bytes) -> Shape | None:
        """Return the shape of a line that was picked out, or None where such lines must be read one by one."""

    def read(self, lines: Lines, shape: Shape) -> tuple[Places, list[RegularRows]]:
        """Return which of the lines have a shape, rising, and their rows."""


class Shapes(Generic[Shape]):
    """The shapes that the lines of an object have, learnt as it is read."""

    _MOST = 8
    _MOST_MISSES = 4
    _WORTH = 16  # lines

    def __init__(self, reader: RegularReader[Shape]) -> None:
        """Begin to read an object whose lines *reader* knows."""
        self._reader = reader
        self._known: list[Shape] = []
        self._misses = 0

    @property
    def hopeless(self) -> bool:
        """Whether so few lines were regular that looking for them does not pay."""
        return self._misses >= self._MOST_MISSES

    def read(self, lines: Lines) -> list[RegularRows]:
        """Read the lines that are regular.

        Raises:
            UnprovenError: The block must be read line by line.
        """
        found: list[RegularRows] = []
        total = len(lines.numbers)
        for shape in self._known:
            lines = self._taken(lines, shape, found)
        for _ in range(self._MOST):
            if len(lines.numbers) < self._WORTH or len(self._known) >= self._MOST:
                break
            learnt = self._reader.learn(lines.text(len(lines.numbers) // 2))
            before = len(lines.numbers)
            lines = lines if learnt is None else self._taken(lines, learnt, found)
            if learnt is None or before - len(lines.numbers) < self._WORTH:
                break
            self._known.append(learnt)
        self._misses = 0 if 2 * len(lines.numbers) <= total else self._misses + 1
        return found

    def _taken(self, lines: Lines, shape: Shape, found: list[RegularRows]) -> Lines:
        """Read the lines that have the shape, and return the others."""
        if not len(lines.numbers):
            return lines
        taken, rows = self._reader.read(lines, shape)
        found += rows
        left = np.ones(len(lines.numbers), dtype=bool)
        left[taken] = False
        return lines.only(left)


def lines_of(data: bytes, longest: int) -> Lines:
    """Return the lines of a block that can be regular: not too long, and without control characters.

    Raises:
        UnprovenError: The block is not text.
    """
    codes = codes_of(data)
    low = positions_below(codes, _SPACE)
    ends = newlines = low[codes[low] == _NEWLINE]
    if not len(ends):
        raise UnprovenError
    starts = np.concatenate((np.zeros(1, np.int32), ends[:-1] + np.int32(1)))
    if len(low) > len(ends):
        ends = ends - (codes[np.maximum(ends - 1, 0)] == _RETURN)
    good = (ends - starts <= min(longest, _LONGEST_LINE)) & (ends > starts)
    if len(low) > len(ends):
        good &= counts_between(low, starts, ends)[1] == 0
    if not data.isascii():
        _refuse_other_than_text(data)
    marks = Marks(codes)
    marks.note(_NEWLINE, newlines)
    lines = Lines(marks, np.arange(len(starts), dtype=np.int32), starts, ends.astype(np.int32))
    return lines if good.all() else lines.only(good)


def _refuse_other_than_text(data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError:
        raise UnprovenError from None


def without_backslashes(lines: Lines) -> Mask:
    """Tell which lines hold no backslash."""
    if not count_of(lines.codes, _BACKSLASH):
        return np.ones(len(lines.numbers), dtype=bool)
    _, counts = counts_between(lines.marks.of(_BACKSLASH), lines.starts, lines.ends)
    plain: Mask = counts == 0
    return plain
