"""Counting categories on a grid, batch by batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
from msgspec import Struct, field

from atalaia.profile.categorical import ADDED, UNSEEN_SIZE, CategoricalGrid, CategoricalSummary
from atalaia.profile.counts import keep_smallest
from atalaia.profile.values import Categories, Ints, Rows

_MOST_UNSEEN = 16 * UNSEEN_SIZE  # names held before those with large hashes are let go

Match = Callable[[list[str]], list[bool]]
"""Tells of texts which ones match the column's pattern as a whole."""


class CategoryCounter(Struct):
    """Counts the values of one column; `summary` tells the result at any time.

    Attributes:
        grid: The baseline's categories.
        allowed: The only values allowed; None for any.
        match: The column's pattern, if it has one.
    """

    grid: CategoricalGrid
    allowed: frozenset[str] | None = None
    match: Match | None = None
    _tally: Counter[str] = field(default_factory=Counter)
    _counts: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _unseen: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._counts = np.zeros(len(self.grid.categories), np.int64)

    def add(self, categories: Categories, rows: Rows = slice(None)) -> None:
        """Count the given rows of a batch."""
        counts, missing, type_errors = categories.count(rows)
        self._tally["rows"] += int(counts.sum()) + missing + type_errors
        self._tally["missing"] += missing
        self._tally["type_errors"] += type_errors
        held = np.flatnonzero(counts)
        texts, counts = [categories.texts[code] for code in held.tolist()], counts[held]
        find = self.grid.places.get
        places = np.array([find(text, -1) for text in texts], np.int64)
        is_known = places >= 0
        self._counts[places[is_known]] += counts[is_known]
        self._add_unseen([texts[code] for code in np.flatnonzero(~is_known).tolist()], counts[~is_known].tolist())
        self._count_broken(texts, counts, categories)

    def summary(self) -> CategoricalSummary:
        """Return what was counted so far."""
        tally = {name: self._tally[name] for name in ADDED}
        unseen = keep_smallest(self._unseen, UNSEEN_SIZE)
        return CategoricalSummary(**tally, counts=self._counts.copy(), unseen=unseen)

    def _add_unseen(self, texts: list[str], counts: list[int]) -> None:
        unseen = self._unseen
        self._tally["unseen_rows"] += sum(counts)
        for text, count in zip(texts, counts, strict=True):
            unseen[text] = unseen.get(text, 0) + count
        if len(unseen) > _MOST_UNSEEN:
            self._unseen = keep_smallest(unseen, UNSEEN_SIZE)

    def _count_broken(self, texts: list[str], counts: Ints, categories: Categories) -> None:
        if self.allowed is not None:
            is_allowed = np.array([text in self.allowed for text in texts], bool)
            self._tally["out_of_set"] += int(counts[~is_allowed].sum())
        if self.match is not None:
            matched = np.array(self.match([categories.whole.get(text, text) for text in texts]), bool)
            self._tally["off_pattern"] += int(counts[~matched].sum())
