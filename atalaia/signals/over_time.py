"""Evidence over time: small drift that no single window shows, found without spending the error rate on every look.

Of each column a few bounded statistics are added up over all windows since the baseline was made: of a numeric column
the mean rank of its values among the baseline's (one half if nothing has moved) and how far ranks lie from the middle
on average (one half, too, on a scale up to 1); of a categorical one the shares of its commonest categories. A
confidence sequence says how far such a mean can be from the baseline's by chance, at all times at once (Howard, Ramdas,
McAuliffe and Sekhon 2021, the two-sided normal mixture): however often one looks, it is left with at most the stated
probability. The baseline is a sample, too: its own confidence interval is added, and so is a floor below which drift is
of no interest.

A sum since the beginning forgets nothing, so late drift drowns in it. Therefore sums are begun anew at windows 2, 4, 8,
…; the last two of these are kept beside the first, each with its own share of the error rate.

The state is `Sums` for each of these spans: a few numbers. Nothing here depends on time or order but through them.
"""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct

from atalaia.profile import CategoricalGrid, CategoricalSummary, NumericSummary, Summary, TextSummary
from atalaia.profile.values import Floats, Ints
from atalaia.signals.tails import normal_quantile

MOST_SHARES = 10
"""So many categories' shares are followed at most, the baseline's commonest."""

FLOOR = 0.001
"""A mean rank, or a share, that has moved by less than this is of no interest, however sure it is."""

_RANK, _SPREAD = "rank", "spread"
_SLOPES = (-3.0, -2.0, -1.0, 1.0, 2.0, 3.0)  # as far as the mixture leans on the moment generating function


class Sums(Struct, frozen=True):
    """What one span has gathered of one column: how many values, and the sum of each statistic over them."""

    rows: int
    sums: tuple[float, ...]


def carried_on(before: tuple[Sums, ...], window: int, now: Sums) -> tuple[Sums, ...]:
    """Return the sums of each of `spans(window)`, from those *before* it (none for the first window) and its own."""
    known = dict(zip(spans(window - 1), before, strict=True)) if before else {1: Sums(0, (0.0,) * len(now.sums))}
    return tuple(_added(known[begun], now) if begun in known else now for begun in spans(window))


def _added(one: Sums, other: Sums) -> Sums:
    return Sums(one.rows + other.rows, tuple(a + b for a, b in zip(one.sums, other.sums, strict=True)))


class Followed(Struct, frozen=True):
    """The statistics of one column.

    Attributes:
        names: What they are called.
        means: Of the baseline; shape (statistics,), like all that follows.
        variances: Of the baseline's values.
        bounds: Variances of normal distributions whose tails are no lighter.
        rows: The baseline's values.
    """

    names: tuple[str, ...]
    means: Floats
    variances: Floats
    bounds: Floats
    rows: int


class Moved(Struct, frozen=True):
    """How far one statistic has moved over time.

    Attributes:
        statistic: `rank` or `spread` of numbers, or the category whose share it is.
        value: By how much its mean differs from the baseline's, with its sign.
        limit: What chance, the baseline's own size and the floor explain at most.
        windows: Over so many windows, this one the last.
        rows: And so many values.
    """

    statistic: str
    value: float
    limit: float
    windows: int
    rows: int


def spans(window: int) -> tuple[int, ...]:
    """Return at which windows the sums held in the *window*-th one (from 1) were begun.

    Example:
        >>> spans(1), spans(2), spans(7), spans(40)
        ((1,), (1, 2), (1, 2, 4), (1, 16, 32))
    """
    if not window:
        return ()
    newest = 1 << (window.bit_length() - 1)
    return tuple(sorted({1, max(1, newest // 2), newest}))


def followed(grid: object, baseline: Summary) -> Followed | None:
    """Return what is followed of a column; None without a value in the baseline. Of text its lengths are followed."""
    match grid, baseline:
        case _, NumericSummary() as summary if summary.finite:
            return _of_ranks(summary)
        case _, TextSummary() as summary if summary.lengths.finite:
            return _of_ranks(summary.lengths)
        case CategoricalGrid() as categories, CategoricalSummary() as summary if summary.valid:
            return _of_shares(categories, summary)
        case _:
            return None


def nothing(statistics: Followed) -> Sums:
    """Return what a window without values adds."""
    return Sums(0, (0.0,) * len(statistics.names))


def gathered(baseline: Summary, current: Summary, statistics: Followed) -> Sums:
    """Return what one window adds to the sums."""
    match baseline, current:
        case NumericSummary() as before, NumericSummary() as now:
            return _rank_sums(before, now)
        case TextSummary() as before, TextSummary() as now:
            return _rank_sums(before.lengths, now.lengths)
        case CategoricalSummary() as before, CategoricalSummary() as now:
            order = _commonest(before)
            return Sums(now.valid, tuple(float(count) for count in now.counts[order]))
        case _:
            return nothing(statistics)


def _of_ranks(summary: NumericSummary) -> Followed:
    ranks = _ranks(summary)
    shares = summary.cells / summary.finite
    scores = np.stack((ranks, np.abs(2 * ranks - 1)))
    means = scores @ shares
    variances = ((scores - means[:, None]) ** 2) @ shares
    bounds = np.array([_bound(score - mean, shares) for score, mean in zip(scores, means, strict=True)])
    return Followed((_RANK, _SPREAD), means, variances, np.maximum(bounds, variances), summary.finite)


def _ranks(baseline: NumericSummary) -> Floats:
    """Mean rank of the values of each cell among the baseline's, 0 to 1; shape (cells,)."""
    return (baseline.reached - baseline.cells / 2) / baseline.finite


def _rank_sums(baseline: NumericSummary, current: NumericSummary) -> Sums:
    ranks = _ranks(baseline)
    counts = current.cells
    return Sums(current.finite, (float(ranks @ counts), float(np.abs(2 * ranks - 1) @ counts)))


def _bound(away: Floats, shares: Floats) -> float:
    """Return the variance of the normal distribution whose tails are no lighter, within a few slopes."""
    return max(2 * math.log(float(np.exp(slope * away) @ shares)) / slope**2 for slope in _SLOPES)


def _commonest(summary: CategoricalSummary) -> Ints:
    order: Ints = np.argsort(-summary.counts, kind="stable")[:MOST_SHARES]
    return order


def _of_shares(grid: CategoricalGrid, summary: CategoricalSummary) -> Followed:
    order = _commonest(summary)
    shares = summary.counts[order] / summary.valid
    names = tuple(grid.categories[place] for place in order.tolist())
    bounds = np.array([_share_bound(share) for share in shares.tolist()])
    return Followed(names, shares, shares * (1 - shares), bounds, summary.valid)


_EVEN = 1e-6


def _share_bound(share: float) -> float:
    """Return the variance of the normal distribution whose tails are no lighter than those of a share's part.

    Source: Kearns and Saul (1998).
    """
    odd = 1 - 2 * share
    if abs(odd) < _EVEN:
        return 0.25
    if share <= 0 or share >= 1:
        return 0.0
    return odd / (2 * math.log((1 - share) / share))


def furthest(statistics: Followed, held: tuple[Sums, ...], window: int, rate: float, floor: float) -> Moved | None:
    """Return the statistic that has moved furthest, as a share of what is explained; None without a value.

    What has come back by the newest span, all or halfway, counts with twice what is left there.

    Args:
        statistics: Of the baseline.
        held: The sums of each of `spans(window)`, this window's included.
        window: Which window since the baseline was made this is, from 1.
        rate: With what probability at most anything is ever beyond its limit, without drift.
        floor: Moves up to this are of no interest.
    """
    if not statistics.names or not held[0].rows:
        return None
    own = rate / len(statistics.names)
    chance = own / 4  # for the baseline's interval, both sides together a half
    certain = normal_quantile(chance) * np.sqrt(statistics.variances / statistics.rows) + floor
    found = []
    newest = _deviations(statistics, held[-1])
    for begun, sums in zip(spans(window), held, strict=True):
        if not sums.rows:
            continue
        level = own / 2 * _share_of_rate(begun)
        moved = _deviations(statistics, sums)
        moved = np.where(newest * moved > 0, np.sign(moved) * np.minimum(np.abs(moved), 2 * np.abs(newest)), 0.0)
        limits = _mixture(statistics, sums.rows, level) + certain
        found += [
            Moved(name, float(value), float(limit), window - begun + 1, sums.rows)
            for name, value, limit in zip(statistics.names, moved, limits, strict=True)
        ]
    return max(found, key=lambda each: abs(each.value) / each.limit if each.limit else 0.0)


def _share_of_rate(begun: int) -> float:
    """Shares of the spans that begin at 1, 2, 4, 8, …: they sum to 1."""
    return 6 / (math.pi * begun.bit_length()) ** 2


def _deviations(statistics: Followed, sums: Sums) -> Floats:
    return np.array(sums.sums) / max(sums.rows, 1) - statistics.means


def _mixture(statistics: Followed, rows: int, level: float) -> Floats:
    """Half the width of the confidence sequence after so many rows; narrowest at as many as the baseline has."""
    loss = 2 * math.log(1 / level)
    tuned = statistics.bounds * statistics.rows / (loss + math.log1p(loss))
    spread = statistics.bounds * rows
    with np.errstate(invalid="ignore", divide="ignore"):
        width = np.sqrt((spread + tuned) * (np.log((spread + tuned) / tuned) + loss)) / rows
    return np.where(tuned > 0, width, 0.0)
