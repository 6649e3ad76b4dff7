"""The baseline's own windows: its rows counted in each of them, and measured against all of its rows.

Where rows have times (of the event, or of the record that holds it), they are divided into the monitor's windows; of
more than `MOST_WINDOWS` an even sample of these is taken, always the same. Else they are cut into `PARTS` parts of
equal size in the order of reading. That takes one pass over the data, or two where no row has a time.

What is under way is put away, packed, where it would take too much memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from atalaia.baseline import Baseline, Batches
from atalaia.batches import joined
from atalaia.evaluation import pairs_of
from atalaia.history import History, Place, Values
from atalaia.monitoring.dating import event_times
from atalaia.profile import Profile, ProfileCounter, Profiler, pack, profile_from_plain, profile_to_plain, unpack
from atalaia.profile.hashing import mix
from atalaia.profile.number_counter import MOST_WAITING
from atalaia.profile.values import Ints
from atalaia.rows import NO_TIME, Reject, RowBatch
from atalaia.schema import Role
from atalaia.signals.drift import measure_all
from atalaia.signals.quality import measure_quality, measure_window, values_of
from atalaia.window import window_of

MOST_WINDOWS = 50
"""So many windows of a baseline are measured at most."""

PARTS = 30
"""Rows without times are cut into so many equal parts."""

_MOST_OPEN = 2048  # columns under way in all parts together: each takes about 40 kB
_TOGETHER = 8  # parts whose rows are counted at once
_NOWHERE = NO_TIME

_ROW_COUNT: Place = ("", "", "row_count")


def measure_history(baseline: Baseline, batches: Batches, width: int, metrics: Sequence[str]) -> History:
    """Measure what windows of reference data are like.

    Args:
        baseline: Made of these data.
        batches: Opens them anew.
        width: Of the windows, in µs.
        metrics: What is measured: drift metrics, `missing`, `row_count`.
    """
    grids = replace(baseline.grids, cross=None, classes={})
    profiler = Profiler(baseline.version, grids)
    column = next((column.name for column in grids.columns if column.role is Role.TIME), None)
    parts = _divided(profiler, batches(), lambda batch: _windows(batch, column, width))
    timed = bool(parts.counters)
    if not timed:
        numbered = _Numbered(baseline.profile.rows)
        parts = _divided(profiler, batches(), numbered.places)
    history = history_of(baseline, parts.profiles(), width if timed else 0, metrics)
    counts = history.values.get(_ROW_COUNT, ())[1:-1] if timed else ()  # data seldom begin and end with a window
    rest = {place: values for place, values in history.values.items() if place != _ROW_COUNT}
    return replace(history, values={**rest, _ROW_COUNT: counts} if counts else rest)


def history_of(baseline: Baseline, parts: Iterable[Profile], width: int, metrics: Sequence[str]) -> History:
    """Measure *parts* of the baseline's rows, counted on its grids: windows of that *width* in µs, or 0."""
    found: dict[Place, list[tuple[float, int]]] = {}
    windows = 0
    for part in parts:
        windows += 1
        for place, value in _measured(baseline, part, frozenset(metrics)):
            found.setdefault(place, []).append(value)
    values: Mapping[Place, Values] = {place: tuple(each) for place, each in found.items()}
    return History(width, windows, values)


def sampled(places: Iterable[int]) -> set[int]:
    """Choose up to `MOST_WINDOWS` of all *places*: which ones depends on no order, and on no place that is not chosen.

    So whoever meets them one after the other can let go of those that are not chosen, and misses none.
    """
    every = np.unique(np.fromiter(places, np.int64))
    hashes = mix(every.view(np.uint64))
    return set(every[np.argsort(hashes, kind="stable")[:MOST_WINDOWS]].tolist())


def _measured(baseline: Baseline, part: Profile, metrics: frozenset[str]) -> Iterator[tuple[Place, tuple[float, int]]]:
    pairs = pairs_of(baseline.grids.columns, baseline, part)
    drift = measure_all([(pair.grid, pair.baseline, pair.current) for pair in pairs])
    for pair, measures in zip(pairs, drift, strict=True):
        place, rows = (pair.segment or "", pair.column.name), min(values_of(pair.baseline), values_of(pair.current))
        for metric, value in measures.metrics.items():
            if metric in metrics and value is not None:
                yield (*place, metric), (value, rows)
        missing = measure_quality(pair.column, pair.current)["missing"]
        if "missing" in metrics and pair.segment is None and missing.value is not None:
            yield (*place, "missing"), (missing.value, missing.rows)
    if _ROW_COUNT[2] in metrics:
        yield _ROW_COUNT, (measure_window(part)["row_count"].value or 0.0, part.rows)


def _windows(batch: RowBatch, column: str | None, width: int) -> Ints:
    """Tell the window of each row, by a number that rises with time."""
    times = batch.record_times
    if column is not None and column in batch.columns:
        events = event_times(batch.columns[column])
        times = np.where(events == NO_TIME, times, events)
    first = window_of(0, width).start
    return np.where(times == NO_TIME, _NOWHERE, (times - first) // width)


class _Numbered(Struct):
    """Cuts *rows* rows into parts whose sizes differ by one at most, as they come."""

    rows: int
    seen: int = 0

    def places(self, batch: RowBatch) -> Ints:
        """Tell the part of each row."""
        numbers = np.arange(self.seen, self.seen + batch.rows)
        self.seen += batch.rows
        return numbers * PARTS // max(self.rows, 1)


class _Parts(Struct):
    """A profile under way for each part that is chosen."""

    profiler: Profiler
    counters: dict[int, ProfileCounter] = field(default_factory=dict)
    parked: dict[int, list[bytes]] = field(default_factory=dict)

    def count(self, batch: RowBatch, places: Ints) -> None:
        """Count each row of *batch* at its place, if that is among those chosen by now."""
        there = np.unique(places[places != _NOWHERE]).tolist()
        chosen = sampled([*self.counters, *there])
        for place in self.counters.keys() - chosen:
            del self.counters[place]
            self.parked.pop(place, None)
        counted = [place for place in there if place in chosen]
        for start in range(0, len(counted), _TOGETHER):
            some = counted[start : start + _TOGETHER]
            self.profiler.count(batch, [(self._counter(place), np.flatnonzero(places == place)) for place in some])
            self._keep_bounded()

    def profiles(self) -> Iterator[Profile]:
        """Yield the profile of each part in their order, and let go of it."""
        for place in sorted(self.counters):
            parked = [profile_from_plain(unpack(data, "memory")) for data in self.parked.pop(place, ())]
            yield Profile.merged([self.counters.pop(place).profile(), *parked])

    def _counter(self, place: int) -> ProfileCounter:
        if place not in self.counters:
            self.counters[place] = self.profiler.counter()
        return self.counters[place]

    def _keep_bounded(self) -> None:
        if sum(len(counter.columns) for counter in self.counters.values()) > _MOST_OPEN:
            for place, counter in self.counters.items():
                if counter.columns:
                    self.parked.setdefault(place, []).append(pack(profile_to_plain(counter.profile())))
                    self.counters[place] = self.profiler.counter()
        elif sum(counter.waiting.values for counter in self.counters.values()) > MOST_WAITING:
            for counter in self.counters.values():
                counter.settle()


def _divided(profiler: Profiler, batches: Iterable[RowBatch | Reject], places_of: Callable[[RowBatch], Ints]) -> _Parts:
    parts = _Parts(profiler)
    for batch in joined(batches):
        if isinstance(batch, RowBatch):
            parts.count(batch, places_of(batch))
    return parts
