"""Regular lines of plain JSON: each one row."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from atalaia.logs.jsonrows import JsonBlock, read_json_rows
from atalaia.logs.jsontext import parse_json
from atalaia.logs.plain import plain_record
from atalaia.logs.records import Record, RejectedError
from atalaia.logs.regular import Lines, RegularRows, without_backslashes
from atalaia.logs.settings import Context
from atalaia.logs.skeletons import Skeleton, learn_skeleton
from atalaia.logs.spans import Places
from atalaia.rows import NO_TIME, Side


class PlainShape(Struct, frozen=True):
    """Lines that are rows of one skeleton."""

    skeleton: Skeleton
    sides: frozenset[Side]


class PlainReader:
    """Reads regular lines of plain JSON."""

    def __init__(self, context: Context, side: Side | None) -> None:
        """Prepare for rows of one *side*, or of those that their content tells."""
        self._context = context
        self._side = side

    def learn(self, line: bytes) -> PlainShape | None:
        """Return the shape of a line, or None where such lines must be read one by one."""
        try:
            record = self._record(line)
            skeleton = learn_skeleton(line, lambda text: self._record(text).rows) if line[:1] == b"{" else None
        except RejectedError:
            return None
        return None if skeleton is None else PlainShape(skeleton, record.sides)

    def read(self, lines: Lines, shape: PlainShape) -> tuple[Places, list[RegularRows]]:
        """Return which of the lines have the shape, rising, and their rows."""
        chosen = np.flatnonzero(without_backslashes(lines)).astype(np.int32)
        some = lines if len(chosen) == len(lines.numbers) else lines.only(chosen)
        rows, columns = read_json_rows(JsonBlock(some.marks, some.starts, some.ends), shape.skeleton)
        if not len(rows):
            return rows, []
        times = np.full(len(rows), NO_TIME, np.int64)
        one = np.ones(len(rows), np.int32)
        return chosen[rows], [RegularRows(some.numbers[rows], one, columns, shape.sides, times)]

    def _record(self, text: bytes) -> Record:
        return plain_record(parse_json(text, self._context.limits.depth), self._context, self._side)
