"""Measure the bias of a facet: what `atalaia fairness` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct

from atalaia.errors import LogError
from atalaia.monitoring.bias import MEASURES
from atalaia.monitoring.facets import Counts, Question, count_facets
from atalaia.monitoring.sources import LogSource, columnwise_if_sound
from atalaia.profile.values import Ints
from atalaia.signals.fairness import Confusion
from atalaia.spelling import suggest
from atalaia.wording import by_reason, listed, plural, shortened


class Side(Struct, frozen=True):
    """How many rows there are, how many have a positive label, and the confusion if there are predictions."""

    rows: int
    positive_labels: int
    confusion: Confusion | None


class Bias(Struct, frozen=True):
    """What was measured for a facet.

    Attributes:
        value: Its value, or the choice that was made.
        facet: Its rows.
        others: All other rows.
        metrics: Numbers by abbreviation, a key of `MEASURES`; None where there is none.
    """

    value: str
    facet: Side
    others: Side
    metrics: dict[str, float | None]


class LeftOut(Struct, frozen=True):
    """So many rows were left out because of a column, and why."""

    column: str
    why: str
    rows: int


class Fairness(Struct, frozen=True):
    """What was asked, how many rows could tell, and what they tell of each facet."""

    facet: str
    label: str
    predicted: str | None
    group: str | None
    positive: str
    rows: int
    left_out: list[LeftOut]
    rejected: dict[str, int]
    facets: list[Bias]


def measure_fairness(question: Question, sources: Sequence[LogSource]) -> Fairness:
    """Read all rows of *sources* once and measure the bias of each facet.

    Raises:
        LogError: A column is not there, a side of the facet is empty, or no label is positive.
    """
    counts = columnwise_if_sound(
        lambda fast: count_facets(question, (item for source in sources for item in source.batches(columnwise=fast)))
    )
    _check(question, counts)
    left_out = [LeftOut(*key, rows) for key, rows in sorted(counts.left_out.items()) if rows]
    return Fairness(
        question.facet,
        question.label,
        question.predicted,
        question.group,
        question.positive.told,
        counts.rows,
        left_out,
        dict(sorted(counts.rejected.items())),
        sorted(_biases(question, counts), key=lambda bias: (-bias.facet.rows, bias.value)),
    )


def _check(question: Question, counts: Counts) -> None:
    fault = _fault_of_columns(question, counts) or _fault_of_facet(question, counts)
    if fault is None and not counts.cells[:, :, 1].any():
        told = f"none of {plural(counts.rows, 'row')} is {shortened(question.positive.told)}"
        fault = f"{shortened(question.label)}: {told}, so no label is positive. Say which values are: --positive VALUE."
    if fault is not None:
        raise LogError(fault)


def _fault_of_columns(question: Question, counts: Counts) -> str | None:
    for name in question.columns:
        if counts.columns and name not in counts.columns:
            return f"{shortened(name)}: no such column. {suggest(name, counts.columns, 'columns')}"
    return None if counts.rows else _no_rows(question, counts)


def _fault_of_facet(question: Question, counts: Counts) -> str | None:
    by_facet, rows = counts.cells.sum(axis=(1, 2, 3)), plural(counts.rows, "row")
    name = shortened(question.facet)
    if np.count_nonzero(by_facet) > 1:
        return None
    if question.chosen is None:
        return f"{name}: one value in all of {rows}, so there is nothing to compare it with. Name another column."
    having = "none" if by_facet[0] else "every one"
    fix = "Correct --facet-value; without it, each value is compared with all others."
    return f"{name}: {having} of {rows} is {shortened(question.chosen.told)}. {fix}"


def _no_rows(question: Question, counts: Counts) -> str:
    left_out = [f"{rows:,} {shortened(name)} {why}" for (name, why), rows in sorted(counts.left_out.items()) if rows]
    told = ", ".join([*left_out, *([f"rejected: {by_reason(counts.rejected)}"] if counts.rejected else [])])
    needed = listed(question.columns)
    return f"no row has all of {needed}{f' ({told})' if told else ''}. Give data whose rows have them together."


def _biases(question: Question, counts: Counts) -> Iterator[Bias]:
    if question.chosen is not None:
        yield _bias(question, counts.cells, 1, question.chosen.told)
    for value, place in counts.facets.items():
        if counts.cells[place].any():
            yield _bias(question, counts.cells, place, value)


def _bias(question: Question, cells: Ints, place: int, value: str) -> Bias:
    facet, others = cells[place], cells.sum(axis=0) - cells[place]
    pair = _confusion(others.sum(axis=0)), _confusion(facet.sum(axis=0))
    groups = [(_confusion(ours), _confusion(theirs)) for ours, theirs in zip(others, facet, strict=True)]
    metrics = {
        name: measure.of(pair, groups)
        for name, measure in MEASURES.items()
        if (question.predicted or not measure.predicted) and (question.group or not measure.grouped)
    }
    sides = [Side(side.labels.rows, side.labels.accepted, side if question.predicted else None) for side in pair]
    return Bias(value, sides[1], sides[0], metrics)


def _confusion(cells: Ints) -> Confusion:
    """Return the counts of *cells*, by label and prediction."""
    (true_negatives, false_positives), (false_negatives, true_positives) = cells.tolist()
    return Confusion(true_positives, false_positives, false_negatives, true_negatives)
