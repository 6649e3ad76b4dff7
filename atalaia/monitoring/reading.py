"""Reading a log object: every row is dated and counted in its window, every reject listed in its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from atalaia.batches import joined
from atalaia.logs import path_time
from atalaia.monitor_file import Monitor
from atalaia.monitoring.dating import SOURCES, date_rows
from atalaia.monitoring.rejects import Rejects
from atalaia.monitoring.sources import LogSource
from atalaia.ports import ObjectInfo
from atalaia.profile import Profile, ProfileCounter, Profiler, pack, profile_from_plain, profile_to_plain, unpack
from atalaia.profile.minutes import Minutes
from atalaia.profile.number_counter import MOST_WAITING
from atalaia.profile.values import Ints, Rows
from atalaia.rows import NO_TIME, LogObject, Reject, RowBatch
from atalaia.schema import Role
from atalaia.window import Window, parse_duration, window_of

MOST_WINDOWS = 1000
"""Rows of one object may fall into so many windows; the rest is rejected, as clocks that wild are wrong."""

_MOST_WAITING = MOST_WAITING  # values that wait to be counted in all windows together
_MOST_OPEN = 2048  # columns under way in all windows together: each takes about 40 kB
_TOGETHER = 8  # windows whose rows are counted at once where there are many


@dataclass(slots=True)
class LogDraft:
    """What was read of an object so far: how, a profile under way and rows for each window, and rejects by window."""

    format: str
    why: str
    counters: dict[Window, ProfileCounter] = field(default_factory=dict)
    parked: dict[Window, list[bytes]] = field(default_factory=dict)
    rows: Counter[Window] = field(default_factory=Counter)
    rejects: dict[Window, Rejects] = field(default_factory=dict)

    @property
    def rejected(self) -> dict[str, int]:
        """Rows rejected, by reason."""
        total: Counter[str] = Counter()
        for rejects in self.rejects.values():
            total += rejects.rows
        return dict(sorted(total.items()))

    def profile(self, window: Window) -> Profile:
        """Return the profile of the rows and rejects in *window*."""
        parked = [profile_from_plain(unpack(data, "memory")) for data in self.parked.get(window, ())]
        profile = Profile.merged([self.counters[window].profile(), *parked])
        rejected = self.rejects[window].rows if window in self.rejects else {}
        return replace(profile, rejected=dict(sorted(rejected.items())))


class Reader:
    """Reads objects of one monitor's logs."""

    def __init__(self, monitor: Monitor, profiler: Profiler) -> None:
        """Prepare windows and columns."""
        self._profiler = profiler
        self._width = parse_duration(monitor.window)
        self._lateness = parse_duration(monitor.lateness)
        self._time = next((c.name for c in monitor.columns if c.role is Role.TIME), None)

    def read(self, source: LogSource, info: ObjectInfo, *, columnwise: bool) -> LogDraft:
        """Read an object and count its rows."""
        log, reading = source.log(info), source.read(info, columnwise=columnwise)
        draft, undated = LogDraft(reading.format, reading.why), Rejects()
        for piece in joined(reading):
            if isinstance(piece, RowBatch):
                self._add_rows(draft, undated, piece, log)
            else:
                self._reject(draft, undated, piece)
        if undated.listed:
            home = self._home(log, draft)
            self._counter(draft, home)
            draft.rejects.setdefault(home, Rejects()).take(undated)
        return draft

    def _add_rows(self, draft: LogDraft, undated: Rejects, batch: RowBatch, log: LogObject) -> None:
        times, sources = date_rows(batch, log, self._time)
        parts: list[tuple[Window, Rows]] = []
        for window, rows in self._by_window(times):
            count = len(times[rows])
            if window not in draft.counters and len(draft.counters) >= MOST_WINDOWS:
                undated.add(Reject("too_many_windows", 0, log.size, count))
                continue
            counter = self._counter(draft, window)
            draft.rows[window] += count
            counter.late += count if self._is_late(window, log) else 0
            counter.tally("times", _by_source(sources[rows]))
            counter.minutes.append(Minutes.of(times[rows]))
            parts.append((window, rows))
        for start in range(0, len(parts), _TOGETHER):
            some = parts[start : start + _TOGETHER]
            self._profiler.count(batch, [(draft.counters[window], rows) for window, rows in some])
            self._keep_bounded(draft)

    def _by_window(self, times: Ints) -> Iterator[tuple[Window, Rows]]:
        """Yield each window that rows fall into, and which rows these are; rows without a time are left out."""
        if len(times) and times.min() != NO_TIME:
            window = window_of(int(times.min()), self._width)
            if times.max() < window.end:
                yield window, slice(0, len(times))
                return
        first = window_of(0, self._width).start
        dated = np.flatnonzero(times != NO_TIME)
        places = (times[dated] - first) // self._width
        if np.any(places[1:] < places[:-1]):
            order = np.argsort(places, kind="stable")
            dated, places = dated[order], places[order]
        starts = np.flatnonzero(np.diff(places, prepend=places[:1] - 1))
        for start, end in pairwise([*starts.tolist(), len(places)]):
            window = Window(int(places[start]) * self._width + first, (int(places[start]) + 1) * self._width + first)
            low, high = int(dated[start]), int(dated[end - 1]) + 1
            in_a_row = high - low == end - start and bool(np.all(np.diff(dated[start:end]) == 1))
            yield window, slice(low, high) if in_a_row else dated[start:end]

    def _reject(self, draft: LogDraft, undated: Rejects, piece: Reject) -> None:
        """Count *piece* in the window that it tells, if it does."""
        window = None if piece.time == NO_TIME else window_of(piece.time, self._width)
        if window is None or (window not in draft.counters and len(draft.counters) >= MOST_WINDOWS):
            undated.add(piece)
            return
        self._counter(draft, window)
        draft.rejects.setdefault(window, Rejects()).add(piece)

    def _counter(self, draft: LogDraft, window: Window) -> ProfileCounter:
        if window not in draft.counters:
            draft.counters[window] = self._profiler.counter()
        return draft.counters[window]

    def _home(self, log: LogObject, draft: LogDraft) -> Window:
        """Choose where to count what tells no time: by the object's path, or most of its rows, or its own time."""
        logged = path_time(log.uri)
        if logged is None and draft.rows:
            return max(draft.rows, key=lambda window: (draft.rows[window], window))
        return window_of(log.time if logged is None else logged, self._width)

    def _is_late(self, window: Window, log: LogObject) -> bool:
        """Only a path tells when rows were logged: an object's own time changes when it is copied."""
        logged = path_time(log.uri)
        return logged is not None and logged >= window.end + self._lateness

    def _keep_bounded(self, draft: LogDraft) -> None:
        """Count what waits; where there are many columns in many windows, put what was counted away, packed."""
        if sum(len(counter.columns) for counter in draft.counters.values()) > _MOST_OPEN:
            for window, counter in draft.counters.items():
                if counter.columns:
                    draft.parked.setdefault(window, []).append(pack(profile_to_plain(counter.profile())))
                    draft.counters[window] = self._profiler.counter()
        elif sum(counter.waiting.values for counter in draft.counters.values()) > _MOST_WAITING:
            for counter in draft.counters.values():
                counter.settle()


def _by_source(sources: Ints) -> dict[str, int]:
    counts = np.bincount(sources, minlength=len(SOURCES)).tolist()
    return {name: rows for name, rows in sorted(zip(SOURCES, counts, strict=True)) if rows}
