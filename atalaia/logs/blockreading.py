"""Blocks of lines: regular ones are read at once, the others one by one; the result is that of reading each alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from atalaia.logs.assembly import LineRecord, assembled
from atalaia.logs.batching import Batcher
from atalaia.logs.blocks import split_block, split_line_blocks
from atalaia.logs.framing import Piece
from atalaia.logs.lines import Manifest, Outcome, outcome_of, take_outcome
from atalaia.logs.records import Record
from atalaia.logs.regular import RegularReader, RegularRows, Shapes, lines_of
from atalaia.logs.regularcaptures import CaptureReader
from atalaia.logs.regularevents import EventReader
from atalaia.logs.regularplain import PlainReader
from atalaia.logs.source import Item, Source
from atalaia.logs.spans import Marks, UnprovenError
from atalaia.logs.together import Pool
from atalaia.rows import Reject, RowBatch


def read_blocks(source: Source, pool: Pool | None = None) -> Iterator[Item]:
    """Read an object of lines; rows of its small blocks go into the *pool* if there is one."""
    limits = source.context.limits
    make = _READERS.get(source.decision.envelope)
    shapes = None if make is None else Shapes(make(source))
    for block in split_line_blocks(source.stream, limits):
        if isinstance(block, Reject):
            source.consumed = max(source.consumed, block.start)
            yield block
        elif shapes is None or shapes.hopeless or len(block.data) < limits.regular_bytes:
            yield from _read_exactly(block, source, {}, pool)
        else:
            yield from _BlockReading(block, source, shapes).items()


def _read_exactly(block: Piece, source: Source, known: dict[int, Outcome], pool: Pool | None = None) -> Iterator[Item]:
    """Read a block line by line; what became of some lines may be *known*, by where they start."""
    batcher = Batcher(source.context.limits.batch_rows)
    for piece in split_block(block, source.context.limits.line_bytes):
        if isinstance(piece, Reject):
            source.consumed = max(source.consumed, piece.start)
            yield piece
        else:
            outcome = known.pop(piece.start) if piece.start in known else outcome_of(piece, source)
            yield from take_outcome(outcome, piece, source, batcher)
    if pool is not None:
        pool.take(batcher)
    yield from batcher.flush()


class _BlockReading:
    """One block's reading; a line that refers to other objects is read once, however the block is read in the end."""

    def __init__(self, block: Piece, source: Source, shapes: Shapes[Any]) -> None:
        self._block = block
        self._source = source
        self._shapes = shapes
        self._known: dict[int, Outcome] = {}

    def items(self) -> Iterator[Item]:
        try:
            rejects, batches = self._proven()
        except UnprovenError:
            yield from _read_exactly(self._block, self._source, self._known)
            return
        yield from rejects
        yield from batches

    def _proven(self) -> tuple[list[Reject], list[RowBatch]]:
        limits = self._source.context.limits
        lines = lines_of(self._block.data, min(limits.line_bytes, limits.payload_bytes))
        regular = self._shapes.read(lines)
        if not regular:
            raise UnprovenError
        starts = self._line_starts(lines.marks)
        lengths = np.diff(starts) - 1
        if lengths.max() > limits.line_bytes:
            raise UnprovenError
        single, rejects = self._other_lines(regular, starts)
        batches = assembled(regular, single, lengths, limits.batch_rows)
        self._source.consumed = self._consumed(rejects)
        return rejects, batches

    def _line_starts(self, marks: Marks) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Return where each line starts, and one past the end of the last one and its line end."""
        ends = marks.of(ord("\n")).astype(np.int64)
        if marks.codes[-1] != ord("\n"):
            ends = np.append(ends, len(marks.codes))
        return np.concatenate((np.zeros(1, np.int64), ends + 1))

    def _other_lines(
        self, regular: list[RegularRows], starts: np.ndarray[tuple[int], np.dtype[np.int64]]
    ) -> tuple[list[LineRecord], list[Reject]]:
        """Read one by one the lines that are not regular."""
        left = np.ones(len(starts) - 1, dtype=bool)
        for rows in regular:
            left[rows.lines] = False
        single: list[LineRecord] = []
        rejects: list[Reject] = []
        for line in np.flatnonzero(left).tolist():
            outcome = self._outcome(int(starts[line]), int(starts[line + 1]))
            if isinstance(outcome, Manifest):
                raise UnprovenError
            if isinstance(outcome, Record):
                single.append(LineRecord(line, outcome))
            elif outcome is not None:
                rejects.append(outcome)
        return single, rejects

    def _outcome(self, start: int, next_start: int) -> Outcome:
        block = self._block
        ended = block.data.endswith(b"\n", start, next_start)
        end = next_start - 1
        piece = Piece(block.start + start, block.start + end, block.data[start:end], ended)
        outcome = outcome_of(piece, self._source)
        self._known[piece.start] = outcome
        return outcome

    def _consumed(self, rejects: list[Reject]) -> int:
        unfinished = rejects and rejects[-1].reason == "unfinished_line"
        return rejects[-1].start if unfinished else self._block.start + len(self._block.data)


_READERS: dict[str, Callable[[Source], RegularReader[Any]]] = {
    "plain": lambda source: PlainReader(source.context, source.side),
    "sagemaker": lambda source: CaptureReader(source.context),
    "azureml": lambda source: EventReader(source.context),
}
