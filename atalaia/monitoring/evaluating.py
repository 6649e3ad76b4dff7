"""Evaluate: merge each window's profiles, measure, judge, and store the report as its next revision."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from atalaia.baseline import Baseline
from atalaia.constraints import violations_text
from atalaia.errors import ObjectNotFoundError, PreconditionError
from atalaia.evaluation import Occasion, evaluate
from atalaia.html import render_html
from atalaia.monitor_file import Monitor
from atalaia.monitoring.decided import page_decisions
from atalaia.monitoring.eras import Eras, as_eras
from atalaia.monitoring.layout import (
    all_reports_prefix,
    baseline_key,
    definition_key,
    overview_key,
    profiles_prefix,
    report_key,
    reports_prefix,
    revision_of,
    violations_key,
    window_prefix,
)
from atalaia.monitoring.merging import Merged, merge_compacted, merge_profiles
from atalaia.policies import MOST_EMPTY, watches_silence
from atalaia.ports import ObjectInfo, ObjectStore
from atalaia.report import BaselineRef, Gathering, Report, Trail, digest_of, report_from_json, to_json
from atalaia.window import Window, parse_duration, window_at_key, window_of

GROWTH = 10
"""A window that goes on is told of again when for each so many rows that were told of there is one more."""

PARTS = 24
"""It is told of again, too, when such a part of its width has passed since, so that silence means what it says."""

HISTORY = 30
"""A page shows so many windows at most."""

_TRIES = 10


class Evaluated(Struct, frozen=True):
    """A window's report, its revision, whether it is news, and the time it was stored at, in µs since 1970."""

    report: Report
    window: Window
    revision: int
    new: bool
    time: int


class _Against(Struct, frozen=True):
    """What a window is judged by: the baseline of its era, and the monitor file with the model's version then."""

    baseline: Baseline
    reference: BaselineRef
    monitor: Monitor
    written: bytes
    definition: str


def _against(monitor: Monitor, baseline: Baseline, model_version: str) -> _Against:
    reference = BaselineRef(baseline.version, baseline_key(monitor.name, baseline.name), baseline.profile.rows)
    if model_version:
        monitor = replace(monitor, model=replace(monitor.model, version=model_version))
    written = msgspec.json.encode(monitor, order="deterministic")
    definition = definition_key(monitor.name, hashlib.sha256(written).hexdigest()[:16])
    return _Against(baseline, reference, monitor, written, definition)


class Evaluator:
    """Turns the stored profiles of one monitor into reports."""

    def __init__(
        self,
        monitor: Monitor,
        baseline: Baseline | Eras,
        output: ObjectStore,
        now: int,
        announce: Callable[[str], None] | None = None,
        *,
        often: bool = False,
        gathering: Callable[[Window], Gathering | None] = lambda _: None,
    ) -> None:
        """Prepare for evaluating at the time *now*, in µs since 1970; *announce* hears a report's key before it exists.

        So whoever tells others of reports misses none, even if the process is killed in between. Who evaluates *often*
        keeps merged profiles for the next evaluation of their window, and of a window that goes on only reports
        that tell more than some new rows. *gathering* tells of a window whether a new baseline is being made.
        """
        self._announce = announce
        self._often = often
        self._gathering = gathering
        self._monitor = monitor
        self._eras = as_eras(baseline)
        self._output = output
        self._now = now
        self._width = parse_duration(monitor.window)
        self._lateness = parse_duration(monitor.lateness)
        self._held: dict[tuple[str, str], _Against] = {}

    def _against(self, window: Window) -> _Against:
        baseline, version = self._eras.at(window.start), self._eras.model_version(window.start)
        if (baseline.name, version) not in self._held:
            self._held[baseline.name, version] = _against(self._monitor, baseline, version)
        return self._held[baseline.name, version]

    def windows(self) -> list[Window]:
        """Return each window that has begun and has profiles, in order of time, with the empty windows in between.

        If a policy asks for silence, the empty ones that are over after the last follow.
        """
        prefix = profiles_prefix(self._monitor.name)
        names = {info.key.removeprefix(prefix).partition("/")[0] for info in self._output.list(prefix)}
        held = [window for name in names if (window := window_at_key(name, self._width)) and self.has_begun(window)]
        every: list[Window] = []
        for window in sorted(held):
            every += [*(between(every[-1], window) if every else ()), window]
        silence = watches_silence(self._monitor.policies)
        return every + (self._silent_after(every[-1]) if every and silence else [])

    def silent_windows(self) -> list[Window]:
        """Return the windows that are over after the last with profiles, if a policy asks for silence.

        They are `MOST_EMPTY` at most: whoever is silent for longer has been told of.
        """
        if not watches_silence(self._monitor.policies):
            return []
        latest = window_of(self._now - self._lateness - self._width, self._width)
        shift = self._width
        back = (Window(latest.start - n * shift, latest.end - n * shift) for n in range(MOST_EMPTY + 1))
        last = next((window for window in back if self._profiles(window)), None)
        return [] if last is None else self._silent_after(last)

    def _silent_after(self, last: Window) -> list[Window]:
        starts = (last.start + n * self._width for n in range(1, MOST_EMPTY + 1))
        windows = (Window(start, start + self._width) for start in starts)
        return [window for window in windows if self.is_over(window)]

    def has_begun(self, window: Window) -> bool:
        """Tell whether *window* has begun; before that, its rows are of a clock that is wrong."""
        return window.start <= self._now

    def basis(self, window: Window) -> str:
        """Return what tells whether the window must be evaluated: as long as it is the same, the report is."""
        profiles = [(info.key, info.etag) for info in self._profiles(window)]
        held = self._against(window)
        told = (held.definition, held.baseline.name, self.is_over(window), profiles)
        return hashlib.sha256(msgspec.json.encode(told)).hexdigest()

    def is_over(self, window: Window) -> bool:
        """Tell whether the window's lateness has passed."""
        return self._now >= window.end + self._lateness

    def evaluate(self, window: Window) -> Evaluated | None:
        """Evaluate one window and store the report as its next revision, unless nothing has changed.

        Profiles that were made on another baseline can't be compared with this one and are left out, which the report
        says. A window that has no others keeps its latest report.

        Returns:
            The window's report; None when all its profiles are of another baseline and it has none.

        Raises:
            StoredFormError: A profile is damaged, or of another window.
        """
        for _ in range(_TRIES):
            latest = latest_report(self._monitor.name, self._output, window)  # before profiles are looked for, so that
            try:  # no report of fewer of them can become the next after one of more
                profiles = self._profiles(window)
                merged = self._merge(window, profiles)
                if profiles and not merged.used:
                    return latest
                return self._stored(window, merged, latest)
            except (PreconditionError, ObjectNotFoundError):  # another was faster, or a profile was replaced meanwhile
                continue
        msg = f"{self._monitor.name}: {_TRIES} times another evaluator of window {window.key} was faster. Try again."
        raise PreconditionError(msg)

    def _profiles(self, window: Window) -> list[ObjectInfo]:
        return list(self._output.list(window_prefix(self._monitor.name, window)))

    def _merge(self, window: Window, profiles: Sequence[ObjectInfo]) -> Merged:
        if self._often:
            return merge_compacted(self._monitor.name, self._eras.at(window.start), self._output, profiles, window)
        return merge_profiles(self._eras.at(window.start), self._output, profiles, window)

    def _stored(self, window: Window, merged: Merged, latest: Evaluated | None) -> Evaluated:
        """Judge, and store the report after the *latest* unless it tells the same.

        Raises:
            PreconditionError: Another has stored one after the latest.
        """
        final = self.is_over(window) or (latest is not None and latest.report.final)
        held = self._against(window)
        try:
            before = self._before(window, latest)
        except ObjectNotFoundError:  # the report that the latest one continues is gone
            if latest is not None and _made_of(latest.report, merged, held):
                return latest
            before = trail_before(self._monitor.name, self._output, window, held.reference)
        is_told = latest is not None and latest.report.final  # what was known when the window became final stays
        gathering = latest.report.gathering if latest is not None and is_told else self._gathering(window)
        occasion = Occasion(window, final, merged.inputs, held.reference, held.definition, before, gathering)
        report = evaluate(held.monitor, held.baseline, merged.profile, occasion)
        if latest is not None and to_json(report) == to_json(latest.report):
            return Evaluated(report, window, latest.revision, new=False, time=latest.time)
        if latest is not None and not self._is_news(report, latest):
            return latest
        revision = 1 if latest is None else latest.revision + 1
        key = report_key(self._monitor.name, window, revision)
        self._output.put(held.definition, held.written)
        if self._announce is not None:
            self._announce(key)
        if held.baseline.constraints is not None:  # before the report, so that no report is without them
            self._output.put(violations_key(self._monitor.name, window), violations_text(report.findings))
        self._output.put(key, to_json(report), if_absent=True)
        return Evaluated(report, window, revision, new=True, time=self._now)

    def _before(self, window: Window, latest: Evaluated | None) -> Trail | None:
        """Return what the window before carries on; a final report stays with the one that it continued.

        Raises:
            ObjectNotFoundError: That one is gone.
        """
        reference = self._against(window).reference
        if latest is not None and latest.report.final and latest.report.baseline.version == reference.version:
            return trail_after(latest.report, self._output)
        return trail_before(self._monitor.name, self._output, window, reference)

    def _is_news(self, report: Report, latest: Evaluated) -> bool:
        is_due = not self._often or self._now - latest.time >= self._width / PARTS
        return is_due or _says_more(report, latest.report)

    def _exists(self, key: str) -> bool:
        try:
            self._output.head(key)
        except ObjectNotFoundError:
            return False
        return True

    def store_pages(self, evaluated: Sequence[Evaluated], decided: Collection[Window] = ()) -> str:
        """Draw a page for each new report and each window that was *decided* on, and the page over the latest windows.

        Returns:
            The key of the page over all.
        """
        name = self._monitor.name
        for place, item in enumerate(evaluated):
            key = report_key(name, item.window, item.revision, "html")
            if item.new or item.window in decided or not self._exists(key):
                self._output.put(key, self._page(evaluated[: place + 1], up="../../"))
        self._output.put(overview_key(name), self._page(evaluated, up=""))
        return overview_key(name)

    def _page(self, evaluated: Sequence[Evaluated], up: str) -> bytes:
        monitor, shown = self._monitor.name, evaluated[-HISTORY:]
        keys = [report_key(monitor, item.window, item.revision, "html") for item in shown]
        links = {place: up + key.removeprefix(f"{monitor}/") for place, key in enumerate(keys)}
        decisions = page_decisions(self._monitor, self._output, [item.window for item in shown])
        return render_html([item.report for item in shown], links=links, decisions=decisions).encode()


def _made_of(report: Report, merged: Merged, held: _Against) -> bool:
    return (report.inputs_digest, report.definition) == (digest_of(merged.inputs), held.definition)


def _says_more(report: Report, latest: Report) -> bool:
    """Tell whether *report* says more than the *latest* of a window that goes on: another outcome, many more rows."""
    if report.final or (report.baseline, report.definition) != (latest.baseline, latest.definition):
        return True
    rows, before = report.rows + sum(report.rejected.values()), latest.rows + sum(latest.rejected.values())
    return _outcomes(report) != _outcomes(latest) or not 0 <= rows - before < max(1, before / GROWTH)


def _outcomes(report: Report) -> set[tuple[str | None, ...]]:
    return {(told.signal, told.metric, told.column, told.segment, told.status) for told in report.findings}


def between(before: Window, after: Window) -> list[Window]:
    """Return the empty windows between two that are to be evaluated, too."""
    width = before.end - before.start
    starts = range(before.end, after.start, width)
    told = starts if len(starts) <= MOST_EMPTY else starts[:1]
    return [Window(start, start + width) for start in told]


def trail_after(report: Report, output: ObjectStore) -> Trail | None:
    """Return what *report* continued: the trail of the report that it names, or None.

    Raises:
        ObjectNotFoundError: That report is gone.
    """
    key = report.trail.after if report.trail is not None else None
    if key is None:
        return None
    before = report_from_json(output.get(key)[0], f"{output.uri}/{key}")
    return replace(before.trail, after=key) if before.trail is not None else None


def trail_before(monitor: str, output: ObjectStore, window: Window, baseline: BaselineRef) -> Trail | None:
    """Return what the last window before *window* that has a report on this *baseline* carries on, or None."""
    last = Window(2 * window.start - window.end, window.start)
    before = latest_report(monitor, output, last) or _last_report(monitor, output, window)
    if before is None or before.report.trail is None or before.report.baseline.version != baseline.version:
        return None
    return replace(before.report.trail, after=report_key(monitor, before.window, before.revision))


def _last_report(monitor: str, output: ObjectStore, window: Window) -> Evaluated | None:
    """Find the last report before *window*, where the window next to it has none."""
    prefix = all_reports_prefix(monitor)
    names = {info.key.removeprefix(prefix).partition("/")[0] for info in output.list(prefix)}
    found = [each for name in names if (each := window_at_key(name, window.end - window.start))]
    earlier = max((each for each in found if each < window), default=None)
    return latest_report(monitor, output, earlier) if earlier is not None else None


def latest_revision(monitor: str, output: ObjectStore, window: Window) -> int:
    """Return the number of a window's latest report, 0 if there is none."""
    prefix = reports_prefix(monitor, window)
    return max((revision_of(info.key) for info in output.list(prefix)), default=0)


def latest_report(monitor: str, output: ObjectStore, window: Window) -> Evaluated | None:
    """Return a window's latest report, or None."""
    revision = latest_revision(monitor, output, window)
    if not revision:
        return None
    key = report_key(monitor, window, revision)
    data, info = output.get(key)
    report = report_from_json(data, f"{output.uri}/{key}")
    return Evaluated(report, window, revision, new=False, time=info.time)
