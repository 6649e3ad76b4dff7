"""What is kept of a prediction beside its label: how often a model was right, or how far off it was.

Only rows that hold both count: a label that has not arrived yet is no mistake. Sums are whole numbers of *steps* of
2^-120, so they come out the same in whatever order and grouping they are taken, and do not depend on any grid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from atalaia.profile.canonical import CANONICAL
from atalaia.profile.counts import keep_smallest
from atalaia.profile.hashing import hash_texts
from atalaia.profile.sums import free_sums
from atalaia.profile.values import Categories, Floats, Ints, Numbers, Rows
from atalaia.schema import Column, Type

MOST_CLASSES = 100
"""Of so many classes at most it is known how often each was right."""

STEP = -120
"""A step is two to the power of this."""

_KEPT = MOST_CLASSES + 1


class ClassAnswers(Struct, frozen=True):
    """Predicted classes beside labels.

    Attributes:
        rows: Rows that hold both.
        right: Of these, those in which they are the same.
        classes: By class: rows that were right, that have it as their label, that have it as their prediction. Of more
            than `MOST_CLASSES` one more than these is kept, so that it can be told.
    """

    rows: int
    right: int
    classes: Mapping[str, tuple[int, int, int]]


class NumberAnswers(Struct, frozen=True):
    """Predicted numbers beside labels.

    Attributes:
        rows: Rows that hold both, as finite numbers whose difference is one, too.
        absolute, squares: Sum of the distances between prediction and label, in steps, and of their squares.
        labels, label_squares: Sum of the labels, in steps, and of their squares.
    """

    rows: int
    absolute: int
    squares: int
    labels: int
    label_squares: int


Answers = ClassAnswers | NumberAnswers

Place = tuple[str, str]
"""A segment (`""` for all rows) and a prediction."""


def comparable(read: Numbers | Categories, column: Column, other: Column) -> Numbers | Categories:
    """Return what was read of *column* in the way *other* holds it: text that is a number as this is written there."""
    if not (isinstance(read, Categories) and column.type is Type.STRING and other.type in (Type.NUMBER, Type.INTEGER)):
        return read
    texts = [CANONICAL[Type.NUMBER](text) or text for text in read.texts]
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    lookup = np.array([*(places[text] for text in texts), -2, -1])  # at the end: no value
    return replace(read, codes=lookup[read.codes], texts=list(places))


def answers_of(
    predictions: Numbers | Categories, labels: Numbers | Categories, parts: Iterable[Rows]
) -> Iterator[Answers]:
    """Hold a batch's predictions against its labels, which are of the same kind: yield the answers of each part."""
    if isinstance(predictions, Numbers) and isinstance(labels, Numbers):
        return _number_answers(predictions.values, labels.values, parts)
    assert isinstance(predictions, Categories) and isinstance(labels, Categories)  # noqa: S101, PT018  # `label_of` pairs no others
    return _class_answers(predictions, labels, parts)


def _class_answers(predictions: Categories, labels: Categories, parts: Iterable[Rows]) -> Iterator[ClassAnswers]:
    texts = _by_hash(list(dict.fromkeys((*labels.texts, *predictions.texts))))
    place_of = {text: place for place, text in enumerate(texts)}
    said, true = (
        np.array([*(place_of[text] for text in side.texts), -1, -1])[side.codes]  # at the end: no value
        for side in (predictions, labels)
    )
    held = (said >= 0) & (true >= 0)
    for rows in parts:
        both = held[rows]
        told, actual = said[rows][both], true[rows][both]
        yield _answers_in(
            texts, *(np.bincount(each, minlength=len(texts)) for each in (actual[actual == told], actual, told))
        )


def _by_hash(texts: list[str]) -> list[str]:
    """Put *texts* in such an order that the first ones are those to be kept, if they are too many."""
    if len(texts) <= _KEPT:
        return texts
    return [texts[place] for place in np.argsort(hash_texts(texts)).tolist()]


def _answers_in(texts: list[str], right: Ints, true: Ints, said: Ints) -> ClassAnswers:
    """Return the answers of which is known how often each of *texts* was right, the label and the prediction."""
    kept = np.flatnonzero(true + said)[:_KEPT]
    counts = zip(kept.tolist(), right[kept].tolist(), true[kept].tolist(), said[kept].tolist(), strict=True)
    classes = {texts[place]: (r, t, s) for place, r, t, s in counts}
    return ClassAnswers(int(true.sum()), int(right.sum()), dict(sorted(classes.items())))


def _number_answers(predictions: Floats, labels: Floats, parts: Iterable[Rows]) -> Iterator[NumberAnswers]:
    with np.errstate(over="ignore", invalid="ignore"):
        distances = np.abs(predictions - labels)
    both = np.isfinite(distances)
    every = bool(both.all())
    for rows in parts:
        known = slice(None) if every else both[rows]
        off, true = distances[rows][known], labels[rows][known]
        yield NumberAnswers(len(off), *free_sums(off, STEP), *free_sums(true, STEP))


def added_answers(parts: Iterable[Mapping[Place, Answers]]) -> dict[Place, Answers]:
    """Return all *parts* together: in any order and grouping the result is the same."""
    held: dict[Place, list[Answers]] = {}
    for part in parts:
        for place, answers in part.items():
            held.setdefault(place, []).append(answers)
    return {place: merged_answers(found) for place, found in sorted(held.items())}


def merged_answers(parts: Sequence[Answers]) -> Answers:
    """Return all *parts*, of one prediction, together."""
    numbers = [part for part in parts if isinstance(part, NumberAnswers)]
    if numbers:
        return NumberAnswers(
            *(sum(getattr(part, name) for part in numbers) for name in NumberAnswers.__struct_fields__)
        )
    classed = [part for part in parts if isinstance(part, ClassAnswers)]
    classes: dict[str, tuple[int, int, int]] = {}
    for name, (right, true, said) in chain.from_iterable(part.classes.items() for part in classed):
        before = classes.get(name, (0, 0, 0))
        classes[name] = (before[0] + right, before[1] + true, before[2] + said)
    rows, right = sum(part.rows for part in classed), sum(part.right for part in classed)
    return ClassAnswers(rows, right, keep_smallest(classes, _KEPT))


def answers_to_plain(answers: Answers) -> list[Any]:
    """Return *answers* as lists, numbers and texts."""
    if isinstance(answers, NumberAnswers):
        return [answers.rows, *(str(getattr(answers, name)) for name in answers.__struct_fields__[1:])]
    return [answers.rows, answers.right, {name: list(counts) for name, counts in answers.classes.items()}]


def answers_from_plain(plain: Sequence[Any]) -> Answers:
    """Do the reverse."""
    if isinstance(plain[1], str):
        return NumberAnswers(plain[0], *map(int, plain[1:]))
    rows, right, classes = plain
    return ClassAnswers(rows, right, {name: (r, t, s) for name, (r, t, s) in classes.items()})
