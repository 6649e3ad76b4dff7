"""The bytes of a CSV file to blocks of whole rows, and blocks to rows with their places."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from atalaia.logs.csvtext import quoted_rows
from atalaia.logs.framing import BOM, Piece, Stream
from atalaia.logs.records import RejectedError
from atalaia.logs.weight import refuse_wide_line
from atalaia.rows import Reject

_BLOCK = 4 << 20
LONGEST_BLOCK = 8 << 20
_RESYNCS = 10


class CsvRow(Struct, frozen=True):
    """One row with its place in the object."""

    start: int
    end: int
    cells: list[str]
    ended: bool = True


def read_rows(stream: Stream, limit: int) -> Iterator[CsvRow | Reject]:
    """Read a CSV file row by row."""
    for block in split_blocks(stream, limit):
        if isinstance(block, Reject):
            yield block
        else:
            yield from rows_of_block(block)


def split_blocks(stream: Stream, limit: int) -> Iterator[Piece | Reject]:
    """Yield blocks of whole rows; a row over the *limit* is skipped."""
    buffer, offset, skipped = bytearray(), 0, 0
    limit = max(limit, 1)
    size = want = min(_BLOCK, limit)
    try:
        for chunk in stream.chunks():
            buffer += chunk
            if skipped and (newline := buffer.find(b"\n")) >= 0:
                yield Reject("line_too_long", offset - skipped, offset + newline)
                del buffer[: newline + 1]
                offset, skipped = offset + newline + 1, 0
            if not skipped and len(buffer) >= want:
                cut = _cut(buffer)
                if cut:
                    yield Piece(offset, offset + cut, bytes(buffer[:cut]))
                    del buffer[:cut]
                    offset += cut
                want = size if cut else 2 * len(buffer)  # so that a long cell is not looked through again and again
            if skipped or (len(buffer) > limit and b"\n" not in buffer):
                skipped, offset, want = skipped + len(buffer), offset + len(buffer), size
                buffer.clear()
    except RejectedError as fault:
        yield from _rest(buffer, offset, skipped, whole=False)
        yield Reject(fault.reason, offset, offset + len(buffer) + 1)
    else:
        yield from _rest(buffer, offset, skipped, whole=True)


def _cut(buffer: bytearray) -> int:
    """Return the end of the last row that surely ends in the buffer: outside quotes; 0 to wait for more."""
    cut = last = buffer.rfind(b"\n") + 1
    odd = buffer.count(b'"', 0, cut) % 2
    while odd and cut:
        before = buffer.rfind(b"\n", 0, max(buffer.rfind(b'"', 0, cut), 0)) + 1
        odd ^= buffer.count(b'"', before, cut) % 2
        cut = before
    return last if not cut and len(buffer) >= LONGEST_BLOCK else cut


def _rest(buffer: bytearray, offset: int, skipped: int, *, whole: bool) -> Iterator[Piece | Reject]:
    if skipped:
        yield Reject("line_too_long", offset - skipped, offset)
        return
    data = bytes(buffer) if whole else bytes(buffer[: buffer.rfind(b"\n") + 1])
    if data:
        yield Piece(offset, offset + len(data), data, ended=data.endswith(b"\n"))


def rows_of_block(block: Piece) -> Iterator[CsvRow | Reject]:
    """Read a block row by row; a row that cannot be parsed is rejected, and reading goes on with the next line."""
    at, faults = 0, 0
    while at < len(block.data):
        cursor = _Cursor(block, at)
        try:
            for cells in quoted_rows(cursor):
                begin, at = at, cursor.at
                if cells:
                    ended = block.data.endswith(b"\n", begin, at) or block.ended
                    yield _checked_row(CsvRow(block.start + begin, block.start + at, cells, ended))
        except RejectedError as fault:
            faults += 1
            begin, at = at, (_line_end(block.data, at) if faults <= _RESYNCS else cursor.at)
            lines = block.data.count(b"\n", begin, at) + (not block.data.endswith(b"\n", begin, at))
            yield Reject(fault.reason, block.start + begin, block.start + at, lines)


class _Cursor:
    """Hands out the lines of a block as text and knows how far it has handed them out."""

    def __init__(self, block: Piece, at: int) -> None:
        self._data = block.data
        self._mark = mark_of(block)
        self.at = at

    def __iter__(self) -> _Cursor:
        return self

    def __next__(self) -> str:
        if self.at == len(self._data):
            raise StopIteration
        begin, self.at = self.at, _line_end(self._data, self.at)
        line = self._data[begin : self.at]
        refuse_wide_line(line)
        line = line if begin else line.removeprefix(self._mark)
        return line.decode("utf-8", "surrogateescape").replace("\0", "\ufffd")


def mark_of(block: Piece) -> bytes:
    """Return what may stand before the first row of a file, and is no part of it; in other blocks nothing is."""
    return b"" if block.start else BOM


def _line_end(data: bytes, start: int) -> int:
    return data.find(b"\n", start) + 1 or len(data)


def _checked_row(row: CsvRow) -> CsvRow | Reject:
    try:
        "".join(row.cells).encode()
    except UnicodeEncodeError:
        return Reject("not_text", row.start, row.end)
    return row
