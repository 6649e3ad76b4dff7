"""Limits of drift that chance sets, for all columns of a window together.

A drift metric is never 0, and the smaller the window the larger it is without any drift. So its limit is a quantile of
what chance makes of it at these two sample sizes (`atalaia.signals.chance`), and at what level is decided for all
columns and segments of the window together (Benjamini and Hochberg 1995), as one in twenty of a hundred healthy columns
would pass a level of 5 %. A floor below which a difference is of no interest keeps large windows quiet.

What is promised, by the monitor's `alarm_rate`:

- **A warning**: in a window without drift the probability of any warning is at most the rate; where some columns have
  drifted, the warnings about others are at most this share of all on average (the false-discovery rate).
- **An alert**: in a monitor without drift the probability of any alert in a year is at most the rate. Half of it is
  spent on single windows, each getting its part of the year; windows that still go on, and are looked at again and
  again, get a tenth of that beside. A fifth is for evidence over time (`atalaia.signals.over_time`), for all time.

Four fifths of the rate are used: the null distributions are good to a few percent, and promises are to be kept.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from atalaia.checks import Check
from atalaia.monitor_file import Limits
from atalaia.profile import NumericGrid, NumericSummary
from atalaia.signals.chance import Chance, chance_of, effective_rows
from atalaia.signals.drift import Sides, of_lengths
from atalaia.signals.quality import values_of
from atalaia.window import SECOND

USED = 0.8
SINGLE, OVER_TIME = 0.5, 0.2
OPEN = 0.1
YEAR = 365 * 86_400 * SECOND


class Promise(Struct, frozen=True):
    """How often drift may be told of that is none.

    Attributes:
        rate: The monitor's `alarm_rate`.
        width: How wide windows are, in µs; None for a comparison that is made once.
        final: Whether the window is looked at for the last time.
    """

    rate: float
    width: int | None = None
    final: bool = True

    @property
    def warning(self) -> float | None:
        """The level of warnings; None where there are only alerts."""
        return None if self.width is None else USED * self.rate

    @property
    def alert(self) -> float:
        """The level of alerts."""
        if self.width is None:
            return USED * self.rate
        spent = USED * self.rate * SINGLE * min(self.width / YEAR, 1.0)
        return spent if self.final else spent * OPEN

    @property
    def over_time(self) -> float:
        """The probability that evidence over time ever alerts."""
        return USED * self.rate * OVER_TIME


class Suspect(Struct, frozen=True):
    """A measured value (None when it could not be) that chance is to judge, and the column's two sides."""

    check: Check
    value: float | None
    sides: Sides


class Judged(Struct, frozen=True):
    """What chance says of one value.

    Attributes:
        limits: The limits that it sets, or the floor where that is larger.
        floor: In the metric's own unit.
        p_value: How likely so large a value is without drift, corrected for all that was judged together; None where
            chance has no part in it.
        tested: How many values were judged together.
        detectable: The smallest true value that four windows out of five of this size tell of.
    """

    limits: Limits
    floor: float
    p_value: float | None
    tested: int
    detectable: float | None


def judge_together(suspects: Sequence[Suspect], promise: Promise) -> list[Judged]:
    """Return for each of the *suspects* the limits that chance and its floor set."""
    chances = [chance_of(each.check.metric, each.sides) for each in suspects]
    tails = [
        1.0 if chance is None or each.value is None else chance.tail(each.value)
        for chance, each in zip(chances, suspects, strict=True)
    ]
    levels = [cut_off(tails, level) for level in (promise.warning, promise.alert) if level is not None]
    corrected = adjusted(tails)
    return [
        _judged(each, chance, levels, p_value, len(suspects))
        for each, chance, p_value in zip(suspects, chances, corrected, strict=True)
    ]


def _judged(suspect: Suspect, chance: Chance | None, levels: list[float], p_value: float, tested: int) -> Judged:
    floor = floor_of(suspect)
    if chance is None:
        return Judged(Limits(alert=floor), floor, None, tested, None)
    *warning, alert = (chance.limit(level) for level in levels)
    limits = Limits(warning=max(floor, warning[0]) if warning else None, alert=max(floor, alert))
    detectable = chance.detectable(max(floor, warning[0] if warning else alert))
    return Judged(limits, floor, p_value, tested, detectable)


def cut_off(tails: Sequence[float], level: float) -> float:
    """Return the probability up to which values are told of: Benjamini and Hochberg's, or that of one if there is none.

    Example:
        >>> cut_off([0.001, 0.02, 0.9, 0.6], 0.04), cut_off([0.5, 0.9], 0.04)
        (0.02, 0.02)
    """
    told = [place for place, tail in enumerate(sorted(tails), 1) if tail <= level * place / len(tails)]
    return level * max([1, *told]) / max(len(tails), 1)


def adjusted(tails: Sequence[float]) -> list[float]:
    """Return the probabilities corrected after Benjamini and Hochberg: at most a level exactly where these are told of.

    Example:
        >>> adjusted([0.01, 0.04, 0.03])
        [0.03, 0.04, 0.04]
    """
    order = sorted(range(len(tails)), key=tails.__getitem__, reverse=True)
    least, found = 1.0, [1.0] * len(tails)
    for behind, place in enumerate(order):
        least = min(least, tails[place] * len(tails) / (len(tails) - behind))
        found[place] = least
    return found


def floor_of(suspect: Suspect) -> float:
    """Return the floor in the metric's own unit: a test's statistic grows with the rows, an area with its unit."""
    floor = suspect.check.floor or 0.0
    grid, baseline, current = of_lengths(suspect.sides)
    if suspect.check.metric in ("chi_square", "g_test"):
        return floor * effective_rows(values_of(baseline), values_of(current))
    if suspect.check.metric == "wasserstein" and isinstance(grid, NumericGrid) and isinstance(baseline, NumericSummary):
        return floor * (baseline.std(grid) or 0.0)
    return floor
