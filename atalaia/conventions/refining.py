"""Grids with a tool's own bins in them: where the rows are at hand, counting on these makes its numbers exact."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from msgspec.structs import replace

from atalaia.baseline import Baseline
from atalaia.conventions import azureml, evidently, nannyml
from atalaia.conventions.sides import Numbers, sides_of
from atalaia.profile import Grids, NumericGrid, Profile
from atalaia.profile.values import Floats
from atalaia.schema import profiled

_EDGES: Mapping[str, Callable[[Numbers], list[Floats]]] = {
    "azureml": azureml.edges_of,
    "evidently": evidently.edges_of,
    "nannyml": nannyml.edges_of,
}
"""The edges of all bins that a tool may count a column of numbers on."""


def refined(baseline: Baseline, current: Profile, convention: str) -> Grids | None:
    """Return the baseline's grids, cut at the edges of a tool's bins, too; None if the tool has no bins."""
    edges_of = _EDGES.get(convention)
    if edges_of is None:
        return None
    grids = dict(baseline.grids.grids)
    for column in profiled(baseline.grids.columns):
        key = ("", column.name)
        before, now = baseline.profile.columns.get(key), current.columns.get(key)
        sides = sides_of(column, grids[column.name], before, now) if before and now else ""
        if isinstance(sides, Numbers):
            edges = np.concatenate([sides.grid.edges, *edges_of(sides)])
            grids[column.name] = NumericGrid(np.unique(edges + 0.0))
    return replace(baseline.grids, grids=grids)
