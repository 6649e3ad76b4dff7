"""Reading log objects: every row is dated and counted in its window, every reject listed for its object and window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, pairwise

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from atalaia.batches import joined
from atalaia.errors import ObjectNotFoundError
from atalaia.logs import LoggedRows, Pool, path_time
from atalaia.monitor_file import Monitor
from atalaia.monitoring.dating import SOURCES, LogTimes, date_rows
from atalaia.monitoring.rejects import Rejects
from atalaia.monitoring.sources import LogSource
from atalaia.ports import ObjectInfo
from atalaia.profile import Profile, ProfileCounter, Profiler, pack, profile_from_plain, profile_to_plain, unpack
from atalaia.profile.minutes import Minutes
from atalaia.profile.number_counter import MOST_WAITING
from atalaia.profile.values import Ints, Rows
from atalaia.rows import NO_TIME, Reject, RowBatch
from atalaia.schema import Role
from atalaia.window import Window, parse_duration, window_of

MOST_WINDOWS = 1000
"""What is read together may fall into so many windows; the rest is rejected, as clocks that wild are wrong."""

_MOST_WAITING = 4 * MOST_WAITING  # values that wait to be counted in all windows together
_MOST_OPEN = 2048  # columns under way in all windows together: each takes about 40 kB
_TOGETHER = 8  # windows whose rows are counted at once where there are many


class Item(Struct, frozen=True):
    """A log object to be read.

    Attributes:
        uri: Which one it is.
        info: As it was last seen; None if it is gone.
        etag: Of the content that was read before.
        time: Of the object that this content was first read from, µs since 1970: to write the same again dates no row.
        counted: How many of its rows were read before, which are lost if it is gone.
        windows: Where these were, starts in µs since 1970.
    """

    uri: str
    info: ObjectInfo | None
    etag: str = ""
    time: int = 0
    counted: int = 0
    windows: tuple[int, ...] = ()


class LogDraft(Struct):
    """What was read of one object: which content and of when, how, rows and rejects by window, and undated rejects."""

    uri: str
    etag: str = ""
    time: int = 0
    size: int = 1
    format: str = ""
    why: str = ""
    rows: Counter[Window] = field(default_factory=Counter)
    rejects: dict[Window, Rejects] = field(default_factory=dict)
    undated: Rejects = field(default_factory=Rejects)

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


class Draft(Struct):
    """Objects that were read together: a profile under way for each window, and a draft for each object."""

    logs: list[LogDraft]
    times: LogTimes
    counters: dict[Window, ProfileCounter] = field(default_factory=dict)
    parked: dict[Window, list[bytes]] = field(default_factory=dict)

    def profile(self, window: Window) -> Profile:
        """Return the profile of the rows and rejects in *window*."""
        parked = [profile_from_plain(unpack(data, "memory")) for data in self.parked.get(window, ())]
        profile = Profile.merged([self.counters[window].profile(), *parked])
        rejected: Counter[str] = Counter()
        for log in self.logs:
            rejected += log.rejects[window].rows if window in log.rejects else Counter()
        return replace(profile, rejected=dict(sorted(rejected.items())))


class Reader:
    """Reads objects of one monitor's logs."""

    def __init__(self, monitor: Monitor, profiler_at: Callable[[int], Profiler]) -> None:
        """Prepare windows and columns; *profiler_at* returns what counts the rows of the window that begins there."""
        self._profiler_at = profiler_at
        self._width = parse_duration(monitor.window)
        self._lateness = parse_duration(monitor.lateness)
        self._time = next((c.name for c in monitor.columns if c.role is Role.TIME), None)

    def read(self, source: LogSource, items: Sequence[Item], *, columnwise: bool) -> Draft:
        """Read objects and count their rows; several share batches, which changes no count."""
        draft = Draft([LogDraft(item.uri) for item in items], LogTimes.unknown(len(items)))
        for batch in joined(self._dated(rows, draft) for rows in self._rows(source, items, draft, columnwise)):
            if isinstance(batch, RowBatch):
                self._count(batch, draft)
        for item, log in zip(items, draft.logs, strict=True):
            if log.undated.listed:
                home = self._home(item, log)
                self._counter(draft, home)
                log.rejects.setdefault(home, Rejects()).take(log.undated)
        return draft

    def _rows(self, source: LogSource, items: Sequence[Item], draft: Draft, columnwise: bool) -> Iterator[LoggedRows]:
        """Yield the rows of all objects, and note in *draft* all else about them."""
        pool = Pool() if len(items) > 1 else None
        for place, item in enumerate(items):
            yield from self._rows_of(source, item, place, draft, pool, columnwise)
            if pool is not None and pool.is_full:
                yield from pool.flush()
        if pool is not None:
            yield from pool.flush()

    def _rows_of(
        self, source: LogSource, item: Item, place: int, draft: Draft, pool: Pool | None, columnwise: bool
    ) -> Iterator[LoggedRows]:
        log = draft.logs[place]
        try:
            reading = None if item.info is None else source.read(item.info, columnwise=columnwise)
        except ObjectNotFoundError:
            reading = None
        if reading is None:
            if item.counted:
                log.undated.add(Reject("log_gone", 0, 1, item.counted))
            return
        log.etag, log.size = reading.log.etag, max(reading.log.size, 1)
        log.time = item.time if item.etag == log.etag else reading.log.time
        log.format, log.why = reading.format, reading.why
        draft.times.note(place, replace(reading.log, time=log.time))
        for piece in reading if pool is None else reading.into(pool, place):
            if isinstance(piece, RowBatch):
                yield LoggedRows.of_one(piece, place)
            else:
                self._reject(piece, log, draft)

    def _reject(self, piece: Reject, log: LogDraft, draft: Draft) -> None:
        """Count *piece* in the window that it tells, if it does."""
        window = None if piece.time == NO_TIME else window_of(piece.time, self._width)
        if window is None or _is_one_too_many(window, draft):
            log.undated.add(piece)
        else:
            self._counter(draft, window)
            log.rejects.setdefault(window, Rejects()).add(piece)

    def _dated(self, logged: LoggedRows, draft: Draft) -> RowBatch:
        """Date the rows and note when they happened; those in too many windows are rejected and left without a time."""
        times, sources = date_rows(logged, draft.times, self._time)
        for window, rows in self._by_window(times):
            logs = logged.logs[rows]
            counts = np.bincount(logs)
            held = np.flatnonzero(counts).tolist()
            if _is_one_too_many(window, draft):
                for place in held:
                    log = draft.logs[place]
                    log.undated.add(Reject("too_many_windows", 0, log.size, int(counts[place])))
                times[rows] = NO_TIME
                continue
            for place in held:
                draft.logs[place].rows[window] += int(counts[place])
            counter = self._counter(draft, window)
            counter.late += int(np.count_nonzero(draft.times.paths[logs] >= window.end + self._lateness))
            counter.tally("times", _by_source(sources[rows]))
            counter.add_minutes(Minutes.of(times[rows]))
        return replace(logged.batch, record_times=times)

    def _count(self, batch: RowBatch, draft: Draft) -> None:
        parts = list(self._by_window(batch.record_times))
        for start in range(0, len(parts), _TOGETHER):
            some = parts[start : start + _TOGETHER]
            for profiler, same in groupby(some, lambda part: self._profiler_at(part[0].start)):
                profiler.count(batch, [(draft.counters[window], rows) for window, rows in same])
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

    def _counter(self, draft: Draft, window: Window) -> ProfileCounter:
        if window not in draft.counters:
            draft.counters[window] = self._profiler_at(window.start).counter()
        return draft.counters[window]

    def _home(self, item: Item, log: LogDraft) -> Window:
        """Choose where to count what tells no time: by the object's path, or most of its rows, or its own time.

        Of an object that is gone: where its first rows were.
        """
        if not log.etag and item.windows:
            return window_of(item.windows[0], self._width)
        logged = path_time(item.uri)
        if logged is not None:
            return window_of(logged, self._width)
        if log.rows:
            return max(log.rows, key=lambda window: (log.rows[window], window))
        return window_of(log.time, self._width)

    def _keep_bounded(self, draft: Draft) -> None:
        """Count what waits; where there are many columns in many windows, put what was counted away, packed."""
        if sum(len(counter.columns) for counter in draft.counters.values()) > _MOST_OPEN:
            for window, counter in draft.counters.items():
                if counter.columns:
                    draft.parked.setdefault(window, []).append(pack(profile_to_plain(counter.profile())))
                    draft.counters[window] = self._profiler_at(window.start).counter()
        elif sum(counter.waiting.values for counter in draft.counters.values()) > _MOST_WAITING:
            for counter in draft.counters.values():
                counter.settle()


def _is_one_too_many(window: Window, draft: Draft) -> bool:
    return window not in draft.counters and len(draft.counters) >= MOST_WINDOWS


def _by_source(sources: Ints) -> dict[str, int]:
    counts = np.bincount(sources, minlength=len(SOURCES)).tolist()
    return {name: rows for name, rows in sorted(zip(SOURCES, counts, strict=True)) if rows}
