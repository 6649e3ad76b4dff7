"""What a rule of ours is given: the counts of baseline and window on the baseline's own grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Protocol

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from atalaia.profile import CategoricalGrid, CategoricalSummary, NumericGrid, NumericSummary, Summary
from atalaia.profile.distinct import Distinct
from atalaia.profile.numeric import edge_ranks
from simulation.populations import Floats, Ints, Population, Random

Alarms = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Column:
    """A baseline column as a profile counts it.

    Attributes:
        edges: The grid (`atalaia.profile.numeric`); none of texts.
        counts: The baseline's; shape (2 * edges + 1,), of texts (categories,), also of those that only a window has.
    """

    population: Population
    edges: Floats
    counts: Ints

    @classmethod
    def drawn(cls, population: Population, random: Random, size: int) -> Column:
        """Draw a baseline and count it on its own grid."""
        if population.kind == "text":
            edges = np.empty(0)
            return cls(population, edges, random.multinomial(size, population.cells(edges, 0.0)))
        ranks = np.unique(np.concatenate(([0], edge_ranks(size), [size - 1])))
        edges, below, upto = population.ranked(random, size, ranks)
        ends = np.append(np.ravel((below, upto), "F"), size)
        return cls(population, edges, np.diff(ends, prepend=0))

    @cached_property
    def grid(self) -> NumericGrid | CategoricalGrid:
        """The grid; of texts with every category, the baseline's and others."""
        if self.population.kind == "text":
            return CategoricalGrid(tuple(f"category {place}" for place in range(len(self.counts))))
        return NumericGrid(self.edges)

    @cached_property
    def baseline(self) -> Summary:
        """The baseline's profile, as far as counts are."""
        return self.profile(self.counts)

    def profile(self, counts: Ints) -> Summary:
        """Return the profile that has these counts; it does not know its numbers' values."""
        rows = int(counts.sum())
        if isinstance(self.grid, NumericGrid):
            empty = NumericSummary.empty(self.grid)
            return replace(empty, rows=rows, cells=counts, distinct=Distinct.empty(0))
        return replace(CategoricalSummary.empty(self.grid), rows=rows, counts=counts)

    def windows(self, random: Random, sizes: Sequence[int], shift: float) -> Ints:
        """Draw the counts of windows of so many rows each, exactly as if rows were drawn; shape (windows, cells)."""
        shares = self.population.cells(self.edges, shift)
        held = np.flatnonzero(shares)
        drawn = np.zeros((len(sizes), len(shares)), np.int64)
        alike = [(size, len(list(each))) for size, each in groupby(sizes)]
        drawn[:, held] = np.concatenate([_counts(random, size, shares[held], count) for size, count in alike])
        return drawn


def _counts(random: Random, size: int, shares: Floats, count: int) -> Ints:
    """Draw the counts of *count* windows; shape (count, cells)."""
    if size >= _SORTED:
        return random.multinomial(size, shares / shares.sum(), count)
    ends = np.cumsum(shares)
    places = np.searchsorted(ends / ends[-1], random.random((count, size)), "right")
    places += np.arange(count)[:, None] * len(shares)
    return np.bincount(places.ravel(), minlength=count * len(shares)).reshape(count, -1)


_SORTED = 200  # rows from which binomials cell by cell are quicker than rows


def first_of(alarms: Alarms) -> float:
    """Return which window (from 1) is the first that alarms, or infinity."""
    return float(np.argmax(alarms)) + 1 if alarms.any() else np.inf


class Rule(Protocol):
    """A rule on counts, in two steps, so that one measurement serves families of any size."""

    def measure(self, column: Column, windows: Ints) -> Floats:
        """Return what each of a column's windows (count, cells) says by itself; shape (count, anything)."""
        ...

    def judge(self, measured: Floats, columns: int) -> Mapping[str, Alarms]:
        """Judge families of *columns* columns each, one after the other in *measured*.

        Returns:
            By the name it is told under, which columns alarm; shape (all columns,).
        """
        ...


class Watch(Protocol):
    """A rule over time, for one monitor."""

    def follow(self, windows: Sequence[Ints]) -> Mapping[str, float]:
        """Take each column's windows (count, cells) and say, by name, which one (from 1) is the first that alarms.

        Infinity if none does.
        """
        ...
