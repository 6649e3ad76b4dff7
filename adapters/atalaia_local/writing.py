"""Writing a file whole or not at all, and one writer in a folder at a time."""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from atalaia.keys import RESERVED


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep every other writer, of this process or another, out of *folder*."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def written_aside(folder: Path, data: bytes) -> Iterator[Path]:
    """Write *data* to a hidden file in *folder*, which is made if need be, and remove it if it cannot be renamed."""
    path = folder / f"{RESERVED}{uuid.uuid4().hex}"
    try:
        try:
            path.write_bytes(data)
        except FileNotFoundError:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        yield path
    except BaseException:
        path.unlink(missing_ok=True)
        raise
