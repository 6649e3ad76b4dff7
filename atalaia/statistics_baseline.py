"""A baseline from SageMaker Model Monitor's `statistics.json`: no rows, but the distributions of all columns.

Grids are cut from the weighted values of each column's sketch by the rule that cuts them from rows, and the profile
counts these values. So ranks, and every distance measured from them, are right within the sketch's rank error, which
`Baseline.loss` states. Rows, missing values, minimum and maximum are the file's; so are mean and standard deviation, to
one step of the grid's ruler. Distinct values are those that the sketch holds. Which rows had which values together is
not in the file: segments are not told apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import pyarrow as pa
from msgspec import Struct
from msgspec.structs import replace

from atalaia.baseline import Baseline, baseline_of
from atalaia.errors import StatisticsFileError
from atalaia.profile import (
    CategoricalGrid,
    CategoricalSummary,
    Grid,
    Grids,
    NumericGrid,
    NumericSummary,
    Profile,
    Summary,
    TextGrid,
)
from atalaia.profile.categorical import CAP, UNSEEN_SIZE
from atalaia.profile.counts import keep_smallest
from atalaia.profile.profile import MOST_EXTRA
from atalaia.profile.rules import allowed_categories, allowed_numbers, pattern_match
from atalaia.profile.values import TYPE_ERROR, Ints, bounded_text, read_categories, read_numbers
from atalaia.profile.weighted import Weighted, count_weighted, grid_of_weighted
from atalaia.schema import Column, Kind, Side, Type, profiled
from atalaia.statistics_file import NumericStatistics, Statistics, StringStatistics
from atalaia.wording import listed, shortened

Feature = NumericStatistics | StringStatistics


def baseline_of_statistics(columns: tuple[Column, ...], statistics: Statistics, where: str) -> Baseline:
    """Build a baseline from a statistics file.

    Args:
        columns: The monitor's. Outputs and labels may be absent from the file, which describes training data.
        statistics: The file's content.
        where: Its name, for errors.

    Raises:
        StatisticsFileError: The file lacks an input column, or has one as another type than the monitor declares.
    """
    features = {feature.name: feature for feature in statistics.features}
    kept = profiled(columns)
    faults = [fault for column in kept for fault in _faults(column, features.get(column.name))]
    found = [c for c in kept if c.name in features and c.effective_kind is not Kind.TEXT]  # the file tells no lengths
    if faults or not found:
        told = faults or [f"none of the columns {listed([c.name for c in kept])} is in it"]
        raise StatisticsFileError("\n".join(f"{where}: {fault}" for fault in told))
    measured = {column.name: _measured(column, features[column.name]) for column in found}
    grids = {column.name: measured[column.name].grid if column in found else _no_grid(column) for column in kept}
    profile = Profile(
        "",
        rows=statistics.rows,
        captured={side.value: statistics.rows for side in Side if any(c.side is side for c in found)},
        present={c.name: statistics.rows for c in columns if c.name in features},
        extra=_extra(columns, features, statistics.rows),
        segments={"": statistics.rows},
        columns={("", name): column.summary for name, column in sorted(measured.items())},
    )
    loss = {name: column.loss for name, column in measured.items() if column.loss}
    absent = [column.name for column in kept if column not in found]
    notes = [f"from the statistics of {statistics.rows:,} rows", *statistics.notes]
    notes += [f"the file has no values of {listed(absent)}"] if absent else []
    return baseline_of(Grids(columns, grids, {}), profile, "; ".join(note.rstrip(".") for note in notes), loss)


def _extra(columns: tuple[Column, ...], features: Mapping[str, Feature], rows: int) -> dict[str, int]:
    unknown = features.keys() - {column.name for column in columns}
    return keep_smallest({bounded_text(name): rows for name in unknown}, MOST_EXTRA)


def _faults(column: Column, feature: Feature | None) -> list[str]:
    name = shortened(column.name)
    if feature is None:
        absent = f"no column {name}. Add it to the data and run the baselining job again, or give it the role ignored."
        return [absent] if column.side is Side.INPUT else []
    if not feature.present:
        return []
    found = feature.inferred_type
    if isinstance(feature, StringStatistics):
        if column.effective_kind is Kind.NUMERIC:
            return [f"column {name} is {found}, but numeric in the monitor file. Give it the type string."]
        return []
    if feature.distribution.source == "absent":
        return [f"column {name} has no distribution. Run the baselining job again, or build from the data itself."]
    if column.effective_kind is Kind.CATEGORICAL and column.type in (Type.STRING, Type.TIME):
        kind = "integer" if found == "Integral" else "number"
        return [f"column {name} is {found}, but {column.type} in the monitor file. Give it the type {kind}."]
    return []


class _Measured(Struct, frozen=True):
    grid: Grid
    summary: Summary
    loss: float


def _no_grid(column: Column) -> Grid:
    if column.effective_kind is Kind.CATEGORICAL:
        return CategoricalGrid(())
    nothing = NumericGrid(np.empty(0))
    return nothing if column.effective_kind is Kind.NUMERIC else TextGrid(nothing)


def _measured(column: Column, feature: Feature) -> _Measured:
    if column.effective_kind is Kind.NUMERIC:
        return _numeric(column, feature)
    if isinstance(feature, StringStatistics):
        texts = pa.array([text for text, _ in feature.counts], pa.string())
        counts = np.array([count for _, count in feature.counts], np.int64)
        loss = feature.unnamed / feature.present if feature.present else 0.0
        return _categorical(column, feature, texts, counts, loss)
    held = feature.distribution
    loss = min(2 * held.rank_error, 1.0)  # a category's share is the difference of two ranks
    return _categorical(column, feature, pa.array(held.values), held.weights, loss)


def _numeric(column: Column, feature: Feature) -> _Measured:
    if isinstance(feature, StringStatistics):  # without a value, so it is of no type
        grid = NumericGrid(np.empty(0))
        return _Measured(grid, replace(NumericSummary.empty(grid), rows=feature.missing, missing=feature.missing), 0.0)
    held = feature.distribution
    numbers = read_numbers(column, pa.array(held.values))
    kinds = np.zeros(len(held.values)) if numbers.kinds is None else numbers.kinds
    wrong = int(held.weights[kinds == TYPE_ERROR].sum())
    weighted = Weighted.of(numbers.values[kinds == 0], held.weights[kinds == 0])
    low, high = _extremes(feature, weighted)
    grid = grid_of_weighted(weighted, low, high)
    counted = count_weighted(grid, weighted)
    if len(weighted.values):
        counted = replace(counted, minimum=low, maximum=high)
        counted = counted if wrong else _with_moments(grid, counted, feature)
    summary = replace(
        counted,
        rows=feature.present + feature.missing,
        missing=feature.missing,
        type_errors=wrong,
        out_of_range=_outside_range(column, weighted),
        out_of_set=_outside_numbers(column, weighted),
    )
    return _Measured(grid, summary, held.rank_error)


def _extremes(feature: NumericStatistics, weighted: Weighted) -> tuple[float, float]:
    """Return the column's extremes as the file states them, or as the values do where they lie outside these."""
    held = weighted.values[[0, -1]].tolist() if len(weighted.values) else [0.0, 0.0]
    low = held[0] if feature.minimum is None else min(feature.minimum, held[0])
    high = held[1] if feature.maximum is None else max(feature.maximum, held[1])
    return low + 0.0, high + 0.0


def _with_moments(grid: NumericGrid, summary: NumericSummary, feature: NumericStatistics) -> NumericSummary:
    """Put the file's own mean and standard deviation, as far as it has them, in place of the weighted values'."""
    n, unit = summary.finite, Fraction(2) ** grid.ruler.exponent
    total = summary.total
    if feature.mean is not None:
        total = round(n * (Fraction(feature.mean) - Fraction(grid.ruler.centre)) / unit)
    spread = n * summary.squares - summary.total**2
    if feature.std is not None:
        spread = math.ceil((n * Fraction(feature.std) / unit) ** 2)
    return replace(summary, total=total, squares=-(-(spread + total**2) // n))


def _outside_range(column: Column, weighted: Weighted) -> int:
    low, high = column.range or (None, None)
    below = weighted.values < (-math.inf if low is None else low)
    above = weighted.values > (math.inf if high is None else high)
    return int(weighted.weights[below | above].sum())


def _outside_numbers(column: Column, weighted: Weighted) -> int:
    allowed = allowed_numbers(column)
    return 0 if allowed is None else int(weighted.weights[~np.isin(weighted.values, allowed)].sum())


def _categorical(column: Column, feature: Feature, values: pa.Array, weights: Ints, loss: float) -> _Measured:
    read = read_categories(column, values)
    counts = np.zeros(len(read.texts), np.int64)
    np.add.at(counts, read.codes[read.codes >= 0], weights[read.codes >= 0])
    ranked = sorted(zip(read.texts, counts.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))
    named, others = ranked[:CAP], dict(ranked[CAP:])
    unnamed = feature.unnamed if isinstance(feature, StringStatistics) else 0
    grid = CategoricalGrid(tuple(text for text, _ in named))
    summary = CategoricalSummary(
        rows=feature.present + feature.missing,
        missing=feature.missing + int(weights[read.codes == -1].sum()),
        type_errors=int(weights[read.codes == -2].sum()),
        out_of_set=_outside_categories(column, ranked),
        off_pattern=_off_pattern(column, ranked),
        counts=np.array([count for _, count in named], np.int64),
        unseen_rows=unnamed + sum(others.values()),
        unseen={} if unnamed else keep_smallest(others, UNSEEN_SIZE),
    )
    return _Measured(grid, summary, loss)


def _outside_categories(column: Column, counts: list[tuple[str, int]]) -> int:
    allowed = allowed_categories(column)
    return 0 if allowed is None else sum(count for text, count in counts if text not in allowed)


def _off_pattern(column: Column, counts: list[tuple[str, int]]) -> int:
    match = pattern_match(column)
    if match is None:
        return 0
    matched = match([text for text, _ in counts])
    return sum(count for (_, count), fits in zip(counts, matched, strict=True) if not fits)
