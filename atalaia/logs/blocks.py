"""Bytes to blocks of whole lines, the same blocks whether their lines are then read together or one by one."""

from __future__ import annotations

from collections.abc import Iterator

from atalaia.logs.framing import Piece, Stream
from atalaia.logs.records import RejectedError
from atalaia.logs.settings import ReadLimits
from atalaia.logs.spans import codes_of, count_of, positions_of
from atalaia.rows import Reject

_HEAVIEST = 112 << 20  # bytes that the objects of a block's rows may take when they are read one by one
_BYTE, _VALUE, _ROW = 4, 100, 200
_SAMPLE = 1 << 14


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
        self._buffer = bytearray()
        self._lines_end = 0
        self._weight = 0
        self._lines = 0
        self._skipped = 0

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
        if (newline := chunk.rfind(b"\n")) >= 0:
            self._lines_end = len(self._buffer) + newline + 1
        self._buffer += chunk
        self._weigh(chunk)
        if self._is_full():
            yield from self.whole_lines()
        if len(self._buffer) > self._limits.line_bytes and not self._lines_end:
            self._skipped = len(self._buffer)
            self._buffer.clear()
            self._weight = 0

    def _is_full(self) -> bool:
        limits = self._limits
        return len(self._buffer) >= limits.block_bytes or self._weight >= _HEAVIEST or self._lines >= limits.batch_rows

    def _weigh(self, data: bytes) -> None:
        """Estimate what rows weigh by the first part of every chunk."""
        codes = codes_of(data[:_SAMPLE])
        scale = len(data) / max(len(codes), 1)
        lines = round(scale * count_of(codes, ord("\n")))
        values = round(scale * count_of(codes, ord(",")))
        self._lines += lines
        self._weight += _BYTE * len(data) + _VALUE * values + _ROW * lines

    def whole_lines(self) -> Iterator[Piece]:
        """Yield all whole lines, in pieces of no more lines than a batch has rows."""
        while self._lines_end:
            end = self._lines_end
            if self._lines > self._limits.batch_rows:
                end = int(positions_of(codes_of(bytes(self._buffer)), ord("\n"))[self._limits.batch_rows - 1]) + 1
            with memoryview(self._buffer) as view:
                data = bytes(view[:end])
            del self._buffer[:end]
            begin, self.start, self._lines_end = self.start, self.start + end, self._lines_end - end
            self._weight, self._lines = 0, 0
            self._weigh(bytes(self._buffer))
            yield Piece(begin, self.start, data)

    def finish(self) -> Iterator[Piece | Reject]:
        if self._skipped:
            yield self._skip(ended=False)
            return
        if self._lines >= self._limits.batch_rows:
            yield from self.whole_lines()
        if self._buffer:
            ended = self._buffer.endswith(b"\n")
            yield Piece(self.start, self.start + len(self._buffer), bytes(self._buffer), ended)

    def _skip(self, *, ended: bool) -> Reject:
        begin, end = self.start, self.start + self._skipped
        self.start, self._skipped = end + ended, 0
        return Reject("line_too_long", begin, end)
