"""Evaluate: merge each window's profiles, measure, judge, and store the report as its next revision."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from atalaia.baseline import Baseline
from atalaia.errors import ObjectNotFoundError, PreconditionError, StoredFormError
from atalaia.evaluation import Occasion, evaluate
from atalaia.html import render_html
from atalaia.monitor_file import Monitor
from atalaia.monitoring.layout import (
    baseline_key,
    definition_key,
    overview_key,
    profiles_prefix,
    report_key,
    reports_prefix,
)
from atalaia.ports import ObjectInfo, ObjectStore
from atalaia.profile import Profile, merged_from_plain, unpack
from atalaia.report import BaselineRef, Input, Report, report_from_json, to_json
from atalaia.window import Window, parse_duration, window_at_key

MOST_EMPTY = 31
"""Windows without any log between two that have some are evaluated too; of more than this in a row, the first alone."""

HISTORY = 30
"""A page shows so many windows at most."""

_TRIES = 10


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A window's report, and whether it is news: False if the same report was stored before."""

    report: Report
    window: Window
    new: bool


class Evaluator:
    """Turns the stored profiles of one monitor into reports."""

    def __init__(self, monitor: Monitor, baseline: Baseline, output: ObjectStore, now: int) -> None:
        """Prepare for evaluating at the time *now*, in µs since 1970."""
        self._monitor = monitor
        self._baseline = baseline
        self._output = output
        self._now = now
        self._width = parse_duration(monitor.window)
        self._lateness = parse_duration(monitor.lateness)
        key = baseline_key(monitor.name, baseline.version)
        self._reference = BaselineRef(baseline.version, key, baseline.profile.rows)
        self._definition = _store_definition(monitor, output)

    def windows(self) -> dict[Window, list[ObjectInfo]]:
        """Return each window that has begun with its profiles, in order of time, with the empty windows in between."""
        prefix = profiles_prefix(self._monitor.name)
        held: dict[Window, list[ObjectInfo]] = {}
        for info in self._output.list(prefix):
            window = window_at_key(info.key.removeprefix(prefix).partition("/")[0], self._width)
            if window is not None and window.start <= self._now:
                held.setdefault(window, []).append(info)
        every: dict[Window, list[ObjectInfo]] = {}
        for window, infos in sorted(held.items()):
            every |= {empty: [] for empty in _between(next(reversed(every), window), window)}
            every[window] = infos
        return every

    def evaluate(self, window: Window, profiles: Sequence[ObjectInfo]) -> Evaluated | None:
        """Evaluate one window and store the report as its next revision, unless nothing has changed.

        Profiles that were made on another baseline can't be compared with this one and are left out, which the report
        says. A window that has no others keeps its latest report.

        Returns:
            The window's report; None when all its profiles are of another baseline and it has none.

        Raises:
            StoredFormError: A profile is damaged, or of another window.
        """
        merged = merge_profiles(self._baseline, self._output, profiles, window)
        latest = latest_report(self._monitor.name, self._output, window)
        if profiles and not merged.used:
            return None if latest is None else Evaluated(latest, window, new=False)
        final = self._now >= window.end + self._lateness or (latest is not None and latest.final)

        occasion = Occasion(window, 1, final, merged.inputs, self._reference, self._definition)
        judged = evaluate(self._monitor, self._baseline, merged.profile, occasion)
        for _ in range(_TRIES):
            revision = latest_revision(self._monitor.name, self._output, window)
            same, following = (msgspec.structs.replace(judged, revision=number) for number in (revision, revision + 1))
            if revision and to_json(same) == self._stored(window, revision):
                return Evaluated(same, window, new=False)
            try:
                key = report_key(self._monitor.name, window, revision + 1)
                self._output.put(key, to_json(following), if_absent=True)
            except PreconditionError:  # another evaluator was faster: see whether its report is the same
                continue
            return Evaluated(following, window, new=True)
        msg = f"{self._monitor.name}: {_TRIES} times another evaluator of window {window.key} was faster. Try again."
        raise PreconditionError(msg)

    def _stored(self, window: Window, revision: int) -> bytes:
        return self._output.get(report_key(self._monitor.name, window, revision))[0]

    def _exists(self, key: str) -> bool:
        try:
            self._output.head(key)
        except ObjectNotFoundError:
            return False
        return True

    def store_pages(self, evaluated: Sequence[Evaluated]) -> str:
        """Draw a page for each new report, and the page over the latest windows.

        Returns:
            The key of the page over all.
        """
        name = self._monitor.name
        for place, item in enumerate(evaluated):
            key = report_key(name, item.window, item.report.revision, "html")
            if item.new or not self._exists(key):
                self._output.put(key, _page(name, evaluated[: place + 1], up="../../"))
        self._output.put(overview_key(name), _page(name, evaluated, up=""))
        return overview_key(name)


def _page(monitor: str, evaluated: Sequence[Evaluated], up: str) -> bytes:
    shown = evaluated[-HISTORY:]
    keys = [report_key(monitor, item.window, item.report.revision, "html") for item in shown]
    links = {place: up + key.removeprefix(f"{monitor}/") for place, key in enumerate(keys)}
    return render_html([item.report for item in shown], links=links).encode()


def _between(before: Window, after: Window) -> list[Window]:
    width = before.end - before.start
    starts = range(before.end, after.start, width)
    told = starts if len(starts) <= MOST_EMPTY else starts[:1]
    return [Window(start, start + width) for start in told]


def latest_revision(monitor: str, output: ObjectStore, window: Window) -> int:
    """Return the number of a window's latest report, 0 if there is none."""
    prefix = reports_prefix(monitor, window)
    names = [info.key.removeprefix(prefix) for info in output.list(prefix)]
    numbers = [name.removeprefix("r").removesuffix(".json") for name in names if name.endswith(".json")]
    return max((int(number) for number in numbers if number.isdecimal()), default=0)


def latest_report(monitor: str, output: ObjectStore, window: Window) -> Report | None:
    """Return a window's latest report, or None."""
    revision = latest_revision(monitor, output, window)
    if not revision:
        return None
    key = report_key(monitor, window, revision)
    return report_from_json(output.get(key)[0], f"{output.uri}/{key}")


@dataclass(frozen=True, slots=True)
class Merged:
    """A window's profiles, merged.

    Attributes:
        profile: The whole.
        inputs: The log objects behind it and behind what was left out, in the order of their URIs.
        used: The stored profiles that went in, not those of another baseline.
    """

    profile: Profile
    inputs: tuple[Input, ...]
    used: tuple[ObjectInfo, ...]


def merge_profiles(baseline: Baseline, output: ObjectStore, profiles: Iterable[ObjectInfo], window: Window) -> Merged:
    """Merge a window's stored profiles, and say what went in and what was left out: profiles of another baseline.

    Raises:
        StoredFormError: A stored object is no profile, or one of another window.
    """
    merged, inputs, used = Profile(baseline.version), [], []
    parts: list[dict[str, Any]] = []
    waiting = 0
    for info in profiles:
        data, _ = output.get(info.key)
        plain, logs = content_of(data, f"{output.uri}/{info.key}", window)
        fits = plain["baseline"] == baseline.version
        inputs += [Input(log["uri"], log["etag"], log["format"], log["rows"], log["rejected"], fits) for log in logs]
        if not fits:
            continue
        used.append(info)
        parts.append(plain)
        waiting += len(data)
        if waiting > _TOGETHER:
            merged, parts, waiting = merged.merge(merged_from_plain(parts)), [], 0
    inputs.sort(key=lambda log: (log.log, log.etag))
    whole = merged.merge(merged_from_plain(parts)) if parts else merged
    return Merged(whole, tuple(inputs), tuple(used))


_TOGETHER = 32 << 20  # bytes of stored profiles that are merged at once


def content_of(data: bytes, where: str, window: Window) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what is stored under *where*: a profile, and what it holds of each log object.

    Raises:
        StoredFormError: It is no profile, or one of another window.
    """
    content = unpack(data, where)
    if content.get("kind") != "profile" or content["window"] != [window.start, window.end]:
        msg = f"{where}: not a profile of this window. Ingest the log again; the window's width may have changed."
        raise StoredFormError(msg)
    return content["profile"], content["logs"]


def _store_definition(monitor: Monitor, output: ObjectStore) -> str:
    """Keep the monitor file behind the reports, under a key made from its content."""
    data = msgspec.json.encode(monitor, order="deterministic")
    key = definition_key(monitor.name, hashlib.sha256(data).hexdigest()[:16])
    output.put(key, data)
    return key
