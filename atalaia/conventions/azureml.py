"""Azure Machine Learning's model monitoring: its drift metrics, and what alarms there.

Numbers are compared by the Wasserstein distance in (sample) standard deviations of the baseline, categories by the
Jensen-Shannon distance in base 2; both alarm above 0.1. Integers whose distinct values are fewer than 5 % of the
baseline's rows are categories there, unless the monitor says what they are. Not copied are two traps: a row with a null
in any column counts in no column, and the Kolmogorov-Smirnov test raises from 10,000 rows on.

Source: Azure/azureml-assets, `assets/model_monitoring/components/src`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from atalaia.conventions import Judged
from atalaia.conventions.binning import Binned, by_value, count_bins, distinct_of, equal_edges, exactly, sturges
from atalaia.conventions.shares import LAPLACE, Distance, jensen_shannon, stability_index
from atalaia.conventions.sides import (
    Asked,
    Categories,
    Numbers,
    Rule,
    Sides,
    judged,
    largest_distance,
    normalised_wasserstein,
    sides_of,
    unnamed_note,
)
from atalaia.conventions.significance import goodness_of_fit, kolmogorov
from atalaia.profile import Grid, Summary
from atalaia.profile.values import Floats
from atalaia.schema import Column, Type

RULES: Mapping[str, Rule] = {
    "wasserstein_normalised": Rule("normalized_wasserstein_distance", 0.1),
    "jensen_shannon": Rule("jensen_shannon_distance", 0.1),
    "psi": Rule("population_stability_index", 0.1),
    "kolmogorov_smirnov": Rule("two_sample_kolmogorov_smirnov_test", 0.05, below=True),
    "chi_square": Rule("pearsons_chi_squared_test", 0.05, below=True),
}
"""By our name of each metric, how Azure ML names and judges it; it asks for a limit with all but the first two."""

_FEW_DISTINCT = 0.05
_MOST_ROWS = 10_000


def judge(column: Column, grid: Grid, baseline: Summary, current: Summary, asked: Asked = Asked()) -> Judged:  # noqa: B008  # frozen
    """Judge one column's drift as Azure ML does."""
    sides = sides_of(column, grid, baseline, current)
    if isinstance(sides, str):
        return judged(RULES[asked.metric or "jensen_shannon"], asked, None, (sides,))
    sides = _typed(sides)
    metric = asked.metric or ("wasserstein_normalised" if isinstance(sides, Numbers) else "jensen_shannon")
    found, notes = _measure(metric, sides)
    return judged(RULES[metric], asked, found, (*notes, *unnamed_note(sides), *_gaps(column, baseline, current)))


def _typed(sides: Sides) -> Sides:
    """Take integers with few distinct values for categories, as Azure ML does where nobody says what they are."""
    if not isinstance(sides, Numbers) or sides.column.type is not Type.INTEGER or sides.column.kind is not None:
        return sides
    counts = by_value(sides.baseline, sides.current)
    distinct, _ = distinct_of(sides.baseline, sides.baseline)
    return Categories(*counts) if counts is not None and distinct < _FEW_DISTINCT * sides.rows[0] else sides


def _gaps(column: Column, baseline: Summary, current: Summary) -> tuple[str, ...]:
    if not baseline.missing and not current.missing:
        return ()
    return (f"rows without {column.name} count in no column at all there, which is not copied",)


def _measure(metric: str, sides: Sides) -> tuple[Distance | None, tuple[str, ...]]:
    if metric == "jensen_shannon":
        return jensen_shannon(*_binned(sides), 2), ()
    if metric == "psi":
        return stability_index(*_binned(sides), LAPLACE), ()
    if metric == "wasserstein_normalised" and isinstance(sides, Numbers):
        return normalised_wasserstein(sides, ddof=1), ()
    if metric == "kolmogorov_smirnov" and isinstance(sides, Numbers):
        return _kolmogorov(sides)
    if metric == "chi_square" and isinstance(sides, Categories):
        new = ((sides.baseline == 0) & (sides.current > 0)).any()
        noted = ("a category that the baseline does not have makes it 0, however rare it is",) if new else ()
        return Distance(goodness_of_fit(sides.baseline, sides.current)), noted
    return None, (f"{RULES[metric].name} is not defined for a column of this kind",)


def _kolmogorov(sides: Numbers) -> tuple[Distance | None, tuple[str, ...]]:
    statistic = largest_distance(sides)
    value, least = (kolmogorov(d, *sides.rows) for d in (statistic.value, statistic.value + statistic.off))
    if max(sides.rows) >= _MOST_ROWS:
        return None, (f"it raises an error with {_MOST_ROWS:,} rows or more on a side; the p-value is {value:.3g}",)
    return Distance(value, value - least), ()


def _binned(sides: Sides) -> tuple[Binned, Binned]:
    """Count on bins of equal width over both sides, or by category."""
    if isinstance(sides, Categories):
        return exactly(sides.baseline), exactly(sides.current)
    (edges,) = edges_of(sides)
    return count_bins(sides.grid, sides.baseline, edges), count_bins(sides.grid, sides.current, edges)


def edges_of(sides: Numbers) -> list[Floats]:
    """Return the edges of bins of equal width over both sides, by Sturges' rule for the smaller of the two."""
    return [equal_edges(*sides.reach, math.ceil(sturges(min(sides.rows))))]
