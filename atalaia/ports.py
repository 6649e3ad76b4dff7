"""What the core needs from outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a store knows of one object: its key, the ETag of its content, size in bytes, time in µs since 1970."""

    key: str
    etag: str
    size: int
    time: int


class ObjectStore(Protocol):
    """A bucket, container or folder. Keys are relative, with `/` between parts.

    Writes are atomic: a reader sees the old content or the new one, whole. The last write wins unless a condition says
    otherwise.
    """

    @property
    def uri(self) -> str:
        """Where the store is, without a slash at its end; an object's URI is this, a slash, and its key."""
        ...

    def head(self, key: str) -> ObjectInfo:
        """Describe the object under *key*.

        Raises:
            ObjectNotFoundError: Nothing is stored there.
        """
        ...

    def get(self, key: str) -> tuple[bytes, ObjectInfo]:
        """Return the whole content with the description that belongs to it.

        Raises:
            ObjectNotFoundError: Nothing is stored there.
        """
        ...

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes from *start* up to, not including, *end*; fewer where the object ends before.

        Raises:
            ObjectNotFoundError: Nothing is stored there.
        """
        ...

    def put(self, key: str, data: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        """Store *data* and return its new ETag.

        Args:
            key: Where to.
            data: The whole content.
            if_match: Write only if the present object has this ETag.
            if_absent: Write only if there is no object yet.

        Raises:
            PreconditionError: The condition does not hold; nothing was written.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove the object; removing what is not there does nothing."""
        ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Describe every object whose key begins with *prefix*, in the order of their keys."""
        ...
