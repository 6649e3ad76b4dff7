"""A baseline from the profile of windows, whose rows are gone.

Exact are: rows, missing values and all other counts, minimum, maximum, the sample of distinct values, the counts of
named categories, and mean and standard deviation (to one step of the new grid's ruler). What is not exact is where
between two old edges values lie: each numeric column's distribution is put together again from all that its summary
holds (`atalaia.profile.reconstruction`), new edges are cut from that by the rule that cuts them from rows, and the new
profile counts it. `Baseline.loss` states how far ranks may be off, and of categories the share without a name.

Segments are those that the old baseline told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
from msgspec.structs import replace

from atalaia.baseline import Baseline, baseline_of
from atalaia.profile import (
    CategoricalGrid,
    CategoricalSummary,
    Grid,
    NumericGrid,
    NumericSummary,
    Profile,
    Summary,
    TextGrid,
    TextSummary,
)
from atalaia.profile.categorical import CAP
from atalaia.profile.minutes import Minutes
from atalaia.profile.reconstruction import reconstruct
from atalaia.profile.weighted import count_weighted, grid_of_weighted
from atalaia.wording import shortened


def promoted(old: Baseline, profile: Profile, origin: str) -> Baseline:
    """Return the baseline of the rows behind *profile*, which was counted on the *old* baseline's grids.

    Args:
        old: Its columns and its segments are kept.
        profile: Of one or several windows, merged; it must hold rows.
        origin: What it is the profile of, in words.
    """
    totals = {name: profile.columns.get(("", name)) for name in old.grids.grids}
    grids = {name: _new_grid(grid, totals[name]) for name, grid in old.grids.grids.items()}
    recounted = recount(profile, old.grids.grids, grids)
    found = replace(recounted, baseline="", late=0, times={}, minutes=Minutes.empty())
    losses = {name: loss_of(old.grids.grids[name], summary) for name, summary in totals.items() if summary is not None}
    notes = [origin, *_unnamed(profile.columns, losses)]
    kept = {name: loss for name, loss in losses.items() if loss}
    return baseline_of(replace(old.grids, grids=grids), found, "; ".join(notes), kept)


def recount(profile: Profile, old: Mapping[str, Grid], new: Mapping[str, Grid]) -> Profile:
    """Return a *profile* that was counted on the *old* grids as one on the *new*, as nearly as it can be known."""
    columns = {
        (segment, name): _recounted(old[name], new[name], summary)
        for (segment, name), summary in profile.columns.items()
    }
    return replace(profile, columns=columns)


def _unnamed(columns: Mapping[tuple[str, str], Summary], losses: Mapping[str, float]) -> list[str]:
    categorical = [n for n, loss in losses.items() if loss and isinstance(columns["", n], CategoricalSummary)]
    return [f"not all values of {', '.join(map(shortened, categorical))} have a name"] if categorical else []


def _new_grid(grid: Grid, summary: Summary | None) -> Grid:
    match grid, summary:
        case NumericGrid(), NumericSummary() if summary.finite:
            return grid_of_weighted(reconstruct(grid, summary).weighted, summary.minimum, summary.maximum)
        case CategoricalGrid(), CategoricalSummary():
            return CategoricalGrid(tuple(sorted(named := _named(grid, summary), key=lambda n: (-named[n], n)))[:CAP])
        case TextGrid(), TextSummary():
            lengths = _new_grid(grid.lengths, summary.lengths)
            return TextGrid(lengths if isinstance(lengths, NumericGrid) else grid.lengths)
        case CategoricalGrid(), _:
            return CategoricalGrid(())
        case TextGrid(), _:
            return TextGrid(NumericGrid(np.empty(0)))
        case _:
            return NumericGrid(np.empty(0))


def loss_of(grid: Grid, summary: Summary) -> float:
    """Return how far ranks may be off, of categories the share without a name, if what is counted is counted anew."""
    match grid, summary:
        case NumericGrid(), NumericSummary() if summary.finite:
            return reconstruct(grid, summary).rank_error
        case TextGrid(), TextSummary():
            return loss_of(grid.lengths, summary.lengths)
        case CategoricalGrid(), CategoricalSummary() if summary.valid:
            return (summary.unseen_rows - sum(summary.unseen.values())) / summary.valid
        case _:
            return 0.0


def _recounted(old: Grid, new: Grid, summary: Summary) -> Summary:
    match old, new, summary:
        case NumericGrid(), NumericGrid(), NumericSummary():
            return _renumbered(old, new, summary)
        case TextGrid(), TextGrid(), TextSummary():
            return replace(summary, lengths=_renumbered(old.lengths, new.lengths, summary.lengths))
        case CategoricalGrid(), CategoricalGrid(), CategoricalSummary():
            return _renamed(old, new, summary)
        case _:
            msg = "a column's grid and its summary are of different kinds"
            raise TypeError(msg)


def _renumbered(old: NumericGrid, new: NumericGrid, summary: NumericSummary) -> NumericSummary:
    found = reconstruct(old, summary) if summary.finite else None
    counted = NumericSummary.empty(new) if found is None else count_weighted(new, found.weighted)
    if found is not None and found.rank_error:  # else the values themselves are known, and their sums are exact
        total, squares = _moments(old, new, summary)
        counted = replace(counted, total=total, squares=squares)
    taken = {name: getattr(counted, name) for name in ("cells", "inner", "wide", "total", "squares")}
    return replace(summary, **taken)


def _moments(old: NumericGrid, new: NumericGrid, summary: NumericSummary) -> tuple[int, int]:
    """Express the sums of steps and of their squares in steps of the new grid, from its centre: rounded once."""
    n = summary.finite
    step, ratio = Fraction(2) ** new.ruler.exponent, Fraction(2) ** (old.ruler.exponent - new.ruler.exponent)
    shift = (Fraction(old.ruler.centre) - Fraction(new.ruler.centre)) / step
    total = round(n * shift + summary.total * ratio)
    squares = round(summary.squares * ratio**2 + 2 * summary.total * ratio * shift + n * shift**2)
    return total, max(squares, -(-(total**2) // n))  # the rounding of the two must not make a negative variance


def _named(grid: CategoricalGrid, summary: CategoricalSummary) -> dict[str, int]:
    known = zip(grid.categories, summary.counts.tolist(), strict=True)
    return {name: count for name, count in (*known, *summary.unseen.items()) if count}


def _renamed(old: CategoricalGrid, new: CategoricalGrid, summary: CategoricalSummary) -> CategoricalSummary:
    named = _named(old, summary)
    counts = np.array([named.pop(name, 0) for name in new.categories], np.int64)
    all_are_named = sum(summary.unseen.values()) == summary.unseen_rows
    return replace(
        summary,
        counts=counts,
        unseen_rows=summary.valid - int(counts.sum()),
        unseen=dict(sorted(named.items())) if all_are_named else {},
    )
