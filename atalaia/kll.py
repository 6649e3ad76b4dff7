"""Distributions as weighted values: from the levels of a KLL sketch, or from the buckets of a histogram.

A value of level i of a sketch stands for 2^i rows. While level 0 holds everything the sketch is the data itself; later
it is a summary: the rank of a value, as a share of the rows, is right within `Distribution.rank_error`. Of buckets
nothing is known of the ranks inside: their rows are spread evenly, and the loss is larger.

Source: Karnin, Lang and Liberty, "Optimal quantile approximation in streams" (2016), as Deequ's `QuantileNonSample`
writes it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from msgspec import Struct

from atalaia.profile.values import Floats, Ints

Source = Literal["exact", "sketch", "buckets", "absent"]

DEFAULT_K = 2048
"""The size of the sketches that SageMaker keeps."""

_POINTS = 64
_SIGMAS_99 = 2.576


class Distribution(Struct, frozen=True):
    """Weighted values: what a column held, or the best that its file tells of it.

    Attributes:
        values: Strictly rising, finite; shape (values,).
        weights: Rows that each value stands for, above 0; they sum to the number present unless `source` is "absent".
        source: "exact" (every row is there), "sketch", "buckets", or "absent" (no values, though rows have some).
        rank_error: How far a value's rank may be off, as a share 0..1 of the rows: 0 if exact, 99 % sure of a sketch,
            the largest bucket's share of buckets, 1 if absent.
    """

    values: Floats
    weights: Ints
    source: Source
    rank_error: float


NOTHING = Distribution(np.empty(0), np.empty(0, np.int64), "exact", 0.0)
"""No value at all."""

Range = tuple[float | None, float | None]
"""The smallest and the largest value, as far as they are known."""

Bucket = tuple[float, float, int]
"""Lower bound, upper bound, rows."""


def of_levels(levels: Sequence[Floats], present: int, error: float) -> Distribution:
    """Return the values of a sketch's *levels*, scaled to the number *present*; *error* is the sketch's rank error."""
    weights = np.repeat(np.int64(1) << np.arange(len(levels), dtype=np.int64), [len(level) for level in levels])
    return _weighted(np.concatenate(levels), weights, present, "sketch" if error else "exact", error)


def of_buckets(buckets: Sequence[Bucket], present: int, limits: Range, *, whole: bool) -> Distribution:
    """Spread each bucket's rows evenly over it, but let one lie at the minimum and one at the maximum.

    Args:
        buckets: In rising order; the last one includes its upper bound.
        present: How many values there are.
        limits: The column's extremes.
        whole: Whether the column holds whole numbers only.
    """
    occupied = [bucket for bucket in buckets if bucket[2]]
    parts = [_spread(_cut(bucket, limits), whole=whole, closed=bucket is buckets[-1]) for bucket in occupied]
    values, weights = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    counts = [count for _, _, count in buckets]
    return _weighted(*_anchored(values, weights, limits), present, "buckets", max(counts) / sum(counts))


def _cut(bucket: Bucket, limits: Range) -> Bucket:
    """Cut a bucket at the column's limits, where both leave something of it: Deequ's outer buckets reach beyond."""
    low = bucket[0] if limits[0] is None else max(bucket[0], limits[0])
    high = bucket[1] if limits[1] is None else min(bucket[1], limits[1])
    return (low, high, bucket[2]) if low <= high else bucket


def _spread(bucket: Bucket, *, whole: bool, closed: bool) -> tuple[Floats, Ints]:
    """Place a bucket's rows evenly on points inside it; on its whole numbers, when the column has no others."""
    low, high, count = bucket
    shares = (np.arange(min(count, _POINTS)) + 0.5) / min(count, _POINTS)
    points = low * (1 - shares) + high * shares
    first, last = math.ceil(low), math.floor(high) if closed else math.ceil(high) - 1
    if whole and first <= last:
        all_of_them = last - first < len(points)
        points = np.arange(first, last + 1.0) if all_of_them else np.clip(np.rint(points), float(first), float(last))
    return points, np.diff(np.arange(len(points) + 1) * count // len(points))


def _anchored(values: Floats, weights: Ints, limits: Range) -> tuple[Floats, Ints]:
    """Move one row each to the limits, from the lowest and the highest point."""
    known = [limit for limit in limits if limit is not None][: int(weights.sum())]
    order = np.argsort(values, kind="stable")
    values, weights = values[order], weights[order]
    for limit in known:
        weights[0 if limit == limits[0] else -1] -= 1
        values, weights = values[weights > 0], weights[weights > 0]
    return np.append(values, known), np.append(weights, np.ones(len(known), np.int64))


def _weighted(values: Floats, weights: Ints, present: int, source: Source, error: float) -> Distribution:
    """Sort, join equal values, and scale the weights so that they sum to *present*."""
    order = np.argsort(values, kind="stable")
    ordered = values[order] + 0.0
    firsts = np.flatnonzero(np.concatenate((np.ones(min(len(ordered), 1), bool), ordered[1:] != ordered[:-1])))
    if not len(firsts):
        return NOTHING
    ranks = np.cumsum(np.add.reduceat(weights[order], firsts))
    total = int(ranks[-1])
    if total != present:
        ranks = np.append(np.rint(ranks[:-1] * (present / total)).astype(np.int64), present)
        source, error = "buckets" if source == "buckets" else "sketch", error + abs(total - present) / present
    joined = np.diff(ranks, prepend=0)
    return Distribution(ordered[firsts][joined > 0], joined[joined > 0], source, min(error, 1.0))


def mean_of(distribution: Distribution) -> float:
    """Return the mean of a distribution with values, without overflow."""
    scale = float(np.abs(distribution.values).max()) or 1.0
    shares = distribution.weights / distribution.weights.sum()
    return float((distribution.values / scale) @ shares) * scale


def published_error(k: int) -> float:
    """Return the 99 % rank error that Apache DataSketches states for sketches of size *k*."""
    return 2.296 / float(k**0.9723)


def sketch_rank_error(sizes: Sequence[int], k: int, shrink: float) -> float:
    """Return the rank error of a KLL sketch as a share 0..1 of its rows, not exceeded at 99 % confidence.

    It is the larger of two. The first holds for the published algorithm, whose highest level is the largest. In Deequ,
    which SageMaker runs, level 0 is the largest and level h holds 2 * (ceil(k * c^h / 2) + 1) values, so that many rows
    make errors beyond the first. The second therefore adds up the variance of the compactions that must have
    happened: each of those at level h moves a rank by 2^h up, 2^h down or not at all, with chances 1/4, 1/4, 1/2.

    Args:
        sizes: Values per level, from level 0.
        k: The sketch's size.
        shrink: The factor c, above 0 and up to 1.

    Source: the first is 2.296 / k^0.9723, fitted to measurements by Apache DataSketches (`get_normalized_rank_error`
        of `kll_sketch`); the second follows from Deequ's `NonSampleCompactor`.

    Example:
        >>> sketch_rank_error([2050], 2048, 0.64), round(sketch_rank_error([1, 1025], 2048, 0.64), 6)
        (0.0, 0.001385)
    """
    masses = [size << level for level, size in enumerate(sizes)]
    if not sum(masses[1:]):
        return 0.0
    variance = 0.0
    for level in range(len(sizes)):
        capacity = 2 * (math.ceil(k * shrink**level / 2) + 1)
        compactions = sum(masses[level + 1 :]) / (capacity << level)
        variance += compactions * 4**level / 2
    return min(max(published_error(k), _SIGMAS_99 * math.sqrt(variance) / sum(masses)), 1.0)
