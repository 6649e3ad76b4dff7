"""What became of the relations between columns, measured and in words: the findings of multivariate drift."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from atalaia.profile.cross import CrossGrid, CrossMoments
from atalaia.profile.values import Ints
from atalaia.signals.multivariate import CorrelationChange, correlation_change, reconstruction_error
from atalaia.signals.quality import Measured
from atalaia.wording import number, percent, plural

_MANY_IMPUTED, _MANY_CLIPPED = 0.05, 0.001  # shares of the rows, from which on a reader should know
_DIGITS = 9  # principal components differ in their last digits from machine to machine


class Related(Struct, frozen=True):
    """One metric of the columns together: what was measured, and what a reader should know beside it."""

    metric: str
    measured: Measured
    detail: str


def measure_relations(grid: CrossGrid, baseline: CrossMoments, current: CrossMoments) -> Iterator[Related]:
    """Measure a window's multivariate drift."""
    rows = min(baseline.rows, current.rows)
    filled = _filled(grid, baseline, current)
    change = correlation_change(grid, baseline, current)
    yield Related("correlation_change", Measured(change.root_mean_square, rows), _largest(change) + filled)
    error = reconstruction_error(baseline, current)
    if error is None or error.change is None:
        told = "; the baseline's components tell all of it" if error is not None else ""
        yield Related("reconstruction_error", Measured(None, rows), told + filled)
        return
    told = f"; the error went from {number(error.baseline)} to {number(error.current)} standard deviations"
    measured = Measured(round(abs(error.change), _DIGITS), rows)
    yield Related("reconstruction_error", measured, told + filled)


def _largest(change: CorrelationChange) -> str:
    """Name the pair whose correlation changed most, and say how many pairs have none."""
    told = ""
    if change.pair is not None:
        one, other = change.pair
        told = f"; most of all that of {one} and {other}, from {number(change.before)} to {number(change.now)}"
        told += f"; chance alone makes about {number(change.by_chance)}"
    if change.undefined:
        pairs = plural(change.undefined, "pair")
        told += (
            f"; {pairs} of {change.pairs + change.undefined:,} left out, because a column is constant or has no rows"
        )
    return told


def _filled(grid: CrossGrid, baseline: CrossMoments, current: CrossMoments) -> str:
    """Say where many values are not the rows' own: none was there, or it lay too far out."""
    told = ""
    for side, moments in (("", current), (" of the baseline", baseline)):
        told += _worst(
            grid, moments.imputed, moments.rows, _MANY_IMPUTED, f"rows{side} hold no number and count as the mean"
        )
        told += _worst(
            grid, moments.clipped, moments.rows, _MANY_CLIPPED, f"rows{side} lie too far out and count as nearer"
        )
    return told


def _worst(grid: CrossGrid, counts: Ints, rows: int, many: float, what: str) -> str:
    worst = int(counts.argmax())
    share = int(counts[worst]) / rows if rows else 0.0
    more = int((counts > many * rows).sum()) - 1
    others = f", and many in {plural(more, 'other column')}" if more > 0 else ""
    return f"; in {grid.columns[worst]} {percent(share)} of the {what}{others}" if share > many else ""
