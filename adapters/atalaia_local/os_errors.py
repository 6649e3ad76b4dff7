"""What the operating system refuses, in words that say how to go on."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from atalaia.errors import ObjectNotFoundError, StoreError

_ADVICE = {
    errno.EACCES: "permission was denied. Give this user the right to read and write there.",
    errno.EPERM: "the system does not allow it. Give this user the right to read and write there.",
    errno.EROFS: "the disk can only be read. Choose an output folder on another one.",
    errno.ENOSPC: "the disk is full. Free some space and run again.",
    errno.EDQUOT: "the disk quota is used up. Free some space and run again.",
    errno.ENAMETOOLONG: "the name is too long for this disk. Shorten it.",
    errno.EISDIR: "a folder has this name. Choose another name, or remove the folder.",
    errno.ENOTDIR: "a part of this path is a file, so nothing can be stored beneath it. Choose another folder.",
    errno.EEXIST: "a part of this path is a file, so nothing can be stored beneath it. Choose another folder.",
    errno.ELOOP: "its links lead around in a circle. Remove one of them.",
    errno.EMFILE: "too many files are open. Raise the limit (ulimit -n) and run again.",
}


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn an error of the operating system about the object *name* into one of ours.

    Raises:
        ObjectNotFoundError: There is no such file.
        StoreError: Anything else that the system refused.
    """
    try:
        yield
    except FileNotFoundError as error:
        msg = f"{name}: nothing is stored there. Check the path, or write the object first."
        raise ObjectNotFoundError(msg) from error
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, f"the system says: {error.strerror or error}.")
        msg = f"{name}: {advice}"
        raise StoreError(msg) from error
