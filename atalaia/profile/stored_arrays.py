"""Arrays of integers in the stored form, and many stored arrays read as one.

An array is how many integers it holds, none of them negative, and the low bytes of each: as few as the largest needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
from msgspec import Struct

from atalaia.profile.distinct import Distinct
from atalaia.profile.hashing import Hashes
from atalaia.profile.values import Ints

_WORD = 8
_LARGEST = np.uint64(2**64 - 1)
_ADDED_IN_16_BITS = 257  # bytes of at most 255 each
_AHEAD = 3  # times as many hashes of a part are read as will be among the smallest if no value is in two parts

Plain = Sequence[Any]
"""An array's stored form."""


def array_to_plain(array: Ints) -> Plain:
    """Write integers that are not negative."""
    width = (int(array.max(initial=0)).bit_length() + 7) // 8
    return [len(array), array.astype("<u8").view(np.uint8).reshape(-1, _WORD)[:, :width].tobytes()]


def rising_to_plain(array: np.ndarray[Any, Any]) -> Plain:
    """Write integers in rising order: the first one, and the steps from each to the next."""
    return [int(array[0]) if len(array) else 0, *array_to_plain(np.diff(array, prepend=array[:1]))]


def distinct_to_plain(distinct: Distinct) -> Plain:
    """Write distinct values."""
    return [distinct.size, rising_to_plain(distinct.hashes), array_to_plain(distinct.counts), distinct.values]


def added_arrays(plains: Sequence[Plain]) -> Ints:
    """Return the sum of arrays of one length: each of their bytes is added up by itself.

    Raises:
        ValueError: They are of different lengths.
    """
    length = plains[0][0]
    if any(plain[0] != length for plain in plains):
        msg = "arrays of different lengths cannot be added"
        raise ValueError(msg)
    if len(plains) == 1:
        return array_from_plain(plains[0])
    total = np.zeros(length, np.int64)
    wide = np.uint16 if len(plains) <= _ADDED_IN_16_BITS else np.int64
    for size, parts in groupby(sorted([plain[1] for plain in plains], key=len), len):
        if size:
            found = list(parts)
            sums = np.frombuffer(b"".join(found), np.uint8).reshape(len(found), size).sum(axis=0, dtype=wide)
            total += sums.reshape(length, -1) @ (1 << 8 * np.arange(size // length))
    return total


def rising_from_plain(plain: Plain) -> Ints:
    """Return integers in rising order."""
    first, length, data = plain
    return (_risen([first], [length], _integers(data, length)) if length else np.empty(0, np.uint64)).view(np.int64)


def array_from_plain(plain: Plain) -> Ints:
    """Return integers that are not negative."""
    length, data = plain
    return _integers(data, length).view(np.int64)


def merged_distinct(plains: Sequence[Plain]) -> Distinct:
    """Return the distinct values of all *plains* (at least one, of the same size) together, as `Distinct.merged` does.

    Of many parts only the first hashes of each can be among the smallest of all: no more are read than it takes.
    """
    size, values = plains[0][0], sum([plain[3] for plain in plains])
    if len(plains) == 1:
        _, hashes, counts, _ = plains[0]
        return Distinct(size, rising_from_plain(hashes).view(np.uint64), array_from_plain(counts), values)
    held: dict[tuple[int, int], list[Plain]] = {}
    for plain in plains:
        (_, length, steps), (_, counts) = plain[1:3]
        if length:
            held.setdefault((len(steps) // length, len(counts) // length), []).append(plain)
    most = _AHEAD * size // len(plains) + _AHEAD
    while True:
        read = [_begun(parts, widths, most) for widths, parts in held.items()]
        limit = min((part.limit for part in read), default=_LARGEST)
        near = [(part.hashes[chosen], part.counts[chosen]) for part in read for chosen in [part.hashes <= limit]]
        hashes, counts = (np.concatenate(arrays) for arrays in zip(_NOTHING, *near, strict=True))
        distinct = Distinct.empty(size).take(hashes, counts, values)
        if limit == _LARGEST or len(distinct.hashes) == size:
            return distinct
        most *= _AHEAD


_NOTHING = (np.empty(0, np.uint64), np.empty(0, np.int64))


class _Begun(Struct, frozen=True):
    """The first hashes of each of several parts, with their counts; up to *limit* there are no others."""

    hashes: Hashes
    counts: Ints
    limit: np.uint64


def _begun(plains: Sequence[Plain], widths: tuple[int, int], most: int) -> _Begun:
    """Read up to *most* hashes of each part, whose hashes and counts take *widths* bytes."""
    of_steps, of_counts = (most * width for width in widths)
    lengths = [min(counts[0], most) for _, _, counts, _ in plains]
    ends = np.cumsum(lengths)
    steps = _integers(b"".join([steps[2][:of_steps] for _, steps, _, _ in plains]), int(ends[-1]))
    counts = _integers(b"".join([counts[1][:of_counts] for _, _, counts, _ in plains]), int(ends[-1]))
    hashes = _risen([steps[0] for _, steps, _, _ in plains], lengths, steps)
    is_cut = np.array([counts[0] > most for _, _, counts, _ in plains])
    return _Begun(hashes, counts.view(np.int64), hashes[ends - 1][is_cut].min(initial=_LARGEST))


def _integers(data: bytes, length: int) -> Hashes:
    """Return integers of which the low bytes are given, as words."""
    width = len(data) // max(length, 1)
    if width == _WORD:
        return np.frombuffer(data, "<u8").astype(np.uint64)
    words = np.zeros((length, _WORD), np.uint8)
    words[:, :width] = np.frombuffer(data, np.uint8).reshape(length, width)
    return words.reshape(-1).view("<u8").astype(np.uint64, copy=False)


def _risen(firsts: Sequence[int], lengths: Sequence[int], steps: Hashes) -> Hashes:
    """Add up the steps of arrays that follow one another: *lengths* steps from each of *firsts* on."""
    sums: Hashes = np.cumsum(steps, dtype=np.uint64)
    starts = sums[np.cumsum(lengths) - lengths]  # the step to an array's first integer is 0
    shifts: Hashes = np.repeat(np.array([first % 2**64 for first in firsts], np.uint64) - starts, lengths)
    return sums + shifts
