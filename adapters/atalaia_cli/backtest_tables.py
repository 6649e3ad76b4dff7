"""How a backtest looks in the terminal: totals on both sides, then the windows that differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from atalaia import wording
from atalaia.checks import OVER_TIME
from atalaia.monitoring.backtesting import Backtest, Compared, Deed, Side, Totals
from atalaia.window import Window, iso
from atalaia_cli.bills import money
from atalaia_cli.tables import light_table

_MOST_WINDOWS = 40
_NAME_LENGTH, _WHY_LENGTH = 40, 160


Months = tuple[float, float]
"""What a month of either monitor costs, in dollars."""


def print_backtest(console: Console, found: Backtest, picture: str | None, months: Months | None = None) -> None:
    """Print what happened beside what would have, and where the picture of it is."""
    windows, differ = len(found.windows), sum(each.differs for each in found.windows)
    first, last = found.windows[0].window, found.windows[-1].window
    verdict = (
        f"{differ:,} of {wording.plural(windows, 'window')} would have been otherwise" if differ else "No difference"
    )
    console.print(Text(verdict, style="bold yellow" if differ else "bold green"))
    console.print(_quiet(f"{found.monitor}, {wording.plural(windows, 'window')}, {_span(first, last)}"))
    for note in found.notes:
        console.print(Text(f"! {wording.printable(note)}", style="yellow"), overflow="fold")
    console.print()
    console.print(_totals(found.then, found.now, months))
    shown = [each for each in found.windows if each.differs]
    if shown:
        console.print()
        console.print(_windows(shown[:_MOST_WINDOWS]))
    if len(shown) > _MOST_WINDOWS:
        console.print(
            _quiet(
                f"and {wording.plural(len(shown) - _MOST_WINDOWS, 'more window')} that differ; --json has all of them"
            )
        )
    if picture is not None:
        console.print()
        console.print(Text("Picture: ").append(wording.printable(picture), style="underline"), soft_wrap=True)


def _span(first: Window, last: Window) -> str:
    return wording.span(iso(first.start), iso(last.end))


def _totals(then: Totals, now: Totals, months: Months | None) -> Table:
    table = light_table()
    table.add_column("", no_wrap=True)
    table.add_column("then", justify="right", no_wrap=True)
    table.add_column("now", justify="right", no_wrap=True)
    for name, before, after in total_lines(then, now, months):
        table.add_row(name, before, Text(after, style="" if before == after else "bold"))
    return table


def total_lines(then: Totals, now: Totals, months: Months | None) -> Iterator[tuple[str, str, str]]:
    """Yield what is counted over the whole period, with its values on both sides."""
    yield "windows with an alert", f"{then.alarms:,}", f"{now.alarms:,}"
    yield "alerts", f"{then.alerts:,}", f"{now.alerts:,}"
    yield "warnings", f"{then.warnings:,}", f"{now.warnings:,}"
    yield "actions", f"{then.actions:,}", f"{now.actions:,}"
    if then.cost is not None and now.cost is not None:
        yield "cost of actions", f"{then.cost:,.2f}", f"{now.cost:,.2f}"
    if months is not None:
        yield "a month of the monitor", money(months[0]), money(months[1])
    yield "first alert", start_of(then.first_alarm), start_of(now.first_alarm)


def start_of(window: Window | None) -> str:
    """Write when a window begins."""
    return wording.NOTHING if window is None else wording.moment(iso(window.start))


def _windows(shown: Sequence[Compared]) -> Table:
    table = light_table()
    table.add_column("window", no_wrap=True)
    table.add_column("then", overflow="fold")
    table.add_column("now", overflow="fold")
    table.add_column("what differs", overflow="fold", ratio=1)
    for each in shown:
        table.add_row(
            start_of(each.window), side_text(each.then), side_text(each.now), Text("; ".join(differences(each)))
        )
    return table


def side_text(side: Side | None) -> Text:
    """Return what was told of a window on one side, and below it what policies did."""
    if side is None:
        return Text("not told of", style="dim")
    counted = [wording.plural(side.count(status), status) for status in ("alert", "warning") if side.count(status)]
    text = Text(", ".join(counted) or "fine", style="red" if side.count("alert") else "dim")
    for deed in side.actions:
        text.append(f"\n{_deed(deed)}", style="bold")
    return text


def _deed(deed: Deed) -> str:
    asked = {"pending-approval": ", if approved", "declined": ", declined", "expired": ", not approved in time"}
    return f"→ {deed.policy}{asked.get(deed.state.value, '')}"


def differences(compared: Compared) -> Iterator[str]:
    """Yield in words what is otherwise in a window."""
    then, now = (_found(side) for side in (compared.then, compared.now))
    told: dict[str, list[str]] = {}
    for place in {**then, **now}:
        before, after = then.get(place), now.get(place)
        if before != after:
            told.setdefault(_change(before, after), []).append(_what(place))
    yield from (f"{change}: {wording.listed(names, most=3)}" for change, names in told.items())
    yield from _acting(compared)


def _change(before: str | None, after: str | None) -> str:
    if before is None:
        return f"also {after}"
    return f"no longer {before}" if after is None else f"{after} instead of {before}"


_Place = tuple[str, str | None, str | None]


def _found(side: Side | None) -> dict[_Place, str]:
    findings = () if side is None else side.findings
    return {(f.metric, f.column, f.segment): f.status for f in findings}


def _what(place: _Place) -> str:
    metric, column, segment = place
    where = wording.metric_name(metric) if column is None else wording.shortened(column, _NAME_LENGTH)
    where += "" if segment is None else f" where {wording.shortened(segment, _NAME_LENGTH)}"
    return f"{where} over time" if metric == OVER_TIME else where


def _acting(compared: Compared) -> Iterator[str]:
    then, now = (
        {} if side is None else {deed.policy: deed for deed in side.actions if deed.runs}
        for side in (compared.then, compared.now)
    )
    yield from (f"{policy} would not act{_held(compared.now, policy)}" for policy in then if policy not in now)
    yield from (f"{policy} would act: {_short(now[policy].why)}" for policy in now if policy not in then)


def _held(side: Side | None, policy: str) -> str:
    held = next((each for each in (side.held if side is not None else ()) if each.policy == policy), None)
    return "" if held is None else f": {_short(held.reason)}"


def _short(why: str) -> str:
    return wording.shortened(why, _WHY_LENGTH)


def _quiet(text: str) -> Text:
    return Text(wording.printable(text), style="dim")
