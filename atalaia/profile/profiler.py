"""Counting rows: each column of a batch is read once, whatever windows and segments its rows belong to."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from msgspec import Struct, field

from atalaia.profile.answers import Answers, answers_of, comparable, merged_answers
from atalaia.profile.categorical import CategoricalGrid
from atalaia.profile.category_counter import CategoryCounter
from atalaia.profile.counts import keep_smallest
from atalaia.profile.cross import CrossMoments
from atalaia.profile.cross_counter import CrossCounter
from atalaia.profile.distinct import Distinct
from atalaia.profile.layout import Layout, Room
from atalaia.profile.minutes import Minutes
from atalaia.profile.number_counter import NumberCounter, Waiting
from atalaia.profile.numeric import NumericGrid
from atalaia.profile.profile import ID_SIZE, MOST_EXTRA, Grids, Profile
from atalaia.profile.row_ids import RowIds, row_ids
from atalaia.profile.rules import allowed_categories, allowed_numbers, pattern_match
from atalaia.profile.segments import rest_name, segment_name
from atalaia.profile.text import TextGrid
from atalaia.profile.text_counter import TextCounter, read_texts
from atalaia.profile.values import Categories, Floats, Ints, Numbers, Rows, bounded_text, read_categories, read_numbers
from atalaia.rows import RowBatch
from atalaia.schema import Column, Role, label_of, profiled

MOST_CLASSES = 10
"""Scores are told apart by at most so many values of a prediction or label, the baseline's commonest."""

MOST_VERSIONS = 20
"""Rows that are read together are told apart by version of the model if there are no more than so many."""

_MOST_HELD = 16 * MOST_EXTRA  # names of unknown columns held before those with large hashes are let go
_MOST_PARTS = 8  # batches whose minutes wait to be added up

_Key = tuple[str, str]


class ProfileCounter(Struct):
    """A profile under way: what `Profiler.count` adds rows to."""

    baseline: str
    rows: int = 0
    late: int = 0
    tallies: dict[str, Counter[str]] = field(default_factory=dict)
    extra: dict[str, int] = field(default_factory=dict)
    ids: Distinct = field(default_factory=lambda: Distinct.empty(ID_SIZE))
    columns: dict[_Key, NumberCounter | CategoryCounter | TextCounter] = field(default_factory=dict)
    cross: CrossMoments | None = None
    answers: dict[_Key, Answers] = field(default_factory=dict)
    waiting: Waiting = field(default_factory=Waiting)
    _minutes: list[Minutes] = field(default_factory=lambda: [Minutes.empty()])

    def tally(self, name: str, counts: Mapping[str, int]) -> None:
        """Add *counts* to what the profile's mapping *name* holds."""
        self.tallies.setdefault(name, Counter()).update(counts)

    def add_extra(self, names: Iterable[str], rows: int) -> None:
        """Count *rows* rows that came with columns which the monitor does not know."""
        for name in map(bounded_text, names if rows else ()):
            self.extra[name] = self.extra.get(name, 0) + rows
        if len(self.extra) > _MOST_HELD:
            self.extra = keep_smallest(self.extra, MOST_EXTRA)

    def add_minutes(self, minutes: Minutes) -> None:
        """Note when some of the rows happened."""
        self._minutes.append(minutes)
        if len(self._minutes) > _MOST_PARTS:
            self._minutes = [Minutes.merged(self._minutes)]

    def add_answers(self, place: _Key, answers: Answers) -> None:
        """Count how a prediction compares with its label, if rows hold both."""
        if answers.rows:
            before = self.answers.get(place)
            self.answers[place] = answers if before is None else merged_answers([before, answers])

    def settle(self) -> None:
        """Count what waits for more."""
        for counter in self.columns.values():
            if not isinstance(counter, CategoryCounter):
                (counter.lengths if isinstance(counter, TextCounter) else counter).settle()

    def profile(self) -> Profile:
        """Return what was counted so far."""
        tallies = {name: dict(sorted((n, c) for n, c in counts.items() if c)) for name, counts in self.tallies.items()}
        return Profile(
            **tallies,
            baseline=self.baseline,
            rows=self.rows,
            late=self.late,
            minutes=Minutes.merged(self._minutes),
            extra=keep_smallest(self.extra, MOST_EXTRA),
            ids=self.ids,
            columns={key: counter.summary() for key, counter in sorted(self.columns.items())},
            cross=self.cross,
            answers=dict(sorted(self.answers.items())),
        )


class _Target(Struct, frozen=True):
    """Rows of a batch, and where they are counted."""

    counter: ProfileCounter
    segment: str
    rows: Rows


class Profiler:
    """Counts rows on the grids of one baseline."""

    def __init__(self, baseline: str, grids: Grids) -> None:
        """Prepare for the baseline of version *baseline* and its *grids*."""
        self._baseline = baseline
        self._grids = grids
        self._named = {column.name: column for column in grids.columns}
        self._id = next((column.name for column in grids.columns if column.role is Role.ID), None)
        self._label_of = label_of(grids.columns)
        self._compared = {*self._label_of, *self._label_of.values()}
        self._room = Room()
        self._cross = None if grids.cross is None else CrossCounter(grids.cross, grids.columns)
        self._layouts = {n: Layout.of(g) for n, g in grids.grids.items() if isinstance(g, NumericGrid)}
        self._length_layouts = {n: Layout.of(g.lengths) for n, g in grids.grids.items() if isinstance(g, TextGrid)}

    def counter(self) -> ProfileCounter:
        """Return an empty profile to count into."""
        cross = self._grids.cross
        return ProfileCounter(self._baseline, cross=None if cross is None else CrossMoments.empty(cross))

    def profile(self, batch: RowBatch) -> Profile:
        """Summarise *batch*. What is known to the caller only, times and lateness, is left out."""
        counter = self.counter()
        self.count(batch, [(counter, slice(None))])
        return counter.profile()

    def count(self, batch: RowBatch, parts: Iterable[tuple[ProfileCounter, Rows]]) -> None:
        """Add rows of *batch* to profiles: to each the rows named beside it."""
        targets = [_Target(counter, "", rows) for counter, rows in parts]
        ids = row_ids(batch, self._id)
        for target in targets:
            self._count_rows(batch, target, ids)
        segments = [*self._segments(batch, targets), *self._versions(batch, targets)]
        for target in segments:
            target.counter.tally("segments", {target.segment: _length(target.rows, batch.rows)})
        classes = list(self._classes(batch, targets))
        read = self._count_columns(batch, [*targets, *segments], classes)
        if self._cross is None:
            deque(read, maxlen=0)
        else:
            _add_moments(targets, self._cross.count(batch, [target.rows for target in targets], read))

    def _count_rows(self, batch: RowBatch, target: _Target, ids: RowIds | None) -> None:
        rows, counter = _length(target.rows, batch.rows), target.counter
        counter.rows += rows
        counter.tally("captured", dict.fromkeys(batch.captured, rows))
        counter.tally("segments", {"": rows})
        counter.tally("present", {name: rows for name in batch.columns if name in self._named})
        counter.add_extra([name for name in batch.columns if name not in self._named], rows)
        if ids is not None:
            hashes = ids.hashes[target.rows]
            hashes = hashes if ids.known is None else hashes[ids.known[target.rows]]
            counter.ids = counter.ids.add(hashes, np.ones(len(hashes), np.int64))

    def _segments(self, batch: RowBatch, targets: Sequence[_Target]) -> Iterator[_Target]:
        """Yield the rows of each segment: of each value told apart, and of the rest; together they are all rows."""
        for name, values in self._grids.segments.items():
            column = self._named[name]
            if values and column.side in batch.captured:
                names = [*(segment_name(name, value) for value in values), rest_name(name)]
                yield from _divided(read_categories(column, _values(batch, column)), values, names, targets)

    def _versions(self, batch: RowBatch, targets: Sequence[_Target]) -> Iterator[_Target]:
        """Yield the rows of each version of the model, if what is there is not too much to be versions."""
        for column in self._grids.columns:
            if column.role is Role.VERSION and column.name in batch.columns:
                categories = read_categories(column, batch.columns[column.name])
                names = [segment_name(column.name, text) for text in categories.texts]
                if len(names) <= MOST_VERSIONS:
                    yield from _divided(categories, categories.texts, names, targets)

    def _classes(self, batch: RowBatch, targets: Sequence[_Target]) -> Iterator[_Target]:
        """Yield the rows of each value of a prediction or label that is told apart."""
        for name, values in self._grids.classes.items():
            if name in batch.columns:
                names = [segment_name(name, value) for value in values]
                yield from _divided(read_categories(self._named[name], batch.columns[name]), values, names, targets)

    def _count_columns(
        self, batch: RowBatch, targets: Sequence[_Target], classes: Sequence[_Target]
    ) -> Iterator[tuple[str, Floats]]:
        """Count each column and, if it is numeric, yield its name and values; at the end, count answers and labels."""
        held: dict[str, Numbers | Categories] = {}
        for column in profiled(self._grids.columns):
            if column.side not in batch.captured:
                continue
            counted = [*targets, *classes] if column.role is Role.SCORE else targets
            if column.name in self._layouts:
                numbers = read_numbers(column, _values(batch, column))
                for target in counted:
                    self._number_counter(target, column).add(numbers.pick(target.rows))
                held |= {column.name: numbers} if column.name in self._compared else {}
                yield column.name, numbers.values
            elif column.name in self._length_layouts:
                texts = read_texts(column, _values(batch, column))
                for target in counted:
                    self._text_counter(target, column).add(texts, target.rows)
            else:
                categories = read_categories(column, _values(batch, column))
                for target in counted:
                    self._category_counter(target, column).add(categories, target.rows)
                held |= {column.name: categories} if column.name in self._compared else {}
        self._count_answers(held, targets)

    def _count_answers(self, held: Mapping[str, Numbers | Categories], targets: Sequence[_Target]) -> None:
        for prediction, label in self._label_of.items():
            if prediction in held and label in held:
                one, other = self._named[prediction], self._named[label]
                sides = comparable(held[prediction], one, other), comparable(held[label], other, one)
                parts = answers_of(*sides, [target.rows for target in targets])
                for target, answers in zip(targets, parts, strict=True):
                    target.counter.add_answers((target.segment, prediction), answers)

    def _number_counter(self, target: _Target, column: Column) -> NumberCounter:
        held, key = target.counter.columns, (target.segment, column.name)
        if key not in held:
            low, high = column.range or (None, None)
            limits = low, high, allowed_numbers(column)
            held[key] = NumberCounter(self._layouts[column.name], self._room, *limits, target.counter.waiting)
        return held[key]  # type: ignore[return-value]  # a column's grid decides its counter's kind

    def _text_counter(self, target: _Target, column: Column) -> TextCounter:
        held, key = target.counter.columns, (target.segment, column.name)
        if key not in held:
            layout = self._length_layouts[column.name]
            held[key] = TextCounter(NumberCounter(layout, self._room, waiting=target.counter.waiting))
        return held[key]  # type: ignore[return-value]  # as above

    def _category_counter(self, target: _Target, column: Column) -> CategoryCounter:
        held, key = target.counter.columns, (target.segment, column.name)
        if key not in held:
            grid = self._grids.grids[column.name]
            assert isinstance(grid, CategoricalGrid)  # noqa: S101  # as above
            held[key] = CategoryCounter(grid, allowed_categories(column), pattern_match(column))
        return held[key]  # type: ignore[return-value]  # as above


def _divided(
    categories: Categories, values: Sequence[str], names: Sequence[str], targets: Iterable[_Target]
) -> Iterator[_Target]:
    """Yield the rows of each of *values* under its name; under one name more, if there is one, all other rows."""
    places = {value: place for place, value in enumerate(values)}
    other = len(values)
    place_of = np.array([*(places.get(text, other) for text in categories.texts), other, other])  # at the end: no value
    for target in targets:
        found = place_of[categories.codes[target.rows]]
        for place in np.flatnonzero(np.bincount(found)[: len(names)]).tolist():
            yield _Target(target.counter, names[place], _within(target.rows, np.flatnonzero(found == place)))


def _add_moments(targets: Iterable[_Target], found: Iterable[CrossMoments]) -> None:
    for target, moments in zip(targets, found, strict=True):
        held = target.counter.cross
        target.counter.cross = moments if held is None else held.merge(moments)


def _values(batch: RowBatch, column: Column) -> pa.Array:
    array = batch.columns.get(column.name)
    return pa.nulls(batch.rows) if array is None else array


def _length(rows: Rows, whole: int) -> int:
    return len(range(*rows.indices(whole))) if isinstance(rows, slice) else len(rows)


def _within(rows: Rows, places: Ints) -> Ints:
    """Return which rows of the batch are at *places* among *rows*."""
    if isinstance(rows, slice):
        return places + (rows.start or 0)
    return rows[places]
