"""Counts by name that add up exactly, and a bound on how many names are kept.

Kept are the names with the smallest hashes. The k smallest of a union are among the k smallest of its parts, so a name
that is kept in the end was never let go: its count is exact, and any order and grouping of merges gives the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import numpy as np

from atalaia.profile.hashing import hash_texts

_Counts = TypeVar("_Counts")


def added(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sums by name, in the order of the names."""
    sums: dict[str, int] = {}
    for part in parts:
        for name, count in part.items():
            sums[name] = sums.get(name, 0) + count
    return dict(sorted(sums.items()))


def keep_smallest(counts: Mapping[str, _Counts], size: int) -> dict[str, _Counts]:
    """Return the *size* names with the smallest hashes and their counts, in the order of the names."""
    names = list(counts)
    if len(names) > size:
        names = [names[place] for place in np.argpartition(hash_texts(names), size)[:size].tolist()]
    return {name: counts[name] for name in sorted(names)}
