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
from atalaia.profile.kept import kept
from atalaia.profile.values import Floats, Ints
from atalaia.signals.tails import normal_quantile

MOST_SHARES = 10
"""So many categories' shares are followed at most, the baseline's commonest."""

FLOOR = 0.001
"""A mean rank, or a share, that has moved by less than this is of no interest, however sure it is."""

_RANK, _SPREAD = "rank", "spread"


class Sums(Struct, frozen=True):
    """What one span has gathered of one column: how many values, and the sum of each statistic over them."""

    rows: int
    sums: tuple[float, ...]


def carried_on(before: tuple[Sums, ...], window: int, now: Sums) -> tuple[Sums, ...]:
    """Return the sums of each of `spans(window)`, from those *before* it (none for the first window) and its own."""
    known = dict(zip(spans(window - 1), before, strict=True)) if before else {1: Sums(0, (0.0,) * len(now.sums))}
    return tuple(_added(known[begun], now) if begun in known else now for begun in spans(window))


def fits(held: tuple[Sums, ...], window: int, statistics: Followed) -> bool:
    """Tell whether sums *held* after a window are of these statistics and spans, as another release's may not be."""
    of_each = all(len(each.sums) == len(statistics.names) for each in held)
    return not held or (of_each and len(held) == len(spans(window)))


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
    return kept(baseline, _followed, grid)


def _followed(baseline: Summary, grid: object) -> Followed | None:
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
            return Sums(now.finite, tuple(rank_sums(before, now.cells).tolist()))
        case TextSummary() as before, TextSummary() as now:
            return Sums(now.lengths.finite, tuple(rank_sums(before.lengths, now.lengths.cells).tolist()))
        case CategoricalSummary() as before, CategoricalSummary() as now:
            return Sums(now.valid, tuple(share_sums(before, now.counts).tolist()))
        case _:
            return nothing(statistics)


def rank_sums(baseline: NumericSummary, cells: Ints) -> Floats:
    """Return the sum of each statistic of numbers over windows counted in these cells; shape (..., statistics)."""
    return np.asarray(cells @ _scores(baseline).T, np.float64)


def share_sums(baseline: CategoricalSummary, counts: Ints) -> Floats:
    """Return the same of categories, of windows with these counts."""
    return counts[..., _commonest(baseline)].astype(np.float64)


def _of_ranks(summary: NumericSummary) -> Followed:
    shares = summary.cells / summary.finite
    scores = _scores(summary)
    means = scores @ shares
    variances = ((scores - means[:, None]) ** 2) @ shares
    bounds = np.array([_bound(score, mean, summary) for score, mean in zip(scores, means, strict=True)])
    return Followed((_RANK, _SPREAD), means, variances, np.maximum(bounds, variances), summary.finite)


def _scores(baseline: NumericSummary) -> Floats:
    """Mean rank of the values of each cell among the baseline's, and how far from the middle; shape (2, cells)."""
    ranks = (baseline.reached - baseline.cells / 2) / baseline.finite
    return np.stack((ranks, np.abs(2 * ranks - 1)))


def _bound(scores: Floats, mean: float, summary: NumericSummary) -> float:
    """Return the variance of the normal distribution whose tails are no lighter, within the slopes that are leant on.

    The baseline has not seen all that there is: one value more counts at either end of the scores.
    """
    rows = summary.finite
    most = _STEEPEST / math.sqrt(rows * max(float((scores - mean) ** 2 @ summary.cells) / rows, 1 / rows))
    found = []
    for slope in (-most, -most / 2, -most / 4, most / 4, most / 2, most):
        seen = float(np.exp(slope * (scores - mean)) @ summary.cells)
        more = math.exp(-slope * mean) + math.exp(slope * (1 - mean))
        found.append(2 * math.log((seen + more) / (rows + 2)) / slope**2)
    return max(found)


_STEEPEST = 25.0  # in standard deviations of the baseline's mean


def _commonest(summary: CategoricalSummary) -> Ints:
    order: Ints = np.argsort(-summary.counts, kind="stable")[:MOST_SHARES]
    return order


def _of_shares(grid: CategoricalGrid, summary: CategoricalSummary) -> Followed:
    order = _commonest(summary)
    shares = summary.counts[order] / summary.valid
    names = tuple(grid.categories[place] for place in order.tolist())
    less_sure = (summary.counts[order] + 1) / (summary.valid + 2)  # it has not seen all that there is
    bounds = np.array([_share_bound(share) for share in less_sure.tolist()])
    return Followed(names, shares, shares * (1 - shares), bounds, summary.valid)


_EVEN = 1e-6


def _share_bound(share: float) -> float:
    """Return the variance of the normal distribution whose tails are no lighter than those of a share, 0 to 1.

    Source: Kearns and Saul (1998).
    """
    odd = 1 - 2 * share
    if abs(odd) < _EVEN:
        return 0.25
    return odd / (2 * math.log((1 - share) / share))


def furthest(statistics: Followed, held: tuple[Sums, ...], window: int, rate: float, floor: float) -> Moved | None:
    """Return the statistic that has moved furthest, as a share of what is explained; None without a value.

    What has come back of late, all or halfway, counts with twice what is left.

    Args:
        statistics: Of the baseline.
        held: The sums of each of `spans(window)`, this window's included.
        window: Which window since the baseline was made this is, from 1.
        rate: With what probability at most anything is ever beyond its limit, without drift.
        floor: Moves up to this are of no interest.
    """
    if not statistics.names or not held[0].rows:
        return None
    known = [(begun, each) for begun, each in zip(spans(window), held, strict=True) if each.rows]
    begins, rows = np.array([begun for begun, _ in known]), np.array([each.rows for _, each in known])
    moved = np.array([each.sums for _, each in known]) / rows[:, None] - statistics.means
    late, left = _of_late(statistics, held)
    back = np.where(left * moved > 0, np.sign(moved) * np.minimum(np.abs(moved), 2 * np.abs(left)), 0.0)
    moved = np.where((begins < spans(window)[late])[:, None], back, moved)
    chance = [_chance(statistics, each, begun, rate) for begun, each in zip(begins.tolist(), rows, strict=True)]
    limits = np.array(chance) + _certain(statistics, rate, floor)
    span, statistic = divmod(int((np.abs(moved) / limits).argmax()), len(statistics.names))
    value, limit = float(moved[span, statistic]), float(limits[span, statistic])
    return Moved(statistics.names[statistic], value, limit, window - known[span][0] + 1, known[span][1].rows)


def explained(statistics: Followed, rows: Ints, begun: int, rate: float, floor: float) -> Floats:
    """Return how far each statistic can have moved in the span *begun* then that has so many *rows* (at least one).

    As `furthest` has it: by chance, as the baseline is a sample, and by the floor; shape (*rows, statistics).
    """
    return _chance(statistics, rows, begun, rate) + _certain(statistics, rate, floor)


def _chance(statistics: Followed, rows: Ints, begun: int, rate: float) -> Floats:
    return _mixture(statistics, rows[..., None], rate / len(statistics.names) / 2 * _share_of_rate(begun))


def _certain(statistics: Followed, rate: float, floor: float) -> Floats:
    return _uncertainty(statistics, rate / len(statistics.names) / 4) + floor  # both sides together a half


def _uncertainty(statistics: Followed, probability: float) -> Floats:
    """Return how far what the baseline was drawn from can be above, or below, its means; with this *probability* more.

    Source: Wilson (1927): of a rare value a small baseline says less than its own variance has it.
    """
    quantile = normal_quantile(probability)
    least = quantile / (2 * statistics.rows)
    return quantile * (np.sqrt(statistics.variances / statistics.rows + least**2) + least)


def _share_of_rate(begun: int) -> float:
    """Shares of the spans that begin at 1, 2, 4, 8, …: they sum to 1."""
    return 6 / (math.pi * begun.bit_length()) ** 2


def _of_late(statistics: Followed, held: tuple[Sums, ...]) -> tuple[int, Floats]:
    """Return which span is the newest that is a match for the one before, and how far it has moved, 0 where unsure."""
    late = next(
        place
        for place in reversed(range(len(held)))
        if held[place].rows and (not place or held[place].rows * _MATCH >= held[place - 1].rows)
    )
    moved, rows = _deviations(statistics, held[late]), held[late].rows
    return late, np.where(np.abs(moved) > _SURE * np.sqrt(statistics.variances / rows), moved, 0.0)


_MATCH = 4  # so many times its values the span before may have
_SURE = 2.0  # standard deviations


def _deviations(statistics: Followed, sums: Sums) -> Floats:
    return np.array(sums.sums) / sums.rows - statistics.means


def _mixture(statistics: Followed, rows: Ints, level: float) -> Floats:
    """Half the width of the confidence sequence after so many rows; narrowest at as many as the baseline has."""
    loss = 2 * math.log(1 / level)
    tuned = statistics.bounds * statistics.rows / (loss + math.log1p(loss))
    spread = statistics.bounds * rows
    width: Floats = np.sqrt((spread + tuned) * (np.log((spread + tuned) / tuned) + loss)) / rows
    return width
