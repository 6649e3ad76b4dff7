"""Drafts of grids: what is held of each column while the reference data are read for the first time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from msgspec import Struct, field

from atalaia.profile import CategoricalGrid, NumericGrid, grid_of
from atalaia.profile.categorical import CAP
from atalaia.profile.values import Categories, Floats
from atalaia.schema import Column, Kind

SAMPLE = 200_000
"""At least so many values of a numeric column are kept while its cells are looked for: 1.6 MB a column."""

SAMPLE_BYTES = 32 << 20
"""Where there are few columns, each keeps more values, so that all samples together take up to so many bytes.

Joining and sorting a sample takes as much again, so a single column takes 64 MB at most.
"""

_VALUE_BYTES = 8
_SEED = 20260301


def sample_size(columns: Iterable[Column]) -> int:
    """Return how many values of each numeric column are kept."""
    numeric = sum(column.effective_kind is Kind.NUMERIC for column in columns)
    return max(SAMPLE, SAMPLE_BYTES // (_VALUE_BYTES * max(numeric, 1)))


class NumericDraft(Struct):
    """The extremes of a numeric column, and an even random sample of its finite values.

    Attributes:
        size: How many values the sample holds at most; up to there it is all of them.
        seen: How many finite values there were.
        low, high: The smallest and the largest of them.
    """

    size: int
    seen: int = 0
    low: float = np.inf
    high: float = -np.inf
    _parts: list[Floats] = field(default_factory=list)
    _sample: Floats = field(default_factory=lambda: np.empty(0))
    _random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(_SEED))

    def add(self, values: Floats) -> None:
        """Take in *values*; Vitter's algorithm R once the sample is full."""
        values = values[np.isfinite(values)]
        if not len(values):
            return
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
        room = max(self.size - self.seen, 0)
        if room:
            self._parts.append(values[:room].copy())
        if len(values) > room:
            self._replace(values[room:], self.seen + min(room, len(values)))
        self.seen += len(values)

    def grid(self) -> NumericGrid:
        """Cut what was seen into cells."""
        return grid_of(self.sample, self.low, self.high)

    def _replace(self, values: Floats, before: int) -> None:
        """Let *values*, with *before* others ahead of them, take the places of random values of the sample."""
        sample = self.sample
        places = self._random.integers(0, np.arange(before, before + len(values)) + 1)
        chosen = places < self.size
        sample[places[chosen]] = values[chosen]

    @property
    def sample(self) -> Floats:
        """The sample as it stands."""
        if self._parts:
            self._sample, self._parts = np.concatenate((self._sample, *self._parts)), []
        return self._sample


class CategoricalDraft(Struct):
    """A categorical column's values and how often they occurred; when too many, the rarest are let go."""

    cap: int = CAP
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, categories: Categories) -> None:
        """Take in a batch."""
        counts, _, _ = categories.count()
        for value, count in zip(categories.texts, counts.tolist(), strict=True):
            self.counts[value] = self.counts.get(value, 0) + count
        if len(self.counts) > 4 * self.cap:
            self.counts = dict(self.commonest(2 * self.cap))

    def commonest(self, most: int) -> list[tuple[str, int]]:
        """Return the *most* commonest values with their counts, ties in the order of their text."""
        return sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most]

    def grid(self) -> CategoricalGrid:
        """Keep what is counted by name."""
        return CategoricalGrid(tuple(value for value, _ in self.commonest(self.cap)))
