"""A categorical column's profile: exact counts of the baseline's categories, and of the values it did not know.

The baseline's categories (up to a cap, the commonest first) are the grid. Everything else is counted as unseen; of
the unseen values the ones with the smallest hashes are kept by name, with exact counts, so that merging is exact and
memory bounded. Up to `UNSEEN_SIZE` distinct unseen values all of them are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from atalaia.profile.counts import added, keep_smallest
from atalaia.profile.distinct import Distinct
from atalaia.profile.hashing import Hashes, hash_texts
from atalaia.profile.values import Ints

CAP = 8192
"""At most so many of a baseline's categories are counted by name."""

UNSEEN_SIZE = 1024


class CategoricalGrid(Struct, frozen=True, dict=True):
    """The baseline's categories, the commonest first."""

    categories: tuple[str, ...]

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Each category's place."""
        return {category: place for place, category in enumerate(self.categories)}

    @cached_property
    def hashes(self) -> Hashes:
        """The hash of each category; shape (categories,)."""
        return hash_texts(self.categories)


class CategoricalSummary(Struct, frozen=True, dict=True):
    """What is kept of a categorical column.

    Attributes:
        rows: Rows in which the column was captured, whatever they held.
        missing, type_errors: Rows without a value of the column's type.
        out_of_set, off_pattern: Values that break the monitor's rules.
        counts: Occurrences of each of the grid's categories; shape (categories,).
        unseen_rows: Occurrences of all other values.
        unseen: Of these, the values with the smallest hashes, and their occurrences.
    """

    rows: int
    missing: int
    type_errors: int
    out_of_set: int
    off_pattern: int
    counts: Ints
    unseen_rows: int
    unseen: Mapping[str, int]

    @classmethod
    def empty(cls, grid: CategoricalGrid) -> CategoricalSummary:
        """Return the neutral element on *grid*."""
        return cls(0, 0, 0, 0, 0, np.zeros(len(grid.categories), np.int64), 0, {})

    @cached_property
    def valid(self) -> int:
        """How many values there are."""
        return int(self.counts.sum()) + self.unseen_rows

    def distinct(self, grid: CategoricalGrid) -> Distinct:
        """Return the distinct values: the smallest hashes of all are among those of the categories and of `unseen`."""
        held = np.flatnonzero(self.counts)
        hashes = np.concatenate((grid.hashes[held], hash_texts(list(self.unseen))))
        counts = np.concatenate((self.counts[held], np.array(list(self.unseen.values()), np.int64)))
        return Distinct.empty(UNSEEN_SIZE).take(hashes, counts, self.valid)

    @classmethod
    def merged(cls, parts: Sequence[CategoricalSummary]) -> CategoricalSummary:
        """Return all *parts* (at least one) together; they must have been counted on the same grid."""
        return replace(
            parts[0],
            **{name: sum([getattr(part, name) for part in parts]) for name in ADDED},
            counts=np.sum([part.counts for part in parts], axis=0),
            unseen=keep_smallest(added([part.unseen for part in parts]), UNSEEN_SIZE),
        )

    def merge(self, other: CategoricalSummary) -> CategoricalSummary:
        """Return both together; the two must have been counted on the same grid."""
        return CategoricalSummary.merged((self, other))


ADDED = ("rows", "missing", "type_errors", "out_of_set", "off_pattern", "unseen_rows")
"""What is a plain number, and added up."""
