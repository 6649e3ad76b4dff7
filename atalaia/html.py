"""One self-contained HTML page for a run of windows: the verdict first, then where, what, and from which inputs.

The page asks for nothing: no script, no font, no picture, no address. Whatever a log, a monitor file or a model wrote
is shown as text, shortened where it is long. The same reports give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from atalaia import charts, wording
from atalaia.cards import against_limit, column_cards, whole_columns
from atalaia.report import Finding, Report
from atalaia.rows import REASONS

if TYPE_CHECKING:
    import jinja2

_NOT_CHECKED = "none"
_SIGNALS = {"data_drift": "data drift", "prediction_drift": "prediction drift"}
_TIMES = {
    "event": "the time of the event itself",
    "record": "the time of the record",
    "path": "the hour in the log's path",
    "object": "the time of the log object",
}
_SIDES = {"input": "inputs", "output": "outputs", "label": "labels"}
_MOST_INPUTS = 100
_FILTERS = ("compact", "measured", "metric_name", "moment", "number", "percent", "plural", "shortened", "span")


@dataclass(frozen=True, slots=True)
class Heading:
    """A window's column in the timeline: its two lines, its whole span, and where it leads."""

    top: str
    bottom: str
    span: str
    href: str
    is_focus: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One column in one window: the worst status, and the finding behind it in words."""

    status: str
    title: str


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One column over all windows; `anchor` is its card's id, "" where it has none."""

    name: str
    anchor: str
    status: str
    cells: tuple[Cell, ...]


def render_html(reports: Sequence[Report], focus: int = -1, links: Mapping[int, str] | None = None) -> str:
    """Draw the *reports* of one monitor, in the order of their windows, as one HTML page.

    Args:
        reports: One for each window, at least one.
        focus: The place of the window that is told in detail.
        links: For places in *reports*, the relative address of that window's own page.
    """
    if not reports:
        msg = "There are no reports to draw. Give the report of at least one window."
        raise ValueError(msg)
    at = range(len(reports))[focus]
    anchors = {column.column: f"c{i}" for i, column in enumerate(whole_columns(reports[at]))}
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            reports=reports,
            focus=reports[at],
            focus_index=at,
            headings=_headings(reports, at, links or {}),
            timeline=_timeline(reports, anchors),
            cards=column_cards(reports, at, anchors),
            anchors=anchors,
            fine_checks=_fine_checks(reports[at]),
            row_notes=_row_notes(reports[at]),
            most_inputs=_MOST_INPUTS,
        )
    )
    return page.encode("utf-8", "replace").decode("utf-8")


@cache
def _environment() -> jinja2.Environment:
    import jinja2  # noqa: PLC0415 - only who asks for a page pays for the template engine

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("atalaia"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
        auto_reload=False,
    )
    environment.filters |= {name: getattr(wording, name) for name in _FILTERS}
    environment.filters |= {"signal": _signal, "gauge": _gauge, "sum_values": _sum}
    environment.globals["wording"] = wording
    return environment


def _finalized(value: Any) -> Any:
    """Take out of plain text, not of markup made here, what could steer a page."""
    return wording.printable(value) if type(value) is str else value


def _signal(name: str) -> str:
    return _SIGNALS.get(name, name)


def _sum(counts: Mapping[str, int]) -> int:
    return sum(counts.values())


def _gauge(finding: Finding) -> charts.Gauge | None:
    return charts.gauge(finding.value, finding.threshold)


def _headings(reports: Sequence[Report], focus: int, links: Mapping[int, str]) -> list[Heading]:
    days_only = not any(wording.clock(report.start) for report in reports)
    return [
        Heading(
            *_two_lines(report.start, days_only=days_only),
            span=wording.span(report.start, report.end),
            href=links.get(at, "#findings" if at == focus else f"#w{at}"),
            is_focus=at == focus,
        )
        for at, report in enumerate(reports)
    ]


def _two_lines(start: str, *, days_only: bool) -> tuple[str, str]:
    number, month, _ = wording.day(start).split()
    return (month, number) if days_only else (f"{number} {month}", wording.clock(start) or "00:00")


def _timeline(reports: Sequence[Report], anchors: Mapping[str, str]) -> list[TimelineRow]:
    """Return the row of findings without a column, then every column's row, worst first."""
    grouped = [_by_column(report) for report in reports]
    names = dict.fromkeys(c.column for report in reports for c in report.columns)
    names |= dict.fromkeys(name for group in grouped for name in group if name is not None)
    rows = [_timeline_row(name, anchors.get(name, ""), grouped) for name in names]
    whole = _timeline_row(None, "", grouped)
    return [whole, *sorted(rows, key=_worst_first)]


def _by_column(report: Report) -> dict[str | None, list[Finding]]:
    groups: dict[str | None, list[Finding]] = {}
    for finding in report.findings:
        groups.setdefault(finding.column, []).append(finding)
    return groups


def _timeline_row(name: str | None, anchor: str, grouped: Sequence[Mapping[str | None, list[Finding]]]) -> TimelineRow:
    cells = tuple(_cell(group.get(name, [])) for group in grouped)
    status = wording.worst(cell.status for cell in cells)
    return TimelineRow("All rows" if name is None else name, anchor, status, cells)


def _cell(findings: Sequence[Finding]) -> Cell:
    findings = [f for f in findings if f.segment is None or f.status != "undecided"]  # small segments are no news
    status = wording.worst(finding.status for finding in findings)
    if not status:
        return Cell(_NOT_CHECKED, "not checked")
    if status == "ok":
        return Cell(status, "")
    telling = [finding for finding in findings if finding.status == status]
    more = f" (and {len(telling) - 1} more)" if len(telling) > 1 else ""
    return Cell(status, against_limit(telling[0]) + more)


def _worst_first(row: TimelineRow) -> tuple[int, int, str]:
    bad = sum(cell.status in ("alert", "warning") for cell in row.cells)
    return wording.severity(row.status), -bad, row.name


def _fine_checks(report: Report) -> list[tuple[str, str]]:
    """Return for each column, "" for all rows, the checks that are ok and what they measured."""
    checks: dict[str, list[str]] = {}
    for finding in report.findings:
        if finding.status == "ok":
            segment = f" ({wording.shortened(finding.segment, 40)})" if finding.segment else ""
            text = f"{wording.metric_name(finding.metric)} {wording.measured(finding.metric, finding.value)}{segment}"
            checks.setdefault(finding.column or "", []).append(text)
    return [(column, ", ".join(texts)) for column, texts in checks.items()]


def _row_notes(report: Report) -> list[tuple[str, list[tuple[str, int]]]]:
    """Return, each under its title, why rows were rejected, how rows were dated, and what they carried."""
    return [
        ("Rejected, by reason", _in_words(report.rejected, REASONS)),
        ("Rows dated by", _in_words(report.times, _TIMES)),
        ("Rows that carried", _in_words(report.captured, _SIDES)),
    ]


def _in_words(tally: Mapping[str, int], sentences: Mapping[str, str]) -> list[tuple[str, int]]:
    return sorted(((sentences.get(key, key), count) for key, count in tally.items() if count), key=_largest_first)


def _largest_first(line: tuple[str, int]) -> tuple[int, str]:
    return -line[1], line[0]
