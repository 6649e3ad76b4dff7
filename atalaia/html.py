"""One self-contained HTML page for a run of windows: the verdict first, then where, what, and from which inputs.

The page asks for nothing: no script, no font, no picture, no address. Whatever a log, a monitor file or a model wrote
is shown as text, shortened where it is long. The same reports give the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from atalaia import charts, wording
from atalaia.cards import Windows, against_limit, column_cards, newsworthy, whole_columns, windows_of
from atalaia.decisions import Decision, Outcome, in_runs
from atalaia.explanations import rates_of, rates_told, sight
from atalaia.report import Finding, Report
from atalaia.rows import REASONS

if TYPE_CHECKING:
    import jinja2

_NOT_CHECKED = "none"
_SIGNALS = {
    "data_drift": "data drift",
    "prediction_drift": "prediction drift",
    "multivariate_drift": "multivariate drift",
}
_TIMES = {
    "event": "the time of the event itself",
    "record": "the time of the record",
    "path": "the hour in the log's path",
    "object": "the time of the log object",
}
_SIDES_OF_A_ROW = {"input": "inputs", "output": "outputs", "label": "labels"}
_BAD = ("alert", "warning")
_MOST_INPUTS = 100
_MOST_FINDINGS = 100
_MOST_UNDECIDED = 30
_MOST_ELSEWHERE = 8
_MOST_TITLES = 500
_MOST_NAMED = 7
_FILTERS = ("compact", "measured", "metric_name", "moment", "number", "percent", "plural", "shortened", "span")


class Heading(Struct, frozen=True):
    """A window's column in the timeline: its two lines, its whole span, and where it leads."""

    top: str
    bottom: str
    span: str
    href: str
    is_focus: bool


class Cell(Struct, frozen=True):
    """One column in one window: the worst status, where it is told, and the finding behind it in words."""

    status: str
    href: str = ""
    title: str = ""


class TimelineRow(Struct, frozen=True):
    """One column over all windows; `anchor` is its card's id, "" where it has none."""

    name: str
    anchor: str
    status: str
    cells: tuple[Cell, ...]


class Place(Struct, frozen=True):
    """Where a window's findings are told: on this page or its own.

    Attributes:
        page: The address of its own page, "" for this one.
        anchors: The ids of its columns' cards there.
        otherwise: Where it is told what has no card.
    """

    page: str
    anchors: Mapping[str, str]
    otherwise: str

    def of(self, column: str | None) -> str:
        """Return the address of what is told of a *column*."""
        anchor = self.anchors.get(column) if column is not None else None
        return f"{self.page}#{anchor}" if anchor else self.otherwise


class OtherWindow(Struct, frozen=True):
    """A window that is not in focus: its first alerts and warnings with their addresses, and the number of others."""

    anchor: str
    title: str
    page: str
    findings: tuple[tuple[Finding, str], ...]
    more: int


def render_html(
    reports: Sequence[Report],
    focus: int = -1,
    links: Mapping[int, str] | None = None,
    decisions: Mapping[int, Sequence[Decision]] | None = None,
) -> str:
    """Draw the *reports* of one monitor, in the order of their windows, as one HTML page.

    Args:
        reports: One for each window, at least one.
        focus: The place of the window that is told in detail.
        links: For places in *reports*, the relative address of that window's own page.
        decisions: For places in *reports*, what policies decided because of that window.
    """
    if not reports:
        msg = "There are no reports to draw. Give the report of at least one window."
        raise ValueError(msg)
    at = range(len(reports))[focus]
    windows = windows_of(reports, at)
    places = [_place(report, i, at, links or {}) for i, report in enumerate(reports)]
    anchors = _anchors(reports[at])
    timeline = _timeline(windows, places, anchors)
    cards, brief_cards = column_cards(windows, anchors)
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            reports=reports,
            focus=reports[at],
            headings=_headings(reports, at, places),
            timeline=timeline,
            cell_titles=_bad_cells(timeline) <= _MOST_TITLES,
            worst_columns=_worst_columns(timeline, reports),
            sides=_sides(reports),
            others=_other_windows(reports, at, places),
            told=_told(reports[at]),
            rates=rates_of(reports[: at + 1]),
            cards=cards,
            brief_cards=brief_cards,
            anchors=anchors,
            decided=_decided(reports, at, decisions or {}),
            row_notes=_row_notes(reports[at]),
            most_inputs=_MOST_INPUTS,
        )
    )
    return page.encode("utf-8", "replace").decode("utf-8")


def _place(report: Report, at: int, focus: int, links: Mapping[int, str]) -> Place:
    if at == focus:
        return Place("", _anchors(report), "#findings")
    if at in links:
        return Place(links[at], _anchors(report), f"{links[at]}#findings")
    return Place("", {}, f"#w{at}")


def _anchors(report: Report) -> dict[str, str]:
    """Return the id of each column's card: its place in the monitor file, so it is the same on every window's page."""
    return {column.column: f"c{i}" for i, column in enumerate(whole_columns(report))}


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
    environment.filters |= {"signal": _signal, "gauge": _gauge, "sum_values": _sum, "seen": _seen}
    environment.filters["rates_told"] = rates_told
    environment.globals |= {"wording": wording, "room": charts.ROOM}
    return environment


def _finalized(value: Any) -> Any:
    """Take out of plain text, not of markup made here, what could steer a page."""
    return wording.printable(value) if type(value) is str else value


def _signal(name: str) -> str:
    return _SIGNALS.get(name, name)


def _sum(counts: Mapping[str, int]) -> int:
    return sum(counts.values())


def _seen(finding: Finding) -> str:
    return sight(finding.metric, finding.evidence) if finding.evidence is not None else ""


def _gauge(finding: Finding) -> charts.Gauge | None:
    return charts.gauge(finding.value, finding.threshold)


def _headings(reports: Sequence[Report], focus: int, places: Sequence[Place]) -> list[Heading]:
    days_only = _days_only(reports)
    return [
        Heading(
            *_two_lines(report.start, days_only=days_only),
            span=wording.span(report.start, report.end),
            href=places[at].page or places[at].otherwise,
            is_focus=at == focus,
        )
        for at, report in enumerate(reports)
    ]


def _days_only(reports: Sequence[Report]) -> bool:
    return not any(wording.clock(report.start) for report in reports)


def _two_lines(start: str, *, days_only: bool) -> tuple[str, str]:
    number, month, _ = wording.day(start).split()
    return (month, number) if days_only else (f"{number} {month}", wording.clock(start) or "00:00")


def _timeline(windows: Windows, places: Sequence[Place], anchors: Mapping[str, str]) -> list[TimelineRow]:
    """Return the row of findings without a column, then every column's row, worst first."""
    names = dict.fromkeys(name for columns in windows.columns for name in columns)
    names |= dict.fromkeys(name for found in windows.findings for name in found if name is not None)
    rows = [_timeline_row(name, anchors.get(name, ""), windows, places) for name in names]
    whole = _timeline_row(None, "", windows, places)
    return [whole, *sorted(rows, key=_worst_first)]


def _timeline_row(name: str | None, anchor: str, windows: Windows, places: Sequence[Place]) -> TimelineRow:
    pairs = zip(windows.findings, places, strict=True)
    cells = tuple(_cell(found.get(name, ()), place.of(name)) for found, place in pairs)
    status = wording.worst(cell.status for cell in cells)
    return TimelineRow("All rows" if name is None else name, anchor, status, cells)


def _cell(findings: Sequence[Finding], href: str) -> Cell:
    findings = newsworthy(findings)
    status = wording.worst(finding.status for finding in findings) or _NOT_CHECKED
    if status not in _BAD:
        return Cell(status, href if status == "undecided" else "")
    telling = [finding for finding in findings if finding.status == status]
    more = f" (and {len(telling) - 1} more)" if len(telling) > 1 else ""
    return Cell(status, href, against_limit(telling[0]) + more)


def _worst_first(row: TimelineRow) -> tuple[int, int, str]:
    bad = sum(cell.status in _BAD for cell in row.cells)
    return wording.severity(row.status), -bad, row.name


def _bad_cells(timeline: Sequence[TimelineRow]) -> int:
    return sum(cell.status in _BAD for row in timeline for cell in row.cells)


def _worst_columns(timeline: Sequence[TimelineRow], reports: Sequence[Report]) -> str:
    """Name the worst rows of the timeline, those of the same windows together; "" where all is well."""
    bad = sorted((row for row in timeline if row.status in _BAD), key=lambda row: wording.severity(row.status))
    whens: dict[str, list[str]] = {}
    for row in bad[:_MOST_NAMED]:
        name = row.name.lower() if row is timeline[0] else wording.shortened(row.name, 40)
        whens.setdefault(_when(row, reports), []).append(name)
    left_off = [wording.plural(len(bad) - _MOST_NAMED, "other")] if len(bad) > _MOST_NAMED else []
    return "; ".join([*(", ".join(names) + when for when, names in whens.items()), *left_off])


def _when(row: TimelineRow, reports: Sequence[Report]) -> str:
    """Say in which window a row was at its worst first, and in how many more; "" for the only window there is."""
    if len(reports) == 1:
        return ""
    bad = [report for report, cell in zip(reports, row.cells, strict=True) if cell.status == row.status]
    month_or_day, day_or_clock = _two_lines(bad[0].start, days_only=_days_only(reports))
    when = f"{day_or_clock} {month_or_day}" if _days_only(reports) else f"{month_or_day} {day_or_clock}"
    return f" ({when})" if len(bad) == 1 else f" ({when} and {wording.plural(len(bad) - 1, 'other window')})"


def _sides(reports: Sequence[Report]) -> str:
    """Say how many rows carried each side, where some rows did not carry all of them."""
    rows = sum(report.rows for report in reports)
    counts = {side: sum(report.captured.get(side, 0) for report in reports) for side in _SIDES_OF_A_ROW}
    partly = any(0 < count < rows for count in counts.values())
    told = [f"{count:,} {_SIDES_OF_A_ROW[side]}" for side, count in counts.items() if count]
    return ", ".join(told) if partly else ""


def _other_windows(reports: Sequence[Report], focus: int, places: Sequence[Place]) -> list[OtherWindow]:
    return [_other_window(report, at, places[at]) for at, report in enumerate(reports) if at != focus]


def _other_window(report: Report, at: int, place: Place) -> OtherWindow:
    bad = _of_status(report, *_BAD)
    verdict = wording.verdict([report])
    return OtherWindow(
        anchor=f"w{at}",
        title=f"{wording.span(report.start, report.end)}: {verdict[:1].lower()}{verdict[1:]}",
        page=place.page,
        findings=tuple((finding, place.of(finding.column) if place.page else "") for finding in bad[:_MOST_ELSEWHERE]),
        more=max(0, len(bad) - _MOST_ELSEWHERE),
    )


def _told(report: Report) -> dict[str, Any]:
    """Return what is told of the findings of the window in focus: the bad ones one by one, the others in brief."""
    bad, undecided, fine = (_of_status(report, *group) for group in (_BAD, ("undecided",), ("ok",)))
    one_by_one = len(undecided) <= _MOST_UNDECIDED
    return {
        "bad": bad[:_MOST_FINDINGS],
        "more_bad": _in_brief(bad[_MOST_FINDINGS:]),
        "undecided": undecided if one_by_one else [],
        "undecided_in_brief": [] if one_by_one else _in_brief(undecided),
        "undecided_count": len(undecided),
        "fine": _in_brief(fine),
        "fine_count": len(fine),
    }


def _decided(
    reports: Sequence[Report], focus: int, decisions: Mapping[int, Sequence[Decision]]
) -> list[tuple[str, Decision]]:
    """Return every decision on the window in focus, then those on others that had a reason to act, latest first."""
    others = [
        (place, each)
        for place in range(len(reports))
        for each in decisions.get(place, ())
        if place != focus and each.outcome is not Outcome.NO
    ]
    told = [(wording.starts(reports[run.first].start, reports[run.last].start), run) for run in in_runs(others)]
    latest_first = sorted(told, key=lambda each: each[1].last, reverse=True)
    own = [(wording.moment(reports[focus].start), each) for each in decisions.get(focus, ())]
    return [*own, *((when, run.decision) for when, run in latest_first)]


def _of_status(report: Report, *statuses: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.status in statuses]


def _in_brief(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """Return for each column, "" for all rows, what was measured on all its rows, and the checks on its segments."""
    checks: dict[str, list[str]] = {}
    segments: dict[str, Counter[str]] = {}
    for finding in findings:
        texts = checks.setdefault(finding.column or "", [])
        name = wording.metric_name(finding.metric)
        if finding.segment is None:
            texts.append(f"{name} {wording.measured(finding.metric, finding.value)}")
        else:
            segments.setdefault(finding.column or "", Counter())[name] += 1
    for column, names in segments.items():
        checks[column] += [f"{name} in {wording.plural(count, 'segment')}" for name, count in names.items()]
    return [(column, ", ".join(texts)) for column, texts in checks.items()]


def _row_notes(report: Report) -> list[tuple[str, list[tuple[str, int]]]]:
    """Return, each under its title, what model rows come from, why they were rejected, how dated, what they carried."""
    told = [("Model version", sorted(report.model_versions.items(), key=_largest_first))]
    return [
        *(told if report.model_versions else []),
        ("Rejected, by reason", _in_words(report.rejected, REASONS)),
        ("Rows dated by", _in_words(report.times, _TIMES)),
        ("Rows that carried", _in_words(report.captured, _SIDES_OF_A_ROW)),
    ]


def _in_words(tally: Mapping[str, int], sentences: Mapping[str, str]) -> list[tuple[str, int]]:
    return sorted(((sentences.get(key, key), count) for key, count in tally.items() if count), key=_largest_first)


def _largest_first(line: tuple[str, int]) -> tuple[int, str]:
    return -line[1], line[0]
