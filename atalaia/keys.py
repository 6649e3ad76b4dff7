"""Which keys every store allows: relative paths that name one object inside it."""

from __future__ import annotations

from atalaia.errors import StoreError

RESERVED = ".atalaia-"
"""Names that begin so belong to the store itself: half-written files that no reader may see."""

_FORBIDDEN_PARTS = {"": "an empty part", ".": "the part `.`", "..": "the part `..`"}


def check_key(key: str) -> None:
    """Accept a key that names one object inside a store.

    Raises:
        StoreError: The key is empty, absolute, not text that UTF-8 can hold, or could lead outside the store.
    """
    fault = _text_fault(key) or _parts_fault(key)
    if fault:
        msg = f"The key {key!r} has {fault}. Give a relative path with single slashes, such as logs/part-1.jsonl."
        raise StoreError(msg)


def check_prefix(prefix: str) -> None:
    """Accept the beginning of a key; its last part may be cut short anywhere.

    Raises:
        StoreError: No key may begin so.
    """
    folder = prefix.rpartition("/")[0]
    fault = _text_fault(prefix) or (_parts_fault(folder) if "/" in prefix else None)
    if fault:
        msg = f"The prefix {prefix!r} has {fault}. Give the beginning of a relative path, such as logs/2026/."
        raise StoreError(msg)


def check_range(start: int, end: int) -> None:
    """Accept a range of bytes.

    Raises:
        ValueError: It begins before the object.
    """
    if start < 0 or end < 0:
        msg = f"the range [{start}, {end}) begins before the object; count bytes from 0"
        raise ValueError(msg)


def _text_fault(key: str) -> str | None:
    if "\0" in key:
        return "a NUL character"
    try:
        key.encode()
    except UnicodeEncodeError:
        return "a character that UTF-8 cannot write"
    return None


def _parts_fault(key: str) -> str | None:
    for part in key.split("/"):
        if part in _FORBIDDEN_PARTS:
            return _FORBIDDEN_PARTS[part]
        if part.startswith(RESERVED):
            return f"a part that begins with {RESERVED}, which the store keeps for itself"
    return None
