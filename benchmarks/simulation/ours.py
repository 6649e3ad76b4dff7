"""Atalaia's own rule, put together of the functions that judge a monitor's windows, without what reports add.

`atalaia.drifting` measures every metric and tells of each in words; a test holds what is done here to its verdicts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from atalaia.checks import METRICS, OVER_TIME, Check, drift_checks
from atalaia.judging import YEAR, Promise, Suspect, cut_off, floor_of
from atalaia.profile import CategoricalGrid, NumericSummary
from atalaia.schema import Column as Feature
from atalaia.schema import Type
from atalaia.signals.chance import chance_of
from atalaia.signals.distributions import cramer_von_mises
from atalaia.signals.drift import Sides, table_of
from atalaia.signals.over_time import Followed, Sums, carried_on, followed, furthest, gathered, nothing
from atalaia.signals.shares import cohen_w
from simulation.populations import Floats, Ints
from simulation.rules import Alarms, Column

RATE = 0.05
PROMISE = Promise(RATE, YEAR // 365)
"""The default rate, for a monitor that looks at each day once."""

WARNINGS, ALERTS, EVIDENCE = "Atalaia, warnings", "Atalaia, alerts", "Atalaia, over time"
"""Warnings or alerts of single windows; alerts, in courses those over time among them; only those over time."""

NAMES = (WARNINGS, ALERTS, EVIDENCE)

_TAIL, _ABOVE = 0, 1


class Atalaia:
    """Limits that chance sets, judged together."""

    def measure(self, columns: Sequence[Column], windows: Sequence[Ints]) -> Floats:
        """Return the probability of each column's distance, and by how much that is above the floor."""
        return np.array([_measured(column, counts) for column, counts in zip(columns, windows, strict=True)])

    def judge(self, measured: Floats, columns: int) -> Mapping[str, Alarms]:
        """Warn and alert; an alert is a warning as well."""
        levels = {WARNINGS: PROMISE.warning or 0.0, ALERTS: PROMISE.alert}
        return {name: _passed(measured, columns, level) for name, level in levels.items()}


def _measured(column: Column, counts: Ints) -> tuple[float, float]:
    sides = (column.grid, column.baseline, column.profile(counts))
    check = _CHECKS[isinstance(column.grid, CategoricalGrid)]
    value, chance = _value(sides), chance_of(check.metric, sides)
    tail = 1.0 if chance is None or counts.sum() < check.min_rows else chance.tail(value)
    return tail, value - floor_of(Suspect(check, value, sides))


def _check(type_: Type) -> Check:
    """Return the check that judges the drift of columns of a type unless the monitor file names another."""
    (check,) = drift_checks(Feature("column", type_), ())
    return check


_CHECKS = (_check(Type.NUMBER), _check(Type.STRING))


def _value(sides: Sides) -> float:
    match sides:
        case _, NumericSummary() as before, NumericSummary() as now:
            return cramer_von_mises(before, now)[0]
        case _:
            return float(cohen_w(*table_of(sides)))


def _passed(measured: Floats, columns: int, level: float) -> Alarms:
    tails = measured[:, _TAIL].reshape(-1, columns)
    limits = [level] if columns == 1 else [[cut_off(family.tolist(), level)] for family in tails]
    return (tails <= limits).ravel() & (measured[:, _ABOVE] > 0)


class AtalaiaOverTime:
    """A monitor's windows one after the other: each by itself, and the evidence of all together."""

    def __init__(self, columns: Sequence[Column]) -> None:
        """Begin with the baselines of all columns."""
        self._columns, self._rule, self._window = columns, Atalaia(), 0
        self._followed = [_followed(column) for column in columns]
        self._held: list[tuple[Sums, ...]] = [() for _ in columns]

    def update(self, windows: Sequence[Ints]) -> Mapping[str, bool]:
        """Judge the next window."""
        self._window += 1
        alone = self._rule.judge(self._rule.measure(self._columns, windows), len(self._columns))
        evidence = [self._drifted(place, windows[place], bool(alone[ALERTS][place])) for place in range(len(windows))]
        alerts = bool(alone[ALERTS].any())
        return {
            WARNINGS: bool(alone[WARNINGS].any()),
            ALERTS: alerts or any(evidence),
            EVIDENCE: any(evidence),
        }

    def _drifted(self, place: int, counts: Ints, is_told: bool) -> bool:
        """Add a column's window, unless it alerts by itself, and say whether all its windows together do."""
        column, statistics = self._columns[place], self._followed[place]
        now = nothing(statistics) if is_told else gathered(column.baseline, column.profile(counts), statistics)
        self._held[place] = carried_on(self._held[place], self._window, now)
        if is_told:
            return False
        rate, floor = PROMISE.over_time / len(self._columns), METRICS[OVER_TIME].floor or 0.0
        moved = furthest(statistics, self._held[place], self._window, rate, floor)
        return moved is not None and abs(moved.value) > moved.limit


def _followed(column: Column) -> Followed:
    statistics = followed(column.grid, column.baseline)
    if statistics is None:
        msg = f"nothing of {column.population.name} can be followed"
        raise ValueError(msg)
    return statistics
