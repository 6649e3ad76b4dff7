"""A record: the rows of one captured request, and the refusal to take one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from msgspec import Struct

from atalaia.rows import NO_TIME, Side

Row = dict[str, Any]

_LONGEST_NAME = 256
_KEPT = 64


class Payload(Struct, frozen=True):
    """Rows with names, and the sides they carry."""

    rows: list[Row]
    sides: frozenset[Side]


class Record(Struct, frozen=True):
    """The rows of one record with its time (µs since 1970, or `NO_TIME`) and id."""

    rows: list[Row]
    sides: frozenset[Side]
    time: int = NO_TIME
    id: str | None = None


class RejectedError(Exception):
    """A piece of a log cannot be used; the reader turns this into an `atalaia.rows.Reject`."""

    def __init__(self, reason: str, rows: int = 1, time: int = NO_TIME) -> None:
        """Keep the *reason*, a key of `atalaia.rows.REASONS`, with the rows lost and their time."""
        self.reason = reason
        self.rows = max(rows, 1)
        self.time = time
        super().__init__(reason)


@contextmanager
def dated(time: int) -> Iterator[None]:
    """Give every rejection inside the record's *time*."""
    try:
        yield
    except RejectedError as error:
        raise RejectedError(error.reason, error.rows, time) from error


def as_text(value: object) -> str | None:
    """Return an id as text, a long one shortened, or None where it is not one."""
    if isinstance(value, str):
        return shortened(value) or None
    return shortened(str(value)) if isinstance(value, int) and not isinstance(value, bool) else None


def shortened(name: str) -> str:
    """Return a name or an id, or what stands for it if it is long: its beginning and a digest of it.

    An id is repeated for every row of its record, and a name for every key beneath it.

    Example:
        >>> shortened("income"), len(shortened("k" * 1_000_000))
        ('income', 83)
    """
    if len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{name[:_KEPT]}… #{digest}"
