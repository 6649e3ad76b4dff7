"""How many rows happened in each minute."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from atalaia.profile.values import Ints
from atalaia.window import SECOND

MINUTE = 60 * SECOND
_FEW_MINUTES = 1 << 16


class Minutes(Struct, frozen=True):
    """Rows per minute of event time.

    Attributes:
        starts: Minutes since 1970 (UTC) that have rows, rising; shape (minutes,).
        rows: How many rows each has.
    """

    starts: Ints
    rows: Ints

    @classmethod
    def empty(cls) -> Minutes:
        """Return the neutral element."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64))

    @classmethod
    def of(cls, times: Ints) -> Minutes:
        """Count moments, given in µs since 1970."""
        if not len(times):
            return cls.empty()
        first, last = int(times.min()) // MINUTE, int(times.max()) // MINUTE
        if last - first > _FEW_MINUTES:
            starts, rows = np.unique(times // MINUTE, return_counts=True)
            return cls(starts, rows.astype(np.int64))
        counts = np.bincount((times - first * MINUTE) // MINUTE)
        held = np.flatnonzero(counts)
        return cls(held + first, counts[held])

    @classmethod
    def merged(cls, parts: Sequence[Minutes]) -> Minutes:
        """Return all *parts* together."""
        starts, places = np.unique(np.concatenate([part.starts for part in parts]), return_inverse=True)
        rows = np.zeros(len(starts), np.int64)
        np.add.at(rows, places, np.concatenate([part.rows for part in parts]))
        return cls(starts, rows)
