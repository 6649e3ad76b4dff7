"""What several commands do, with its progress on stderr: find the baseline, ingest, evaluate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import Progress

from atalaia.baseline import Baseline
from atalaia.errors import AtalaiaError
from atalaia.monitoring.baselines import ensure_baseline
from atalaia.monitoring.eras import Eras, load_eras
from atalaia.monitoring.evaluating import Evaluated, Evaluator
from atalaia.monitoring.ingesting import Ingester
from atalaia.monitoring.receipts import Receipt
from atalaia.monitoring.sources import LogSource
from atalaia.window import parse_time
from atalaia_cli.acting import act
from atalaia_cli.baselines import baseline_lines
from atalaia_cli.places import Opened
from atalaia_local import DirectoryStore

_Item = TypeVar("_Item")


def held_baseline(opened: Opened) -> Baseline:
    """Return the baseline that holds; say so if it was built for that."""
    with working("looking at the baseline"):
        held, built = ensure_baseline(opened.monitor, opened.reference(), opened.output)
    if built:
        click.echo("Built: " + "\n".join(baseline_lines(held)), err=True)
    return held


def ingested(opened: Opened, held: Baseline, places: tuple[str, ...]) -> list[tuple[Receipt, bool]]:
    """Profile the logs in *places*, or else where the monitor file says.

    Returns:
        The receipt of each log object, and whether it is news.

    Raises:
        AtalaiaError: There are no logs.
    """
    ingester = Ingester(opened.monitor, _eras(opened, held), opened.output)
    sources = opened.logs(places)
    objects = [(source, list(source.objects())) for source in sources]
    for source in sources:
        _tell_left_out(source)
    if not any(infos for _, infos in objects):
        where = ", ".join(places) or opened.monitor.logs.source
        msg = f"{where}: no log objects there. Check logs.source and logs.include, or give --logs."
        raise AtalaiaError(msg)
    return [done for source, infos in objects for done in ingester.ingest_all(source, _shown(infos, "reading logs"))]


def _tell_left_out(source: LogSource) -> None:
    links = sorted(source.store.left_out) if isinstance(source.store, DirectoryStore) else []
    if links:
        more = f" and {len(links) - 1} more" if len(links) > 1 else ""
        click.echo(f"Left out {source.store.uri}/{links[0]}{more}: a link that leads outside the folder.", err=True)


def evaluated(opened: Opened, held: Baseline, now: str | None) -> tuple[list[Evaluated], str]:
    """Judge every window that has profiles, as of *now* (ISO 8601; None for the clock's time), and do what follows.

    Returns:
        What came out, by window, and the path of the page that tells of all.

    Raises:
        AtalaiaError: There is no window with profiles of the baseline that is *held*.
    """
    time_now = the_time(now)
    evaluator = Evaluator(opened.monitor, _eras(opened, held), opened.output, time_now)
    windows = evaluator.windows()
    where = f"{opened.output.uri}/{opened.monitor.name}"
    if not windows:
        msg = f"{where}: no profiles of windows that have begun. Run `atalaia ingest` first."
        raise AtalaiaError(msg)
    found = [evaluator.evaluate(window) for window in _shown(windows, "evaluating windows")]
    done = [item for item in found if item is not None]
    if not done:
        msg = f"{where}: all profiles are of another baseline. Run `atalaia ingest` on the logs again."
        raise AtalaiaError(msg)
    decided = act(opened, done, time_now)
    return done, (opened.root / evaluator.store_pages(done, decided)).as_posix()


def _eras(opened: Opened, held: Baseline) -> Eras:
    return load_eras(opened.monitor.name, opened.output, held)


def the_time(now: str | None) -> int:
    """Return the moment that `--now` was given, or else the time, in µs since 1970."""
    return time.time_ns() // 1000 if now is None else moment(now, "--now")


def moment(text: str, option: str) -> int:
    """Return the moment that an option was given, in µs since 1970.

    Raises:
        AtalaiaError: It is none.
    """
    found = parse_time(text)
    if found is None:
        msg = f"{option} {text!r}: not a moment. Write it as 2026-03-05T00:00:00Z."
        raise AtalaiaError(msg)
    return found


def working(what: str) -> Any:
    """Show that something is being done, where stderr is a terminal."""
    return Console(stderr=True).status(what)


def _shown(items: list[_Item], what: str) -> Iterator[_Item]:
    """Hand on *items* one by one, with a progress bar on stderr where that is a terminal."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        yield from progress.track(items, description=what)
