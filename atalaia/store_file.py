"""An object as a file: for readers that seek (Parquet) and for those that stream, over any store."""

from __future__ import annotations

import io
import os
from typing import BinaryIO

from atalaia.errors import StoreError
from atalaia.ports import ObjectInfo, ObjectStore

_WHENCE = {os.SEEK_SET: "start", os.SEEK_CUR: "position", os.SEEK_END: "end"}


class StoreFile(io.RawIOBase):
    """A read-only file over the ranges of one object, as long as *info* says.

    What was appended to the object since is not read. If the object has become shorter, reading fails. That it was
    replaced by one of at least its size cannot be seen from here: compare its ETag afterwards where that matters.
    """

    def __init__(self, store: ObjectStore, info: ObjectInfo) -> None:
        super().__init__()
        self._store = store
        self._info = info
        self._position = 0

    @property
    def name(self) -> str:
        """The object's URI."""
        return f"{self._store.uri}/{self._info.key}"

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
        """Move to *offset* from the start, the present position or the end; return the new place.

        Raises:
            ValueError: The place is before the start, or *whence* is none of the three.
        """
        if whence not in _WHENCE:
            msg = f"whence {whence} is not one of {sorted(_WHENCE)}"
            raise ValueError(msg)
        place = offset + {"start": 0, "position": self._position, "end": self._info.size}[_WHENCE[whence]]
        if place < 0:
            msg = f"{place} is before the start of {self.name}"
            raise ValueError(msg)
        self._position = place
        return place

    def readall(self) -> bytes:
        """Return everything from here to the end, in one request."""
        return self._next(self._info.size - self._position)

    def read(self, size: int = -1, /) -> bytes:
        """Return up to *size* bytes in one request, all that follow if it is negative."""
        return self._next(self._info.size - self._position if size < 0 else size)

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # typeshed names a wider private type
        """Fill *buffer* as far as the object goes; return how many bytes that were."""
        data = self._next(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _next(self, count: int) -> bytes:
        end = min(self._position + count, self._info.size)
        if end <= self._position:
            return b""
        data = self._store.get_range(self._info.key, self._position, end)
        if len(data) != end - self._position:
            msg = f"{self.name} has become shorter while it was read. Run again when its writer has finished."
            raise StoreError(msg)
        self._position = end
        return data


def open_object(store: ObjectStore, info: ObjectInfo, buffer: int = 8 << 20) -> BinaryIO:
    """Open the object that *info* describes, for reading; it reads ahead by *buffer* bytes.

    Args:
        store: Where the object is.
        info: As `head` or `list` returned it.
        buffer: Bytes asked for at once.
    """
    return io.BufferedReader(StoreFile(store, info), min(buffer, max(info.size, 1)))
