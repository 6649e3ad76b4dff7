"""Counting rows by facet, group, label and prediction, in one pass: what bias metrics are made of."""

from __future__ import annotations

import operator
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct

from atalaia.errors import AtalaiaError, LogError
from atalaia.profile.canonical import CANONICAL
from atalaia.profile.values import TYPE_ERROR, Ints, read_categories, read_numbers
from atalaia.rows import Reject, RowBatch
from atalaia.schema import Column, Type
from atalaia.wording import shortened

MOST_FACETS, MOST_GROUPS = 20, 1_000
"""So many values of a facet, and of the column that groups rows, are told apart at most."""

_AT_ONCE = 65_536  # rows
_MISSING, _NO_NUMBER = -1, -2
_WHY = {_MISSING: "missing", _NO_NUMBER: "not a number"}
_LIMIT = re.compile(r"(>=|<=|>|<)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
_COMPARED: dict[str, Callable[[Any, float], Any]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le
}  # fmt: skip


class Choice(Struct, frozen=True):
    """Which values of a column are meant.

    Attributes:
        told: The choice in words.
        values: These ones, each as `_same` writes it.
        among: If not empty, the column may hold no others than these.
        sign: In place of values, how numbers compare with the limit: a key of `_COMPARED`.
        limit: That limit.
    """

    told: str
    values: frozenset[str] = frozenset()
    among: frozenset[str] = frozenset()
    sign: str = ""
    limit: float = 0.0


ONE_OR_TRUE = Choice("1 or true", frozenset({"1"}), frozenset({"0", "1"}))
"""What is positive, if nothing else is said."""


class Question(Struct, frozen=True):
    """What is asked of the rows.

    Attributes:
        facet: The column of the facet.
        label: The column of what turned out to be true.
        predicted: The column of the model's answers, if they are asked about.
        group: The column of groups whose rows are compared with each other only.
        chosen: Which rows are the facet; by default each value of its column is one in turn.
        positive: Which labels and predictions are positive.
    """

    facet: str
    label: str
    predicted: str | None = None
    group: str | None = None
    chosen: Choice | None = None
    positive: Choice = ONE_OR_TRUE

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a row must have."""
        return tuple(name for name in (self.facet, self.label, self.predicted, self.group) if name is not None)


class Counts(Struct):
    """What was counted; its size does not grow with the rows.

    Attributes:
        cells: Rows by facet, group, positive label (0 or 1) and positive prediction, which is the label without one.
        facets: The places of the facet's values in `cells`; empty if the facet was chosen, which then is place 1.
        groups: The places of the groups' values in `cells`.
        columns: The columns that there were.
        left_out: Rows that lack something, by the first column concerned and why.
        rejected: Rows that could not be read, by reason.
    """

    cells: Ints
    facets: dict[str, int]
    groups: dict[str, int]
    columns: set[str]
    left_out: Counter[tuple[str, str]]
    rejected: Counter[str]

    @property
    def rows(self) -> int:
        """How many rows were counted."""
        return int(self.cells.sum())


def parse_choice(values: Sequence[str], option: str) -> Choice | None:
    """Read what an *option* was given: some values, or one limit such as `>40`; None if nothing was.

    Raises:
        AtalaiaError: There is a limit beside something else.
    """
    limits = [found for value in values if (found := _LIMIT.fullmatch(value.strip()))]
    if limits and len(values) > 1:
        msg = f"{option} {limits[0][0]}: a limit stands alone. Give one limit, or values."
        raise AtalaiaError(msg)
    if limits:
        return Choice(f"{limits[0][1]} {limits[0][2]}", sign=limits[0][1], limit=float(limits[0][2]))
    return Choice(", ".join(values), frozenset(map(_same, values))) if values else None


def count_facets(question: Question, batches: Iterable[RowBatch | Reject]) -> Counts:
    """Count the rows of *batches*.

    Raises:
        LogError: A column has too many values to be told apart, or a label that may be 0 or 1 only is something else.
    """
    facets, groups = (2 if question.chosen else MOST_FACETS), (MOST_GROUPS if question.group else 1)
    counts = Counts(np.zeros((facets, groups, 2, 2), np.int64), {}, {}, set(), Counter(), Counter())
    for item in batches:
        if isinstance(item, Reject):
            counts.rejected[item.reason] += item.rows
            continue
        counts.columns |= set(item.columns)
        absent = next((name for name in question.columns if name not in item.columns), None)
        if absent is not None:
            counts.left_out[absent, "not in these rows"] += item.rows
            continue
        for _, arrays in item.slices(question.columns, _AT_ONCE):
            _add(question, counts, arrays)
    return counts


def _add(question: Question, counts: Counts, arrays: Mapping[str, pa.Array]) -> None:
    """Count the rows of *arrays* in their cells, or as left out."""
    codes = {question.facet: _facet_codes(question, counts, arrays)}
    for name in (question.label, question.predicted):
        if name is not None:
            codes[name] = _chosen(question.positive, name, arrays[name])
    if question.group is not None:
        codes[question.group] = _told_apart(counts.groups, MOST_GROUPS, question.group, arrays[question.group])
    whole = np.ones(len(codes[question.facet]), bool)
    for name, found in codes.items():
        for code, why in _WHY.items():
            counts.left_out[name, why] += int(np.count_nonzero(whole & (found == code)))
        whole &= found >= 0
    label = codes[question.label]
    predicted = codes[question.predicted] if question.predicted is not None else label
    group = codes[question.group] if question.group is not None else np.zeros_like(label)
    places = np.ravel_multi_index(
        tuple(part[whole] for part in (codes[question.facet], group, label, predicted)), counts.cells.shape
    )
    counts.cells += np.bincount(places, minlength=counts.cells.size).reshape(counts.cells.shape)


def _facet_codes(question: Question, counts: Counts, arrays: Mapping[str, pa.Array]) -> Ints:
    array = arrays[question.facet]
    if question.chosen is not None:
        return _chosen(question.chosen, question.facet, array)
    return _told_apart(counts.facets, MOST_FACETS, question.facet, array)


def _chosen(choice: Choice, name: str, array: pa.Array) -> Ints:
    """Tell for each row whether it is meant: 1 or 0, below 0 if that cannot be told."""
    if not choice.sign:
        return _coded(array, lambda text: _is_chosen(choice, name, text))
    numbers = read_numbers(Column(name), array)
    codes: Ints = _COMPARED[choice.sign](numbers.values, choice.limit).astype(np.int64)
    codes[np.isnan(numbers.values)] = _MISSING
    if numbers.kinds is not None:
        codes[numbers.kinds == TYPE_ERROR] = _NO_NUMBER
    return codes


def _is_chosen(choice: Choice, name: str, text: str) -> int:
    value = _same(text)
    if choice.among and value not in choice.among:
        fix = "Say which are positive: --positive VALUE."
        msg = f"{shortened(name)}: holds other values than 0, 1, false and true. {fix}"
        raise LogError(msg)
    return int(value in choice.values)


def _told_apart(places: dict[str, int], most: int, name: str, array: pa.Array) -> Ints:
    """Return for each row the place of its value, new values having been added to *places*."""
    codes = _coded(array, lambda text: places.setdefault(text, len(places)))
    if len(places) > most:
        fix = "Choose some with --facet-value VALUE, or a limit such as --facet-value '>40'."
        if most == MOST_GROUPS:
            fix = "Give --group a column with fewer, such as ranges."
        msg = f"{shortened(name)}: has more than {most:,} values. {fix}"
        raise LogError(msg)
    return codes


def _coded(array: pa.Array, code: Callable[[str], int]) -> Ints:
    """Return the *code* of each row's text; a blank one, and NaN, is missing."""
    found = read_categories(Column("", Type.STRING), array)
    codes = [code(text) if text.strip() not in ("", "NaN", "nan") else _MISSING for text in found.texts]
    lookup: Ints = np.array([*codes, _MISSING], np.int64)  # its last entry is that of rows without a value
    places: Ints = lookup[found.codes]
    return places


def _same(text: str) -> str:
    """Write numbers in one way, however they were given, and true and false as 1 and 0."""
    word = text.strip()
    number = CANONICAL[Type.NUMBER](word.lower() if word.lower() in ("true", "false") else word)
    return word if number is None else number
