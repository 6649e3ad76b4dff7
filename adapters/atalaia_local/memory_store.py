"""Objects in memory: for tests, and for looking at logs without writing anything."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from atalaia.errors import ObjectNotFoundError, PreconditionError
from atalaia.keys import check_key, check_prefix, check_range
from atalaia.ports import ObjectInfo
from atalaia_local.etags import etag_of


def _now() -> int:
    return time.time_ns() // 1000


class MemoryStore:
    """An object store that forgets everything when it is dropped; threads may share it.

    Args:
        uri: What the store calls itself.
        clock: Tells the time of a write, in µs since 1970.
    """

    def __init__(self, uri: str = "memory://local", clock: Callable[[], int] = _now) -> None:
        self._uri = uri.rstrip("/")
        self._clock = clock
        self._objects: dict[str, tuple[bytes, ObjectInfo]] = {}
        self._lock = threading.Lock()

    @property
    def uri(self) -> str:
        """Where the store is, without a slash at its end."""
        return self._uri

    def head(self, key: str) -> ObjectInfo:
        """Describe the object under *key*.

        Raises:
            ObjectNotFoundError: Nothing is stored there.
        """
        return self.get(key)[1]

    def get(self, key: str) -> tuple[bytes, ObjectInfo]:
        """Return the whole content with its description.

        Raises:
            ObjectNotFoundError: Nothing is stored there.
        """
        check_key(key)
        try:
            return self._objects[key]
        except KeyError:
            msg = f"{self._uri}/{key}: nothing is stored there. Check the key, or write the object first."
            raise ObjectNotFoundError(msg) from None

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes from *start* up to, not including, *end*.

        Raises:
            ObjectNotFoundError: Nothing is stored there.
        """
        check_range(start, end)
        return self.get(key)[0][start:end]

    def put(self, key: str, data: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        """Store *data* and return its new ETag.

        Raises:
            PreconditionError: The condition does not hold; nothing was written.
        """
        check_key(key)
        data = bytes(data)
        info = ObjectInfo(key, etag_of(data), len(data), self._clock())
        with self._lock:
            self._demand(key, if_match, if_absent)
            self._objects[key] = (data, info)
        return info.etag

    def delete(self, key: str) -> None:
        """Remove the object; removing what is not there does nothing."""
        check_key(key)
        with self._lock:
            self._objects.pop(key, None)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Describe every object whose key begins with *prefix*, in the order of their keys."""
        check_prefix(prefix)
        with self._lock:
            found = [info for key, (_, info) in self._objects.items() if key.startswith(prefix)]
        return iter(sorted(found, key=lambda info: info.key))

    def _demand(self, key: str, if_match: str | None, if_absent: bool) -> None:
        present = self._objects.get(key)
        if if_absent and present is not None:
            msg = f"{self._uri}/{key} exists already; nothing was written. Read it, or choose another key."
            raise PreconditionError(msg)
        if if_match is not None and (present is None or present[1].etag != if_match):
            msg = f"{self._uri}/{key} is not the object that was read before; nothing was written. Read it again."
            raise PreconditionError(msg)
