"""How many requests the functions make of their stores: the same sums as the code's, which the tests count.

Quantities are averages over a month, so they need not be whole. What is deleted is free on both clouds.
"""

from __future__ import annotations

import math

from msgspec import Struct

from atalaia.monitor_file import LogFormat
from atalaia_cost.figures import PACKET_BYTES, PACKET_LOGS, PAGE, PIECE_BYTES, SMALL_BYTES, WORTH_KEEPING

_PARQUET_PIECE, _PARQUET_FOOTER = 1 << 20, 8
_LEFT_OVER = (WORTH_KEEPING - 1) / 2  # profiles of a window that are not yet kept as one, on average


class Requests(Struct, frozen=True):
    """Requests of a store: writes, lists of keys, and reads of any kind."""

    writes: float = 0
    lists: float = 0
    reads: float = 0

    def __add__(self, other: Requests) -> Requests:
        """Return both together."""
        return Requests(self.writes + other.writes, self.lists + other.lists, self.reads + other.reads)

    def times(self, count: float) -> Requests:
        """Return so many times these."""
        return Requests(self.writes * count, self.lists * count, self.reads * count)

    @property
    def total(self) -> float:
        """How many there are."""
        return self.writes + self.lists + self.reads


REFRESH = Requests(lists=1, reads=3)
"""What a process asks when it last looked a minute ago: which baseline holds, and whether its data have changed."""


class Batch(Struct, frozen=True):
    """The log objects of one call of `ingest`: how many, of what size and format, in how many windows a packet is."""

    objects: float
    object_bytes: float
    windows: float = 1
    format: LogFormat = LogFormat.JSONL

    @property
    def is_small(self) -> bool:
        """Whether its objects are profiled together."""
        return self.object_bytes <= SMALL_BYTES

    @property
    def packets(self) -> float:
        """How many profiles of one window it makes."""
        if not self.is_small:
            return self.objects
        return max(1.0, self.objects / PACKET_LOGS, self.objects * self.object_bytes / PACKET_BYTES)


def of_ingest(batch: Batch) -> Requests:
    """Return what one call of `ingest` asks that has looked within the last minute."""
    stored = batch.packets * 2 * batch.windows  # a profile and a mark for each window
    if not batch.is_small:
        return Requests(stored + 2 * batch.objects, 0, 1 + batch.objects * (3 + _pieces(batch)))
    alone = max(0.0, 2 - batch.objects)  # an object by itself is claimed by nothing, nor is its packet begun
    claims = batch.objects + 3 * batch.packets - 2 * alone
    return Requests(claims + stored, 0, 1 + 2 * batch.objects + batch.packets)


def _pieces(batch: Batch) -> float:
    if batch.format is LogFormat.PARQUET:
        return batch.object_bytes / _PARQUET_PIECE + _PARQUET_FOOTER
    return math.ceil(batch.object_bytes / PIECE_BYTES)


IDLE_ROUND = Requests(lists=2, reads=1)
"""What each call of `evaluate` asks, were there nothing to do."""


def of_open_window(profiles: float) -> Requests:
    """Return what a call of `evaluate` asks of a window that is not over and has so many profiles."""
    return Requests(lists=1 + profiles / PAGE, reads=1)


def of_evaluation(fresh: float, profiles: float, reports: float) -> Requests:
    """Return what it asks to evaluate a window that has changed, beside what an open window does.

    One list and one read of these look for the report of the window before, which the new one continues.

    Args:
        fresh: Profiles that came since it was last evaluated.
        profiles: All of the window.
        reports: All of the window, until now.
    """
    again = min(_LEFT_OVER, profiles / 2)
    lists = 3 + (profiles + reports) / PAGE
    return Requests(writes=fresh / WORTH_KEEPING, lists=lists, reads=3 + fresh + again)


STILL_OPEN = Requests(writes=1)
"""What it asks beside that unless the window is over: to note what it was evaluated on."""


NEWS = Requests(writes=3, reads=2)
"""What a report asks beside that, which is stored and told."""


def of_first_report(reports: float) -> Requests:
    """Return what the first report of a window asks beside that: whether others before it are empty.

    Args:
        reports: All that there are, of any window.
    """
    return Requests(lists=5 + reports / PAGE)
