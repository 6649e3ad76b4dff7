"""A record: the rows of one captured request, and the refusal to take one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from atalaia.rows import NO_TIME, Side

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Payload:
    """Rows with names, and the sides they carry."""

    rows: list[Row]
    sides: frozenset[Side]


@dataclass(frozen=True, slots=True)
class Record:
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
    """Return an id as text, or None where it is not one."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None
