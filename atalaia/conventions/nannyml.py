"""NannyML 0.13: its univariate drift methods, and its limits from the reference's own chunks.

Every column is judged by the Jensen-Shannon distance in base 2: numbers on bins by Doane's rule for the reference, with
one more bin for what lies beyond these. The limit is the mean of the distances of the reference's ten chunks (in the
order of its rows) from the whole, plus three of their standard deviations; there is no lower one, so a window nearer to
the reference than all its chunks raises nothing. The limit of Kolmogorov-Smirnov is 1 at most.

A stored baseline keeps no chunks. Then the limit is that which ten chunks of rows in random order would have, found by
drawing such chunks (a fixed seed); a reference that changes over time has a higher one. Where the drawn limits differ
enough for either verdict, there is none.

Defects that are not copied: an own threshold of chi2 is ignored there, and a column without values fails.

Source: `nannyml/drift/univariate/methods.py` and `nannyml/thresholds.py` of nannyml 0.13.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from atalaia.conventions import Judged
from atalaia.conventions.binning import Binned, count_bins, doane, equal_edges, exactly, values_of
from atalaia.conventions.shares import Distance, hellinger, jensen_shannon
from atalaia.conventions.sides import (
    Asked,
    Categories,
    Numbers,
    Rule,
    Sides,
    judged,
    largest_distance,
    plain_wasserstein,
    sides_of,
    unnamed_note,
)
from atalaia.conventions.significance import contingency
from atalaia.profile import Grid, NumericGrid, NumericSummary, Summary
from atalaia.profile.reconstruction import parts_of, reconstruct
from atalaia.profile.values import Floats, Ints
from atalaia.schema import Column
from atalaia.wording import number

NAMES: Mapping[str, str] = {
    "jensen_shannon": "jensen_shannon",
    "hellinger": "hellinger",
    "kolmogorov_smirnov": "kolmogorov_smirnov",
    "wasserstein": "wasserstein",
    "l_infinity": "l_infinity",
    "chi_square": "chi2",
}
"""By our name of each metric, NannyML's."""

CHUNKS = 10
"""Into how many chunks NannyML cuts the reference if nobody says."""

_SIGMAS = 3.0
_SIGNIFICANT = 0.05
_SHUFFLES = 40
_SEED = 20_240_513
_APPROXIMATED = 10_000  # rows of a reference, from which on two methods are approximated


class Limit(Struct, frozen=True):
    """Above what a distance alarms.

    Attributes:
        value: The limit.
        off: How far NannyML's own may lie from it.
        spread: Between what 90 % of all drawn limits lie, if it was drawn.
    """

    value: float
    off: float = 0.0
    spread: tuple[float, float] | None = None


def judge(column: Column, grid: Grid, baseline: Summary, current: Summary, asked: Asked = Asked()) -> Judged:  # noqa: B008  # frozen
    """Judge one column's drift as NannyML does."""
    sides = sides_of(column, grid, baseline, current)
    metric = asked.metric or "jensen_shannon"
    if isinstance(sides, str):
        return Judged(NAMES[metric], None, None, below=False, drifted=None, notes=(sides,))
    if metric == "chi_square":
        return _chi_square(sides, asked)
    found, notes = _measure(metric, sides)
    notes += unnamed_note(sides)
    if found is None:
        return Judged(NAMES[metric], None, asked.threshold, below=False, drifted=None, notes=notes)
    if asked.threshold is not None:
        return judged(Rule(NAMES[metric], asked.threshold), asked, found, notes)
    limit = _of_chunks(metric, column, grid, baseline, asked.chunks) or _drawn(metric, sides)
    if limit is None:
        return Judged(NAMES[metric], found.value, None, below=False, drifted=None, notes=(*notes, _TOO_FEW))
    outcome = judged(Rule(NAMES[metric], limit.value), asked, found, notes)
    doubtful = limit.spread is not None and limit.spread[0] <= found.value <= limit.spread[1]
    drifted = None if doubtful else outcome.drifted
    return replace(outcome, drifted=drifted, notes=(*outcome.notes, _told(found, limit)))


_TOO_FEW = f"the reference has fewer than {CHUNKS} rows, of which NannyML makes no chunks"


def _told(found: Distance, limit: Limit) -> str:
    """Say where the limit comes from, and how well it is known."""
    if limit.spread is not None:
        least, most = map(number, limit.spread)
        return (
            "the baseline keeps no chunks, so the limit is that of ten chunks of rows in random order "
            f"({least} to {most} by chance); a reference that changes has a higher one"
        )
    told = "the limit is the mean and three standard deviations of the reference's own chunks"
    if not limit.off:
        return told
    turned = ", which could turn the verdict" if abs(found.value - limit.value) <= found.off + limit.off else ""
    return f"{told}, and may be off by {number(limit.off)}{turned}"


def _of_chunks(metric: str, column: Column, grid: Grid, baseline: Summary, chunks: tuple[Summary, ...]) -> Limit | None:
    """Return the limit by how far each chunk with values lies from the whole; None without any."""
    all_sides = [sides_of(column, grid, baseline, chunk) for chunk in chunks]
    found = [_measure(metric, sides)[0] for sides in all_sides if not isinstance(sides, str)]
    known = [distance for distance in found if distance is not None]
    if not known:
        return None
    values, offs = (np.array([getattr(distance, name) for distance in known]) for name in ("value", "off"))
    off = float(offs.mean()) + _SIGMAS * math.sqrt(float((offs**2).mean()))
    return Limit(float(_limits(metric, values)), off)


def _limits(metric: str, distances: Floats) -> Floats:
    """Return the limits by how far chunks lie from the whole; shape (…, chunks) to (…)."""
    limits = distances.mean(axis=-1) + _SIGMAS * distances.std(axis=-1)
    return np.asarray(np.minimum(limits, 1.0 if metric == "kolmogorov_smirnov" else np.inf), np.float64)


def _chi_square(sides: Sides, asked: Asked) -> Judged:
    if isinstance(sides, Numbers):
        return Judged("chi2", None, None, below=False, drifted=None, notes=("chi2 is defined for categories only",))
    statistic, p_value = contingency(sides.baseline, sides.current)
    told = f"it alarms by the p-value, {p_value:.3g}, below {_SIGNIFICANT}"
    ignored = ("a threshold of one's own is ignored there, and so it is here",) if asked.threshold is not None else ()
    notes = (told, *ignored, *unnamed_note(sides))
    return Judged("chi2", statistic, None, below=False, drifted=p_value < _SIGNIFICANT, notes=notes)


def _measure(metric: str, sides: Sides) -> tuple[Distance | None, tuple[str, ...]]:
    if metric in _ON_SHARES:
        binned, notes = _binned(sides)
        return _ON_SHARES[metric](*binned), notes
    if metric == "l_infinity" and isinstance(sides, Categories):
        p, q = (side / side.sum() for side in (sides.baseline, sides.current))
        return Distance(float(np.abs(p - q).max())), ()
    if metric in _ON_VALUES and isinstance(sides, Numbers):
        rough = ("NannyML approximates it on 10,000 equal bins",) if sides.rows[0] >= _APPROXIMATED else ()
        return _ON_VALUES[metric](sides), rough
    return None, (f"{NAMES[metric]} is not defined for a column of this kind",)


_ON_SHARES: Mapping[str, Callable[[Binned, Binned], Distance]] = {
    "jensen_shannon": lambda p, q: jensen_shannon(p, q, 2),
    "hellinger": hellinger,
}
_ON_VALUES = {"kolmogorov_smirnov": largest_distance, "wasserstein": plain_wasserstein}


def _binned(sides: Sides) -> tuple[tuple[Binned, Binned], tuple[str, ...]]:
    """Count on the reference's bins, with one more for what lies beyond; or by category, new ones taken together."""
    if isinstance(sides, Categories):
        old = sides.baseline > 0
        new = sides.current[~old].sum()
        return (exactly(np.append(sides.baseline[old], 0)), exactly(np.append(sides.current[old], new))), ()
    before = sides.baseline
    edges, notes = _doane_edges(sides.grid, before)
    p, q = (count_bins(sides.grid, side, edges) for side in (before, sides.current))
    beyond = max(sides.rows[1] - float(q.counts.sum()), 0.0)
    return (_with_bin(p, 0.0), _with_bin(q, beyond)), notes


def _with_bin(side: Binned, rows: float) -> Binned:
    return Binned(np.append(side.counts, rows), np.append(side.loose, 0.0))


def _doane_edges(grid: NumericGrid, summary: NumericSummary) -> tuple[Floats, tuple[str, ...]]:
    """Return the edges of equal bins by Doane's rule, and a note if their number rests on a guess."""
    skewness, off = _skewness(grid, summary)
    wanted = [doane(summary.finite, at) for at in (max(abs(skewness) - off, 0.0), skewness, abs(skewness) + off)]
    bins = sorted({math.ceil(count) for count in wanted})
    notes = (f"its bins are {bins[0]} to {bins[-1]}: the skewness is not known better",) if len(bins) > 1 else ()
    return equal_edges(summary.minimum, summary.maximum, wanted[1]), notes


def edges_of(sides: Numbers) -> list[Floats]:
    """Return the edges of its bins, which are the reference's."""
    return [_doane_edges(sides.grid, sides.baseline)[0]]


def _skewness(grid: NumericGrid, summary: NumericSummary) -> tuple[float, float]:
    """Return the skewness, and by how much that of the rows may differ.

    Of a cell only the mean m of its rest is known. Inside [a, b] its variance is at most v = (m - a)(b - m), and the
    third moment around another point at most 3 v times the distance to m plus v (b - a) larger or smaller.
    """
    mean, deviation = summary.mean(grid) or 0.0, summary.std(grid) or 0.0
    if not deviation:
        return 0.0, 0.0
    known = values_of(summary)
    weighted = reconstruct(grid, summary).weighted if known is None else known
    skewness = float(weighted.weights @ ((weighted.values - mean) / deviation) ** 3) / summary.finite
    if known is not None:
        return skewness, 0.0
    parts = parts_of(grid, summary)
    held = parts.rows > 1
    low, middle, high = ((side[held] - mean) / deviation for side in (parts.low, parts.means, parts.high))
    variance = (middle - low) * (high - middle)
    return skewness, float(parts.rows[held] @ (variance * (3 * np.abs(middle) + high - low))) / summary.finite


def _drawn(metric: str, sides: Sides) -> Limit | None:
    """Draw chunks of rows in random order, and return the mean limit and how far it varies."""
    size = sides.rows[0] // CHUNKS
    if not size:
        return None
    counts, gaps = _population(metric, sides)
    random = np.random.default_rng(_SEED)
    chunks = random.multivariate_hypergeometric(counts, size, (_SHUFFLES, CHUNKS), method="marginals")
    values = _DRAWN[metric](counts / counts.sum(), chunks / size, gaps)
    limits = _limits(metric, values)
    least, most = np.quantile(limits, (0.05, 0.95))
    return Limit(float(limits.mean()), spread=(float(least), float(most)))


def _population(metric: str, sides: Sides) -> tuple[Ints, Floats]:
    """Return the reference's rows by bin or value, and how far each value is from the next."""
    if isinstance(sides, Categories) or metric in _ON_SHARES:
        counts = np.rint(_binned(sides)[0][0].counts).astype(np.int64)
        return counts, np.empty(0)
    weighted = reconstruct(sides.grid, sides.baseline).weighted
    return weighted.weights, np.diff(weighted.values)


def _drawn_jensen_shannon(p: Floats, q: Floats, _gaps: Floats) -> Floats:
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(side > 0, side * np.log2(side / middle), 0.0).sum(axis=-1) for side in (p, q)]
    distances: Floats = np.sqrt(np.maximum(parts[0] + parts[1], 0.0) / 2)
    return distances


def _drawn_area(p: Floats, q: Floats, gaps: Floats) -> Floats:
    apart: Floats = np.abs(np.cumsum(p) - np.cumsum(q, axis=-1))[..., :-1] @ gaps
    return apart


_DRAWN: Mapping[str, Callable[[Floats, Floats, Floats], Floats]] = {
    "jensen_shannon": _drawn_jensen_shannon,
    "hellinger": lambda p, q, _: np.linalg.norm(np.sqrt(p) - np.sqrt(q), axis=-1) / math.sqrt(2),
    "l_infinity": lambda p, q, _: np.abs(p - q).max(axis=-1),
    "kolmogorov_smirnov": lambda p, q, _: np.abs(np.cumsum(p) - np.cumsum(q, axis=-1)).max(axis=-1),
    "wasserstein": _drawn_area,
}
"""Distances of many chunks: of shares by bin or value, shape (shuffles, chunks, places), to (shuffles, chunks)."""
