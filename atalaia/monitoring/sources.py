"""Log objects: which ones a source holds, and reading them without ever leaving its store."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from io import BytesIO
from typing import BinaryIO, TypeVar
from urllib.parse import unquote, urlsplit

from msgspec import Struct, field

from atalaia.errors import DamagedColumnError, ObjectNotFoundError, ReferenceRefusedError, StoreError
from atalaia.logs import LogReading, PayloadNames, is_log_key, read_log
from atalaia.monitor_file import LogFormat
from atalaia.ports import ObjectInfo, ObjectStore
from atalaia.rows import LogObject, Reject, RowBatch, Side
from atalaia.schema import Column, positional
from atalaia.store_file import open_object

_FOLLOWED_BYTES = 1 << 30  # what one object may refer to, all together
_AT_ONCE_BYTES = 1 << 20  # an object of so many bytes is fetched in one request


class LogSource(Struct, frozen=True):
    """The log objects under a prefix of a store.

    Attributes:
        store: Where they are.
        prefix: What their keys begin with; a file's whole key names that file alone.
        format: How they are written.
        include: If there are any, one of these glob patterns must match the key.
        exclude: Keys that begin with this are not logs: the monitor's own output.
        names: Names for the places of unnamed rows.
    """

    store: ObjectStore
    prefix: str = ""
    format: LogFormat = LogFormat.AUTO
    include: tuple[str, ...] = ()
    exclude: str | None = None
    names: PayloadNames = field(default_factory=PayloadNames)

    def objects(self) -> Iterator[ObjectInfo]:
        """List the log objects in the order of their keys."""
        for info in self.store.list(self.prefix):
            if self.holds(info.key):
                yield info
            if info.key == self.prefix:  # the prefix names this one file, not also those whose names go on
                return

    def holds(self, key: str) -> bool:
        """Tell whether *key* is one of a log object here, if there is such an object."""
        if not key.startswith(self.prefix) or (self.exclude is not None and key.startswith(self.exclude)):
            return False
        if key == self.prefix:
            return True
        return is_log_key(key) and (not self.include or any(fnmatchcase(key, pattern) for pattern in self.include))

    def uri(self, key: str) -> str:
        """Return the URI of the object under *key*."""
        return f"{self.store.uri}/{key}"

    def log(self, info: ObjectInfo) -> LogObject:
        """Describe an object as a log."""
        return LogObject(self.uri(info.key), info.etag, info.size, info.time)

    def present(self, uri: str) -> ObjectInfo | None:
        """Describe the object with that URI as it is now; None if it is gone.

        Raises:
            StoreError: It lies outside of this source's store, so that nothing can be known of it.
        """
        if not uri.startswith(f"{self.store.uri}/"):
            msg = f"{uri}: was profiled together with logs in {self.store.uri}. Give the logs' place above both."
            raise StoreError(msg)
        try:
            return self.store.head(uri.removeprefix(f"{self.store.uri}/"))
        except ObjectNotFoundError:
            return None

    def read(self, info: ObjectInfo, *, columnwise: bool = False) -> LogReading:
        """Open an object and decide how it is written; iterate the result for its rows, as `read_log` says.

        A small object is fetched at once, as it is now: `LogReading.log` tells which content that was.
        """
        file: BinaryIO
        if info.size <= _AT_ONCE_BYTES:
            data, info = self.store.get(info.key)
            file = BytesIO(data)
        else:
            file = open_object(self.store, info)

        left = _FOLLOWED_BYTES

        def follow(reference: str, limit: int) -> bytes:
            nonlocal left
            data = _follow(self.store, info.key, reference, min(limit, left))
            left -= len(data)
            return data

        log, names = self.log(info), self.names
        return read_log(file, log, names=names, format=self.format, follow=follow, columnwise=columnwise)

    def batches(self, *, columnwise: bool = False) -> Iterator[RowBatch | Reject]:
        """Read every object, one after the other."""
        for info in self.objects():
            yield from self.read(info, columnwise=columnwise)


Result = TypeVar("Result")


def columnwise_if_sound(use: Callable[[bool], Result]) -> Result:
    """Call *use* with the wish to read column by column; if a column turns out to be damaged, again without it."""
    try:
        return use(True)
    except DamagedColumnError:
        return use(False)


def payload_names(columns: tuple[Column, ...]) -> PayloadNames:
    """Return the names that a monitor's columns give to unnamed rows."""
    sides = {side: positional(columns, side) or None for side in Side}
    row = tuple(column.name for column in columns)
    return PayloadNames(inputs=sides[Side.INPUT], outputs=sides[Side.OUTPUT], labels=sides[Side.LABEL], row=row)


def _follow(store: ObjectStore, log_key: str, reference: str, limit: int) -> bytes:
    for key in _inside(store.uri, log_key, reference):
        try:
            info = store.head(key)
        except ObjectNotFoundError:
            continue
        except StoreError as error:
            reason, message = "reference_outside", "the reference leads to an object that the store does not give out"
            raise ReferenceRefusedError(reason, message) from error
        if info.size > limit:
            reason, message = "reference_too_large", f"the referenced object has {info.size:,} bytes, over {limit:,}"
            raise ReferenceRefusedError(reason, message)
        return store.get_range(key, 0, info.size)
    known = bool(_inside(store.uri, log_key, reference))
    reason = "reference_missing" if known else "reference_outside"
    message = "the referenced object is not there" if known else "the reference leads outside the log source"
    raise ReferenceRefusedError(reason, message)


def _inside(root: str, log_key: str, reference: str) -> list[str]:
    """Return the keys of this store that *reference* can mean, most literal first; none if it leads outside.

    A relative reference is meant from the log's own folder. A URL is followed if it begins with the store's own URI, or
    if its path passes through the log's own folder: then the store is a copy of where the logs were written.
    """
    folder = posixpath.dirname(log_key)
    if reference.startswith(f"{root}/"):
        return _clean(reference[len(root) + 1 :])
    parts = urlsplit(reference)
    if not parts.scheme and not reference.startswith("/"):
        return _clean(posixpath.join(folder, reference))
    _, found, rest = f"/{unquote(parts.path).lstrip('/')}".rpartition(f"/{folder}/")
    return _clean(f"{folder}/{rest}") if found and folder else []


def _clean(key: str) -> list[str]:
    key = posixpath.normpath(key)
    return [] if key.startswith(("..", "/")) or "\0" in key else [key]
