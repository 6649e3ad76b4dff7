"""Writing a file whole or not at all, and one writer in a folder at a time."""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from atalaia_local.keys import RESERVED


@contextmanager
def locked(folder: str) -> Iterator[None]:
    """Keep every other writer, of this process or another, out of *folder*."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def written_aside(folder: str, data: bytes) -> Iterator[str]:
    """Write *data* to a hidden file in *folder*, which is made if need be, and remove it if it cannot be renamed."""
    path = f"{folder}/{RESERVED}{uuid.uuid4().hex}"
    try:
        try:
            _write_new(path, data)
        except FileNotFoundError:
            os.makedirs(folder, exist_ok=True)
            _write_new(path, data)
        yield path
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(path)
        raise


def _write_new(path: str, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        left = memoryview(data).cast("B")
        while left:
            left = left[os.write(descriptor, left) :]
    finally:
        os.close(descriptor)
