"""Our own rule as the simulations ask it: from the counts of baseline and window on the baseline's own grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from simulation.populations import Floats, Ints, Population, Random
from atalaia.checks import METRICS
from atalaia.profile.numeric import edge_ranks
from atalaia.signals.drift import jensen_shannon

OK, WARNING, ALERT = 0, 1, 2
Statuses = npt.NDArray[np.int8]


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

    @property
    def is_text(self) -> bool:
        """Whether it is categorical."""
        return self.population.kind == "text"

    @cached_property
    def reached(self) -> Floats:
        """The baseline's distribution function at the end of each cell."""
        return np.asarray(np.cumsum(self.counts) / self.counts.sum(), np.float64)

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
    """A rule on counts, in two steps, so that one measurement serves families of any size.

    Attributes:
        name: How the table calls it.
    """

    name: str

    def measure(self, columns: Sequence[Column], windows: Sequence[Ints]) -> Floats:
        """Return what one window says of each column by itself; shape (columns, anything)."""
        ...

    def judge(self, measured: Floats, columns: int) -> Statuses:
        """Judge families of *columns* columns each, one after the other in *measured*; shape (all columns,)."""
        ...


class Watch(Protocol):
    """A rule over time, for one monitor."""

    def update(self, windows: Sequence[Ints]) -> Statuses:
        """Take the next window and return each column's status."""
        ...


class FixedThresholds:
    """The limits that `atalaia.checks` has: 0.1 for Kolmogorov-Smirnov and Jensen-Shannon, from 500 rows on."""

    name = "Atalaia, fixed limits"

    def measure(self, columns: Sequence[Column], windows: Sequence[Ints]) -> Floats:
        """Return the distance of each column, and the rows it rests on; shape (columns, 2)."""
        pairs = zip(columns, windows, strict=True)
        return np.array([(_distance(column, counts), counts.sum()) for column, counts in pairs])

    def judge(self, measured: Floats, columns: int) -> Statuses:  # noqa: ARG002
        """Alert above the limit."""
        limit = METRICS["kolmogorov_smirnov"]
        alerts = (measured[:, 0] > (limit.limits.alert or 0.0)) & (measured[:, 1] >= limit.min_rows)
        return np.where(alerts, ALERT, OK).astype(np.int8)


def _distance(column: Column, counts: Ints) -> float:
    if column.is_text:
        return jensen_shannon(column.counts / column.counts.sum(), counts / counts.sum())
    return float(np.abs(column.reached - np.cumsum(counts) / counts.sum()).max())


@dataclass(frozen=True)
class EachWindow:
    """A watch that judges each window by itself."""

    rule: Rule
    columns: Sequence[Column]

    def update(self, windows: Sequence[Ints]) -> Statuses:
        """Judge the next window."""
        return self.rule.judge(self.rule.measure(self.columns, windows), len(self.columns))


RULES: tuple[Rule, ...] = (FixedThresholds(),)
"""Our rules for single windows."""

WATCHES: dict[str, Callable[[Sequence[Column]], Watch]] = {rule.name: partial(EachWindow, rule) for rule in RULES}
"""What makes our watches over many windows, by name."""
