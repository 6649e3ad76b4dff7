"""Counts by name that add up exactly, and a bound on how many names are kept.

Kept are the names with the smallest hashes. The k smallest of a union are among the k smallest of its parts, so a name
that is kept in the end was never let go: its count is exact, and any order and grouping of merges gives the same.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping

from atalaia.profile.distinct import hash_text


def add_counts(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """Return the sums by name, in the order of the names."""
    added = dict(one)
    for name, count in other.items():
        added[name] = added.get(name, 0) + count
    return dict(sorted(added.items()))


def keep_smallest(counts: Mapping[str, int], size: int) -> dict[str, int]:
    """Return the *size* names with the smallest hashes and their counts, in the order of the names."""
    names = counts.keys()
    if len(counts) > size:
        names = dict.fromkeys(heapq.nsmallest(size, counts, key=lambda name: (hash_text(name), name))).keys()
    return {name: counts[name] for name in sorted(names)}
