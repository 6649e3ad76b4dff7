"""The bars of a column's picture, read off the profile: no count is interpolated."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from msgspec.structs import replace

from atalaia.profile import (
    CategoricalGrid,
    CategoricalSummary,
    Grid,
    NumericGrid,
    NumericSummary,
    Summary,
    TextGrid,
    TextSummary,
)
from atalaia.profile.kept import kept
from atalaia.profile.values import Floats, Ints
from atalaia.profile.weighted import cells_of
from atalaia.report import Bars
from atalaia.signals.drift import bin_counts, category_counts
from atalaia.wording import number

_BARS = 20
_CATEGORIES = 12
_TAIL = 0.005
_DENORMAL = float(np.finfo(np.float64).tiny)  # what lies just below 0 is drawn as 0


def bars_of(grid: Grid, baseline: Summary, current: Summary) -> Bars:
    """Return about twenty bars for numbers and lengths, and up to twelve for categories with one for all the rest."""
    match grid, baseline, current:
        case NumericGrid(), NumericSummary(), NumericSummary():
            return _numeric_bars(grid, baseline, current)
        case CategoricalGrid(), CategoricalSummary(), CategoricalSummary():
            return _categorical_bars(grid, baseline, current)
        case TextGrid(), TextSummary(), TextSummary():
            return _numeric_bars(grid.lengths, baseline.lengths, current.lengths)
        case _:
            msg = "baseline and current are of different kinds"
            raise TypeError(msg)


def _numeric_bars(grid: NumericGrid, baseline: NumericSummary, current: NumericSummary) -> Bars:
    before, cuts = kept(baseline, _bars_before, grid)
    return replace(before, current=_shares(bin_counts(current, cuts)))


def _bars_before(baseline: NumericSummary, grid: NumericGrid) -> tuple[Bars, Ints]:
    """Return the bars without a window, and the cells that they end with."""
    edges = _bar_edges(grid.edges, baseline)
    cuts = cells_of(grid, edges)  # each bar ends behind the atom of its upper edge
    shares = _shares(bin_counts(baseline, cuts))
    return Bars(tuple(_intervals(edges)), tuple(edges.tolist()), shares, ()), cuts


def _bar_edges(edges: Floats, baseline: NumericSummary) -> Floats:
    """Choose among the grid's *edges* those nearest to even steps over all but the baseline's outermost values."""
    if len(edges) <= _BARS:
        return np.concatenate((np.nextafter(edges[:1], -np.inf), edges))
    reached = baseline.reached[1::2] / max(baseline.finite, 1)
    ends = np.minimum(np.searchsorted(reached, (_TAIL, 1 - _TAIL)), len(edges) - 1)
    low, high = edges[ends]
    wanted = np.linspace(low, high, _BARS - 1)
    right = np.minimum(np.maximum(np.searchsorted(edges, wanted), 1), len(edges) - 1)
    nearest = np.where(wanted - edges[right - 1] < edges[right] - wanted, right - 1, right)
    chosen: Floats = edges[nearest[np.diff(nearest, prepend=-1) > 0]]
    return chosen


def _intervals(edges: Floats) -> Iterator[str]:
    words = [number(edge) if abs(edge) > _DENORMAL else "0" for edge in edges.tolist()]
    if not words:
        yield "all"
        return
    yield f"< {words[0]}" if words[:1] == words[1:2] else f"≤ {words[0]}"
    for low, high in pairwise(words):
        yield high if low == high else f"{low} … {high}"
    yield f"> {words[-1]}"


def _shares(counts: Ints) -> tuple[float, ...]:
    return tuple((counts / max(int(counts.sum()), 1)).tolist())


def _categorical_bars(grid: CategoricalGrid, baseline: CategoricalSummary, current: CategoricalSummary) -> Bars:
    names, before, now = category_counts(grid, baseline, current)
    larger = np.maximum(before, now * _scale(before, now)).tolist()
    order = sorted(range(len(names) - 1), key=lambda i: (-larger[i], names[i]))
    shown = sorted(i for i in order[:_CATEGORIES] if before[i] or now[i])
    labels = [names[i] if before[i] else f"{names[i]} (new)" for i in shown]
    picked = [np.append(side[shown], side.sum() - side[shown].sum()).astype(np.int64) for side in (before, now)]
    if not picked[0][-1] and not picked[1][-1]:
        picked = [side[:-1] for side in picked]
    else:
        labels.append("all others")
    return Bars(tuple(labels), (), _shares(picked[0]), _shares(picked[1]))


def _scale(before: Ints, now: Ints) -> float:
    return float(before.sum() / max(int(now.sum()), 1)) or 1.0
