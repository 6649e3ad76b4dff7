"""Distinct values and repetition, from the smallest hashes.

A value is kept while its hash is among the k smallest that were seen, with the exact number of its occurrences. The
k smallest of a union are among the k smallest of its parts, so merging loses nothing: in any order and grouping the
result is the same, bit for bit. Up to k distinct values everything is exact; beyond, the k-th smallest hash tells how
dense the values lie (standard error about 1/sqrt(k)), and the kept values are an even sample of all.

Source: Bar-Yossef et al. (2002), "Counting distinct elements in a data stream", k minimum values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from atalaia.profile.hashing import Hashes
from atalaia.profile.values import Ints

_WORD = 2.0**64
_LARGEST = np.uint64(2**64 - 1)
_AT_ONCE = 1 << 16  # values added at once: most of many are dropped, which need not take much memory
_MANY = 4


class Distinct(Struct, frozen=True):
    """The `size` smallest hashes in rising order, how often each value occurred, and how many values there were."""

    size: int
    hashes: Hashes
    counts: Ints
    values: int

    @classmethod
    def empty(cls, size: int) -> Distinct:
        """Return the neutral element."""
        return cls(size, np.empty(0, np.uint64), np.empty(0, np.int64), 0)

    @classmethod
    def merged(cls, parts: Sequence[Distinct]) -> Distinct:
        """Return all *parts* (at least one, of the same size) together."""
        size, values = parts[0].size, sum(part.values for part in parts)
        limit = min(part.limit() for part in parts)
        hashes, counts = (np.concatenate([getattr(part, name) for part in parts]) for name in ("hashes", "counts"))
        return cls(size, *_smallest(size, hashes, counts, limit), values)

    def merge(self, other: Distinct) -> Distinct:
        """Return both together."""
        return Distinct.merged((self, other))

    def add(self, hashes: Hashes, counts: Ints) -> Distinct:
        """Return this with values added; *hashes* need not be sorted or distinct."""
        added = self
        for start in range(0, len(hashes), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            added = added.take(hashes[some], counts[some], int(counts[some].sum()))
        return added

    def take(self, hashes: Hashes, counts: Ints, values: int) -> Distinct:
        """Return this with *values* values added, of which those with hashes beyond `limit` may have been left out."""
        if not len(hashes):
            return Distinct(self.size, self.hashes, self.counts, self.values + values)
        hashes, counts = np.concatenate((self.hashes, hashes)), np.concatenate((self.counts, counts))
        return Distinct(self.size, *_smallest(self.size, hashes, counts, self.limit()), self.values + values)

    def limit(self) -> np.uint64:
        """Up to where a hash can be among the smallest."""
        return np.uint64(self.hashes[-1]) if len(self.hashes) == self.size else _LARGEST

    def estimate(self) -> float:
        """Return the number of distinct values: exact below `size`, an estimate from there on."""
        if len(self.hashes) < self.size:
            return float(len(self.hashes))
        return (self.size - 1) / (float(self.hashes[-1]) / _WORD)

    def repeated_share(self) -> float:
        """Return the share of values, 0..1, that are a second or later occurrence of one seen before."""
        kept = int(self.counts.sum())
        return (kept - len(self.counts)) / kept if kept else 0.0


def _smallest(size: int, hashes: Hashes, counts: Ints, limit: np.uint64) -> tuple[Hashes, Ints]:
    """The *size* smallest hashes up to *limit*, each once, in rising order, and the sum of the counts of each."""
    if len(hashes) > _MANY * size:  # most are too large, but how large is a guess: it must leave enough
        guess = min(limit, np.uint64(_WORD * 2 * size / len(hashes)))
        kept, sums = _summed(hashes, counts, guess)
        if len(kept) >= size:
            return kept[:size], sums[:size]
    kept, sums = _summed(hashes, counts, limit)
    return kept[:size], sums[:size]


def _summed(hashes: Hashes, counts: Ints, limit: np.uint64) -> tuple[Hashes, Ints]:
    """All hashes up to *limit* once, in rising order, and the sum of the counts of each."""
    near = hashes <= limit
    hashes, counts = hashes[near], counts[near]
    if not len(hashes):
        return hashes, counts
    order = np.argsort(hashes, kind="stable")  # quick on parts that are sorted already
    hashes = hashes[order]
    starts = np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1])))
    return hashes[starts], np.add.reduceat(counts[order], starts)
