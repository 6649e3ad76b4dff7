"""Counts on the bins that another tool would cut, as exactly as a profile tells them.

A profile knows every value of a column with few distinct ones, and cells with exact counts and means of any other. A
bin that ends inside a cell cuts it: of the cell's values those that were kept count where they lie, and the rest is
spread evenly around its exact mean. How many rows may be on the wrong side of the cut is known, as the mean leaves only
so much room: `Binned.loose` holds it.
"""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct

from atalaia.profile import NumericGrid, NumericSummary
from atalaia.profile.distinct import Distinct
from atalaia.profile.hashing import floats_of_hashes
from atalaia.profile.reconstruction import Parts, parts_of
from atalaia.profile.values import Floats, Ints
from atalaia.profile.weighted import Weighted, cells_of

_MANY = 8  # kept values in a cell that tell how its rest lies


class Binned(Struct, frozen=True):
    """Rows per bin.

    Attributes:
        counts: The best guess, in whole rows; shape (bins,).
        loose: By how many rows each may be off; shape (bins,).
    """

    counts: Floats
    loose: Floats

    @property
    def exact(self) -> bool:
        """Whether the counts are those that the tool itself would count."""
        return not self.loose.any()


def exactly(counts: Floats | Ints) -> Binned:
    """Return counts that are right."""
    return Binned(counts.astype(np.float64), np.zeros(len(counts)))


def values_of(summary: NumericSummary) -> Weighted | None:
    """Return every finite value with its count, or None where the profile does not know all of them."""
    distinct = summary.distinct
    if len(distinct.hashes) == distinct.size:
        return None
    return Weighted.of(floats_of_hashes(distinct.hashes), distinct.counts)


def by_value(baseline: NumericSummary, current: NumericSummary) -> tuple[Ints, Ints] | None:
    """Return the counts of every value of either side; shape (values,) each; None where not all of them are known."""
    before, now = values_of(baseline), values_of(current)
    if before is None or now is None:
        return None
    values = np.union1d(before.values, now.values)
    counts = np.zeros((2, len(values)), np.int64)
    for row, side in zip(counts, (before, now), strict=True):
        row[np.searchsorted(values, side.values)] = side.weights
    return counts[0], counts[1]


def distinct_of(baseline: NumericSummary, current: NumericSummary) -> tuple[float, bool]:
    """Return how many distinct values both sides hold together, and whether that is no estimate."""
    both = Distinct.merged((baseline.distinct, current.distinct))
    return both.estimate(), len(both.hashes) < both.size


def equal_edges(low: float, high: float, wanted: float, whole: bool = False) -> Floats:
    """Return the edges of bins of equal width between *low* and *high*, as NumPy cuts them; shape (bins + 1,).

    Args:
        low: The smallest value.
        high: The largest.
        wanted: How many bins a rule asks for, not yet rounded up.
        whole: Whether the values are of an integer type, of which no bin is narrower than 1.
    """
    if low == high:
        return np.array([low - 0.5, high + 0.5])
    with np.errstate(over="ignore"):
        width = (high - low) / wanted
    width = max(width, 1.0) if whole else width
    return np.linspace(low, high, max(math.ceil((high - low) / width), 1) + 1)


def sturges(rows: float) -> float:
    """Return how many bins Sturges' rule asks for, not yet rounded up.

    Source: Sturges (1926), "The choice of a class interval".
    """
    return math.log2(rows) + 1


def doane(rows: int, skewness: float) -> float:
    """Return how many bins Doane's rule asks for, not yet rounded up; 1 for up to two rows.

    Source: Doane (1976), "Aesthetic frequency classifications".
    """
    if rows <= 2:
        return 1.0
    spread = math.sqrt(6.0 * (rows - 2) / ((rows + 1.0) * (rows + 3.0)))
    return 1.0 + math.log2(rows) + math.log2(1.0 + abs(skewness) / spread)


def count_bins(grid: NumericGrid, summary: NumericSummary, edges: Floats) -> Binned:
    """Count the finite values of a summary that has some into bins; each holds its lower edge, the last one both.

    Values beyond the outer edges are in no bin.
    """
    known = values_of(summary)
    inside = np.append(edges[:-1], np.nextafter(edges[-1], np.inf))
    if known is not None:
        reached = np.concatenate(([0], np.cumsum(known.weights)))
        return exactly(np.diff(reached[np.searchsorted(known.values, inside, "left")]))
    below = _below(grid, summary, inside)
    cuts, loose = np.array(below).T
    return Binned(np.diff(cuts), loose[1:] + loose[:-1])


def _below(grid: NumericGrid, summary: NumericSummary, cuts: Floats) -> list[tuple[float, float]]:
    """Return for each cut how many values lie below it, and by how much that may be off."""
    parts, places = parts_of(grid, summary), cells_of(grid, cuts)
    found = []
    for cut, place in zip(cuts.tolist(), places.tolist(), strict=True):
        reached = float(summary.reached[place - 1]) if place else 0.0
        inside, loose = (0.0, 0.0) if place % 2 else _part_below(parts, place // 2, cut)
        found.append((reached + inside, loose))
    return found


def _part_below(parts: Parts, cell: int, cut: float) -> tuple[float, float]:
    """Return how many rows of an open cell lie below *cut*, and by how many that may be off."""
    kept = slice(*np.searchsorted(parts.cells, (cell, cell + 1)))
    values, counts = parts.values[kept], parts.counts[kept]
    known, rows = float(counts[values < cut].sum()), int(parts.rows[cell])
    low, mean, high = (float(side[cell]) for side in (parts.low, parts.means, parts.high))
    if not rows or cut <= low:
        return known, 0.0
    if cut > high:
        return known + rows, 0.0
    least, most = _room(rows, mean, (low, high), cut)
    if len(values) >= _MANY:
        guess = rows * known / float(counts.sum())
    else:
        reach = min(mean - low, high - mean) * (1 - 1 / rows)
        guess = rows * (min(max((cut - mean + reach) / (2 * reach), 0.0), 1.0) if reach > 0 else float(mean < cut))
    guess = float(round(min(max(guess, least), most)))
    return known + guess, max(most - guess, guess - least)


_ROUNDING = 1e-9  # of a row: what a mean in whole steps leaves open


def _room(rows: int, mean: float, limits: tuple[float, float], cut: float) -> tuple[float, float]:
    """Return how many of *rows* within *limits* must and can lie below *cut*, for them to have their mean."""
    low, high = limits
    least = rows * (cut - mean) / (cut - low) if cut > low else 0.0
    most = rows * (high - mean) / (high - cut) if high > cut else float(rows)
    least, most = math.ceil(least - _ROUNDING), math.floor(most + _ROUNDING)
    return float(min(max(least, 0), rows)), float(min(max(most, 0), rows))
