"""Atalaia's own rule, put together of the functions that judge a monitor's windows, without what reports add.

`atalaia.drifting` measures every metric and tells of each in words; a test holds what is done here to its verdicts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from atalaia.checks import METRICS, OVER_TIME, Check, drift_checks
from atalaia.judging import YEAR, Promise, Suspect, cut_off, floor_of
from atalaia.profile import CategoricalGrid, CategoricalSummary, NumericGrid, NumericSummary, Summary
from atalaia.schema import Column as Feature
from atalaia.schema import Type
from atalaia.signals.cells import cramer_von_mises_if_mixed
from atalaia.signals.chance import chance_of
from atalaia.signals.over_time import Followed, Sums, explained, followed, furthest, rank_sums, share_sums, spans
from atalaia.signals.shares import cohen_w
from simulation.populations import Floats, Ints
from simulation.rules import Alarms, Column, first_of

RATE = 0.05
PROMISE = Promise(RATE, YEAR // 365)
"""The default rate, for a monitor that looks at each day once."""

WARNINGS, ALERTS, EVIDENCE = "Atalaia, warnings", "Atalaia, alerts", "Atalaia, over time"
"""Warnings or alerts of single windows; alerts, in courses those over time among them; only those over time."""

NAMES = (WARNINGS, ALERTS, EVIDENCE)

_TAIL, _ABOVE = 0, 1


class Atalaia:
    """Limits that chance sets, judged together."""

    def measure(self, column: Column, windows: Ints) -> Floats:
        """Return how likely each window's distance is, 1 if more than any level, and how far it is above the floor."""
        measured = np.tile([1.0, 0.0], (len(windows), 1))
        step = max(_AT_ONCE // windows.shape[1], 1)
        for start in range(0, len(windows), step):
            some = windows[start : start + step]
            values = _values(column, some)
            for place in np.flatnonzero(~_usual(column, some, values)):
                measured[start + place] = _measured(column, some[place], float(values[place]))
        return measured

    def judge(self, measured: Floats, columns: int) -> Mapping[str, Alarms]:
        """Warn and alert; an alert is a warning as well."""
        levels = {WARNINGS: PROMISE.warning or 0.0, ALERTS: PROMISE.alert}
        return {name: _passed(measured, columns, level) for name, level in levels.items()}


_AT_ONCE = 1 << 14  # cells: few enough to stay near the processor


def _measured(column: Column, counts: Ints, value: float) -> tuple[float, float]:
    sides = (column.grid, column.baseline, column.profile(counts))
    check = _CHECKS[isinstance(column.grid, CategoricalGrid)]
    chance = chance_of(check.metric, sides)
    tail = 1.0 if chance is None or counts.sum() < check.min_rows else chance.tail(value)
    return tail, value - floor_of(Suspect(check, value, sides))


def _check(type_: Type) -> Check:
    """Return the check that judges the drift of columns of a type unless the monitor file names another."""
    (check,) = drift_checks(Feature("column", type_), ())
    return check


_CHECKS = (_check(Type.NUMBER), _check(Type.STRING))


def _values(column: Column, windows: Ints) -> Floats:
    if isinstance(column.grid, NumericGrid):
        return cramer_von_mises_if_mixed(column.counts, windows)
    sides = np.broadcast_arrays(column.counts, windows)
    return cohen_w(*sides)


def _usual(column: Column, windows: Ints, values: Floats) -> Alarms:
    """Tell which distances are certainly likelier than every level, so that no alarm depends on how likely they are.

    The gap's square is at least that of the difference in mean rank, whose variance under no drift is known; as likely
    as that is, a normal variable is beyond 1.87 standard deviations in 6 % of all windows.
    """
    if isinstance(column.grid, CategoricalGrid):
        return np.zeros(len(values), bool)
    n, sizes, pooled = column.counts.sum(), windows.sum(axis=-1), column.counts + windows
    shares = pooled / pooled.sum(axis=-1, keepdims=True)
    variance = (1 - (shares * shares * shares).sum(axis=-1)) / 12
    usual: Alarms = n * sizes / (n + sizes) * values**2 < _USUAL**2 * variance
    return usual


_USUAL = 1.87


def _passed(measured: Floats, columns: int, level: float) -> Alarms:
    tails = measured[:, _TAIL].reshape(-1, columns)
    limits = np.full((len(tails), 1), level / columns)
    for place in np.flatnonzero((tails <= level).any(axis=1)):  # of others no one is told of
        limits[place] = cut_off(tails[place].tolist(), level)
    return (tails <= limits).ravel() & (measured[:, _ABOVE] > 0)


class AtalaiaOverTime:
    """A monitor's windows one after the other: each by itself, and the evidence of all together."""

    def __init__(self, columns: Sequence[Column]) -> None:
        """Begin with the baselines of all columns."""
        self._columns, self._rule = columns, Atalaia()

    def follow(self, windows: Sequence[Ints]) -> Mapping[str, float]:
        """Judge all windows."""
        pairs = list(zip(self._columns, windows, strict=True))
        measured = np.stack([self._rule.measure(*pair) for pair in pairs], axis=1).reshape(-1, 2)
        alone = {name: each.reshape(-1, len(pairs)) for name, each in self._rule.judge(measured, len(pairs)).items()}
        rate = PROMISE.over_time / len(pairs)
        evidence = min(_evident(*pair, ~told, rate) for pair, told in zip(pairs, alone[ALERTS].T, strict=True))
        first = {name: first_of(np.asarray(each.any(axis=1))) for name, each in alone.items()}
        return first | {ALERTS: min(first[ALERTS], evidence), EVIDENCE: evidence}


def _evident(column: Column, windows: Ints, counted: Alarms, rate: float) -> float:
    """Return in which window all that are *counted*, those that do not alert by themselves, first alert together."""
    statistics, floor = followed(column.grid, column.baseline), METRICS[OVER_TIME].floor or 0.0
    if statistics is None:
        msg = f"nothing of {column.population.name} can be followed"
        raise ValueError(msg)
    reached = _reached(column.baseline, windows * counted[:, None])
    for window in _suspicious(statistics, reached, rate, floor):
        held = tuple(_sums(reached[window] - reached[begun - 1]) for begun in spans(window))
        moved = furthest(statistics, held, window, rate, floor) if counted[window - 1] else None
        if moved is not None and abs(moved.value) > moved.limit:
            return float(window)
    return math.inf


def _sums(gathered: Floats) -> Sums:
    return Sums(int(gathered[0]), tuple(gathered[1:].tolist()))


def _reached(baseline: Summary, windows: Ints) -> Floats:
    """Return what all windows so far have gathered: rows, then each statistic's sum; shape (windows + 1, ...)."""
    match baseline:
        case NumericSummary():
            sums = rank_sums(baseline, windows)
        case CategoricalSummary():
            sums = share_sums(baseline, windows)
        case _:
            raise TypeError(baseline)
    gathered = np.column_stack((windows.sum(axis=1), sums))
    return np.concatenate((np.zeros((1, gathered.shape[1])), np.cumsum(gathered, axis=0)))


def _suspicious(statistics: Followed, reached: Floats, rate: float, floor: float) -> Iterator[int]:
    """Return the windows (from 1) in which a statistic is as far as it would have to be, whatever has come back."""
    last, newest = len(reached) - 1, 1
    while newest <= last:
        windows = np.arange(newest, min(2 * newest, last + 1))
        beyond = np.zeros(len(windows), bool)
        for begun in spans(newest):
            gathered = reached[windows] - reached[begun - 1]
            rows = np.maximum(gathered[:, 0], 1)
            away = np.abs(gathered[:, 1:] / rows[:, None] - statistics.means)
            limits = explained(statistics, rows, begun, rate, floor)
            beyond |= ((away > limits * (1 - 1e-9)).any(axis=1)) & (gathered[:, 0] > 0)
        yield from windows[beyond].tolist()
        newest *= 2
