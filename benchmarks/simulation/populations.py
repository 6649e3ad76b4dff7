"""What columns are drawn from: true distributions, moved by so many standard deviations.

A moved column is what its kind of data does when it drifts, always by *shift* standard deviations of the baseline:
normal and Student's t move as a whole; log-normal values are multiplied, whole numbers come from a larger Poisson mean,
and of mostly-zero amounts fewer are zero, each until the mean has moved so far. Categories become commoner the rarer
they were, until the Kullback-Leibler divergence is shift^2 / 2: that of a normal column moved as far.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows, as they came, and the same in order.

    Attributes:
        rows: Values in the order of arrival; shape (n,).
        values: Rising values; each once if `reached` counts ties; shape (k,).
        reached: How many rows are at or below each value's place; shape (k,).
    """

    rows: Floats
    values: Floats
    reached: Ints

    @property
    def size(self) -> int:
        """How many rows there are."""
        return len(self.rows)


class Population(Protocol):
    """A true distribution."""

    @property
    def name(self) -> str:
        """How the table calls it."""
        ...

    @property
    def kind(self) -> str:
        """What a tool takes the column for: `float`, `integer` or `text`."""
        ...

    def draw(self, random: Random, size: int, shift: float) -> Sample:
        """Draw rows, moved by *shift* standard deviations."""
        ...

    def ranked(self, random: Random, size: int, ranks: Ints) -> tuple[Floats, Ints, Ints]:
        """Draw as many rows that have not moved, and return the different values that some have in their order.

        Args:
            random: The generator.
            size: Rows.
            ranks: Rising, from 0; each once.

        Returns:
            Rising values, how many rows are below each, and how many below or at it; shape (values,) each.
        """
        ...

    def cells(self, edges: Floats, shift: float) -> Floats:
        """Return the true share of each cell that *edges* cut (`atalaia.profile.numeric`); shape (2 * edges + 1,).

        Of texts, the share of each category, whatever the edges.
        """
        ...


@dataclass(frozen=True, slots=True)
class Continuous:
    """A density: no value comes twice, so no edge is hit again.

    Attributes:
        rows: Draws so many values, moved.
        below: The distribution function, moved.
        at: The quantile function, not moved.
    """

    name: str
    rows: Callable[[Random, int, float], Floats]
    below: Callable[[Floats, float], Floats]
    at: Callable[[Floats], Floats]
    kind: str = "float"

    def draw(self, random: Random, size: int, shift: float) -> Sample:
        """Draw rows, moved by *shift* standard deviations."""
        rows = self.rows(random, size, shift)
        return Sample(rows, np.sort(rows), np.arange(1, size + 1))

    def ranked(self, random: Random, size: int, ranks: Ints) -> tuple[Floats, Ints, Ints]:
        """Draw the values of these ranks only: what lies between uniform ones in order is as gamma variables are."""
        between = random.standard_gamma(np.diff(ranks, prepend=-1, append=size))
        reached = np.cumsum(between)
        return self.at(reached[:-1] / reached[-1]), ranks, ranks + 1

    def cells(self, edges: Floats, shift: float) -> Floats:
        """Return the true share of each cell; edges themselves have none."""
        shares = np.zeros(2 * len(edges) + 1)
        shares[::2] = np.diff(self.below(edges, shift), prepend=0.0, append=1.0)
        return shares


@dataclass(frozen=True, slots=True)
class Atoms:
    """A distribution on few values; of texts, values are the places of the categories.

    Attributes:
        shares: The probability of each of the values 0, 1, ..., moved.
    """

    name: str
    kind: str
    shares: Callable[[float], Floats]

    def draw(self, random: Random, size: int, shift: float) -> Sample:
        """Draw rows, moved by *shift* standard deviations."""
        values, reached = self._reached(random, size, shift)
        counts = np.diff(reached, prepend=0)
        return Sample(random.permutation(np.repeat(values, counts)), values, reached)

    def ranked(self, random: Random, size: int, ranks: Ints) -> tuple[Floats, Ints, Ints]:
        """Return what rows have these ranks."""
        values, reached = self._reached(random, size, 0.0)
        some = np.unique(np.searchsorted(reached, ranks, "right"))
        return values[some], np.append(0, reached)[some], reached[some]

    def _reached(self, random: Random, size: int, shift: float) -> tuple[Floats, Ints]:
        """Draw rows; return which values they have, and how many rows are at or below each."""
        counts = random.multinomial(size, self.shares(shift))
        held = np.flatnonzero(counts)
        return held.astype(np.float64), np.cumsum(counts[held])

    def cells(self, edges: Floats, shift: float) -> Floats:
        """Return the true share of each cell, the atoms between edges included."""
        shares = self.shares(shift)
        if self.kind == "text":
            return shares
        values = np.arange(len(shares), dtype=np.float64)
        places = np.searchsorted(edges, values)
        on_edge = edges[np.minimum(places, len(edges) - 1)] == values
        return np.bincount(2 * places + on_edge, shares, 2 * len(edges) + 1).astype(np.float64)


_T_DEVIATION = math.sqrt(3)  # of Student's t with three degrees of freedom


def _below_of_t(deviations: Floats) -> Floats:
    """Return the distribution function of Student's t with three degrees of freedom; quicker than SciPy's."""
    return 0.5 + (np.arctan(deviations) + deviations / (1 + deviations**2)) / math.pi


_LOG_MEAN, _LOG_DEVIATION = math.exp(0.5), math.sqrt((math.e - 1) * math.e)


def _log_shift(shift: float) -> float:
    return math.log1p(shift * _LOG_DEVIATION / _LOG_MEAN)


_POISSON_MEAN, _MOST = 4.0, 64
_ZERO, _AMOUNT = 0.7, 10.0  # share of zeros; the others are a Gamma(2) times this, rounded up


@cache
def _poisson(shift: float) -> Floats:
    mean = _POISSON_MEAN + shift * math.sqrt(_POISSON_MEAN)
    return _summing_to_one(np.diff(special.pdtr(np.arange(_MOST), mean), prepend=0.0))


@cache
def _mostly_zero(shift: float) -> Floats:
    whole = np.arange(400)
    amounts = _summing_to_one(np.diff(special.gammainc(2, whole / _AMOUNT), prepend=0.0))
    mean, square = float(amounts @ whole), float(amounts @ whole**2)
    deviation = math.sqrt((1 - _ZERO) * square - ((1 - _ZERO) * mean) ** 2)
    zeros = _ZERO - shift * deviation / mean
    return np.where(whole == 0, zeros, (1 - zeros) * amounts)


def _categories(base: Floats) -> Callable[[float], Floats]:
    rarity = np.linspace(0, 1, len(base))

    def tilted(strength: float) -> Floats:
        return _summing_to_one(base * np.exp(strength * rarity))

    @cache
    def moved(shift: float) -> Floats:
        if not shift:
            return base
        return tilted(
            optimize.brentq(lambda strength: _divergence(tilted(strength), base) - shift**2 / 2, 0, _STEEPEST)
        )

    return moved


_STEEPEST = 50.0


def _divergence(of: Floats, from_: Floats) -> float:
    return float((of * np.log(of / from_)).sum())


def _summing_to_one(shares: Floats) -> Floats:
    return np.asarray(shares / shares.sum(), np.float64)


_RANKS = np.arange(1, 501)

POPULATIONS: dict[str, Population] = {
    population.name: population
    for population in (
        Continuous(
            "normal",
            lambda r, n, d: r.standard_normal(n) + d,
            lambda x, d: special.ndtr(x - d),
            special.ndtri,
        ),
        Continuous(
            "log-normal",
            lambda r, n, d: np.exp(r.standard_normal(n) + _log_shift(d)),
            lambda x, d: special.ndtr(np.log(x) - _log_shift(d)),
            lambda p: np.exp(special.ndtri(p)),
        ),
        Continuous(
            "heavy tails",
            lambda r, n, d: r.standard_t(3, n) + d * _T_DEVIATION,
            lambda x, d: _below_of_t(x / _T_DEVIATION - d),
            lambda p: special.stdtrit(3, p),
        ),
        Atoms("whole numbers", "integer", _poisson),
        Atoms("mostly zero", "integer", _mostly_zero),
        Atoms("few categories", "text", _categories(np.array([0.5, 0.3, 0.15, 0.05]))),
        Atoms("many categories", "text", _categories(_summing_to_one(1 / _RANKS))),
    )
}
"""Every population, by name. Mostly zero: 70 % zeros, else whole amounts; categories: 4, and 500 by Zipf's law."""
