"""Reading log objects together: every row is dated and counted in its window, every reject listed for its object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, pairwise

import numpy as np

from atalaia.batches import joined
from atalaia.logs import path_time
from atalaia.monitor_file import Monitor
from atalaia.monitoring.dating import SOURCES, date_rows
from atalaia.monitoring.receipts import Receipt
from atalaia.monitoring.rejects import Rejects
from atalaia.monitoring.sources import LogSource
from atalaia.ports import ObjectInfo
from atalaia.profile import Profile, ProfileCounter, Profiler, pack, profile_from_plain, profile_to_plain, unpack
from atalaia.profile.minutes import Minutes
from atalaia.profile.values import Ints, Rows
from atalaia.rows import NO_TIME, LogObject, Reject, RowBatch
from atalaia.schema import Role
from atalaia.window import Window, parse_duration, window_of

MOST_WINDOWS = 1000
"""Rows read together may fall into so many windows; the rest is rejected, as clocks that wild are wrong."""

_MOST_WAITING = 64 << 20  # bytes of values that wait to be counted
_MOST_OPEN = 2048  # columns under way in all windows together: each takes about 40 kB


@dataclass(frozen=True, slots=True)
class Item:
    """A log object to be read, and what is known of it.

    Attributes:
        info: Where it is; None if it is gone.
        log: Which object it is.
        before: Its last receipt.
        receipt_etag: That receipt's own ETag; None if there is none.
        settings: What shapes its profiles besides the baseline.
    """

    info: ObjectInfo | None
    log: LogObject
    before: Receipt
    receipt_etag: str | None
    settings: str


@dataclass(slots=True)
class LogDraft:
    """What was read of one object: how, rows by window, and rejects by window."""

    format: str = ""
    why: str = ""
    rows: Counter[Window] = field(default_factory=Counter)
    rejects: dict[Window, Rejects] = field(default_factory=dict)

    @property
    def windows(self) -> set[Window]:
        """The windows that its rows or rejects fall into."""
        return {*self.rows, *self.rejects}

    @property
    def rejected(self) -> dict[str, int]:
        """Rows rejected, by reason."""
        total: Counter[str] = Counter()
        for rejects in self.rejects.values():
            total += rejects.rows
        return dict(sorted(total.items()))


@dataclass(slots=True)
class Group:
    """Objects that were read together: a profile under way for each window, and a draft for each object."""

    counters: dict[Window, ProfileCounter] = field(default_factory=dict)
    parked: dict[Window, list[bytes]] = field(default_factory=dict)
    logs: list[LogDraft] = field(default_factory=list)

    def profile(self, window: Window) -> Profile:
        """Return the profile of the rows and rejects in *window*."""
        parked = [profile_from_plain(unpack(data, "memory")) for data in self.parked.get(window, ())]
        rejected: Counter[str] = Counter()
        for log in self.logs:
            rejected += log.rejects[window].rows if window in log.rejects else Counter()
        profile = Profile.merged([self.counters[window].profile(), *parked])
        return replace(profile, rejected=dict(sorted(rejected.items())))


class Reader:
    """Reads objects of one monitor's logs."""

    def __init__(self, monitor: Monitor, profiler: Profiler) -> None:
        """Prepare windows and columns."""
        self._profiler = profiler
        self._width = parse_duration(monitor.window)
        self._lateness = parse_duration(monitor.lateness)
        self._time = next((c.name for c in monitor.columns if c.role is Role.TIME), None)

    def read(self, source: LogSource, items: Sequence[Item], *, columnwise: bool) -> Group:
        """Read *items* and count their rows."""
        group = Group()
        pieces = chain.from_iterable(self._pieces(source, item, group, columnwise=columnwise) for item in items)
        for batch in joined(pieces):
            if isinstance(batch, RowBatch):
                windows = self._by_window(batch.record_times)
                self._profiler.count(batch, [(group.counters[window], rows) for window, rows in windows])
                self._park(group)
        return group

    def _pieces(self, source: LogSource, item: Item, group: Group, *, columnwise: bool) -> Iterator[RowBatch]:
        """Yield an object's rows, dated, and note in *group* all else about it."""
        draft, undated = LogDraft(), Rejects()
        group.logs.append(draft)
        if item.info is None:
            undated.add(Reject("log_gone", 0, max(item.log.size, 1), item.before.rows))
        else:
            reading = source.read(item.info, columnwise=columnwise)
            draft.format, draft.why = reading.format, reading.why
            for piece in reading:
                if isinstance(piece, RowBatch):
                    yield self._dated(piece, item.log, group, undated)
                elif (window := self._window_of(piece, group)) is not None:
                    draft.rejects.setdefault(window, Rejects()).add(piece)
                else:
                    undated.add(piece)
        if undated.listed:
            home = self._home(item, draft)
            self._counter(group, home)
            draft.rejects.setdefault(home, Rejects()).take(undated)

    def _dated(self, batch: RowBatch, log: LogObject, group: Group, undated: Rejects) -> RowBatch:
        """Date the rows and note when they happened; those in too many windows are rejected and left without a time."""
        times, sources = date_rows(batch, log, self._time)
        for window, rows in self._by_window(times):
            count = len(times[rows])
            if window not in group.counters and len(group.counters) >= MOST_WINDOWS:
                undated.add(Reject("too_many_windows", 0, log.size, count))
                times[rows] = NO_TIME
                continue
            group.logs[-1].rows[window] += count
            counter = self._counter(group, window)
            counter.late += count if self._is_late(window, log) else 0
            counter.tally("times", _by_source(sources[rows]))
            counter.minutes.append(Minutes.of(times[rows]))
        return replace(batch, record_times=times)

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

    def _window_of(self, piece: Reject, group: Group) -> Window | None:
        """Return the window that a reject tells, if it does."""
        if piece.time == NO_TIME:
            return None
        window = window_of(piece.time, self._width)
        if window not in group.counters and len(group.counters) >= MOST_WINDOWS:
            return None
        self._counter(group, window)
        return window

    def _counter(self, group: Group, window: Window) -> ProfileCounter:
        if window not in group.counters:
            group.counters[window] = self._profiler.counter()
        return group.counters[window]

    def _home(self, item: Item, draft: LogDraft) -> Window:
        """Choose where to count what tells no time: by the object's path, or most of its rows, or its own time."""
        logged = path_time(item.log.uri)
        if logged is None and draft.rows:
            return max(draft.rows, key=lambda window: (draft.rows[window], window))
        if item.info is None and item.before.windows:
            return window_of(item.before.windows[0], self._width)
        return window_of(item.log.time if logged is None else logged, self._width)

    def _is_late(self, window: Window, log: LogObject) -> bool:
        """Only a path tells when rows were logged: an object's own time changes when it is copied."""
        logged = path_time(log.uri)
        return logged is not None and logged >= window.end + self._lateness

    def _park(self, group: Group) -> None:
        """Keep memory bounded: count what waits; where there are many windows, put what was counted away, packed."""
        if sum(counter.waiting_bytes for counter in group.counters.values()) <= _MOST_WAITING:
            return
        if sum(len(counter.columns) for counter in group.counters.values()) <= _MOST_OPEN:
            for counter in group.counters.values():
                counter.settle()
            return
        for window, counter in group.counters.items():
            group.parked.setdefault(window, []).append(pack(profile_to_plain(counter.profile())))
            group.counters[window] = self._profiler.counter()


def _by_source(sources: Ints) -> dict[str, int]:
    counts = np.bincount(sources, minlength=len(SOURCES)).tolist()
    return {name: rows for name, rows in sorted(zip(SOURCES, counts, strict=True)) if rows}
