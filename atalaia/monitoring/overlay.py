"""Overlay: a store in memory over another one, which it reads through to and never writes to."""

from __future__ import annotations

import bisect
import hashlib
import heapq
import threading
from collections.abc import Callable, Iterator, Sequence

from atalaia.errors import ObjectNotFoundError, PreconditionError
from atalaia.keys import check_key, check_prefix, check_range
from atalaia.ports import ObjectInfo, ObjectStore


class Overlay:
    """An object store that shows some of what *below* holds, and keeps every change to itself.

    Args:
        below: The store that is read through to.
        shown: Only keys that begin with one of these are seen of it.
        clock: Tells the time of a write, in µs since 1970.
    """

    def __init__(self, below: ObjectStore, shown: Sequence[str], clock: Callable[[], int]) -> None:
        self._below = below
        self._shown = tuple(shown)
        self._clock = clock
        self._own: dict[str, tuple[bytes, ObjectInfo] | None] = {}  # None for what was deleted
        self._keys: list[str] = []  # of what was written, in their order
        self._lock = threading.RLock()

    @property
    def uri(self) -> str:
        """Where the store below is: what is read of it keeps its name."""
        return self._below.uri

    def head(self, key: str) -> ObjectInfo:
        """Describe the object under *key*.

        Raises:
            ObjectNotFoundError: Nothing is stored there.
        """
        return self._below.head(key) if self._is_below(key) else self._written(key)[1]

    def get(self, key: str) -> tuple[bytes, ObjectInfo]:
        """Return the whole content with its description.

        Raises:
            ObjectNotFoundError: Nothing is stored there.
        """
        return self._below.get(key) if self._is_below(key) else self._written(key)

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes from *start* up to, not including, *end*.

        Raises:
            ObjectNotFoundError: Nothing is stored there.
        """
        check_range(start, end)
        return self._below.get_range(key, start, end) if self._is_below(key) else self._written(key)[0][start:end]

    def put(self, key: str, data: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        """Keep *data* and return its ETag.

        Raises:
            PreconditionError: The condition does not hold; nothing was written.
        """
        check_key(key)
        data = bytes(data)
        info = ObjectInfo(key, hashlib.blake2b(data, digest_size=16).hexdigest(), len(data), self._clock())
        with self._lock:
            self._demand(key, if_match, if_absent)
            if self._own.get(key) is None:
                bisect.insort(self._keys, key)
            self._own[key] = (data, info)
        return info.etag

    def delete(self, key: str) -> None:
        """Remove the object from sight; removing what is not there does nothing."""
        check_key(key)
        with self._lock:
            if self._own.get(key) is not None:
                del self._keys[bisect.bisect_left(self._keys, key)]
            self._own[key] = None

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Describe every object whose key begins with *prefix*, in the order of their keys."""
        check_prefix(prefix)
        with self._lock:
            own = [self._written(key)[1] for key in self._keys_from(prefix)]
            return heapq.merge(list(self._seen(prefix)), own, key=lambda info: info.key)

    def _seen(self, prefix: str) -> Iterator[ObjectInfo]:
        if prefix.startswith(self._shown) or any(shown.startswith(prefix) for shown in self._shown):
            for info in self._below.list(prefix):
                if self._is_below(info.key):
                    yield info

    def _keys_from(self, prefix: str) -> Iterator[str]:
        for place in range(bisect.bisect_left(self._keys, prefix), len(self._keys)):
            if not self._keys[place].startswith(prefix):
                return
            yield self._keys[place]

    def _is_below(self, key: str) -> bool:
        check_key(key)
        return key not in self._own and key.startswith(self._shown)

    def _written(self, key: str) -> tuple[bytes, ObjectInfo]:
        found = self._own.get(key)
        if found is None:
            msg = f"{self.uri}/{key}: nothing is stored there. Check the key, or write the object first."
            raise ObjectNotFoundError(msg)
        return found

    def _demand(self, key: str, if_match: str | None, if_absent: bool) -> None:
        if not if_absent and if_match is None:
            return
        try:
            present = self.head(key).etag
        except ObjectNotFoundError:
            present = None
        if if_absent and present is not None:
            msg = f"{self.uri}/{key} exists already; nothing was written. Read it, or choose another key."
            raise PreconditionError(msg)
        if if_match is not None and present != if_match:
            msg = f"{self.uri}/{key} is not the object that was read before; nothing was written. Read it again."
            raise PreconditionError(msg)
