"""Status: the latest reports of several monitors as a page, as JSON, and as metrics in Prometheus's text format."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
from msgspec import Struct

from atalaia.errors import ObjectNotFoundError, StoredFormError
from atalaia.html import render_html
from atalaia.monitoring.decided import page_decisions
from atalaia.monitoring.evaluating import HISTORY
from atalaia.monitoring.layout import all_reports_prefix, revision_of
from atalaia.monitoring.watch import Watch
from atalaia.ports import Point
from atalaia.report import Report, report_from_json
from atalaia.telemetry import report_points
from atalaia.window import Window, parse_time

_HTML, _JSON = "text/html; charset=utf-8", "application/json"
_METRICS = "text/plain; version=0.0.4; charset=utf-8"
_TOLD = ("start", "end", "final", "status", "rows", "rejected", "findings")


class Page(Struct, frozen=True):
    """An answer over HTTP: its status, type and text."""

    status: int
    type: str
    text: str


def page_at(path: str, watches: Sequence[Watch], link: Callable[[str], str] = "/{}".format) -> Page:
    """Return what lies at a *path*: `/`, `/MONITOR`, `/status.json` or `/metrics`.

    Args:
        path: What is asked for.
        watches: The monitors.
        link: Makes the address of a monitor's page from its name, and that of the page over all from nothing.
    """
    named = {watch.monitor.name: watch for watch in watches}
    name = path.strip("/")
    if name == "metrics":
        return Page(200, _METRICS, exposition(point for watch in watches for point in _latest_points(watch)))
    if name == "status.json":
        told = [{"monitor": watch.monitor.name, "windows": _windows(watch)} for watch in watches]
        return Page(200, _JSON, msgspec.json.encode({"monitors": told}).decode())
    if not name and len(watches) == 1:
        return _page_of(watches[0])
    if not name:
        return Page(200, _HTML, _index(sorted(named), link))
    if name in named:
        return _page_of(named[name])
    back = html.escape(link(""))
    return Page(404, _HTML, _document("Nothing is here", f'<p><a href="{back}">All monitors</a></p>'))


def latest_reports(watch: Watch, most: int = HISTORY) -> list[tuple[Report, int, int]]:
    """Return the latest report of each of the latest windows, in order of time, its revision, and when it was stored.

    Reports of other releases that this one cannot read are left out.
    """
    prefix = all_reports_prefix(watch.monitor.name)
    latest: dict[str, int] = {}
    for info in watch.output.list(prefix):
        window = info.key.removeprefix(prefix).partition("/")[0]
        latest[window] = max(revision_of(info.key), latest.get(window, 0))
    found = []
    for window, revision in sorted(latest.items())[-most:]:
        key = f"{prefix}{window}/r{revision}.json"
        try:
            data, info = watch.output.get(key)
            found.append((report_from_json(data, f"{watch.output.uri}/{key}"), revision, info.time))
        except (ObjectNotFoundError, StoredFormError):
            continue
    return found


def exposition(points: Iterable[Point]) -> str:
    """Write points as Prometheus reads them, all of one name together."""
    families: dict[str, list[str]] = {}
    for point in points:
        name = point.name.replace(".", "_")
        labels = ",".join(f'{key.replace(".", "_")}="{_escaped(value)}"' for key, value in point.attributes)
        families.setdefault(name, []).append(f"{name}{{{labels}}} {_number(point.value)}\n")
    return "".join(f"# TYPE {name} gauge\n{''.join(lines)}" for name, lines in sorted(families.items()))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}.get(text := repr(float(value)), text)


def _latest_points(watch: Watch) -> Iterator[Point]:
    for report, _, time in latest_reports(watch, most=1):
        yield from report_points(report, time)


def _windows(watch: Watch) -> list[dict[str, object]]:
    return [
        {"revision": revision} | {key: msgspec.to_builtins(getattr(report, key)) for key in _TOLD}
        for report, revision, _ in latest_reports(watch)
    ]


def _page_of(watch: Watch) -> Page:
    reports = [report for report, _, _ in latest_reports(watch)]
    if not reports:
        return Page(200, _HTML, _document(watch.monitor.name, "<p>No window was evaluated yet.</p>"))
    starts = [parse_time(report.start) or 0 for report in reports]
    decisions = page_decisions(watch.monitor, watch.output, [Window(start, start) for start in starts])
    return Page(200, _HTML, render_html(reports, decisions=decisions))


def _index(names: Sequence[str], link: Callable[[str], str]) -> str:
    items = "".join(f'<li><a href="{html.escape(link(name))}">{html.escape(name)}</a></li>' for name in names)
    return _document("Monitors", f"<ul>{items}</ul>")


def _document(title: str, body: str) -> str:
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body><h1>{html.escape(title)}</h1>{body}</body></html>'
