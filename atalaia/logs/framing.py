"""Bytes to lines: decompression by magic bytes, limits, and the offsets of every line."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
from msgspec import Struct

from atalaia.logs.records import RejectedError
from atalaia.logs.settings import ReadLimits
from atalaia.rows import Reject

GZIP, ZSTD, BOM = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf"
_CHUNK = 1 << 18
_GZIP_CHUNK = 1 << 15  # what is left of it is copied for every member: short ones must not cost much
_ZSTD_CHUNK = 1 << 14  # Arrow loses what a failing read had decompressed: small reads lose little
_RATIO_FROM = 64 << 20
_GZIP_WINDOW = 31  # zlib's code for a gzip header with the largest window


class Piece(Struct, frozen=True):
    """A line or a JSON value: where it stands in the decompressed object, its bytes, and whether its end was seen."""

    start: int
    end: int
    data: bytes
    ended: bool = True


class Stream:
    """The decompressed bytes of an object, read from front to back; its beginning can be looked at first."""

    def __init__(self, source: BinaryIO, limits: ReadLimits) -> None:
        """Decide the compression by the first bytes of *source*."""
        self._raw = _Counted(source)
        self._limits = limits
        self._ready = bytearray()
        self._out = 0
        self.taken = 0
        self._fault: RejectedError | None = None
        magic = self._raw.peek(4)
        self.compression = "gzip" if magic[:2] == GZIP else "zstd" if magic == ZSTD else ""
        self._chunks = {"gzip": self._gzip, "zstd": self._zstd, "": self._plain}[self.compression]()

    def peek(self, size: int) -> bytes:
        """Return up to *size* of the next bytes without taking them."""
        while len(self._ready) < size and (chunk := self._next()):
            self._ready += chunk
        return bytes(self._ready[:size])

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes that remain.

        Raises:
            RejectedError: After all that could be decompressed: `damaged` or `too_large`.
        """
        if self._ready:
            ready, self._ready = bytes(self._ready), bytearray()
            self.taken += len(ready)
            yield ready
        while chunk := self._next():
            self.taken += len(chunk)
            yield chunk
        if self._fault is not None:
            raise self._fault

    def _next(self) -> bytes:
        if self._fault is not None:
            return b""
        try:
            chunk = next(self._chunks, b"")
        except RejectedError as fault:
            self._fault = fault
            return b""
        self._out += len(chunk)
        ratio = self._out > _RATIO_FROM and self._out > self._limits.expansion_ratio * max(self._raw.count, 1)
        if self.compression and (ratio or self._out > self._limits.expanded_bytes):
            self._fault = RejectedError(reason="too_large")
        return chunk

    def _plain(self) -> Iterator[bytes]:
        while chunk := self._raw.read(_CHUNK):
            yield chunk

    def _gzip(self) -> Iterator[bytes]:
        member = zlib.decompressobj(_GZIP_WINDOW)
        data = self._raw.read(_GZIP_CHUNK)
        while data:
            try:
                out = member.decompress(data, _CHUNK)
            except zlib.error:
                raise RejectedError(reason="damaged") from None
            if out:
                yield out
            if member.eof:
                data = self._after_padding(member.unused_data)
                if not data:
                    return
                member = zlib.decompressobj(_GZIP_WINDOW)
            else:
                data = member.unconsumed_tail or self._raw.read(_GZIP_CHUNK)
        raise RejectedError(reason="damaged")

    def _after_padding(self, data: bytes) -> bytes:
        """Return what follows the zeros that may stand between two members."""
        while not (rest := data.lstrip(b"\0")):
            data = self._raw.read(_GZIP_CHUNK)
            if not data:
                return b""
        return rest

    def _zstd(self) -> Iterator[bytes]:
        opened = pa.CompressedInputStream(pa.PythonFile(self._raw, mode="r"), "zstd")
        while True:
            try:
                chunk = opened.read(_ZSTD_CHUNK)
            except (pa.ArrowInvalid, OSError):
                raise RejectedError(reason="damaged") from None
            if not chunk:
                return
            yield chunk


class _Counted:
    """A binary file that counts what was read, and gives back what was only looked at."""

    closed = False

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._peeked = b""
        self.count = 0

    def peek(self, size: int) -> bytes:
        self._peeked = self._source.read(size)
        return self._peeked

    def read(self, size: int = -1) -> bytes:
        data = self._peeked or self._source.read(size)
        self._peeked = b""
        self.count += len(data)
        return data

    def close(self) -> None:
        """Leave the file open: it is the caller's."""


def split_lines(stream: Stream, limit: int) -> Iterator[Piece | Reject]:
    """Yield the lines of a stream without their ends, holding one line in memory at most.

    A line over the *limit* is skipped. Where the stream breaks, the line begun is part of that reject.
    """
    lines = _LineSplitter(limit)
    try:
        for chunk in stream.chunks():
            yield from lines.feed(chunk)
    except RejectedError as fault:
        yield Reject(fault.reason, lines.start, max(lines.seen, lines.start + 1))
    else:
        yield from lines.finish()


class _LineSplitter:
    def __init__(self, limit: int) -> None:
        self.start = 0
        self.seen = 0
        self._limit = limit
        self._held: list[bytes] = []
        self._held_bytes = 0

    def feed(self, chunk: bytes) -> Iterator[Piece | Reject]:
        self.seen += len(chunk)
        at = 0
        while (newline := chunk.find(b"\n", at)) >= 0:
            self._hold(chunk[at:newline])
            at = newline + 1
            yield self._emit(ended=True)
        if at < len(chunk):
            self._hold(chunk[at:])

    def finish(self) -> Iterator[Piece | Reject]:
        if self._held_bytes:
            yield self._emit(ended=False)

    def _hold(self, data: bytes) -> None:
        self._held_bytes += len(data)
        if self._held_bytes <= self._limit:
            self._held.append(data)
        else:
            self._held.clear()

    def _emit(self, *, ended: bool) -> Piece | Reject:
        start, end = self.start, self.start + self._held_bytes
        too_long = self._held_bytes > self._limit
        data = b"" if too_long else b"".join(self._held)
        self.start, self._held, self._held_bytes = end + ended, [], 0
        return Reject("line_too_long", start, end) if too_long else Piece(start, end, data, ended)
