"""What the page tells of each column: baseline beside current, every metric, and how they moved over the windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from atalaia import charts, wording
from atalaia.report import ColumnReport, Finding, Report, Summary

_MISSING = "missing"
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


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric of a column: what was measured, and how it was judged, if it was."""

    metric: str
    value: str
    interval: str
    p_value: str
    limit: str
    status: str


@dataclass(frozen=True, slots=True)
class Trend:
    """A metric over all windows: its value and limit in the window in focus, and the line."""

    metric: str
    value: str
    limit: str
    spark: charts.Spark


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a column: its name, worst status, rows, drift and missing share."""

    name: str
    status: str
    rows: int
    drift: str
    missing: str


@dataclass(frozen=True, slots=True)
class Card:
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
    trends: tuple[Trend, ...]
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class _Windows:
    """The columns and the findings of every window, by column and segment."""

    focus: int
    columns: tuple[Mapping[tuple[str, str | None], ColumnReport], ...]
    findings: tuple[Mapping[tuple[str | None, str | None], list[Finding]], ...]

    def nothing(self) -> list[float | None]:
        """Return a gap for each window."""
        return [None] * len(self.columns)

    def missing(self, column: str) -> list[float | None]:
        """Return a column's share of missing values in each window."""
        return [w[column, None].current.missing_share if (column, None) in w else None for w in self.columns]


def whole_columns(report: Report) -> list[ColumnReport]:
    """Return the columns measured over all rows, not over a segment."""
    return [column for column in report.columns if column.segment is None]


def column_cards(reports: Sequence[Report], focus: int, anchors: Mapping[str, str]) -> list[Card]:
    """Return a card for each column of the window at *focus*, the worst first, else in the monitor file's order."""
    windows = _Windows(
        focus,
        tuple({(column.column, column.segment): column for column in report.columns} for report in reports),
        tuple(_by_place(report) for report in reports),
    )
    cards = [_card(column, anchors[column.column], windows) for column in whole_columns(reports[focus])]
    return sorted(cards, key=lambda card: wording.severity(card.status))


def against_limit(finding: Finding) -> str:
    """Say in few words what was measured and what its limit is."""
    text = f"{wording.metric_name(finding.metric)} {wording.measured(finding.metric, finding.value)}"
    if finding.threshold is not None:
        text += f", limit {wording.measured(finding.metric, finding.threshold)}"
    return text + (f" in {wording.shortened(finding.segment, 40)}" if finding.segment else "")


def _by_place(report: Report) -> dict[tuple[str | None, str | None], list[Finding]]:
    places: dict[tuple[str | None, str | None], list[Finding]] = {}
    for finding in report.findings:
        places.setdefault((finding.column, finding.segment), []).append(finding)
    return places


def _card(column: ColumnReport, anchor: str, windows: _Windows) -> Card:
    here = windows.findings[windows.focus]
    all_found = [f for (name, _), found in here.items() if name == column.column for f in found]
    findings = [f for f in all_found if f.segment is None or f.status != "undecided"]  # small segments are no news
    status = wording.worst(finding.status for finding in findings)
    drift = _judged_drift(column.column, windows)
    return Card(
        anchor=anchor,
        column=column,
        status=status or "none",
        headline="; ".join(against_limit(f) for f in findings if f.status == status and status != "ok"),
        drift=drift,
        histogram=charts.histogram(column.bars) if column.bars.edges else None,
        pairs=charts.pairs(column.bars) if column.bars.labels and not column.bars.edges else None,
        has_current=any(column.bars.current),
        summary=tuple(_summary(column)),
        measures=tuple(_measures(column, here.get((column.column, None), []))),
        trends=tuple(_trends(column.column, drift, findings, windows)),
        segments=tuple(_segments(column.column, drift, windows)),
    )


def _judged_drift(column: str, windows: _Windows) -> str:
    """Return the drift metric that was judged on a *column* in focus, or else in another window, or ""."""
    in_order = (windows.findings[windows.focus], *windows.findings)
    judged = (f.metric for w in in_order for f in w.get((column, None), ()) if f.signal.endswith("_drift"))
    return next(judged, "")


def _summary(column: ColumnReport) -> Iterator[tuple[str, str, str]]:
    for field, title in _SUMMARY.items():
        if field in _NUMBERS_ONLY and column.kind != "numeric":
            continue
        yield title, _summarised(column.baseline, field), _summarised(column.current, field)


def _summarised(summary: Summary, field: str) -> str:
    value = getattr(summary, field)
    if field in ("rows", "distinct") and value is not None:
        return f"{value:,.0f}"
    return wording.measured(field, value)


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


def _trends(column: str, drift: str, findings: Sequence[Finding], windows: _Windows) -> Iterator[Trend]:
    """Yield the drift metric, and what else is not ok or, if there is nothing, the share of missing values."""
    if drift:
        values = [w[column, None].metrics.get(drift) if (column, None) in w else None for w in windows.columns]
        yield from _trend(column, drift, values, windows)
    bad = [f.metric for f in findings if f.segment is None and f.status in ("alert", "warning") and f.metric != drift]
    for metric in dict.fromkeys(bad or [_MISSING]):
        yield from _trend(column, metric, windows.missing(column) if metric == _MISSING else windows.nothing(), windows)


def _trend(column: str, metric: str, values: Sequence[float | None], windows: _Windows) -> Iterator[Trend]:
    findings = [_finding(column, metric, found) for found in windows.findings]
    values = [f.value if f and f.value is not None else v for f, v in zip(findings, values, strict=True)]
    spark = charts.spark(
        values,
        bad=[f is not None and f.status in ("alert", "warning") for f in findings],
        limits=[f.threshold for f in findings if f and f.threshold is not None],
    )
    if spark:
        here = findings[windows.focus]
        limit = wording.measured(metric, here.threshold) if here else ""
        yield Trend(metric, wording.measured(metric, values[windows.focus]), limit, spark)


def _finding(column: str, metric: str, found: Mapping[tuple[str | None, str | None], list[Finding]]) -> Finding | None:
    return next((finding for finding in found.get((column, None), ()) if finding.metric == metric), None)


def _segments(column: str, drift: str, windows: _Windows) -> Iterator[Segment]:
    here = windows.findings[windows.focus]
    for (name, segment), report in windows.columns[windows.focus].items():
        if name == column and segment is not None:
            yield Segment(
                name=segment,
                status=wording.worst(f.status for f in here.get((column, segment), ())) or "none",
                rows=report.current.rows,
                drift=wording.measured(drift, report.metrics.get(drift)) if drift else wording.NOTHING,
                missing=wording.percent(report.current.missing_share),
            )
