"""Distinct values and repetition, from the smallest hashes.

A value is kept while its hash is among the k smallest that were seen, with the exact number of its occurrences. The
k smallest of a union are among the k smallest of its parts, so merging loses nothing: in any order and grouping the
result is the same, bit for bit. Up to k distinct values everything is exact; beyond, the k-th smallest hash tells how
dense the values lie (standard error about 1/sqrt(k)), and the kept values are an even sample of all.

Source: Bar-Yossef et al. (2002), "Counting distinct elements in a data stream", k minimum values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from atalaia.profile.values import Floats, Ints

Hashes = npt.NDArray[np.uint64]

_WORD = 2.0**64
_LARGEST = np.uint64(2**64 - 1)


@dataclass(frozen=True, slots=True)
class Distinct:
    """The `size` smallest hashes in rising order, how often each value occurred, and how many values there were."""

    size: int
    hashes: Hashes
    counts: Ints
    values: int

    @classmethod
    def empty(cls, size: int) -> Distinct:
        """Return the neutral element."""
        return cls(size, np.empty(0, np.uint64), np.empty(0, np.int64), 0)

    def add(self, hashes: Hashes, counts: Ints) -> Distinct:
        """Return this with values added; *hashes* need not be sorted or distinct."""
        values = self.values + int(counts.sum())
        limit = self._limit(len(hashes))
        near = hashes <= limit
        kept, sums = _summed(self.hashes, hashes[near], self.counts, counts[near])
        if limit < _LARGEST and not (len(kept) >= self.size and kept[self.size - 1] <= limit):  # the guess was too low
            kept, sums = _summed(self.hashes, hashes, self.counts, counts)
        return Distinct(self.size, kept[: self.size], sums[: self.size], values)

    def _limit(self, added: int) -> np.uint64:
        """Up to where a hash can be among the smallest: for certain, or as a guess when many are *added*."""
        if len(self.hashes) == self.size:
            return np.uint64(self.hashes[-1])
        return np.uint64(_WORD * 2 * self.size / added) if added > 4 * self.size else _LARGEST

    def merge(self, other: Distinct) -> Distinct:
        """Return both together."""
        merged = self.add(other.hashes, other.counts)
        return Distinct(self.size, merged.hashes, merged.counts, self.values + other.values)

    def estimate(self) -> float:
        """Return the number of distinct values: exact below `size`, an estimate from there on."""
        if len(self.hashes) < self.size:
            return float(len(self.hashes))
        return (self.size - 1) / (float(self.hashes[-1]) / _WORD)

    def repeated_share(self) -> float:
        """Return the share of values, 0..1, that are a second or later occurrence of one seen before."""
        kept = int(self.counts.sum())
        return (kept - len(self.counts)) / kept if kept else 0.0


def _summed(one: Hashes, other: Hashes, one_counts: Ints, other_counts: Ints) -> tuple[Hashes, Ints]:
    """All hashes once, in rising order, and the sum of the counts of each."""
    if not len(other):
        return one, one_counts
    hashes = np.concatenate((one, other))
    order = np.argsort(hashes, kind="stable")  # quick on two parts that are sorted already
    hashes = hashes[order]
    starts = np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1])))
    return hashes[starts], np.add.reduceat(np.concatenate((one_counts, other_counts))[order], starts)


def hash_floats(values: Floats) -> Hashes:
    """Hash numbers by their bits (both zeros alike), the same on every machine."""
    bits = (values + 0.0).view(np.uint64)
    return _mix(bits)


def hash_texts(texts: Iterable[str]) -> Hashes:
    """Hash texts, the same in every process."""
    return np.array([hash_text(text) for text in texts], dtype=np.uint64)


def hash_text(text: str) -> int:
    """Hash one text to 64 bits."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _mix(bits: Hashes) -> Hashes:
    """Spread 64-bit words evenly (the finaliser of splitmix64)."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
