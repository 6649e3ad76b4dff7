"""The baseline's own windows: its rows counted in each of them, and measured against all of its rows.

Where rows have times (of the event, or of the record that holds it), they are divided into the monitor's windows; of
more than `MOST_WINDOWS` an even sample of these is taken, always the same. Else they are cut into `PARTS` parts of
equal size in the order of reading. That takes one pass over the data, and one more where no row has a time. Of many
columns or segments only some are counted in one pass, as many as memory holds in all parts at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from msgspec import Struct

from atalaia.baseline import Baseline, Batches
from atalaia.batches import joined
from atalaia.evaluation import pairs_of
from atalaia.history import History, Place, Values
from atalaia.monitoring.dating import event_times
from atalaia.profile import Grids, Profile, ProfileCounter, Profiler
from atalaia.profile.hashing import mix
from atalaia.profile.number_counter import MOST_WAITING
from atalaia.profile.values import Ints
from atalaia.rows import NO_TIME, Reject, RowBatch
from atalaia.schema import Column, Role, profiled
from atalaia.signals.drift import measure_all
from atalaia.signals.quality import measure_quality, measure_window, values_of
from atalaia.window import window_of

MOST_WINDOWS = 50
"""So many windows of a baseline are measured at most."""

PARTS = 30
"""Rows without times are cut into so many equal parts."""

_MOST_OPEN = 4096  # columns under way in all parts and segments together: each takes about 40 kB
_TOGETHER = 8  # parts whose rows are counted at once
_NOWHERE = NO_TIME

_ROW_COUNT: Place = ("", "", "row_count")


def measure_history(baseline: Baseline, batches: Batches, width: int, metrics: Sequence[str]) -> History:
    """Measure what windows of reference data are like.

    Args:
        baseline: Made of these data.
        batches: Opens them anew for each pass.
        width: Of the windows, in µs.
        metrics: What is measured: drift metrics, `missing`, `row_count`.
    """
    values: dict[Place, Values] = {}
    time = next((column.name for column in baseline.grids.columns if column.role is Role.TIME), None)
    timed = True
    parts: dict[int, ProfileCounter] = {}
    for columns in _groups(baseline.grids):
        profiler = Profiler(baseline.version, _only(baseline.grids, columns))
        parts = _divided(profiler, batches(), lambda batch: _windows(batch, time, width)) if timed else {}
        if not parts:
            timed = False
            parts = _divided(profiler, batches(), _Numbered(baseline.profile.rows).places)
        values |= measure_parts(baseline, columns, (parts[place].profile() for place in sorted(parts)), metrics)
    counts = values.pop(_ROW_COUNT, ())[1:-1] if timed else ()  # data seldom begin and end with a window
    known = {place: found for place, found in values.items() if place != _ROW_COUNT}
    return History(width if timed else 0, len(parts), {**known, _ROW_COUNT: counts} if counts else known)


def measure_parts(
    baseline: Baseline, columns: tuple[Column, ...], parts: Iterable[Profile], metrics: Sequence[str]
) -> dict[Place, Values]:
    """Measure some columns of *parts* of the baseline's rows, counted on its grids; one of them is held at a time."""
    found: dict[Place, list[tuple[float, int]]] = {}
    for part in parts:
        for place, value in _measured(baseline, columns, part, frozenset(metrics)):
            found.setdefault(place, []).append(value)
    return {place: tuple(each) for place, each in found.items()}


def _groups(grids: Grids) -> list[tuple[Column, ...]]:
    """Divide the columns into groups, one at least, whose counts in all parts and segments may be held at once."""
    columns = profiled(grids.columns)
    segments = 1 + sum(len(values) + 1 for values in grids.segments.values())
    size = max(_MOST_OPEN // (MOST_WINDOWS * segments), 1)
    return [columns[start : start + size] for start in range(0, max(len(columns), 1), size)]


def _only(grids: Grids, columns: tuple[Column, ...]) -> Grids:
    """Return the grids of some columns, and of those that divide rows into segments."""
    kept = tuple(column for column in grids.columns if column in columns or column.name in grids.segments)
    return Grids(kept, {column.name: grids.grids[column.name] for column in kept}, grids.segments)


def sampled(places: Iterable[int]) -> set[int]:
    """Choose up to `MOST_WINDOWS` of all *places*: which ones depends on no order, and on no place that is not chosen.

    So whoever meets them one after the other can let go of those that are not chosen, and misses none.
    """
    every = np.unique(np.fromiter(places, np.int64))
    hashes = mix(every.view(np.uint64))
    return set(every[np.argsort(hashes, kind="stable")[:MOST_WINDOWS]].tolist())


def _measured(
    baseline: Baseline, columns: tuple[Column, ...], part: Profile, metrics: frozenset[str]
) -> Iterator[tuple[Place, tuple[float, int]]]:
    pairs = pairs_of(columns, baseline, part)
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


def _divided(
    profiler: Profiler, batches: Iterable[RowBatch | Reject], places_of: Callable[[RowBatch], Ints]
) -> dict[int, ProfileCounter]:
    """Count each row at its place, as far as places are chosen; return what was counted at each."""
    counters: dict[int, ProfileCounter] = {}
    for batch in joined(batches):
        if isinstance(batch, RowBatch):
            _count(profiler, batch, places_of(batch), counters)
    return counters


def _count(profiler: Profiler, batch: RowBatch, places: Ints, counters: dict[int, ProfileCounter]) -> None:
    there = np.unique(places[places != _NOWHERE]).tolist()
    chosen = sampled([*counters, *there])
    for place in counters.keys() - chosen:
        del counters[place]
    counted = [place for place in there if place in chosen]
    counters.update({place: profiler.counter() for place in counted if place not in counters})
    for start in range(0, len(counted), _TOGETHER):
        some = counted[start : start + _TOGETHER]
        profiler.count(batch, [(counters[place], np.flatnonzero(places == place)) for place in some])
    if sum(counter.waiting.values for counter in counters.values()) > MOST_WAITING:
        for counter in counters.values():
            counter.settle()
