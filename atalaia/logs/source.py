"""What is being read, and what reading it yields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from msgspec import Struct

from atalaia.logs.detect import Decision
from atalaia.logs.framing import Stream
from atalaia.logs.settings import Context
from atalaia.rows import Reject, RowBatch, Side

Item = RowBatch | Reject

Reopen = Callable[[bytes, Context, Side | None], Iterator[Item]]
"""Reads the content of another object, as part of the one that lists it."""


class Source(Struct):
    """What is being read: the file, its decompressed stream, and how far rows or rejects were made of it."""

    file: BinaryIO
    stream: Stream
    context: Context
    decision: Decision
    side: Side | None
    reopen: Reopen
    consumed: int = 0
