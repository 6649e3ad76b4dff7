"""What rows hold, counted as they are made, and what a profile says that they hold: the two must agree to the last row.

A profile of too few rows, of a column that was passed over or of two columns that changed places is fast, and wrong.
No figure counts whose profile was not compared with the truth.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc  # noqa: TID251  # not on a path that starts cold

from atalaia.baseline import Baseline
from atalaia.profile import CategoricalGrid, CategoricalSummary, NumericSummary, Profile, Summary

_MOST_FAULTS = 5


class WrongProfileError(Exception):
    """A profile does not say what the rows hold."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a column holds.

    Attributes:
        missing, nan, positive_infinity, negative_infinity: Rows without a finite number or a category, by kind.
        low, high: Smallest and largest finite number; None where there is none.
        categories: How often each category occurs; empty for a column of numbers.
    """

    rows: int = 0
    missing: int = 0
    nan: int = 0
    positive_infinity: int = 0
    negative_infinity: int = 0
    low: float | None = None
    high: float | None = None
    categories: Mapping[str, int] = field(default_factory=dict)

    def merge(self, other: Counts) -> Counts:
        """Return what both hold together."""
        lows = [side.low for side in (self, other) if side.low is not None]
        highs = [side.high for side in (self, other) if side.high is not None]
        return Counts(
            **{name: getattr(self, name) + getattr(other, name) for name in _ADDED},
            low=min(lows, default=None),
            high=max(highs, default=None),
            categories=dict(Counter(self.categories) + Counter(other.categories)),
        )

    def in_strict_json(self) -> Counts:
        """Return what is left in strict JSON, which writes NaN and the infinities as null."""
        gone = self.nan + self.positive_infinity + self.negative_infinity
        return replace(self, missing=self.missing + gone, nan=0, positive_infinity=0, negative_infinity=0)


_ADDED = ("rows", "missing", "nan", "positive_infinity", "negative_infinity")

Truth = Mapping[str, Counts]
"""What every column holds, by name."""


def count(array: pa.Array) -> Counts:
    """Count one column of a part."""
    present = array.drop_null()
    if pa.types.is_string(array.type):
        pairs = present.value_counts()
        counts = zip(pairs.field("values").to_pylist(), pairs.field("counts").to_pylist(), strict=True)
        return Counts(len(array), array.null_count, categories=dict(counts))
    values = pc.cast(present, pa.float64()).to_numpy(zero_copy_only=False)
    finite = values[np.isfinite(values)]
    return Counts(
        rows=len(array),
        missing=array.null_count,
        nan=int(np.isnan(values).sum()),
        positive_infinity=int((values == np.inf).sum()),
        negative_infinity=int((values == -np.inf).sum()),
        low=float(finite.min()) if len(finite) else None,
        high=float(finite.max()) if len(finite) else None,
    )


def count_all(table: pa.Table) -> Truth:
    """Count every column of a part but the row's id and time, which a profile does not summarise."""
    return {name: count(table[name].combine_chunks()) for name in table.column_names if name not in ("id", "ts")}


def merge(one: Truth, other: Truth) -> Truth:
    """Return what two parts hold together; nothing is neutral."""
    return {name: one.get(name, Counts()).merge(other.get(name, Counts())) for name in {**one, **other}}


def to_plain(truth: Truth) -> dict[str, Any]:
    """Return *truth* as what JSON can hold."""
    return {name: asdict(counts) for name, counts in truth.items()}


def from_plain(plain: Mapping[str, Any]) -> Truth:
    """Return the truth behind `to_plain`'s result."""
    return {name: Counts(**counts) for name, counts in plain.items()}


def profiled(baseline: Baseline, profile: Profile) -> Truth:
    """Return what *profile* says of each column, over all segments."""
    columns = {name: summary for (segment, name), summary in profile.columns.items() if not segment}
    return {name: _profiled_column(baseline.grids.grids[name], summary) for name, summary in columns.items()}


def _profiled_column(grid: Any, summary: Summary) -> Counts:
    if isinstance(grid, CategoricalGrid) and isinstance(summary, CategoricalSummary):
        known = dict(zip(grid.categories, summary.counts.tolist(), strict=True))
        categories = {name: times for name, times in (known | dict(summary.unseen)).items() if times}
        return Counts(summary.rows, summary.missing, categories=categories)
    if not isinstance(summary, NumericSummary):
        msg = "the grid and the summary of a column are of different kinds"
        raise WrongProfileError(msg)
    return Counts(
        rows=summary.rows,
        missing=summary.missing,
        nan=summary.nan,
        positive_infinity=summary.positive_infinity,
        negative_infinity=summary.negative_infinity,
        low=summary.minimum if math.isfinite(summary.minimum) else None,
        high=summary.maximum if math.isfinite(summary.maximum) else None,
    )


def demand(truth: Truth, rows: int, baseline: Baseline, profile: Profile) -> None:
    """Accept *profile* if it says of all *rows* rows and of every column what is true.

    Raises:
        WrongProfileError: It does not; the error names the first differences.
    """
    faults = [] if profile.rows == rows else [f"rows: {rows:,} were made, {profile.rows:,} profiled"]
    faults += [f"rejected: {dict(profile.rejected)}"] if profile.rejected else []
    found = profiled(baseline, profile)
    for name in sorted({*truth, *found}):
        faults += _differences(name, truth.get(name), found.get(name))
    if faults:
        more = f" and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
        msg = f"the profile is wrong: {'; '.join(faults[:_MOST_FAULTS])}{more}"
        raise WrongProfileError(msg)


def _differences(name: str, expected: Counts | None, found: Counts | None) -> list[str]:
    if expected is None or found is None:
        return [f"{name}: {'is not in the rows' if expected is None else 'is not in the profile'}"]
    pairs = {item.name: (getattr(expected, item.name), getattr(found, item.name)) for item in fields(Counts)}
    return [f"{name}: {what} is {_short(a)}, profiled {_short(b)}" for what, (a, b) in pairs.items() if a != b]


def _short(value: object) -> str:
    return f"{len(value)} categories" if isinstance(value, Mapping) else f"{value}"
