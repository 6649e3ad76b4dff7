"""A numeric column's distribution, put together again from all that its summary holds.

Known exactly are the count of every cell, the mean of every open cell, the smallest and the largest value, and of up
to `DISTINCT_SIZE` values, an even sample of the distinct ones, how often each occurred. With fewer distinct values than
that everything is exact. Beyond:

- Values on an edge of the grid, and sampled values, have their exact counts.
- The rest of an open cell with few sampled values lies at the one place that gives the cell its exact mean. No rank is
  off by more than that rest's share of all values: a thousandth on a grid that fits.
- The rest of an open cell with many sampled values, such as one beyond the edges of a grid that no longer fits, is
  spread over these as they occurred (`_spread`), and tilted towards the cell's exact mean as far as three standard
  errors of the sample's mean: further would bend the shape to fit a few values far out.
- Where there are more rows than the sample's distinct values account for, a value that many rows share was not sampled.
  What is over lies at the one place that gives the cell its exact mean.

`Reconstruction.rank_error` estimates how far any rank may be off: at 99 % by the inequality of Dvoretzky, Kiefer and
Wolfowitz for the cells with many samples, else the share that lies at one place. What it can't know of is a value that
many rows share but that was not sampled, in so far as it accounts for less than about an eighth of its cell's rows.
"""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct

from atalaia.profile.hashing import floats_of_hashes
from atalaia.profile.numeric import NumericGrid, NumericSummary, in_steps
from atalaia.profile.values import Floats, Ints
from atalaia.profile.weighted import Weighted, cells_of

_FEW = 8  # sampled values in a cell that say nothing of the shape inside it
_HEAVY = 8  # times the average, up to which a value's count says how often others like it occurred
_SIGMAS_TILT, _SIGMAS_HIDDEN = 3.0, 3.0
_DVORETZKY_99 = math.sqrt(math.log(2 / 0.01) / 2)


class Reconstruction(Struct, frozen=True):
    """A distribution, and an estimate of how far a rank in it may be off, as a share 0..1 of the rows."""

    weighted: Weighted
    rank_error: float


def reconstruct(grid: NumericGrid, summary: NumericSummary) -> Reconstruction:
    """Return the distribution of the finite values that were counted into *summary* on *grid*."""
    sampled = Weighted.of(floats_of_hashes(summary.distinct.hashes), summary.distinct.counts)
    if sampled.rows == summary.finite:
        return Reconstruction(sampled, 0.0)
    atoms = Weighted.of(grid.edges, summary.cells[1::2])
    known = _known(grid, summary, sampled)
    rest = _rest(grid, summary, known)
    values = [atoms.values, known.values, rest.values]
    weights = [atoms.weights, known.counts, rest.weights]
    whole = Weighted.of(np.concatenate(values), np.concatenate(weights))
    return Reconstruction(whole, rest.error / summary.finite)


def quantiles(grid: NumericGrid, summary: NumericSummary, count: int = 500) -> Floats:
    """Return a column's own quantiles, whatever grid it was counted on: its compact quantile summary.

    Returns:
        The smallest value, count - 1 values that cut the rows into *count* equal parts, and the largest value; shape
        (count + 1,), or (0,) without finite values. Ranks are as good as `reconstruct` says.
    """
    if not summary.finite:
        return np.empty(0)
    inner = reconstruct(grid, summary).weighted.quantiles(count)
    return np.concatenate(([summary.minimum], inner, [summary.maximum]))


class Parts(Struct, frozen=True):
    """What a summary tells of its open cells: values with exact counts, and of the rest how many rows, and their mean.

    Attributes:
        values, counts: Values in open cells, in rising order, and how often each occurred; shape (values,).
        cells: The place of each value's cell among the open ones; shape (values,).
        rows: Rows of each open cell that `values` does not account for; shape (open cells,).
        means: Their mean, which is exact but for the grid's steps; shape (open cells,).
        low, high: The smallest and the largest value that each open cell can hold; shape (open cells,).
    """

    values: Floats
    counts: Ints
    cells: Ints
    rows: Ints
    means: Floats
    low: Floats
    high: Floats


def parts_of(grid: NumericGrid, summary: NumericSummary) -> Parts:
    """Return what is known of the open cells of a *summary* with finite values, counted on a *grid* with edges."""
    sampled = Weighted.of(floats_of_hashes(summary.distinct.hashes), summary.distinct.counts)
    known = _known(grid, summary, sampled)
    open_cells = summary.cells[::2]
    rows = open_cells - np.bincount(known.cells, known.counts, len(open_cells)).astype(np.int64)
    means, limits = _rest_means(grid, summary, known, rows), _limits(grid, summary)
    return Parts(known.values, known.counts, known.cells, rows, means, *limits)


class _Known(Struct, frozen=True):
    """Values in open cells with exact counts, in rising order; shape (values,) each.

    Attributes:
        values, counts: The values, and how often each occurred; of an extreme that was not sampled, once at least.
        cells: The place of each value's cell among the open ones.
        sampled: Which of them belong to the even sample.
    """

    values: Floats
    counts: Ints
    cells: Ints
    sampled: np.ndarray[tuple[int], np.dtype[np.bool_]]


class _Rest(Struct, frozen=True):
    """What is not known exactly: where it is put, and by how many rows a rank may be off."""

    values: Floats
    weights: Ints
    error: float


def _known(grid: NumericGrid, summary: NumericSummary, sampled: Weighted) -> _Known:
    extremes = np.setdiff1d([summary.minimum, summary.maximum], sampled.values)
    values = np.concatenate((sampled.values, extremes))
    counts = np.concatenate((sampled.weights, np.ones(len(extremes), np.int64)))
    cells = cells_of(grid, values)
    chosen = np.argsort(values, kind="stable")
    chosen = chosen[cells[chosen] % 2 == 0]  # the counts of edges are known without
    return _Known(values[chosen], counts[chosen], cells[chosen] // 2, chosen < len(sampled.values))


def _rest(grid: NumericGrid, summary: NumericSummary, known: _Known) -> _Rest:
    """Put the rows that are not known at their mean place, or where many samples are, after their example."""
    open_cells = summary.cells[::2]
    rows = open_cells - np.bincount(known.cells, known.counts, len(open_cells)).astype(np.int64)
    means = _rest_means(grid, summary, known, rows)
    samples = np.bincount(known.cells[known.sampled], minlength=len(open_cells))
    few = np.flatnonzero((rows > 0) & (samples < _FEW))
    values, weights, error = [means[few]], [rows[few]], float(rows[few].max(initial=0))
    unsampled = summary.distinct.estimate() / len(summary.distinct.hashes) - 1
    for cell in np.flatnonzero((rows > 0) & (samples >= _FEW)).tolist():
        inside = known.sampled & (known.cells == cell)
        spread = _spread(known.values[inside], known.counts[inside], int(rows[cell]), float(means[cell]), unsampled)
        low, high = _limits(grid, summary)
        values.append(np.clip(spread.values, low[cell], high[cell]))
        weights.append(spread.weights)
        error = max(error, spread.error)
    return _Rest(np.concatenate(values), np.concatenate(weights), error)


def _limits(grid: NumericGrid, summary: NumericSummary) -> tuple[Floats, Floats]:
    """Return the smallest and the largest value that each open cell can hold."""
    low = np.concatenate(([-np.inf], np.nextafter(grid.edges, np.inf)))
    high = np.concatenate((np.nextafter(grid.edges, -np.inf), [np.inf]))
    return np.maximum(low, summary.minimum), np.minimum(high, summary.maximum)


def _rest_means(grid: NumericGrid, summary: NumericSummary, known: _Known, rows: Ints) -> Floats:
    """Return the mean of each open cell's rows that are not known, from its exact mean; within the cell's limits."""
    means = _cell_means(grid, summary)
    with np.errstate(over="ignore", invalid="ignore"):
        missing = np.bincount(known.cells, known.counts * (means[known.cells] - known.values), len(means))
        places = means + missing / np.maximum(rows, 1)
    low, high = _limits(grid, summary)
    return np.clip(np.where(np.isnan(places), means, places), low, np.maximum(low, high))


def _cell_means(grid: NumericGrid, summary: NumericSummary) -> Floats:
    counts, ruler = summary.cells[::2], grid.ruler
    means = np.zeros(len(counts))
    share = summary.places(grid) / np.maximum(counts[1:-1], 1)
    if len(counts) > 1:
        means[1:-1] = grid.edges[:-1] * (1 - share) + grid.edges[1:] * share
    for place in (0, -1):
        if counts[place]:
            steps = summary.wide.get(2 * (place % len(counts)), 0)
            means[place] = ruler.centre + in_steps(steps, int(counts[place]), ruler)
    return means


def _spread(values: Floats, counts: Ints, rows: int, mean: float, unsampled: float) -> _Rest:
    """Spread *rows* whose mean is *mean* over sampled values, as often as these occurred.

    Args:
        values: Of a cell's sample, in rising order; shape (samples,).
        counts: How often each occurred.
        rows: How many rows to spread, beside these.
        mean: Of the rows to spread.
        unsampled: For each value that was sampled, how many were not.
    """
    number = unsampled * len(values)  # of distinct values that the rows hold
    typical = np.minimum(counts, _HEAVY * rows / max(number, 1.0))
    expected = number * float(typical.mean())
    noise = math.sqrt((2 + float(typical.var()) / float(typical.mean()) ** 2) / len(values))
    hidden = rows - expected if rows > expected * (1 + _SIGMAS_HIDDEN * noise) else 0.0
    scale = float(np.abs(values).max()) or 1.0
    shares, places, target = typical / typical.sum(), values / scale, mean / scale
    if hidden:
        at = (rows * target - expected * float(shares @ places)) / hidden * scale
        values, shares = np.append(values, at), np.append(shares * (expected / rows), hidden / rows)
    else:
        shares = _tilted(places, shares, target)
    ranks = np.rint(np.cumsum(shares / shares.sum()) * rows).astype(np.int64)
    effective = float(typical.sum()) ** 2 / float(typical @ typical)
    error = (rows - hidden) * min(_DVORETZKY_99 / math.sqrt(effective), 1.0) + hidden
    return _Rest(values, np.diff(ranks, prepend=0), error)


def _tilted(places: Floats, shares: Floats, target: float) -> Floats:
    """Weigh *places* anew, by a factor that is linear in the place, so that their mean comes nearest to *target*.

    The places differ from each other, so they have a variance.
    """
    mean = float(shares @ places)
    variance = float(shares @ (places - mean) ** 2)
    most = min(1 / max(places[-1] - mean, mean - places[0]), _SIGMAS_TILT / math.sqrt(variance * len(places)))
    slope = min(max((target - mean) / variance, -most), most)
    return np.asarray(shares * (1 + slope * (places - mean)), np.float64)
