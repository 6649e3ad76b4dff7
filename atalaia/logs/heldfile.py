"""A file of which one stretch is held in memory: what is read there again and again costs one request."""

from __future__ import annotations

import io
import os
from typing import Protocol, cast


class Seekable(Protocol):
    """What is read from any place."""

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move to a place and return it."""
        ...

    def read(self, size: int = -1, /) -> bytes:
        """Return up to *size* bytes from there on."""
        ...


class HeldFile(io.RawIOBase):
    """A read-only file over another one, which it leaves open."""

    def __init__(self, source: Seekable) -> None:
        """Read from *source*, which can seek; what it buffers is of no use here."""
        super().__init__()
        self._source: Seekable = getattr(source, "raw", source)
        self._size = self._source.seek(0, os.SEEK_END)
        self._position = 0
        self._start = 0
        self._held = memoryview(b"")

    def hold(self, start: int, end: int) -> None:
        """Keep the bytes from *start* to *end* in memory, instead of those held before unless these hold them."""
        if self._start <= start and end <= self._start + len(self._held):
            return
        self._held = memoryview(b"")
        self._source.seek(start)
        self._held, self._start = memoryview(self._source.read(max(end - start, 0))), start

    def unbuffered(self) -> HeldFile:
        """Return the same file without what its source reads ahead: for reading at many places by turns."""
        return HeldFile(getattr(self._source, "raw", self._source))

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return the place of the next byte, from 0."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move to *offset* from the start, the present position or the end; return the new place."""
        self._position = offset + (0, self._position, self._size)[whence]
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """Return up to *size* bytes, all that follow if it is negative."""
        end = self._size if size < 0 else min(self._position + size, self._size)
        at = self._position - self._start
        if at >= 0 and end <= self._start + len(self._held):
            data = cast("bytes", self._held[at : end - self._start])  # a view, which Arrow need not copy again
        else:
            self._source.seek(self._position)
            data = self._source.read(max(end - self._position, 0))
        self._position += len(data)
        return data
