"""Whether a baseline's grid still tells a column's values apart, and drift measured without it.

A grid tells nothing of where inside an open cell the values lie. While it fits, each cell holds about a thousandth of
them and that is no matter. When most values have come to lie in one cell, say beyond the last edge, whatever happens
inside it is seen by no metric on the grid. A column's own distribution, put together from all that its profile holds
(`atalaia.profile.reconstruction`), still shows it.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from atalaia.profile import NumericGrid, NumericSummary
from atalaia.profile.reconstruction import reconstruct
from atalaia.profile.values import Floats
from atalaia.profile.weighted import Weighted
from atalaia.signals.quality import Measured


class Crowd(Struct, frozen=True):
    """The open cell that gained most: between which edges it lies (infinite beyond the outermost), and its gain.

    The gain is the share of the current values in it less the share of the baseline's, 0..1.
    """

    low: float
    high: float
    gain: float


def most_crowded(grid: NumericGrid, baseline: NumericSummary, current: NumericSummary) -> Crowd:
    """Return the open cell whose share of values grew most; both sides must hold finite values."""
    gains = current.cells[::2] / current.finite - baseline.cells[::2] / baseline.finite
    place = int(gains.argmax())
    edges = np.concatenate(([-np.inf], grid.edges, [np.inf]))
    return Crowd(float(edges[place]), float(edges[place + 1]), max(float(gains[place]), 0.0))


def measure_resolution(grid: NumericGrid, baseline: NumericSummary, current: NumericSummary) -> dict[str, Measured]:
    """Measure `lost_resolution`: the largest gain of an open cell, 0..1; nothing where a side has no finite values."""
    if not baseline.finite or not current.finite:
        return {}
    rows = min(baseline.finite, current.finite)
    return {"lost_resolution": Measured(most_crowded(grid, baseline, current).gain, rows)}


class Between(Struct, frozen=True):
    """Drift between two sets of rows, measured on their own distributions.

    Attributes:
        kolmogorov_smirnov: Largest distance of the two distribution functions, 0..1.
        kolmogorov_smirnov_error: How far that may be off: the sum of both rank errors (`Reconstruction.rank_error`).
        wasserstein: Area between the two functions, in the column's unit.
        wasserstein_error: How far that may be off at most, if the rank errors hold: they times the reach of all values.
        medians: The medians of both sides.
    """

    kolmogorov_smirnov: float
    kolmogorov_smirnov_error: float
    wasserstein: float
    wasserstein_error: float
    medians: tuple[float, float]


def measure_between(grid: NumericGrid, before: NumericSummary, now: NumericSummary) -> Between | None:
    """Measure drift between two windows that were counted on one *grid*, however little that tells them apart.

    Values of fewer than 1,024 distinct ones are compared exactly, on any grid.

    Returns:
        None if either side has no finite values.
    """
    if not before.finite or not now.finite:
        return None
    sides = [reconstruct(grid, summary) for summary in (before, now)]
    places = np.union1d(*(side.weighted.values for side in sides))
    distances = np.abs(np.subtract(*(_shares_up_to(side.weighted, places) for side in sides)))
    error = min(sum(side.rank_error for side in sides), 1.0)
    with np.errstate(over="ignore"):
        area = float(distances[:-1] @ np.diff(places))
        reach = float(places[-1] - places[0])
    medians = [float(side.weighted.quantiles(2)[0]) for side in sides]
    return Between(float(distances.max()), error, area, error * reach if error else 0.0, (medians[0], medians[1]))


def _shares_up_to(weighted: Weighted, places: Floats) -> Floats:
    """Return the share of the rows at or below each of *places*."""
    reached = np.concatenate(([0], np.cumsum(weighted.weights)))
    return np.asarray(reached[np.searchsorted(weighted.values, places, "right")] / weighted.rows, np.float64)
