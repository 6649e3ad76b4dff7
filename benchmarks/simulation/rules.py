"""What a rule of ours is given: the counts of baseline and window on the baseline's own grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
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
        sample = population.draw(random, size, 0.0)
        ordered = sample.values if population.kind == "float" else np.sort(sample.rows)
        edges = np.unique(ordered[np.concatenate(([0], edge_ranks(size), [size - 1]))])
        below, upto = np.searchsorted(ordered, edges), np.searchsorted(ordered, edges, "right")
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

    def windows(self, random: Random, size: int, shift: float, count: int = 1) -> Ints:
        """Draw the counts of *count* windows of *size* rows, exactly as if rows were drawn; shape (count, cells)."""
        shares = self.population.cells(self.edges, shift)
        held = np.flatnonzero(shares)
        drawn = np.zeros((count, len(shares)), np.int64)
        if size < _SORTED:
            ends = np.cumsum(shares[held])
            places = np.searchsorted(ends / ends[-1], random.random((count, size)), "right")
            places += np.arange(count)[:, None] * len(held)
            drawn[:, held] = np.bincount(places.ravel(), minlength=count * len(held)).reshape(count, -1)
        else:
            drawn[:, held] = random.multinomial(size, shares[held] / shares[held].sum(), count)
        return drawn


_SORTED = 600  # rows from which binomials cell by cell are quicker than rows


class Rule(Protocol):
    """A rule on counts, in two steps, so that one measurement serves families of any size."""

    def measure(self, columns: Sequence[Column], windows: Sequence[Ints]) -> Floats:
        """Return what one window says of each column by itself; shape (columns, anything)."""
        ...

    def judge(self, measured: Floats, columns: int) -> Mapping[str, Alarms]:
        """Judge families of *columns* columns each, one after the other in *measured*.

        Returns:
            By the name it is told under, which columns alarm; shape (all columns,).
        """
        ...


class Watch(Protocol):
    """A rule over time, for one monitor."""

    def update(self, windows: Sequence[Ints]) -> Mapping[str, bool]:
        """Take the next window's counts of each column and say, by name, which alarms it raises."""
        ...
