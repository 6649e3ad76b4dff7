"""Bytes to blocks of whole lines, the same blocks whether their lines are then read together or one by one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from atalaia.logs.framing import Piece, Stream
from atalaia.logs.records import RejectedError
from atalaia.logs.settings import ReadLimits
from atalaia.logs.spans import codes_of, count_of, positions_of
from atalaia.rows import Reject

_HEAVIEST = 112 << 20  # bytes that the objects of a block's rows may take when they are read one by one
_BYTE, _VALUE, _ROW = 4, 100, 200
_NEWLINE, _COMMA = ord("\n"), ord(",")


def split_line_blocks(stream: Stream, limits: ReadLimits) -> Iterator[Piece | Reject]:
    """Yield blocks that end with a line's end, but for the last one; a line over the limit may be skipped."""
    blocks = _BlockSplitter(limits)
    try:
        for chunk in stream.chunks():
            yield from blocks.feed(chunk)
    except RejectedError as fault:
        yield from blocks.whole_lines()
        yield Reject(fault.reason, blocks.start, max(blocks.seen, blocks.start + 1))
    else:
        yield from blocks.finish()


def split_block(block: Piece, limit: int) -> Iterator[Piece | Reject]:
    """Yield the lines of a block; one over the *limit* is rejected."""
    at, data = 0, block.data
    while at < len(data):
        newline = data.find(b"\n", at)
        ended = newline >= 0
        end = newline if ended else len(data)
        if end - at > limit:
            yield Reject("line_too_long", block.start + at, block.start + end)
        else:
            yield Piece(block.start + at, block.start + end, data[at:end], ended)
        at = end + 1


class _BlockSplitter:
    """Collects bytes until they make a block; `start` is where the first byte not yet handed on stands."""

    def __init__(self, limits: ReadLimits) -> None:
        self.start = 0
        self.seen = 0
        self._limits = limits
        self._skipped = 0
        self._hold([])

    def _hold(self, parts: list[bytes]) -> None:
        """Hold nothing but some *parts*, none of which ends a line."""
        self._parts = parts
        self._bytes = sum(map(len, parts))
        self._values = sum(part.count(b",") for part in parts)
        self._lines = 0

    def feed(self, chunk: bytes) -> Iterator[Piece | Reject]:
        self.seen += len(chunk)
        if self._skipped:
            newline = chunk.find(b"\n")
            if newline < 0:
                self._skipped += len(chunk)
                return
            self._skipped += newline
            yield self._skip(ended=True)
            chunk = chunk[newline + 1 :]
        codes = codes_of(chunk)
        self._parts.append(chunk)
        self._bytes += len(chunk)
        self._values += count_of(codes, _COMMA)
        self._lines += count_of(codes, _NEWLINE)
        if self._is_full():
            yield from self.whole_lines()
        if self._bytes > self._limits.line_bytes and not self._lines:
            self._skipped = self._bytes
            self._hold([])

    def _is_full(self) -> bool:
        limits = self._limits
        weight = _BYTE * self._bytes + _VALUE * self._values + _ROW * self._lines
        return self._bytes >= limits.block_bytes or weight >= _HEAVIEST or self._lines >= limits.batch_rows

    def whole_lines(self) -> Iterator[Piece]:
        """Yield all whole lines, in pieces of no more lines than a batch has rows."""
        if not self._lines:
            return
        rest = []
        while (end := self._parts[-1].rfind(b"\n") + 1) == 0:
            rest.append(self._parts.pop())
        rest.append(self._parts[-1][end:])
        self._parts[-1] = self._parts[-1][:end]
        data, lines, most = b"".join(self._parts), self._lines, self._limits.batch_rows
        self._hold(rest[::-1])
        if lines <= most:
            yield self._piece(data)
            return
        ends = positions_of(codes_of(data), _NEWLINE)[most - 1 : lines - 1 : most] + 1
        for begin, end in pairwise([0, *ends.tolist(), len(data)]):
            yield self._piece(data[begin:end])

    def _piece(self, data: bytes) -> Piece:
        begin, self.start = self.start, self.start + len(data)
        return Piece(begin, self.start, data, data.endswith(b"\n"))

    def finish(self) -> Iterator[Piece | Reject]:
        if self._skipped:
            yield self._skip(ended=False)
            return
        if self._lines >= self._limits.batch_rows:
            yield from self.whole_lines()
        if self._bytes:
            yield self._piece(b"".join(self._parts))

    def _skip(self, *, ended: bool) -> Reject:
        begin, end = self.start, self.start + self._skipped
        self.start, self._skipped = end + ended, 0
        return Reject("line_too_long", begin, end)
