"""Ingest: one log object in, one profile for each of its windows out.

What is written has a key derived from the object's URI, and a receipt is written last: the same object again changes
nothing, a new version of it (another ETag) replaces the profiles of the old one, and a crash in between is mended by
doing it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

import msgspec
import numpy as np

from atalaia.baseline import Baseline
from atalaia.batches import joined
from atalaia.errors import ObjectNotFoundError
from atalaia.logs import LogReading, path_time
from atalaia.monitor_file import Monitor
from atalaia.monitoring.dating import SOURCES, date_rows
from atalaia.monitoring.layout import log_id, profile_key, profiles_prefix, receipt_key, rejects_key
from atalaia.monitoring.sources import LogSource, columnwise_if_sound
from atalaia.ports import ObjectInfo, ObjectStore
from atalaia.profile import ProfileCounter, Profiler, pack, profile_to_plain
from atalaia.profile.minutes import Minutes
from atalaia.profile.values import Ints, Rows
from atalaia.rows import NO_TIME, LogObject, Reject, RowBatch
from atalaia.schema import Role
from atalaia.window import Window, parse_duration, window_at_key, window_of

MOST_WINDOWS = 1000
"""Rows of one object may fall into so many windows; the rest is rejected, as clocks that wild are wrong."""

MOST_REJECTS = 10_000
"""So many pieces are listed for each object and window; what is over is counted in the list's last line."""

_LINE_END = 2  # bytes between two neighbouring lines
_READERS = "1"  # to be raised when a reader reads the same bytes differently, so that logs are read again


class Receipt(msgspec.Struct, frozen=True):
    """What became of a log object.

    Attributes:
        log: Its URI.
        etag: The ETag of the content that was read.
        baseline: The baseline that its rows were counted on.
        settings: What else shapes the profiles: the readers' version, window width, lateness, the format given.
        format: How it was read.
        why: Because of what.
        rows: Rows profiled.
        rejected: Rows rejected, by reason.
        windows: Starts of the windows that its rows or rejects fell into, µs since 1970.
    """

    log: str
    etag: str
    baseline: str
    settings: str
    format: str
    why: str
    rows: int
    rejected: dict[str, int]
    windows: tuple[int, ...]


@dataclass(slots=True)
class _Draft:
    """One window's part of an object while it is read."""

    counter: ProfileCounter
    rejects: list[Reject] = field(default_factory=list)
    omitted: int = 0

    def reject(self, piece: Reject) -> None:
        """Count *piece*, and list it; neighbours with the same reason become one entry."""
        self.counter.tally("rejected", {piece.reason: piece.rows})
        last = self.rejects[-1] if self.rejects else None
        if last is not None and last.reason == piece.reason and 0 <= piece.start - last.end <= _LINE_END:
            self.rejects[-1] = replace(last, end=piece.end, rows=last.rows + piece.rows)
        elif len(self.rejects) < MOST_REJECTS:
            self.rejects.append(piece)
        else:
            self.omitted += piece.rows

    def take(self, other: _Draft) -> None:
        """Add another draft's rejects to this one's."""
        self.counter.tally("rejected", other.counter.tallies.get("rejected", {}))
        self.omitted += other.omitted + sum(piece.rows for piece in other.rejects[MOST_REJECTS - len(self.rejects) :])
        self.rejects = [*self.rejects, *other.rejects][:MOST_REJECTS]


class Ingester:
    """Turns the log objects of one monitor into profiles."""

    def __init__(self, monitor: Monitor, baseline: Baseline, output: ObjectStore) -> None:
        """Prepare the monitor's columns and windows once for many objects."""
        self._monitor = monitor
        self._output = output
        self._baseline = baseline.version
        self._profiler: Profiler = baseline.profiler()
        self._width = parse_duration(monitor.window)
        self._lateness = parse_duration(monitor.lateness)
        self._settings = f"{_READERS} {monitor.window} {monitor.lateness}"
        self._time = next((c.name for c in monitor.columns if c.role is Role.TIME), None)

    def ingest(self, source: LogSource, info: ObjectInfo) -> tuple[Receipt, bool]:
        """Profile one object and store the result.

        Returns:
            What became of it, and whether that is news: False if this content was ingested before.
        """
        log = source.log(info)
        settings = f"{self._settings} {source.format}"
        before = self._receipt(log.uri)
        if (before.etag, before.baseline, before.settings) == (log.etag, self._baseline, settings):
            return before, False
        reading, drafts = columnwise_if_sound(lambda columnwise: self._read(source, info, columnwise))
        receipt = self._receipt_of(log, reading, settings, drafts)
        every = tuple(sorted({*before.windows, *receipt.windows}))
        self._put_receipt(msgspec.structs.replace(before, etag="", windows=every))  # a crash from here on is known of
        for window, draft in drafts.items():
            self._store(window, log, reading.format, draft)
        self._remove_stale(log, before, receipt)
        self._put_receipt(receipt)
        return receipt, True

    def _read(self, source: LogSource, info: ObjectInfo, columnwise: bool) -> tuple[LogReading, dict[Window, _Draft]]:
        reading = source.read(info, columnwise=columnwise)
        return reading, self._drafts(reading, source.log(info))

    def _receipt(self, uri: str) -> Receipt:
        """Return what is known of an object; for one that was never read, or by another release, an empty receipt."""
        nothing = Receipt(uri, "", "", "", "", "", 0, {}, ())
        try:
            data, _ = self._output.get(receipt_key(self._monitor.name, uri))
        except ObjectNotFoundError:
            return nothing
        try:
            return msgspec.json.decode(data, type=Receipt)
        except msgspec.DecodeError:
            return msgspec.structs.replace(nothing, windows=self._windows_held(uri))

    def _windows_held(self, uri: str) -> tuple[int, ...]:
        """Look through all profiles for those of one object."""
        prefix, ending = profiles_prefix(self._monitor.name), f"/{log_id(uri)}.profile"
        keys = [info.key for info in self._output.list(prefix) if info.key.endswith(ending)]
        windows = (window_at_key(key.removeprefix(prefix).removesuffix(ending), self._width) for key in keys)
        return tuple(window.start for window in windows if window is not None)

    def _put_receipt(self, receipt: Receipt) -> None:
        self._output.put(receipt_key(self._monitor.name, receipt.log), _lines([msgspec.to_builtins(receipt)]))

    def _drafts(self, pieces: Iterable[RowBatch | Reject], log: LogObject) -> dict[Window, _Draft]:
        drafts: dict[Window, _Draft] = {}
        undated = _Draft(self._profiler.counter())
        for piece in joined(pieces):
            if not isinstance(piece, Reject):
                self._add_rows(drafts, undated, piece, log)
            else:
                self._draft_of(piece, drafts, undated).reject(piece)
        if undated.rejects:
            drafts.setdefault(self._home(log, drafts), _Draft(self._profiler.counter())).take(undated)
        return drafts

    def _draft_of(self, piece: Reject, drafts: dict[Window, _Draft], undated: _Draft) -> _Draft:
        window = None if piece.time == NO_TIME else window_of(piece.time, self._width)
        if window is None or (window not in drafts and len(drafts) >= MOST_WINDOWS):
            return undated
        return drafts.setdefault(window, _Draft(self._profiler.counter()))

    def _home(self, log: LogObject, drafts: dict[Window, _Draft]) -> Window:
        """Choose where to count what tells no time: by the object's path, or most of its rows, or its own time."""
        logged = path_time(log.uri)
        if logged is None and drafts:
            return max(drafts, key=lambda window: (drafts[window].counter.rows, window))
        return window_of(log.time if logged is None else logged, self._width)

    def _add_rows(self, drafts: dict[Window, _Draft], undated: _Draft, batch: RowBatch, log: LogObject) -> None:
        times, sources = date_rows(batch, log, self._time)
        parts: list[tuple[ProfileCounter, Rows]] = []
        for window, rows in self._by_window(times):
            count = len(times[rows])
            if window not in drafts and len(drafts) >= MOST_WINDOWS:
                undated.reject(Reject("too_many_windows", 0, log.size, count))
                continue
            counter = drafts.setdefault(window, _Draft(self._profiler.counter())).counter
            counter.late += count if self._is_late(window, log) else 0
            counter.tally("times", _by_source(sources[rows]))
            counter.minutes.append(Minutes.of(times[rows]))
            parts.append((counter, rows))
        self._profiler.count(batch, parts)

    def _by_window(self, times: Ints) -> Iterator[tuple[Window, Rows]]:
        """Yield each window that the rows fall into, and which rows these are."""
        first = window_of(0, self._width).start
        places = (times - first) // self._width
        order = slice(None) if np.all(places[1:] >= places[:-1]) else np.argsort(places, kind="stable")
        starts = np.flatnonzero(np.diff(places[order], prepend=places[:1] - 1)) if len(places) else np.empty(0, int)
        for start, end in pairwise([*starts.tolist(), len(places)]):
            place = int(places[order][start])
            window = Window(place * self._width + first, (place + 1) * self._width + first)
            yield window, slice(start, end) if isinstance(order, slice) else order[start:end]

    def _is_late(self, window: Window, log: LogObject) -> bool:
        """Only a path tells when rows were logged: an object's own time changes when it is copied."""
        logged = path_time(log.uri)
        return logged is not None and logged >= window.end + self._lateness

    def _store(self, window: Window, log: LogObject, format_read: str, draft: _Draft) -> None:
        name = self._monitor.name
        content = {
            "kind": "profile",
            "log": {"uri": log.uri, "etag": log.etag, "format": format_read},
            "window": [window.start, window.end],
            "profile": profile_to_plain(draft.counter.profile()),
        }
        self._output.put(profile_key(name, window, log.uri), pack(content))
        if draft.rejects:
            listed = [{"reason": r.reason, "start": r.start, "end": r.end, "rows": r.rows} for r in draft.rejects]
            more: list[object] = [{"omitted_rows": draft.omitted}] if draft.omitted else []
            self._output.put(rejects_key(name, window, log.uri), _lines([*listed, *more]))
        else:
            self._output.delete(rejects_key(name, window, log.uri))

    def _receipt_of(self, log: LogObject, reading: LogReading, settings: str, drafts: dict[Window, _Draft]) -> Receipt:
        rejected: dict[str, int] = {}
        for draft in drafts.values():
            for reason, rows in draft.counter.tallies.get("rejected", {}).items():
                rejected[reason] = rejected.get(reason, 0) + rows
        return Receipt(
            log=log.uri,
            etag=log.etag,
            baseline=self._baseline,
            settings=settings,
            format=reading.format,
            why=reading.why,
            rows=sum(draft.counter.rows for draft in drafts.values()),
            rejected=dict(sorted(rejected.items())),
            windows=tuple(sorted(window.start for window in drafts)),
        )

    def _remove_stale(self, log: LogObject, before: Receipt, now: Receipt) -> None:
        """Remove what an earlier version of the object left in windows that this one has no rows in."""
        for start in set(before.windows) - set(now.windows):  # keys name a window by its start alone
            window = window_of(start, self._width)
            self._output.delete(profile_key(self._monitor.name, replace(window, start=start), log.uri))
            self._output.delete(rejects_key(self._monitor.name, replace(window, start=start), log.uri))


def _by_source(sources: Ints) -> dict[str, int]:
    counts = np.bincount(sources, minlength=len(SOURCES)).tolist()
    return {name: rows for name, rows in sorted(zip(SOURCES, counts, strict=True)) if rows}


def _lines(entries: list[object]) -> bytes:
    return b"".join(msgspec.json.encode(entry, order="deterministic") + b"\n" for entry in entries)
