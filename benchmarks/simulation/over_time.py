"""Many windows of one monitor: does it ever alarm in a year without drift, and does it find a slow one?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from simulation.comparison import Comparison, Reference
from simulation.peers import PEERS
from simulation.populations import Floats, Ints, Population, Random
from simulation.rates import Rate
from simulation.rules import Column, Watch, first_of

Shifts = Callable[[int], float]
"""By how many standard deviations a column has moved in each window, from 0."""

STEP = 0.02

COURSES: dict[str, tuple[int, Shifts]] = {
    "a year without drift": (365, lambda window: 0.0),  # noqa: ARG005
    "60 windows without drift": (60, lambda window: 0.0),  # noqa: ARG005
    "60 windows, each moved by 0.02 sd": (60, lambda window: STEP),  # noqa: ARG005
    "60 windows, each 0.02 sd further": (60, lambda window: STEP * (window + 1)),
}
"""How many windows, and how they move, by name."""

_BEGINNINGS = {"a year without drift": "60 windows without drift"}
"""What also tells of another course, by its own first windows."""

DRAWN = [course for course in COURSES if course not in _BEGINNINGS.values()]
"""The courses that journeys are made of."""

Watching = Callable[[Sequence[Column]], Watch]
"""Makes the watch of one monitor of these columns."""


@dataclass(frozen=True, slots=True)
class Course:
    """What became of monitors over a course of windows.

    Attributes:
        ever: The share of monitors that alarmed at least once.
        after: After how many windows half of all monitors had alarmed; None if fewer ever did.
    """

    rule: str
    course: str
    population: str
    baseline: int
    rows: int
    columns: int
    ever: Rate
    after: int | None


@dataclass(frozen=True, slots=True)
class Journey:
    """What is simulated: *monitors* of *columns* columns over a course of windows of *rows* rows."""

    course: str
    population: Population
    baseline: int
    rows: int
    columns: int
    monitors: int


def ours(journey: Journey, watching: Watching, random: Random) -> Iterator[Course]:
    """Run the watches of monitors; all columns move together."""
    count, shifts = COURSES[journey.course]
    moves = [shifts(window) for window in range(count)]
    first: dict[str, list[float]] = defaultdict(list)
    for _ in range(journey.monitors):
        columns = [Column.drawn(journey.population, random, journey.baseline) for _ in range(journey.columns)]
        told = watching(columns).follow([_windows(column, journey.rows, moves, random) for column in columns])
        for name, window in told.items():
            first[name].append(window)
    for name, found in first.items():
        for part, began in _parts(journey, np.array(found)):
            yield _course(name, part, began)


def _parts(journey: Journey, first: Floats) -> Iterator[tuple[Journey, Floats]]:
    """Return the journey, and the one that is its beginning, each with the windows of its first alarms."""
    yield journey, first
    if journey.course in _BEGINNINGS:
        part = replace(journey, course=_BEGINNINGS[journey.course])
        yield part, np.where(first <= COURSES[part.course][0], first, np.inf)


def _windows(column: Column, rows: int, shifts: Sequence[float], random: Random) -> Ints:
    """Draw windows, those that follow each other and move alike at once."""
    drawn = (column.windows(random, [rows for _ in alike], shift) for shift, alike in groupby(shifts))
    return np.concatenate(list(drawn))


def peers(journey: Journey, sizes: Sequence[int], random: Random) -> Iterator[Course]:
    """Run other tools' rules on single columns; monitors of *sizes* columns are put together of as many of them."""
    count, shifts = COURSES[journey.course]
    scores = np.empty((len(PEERS), journey.monitors, count))
    for monitor in range(journey.monitors):
        sample = journey.population.draw(random, journey.baseline, 0.0)
        reference = Reference(sample, journey.population.kind, random)
        for window in range(count):
            pair = Comparison(reference, journey.population.draw(random, journey.rows, shifts(window)))
            scores[:, monitor, window] = [rule.score(pair) for rule in PEERS]
    for place, rule in enumerate(PEERS):
        for size in sizes:
            alarms = rule.alarms(scores[place], size) > 0
            first = np.array([first_of(each) for each in alarms])
            for part, alone in _parts(journey, first):
                yield _together(_course(rule.name, part, alone), alone, size, COURSES[part.course][0])


def _course(name: str, journey: Journey, first: Floats) -> Course:
    ever = Rate.of(np.isfinite(first).astype(np.float64))
    middle = float(np.sort(first)[(len(first) - 1) // 2])
    after = int(middle) if np.isfinite(middle) else None
    told = (journey.population.name, journey.baseline, journey.rows, journey.columns)
    return Course(name, journey.course, *told, ever, after)


def _together(alone: Course, first: Floats, columns: int, count: int) -> Course:
    """Return what monitors of so many independent columns come to, from single ones."""
    silent = 1 - alone.ever.share
    slope = columns * max(silent, 1 / len(first)) ** (columns - 1)
    ever = Rate(1 - silent**columns, min(slope * alone.ever.error, 0.5), len(first))
    reached = (1 - (1 - (first <= window).mean()) ** columns for window in range(1, count + 1))
    after = next((window for window, share in enumerate(reached, 1) if share >= 0.5), None)
    told = (alone.rule, alone.course, alone.population, alone.baseline, alone.rows)
    return Course(*told, columns, ever, after)
