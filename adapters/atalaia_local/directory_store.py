"""Objects as files in a folder.

An object's ETag is a hash of its content, so the same logs give the same report on every machine. Writers (threads or
processes) exclude each other by locking the folder of the key, which leaves no lock file behind; readers need no lock,
because a file is written under a hidden name and then renamed. What a power cut leaves of a write is up to the disk.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from atalaia.errors import ObjectNotFoundError, PreconditionError, StoreError
from atalaia.ports import ObjectInfo
from atalaia_local.keys import RESERVED, check_key, check_prefix, check_range, etag_of, etag_of_stream
from atalaia_local.os_errors import explained
from atalaia_local.writing import locked, written_aside

_CACHED_ETAGS = 100_000
_SETTLED_NS = 2_000_000_000  # the coarsest clock of a usual file system (FAT): a younger file could change unnoticed

_Stamp = tuple[int, int, int, int]


class DirectoryStore:
    """An object store over the files below a folder.

    A link that leads outside the folder is not followed: reading it is refused, and a listing leaves it out.

    Args:
        root: The folder; it need not exist until something is written.
        uri: What the store calls itself; by default *root* as it was given, so that a relative folder stays relative.
        clock: Tells the time in ns since 1970: the ETag of a file that changed just now is not remembered.
    """

    def __init__(self, root: Path, uri: str | None = None, clock: Callable[[], int] = time.time_ns) -> None:
        self._root = os.fspath(root)
        self._uri = (root.as_posix() if uri is None else uri).rstrip("/")
        self._clock = clock
        self._etags: dict[str, tuple[_Stamp, str]] = {}
        self.left_out: set[str] = set()
        """Links that a listing left out, because they lead outside the folder or in a circle."""

    @property
    def uri(self) -> str:
        """Where the store is, without a slash at its end."""
        return self._uri

    def head(self, key: str) -> ObjectInfo:
        """Describe the object under *key*.

        Raises:
            ObjectNotFoundError: Nothing is stored there.
        """
        check_key(key)
        with explained(self._name(key)):
            return self._describe(key, self._inside(key))

    def get(self, key: str) -> tuple[bytes, ObjectInfo]:
        """Return the whole content with the description that belongs to it.

        Raises:
            ObjectNotFoundError: Nothing is stored there.
        """
        check_key(key)
        with explained(self._name(key)), self._open(key) as file:
            data = file.read()
            status = os.fstat(file.fileno())
            stamp, etag = self._etags.get(key, (None, ""))
            etag = etag if stamp == _stamp(status) else etag_of(data)
            return data, ObjectInfo(key, etag, len(data), status.st_mtime_ns // 1000)

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes from *start* up to, not including, *end*; fewer where the object ends before.

        Raises:
            ObjectNotFoundError: Nothing is stored there.
        """
        check_key(key)
        check_range(start, end)
        with explained(self._name(key)), self._open(key) as file:
            file.seek(start)
            return file.read(max(0, end - start))

    def put(self, key: str, data: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        """Store *data* and return its new ETag.

        Raises:
            PreconditionError: The condition does not hold; nothing was written.
        """
        check_key(key)
        with explained(self._name(key)):
            path = self._inside(key)
            folder = os.path.dirname(path)
            with written_aside(folder, data) as aside, locked(folder):
                self._demand(key, path, if_match, if_absent)
                os.replace(aside, path)
        return etag_of(data)

    def delete(self, key: str) -> None:
        """Remove the object; removing what is not there does nothing."""
        check_key(key)
        with explained(self._name(key)):
            path = self._inside(key)
            if os.path.isfile(path):
                with locked(os.path.dirname(path)), suppress(FileNotFoundError):
                    os.unlink(path)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Describe every object whose key begins with *prefix*, in the order of their keys."""
        check_prefix(prefix)
        folder = prefix[: prefix.rfind("/") + 1]
        return self._walk(folder, prefix, ())

    def _walk(self, folder: str, prefix: str, above: tuple[str, ...]) -> Iterator[ObjectInfo]:
        """Yield what is in *folder* ("" or ending in a slash); *above* holds the real folders that led here."""
        with explained(self._name(folder)):
            real = os.path.realpath(f"{self._root}/{folder}")
            if real in above or not self._holds(real):
                self.left_out.add(folder.rstrip("/"))
                return
            keys = [key for key in self._entries(folder) if key.startswith(prefix)]
        for key in keys:
            yield from self._walk(key, prefix, (*above, real)) if key.endswith("/") else self._listed(key)

    def _entries(self, folder: str) -> tuple[str, ...]:
        """Return the keys in *folder*, folders with a slash at the end: so sorted, a walk is in the order of keys."""
        try:
            with os.scandir(f"{self._root}/{folder}") as entries:
                keys = [folder + e.name + "/" * _leads_to_folder(e) for e in entries if not e.name.startswith(RESERVED)]
        except (FileNotFoundError, NotADirectoryError):
            return ()
        return tuple(sorted(keys))

    def _listed(self, key: str) -> Iterator[ObjectInfo]:
        check_key(key)
        with explained(self._name(key)):
            path = f"{self._root}/{key}"
            if os.path.islink(path):
                if not self._holds(os.path.realpath(path)):
                    self.left_out.add(key)
                    return
                if not os.path.isfile(path):
                    return
            try:
                info = self._describe(key, path)
            except (FileNotFoundError, ObjectNotFoundError):
                return  # deleted since the folder was read, or no file
        yield info

    def _describe(self, key: str, path: str) -> ObjectInfo:
        status = self._status(key, path)
        stamp, etag = self._etags.get(key, (None, ""))
        if stamp != _stamp(status):
            with open(path, "rb") as file:
                status = os.fstat(file.fileno())
                etag = etag_of_stream(file, status.st_size)
            self._remember(key, _stamp(status), etag)
        return ObjectInfo(key, etag, status.st_size, status.st_mtime_ns // 1000)

    def _remember(self, key: str, stamp: _Stamp, etag: str) -> None:
        if self._clock() - stamp[3] < _SETTLED_NS:
            return
        if len(self._etags) >= _CACHED_ETAGS:
            self._etags.clear()
        self._etags[key] = (stamp, etag)

    def _demand(self, key: str, path: str, if_match: str | None, if_absent: bool) -> None:
        status = _status_or_none(path)
        if status is not None and stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if if_absent and status is not None:
            msg = f"{self._name(key)} exists already; nothing was written. Read it, or choose another key."
            raise PreconditionError(msg)
        if if_match is not None and if_match != self._present_etag(key):
            msg = f"{self._name(key)} is not the object that was read before; nothing was written. Read it again."
            raise PreconditionError(msg)

    def _present_etag(self, key: str) -> str | None:
        try:
            return self.get(key)[1].etag
        except ObjectNotFoundError:
            return None

    def _open(self, key: str) -> BinaryIO:
        path = self._inside(key)
        self._status(key, path)
        return open(path, "rb")

    def _status(self, key: str, path: str) -> os.stat_result:
        """Look at a path before it is opened: to open a pipe would wait for its writer."""
        try:
            status = os.stat(path)
        except NotADirectoryError as error:  # a part of the path is a file: nothing is stored beneath it
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from error
        if not stat.S_ISREG(status.st_mode):
            found = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
            msg = f"{self._name(key)} is {found}, so no object is stored there. Name a file."
            raise ObjectNotFoundError(msg)
        return status

    def _inside(self, key: str) -> str:
        path = f"{self._root}/{key}"
        if self._passes_links(key) and not self._holds(os.path.realpath(path)):
            msg = f"{self._name(key)} is a link that leads outside the folder. Put a copy in its place."
            raise StoreError(msg)
        return path

    def _passes_links(self, key: str) -> bool:
        """Tell whether a part of *key* is a link; without one it cannot lead outside."""
        place = self._root
        for part in key.split("/"):
            place = f"{place}/{part}"
            try:
                mode = os.lstat(place).st_mode
            except FileNotFoundError:
                return False
            if not stat.S_ISDIR(mode):
                return stat.S_ISLNK(mode)
        return False

    def _holds(self, real: str) -> bool:
        root = os.path.realpath(self._root)
        return real == root or real.startswith(root.rstrip("/") + "/")

    def _name(self, key: str) -> str:
        return f"{self._uri}/{key}"


def _stamp(status: os.stat_result) -> _Stamp:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    if entry.is_symlink():
        return Path(entry.path).is_dir()  # unlike the entry's own answer, this one bears links in a circle
    return entry.is_dir()


def _status_or_none(path: str) -> os.stat_result | None:
    """Look at what is behind a path; links that lead nowhere or in a circle are as nothing."""
    try:
        return os.stat(path)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP):
            raise
        return None
