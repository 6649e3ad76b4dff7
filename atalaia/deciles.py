"""Exact deciles for grids that were cut from a sample.

Counts on any grid tell in which of its cells a decile lies, and how many values lie below that cell. So it takes one
more reading to find the decile itself: the values of that cell are collected and ordered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from msgspec import Struct

from atalaia.profile import NumericGrid, NumericSummary
from atalaia.profile.values import Floats, Ints, read_numbers
from atalaia.rows import Reject, RowBatch
from atalaia.schema import Column

PARTS = 10
"""Into how many parts of equal mass the deciles cut a column."""


class Search(Struct):
    """The open cells of one column in which deciles lie, and their values as far as they were read.

    Attributes:
        lows, highs: The edges around each cell, in rising order; shape (cells,).
        ranks: For each cell, the places that its deciles have among its values in rising order, from 0.
    """

    lows: Floats
    highs: Floats
    ranks: list[Ints]
    _found: list[list[Floats]] = []

    def __post_init__(self) -> None:
        self._found = [[] for _ in self.ranks]

    def add(self, values: Floats) -> None:
        """Take in what lies inside the cells; NaN and the infinities lie in none."""
        cells = np.searchsorted(self.lows, values, "left") - 1
        inside = (cells >= 0) & (values < self.highs[cells])
        values, cells = values[inside], cells[inside]
        for cell, found in enumerate(self._found):
            found.append(values[cells == cell])

    def deciles(self) -> Floats:
        """Return the deciles, once all rows were added."""
        pairs = zip(self._found, self.ranks, strict=True)
        return np.concatenate([np.sort(np.concatenate(found))[ranks] for found, ranks in pairs]) + 0.0


def search_of(grid: NumericGrid, summary: NumericSummary, most: int) -> Search | None:
    """Return where to look for the deciles of *summary* that are no edges of *grid*; None if all of them are.

    Of the cells that hold a decile, those with the fewest values are searched, as long as these are not more than
    *most* values together. What is left out keeps the edges that the sample gave.
    """
    reached = np.cumsum(summary.cells)
    wanted = (np.arange(1, PARTS) * summary.finite + PARTS - 1) // PARTS  # the first is the lowest value's, rank 1
    cells = np.searchsorted(reached, wanted, "left")
    held = np.unique(cells[(cells % 2 == 0) & (cells > 0)])
    held = held[np.argsort(summary.cells[held], kind="stable")]
    held = np.sort(held[np.cumsum(summary.cells[held]) <= most])
    if not len(held):
        return None
    ranks = [wanted[cells == cell] - reached[cell - 1] - 1 for cell in held]
    return Search(grid.edges[held // 2 - 1], grid.edges[held // 2], ranks)


def with_deciles(
    grids: Mapping[str, NumericGrid],
    searches: Mapping[str, Search],
    columns: Iterable[Column],
    batches: Iterable[RowBatch | Reject],
) -> dict[str, NumericGrid]:
    """Read the reference data once, and return the grids of the searched columns with their deciles among the edges."""
    searched = [column for column in columns if column.name in searches]
    for batch in batches:
        if isinstance(batch, Reject):
            continue
        for column in searched:
            array = batch.columns.get(column.name)
            if array is not None:
                searches[column.name].add(read_numbers(column, array).values)
    found = {name: np.concatenate((grids[name].edges, search.deciles())) for name, search in searches.items()}
    return {name: NumericGrid(np.unique(edges)) for name, edges in found.items()}
