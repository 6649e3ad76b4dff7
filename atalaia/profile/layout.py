"""What a grid fixes for counting on it, and bringing a run of values into the order of the grid."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from atalaia.profile.numeric import NumericGrid
from atalaia.profile.sums import MOST, NEAR, Ruler
from atalaia.profile.values import Floats, Ints

_NARROW = 2.0**30  # steps; the sum of 2^33 values in such a cell still fits 64 bits
_PROBED, _FEW_NUMBERS = 64, 4096  # whole numbers in a short range are counted, which is quicker than sorting them


class Room:
    """Arrays to work in, shared by all counters of one thread: making them anew for each run would cost more."""

    def __init__(self) -> None:
        """Make room for `MOST` values."""
        self.values, self.steps, self.halves = np.empty(MOST), np.empty(MOST), np.empty((2, MOST))
        self.hashes, self.spare = np.empty(MOST, np.uint64), np.empty(MOST, np.uint64)


class Layout(Struct, frozen=True):
    """What a grid fixes for all counting on it.

    Attributes:
        grid: The grid.
        ruler: What sums are measured with.
        narrow: Whether each cell is an open interval whose sums are counted from its low edge; shape (cells,).
        low_steps: That edge's distance from the centre, for narrow cells; shape (cells,).
    """

    grid: NumericGrid
    ruler: Ruler
    narrow: npt.NDArray[np.bool_]
    low_steps: Floats

    @classmethod
    def of(cls, grid: NumericGrid) -> Layout:
        """Prepare *grid*."""
        ruler, cells = grid.ruler, 2 * len(grid.edges) + 1
        narrow, low_steps = np.zeros(cells, bool), np.zeros(cells)
        steps = ruler.steps(grid.edges)
        low, high = steps[:-1], steps[1:]
        is_narrow = (low >= -NEAR) & (high <= NEAR) & (high - low <= _NARROW)
        narrow[2:-2:2], low_steps[2:-2:2] = is_narrow, np.where(is_narrow, low, 0.0)
        return cls(grid, ruler, narrow, low_steps)


def in_order(parts: list[Floats], room: Room) -> Floats:
    """Put all values into *room* in rising order, NaN at the end."""
    values = np.concatenate(parts, out=room.values[: sum(map(len, parts))])
    probe = values[:_PROBED]
    low = float(values.min()) if (probe == np.rint(probe)).all() else math.nan
    if not math.isnan(low) and float(values.max()) - low < _FEW_NUMBERS:
        places = np.subtract(values, low, out=room.steps[: len(values)]).astype(np.int64)
        if (places == room.steps[: len(values)]).all() and (low + places == values).all():
            counts = np.bincount(places)
            return np.repeat(low + np.arange(len(counts)), counts)
    values.sort()
    return values


def cuts_of(edges: Floats, ordered: Floats) -> Ints:
    """Where each cell begins in *ordered*, and its length at the end; shape (2 * edges + 2,)."""
    cuts = np.zeros(2 * len(edges) + 2, np.int64)
    starts = ordered.searchsorted(edges)
    cuts[1:-1:2] = cuts[2:-1:2] = starts
    hit = np.flatnonzero(ordered[np.minimum(starts, len(ordered) - 1)] == edges)
    cuts[2:-1:2][hit] = ordered.searchsorted(edges[hit], "right")
    cuts[-1] = len(ordered)
    return cuts
