"""Columns of which counts are drawn, not rows: windows of millions of values cost no more than small ones."""

import numpy as np
from msgspec.structs import replace
from scipy import stats

from atalaia.profile import (
    CategoricalGrid,
    CategoricalSummary,
    NumericGrid,
    NumericSummary,
    TextGrid,
    TextSummary,
)
from atalaia.profile.distinct import Distinct

CELLS = NumericGrid(stats.norm.ppf(np.arange(1, 200) / 200))
"""Cells in which a standard normal variable is equally often."""


def numbers(grid, cells):
    """A summary of so many values in each cell; the distinct ones are not all known."""
    cells = np.asarray(cells, np.int64)
    steps = np.round((grid.edges[_nearest(grid)] - grid.ruler.centre) * 2.0**-grid.ruler.exponent)
    held = np.flatnonzero(cells)
    ends = grid.edges[_nearest(grid)[[held[0], held[-1]]]] if len(held) else (np.inf, -np.inf)
    return replace(
        NumericSummary.empty(grid),
        rows=int(cells.sum()),
        cells=cells,
        total=int(cells @ steps),
        squares=int(cells @ steps**2),
        minimum=float(ends[0]),
        maximum=float(ends[1]),
        distinct=Distinct.empty(0),
    )


def _nearest(grid):
    """For each cell an edge that is on it or beside it."""
    return np.minimum(np.arange(2 * len(grid.edges) + 1) // 2, len(grid.edges) - 1)


def normal_cells(shift=0.0, spread=1.0):
    """Shares of the cells of `CELLS`: none on an edge."""
    reached = np.concatenate(([0.0], stats.norm.cdf(CELLS.edges, shift, spread), [1.0]))
    shares = np.zeros(2 * len(CELLS.edges) + 1)
    shares[::2] = np.diff(reached)
    return shares


def normal(random, n, shift=0.0, spread=1.0):
    return numbers(CELLS, random.multinomial(n, normal_cells(shift, spread)))


def on_values(count):
    """A grid of so many different values, 0, 1, …"""
    return NumericGrid(np.arange(count, dtype=float))


def of_values(counts):
    """A summary of a column of the values 0, 1, … that occur so often."""
    cells = np.zeros(2 * len(counts) + 1, np.int64)
    cells[1::2] = counts
    return numbers(on_values(len(counts)), cells)


def of_categories(counts, unseen_rows=0, unseen=None):
    counts = np.asarray(counts, np.int64)
    return CategoricalSummary(int(counts.sum()) + unseen_rows, 0, 0, 0, 0, counts, unseen_rows, unseen or {})


def named(count):
    return CategoricalGrid(tuple(f"c{place}" for place in range(count)))


def texts(random, n, shift=0.0):
    """A column of texts, compared by lengths; and its grid is `TEXTS`."""
    return TextSummary(normal(random, n, shift))


TEXTS = TextGrid(CELLS)
