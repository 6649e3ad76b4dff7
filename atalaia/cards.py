"""What the page tells of each column: baseline beside current, every metric, and how they moved over the windows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from atalaia import charts, wording
from atalaia.explanations import limit_source, sight, sureness
from atalaia.report import ColumnReport, Evidence, Finding, Mover, Report, Summary

_FULL = 40
"""So many columns are told in full, the worst; a page with more of them would grow too large to open."""

_MOST_SEGMENTS = 8
_MISSING = "missing"
_COUNTED_EXACTLY = 1000
_NUMBERS_ONLY = ("mean", "std", "min", "max")
_SUMMARY = {
    "rows": "Rows",
    "missing_share": "Missing",
    "distinct": "Distinct",
    "mean": "Mean",
    "std": "Standard deviation",
    "min": "Smallest",
    "max": "Largest",
}
_OF_LENGTHS = {
    "mean": "Mean length",
    "std": "Standard deviation of lengths",
    "min": "Shortest",
    "max": "Longest",
}
_ODD_NUMBERS = {"nan": "NaN", "infinity": "Infinite"}


class Measure(Struct, frozen=True):
    """One metric of a column: what was measured, and how it was judged, if it was."""

    metric: str
    value: str
    interval: str
    p_value: str
    limit: str
    status: str


class Trend(Struct, frozen=True):
    """A metric over all windows: its value and limit in the window in focus, and the line."""

    metric: str
    value: str
    limit: str
    spark: charts.Spark


class Segment(Struct, frozen=True):
    """One segment of a column: its name, worst status, rows, drift and missing share."""

    name: str
    status: str
    rows: int
    drift: str
    missing: str


class Ground(Struct, frozen=True):
    """What one finding of drift rests on: its facts, each under its name, and what moved most."""

    metric: str
    status: str
    facts: tuple[tuple[str, str], ...]
    moved: tuple[Mover, ...]


class Card(Struct, frozen=True):
    """Everything about one column in the window in focus; `drift` names the drift metric that was judged."""

    anchor: str
    column: ColumnReport
    status: str
    headline: str
    drift: str
    histogram: charts.Histogram | None
    pairs: charts.Pairs | None
    has_current: bool
    summary: tuple[tuple[str, str, str], ...]
    measures: tuple[Measure, ...]
    grounds: tuple[Ground, ...]
    trends: tuple[Trend, ...]
    segments: tuple[Segment, ...]
    more_segments: str


class BriefCard(Struct, frozen=True):
    """A column in one line: what was judged, and some of its values before and now."""

    anchor: str
    column: ColumnReport
    status: str
    headline: str
    missing: tuple[str, str]
    mean: tuple[str, str]


class Windows(Struct, frozen=True):
    """The findings of every window by column, and the columns measured over all rows.

    Attributes:
        focus: The place of the window that is told in detail.
        findings: For each window, the findings of each column; under None those of the whole window.
        columns: For each window, its columns by name, without those of segments.
        segments: The columns of segments in the window in focus, by name.
    """

    focus: int
    findings: tuple[Mapping[str | None, Sequence[Finding]], ...]
    columns: tuple[Mapping[str, ColumnReport], ...]
    segments: Mapping[str, Sequence[ColumnReport]]

    def here(self, column: str) -> Sequence[Finding]:
        """Return what was found on a column in the window in focus."""
        return self.findings[self.focus].get(column, ())

    def measured(self, column: str, metric: str) -> list[float | None]:
        """Return a metric of a column in each window, None where it was not measured."""
        return [_value(window[column], metric) if column in window else None for window in self.columns]


def _value(column: ColumnReport, metric: str) -> float | None:
    return column.current.missing_share if metric == _MISSING else column.metrics.get(metric)


def windows_of(reports: Sequence[Report], focus: int) -> Windows:
    """Put the findings and columns of all windows in order, once for the whole page."""
    segments: dict[str, list[ColumnReport]] = {}
    for column in reports[focus].columns:
        if column.segment is not None:
            segments.setdefault(column.column, []).append(column)
    return Windows(
        focus,
        tuple(_by_column(report) for report in reports),
        tuple({column.column: column for column in whole_columns(report)} for report in reports),
        segments,
    )


def _by_column(report: Report) -> dict[str | None, list[Finding]]:
    groups: dict[str | None, list[Finding]] = {}
    for finding in report.findings:
        groups.setdefault(finding.column, []).append(finding)
    return groups


def newsworthy(findings: Sequence[Finding]) -> list[Finding]:
    """Leave out that a segment is too small to judge: in most windows most are."""
    return [finding for finding in findings if finding.segment is None or finding.status != "undecided"]


def whole_columns(report: Report) -> list[ColumnReport]:
    """Return the columns measured over all rows, not over a segment."""
    return [column for column in report.columns if column.segment is None]


def column_cards(windows: Windows, anchors: Mapping[str, str]) -> tuple[list[Card], list[BriefCard]]:
    """Return the columns of the window in focus, the worst first: the first ones in full, any others in brief."""
    columns = [(_status(name, windows), column) for name, column in windows.columns[windows.focus].items()]
    columns.sort(key=lambda pair: wording.severity(pair[0]))
    full = [_card(column, status, anchors[column.column], windows) for status, column in columns[:_FULL]]
    return full, [_brief(column, status, anchors[column.column], windows) for status, column in columns[_FULL:]]


def _status(column: str, windows: Windows) -> str:
    return wording.worst(finding.status for finding in newsworthy(windows.here(column))) or "none"


def against_limit(finding: Finding) -> str:
    """Say in few words what was measured and what its limit is."""
    text = f"{wording.metric_name(finding.metric)} {wording.measured(finding.metric, finding.value)}"
    if finding.threshold is not None:
        text += f", limit {wording.measured(finding.metric, finding.threshold)}"
    return text + (f" in {wording.shortened(finding.segment, 40)}" if finding.segment else "")


def _card(column: ColumnReport, status: str, anchor: str, windows: Windows) -> Card:
    whole = [finding for finding in windows.here(column.column) if finding.segment is None]
    drift = _judged_drift(column.column, windows)
    segments = sorted(_segments(column.column, drift, windows), key=lambda segment: wording.severity(segment.status))
    return Card(
        anchor=anchor,
        column=column,
        status=status,
        headline=_headline(column.column, status, windows),
        drift=drift,
        histogram=charts.histogram(column.bars) if column.bars.edges else None,
        pairs=charts.pairs(column.bars) if column.bars.labels and not column.bars.edges else None,
        has_current=any(column.bars.current),
        summary=tuple(_summary(column, whole)),
        measures=tuple(_measures(column, whole)),
        grounds=tuple(_grounds(whole)),
        trends=tuple(_trends(column.column, drift, whole, windows)),
        segments=tuple(segments[:_MOST_SEGMENTS]),
        more_segments=_counted(segments[_MOST_SEGMENTS:]),
    )


def _brief(column: ColumnReport, status: str, anchor: str, windows: Windows) -> BriefCard:
    sides = column.baseline, column.current
    before, now = (wording.percent(side.missing_share) for side in sides)
    mean_before, mean_now = (wording.number(side.mean) for side in sides)
    headline = _headline(column.column, status, windows)
    return BriefCard(anchor, column, status, headline, (before, now), (mean_before, mean_now))


def _headline(column: str, status: str, windows: Windows) -> str:
    if status == "ok":
        return ""
    findings = newsworthy(windows.here(column))
    return "; ".join(against_limit(finding) for finding in findings if finding.status == status)


def _judged_drift(column: str, windows: Windows) -> str:
    """Return the drift metric that was judged on a *column* in focus, or else in another window, or ""."""
    in_order = (windows.findings[windows.focus], *windows.findings)
    judged = (f.metric for w in in_order for f in w.get(column, ()) if f.signal.endswith("_drift") and not f.segment)
    return next(judged, "")


def _summary(column: ColumnReport, findings: Sequence[Finding]) -> Iterator[tuple[str, str, str]]:
    for field, title in _titles(column.kind).items():
        yield title, _summarised(column.baseline, field), _summarised(column.current, field)
    for finding in findings:
        if finding.metric in _ODD_NUMBERS and finding.value:
            yield _ODD_NUMBERS[finding.metric], wording.NOTHING, wording.percent(finding.value)


def _titles(kind: str) -> dict[str, str]:
    """Return what is told of a column's values, by field of `Summary`."""
    if kind == "text":
        return {field: title for field, title in (_SUMMARY | _OF_LENGTHS).items() if field != "distinct"}
    return {field: title for field, title in _SUMMARY.items() if kind == "numeric" or field not in _NUMBERS_ONLY}


def _summarised(summary: Summary, field: str) -> str:
    value = getattr(summary, field)
    if field == "missing_share":
        return wording.percent(value)
    if field in ("rows", "distinct") and value is not None:
        estimated = field == "distinct" and value > _COUNTED_EXACTLY
        return f"{'≈ ' if estimated else ''}{value:,.0f}"
    return wording.number(value)


def _measures(column: ColumnReport, findings: Sequence[Finding]) -> Iterator[Measure]:
    """Yield the judged metrics, worst first, then the others in their order."""
    judged = {finding.metric: finding for finding in findings}
    names = dict.fromkeys(
        (*sorted(judged, key=lambda metric: wording.severity(judged[metric].status)), *column.metrics)
    )
    for metric in names:
        finding = judged.get(metric)
        bounds = column.bounds.get(metric)
        yield Measure(
            metric=metric,
            value=wording.measured(metric, finding.value if finding else column.metrics[metric]),
            interval=" to ".join(wording.measured(metric, bound) for bound in bounds) if bounds else "",
            p_value=wording.number(column.p_values[metric]) if metric in column.p_values else "",
            limit=wording.measured(metric, finding.threshold) if finding else "",
            status=finding.status if finding else "",
        )


def _grounds(findings: Sequence[Finding]) -> Iterator[Ground]:
    for finding in findings:
        if finding.evidence is not None:
            facts = tuple((name, fact) for name, fact in _facts(finding, finding.evidence) if fact)
            yield Ground(finding.metric, finding.status, facts, finding.evidence.moved)


def _facts(finding: Finding, evidence: Evidence) -> Iterator[tuple[str, str]]:
    value, limit = (wording.measured(finding.metric, each) for each in (finding.value, finding.threshold))
    yield "Measured", f"{value}, limit {limit}" if finding.threshold is not None else value
    yield "Limit from", limit_source(finding)
    yield "p-value", sureness(evidence, "").removeprefix("= ")
    seen = sight(finding.metric, evidence)
    yield "Would have seen", f"{seen}, four times out of five" if seen else ""


def _trends(column: str, drift: str, findings: Sequence[Finding], windows: Windows) -> Iterator[Trend]:
    """Yield the drift metric, and what else is not ok or, if there is nothing, the share of missing values."""
    bad = [finding.metric for finding in findings if finding.status in ("alert", "warning")]
    others = [metric for metric in dict.fromkeys(bad) if metric != drift]
    for metric in (drift, *(others or [_MISSING])):
        trend = _trend(column, metric, windows) if metric else None
        if trend:
            yield trend


def _trend(column: str, metric: str, windows: Windows) -> Trend | None:
    findings = [_finding(found.get(column, ()), metric) for found in windows.findings]
    measured = windows.measured(column, metric)
    values = [f.value if f and f.value is not None else v for f, v in zip(findings, measured, strict=True)]
    spark = charts.spark(
        values,
        bad=[f is not None and f.status in ("alert", "warning") for f in findings],
        limits=[f.threshold for f in findings if f and f.threshold is not None],
    )
    if spark is None:
        return None
    here = findings[windows.focus]
    limit = wording.measured(metric, here.threshold) if here else ""
    return Trend(metric, wording.measured(metric, values[windows.focus]), limit, spark)


def _finding(findings: Sequence[Finding], metric: str) -> Finding | None:
    return next((finding for finding in findings if finding.metric == metric and finding.segment is None), None)


def _segments(column: str, drift: str, windows: Windows) -> Iterator[Segment]:
    statuses: dict[str | None, list[str]] = {}
    for finding in windows.here(column):
        statuses.setdefault(finding.segment, []).append(finding.status)
    for report in windows.segments.get(column, ()):
        yield Segment(
            name=report.segment or "",
            status=wording.worst(statuses.get(report.segment, ())) or "none",
            rows=report.current.rows,
            drift=wording.measured(drift, report.metrics.get(drift)) if drift else wording.NOTHING,
            missing=wording.percent(report.current.missing_share),
        )


def _counted(segments: Sequence[Segment]) -> str:
    """Count the segments that a card leaves out, by status; "" for none."""
    if not segments:
        return ""
    tally = Counter("not checked" if segment.status == "none" else segment.status for segment in segments)
    counts = ", ".join(f"{count:,} {status}" for status, count in tally.items())
    return f"and {wording.plural(len(segments), 'more segment')}: {counts}"
