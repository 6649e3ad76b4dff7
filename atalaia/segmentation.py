"""How segment columns divide a window's rows, and whether too many of them have come to lie outside the segments named.

Only so many values of a column are told apart, the baseline's commonest. A value that was rare or unknown then may be
common now: it is in the rest, whose share of the column's values tells that the segments no longer fit.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from atalaia.baseline import Baseline
from atalaia.checks import check_of
from atalaia.findings import Pair, finding_of, pair_of
from atalaia.monitor_file import CheckRule, Limits
from atalaia.profile import CategoricalGrid, CategoricalSummary, Grid, Profile, Summary
from atalaia.profile.segments import rest_name, segment_name
from atalaia.report import Finding, Rest, SegmentColumn
from atalaia.schema import Column
from atalaia.signals.quality import measure_rest, values_of
from atalaia.wording import percent, shortened

_MOST_NAMED = 3
_LARGE = 0.9  # a rest that is larger in the baseline has no room to grow in that chance would not fill


def segment_columns(baseline: Baseline, current: Profile) -> tuple[SegmentColumn, ...]:
    """Tell how each segment column divides the rows, on both sides of the comparison."""
    return tuple(_segment_column(baseline, current, column) for column in _dividing(baseline))


def _segment_column(baseline: Baseline, current: Profile, column: Column) -> SegmentColumn:
    rest = pair_of(baseline, current, column, rest_name(column.name))
    told_apart = tuple(segment_name(column.name, value) for value in baseline.grids.segments[column.name])
    before, now = (Rest(side.rows, _distinct(rest.grid, side)) for side in (rest.baseline, rest.current))
    return SegmentColumn(column.name, told_apart, rest_name(column.name), before, now)


def rest_findings(rules: tuple[CheckRule, ...], baseline: Baseline, current: Profile) -> Iterator[Finding]:
    """Judge, for each segment column, whether the rest has grown since the baseline; say which values are the most."""
    for column in _dividing(baseline):
        check, whole = check_of("segment_rest", column.name, rules), pair_of(baseline, current, column)
        if check is not None and whole.current.rows:
            rest = pair_of(baseline, current, column, rest_name(column.name))
            before = measure_rest(whole.baseline, rest.baseline).value or 0.0
            check = replace(check, limits=Limits()) if check.relative and before > _LARGE else check
            finding = finding_of(check, measure_rest(whole.current, rest.current), whole, from_baseline=before)
            more = _largest(rest, values_of(whole.current)) if finding.status in ("alert", "warning") else ""
            yield replace(finding, message=finding.message + more)


def _dividing(baseline: Baseline) -> list[Column]:
    return [column for column in baseline.grids.columns if baseline.grids.segments.get(column.name)]


def _distinct(grid: Grid, summary: Summary) -> int:
    grid, summary = _of_categories(grid, summary)
    return round(summary.distinct(grid).estimate())


def _of_categories(grid: Grid, summary: Summary) -> tuple[CategoricalGrid, CategoricalSummary]:
    assert isinstance(grid, CategoricalGrid) and isinstance(summary, CategoricalSummary)  # noqa: S101, PT018  # no others divide rows
    return grid, summary


def _largest(rest: Pair, values: int) -> str:
    """Name the commonest values of the rest in the window, with their shares of all *values*."""
    grid, now = _of_categories(rest.grid, rest.current)
    named = [*zip(grid.categories, now.counts.tolist(), strict=True), *now.unseen.items()]
    named.sort(key=lambda pair: (-pair[1], pair[0]))
    told = [f"{shortened(name)!r} ({percent(count / values)})" for name, count in named[:_MOST_NAMED] if count]
    return f"; among them {', '.join(told)}"
