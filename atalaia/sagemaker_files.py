"""Profiles written as SageMaker Model Monitor's `statistics.json`, and `constraints.json` of a baseline or suggested.

What the files hold, and what they can't:

- Numbers: the moments, ten buckets of equal width from minimum to maximum, and a KLL sketch. Up to `_EXACT` values the
  sketch is the values themselves. Of more, each value of the profile's distribution stands in those levels whose
  weights sum to its count: the weights sum to the number of values, and ranks are as right as the profile's. The
  highest level is as low as the usual size of a sketch allows.
- A value that is no finite number counts as missing: the schema has no place for it.
- Texts, booleans, and categories of numbers as far as the profile names them; of free text only the number of rows.
- Times, and columns that are not measured, have no statistics; their constraints are of an unknown type.

Source of the schema: AWS, "Schema for Statistics" and "Schema for Constraints".
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from atalaia.baseline import Baseline
from atalaia.constraints_file import Constraints, Feature, Settings
from atalaia.kll import DEFAULT_K
from atalaia.profile import CategoricalGrid, CategoricalSummary, Grid, NumericGrid, NumericSummary, Profile
from atalaia.profile.reconstruction import reconstruct
from atalaia.profile.weighted import Weighted
from atalaia.schema import Column, Type, profiled
from atalaia.signals.quality import values_of

_SHRINK = 0.64
_EXACT = 2 * (DEFAULT_K // 2 + 1)
"""So many values fit into the lowest level of a sketch of Deequ's."""

_SIZE = math.ceil(DEFAULT_K / (1 - _SHRINK))
"""So many values a sketch of many rows holds about, all levels together."""

_BUCKETS = 10
_FEW_TEXTS = 100
"""Up to so many texts are suggested as a domain."""

_INFERRED = {Type.INTEGER: "Integral", Type.NUMBER: "Fractional"}


def statistics_text(baseline: Baseline, profile: Profile) -> bytes:
    """Return the `statistics.json` of a *profile* on the grids of its *baseline*: of its own, or of a window."""
    features = [
        feature for column in profiled(baseline.grids.columns) for feature in _statistics(baseline, profile, column)
    ]
    return _text({"version": 0.0, "dataset": {"item_count": profile.rows}, "features": features}, None)


def left_out(baseline: Baseline) -> tuple[str, ...]:
    """Return the columns of the baseline's data that have no statistics: times, and what is not measured at all."""
    measured = {column.name for column in profiled(baseline.grids.columns) if column.type is not Type.TIME}
    there = baseline.profile.present
    return tuple(c.name for c in baseline.grids.columns if c.name not in measured and there.get(c.name))


def suggested_constraints(baseline: Baseline) -> Constraints:
    """Return what a baselining job would suggest: the types, completeness, signs and few texts of the baseline.

    Columns that are there but not measured are of an unknown type, so that they are no extra columns of a window.
    """
    unmeasured = [Feature(name, "Unknown", None, None, None, Settings()) for name in left_out(baseline)]
    measured = [f for column in profiled(baseline.grids.columns) for f in _suggested(baseline, column)]
    return Constraints((*measured, *unmeasured))


def constraints_text(constraints: Constraints) -> bytes:
    """Return a `constraints.json` that reads as *constraints*, whatever the file that they came from looked like."""
    features = [_feature(feature, constraints.settings) for feature in constraints.features]
    return _text({"version": 0.0, "features": features, "monitoring_config": _settings(constraints.settings)}, 2)


def _text(content: dict[str, Any], indent: int | None) -> bytes:
    return json.dumps(content, indent=indent, allow_nan=False).encode() + b"\n"


def _statistics(baseline: Baseline, profile: Profile, column: Column) -> Iterator[dict[str, Any]]:
    grid, summary = baseline.grids.grids[column.name], profile.columns.get(("", column.name))
    if column.type is Type.TIME or summary is None:
        return
    if isinstance(summary, NumericSummary) and isinstance(grid, NumericGrid):
        weighted = (
            reconstruct(grid, summary).weighted if summary.finite else Weighted.of(np.empty(0), summary.cells[:0])
        )
        moments = {"mean": summary.mean(grid), "std_dev": summary.std(grid)}
        yield _numbers(column, weighted, summary.rows, moments)
    elif isinstance(summary, CategoricalSummary) and isinstance(grid, CategoricalGrid):
        amounts = _amounts(column, grid, summary)
        yield _texts(column, grid, summary) if amounts is None else _numbers(column, amounts, summary.rows, {})
    else:  # free text
        common = _common(values_of(summary), summary.rows)
        yield {"name": column.name, "inferred_type": "String", "string_statistics": {"common": common}}


def _common(present: int, rows: int) -> dict[str, int]:
    return {"num_present": present, "num_missing": rows - present}


def _numbers(column: Column, weighted: Weighted, rows: int, moments: dict[str, float | None]) -> dict[str, Any]:
    statistics: dict[str, Any] = {"common": _common(weighted.rows, rows)}
    if weighted.rows:
        exact = moments or _moments(weighted)
        mean = exact["mean"]
        total = None if mean is None or not math.isfinite(mean * weighted.rows) else mean * weighted.rows
        low, high = float(weighted.values[0]), float(weighted.values[-1])
        told = {"mean": mean, "sum": total, "std_dev": exact["std_dev"], "min": low, "max": high}
        statistics |= {key: value for key, value in told.items() if value is not None}
        sketch = {"parameters": {"c": _SHRINK, "k": float(DEFAULT_K)}, "data": _levels(weighted)}
        statistics["distribution"] = {"kll": {"buckets": _buckets(weighted), "sketch": sketch}}
    return {"name": column.name, "inferred_type": _INFERRED[column.type], "numerical_statistics": statistics}


def _moments(weighted: Weighted) -> dict[str, float | None]:
    shares = weighted.weights / weighted.rows
    mean = float(weighted.values @ shares)
    return {"mean": mean, "std_dev": math.sqrt(float((weighted.values - mean) ** 2 @ shares))}


def _levels(weighted: Weighted) -> list[list[float]]:
    if weighted.rows <= _EXACT:
        return [np.repeat(weighted.values, weighted.weights).tolist()]
    ones = [weighted.weights >> level & 1 for level in range(int(weighted.weights.max()).bit_length())]
    sizes = [int(weighted.weights.sum()), *np.cumsum([bits.sum() for bits in ones]).tolist()]
    whole = [int((weighted.weights >> top).sum()) for top in range(len(ones))]
    top = next((top for top, many in enumerate(whole) if many + (sizes[top] if top else 0) <= _SIZE), len(ones) - 1)
    lower = [weighted.values[bits.astype(bool)].tolist() for bits in ones[:top]]
    return [*lower, np.repeat(weighted.values, weighted.weights >> top).tolist()]


def _buckets(weighted: Weighted) -> list[dict[str, float]]:
    """Count ten buckets of equal width; each holds its lower bound, and the last one its upper bound, too."""
    low, high = float(weighted.values[0]), float(weighted.values[-1])
    bounds = [low * (1 - i / _BUCKETS) + high * (i / _BUCKETS) for i in range(_BUCKETS)] + [high]
    ends = [*np.searchsorted(weighted.values, bounds[:-1], "left").tolist(), len(weighted.values)]
    reached = np.concatenate(([0], np.cumsum(weighted.weights)))[ends]
    counts = np.diff(reached).tolist()
    return [
        {"lower_bound": bounds[i], "upper_bound": bounds[i + 1], "count": float(counts[i])} for i in range(_BUCKETS)
    ]


def _amounts(column: Column, grid: CategoricalGrid, summary: CategoricalSummary) -> Weighted | None:
    """Return the numbers that are kept as categories, if that is what they are and all have a name."""
    counts = _by_name(grid, summary)
    if column.type not in _INFERRED or sum(counts.values()) < summary.valid:
        return None
    values, weights = list(map(float, counts)), list(counts.values())
    return Weighted.of(np.array(values, np.float64), np.array(weights, np.int64))


def _by_name(grid: CategoricalGrid, summary: CategoricalSummary) -> dict[str, int]:
    counts = {**dict(zip(grid.categories, summary.counts.tolist(), strict=True)), **summary.unseen}
    return {text: count for text, count in counts.items() if count}


def _texts(column: Column, grid: CategoricalGrid, summary: CategoricalSummary) -> dict[str, Any]:
    buckets = [{"value": text, "count": count} for text, count in _by_name(grid, summary).items()]
    statistics = {
        "common": _common(summary.valid, summary.rows),
        "distinct_count": float(round(summary.distinct(grid).estimate())),
        "distribution": {"categorical": {"buckets": buckets}},
    }
    return {"name": column.name, "inferred_type": "String", "string_statistics": statistics}


def _suggested(baseline: Baseline, column: Column) -> Iterator[Feature]:
    grid: Grid = baseline.grids.grids[column.name]
    summary = baseline.profile.columns.get(("", column.name))
    if column.type is Type.TIME or summary is None or not summary.rows:
        return
    inferred, non_negative, domains = _INFERRED.get(column.type, "String"), None, None
    if isinstance(summary, NumericSummary) and summary.finite:
        non_negative = summary.minimum >= 0
    if isinstance(summary, CategoricalSummary) and isinstance(grid, CategoricalGrid):
        amounts, texts = _amounts(column, grid, summary), _by_name(grid, summary)
        if amounts is not None and amounts.rows:
            non_negative = bool(amounts.values[0] >= 0)
        elif amounts is None and len(texts) <= _FEW_TEXTS and sum(texts.values()) == summary.valid:
            domains = tuple(texts)
    present = (summary.rows - summary.missing) / summary.rows
    yield Feature(column.name, inferred if present else "Unknown", present, non_negative, domains, Settings())


def _feature(feature: Feature, common: Settings) -> dict[str, Any]:
    told: dict[str, Any] = {"name": feature.name, "inferred_type": feature.inferred_type}
    if feature.completeness is not None:
        told["completeness"] = feature.completeness
    if feature.non_negative is not None:
        told["num_constraints"] = {"is_non_negative": feature.non_negative}
    if feature.domains is not None:
        told["string_constraints"] = {"domains": list(feature.domains)}
    if feature.settings != common:
        told["monitoringConfigOverrides"] = _settings(feature.settings)
    return told


def _settings(settings: Settings) -> dict[str, Any]:
    rule = settings.rule
    compared = {
        "perform_comparison": _switch(settings.compare),
        "comparison_threshold": rule.threshold,
        "comparison_method": rule.method,
        "categorical_drift_method": rule.categorical_method,
    }
    if rule.categorical_threshold is not None:
        compared["categorical_comparison_threshold"] = rule.categorical_threshold
    return {
        "evaluate_constraints": _switch(settings.evaluate),
        "emit_metrics": _switch(settings.emit),
        "datatype_check_threshold": settings.type_match,
        "domain_content_threshold": settings.domain_match,
        "distribution_constraints": compared,
    }


def _switch(on: bool) -> str:
    return "Enabled" if on else "Disabled"
