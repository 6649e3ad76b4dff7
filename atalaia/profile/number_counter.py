"""Counting numbers on a grid: each run of values is sorted once, and everything is read off the sorted run."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
from msgspec import Struct, field

from atalaia.profile.distinct import Distinct
from atalaia.profile.hashing import Hashes, hash_floats
from atalaia.profile.layout import Layout, Room, cuts_of, in_order
from atalaia.profile.numeric import ADDED, DISTINCT_SIZE, NumericSummary
from atalaia.profile.sums import MOST, NEAR, far_sums, near_squares
from atalaia.profile.values import MISSING, OVERFLOW, TYPE_ERROR, Floats, Ints, Numbers

_SMALLEST_NORMAL = float(np.finfo(np.float64).tiny)
_MANY_CANDIDATES = 4 * DISTINCT_SIZE
_WORTH_SORTING = MOST // 4  # fewer values than these wait for more

MOST_WAITING = 1 << 21
"""So many values at most wait in all columns of a profile."""


class Waiting(Struct):
    """How many values wait to be counted in all columns of a profile."""

    values: int = 0


class NumberCounter(Struct):
    """Counts the values of one column; few values wait for more, so that sorting them pays.

    Attributes:
        layout: The grid, prepared.
        room: Where to work.
        low, high: The monitor's limits for the column's values; None for no limit.
        allowed: The only values allowed, each once; None for any.
        waiting: Shared by all columns of a profile.
    """

    layout: Layout
    room: Room
    low: float | None = None
    high: float | None = None
    allowed: Floats | None = None
    waiting: Waiting = field(default_factory=Waiting)
    _tally: Counter[str] = field(default_factory=Counter)
    _cells: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _inner: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _wide: Counter[int] = field(default_factory=Counter)
    _minimum: float = math.inf
    _maximum: float = -math.inf
    _distinct: Distinct = field(default_factory=lambda: Distinct.empty(DISTINCT_SIZE))
    _candidates: list[tuple[Hashes, Ints]] = field(default_factory=list)
    _parts: list[Floats] = field(default_factory=list)
    _values: int = 0

    def __post_init__(self) -> None:
        nothing = NumericSummary.empty(self.layout.grid)
        self._cells, self._inner = nothing.cells, nothing.inner

    def add(self, numbers: Numbers) -> None:
        """Count a batch."""
        self._tally["rows"] += len(numbers.values)
        for name, kind in _KINDS.items():
            self._tally[name] += numbers.count(kind)
        for start in range(0, len(numbers.values), MOST):
            self._take(numbers.values[start : start + MOST])

    def summary(self) -> NumericSummary:
        """Return what was counted so far."""
        self.settle()
        self._take_candidates()
        tally = {name: self._tally[name] for name in ADDED}
        tally["nan"] -= tally["missing"] + tally["type_errors"]  # rows without a number hold NaN
        return NumericSummary(
            **tally,
            cells=self._cells.copy(),
            inner=self._inner.copy(),
            wide=dict(sorted(self._wide.items())),
            minimum=self._minimum,
            maximum=self._maximum,
            distinct=self._distinct,
        )

    def _take(self, values: Floats) -> None:
        if self._values + len(values) > MOST:
            self.settle()
        waits = len(values) < _WORTH_SORTING and self.waiting.values + len(values) <= MOST_WAITING
        self._parts.append(values.copy() if waits else values)
        self._values += len(values)
        self.waiting.values += len(values)
        if not waits:
            self.settle()

    def settle(self) -> None:
        """Count what waits for more."""
        if self._values:
            self._count(self._parts)
        self.waiting.values -= self._values
        self._parts, self._values = [], 0

    def _count(self, parts: list[Floats]) -> None:
        ordered = in_order(parts, self.room)
        end = int(ordered.searchsorted(np.nan)) if math.isnan(ordered[-1]) else len(ordered)
        first = int(ordered[:end].searchsorted(-np.inf, "right"))
        last = int(ordered[:end].searchsorted(np.inf))
        self._tally["nan"] += len(ordered) - end
        self._tally["positive_infinity"] += end - last
        self._tally["negative_infinity"] += first
        if first < last:
            self._count_finite(ordered[first:last])

    def _count_finite(self, ordered: Floats) -> None:
        self._minimum = min(self._minimum, float(ordered[0]) + 0.0)
        self._maximum = max(self._maximum, float(ordered[-1]) + 0.0)
        if ordered[0] < _SMALLEST_NORMAL and ordered[-1] > -_SMALLEST_NORMAL:
            self._count_around_zero(ordered)
        self._count_broken(ordered)
        cuts = cuts_of(self.layout.grid.edges, ordered)
        counts = np.diff(cuts)
        self._cells += counts
        self._add_sums(ordered, cuts, counts)
        self._add_distinct(ordered)

    def _count_around_zero(self, ordered: Floats) -> None:
        """Count denormal values, and write every zero as the positive one."""
        start = int(ordered.searchsorted(-_SMALLEST_NORMAL, "right"))
        end = int(ordered.searchsorted(_SMALLEST_NORMAL))
        zeros = ordered[ordered.searchsorted(0.0) : ordered.searchsorted(0.0, "right")]
        zeros[:] = 0.0
        self._tally["denormal"] += end - start - len(zeros)

    def _count_broken(self, ordered: Floats) -> None:
        if self.low is not None:
            self._tally["out_of_range"] += int(ordered.searchsorted(self.low))
        if self.high is not None:
            self._tally["out_of_range"] += len(ordered) - int(ordered.searchsorted(self.high, "right"))
        if self.allowed is not None:
            found = ordered.searchsorted(self.allowed, "right") - ordered.searchsorted(self.allowed)
            self._tally["out_of_set"] += len(ordered) - int(found.sum())

    def _add_sums(self, ordered: Floats, cuts: Ints, counts: Ints) -> None:
        steps = self.layout.ruler.steps(ordered, out=self.room.steps[: len(ordered)])
        if steps[0] < -NEAR or steps[-1] > NEAR:
            self._add_far(ordered, steps, cuts)
        self._tally["squares"] += near_squares(steps, self.room.halves)
        held = np.flatnonzero(counts)
        sums = np.add.reduceat(steps, cuts[held])
        self._tally["total"] += int(sums.sum())
        is_narrow = self.layout.narrow[held]
        narrow = held[is_narrow]
        from_edge = sums[is_narrow] - counts[narrow] * self.layout.low_steps[narrow]
        self._inner[narrow // 2 - 1] += from_edge.astype(np.int64)
        is_wide = ~is_narrow & (held % 2 == 0)
        for cell, total in zip(held[is_wide].tolist(), sums[is_wide].tolist(), strict=True):
            self._wide[cell] += int(total)

    def _add_far(self, ordered: Floats, steps: Floats, cuts: Ints) -> None:
        """Add the values at both ends that are far from the centre, and leave zeros in place of their steps."""
        first, last = int(steps.searchsorted(-NEAR)), int(steps.searchsorted(NEAR, "right"))
        steps[:first] = steps[last:] = 0.0
        far = np.concatenate((ordered[:first], ordered[last:]))
        far_cuts = np.minimum(cuts, first) + np.maximum(cuts - last, 0)
        for cell, total, squares in far_sums(self.layout.ruler, far, far_cuts):
            self._tally["total"] += total
            self._tally["squares"] += squares
            if cell % 2 == 0:
                self._wide[cell] += total

    def _add_distinct(self, ordered: Floats) -> None:
        limit = self._distinct.limit()
        values = ordered
        if len(self._distinct.hashes) < DISTINCT_SIZE:  # few values, and many times each of them
            starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
            counts = np.diff(starts, append=len(ordered))
            values = ordered[starts]
        hashes = hash_floats(values, self.room.hashes[: len(values)], self.room.spare[: len(values)])
        near = np.flatnonzero(hashes <= limit)
        hashes, counts = hashes[near], counts[near] if len(values) < len(ordered) else np.ones(len(near), np.int64)
        self._candidates.append(_joined_runs(hashes, counts))
        self._tally["distinct"] += len(ordered)
        if sum([len(counts) for _, counts in self._candidates]) > _MANY_CANDIDATES:
            self._take_candidates()

    def _take_candidates(self) -> None:
        if self._candidates:
            hashes, counts = map(np.concatenate, zip(*self._candidates, strict=True))
            self._distinct = self._distinct.take(hashes, counts, self._tally.pop("distinct"))
        self._candidates = []


def _joined_runs(hashes: Hashes, counts: Ints) -> tuple[Hashes, Ints]:
    """Bring hashes that stand side by side together, and their counts."""
    starts = np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1])))[: len(hashes)]
    return hashes[starts], np.add.reduceat(counts, starts) if len(starts) else counts


_KINDS = {"missing": MISSING, "type_errors": TYPE_ERROR, "overflow": OVERFLOW}
