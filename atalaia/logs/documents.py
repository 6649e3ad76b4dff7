"""JSON documents that are not one per line: arrays of records and pretty-printed values, split in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Iterator

from atalaia.logs.framing import BOM, Piece, Stream
from atalaia.logs.records import RejectedError
from atalaia.rows import Reject

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)|[\[\]{},]', re.DOTALL)
_OPEN, _CLOSE = b"[{", b"]}"


def split_values(stream: Stream, limit: int) -> Iterator[Piece | Reject]:
    """Yield the elements of top-level arrays, and top-level objects, one after another.

    A value over the *limit* ends the reading: what follows it cannot be told apart.
    """
    splitter = _ValueSplitter()
    want = 0
    try:
        for chunk in stream.chunks():
            splitter.buffer += chunk
            if len(splitter.buffer) < want:
                continue
            yield from splitter.scan()
            if len(splitter.buffer) > limit:
                yield Reject("line_too_long", splitter.offset, splitter.offset + len(splitter.buffer))
                return
            want = 2 * len(splitter.buffer)  # so that a long string is not looked through again and again
    except RejectedError as fault:
        yield from splitter.scan()
        yield Reject(fault.reason, splitter.offset, splitter.offset + max(len(splitter.buffer), 1))
    else:
        yield from splitter.scan()
        yield from splitter.finish()


class _ValueSplitter:
    """Finds where values begin and end; `buffer` begins at the value under way, at `offset` in the object."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.offset = 0
        self._scanned = 0
        self._depth = 0
        self._in_array = False

    def scan(self) -> Iterator[Piece | Reject]:
        """Yield every value that the buffer completes."""
        data = bytes(self.buffer)
        start = 0
        at = self._scanned
        for token in _TOKEN.finditer(data, self._scanned):
            at = token.start()
            if data[at] == 0x22:
                if not token[1]:
                    break
                at = token.end()
                continue
            at = token.end()
            cut = self._step(token[0])
            if cut is not None:
                begin = token.start() if cut == "opened" else start
                stop = token.end() if cut == "closed" else token.start()
                if cut == "opened":
                    yield from self._junk(data, start, begin)
                    start = token.end() if self._in_array else begin
                else:
                    yield from self._piece(data, start, stop)
                    start = token.end()
        del self.buffer[:start]
        self.offset += start
        self._scanned = at - start

    def _step(self, token: bytes) -> str | None:
        """Follow a bracket or comma; tell whether a value was `opened` here, `closed` with it, or `ended` before."""
        if token in (b"[", b"{"):
            self._depth += 1
            if self._depth > 1:
                return None
            self._in_array = token == b"["
            return "opened"
        if token == b",":
            return "ended" if self._depth == int(self._in_array) else None
        self._depth = max(self._depth - 1, 0)
        if self._depth > 0:
            return None
        was_array, self._in_array = self._in_array, False
        return "ended" if was_array else "closed"

    def _junk(self, data: bytes, start: int, end: int) -> Iterator[Reject]:
        if data[start:end].removeprefix(BOM).strip():
            yield Reject("not_json", self.offset + start, self.offset + end)

    def _piece(self, data: bytes, start: int, end: int) -> Iterator[Piece]:
        text = data[start:end]
        if text.strip():
            yield Piece(self.offset + start, self.offset + end, text)

    def finish(self) -> Iterator[Reject]:
        """Reject what no bracket closed."""
        if self._depth or self.buffer.strip():
            yield Reject("damaged", self.offset, self.offset + max(len(self.buffer), 1))
