"""What a person reads in the terminal: the verdict first, a line per window, then what is wrong.

Whatever comes from a log or a monitor file is printed as `Text`, never as markup, so a column called `[red]` shows its
brackets and no escape sequence gets through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from atalaia import wording
from atalaia.explanations import in_short, p_value, rates_of, rates_told, sight_of_all
from atalaia.monitoring.receipts import Receipt
from atalaia.report import ColumnReport, Evidence, Finding, Report
from atalaia.rows import REASONS
from atalaia_cli.acting import Told
from atalaia_cli.tables import light_table

_STYLES = {"alert": "bold red", "warning": "yellow", "undecided": "cyan", "ok": "green"}
_SIGNS = {"alert": "✗", "warning": "!", "undecided": "?", "ok": "✓"}
_NAME_LENGTH, _MESSAGE_LENGTH = 48, 480
_WIDE, _WIDEST = 110, 120
_MOST_TROUBLES = 50
_MOST_WINDOWS, _LAST_WINDOWS = 40, 10
_MOST_DATES = 3
_MOST_DECISIONS = 20
_BAD = ("alert", "warning")
_SHORT = {"cramer_von_mises": "CvM", "kolmogorov_smirnov": "KS", "jensen_shannon": "JS", "cohen_w": "w", "psi": "PSI"}


class _Trouble(Struct, frozen=True):
    """A check's worst finding, its explanation, that window's start, and the others it was bad in: start and status."""

    finding: Finding
    told: str
    start: str
    others: tuple[tuple[str, str], ...]


def print_reports(
    console: Console, reports: Sequence[Report], html: str | None, decisions: Sequence[Told] = ()
) -> None:
    """Print a run of windows: the verdict, each window, what is not ok, what was decided, and where the page of it is.

    Args:
        console: Where to.
        reports: One for each window, in their order.
        html: Where the HTML report was written, if it was.
        decisions: Of policies, the earliest first.
    """
    if not reports:
        console.print(Text("No windows: no rows were found in the logs.", style="bold"))
        return
    _print_verdict(console, reports)
    shown = _shown_windows(reports)
    _print_table(console, _windows(shown))
    if len(shown) < len(reports):
        console.print(
            _quiet(f"and {wording.plural(len(reports) - len(shown), 'other window')} without an alert or warning")
        )
        console.print()
    troubles = _troubles(reports)
    if troubles:
        _print_troubles(console, troubles, several=len(reports) > 1)
    unjudged = wording.unjudged(reports)
    if unjudged:
        console.print(_quiet(f"{unjudged}; the report says why."))
    rates = rates_of(reports)
    if rates:
        console.print(_quiet(rates_told(rates)), overflow="fold")
    last = [*(f"{wording.segments(found)}." for found in reports[-1].segments), *wording.to_come(reports[-1])]
    for line in last:
        console.print(_quiet(line), overflow="fold")
    _print_decisions(console, decisions)
    if html is not None:
        console.print(Text("Report: ").append(wording.printable(html), style="underline"), soft_wrap=True)


def _print_decisions(console: Console, decisions: Sequence[Told]) -> None:
    if not decisions:
        return
    console.print(Text("Policies", style="bold"))
    shown = decisions[-_MOST_DECISIONS:]
    if len(shown) < len(decisions):
        console.print(_quiet(f"  {wording.plural(len(decisions) - len(shown), 'earlier decision')}; --json has all"))
    width = max(len(each.when) for each in shown)
    for each in shown:
        line = Table.grid(padding=(0, 2, 0, 0))
        line.add_column(width=width)
        line.add_column(overflow="fold")
        line.add_row(_quiet(each.when), Text(wording.shortened(each.decision, _MESSAGE_LENGTH), style="default"))
        console.print(Padding(line, (0, 0, 0, 2), expand=False))
        if each.follows:
            console.print(_quiet(f"    {wording.printable(each.follows)}"), soft_wrap=True)


def print_compare(console: Console, result: Mapping[str, Any]) -> None:
    """Print the *result* of a comparison, the worst columns first, and what is missing on one side."""
    rows = f"{result['reference']['rows']:,} reference rows against {result['current']['rows']:,} current rows"
    columns = sorted(result["columns"], key=_worst_column_first)
    noted = any(_one_sided(result))
    worst = wording.worst([*(_status(column) for column in columns), *(["warning"] if noted else [])])
    console.print(_status_text(worst, _compare_verdict(columns, noted)))
    console.print(_quiet(rows))
    print_one_sided(console, result)
    if columns:
        _print_table(console, _compared(console, columns))
    for message in [told for column in columns if (told := (column.get("finding") or {}).get("message"))]:
        console.print(_quiet(wording.printable(message)), overflow="fold")
    seen = sight_of_all(_evidence(columns))
    if seen:
        console.print(_quiet(f"Four times out of five, a comparison of this size tells of {seen}."), overflow="fold")


def _evidence(columns: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Evidence]]:
    for column in columns:
        finding = column.get("finding") or {}
        if finding.get("evidence"):
            yield finding["metric"], msgspec.convert(finding["evidence"], Evidence)


def print_one_sided(console: Console, result: Mapping[str, Any]) -> None:
    """Print what a comparison of values can't show: columns and values that one side lacks, and rejected rows."""
    for note in _one_sided(result):
        console.print(_status_text("warning", wording.printable(note)), overflow="fold")


_MISSING_RISE = 0.05  # as much as the check of missing values lets pass


def _one_sided(result: Mapping[str, Any]) -> Iterator[str]:
    for column in result["columns"]:
        missing = column.get("missing", {})
        before, now = missing.get("reference") or 0.0, missing.get("current") or 0.0
        if now - before > _MISSING_RISE:
            name = wording.shortened(column["column"], _NAME_LENGTH)
            yield f"{name}: missing in {wording.percent(now)} of the current rows, {wording.percent(before)} before"
    extra = result["current"].get("extra_columns", [])
    if extra:
        yield f"new columns: {', '.join(wording.shortened(name, _NAME_LENGTH) for name in extra)}"
    for side in ("reference", "current"):
        for reason, count in sorted(result[side].get("rejected", {}).items()):
            yield f"{side}: {wording.plural(count, 'row')} rejected: {REASONS.get(reason, reason)}"


def print_faults(console: Console, name: str, faults: Sequence[object]) -> None:
    """Print every fault of the file *name* on a line of its own, or that there is none."""
    shown = wording.printable(name)
    if not faults:
        console.print(_status_text("ok", f"{shown} has no faults"), soft_wrap=True)
        return
    console.print(_status_text("alert", f"{shown} has {wording.plural(len(faults), 'fault')}"), soft_wrap=True)
    for fault in faults:
        console.print(Text(f"  {wording.printable(str(fault))}"), soft_wrap=True)


def print_ingested(console: Console, receipts: Sequence[tuple[Receipt, bool]]) -> None:
    """Print what became of the log objects: how many were read now, their rows, and what was rejected and why."""
    fresh = [receipt for receipt, new in receipts if new]
    known = len(receipts) - len(fresh)
    before = f", {known:,} known from before" if known else ""
    console.print(Text(f"{wording.plural(len(fresh), 'log object')} read{before}", style="bold"))
    rejected = sum((Counter(receipt.rejected) for receipt in fresh), Counter[str]())
    rows, lost = sum(receipt.rows for receipt in fresh), rejected.total()
    console.print(Text(f"{wording.plural(rows + lost, 'row')} = {rows:,} profiled + {lost:,} rejected"))
    for reason, count in sorted(rejected.items(), key=lambda item: (-item[1], item[0])):
        console.print(_quiet(f"  {count:,}  {wording.printable(REASONS.get(reason, reason))}"))


def _print_verdict(console: Console, reports: Sequence[Report]) -> None:
    first, last = reports[0], reports[-1]
    console.print(_status_text(wording.worst(report.status for report in reports), wording.verdict(reports)))
    version = f" version {wording.shortened(last.model_version, 20)}" if last.model_version else ""
    about = f"{wording.shortened(last.monitor)}, model {wording.shortened(last.model)}{version}, "
    console.print(_quiet(about + wording.span(first.start, last.end)))


def _print_table(console: Console, table: Table) -> None:
    console.print()
    console.print(table)
    console.print()


def _troubles(reports: Sequence[Report]) -> list[_Trouble]:
    """Put alerts and warnings of the same check together, the worst first and then the latest."""
    found: dict[tuple[str, str, str | None, str | None], list[tuple[int, Finding]]] = {}
    for at, report in enumerate(reports):
        for f in report.findings:
            if f.status in _BAD:
                found.setdefault((f.signal, f.metric, f.column, f.segment), []).append((at, f))
    ordered = [sorted(pairs, key=_worst_and_latest) for pairs in found.values()]
    ordered.sort(key=lambda pairs: _worst_and_latest(pairs[0]))
    return [_trouble(pairs, reports) for pairs in ordered]


def _trouble(pairs: Sequence[tuple[int, Finding]], reports: Sequence[Report]) -> _Trouble:
    (at, worst), *others = pairs
    told = in_short(worst, _column(reports[at], worst)) or worst.message
    elsewhere = tuple((reports[i].start, f.status) for i, f in sorted(others, key=_place_of))
    return _Trouble(worst, told, reports[at].start, elsewhere)


def _column(report: Report, finding: Finding) -> ColumnReport | None:
    place = (finding.column, finding.segment)
    return next((each for each in report.columns if (each.column, each.segment) == place), None)


def _place_of(pair: tuple[int, Finding]) -> int:
    return pair[0]


def _worst_and_latest(pair: tuple[int, Finding]) -> tuple[int, int]:
    return wording.severity(pair[1].status), -pair[0]


def _print_troubles(console: Console, troubles: Sequence[_Trouble], several: bool) -> None:
    shown, left_off = troubles[:_MOST_TROUBLES], troubles[_MOST_TROUBLES:]
    if console.width >= _WIDE:
        console.print(_troubles_table(shown, several))
        console.print()
    else:
        _print_list(console, shown, several)
    if left_off:
        names = dict.fromkeys(_place(trouble.finding).plain for trouble in left_off)
        console.print(_quiet(f"and {wording.plural(len(left_off), 'more check')}: {', '.join(names)}"), overflow="fold")


def _shown_windows(reports: Sequence[Report]) -> Sequence[Report]:
    """Return all windows or, of many, those with alerts or warnings and the latest ones."""
    if len(reports) <= _MOST_WINDOWS:
        return reports
    early = [report for report in reports[:-_LAST_WINDOWS] if report.status in _BAD]
    return [*early, *reports[-_LAST_WINDOWS:]]


def _windows(reports: Sequence[Report]) -> Table:
    table = light_table()
    table.add_column("window", no_wrap=True)
    for title in ("rows", "rejected", "alerts", "warnings", "undecided"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for report in reports:
        tally = wording.counts(report.findings)
        numbers = [Text(f"{report.rows:,}"), Text(f"{sum(report.rejected.values()):,}")]
        found = [_count(tally[status], status) for status in ("alert", "warning", "undecided")]
        state = "final" if report.final else "provisional"
        table.add_row(Text(wording.moment(report.start)), *numbers, *found, _quiet(state))
    return table


def _troubles_table(troubles: Iterable[_Trouble], several: bool) -> Table:
    table = light_table()
    table.add_column("status", no_wrap=True)
    table.add_column("column", overflow="fold", ratio=2)
    table.add_column("metric", overflow="fold")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("limit", justify="right", no_wrap=True)
    if several:
        table.add_column("window", overflow="fold")
    table.add_column("what it means", overflow="fold", ratio=3)
    for trouble in troubles:
        finding = trouble.finding
        table.add_row(
            _status_text(finding.status, finding.status),
            _place(finding),
            Text(_metric(finding.metric)),
            Text(wording.measured(finding.metric, finding.value)),
            Text(wording.measured(finding.metric, finding.threshold)),
            *([_when(trouble)] if several else []),
            _told(trouble),
        )
    return table


def _print_list(console: Console, troubles: Iterable[_Trouble], several: bool) -> None:
    """Print findings where a table would be too narrow: what was measured, and below it what it means."""
    for trouble in troubles:
        finding = trouble.finding
        line = _status_text(finding.status, f"{finding.status} ").append_text(_place(finding))
        line.append(f"  {_metric(finding.metric)} {wording.measured(finding.metric, finding.value)}", style="default")
        if finding.threshold is not None:
            line.append(f", limit {wording.measured(finding.metric, finding.threshold)}", style="default")
        console.print(line, overflow="fold")
        below = _when(trouble).append(": ").append_text(_told(trouble)) if several else _told(trouble)
        console.print(Padding(below, (0, 0, 0, 2), expand=False), overflow="fold")
    console.print()


def _when(trouble: _Trouble) -> Text:
    """Say in which window it was at its worst, and in which others it was bad."""
    start, others = wording.moment(trouble.start), trouble.others
    if not others:
        return _quiet(start)
    if len(others) <= _MOST_DATES:
        dates = (wording.moment(at) + _milder(trouble, status) for at, status in others)
        return _quiet(f"{start}, also {', '.join(dates)}")
    warnings = sum(bool(_milder(trouble, status)) for _, status in others)
    milder = f", {wording.plural(warnings, 'warning')} among them" if warnings else ""
    first, last = wording.moment(others[0][0]), wording.moment(others[-1][0])
    return _quiet(f"{start}, also {len(others):,} others from {first} to {last}{milder}")


def _milder(trouble: _Trouble, status: str) -> str:
    return "" if status == trouble.finding.status else f" ({status})"


def _compared(console: Console, columns: Sequence[Mapping[str, Any]]) -> Table:
    wide, widest = console.width >= _WIDE, console.width >= _WIDEST
    known = {metric for column in columns for metric, value in column["metrics"].items() if value is not None}
    extra = [each for each in (("kolmogorov_smirnov", "jensen_shannon", "psi") if wide else ("psi",)) if each in known]
    widest = widest and any(_p_value(column.get("finding") or {}) != wording.NOTHING for column in columns)
    table = light_table()
    table.add_column("status", no_wrap=True)
    table.add_column("column", overflow="fold", ratio=1)
    if wide:
        table.add_column("kind", no_wrap=True)
    of_tool = any("message" in (column.get("finding") or {}) for column in columns)  # whose names of metrics are long
    if of_tool:
        table.add_column("metric", overflow="fold", ratio=1)
    else:
        table.add_column("metric", no_wrap=not wide)
    judged = ("value", "limit", "p-value") if widest else ("value", "limit")
    for title in (*judged, *(_SHORT.get(metric, metric) for metric in extra)):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("missing", justify="right", no_wrap=True)
    for column in columns:
        finding = column.get("finding") or {}
        metric, status = finding.get("metric") or "", _status(column)
        metric = metric.partition("[")[0] if of_tool else metric  # the tool is the same for all, and named below
        numbers = [wording.measured(metric, finding.get(key)) for key in ("value", "threshold")]
        others = [wording.measured(name, column["metrics"].get(name)) for name in extra]
        missing = wording.measured("missing", column.get("missing", {}).get("current"))
        table.add_row(
            _status_text(status, status or "not judged"),
            Text(wording.shortened(column["column"], _NAME_LENGTH)),
            *([_quiet(wording.printable(column["kind"]))] if wide else []),
            Text(_metric(metric) if wide else _SHORT.get(metric, _metric(metric))),
            *(Text(text) for text in (*numbers, *([_p_value(finding)] if widest else []), *others, missing)),
        )
    return table


def _p_value(finding: Mapping[str, Any]) -> str:
    value = (finding.get("evidence") or {}).get("p_value")
    return wording.NOTHING if value is None else p_value(value).removeprefix("= ")


def _status(column: Mapping[str, Any]) -> str:
    return str((column.get("finding") or {}).get("status") or "")


def _worst_column_first(column: Mapping[str, Any]) -> tuple[int, float, str]:
    """Order by status, then by how far the value is from its limit, then by name."""
    finding = column.get("finding") or {}
    value, limit = finding.get("value"), finding.get("threshold")
    excess = value / limit if value is not None and limit else value or 0.0
    return wording.severity(_status(column)), -excess, column["column"]


def _compare_verdict(columns: Sequence[Mapping[str, Any]], noted: bool) -> str:
    tally = Counter(_status(column) for column in columns)
    trouble = [wording.plural(tally[status], status) for status in ("alert", "warning") if tally[status]]
    if trouble:
        return f"{' and '.join(trouble)} in {wording.plural(len(columns), 'column')}"
    if tally["ok"]:
        verdict = "No drift, but see below" if noted else "All fine"
        return f"{verdict}: {tally['ok']:,} of {wording.plural(len(columns), 'column')} judged"
    return "Undecided: too few rows to judge" if tally["undecided"] else "Nothing was compared"


def _status_text(status: str, words: str) -> Text:
    """Put the status's sign before *words*, both in its colour; the sign tells it where there is no colour."""
    return Text(f"{_SIGNS.get(status, '-')} {words}", style=_STYLES.get(status, "default"))


def _place(finding: Finding) -> Text:
    place = Text("all rows" if finding.column is None else wording.shortened(finding.column, _NAME_LENGTH), "default")
    if finding.segment is not None:
        place.append(f" where {wording.shortened(finding.segment, _NAME_LENGTH)}", style="dim")
    return place


def _metric(metric: str) -> str:
    return wording.shortened(wording.metric_name(metric), _NAME_LENGTH)


def _told(trouble: _Trouble) -> Text:
    return _quiet(wording.shortened(trouble.told, _MESSAGE_LENGTH))


def _count(count: int, status: str) -> Text:
    return Text(f"{count:,}", style=_STYLES[status] if count else "dim")


def _quiet(text: str) -> Text:
    return Text(text, style="dim")
