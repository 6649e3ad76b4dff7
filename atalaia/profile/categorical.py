"""A categorical column's profile: exact counts of the baseline's categories, and of the values it did not know.

The baseline's categories (up to a cap, the commonest first) are the grid. Everything else is counted as unseen; of
the unseen values the ones with the smallest hashes are kept by name, with exact counts, so that merging is exact and
memory bounded. Up to `UNSEEN_SIZE` distinct unseen values all of them are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from atalaia.profile.counts import add_counts, keep_smallest
from atalaia.profile.distinct import Distinct, hash_texts
from atalaia.profile.values import Categories, Ints

CAP = 8192
"""At most so many of a baseline's categories are counted by name."""

UNSEEN_SIZE = 1024
DISTINCT_SIZE = 1024


@dataclass(frozen=True, slots=True)
class CategoricalGrid:
    """The baseline's categories, the commonest first."""

    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CategoricalSummary:
    """What is kept of a categorical column.

    Attributes:
        rows: Rows in which the column was captured, whatever they held.
        missing, type_errors: Rows without a value of the column's type.
        out_of_set, off_pattern: Values that break the monitor's rules.
        counts: Occurrences of each of the grid's categories; shape (categories,).
        unseen_rows: Occurrences of all other values.
        unseen: Of these, the values with the smallest hashes, and their occurrences.
        distinct: The distinct values.
    """

    rows: int
    missing: int
    type_errors: int
    out_of_set: int
    off_pattern: int
    counts: Ints
    unseen_rows: int
    unseen: Mapping[str, int]
    distinct: Distinct

    @classmethod
    def empty(cls, grid: CategoricalGrid) -> CategoricalSummary:
        """Return the neutral element on *grid*."""
        return cls(0, 0, 0, 0, 0, np.zeros(len(grid.categories), np.int64), 0, {}, Distinct.empty(DISTINCT_SIZE))

    @property
    def valid(self) -> int:
        """How many values there are."""
        return int(self.counts.sum()) + self.unseen_rows

    def merge(self, other: CategoricalSummary) -> CategoricalSummary:
        """Return both together; the two must have been counted on the same grid."""
        added = {name: getattr(self, name) + getattr(other, name) for name in _ADDED}
        unseen = keep_smallest(add_counts(self.unseen, other.unseen), UNSEEN_SIZE)
        return replace(self, **added, unseen=unseen, distinct=self.distinct.merge(other.distinct))


_ADDED = ("rows", "missing", "type_errors", "out_of_set", "off_pattern", "counts", "unseen_rows")


def places_of(grid: CategoricalGrid) -> dict[str, int]:
    """Return each category's place in the grid."""
    return {category: place for place, category in enumerate(grid.categories)}


def summarise_categories(places: Mapping[str, int], categories: Categories) -> CategoricalSummary:
    """Count one batch on the grid whose *places* are given; rules (set, pattern) are left to the caller."""
    counts, unseen = np.zeros(len(places), np.int64), {}
    for value, count in categories.counts.items():
        place = places.get(value)
        if place is None:
            unseen[value] = count
        else:
            counts[place] = count
    repeats = np.fromiter(categories.counts.values(), np.int64, len(categories.counts))
    return CategoricalSummary(
        rows=int(repeats.sum()) + categories.missing + categories.type_errors,
        missing=categories.missing,
        type_errors=categories.type_errors,
        out_of_set=0,
        off_pattern=0,
        counts=counts,
        unseen_rows=sum(unseen.values()),
        unseen=keep_smallest(unseen, UNSEEN_SIZE),
        distinct=Distinct.empty(DISTINCT_SIZE).add(hash_texts(categories.counts), repeats),
    )
