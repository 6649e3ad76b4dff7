"""`atalaia backtest`: what another monitor would have told and done, beside what happened."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace
from rich.console import Console

from atalaia.checks import METRICS
from atalaia.errors import AtalaiaError
from atalaia.monitor_file import Monitor, load_monitor
from atalaia.monitoring.backtesting import Backtest, Compared, Deed, Side, Totals, backtest
from atalaia.monitoring.periods import Period
from atalaia.report import Finding
from atalaia.window import SECOND, Window, iso, parse_duration
from atalaia_cli.backtest_page import page
from atalaia_cli.backtest_picture import draw
from atalaia_cli.backtest_tables import print_backtest
from atalaia_cli.jobs import moment, working
from atalaia_cli.places import open_monitor, read_bytes, write_text
from atalaia_cli.shapes import decision_shape, print_json
from atalaia_cost import CLOUDS, estimate, shape_of, usual_workload


@click.command("backtest", short_help="Replay a past period under another monitor file.")
@click.argument("monitor")
@click.option("--with", "changed", metavar="FILE", help="The changed monitor file; by default MONITOR as it is now.")
@click.option("--from", "start", metavar="TIME", help="Begin with the windows from this moment on (ISO 8601).")
@click.option("--to", "end", metavar="TIME", help="End with the windows up to this moment (ISO 8601).")
@click.option("--job-cost", type=click.FloatRange(min=0), metavar="NUMBER", help="What one action costs, to add it up.")
@click.option("--cloud", type=click.Choice(CLOUDS), help="Also tell what either monitor costs a month there.")
@click.option("--picture", metavar="FILE", help="Draw both sides over time here: .svg, or .html for a page.")
@click.option("--out", metavar="DIR", help="Read this output root instead of the monitor file's; nothing is written.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def backtest_command(
    monitor: str,
    changed: str | None,
    start: str | None,
    end: str | None,
    job_cost: float | None,
    cloud: str | None,
    picture: str | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Replay the stored profiles of a past period, and set what would have been told and done beside what was.

    Nothing is evaluated, started or written anew in the monitor's output.

    \b
    Example: atalaia backtest monitor.yaml --with changed.yaml
    Example: atalaia backtest monitor.yaml --with changed.yaml --from 2026-03-01 --picture backtest.svg
    """
    _refuse(picture, job_cost)
    opened = open_monitor(monitor, out)
    period = Period(int(time.time()) * SECOND, _moment(start, "--from"), _moment(end, "--to"))
    other = _changed(changed) or opened.monitor
    with working("replaying windows"):
        found = backtest(opened.monitor, opened.output, period, other, job_cost)
    if other.window != opened.monitor.window:
        summed = f"windows are {other.window} wide instead of {opened.monitor.window}: `then` adds up those within one"
        found = replace(found, notes=(*found.notes, summed))
    months = None if cloud is None else (_month(opened.monitor, found, cloud), _month(other, found, cloud))
    if picture is not None:
        write_text(Path(picture), page(found, months) if picture.lower().endswith(".html") else draw(found))
    if as_json:
        print_json(_shape(found, months or (None, None)))
    else:
        print_backtest(Console(), found, picture, months)


def _refuse(picture: str | None, job_cost: float | None) -> None:
    """Find at once what would else be a fault after all windows were replayed.

    Raises:
        AtalaiaError: The picture can't be written, or the cost is none.
    """
    if picture is not None and Path(picture).suffix.lower() not in (".svg", ".html"):
        msg = f"--picture {picture}: neither .svg nor .html. Give a name that ends so."
        raise AtalaiaError(msg)
    if picture is not None and not Path(picture).parent.is_dir():
        msg = f"--picture {picture}: there is no folder {Path(picture).parent}. Make it first, or give another path."
        raise AtalaiaError(msg)
    if job_cost is not None and not math.isfinite(job_cost):
        msg = f"--job-cost {job_cost}: not a number. Give what one action costs, such as 4.20."
        raise AtalaiaError(msg)


def _moment(text: str | None, option: str) -> int | None:
    return None if text is None else moment(text, option)


def _changed(path: str | None) -> Monitor | None:
    return None if path is None else load_monitor(read_bytes(Path(path)), Path(path).name, METRICS)


def _month(monitor: Monitor, found: Backtest, cloud: str) -> float:
    """Return what `atalaia cost` would say, in dollars, of as many rows a month as there were in the period."""
    span = found.windows[-1].window.end - found.windows[0].window.start
    rows = sum(each.now.rows for each in found.windows if each.now is not None) * _MONTH / span
    return estimate(usual_workload(shape_of(monitor), rows), cloud).dollars


_MONTH = parse_duration("30d")


def _shape(found: Backtest, months: tuple[float | None, float | None]) -> dict[str, Any]:
    """Return what `--json` prints."""
    return {
        "monitor": found.monitor,
        "notes": list(found.notes),
        "then": _totals(found.then) | {"month": months[0]},
        "now": _totals(found.now) | {"month": months[1]},
        "windows": [_window(each) for each in found.windows],
    }


def _totals(totals: Totals) -> dict[str, Any]:
    return {
        "alarms": totals.alarms,
        "alerts": totals.alerts,
        "warnings": totals.warnings,
        "actions": totals.actions,
        "first_alarm": _start(totals.first_alarm),
        "cost": totals.cost,
    }


def _start(window: Window | None) -> str | None:
    return None if window is None else iso(window.start)


def _window(compared: Compared) -> dict[str, Any]:
    span = {"start": iso(compared.window.start), "end": iso(compared.window.end)}
    return span | {"differs": compared.differs, "then": _side(compared.then), "now": _side(compared.now)}


def _side(side: Side | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return {
        "final": side.final,
        "status": side.status,
        "rows": side.rows,
        "drifted": side.drifted,
        "findings": [_finding(each) for each in side.findings],
        "actions": [_deed(each) for each in side.actions],
        "held": [decision_shape(each) for each in side.held],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    keys = ("signal", "metric", "column", "segment", "value", "threshold", "status")
    return {key: getattr(finding, key) for key in keys}


def _deed(deed: Deed) -> dict[str, Any]:
    return {"policy": deed.policy, "state": deed.state.value, "time": iso(deed.time), "why": deed.why}
