"""Shares with their Monte-Carlo standard errors, and what rates of single columns make of whole windows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from simulation.populations import Floats


@dataclass(frozen=True, slots=True)
class Rate:
    """A mean over repetitions.

    Attributes:
        share: The mean, 0 to 1.
        error: Its standard error; never 0, as if one more repetition had come out each way.
        repetitions: How many independent repetitions it rests on.
    """

    share: float
    error: float
    repetitions: int

    @classmethod
    def of(cls, outcomes: Floats) -> Rate:
        """Return the mean of outcomes from 0 to 1 (at least one)."""
        times, total = len(outcomes), float(outcomes.sum())
        variance = (float((outcomes**2).sum()) + 1) / (times + 2) - ((total + 1) / (times + 2)) ** 2
        return cls(total / times, math.sqrt(variance / times), times)


@dataclass(frozen=True, slots=True)
class Window:
    """What windows of so many columns come to.

    Attributes:
        family_wise: The share of windows with any alarm on a column that did not drift.
        false_discovery: The mean share of such alarms among all alarms, 0 without an alarm.
        power: The mean share of drifted columns with an alarm; None if none drifted.
    """

    family_wise: Rate
    false_discovery: Rate
    power: Rate | None


def of_families(false: Floats, true: Floats, still: int, moved: int) -> Window:
    """Return the rates over windows with so many false and true alarms among *still* and *moved* columns."""
    discovered = false / np.maximum(false + true, 1)
    return Window(
        Rate.of((false > 0).astype(np.float64) if still else np.zeros(len(false))),
        Rate.of(discovered),
        Rate.of(true / moved) if moved else None,
    )


def of_columns(false: Rate, true: Rate | None, still: int, moved: int) -> Window:
    """Return the rates of windows of independent columns, from those of one column that is still and one that moved.

    Errors are carried over by the slopes of each figure in either rate.
    """

    def carried(figure: str) -> Rate:
        def value(p: float, q: float) -> float:
            return _any(p, still) if figure == "any" else _discovered(p, q, still, moved)

        p, q = false.share, true.share if true else 0.0
        here, up = value(p, q), min(p + false.error, 1.0)  # a secant: at a share of 0 or 1 a tangent says nothing
        errors = [abs(value(up, q) - here) or abs(value(max(p - false.error, 0.0), q) - here)]
        if true:
            errors.append(abs(value(p, q + true.error if q < 0.5 else q - true.error) - here))
        return Rate(here, math.hypot(*errors), false.repetitions)

    return Window(carried("any"), carried("discovered"), true if moved else None)


def _any(p: float, columns: int) -> float:
    return 1 - (1 - p) ** columns


def _discovered(p: float, q: float, still: int, moved: int) -> float:
    """Return the expected share of false alarms among all, of independent columns."""
    false, true = np.arange(still + 1), np.arange(moved + 1)
    share = false[:, None] / np.maximum(false[:, None] + true, 1)
    return float(stats.binom.pmf(false, still, p) @ share @ stats.binom.pmf(true, moved, q))
