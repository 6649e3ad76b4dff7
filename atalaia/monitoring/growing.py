"""Parts of log objects that grow: a range of bytes is read as if it were an object of its own.

What was appended does not change any more. So a part whose end is fixed is a log object like any other: it has a key
and an ETag that follow from where it begins and ends, and reading it again gives the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from atalaia.errors import ObjectNotFoundError
from atalaia.ports import ObjectInfo, ObjectStore

_PART = re.compile(r"(?s)(.+)#(\d+)-(\d+)")


def part_info(key: str, start: int, end: int) -> ObjectInfo:
    """Describe the bytes of the object under *key* from *start* up to, not including, *end*."""
    return ObjectInfo(f"{key}#{start}-{end}", f'"{start}-{end}"', end - start, 0)


def whole_of(uri: str, etag: str) -> tuple[str, str]:
    """Return the URI of the object that a part belongs to, and no ETag, as that has many; other objects as they are."""
    found = _PART.fullmatch(uri)
    return (found[1], "") if found and etag == f'"{found[2]}-{found[3]}"' else (uri, etag)


class PartStore:
    """A store that has parts of its objects under keys of their own, which `part_info` makes, beside the objects."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @property
    def uri(self) -> str:
        """Where the store is, without a slash at its end."""
        return self._store.uri

    def head(self, key: str) -> ObjectInfo:
        """Describe a part, with the time of its object.

        Raises:
            ObjectNotFoundError: Its object is not there, or ends before.
        """
        found = _PART.fullmatch(key)
        if found is None:
            return self._store.head(key)
        whole, start, end = self._store.head(found[1]), int(found[2]), int(found[3])
        if whole.size < end:
            msg = f"{self.uri}/{key}: the object has {whole.size:,} bytes only. Logs that are collected may only grow."
            raise ObjectNotFoundError(msg)
        part = part_info(found[1], start, end)
        return ObjectInfo(part.key, part.etag, part.size, whole.time)

    def get(self, key: str) -> tuple[bytes, ObjectInfo]:
        """Return the whole part with its description.

        Raises:
            ObjectNotFoundError: Its object is not there, or ends before.
        """
        if _PART.fullmatch(key) is None:
            return self._store.get(key)
        info = self.head(key)
        return self.get_range(key, 0, info.size), info

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Return bytes of a part, counted from where it begins.

        Raises:
            ObjectNotFoundError: Its object is not there.
        """
        found = _PART.fullmatch(key)
        if found is None:
            return self._store.get_range(key, start, end)
        first, last = int(found[2]), int(found[3])
        return self._store.get_range(found[1], first + start, min(first + end, last))

    def put(self, key: str, data: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        """Store an object, as the store below does."""
        return self._store.put(key, data, if_match=if_match, if_absent=if_absent)

    def delete(self, key: str) -> None:
        """Remove an object, as the store below does."""
        self._store.delete(key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Describe objects; parts are not listed."""
        return self._store.list(prefix)
