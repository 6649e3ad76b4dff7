"""Evaluate a window: measure its merged profile against the baseline, judge, and put the findings together."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from atalaia.baseline import Baseline
from atalaia.checks import METRICS, Check, check_of
from atalaia.constraints import constraint_findings
from atalaia.conventions.asking import under_convention
from atalaia.drifting import Drift, OverTime, drift_of, over_time_of
from atalaia.findings import Pair, finding_of, pair_of
from atalaia.judging import Promise
from atalaia.judging_history import by_history, count_by_history, with_history_for
from atalaia.monitor_file import CheckRule, Limits, Monitor
from atalaia.outgrown import outgrown
from atalaia.performance import performance_of
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
from atalaia.profile.cross import CrossMoments
from atalaia.profile.distinct import Distinct
from atalaia.profile.kept import kept
from atalaia.profile.minutes import MINUTE
from atalaia.profile.segments import segment_column
from atalaia.relations import measure_relations
from atalaia.report import (
    MOST_INPUTS,
    SCHEMA,
    BaselineRef,
    ColumnReport,
    Evidence,
    Finding,
    Gathering,
    Input,
    Report,
    Trail,
    digest_of,
)
from atalaia.report import Summary as ColumnSummary
from atalaia.schema import Column, Role, profiled
from atalaia.segmentation import rest_findings, segment_columns
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
from atalaia.versions import change_findings, model_versions, version_segments
from atalaia.window import Window, iso
from atalaia.wording import STATUSES, by_reason, percent, worst


class Occasion(Struct, frozen=True):
    """Which evaluation of which window this is, and what went into it.

    Attributes:
        window: The window.
        final: Whether its lateness has passed.
        inputs: The log objects.
        baseline: What is compared against.
        definition: Key of the monitor file.
        before: What the window before carried on, `after` being its report's key; None without one on this baseline.
        gathering: That a new baseline is being made, if one is.
    """

    window: Window
    final: bool
    inputs: tuple[Input, ...]
    baseline: BaselineRef
    definition: str
    before: Trail | None = None
    gathering: Gathering | None = None


def evaluate(monitor: Monitor, baseline: Baseline, current: Profile, occasion: Occasion) -> Report:
    """Measure and judge the window's profile; the same arguments give the same report."""
    monitor = replace(monitor, checks=under_convention(monitor.checks, monitor.convention))
    baseline = with_history_for(baseline, occasion.window)
    pairs = pairs_of(monitor.columns, baseline, current)
    window, before = occasion.window, occasion.before
    promise = Promise(monitor.alarm_rate, window.end - window.start, occasion.final)
    drift = drift_of(monitor.checks, pairs, promise)
    columns = [
        _column(monitor.checks, *each, baseline, current, occasion.window) for each in zip(pairs, drift, strict=True)
    ]
    over_time = over_time_of(monitor.checks, pairs, drift, before, promise) if current.rows else OverTime(before, ())
    left_out = sum(not item.used for item in occasion.inputs)
    versions = model_versions(baseline.grids, current, occasion.inputs)
    findings = [
        *change_findings(monitor.checks, versions, occasion.gathering),
        *_window_findings(monitor, baseline, current, left_out, final=occasion.final),
        *_relations(monitor, baseline, current),
        *(finding for _, findings in columns for finding in findings),
        *over_time.findings,
        *rest_findings(monitor.checks, baseline, current),
        *constraint_findings(baseline, current),
    ]
    return Report(
        schema=SCHEMA,
        monitor=monitor.name,
        model=monitor.model.name,
        model_version=monitor.model.version,
        start=iso(occasion.window.start),
        end=iso(occasion.window.end),
        final=occasion.final,
        status=worst([finding.status for finding in findings], default="undecided"),
        rows=current.rows,
        captured=dict(current.captured),
        rejected=dict(current.rejected),
        late=current.late,
        times=dict(current.times),
        last_row=iso(int(current.minutes.starts[-1]) * MINUTE) if len(current.minutes.starts) else None,
        findings=tuple(sorted(findings, key=_urgency)),
        columns=tuple(column for column, _ in columns),
        logs=len(occasion.inputs),
        inputs=occasion.inputs[:MOST_INPUTS],
        inputs_digest=digest_of(occasion.inputs),
        baseline=occasion.baseline,
        definition=occasion.definition,
        trail=over_time.trail,
        segments=segment_columns(baseline, current),
        model_versions=versions,
        gathering=occasion.gathering,
    )


def _urgency(finding: Finding) -> tuple[int, str, str, str, str]:
    place = (finding.signal, finding.column or "", finding.segment or "", finding.metric)
    return STATUSES.index(finding.status), *place


def _window_findings(
    monitor: Monitor, baseline: Baseline, current: Profile, left_out: int, *, final: bool
) -> Iterator[Finding]:
    for check, measured in _window_checks(monitor, current, left_out):
        if check is not None and check.limits.history is not None:
            yield count_by_history(check, measured, baseline, final=final)
        elif check is not None:
            finding = finding_of(check, measured)
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
            finding = finding_of(check, related.measured)
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


def pairs_of(columns: tuple[Column, ...], baseline: Baseline, current: Profile) -> list[Pair]:
    """Return each of the *columns*, of all rows and of each segment told apart, in the order of the file.

    Where the rows are of several versions of the model, each of these is a segment, too: compared with all rows of the
    baseline, as the baseline is of another model than the newest one.
    """
    told_apart = {segment for segment, _ in (*baseline.profile.columns, *current.columns)}
    segments = sorted(s for s in told_apart if not s or segment_column(s) in baseline.grids.segments)
    places: list[tuple[str, str | None]] = [(segment, None) for segment in segments]
    places += [(segment, "") for segment in version_segments(baseline.grids, current)]
    return [
        pair_of(baseline, current, column, *place)
        for column in profiled(columns)
        for place in places
        if segment_column(place[0]) != column.name  # a segment's own column is the same in all its rows
        and column.role is not Role.VERSION
    ]


def _column(
    rules: tuple[CheckRule, ...], pair: Pair, drift: Drift, baseline: Baseline, current: Profile, window: Window
) -> tuple[ColumnReport, list[Finding]]:
    """Judge one column of a window, and the answers in it where they have labels."""
    report, findings = column_report(rules, pair, drift, window)
    if pair.column.role not in (Role.PREDICTION, Role.SCORE):
        return report, findings
    performance = performance_of(rules, pair, baseline, current)
    return performance.added_to(report, findings), [*findings, *performance.findings]


def column_report(
    rules: tuple[CheckRule, ...], pair: Pair, drift: Drift, window: Window | None = None
) -> tuple[ColumnReport, list[Finding]]:
    """Judge the rest of one column of a window, or of no window; within a segment only drift is judged."""
    findings = list(drift.findings)
    if pair.segment is None:
        findings += [*_soundness_findings(rules, pair), *_pattern_findings(rules, pair)]
        findings += _resolution_findings(rules, pair, window)
    report = ColumnReport(
        column=pair.column.name,
        segment=pair.segment,
        kind=pair.column.effective_kind.value,
        role=pair.column.role.value,
        status=worst([finding.status for finding in findings], default="undecided"),
        metrics=drift.measures.metrics,
        bounds=drift.measures.bounds,
        p_values=drift.measures.p_values,
        baseline=kept(pair.baseline, _summary, pair.grid),
        current=_summary(pair.current, pair.grid),
        bars=drift.bars,
    )
    return report, findings


def _summary(summary: Summary, grid: Grid) -> ColumnSummary:
    missing = summary.missing / summary.rows if summary.rows else None
    if isinstance(grid, TextGrid) and isinstance(summary, TextSummary):
        return msgspec.structs.replace(_summary(summary.lengths, grid.lengths), distinct=None)
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
        if check is not None and check.limits.history is not None:
            yield by_history(check, measured, Evidence(pair.baseline.rows, pair.current.rows, "history"), pair)
        elif check is not None:
            held = values_of(pair.baseline) or metric != "missing"  # a baseline without a value is no measure of this
            yield finding_of(check, measured, pair, from_baseline=(before[metric].value or 0.0) if held else 0.0)


def _pattern_findings(rules: tuple[CheckRule, ...], pair: Pair) -> Iterator[Finding]:
    """Judge each of the column's patterns by a finding of its own, which has the pattern's name in its metric's."""
    check = check_of("pattern_share", pair.column.name, rules)
    match pair.baseline, pair.current:
        case TextSummary() as before, TextSummary() as now if check is not None and now.rows:
            for name, measured in measure_patterns(pair.column, before, now).items():
                finding = finding_of(check, measured, pair)
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
                    finding = finding_of(check, measured, pair)
                    more = outgrown(grid, before, now, window) if finding.status in ("alert", "warning") else ""
                    yield msgspec.structs.replace(finding, message=finding.message + more)


def _never(check: Check | None) -> Check | None:
    """A column that is not nullable may not miss a single value, unless the monitor file gives a limit of its own."""
    if check is None or not check.relative:
        return check
    min_rows = check.min_rows if check.own_rows else 1
    return replace(check, limits=Limits(alert=0.0), min_rows=min_rows, relative=False)
