"""Single windows: how often each rule alarms on still columns, and how often it finds moved ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from simulation.comparison import Comparison, Reference
from simulation.peers import PEERS, PeerRule
from simulation.populations import Floats, Population, Random
from simulation.rates import Rate, Window, of_columns, of_families
from simulation.rules import Alarms, Column, Rule

MOVED_IN = 10
"""In windows of more columns one of so many has moved."""

_FRUGAL_TIMES = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated.

    Attributes:
        baseline: Rows of the baseline.
        windows: Rows of windows.
        columns: Sizes of families; all but 1 are multiples of ten, and the largest one of all others.
        shifts: By how many standard deviations columns move; 0 is not among them.
        ours: Repetitions of the largest family.
        peers: Columns that are drawn for other tools.
        peers_large: The same for windows of a million rows.
    """

    baseline: int
    windows: Sequence[int]
    columns: Sequence[int]
    shifts: Sequence[float]
    ours: int
    peers: int
    peers_large: int


@dataclass(frozen=True, slots=True)
class Cell:
    """The rates of one rule in one setting."""

    rule: str
    population: str
    baseline: int
    rows: int
    columns: int
    shift: float
    rates: Window


_LARGE = 100_000


Told = dict[tuple[str, int, int, float], list[tuple[Floats, Floats]]]
"""False and true alarms of each window, by who told of them, rows, columns and shift."""


def ours(plan: Plan, population: Population, rule: Rule, random: Random) -> Iterator[Cell]:
    """Simulate a rule of ours on the counts of the baseline's grid."""
    told: Told = defaultdict(list)
    most = max(plan.columns)
    moved = np.arange(most) % MOVED_IN == 0
    for _ in range(plan.ours):
        columns = [Column.drawn(population, random, plan.baseline) for _ in range(most)]
        still = _measured(plan, rule, columns, 0.0, random)
        for rows, measured in zip(plan.windows, still, strict=True):
            _judged(told, rule, measured, plan.columns, (rows, 0.0), np.zeros(most, bool))
        for shift in plan.shifts:
            shifted = _measured(plan, rule, columns[::MOVED_IN], shift, random)
            for rows, mixed, movers in zip(plan.windows, still.copy(), shifted, strict=True):
                mixed[moved] = movers
                _judged(told, rule, mixed, plan.columns, (rows, shift), moved)
    for (name, rows, size, shift), parts in told.items():
        false, true = (np.concatenate(side) for side in zip(*parts, strict=True))
        count = _moved_of(size, shift)
        rates = of_families(false, true, size - count, count)
        yield Cell(name, population.name, plan.baseline, rows, size, shift, rates)


def _measured(plan: Plan, rule: Rule, columns: Sequence[Column], shift: float, random: Random) -> Floats:
    """Measure one window of each size of each column; shape (sizes, columns, anything)."""
    drawn = (column.windows(random, plan.windows, shift) for column in columns)
    return np.stack([rule.measure(*pair) for pair in zip(columns, drawn, strict=True)], axis=1)


def _moved_of(columns: int, shift: float) -> int:
    return max(columns // MOVED_IN, 1) if shift else 0


def _judged(
    told: Told, rule: Rule, measured: Floats, sizes: Sequence[int], setting: tuple[int, float], moved: Alarms
) -> None:
    """Add the false and the true alarms of every family of every size; alone, columns that moved are judged."""
    for size in sizes:
        chosen = moved if moved.any() and size == 1 else np.ones(len(moved), bool)
        is_moved = moved[chosen].reshape(-1, size)
        for name, each in rule.judge(measured[chosen], size).items():
            alarms = each.reshape(-1, size)
            counts = ((alarms & ~is_moved).sum(axis=1), (alarms & is_moved).sum(axis=1))
            false, true = (side.astype(np.float64) for side in counts)
            told[name, setting[0], size, setting[1]].append((false, true))


def peers(plan: Plan, population: Population, random: Random, rules: Sequence[PeerRule] = PEERS) -> Iterator[Cell]:
    """Simulate other tools' rules on single columns, drawn row by row; columns are independent, so windows follow."""
    for rows in plan.windows:
        scores = _scores(plan, population, random, rules, rows)
        for rule in rules:
            for size in plan.columns:
                alarms = {shift: Rate.of(rule.alarms(scores[rule.name, shift], size)) for shift in (0.0, *plan.shifts)}
                for shift, rate in alarms.items():
                    moved = _moved_of(size, shift)
                    rates = of_columns(alarms[0.0], rate if shift else None, size - moved, moved)
                    yield Cell(rule.name, population.name, plan.baseline, rows, size, shift, rates)


def _scores(
    plan: Plan, population: Population, random: Random, rules: Sequence[PeerRule], rows: int
) -> dict[tuple[str, float], list[float]]:
    """Score columns: by frugal rules many more of them without drift, as corrected levels are small."""
    scores: dict[tuple[str, float], list[float]] = defaultdict(list)
    columns, times = (plan.peers_large, 1) if rows > _LARGE else (plan.peers, _FRUGAL_TIMES)
    for place in range(columns * times):
        asked = [rule for rule in rules if rule.frugal or place < columns]
        reference = Reference(population.draw(random, plan.baseline, 0.0), population.kind, random)
        for shift in (0.0, *plan.shifts) if place < columns else (0.0,) * bool(asked):
            pair = Comparison(reference, population.draw(random, rows, shift))
            for rule in asked:
                scores[rule.name, shift].append(rule.score(pair))
    return scores
