"""Evaluate a window: measure its merged profile against the baseline, judge, and put the findings together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from atalaia.baseline import Baseline
from atalaia.checks import (
    METRICS,
    ROWS_PER_CATEGORY,
    Check,
    Verdict,
    check_of,
    drift_checks,
    judge,
    signal_of,
)
from atalaia.monitor_file import CheckRule, Limits, Monitor
from atalaia.outgrown import outgrown
from atalaia.pictures import bars_of
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
    empty_summary,
)
from atalaia.profile.cross import CrossMoments
from atalaia.profile.distinct import Distinct
from atalaia.profile.segments import segment_column
from atalaia.relations import measure_relations
from atalaia.report import MOST_INPUTS, SCHEMA, BaselineRef, ColumnReport, Finding, Input, Report, digest_of
from atalaia.report import Summary as ColumnSummary
from atalaia.schema import Column, Role, profiled
from atalaia.signals.drift import Measures, category_counts, measure_categorical, measure_numeric
from atalaia.signals.quality import (
    Measured,
    is_constant,
    measure_columns_present,
    measure_patterns,
    measure_quality,
    measure_stability,
    measure_window,
    share,
    values_of,
)
from atalaia.signals.resolution import measure_resolution
from atalaia.window import Window, iso
from atalaia.wording import STATUSES, by_reason, number, percent, worst
from atalaia.wording import measured as in_words


@dataclass(frozen=True, slots=True)
class Occasion:
    """Which evaluation of which window this is, and what went into it."""

    window: Window
    revision: int
    final: bool
    inputs: tuple[Input, ...]
    baseline: BaselineRef
    definition: str


def evaluate(monitor: Monitor, baseline: Baseline, current: Profile, occasion: Occasion) -> Report:
    """Measure and judge the window's profile; the same arguments give the same report."""
    columns = list(_column_reports(monitor, baseline, current, occasion.window))
    of_columns = [finding for _, findings in columns for finding in findings]
    left_out = sum(not item.used for item in occasion.inputs)
    findings = [*_window_findings(monitor, current, left_out), *_relations(monitor, baseline, current), *of_columns]
    return Report(
        schema=SCHEMA,
        monitor=monitor.name,
        model=monitor.model.name,
        model_version=monitor.model.version,
        start=iso(occasion.window.start),
        end=iso(occasion.window.end),
        revision=occasion.revision,
        final=occasion.final,
        status=worst([finding.status for finding in findings], default="undecided"),
        rows=current.rows,
        captured=dict(current.captured),
        rejected=dict(current.rejected),
        late=current.late,
        times=dict(current.times),
        findings=tuple(sorted(findings, key=_urgency)),
        columns=tuple(column for column, _ in columns),
        logs=len(occasion.inputs),
        inputs=occasion.inputs[:MOST_INPUTS],
        inputs_digest=digest_of(occasion.inputs),
        baseline=occasion.baseline,
        definition=occasion.definition,
    )


def _urgency(finding: Finding) -> tuple[int, str, str, str, str]:
    place = (finding.signal, finding.column or "", finding.segment or "", finding.metric)
    return STATUSES.index(finding.status), *place


def _window_findings(monitor: Monitor, current: Profile, left_out: int) -> Iterator[Finding]:
    for check, measured in _window_checks(monitor, current, left_out):
        if check is not None:
            finding = _finding(check, measured)
            detail = _by_reason(current) if check.metric == "rejected" else ""
            yield msgspec.structs.replace(finding, message=finding.message + detail)


def _relations(monitor: Monitor, baseline: Baseline, current: Profile) -> Iterator[Finding]:
    """Judge what became of the relations between columns, if they are watched."""
    grid, before = baseline.grids.cross, baseline.profile.cross
    if grid is None or before is None or not current.rows:
        return
    for related in measure_relations(grid, before, current.cross or CrossMoments.empty(grid)):
        check = check_of(related.metric, None, monitor.checks)
        if check is not None:
            finding = _finding(check, related.measured)
            yield msgspec.structs.replace(finding, message=finding.message + related.detail)


def _window_checks(monitor: Monitor, current: Profile, left_out: int) -> Iterator[tuple[Check | None, Measured]]:
    if left_out:
        yield check_of("other_baseline", None, monitor.checks), Measured(float(left_out), left_out)
    for metric, measured in measure_window(current).items():
        if METRICS[metric].below or measured.rows:
            yield check_of(metric, None, monitor.checks), measured
    if any(column.role is Role.TIME for column in monitor.columns) and current.rows:
        undated = share(current.rows - current.times.get("event", 0), current.rows)
        yield check_of("undated", None, monitor.checks), undated
    known = {column.name: column for column in monitor.columns if column.role is not Role.IGNORED}
    for name, measured in measure_columns_present(known, current).items():
        yield check_of("missing_column", name, monitor.checks), measured
    for name, rows in current.extra.items():
        yield check_of("extra_column", name, monitor.checks), share(rows, current.rows)


def _by_reason(current: Profile) -> str:
    reasons = by_reason(current.rejected)
    return f" ({reasons})" if reasons else ""


def _column_reports(
    monitor: Monitor, baseline: Baseline, current: Profile, window: Window
) -> Iterator[tuple[ColumnReport, list[Finding]]]:
    told_apart = {segment for segment, _ in (*baseline.profile.columns, *current.columns)}
    segments = sorted(s for s in told_apart if not s or segment_column(s) in baseline.grids.segments)
    for column in profiled(monitor.columns):
        for segment in segments:
            if segment_column(segment) != column.name:  # a segment's own column is the same in all its rows
                yield column_report(monitor.checks, pair_of(baseline, current, column, segment), window)


@dataclass(frozen=True, slots=True)
class Pair:
    """One column of one segment (None for all rows), on both sides of the comparison."""

    column: Column
    segment: str | None
    grid: Grid
    baseline: Summary
    current: Summary


def pair_of(baseline: Baseline, current: Profile, column: Column, segment: str = "") -> Pair:
    """Return both sides of a column; a side that has no such segment is empty."""
    grid, key = baseline.grids.grids[column.name], (segment, column.name)
    before = baseline.profile.columns.get(key) or empty_summary(grid)
    now = current.columns.get(key) or empty_summary(grid)
    return Pair(column, segment or None, grid, before, now)


def column_report(
    rules: tuple[CheckRule, ...], pair: Pair, window: Window | None = None
) -> tuple[ColumnReport, list[Finding]]:
    """Measure and judge one column of a window, or of no window; within a segment only drift is judged."""
    measures = _measure_drift(pair)
    findings = list(_drift_findings(rules, pair, measures))
    if pair.segment is None:
        findings += [*_soundness_findings(rules, pair), *_pattern_findings(rules, pair)]
        findings += _resolution_findings(rules, pair, window)
    report = ColumnReport(
        column=pair.column.name,
        segment=pair.segment,
        kind=pair.column.effective_kind.value,
        role=pair.column.role.value,
        status=worst([finding.status for finding in findings], default="undecided"),
        metrics=measures.metrics,
        bounds=measures.bounds,
        p_values=measures.p_values,
        baseline=_summary(pair.grid, pair.baseline),
        current=_summary(pair.grid, pair.current),
        bars=bars_of(pair.grid, pair.baseline, pair.current),
    )
    return report, findings


def _measure_drift(pair: Pair) -> Measures:
    match pair.grid, pair.baseline, pair.current:
        case NumericGrid() as grid, NumericSummary() as before, NumericSummary() as now:
            return measure_numeric(grid, before, now)
        case CategoricalGrid() as grid, CategoricalSummary() as before, CategoricalSummary() as now:
            return measure_categorical(grid, before, now)
        case TextGrid() as grid, TextSummary() as before, TextSummary() as now:
            return measure_numeric(grid.lengths, before.lengths, now.lengths)
        case _:
            msg = f"column {pair.column.name}: its profiles are of different kinds"
            raise TypeError(msg)


def _summary(grid: Grid, summary: Summary) -> ColumnSummary:
    missing = summary.missing / summary.rows if summary.rows else None
    if isinstance(grid, TextGrid) and isinstance(summary, TextSummary):
        return msgspec.structs.replace(_summary(grid.lengths, summary.lengths), distinct=None)
    values = values_of(summary)
    distinct = min(_distinct(grid, summary).estimate(), float(values)) if values else None
    if not isinstance(grid, NumericGrid) or not isinstance(summary, NumericSummary) or not summary.finite:
        return ColumnSummary(summary.rows, missing, distinct)
    mean, std = summary.mean(grid), summary.std(grid)
    return ColumnSummary(summary.rows, missing, distinct, mean, std, summary.minimum, summary.maximum)


def _distinct(grid: Grid, summary: Summary) -> Distinct:
    if isinstance(summary, CategoricalSummary) and isinstance(grid, CategoricalGrid):
        return summary.distinct(grid)
    return summary.distinct if isinstance(summary, NumericSummary) else Distinct.empty(1)


def _drift_findings(rules: tuple[CheckRule, ...], pair: Pair, measures: Measures) -> Iterator[Finding]:
    rows = min(values_of(pair.baseline), values_of(pair.current))
    categories = int((pair.baseline.counts > 0).sum()) if isinstance(pair.baseline, CategoricalSummary) else 0
    for check in drift_checks(pair.column, rules):
        default = check.min_rows == METRICS[check.metric].min_rows  # a number of the monitor file's own holds as it is
        measured = Measured(measures.metrics[check.metric], rows)
        yield _finding(check, measured, pair, needed=ROWS_PER_CATEGORY * categories if default else 0)


def _soundness_findings(rules: tuple[CheckRule, ...], pair: Pair) -> Iterator[Finding]:
    if not pair.current.rows:
        return
    before = measure_quality(pair.column, pair.baseline) | measure_stability(pair.column, pair.baseline)
    now = measure_quality(pair.column, pair.current) | measure_stability(pair.column, pair.current)
    for metric, measured in now.items():
        check = check_of(metric, pair.column.name, rules)
        if metric == "constant" and is_constant(pair.baseline):
            continue
        if metric == "missing" and not pair.column.nullable:
            check = _never(check)
        if check is not None:
            held = values_of(pair.baseline) or metric != "missing"  # a baseline without a value is no measure of this
            yield _finding(check, measured, pair, from_baseline=(before[metric].value or 0.0) if held else 0.0)


def _pattern_findings(rules: tuple[CheckRule, ...], pair: Pair) -> Iterator[Finding]:
    """Judge each of the column's patterns by a finding of its own, which has the pattern's name in its metric's."""
    check = check_of("pattern_share", pair.column.name, rules)
    match pair.baseline, pair.current:
        case TextSummary() as before, TextSummary() as now if check is not None and now.rows:
            for name, measured in measure_patterns(pair.column, before, now).items():
                finding = _finding(check, measured, pair)
                shares = [share(side.found.get(name, 0), side.valid).value for side in (before, now)]
                moved = f"went from {percent(shares[0])} to {percent(shares[1])}" if measured.rows else "is the pattern"
                told = f"{finding.message}; {name!r} {moved}"
                yield msgspec.structs.replace(finding, metric=f"{check.metric}[{name}]", message=told)


def _resolution_findings(rules: tuple[CheckRule, ...], pair: Pair, window: Window | None) -> Iterator[Finding]:
    match pair.grid, pair.baseline, pair.current:
        case NumericGrid() as grid, NumericSummary() as before, NumericSummary() as now:
            for metric, measured in measure_resolution(grid, before, now).items():
                check = check_of(metric, pair.column.name, rules)
                if check is not None:
                    finding = _finding(check, measured, pair)
                    more = outgrown(grid, before, now, window) if finding.status in ("alert", "warning") else ""
                    yield msgspec.structs.replace(finding, message=finding.message + more)


def _never(check: Check | None) -> Check | None:
    """A column that is not nullable may not miss a single value, unless the monitor file gives a limit of its own."""
    if check is None or not check.relative:
        return check
    min_rows = 1 if check.min_rows == METRICS["missing"].min_rows else check.min_rows
    return replace(check, limits=Limits(alert=0.0), min_rows=min_rows, relative=False)


def _finding(
    check: Check, measured: Measured, pair: Pair | None = None, from_baseline: float = 0.0, needed: int = 0
) -> Finding:
    verdict = judge(check, measured.value, measured.rows, from_baseline, needed)
    drifted = METRICS[check.metric].family == "drift" and verdict.status in ("alert", "warning")
    moved = story(pair) if pair is not None and drifted else ""
    return Finding(
        signal=signal_of(check.metric, pair.column if pair is not None else None),
        metric=check.metric,
        column=check.column,
        segment=pair.segment if pair is not None else None,
        value=measured.value,
        threshold=verdict.threshold,
        status=verdict.status,
        message=_where(check, pair) + explain(check, measured, verdict, from_baseline, needed) + moved,
    )


def explain(check: Check, measured: Measured, verdict: Verdict, from_baseline: float = 0.0, needed: int = 0) -> str:
    """Say in words what was measured and how it was judged, without naming where."""
    metric = METRICS[check.metric]
    if measured.value is None:
        return f"{metric.meaning} could not be measured: there are no values for it"
    if check.metric in _PLAIN and verdict.status != "undecided":
        return _PLAIN[check.metric][measured.value > 0]
    value = in_words(check.metric, measured.value)
    if metric.relative and from_baseline:
        value += f" (baseline {in_words(check.metric, from_baseline)})"
    if verdict.status == "undecided":
        least = max(check.min_rows, needed)
        return f"{metric.meaning} is {value}, but {measured.rows:,} rows are too few to judge: it takes {least:,}"
    if verdict.threshold is None:
        return f"{metric.meaning} is {value}; it has no limit"
    limit = in_words(check.metric, verdict.threshold)
    return f"{metric.meaning} is {value}, {_SIDES[metric.below, verdict.status == 'ok']} {limit}"


_PLAIN = {
    "missing_column": ("the column is there", "the column is gone from every row"),
    "constant": ("it takes more than one value", "it took a single value in every row"),
}


def _where(check: Check, pair: Pair | None) -> str:
    if check.column is None:
        return ""
    if pair is None:
        return f"{check.column}: "
    of_lengths = METRICS[check.metric].family == "drift" and isinstance(pair.grid, TextGrid)
    segment = f" in {pair.segment}" if pair.segment is not None else ""
    return f"{'length of ' if of_lengths else ''}{check.column}{segment}: "


def story(pair: Pair) -> str:
    """Say what moved most: the mean of numbers (or their one value), that of lengths, or the share of a category."""
    match pair.grid, pair.baseline, pair.current:
        case NumericGrid() as grid, NumericSummary() as before, NumericSummary() as now:
            if is_constant(before) and is_constant(now):
                return f"; its value went from {number(before.minimum)} to {number(now.minimum)}"
            means = [summary.mean(grid) for summary in (before, now)]
            return "" if None in means else f"; its mean went from {number(means[0])} to {number(means[1])}"
        case TextGrid() as grid, TextSummary() as before, TextSummary() as now:
            lengths = replace(pair, grid=grid.lengths, baseline=before.lengths, current=now.lengths)
            told = story(lengths)
            return told and f"{told} characters"
        case CategoricalGrid() as grid, CategoricalSummary() as before, CategoricalSummary() as now if now.valid:
            names, *counts = category_counts(grid, before, now)
            p, q = (side / max(int(side.sum()), 1) for side in counts)
            most = int(np.abs(p - q)[:-1].argmax()) if len(names) > 1 else 0  # the last one has no name
            return f"; {names[most]!r} went from {percent(float(p[most]))} to {percent(float(q[most]))}"
        case _:
            return ""


_SIDES = {
    (False, True): "not above the limit of",
    (False, False): "above the limit of",
    (True, True): "not below the limit of",
    (True, False): "below the limit of",
}
