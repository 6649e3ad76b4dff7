"""Findings: what was measured and how it was judged, told in words."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from atalaia.baseline import Baseline
from atalaia.checks import METRICS, Check, Verdict, judge, signal_of
from atalaia.profile import (
    CategoricalGrid,
    CategoricalSummary,
    Grid,
    NumericGrid,
    NumericSummary,
    Profile,
    Summary,
    TextGrid,
    TextSummary,
    empty_summary,
)
from atalaia.report import Evidence, Finding
from atalaia.schema import Column
from atalaia.signals.drift import category_counts
from atalaia.signals.quality import Measured, is_constant
from atalaia.wording import measured as in_words
from atalaia.wording import number, percent


class Pair(Struct, frozen=True):
    """One column of one segment (None for all rows), on both sides of the comparison."""

    column: Column
    segment: str | None
    grid: Grid
    baseline: Summary
    current: Summary


def pair_of(baseline: Baseline, current: Profile, column: Column, segment: str = "") -> Pair:
    """Return both sides of a column; a side that has no such segment is empty."""
    grid, key = baseline.grids.grids[column.name], (segment, column.name)
    before = baseline.profile.columns.get(key) or empty_summary(grid)
    now = current.columns.get(key) or empty_summary(grid)
    return Pair(column, segment or None, grid, before, now)


def finding_of(
    check: Check,
    measured: Measured,
    pair: Pair | None = None,
    from_baseline: float = 0.0,
    needed: int = 0,
    evidence: Evidence | None = None,
) -> Finding:
    """Judge what *check* measured, of a *pair* or of the whole window, and say so in words.

    Args:
        check: What is judged, and by which limits.
        measured: The value, None where it could not be measured, and of how many rows.
        pair: The column's two sides; None for a finding of the window.
        from_baseline: The baseline's own value, which relative limits start from.
        needed: So many rows it takes, if these are more than the check says.
        evidence: Of drift: what it rests on.
    """
    verdict = judge(check, measured.value, measured.rows, from_baseline, needed)
    drifted = METRICS[check.metric].family == "drift" and verdict.status in ("alert", "warning")
    moved = _story(pair) if pair is not None and drifted else ""
    return Finding(
        signal=signal_of(check.metric, pair.column if pair is not None else None),
        metric=check.metric,
        column=check.column,
        segment=pair.segment if pair is not None else None,
        value=measured.value,
        threshold=verdict.threshold,
        status=verdict.status,
        message=_where(check, pair)
        + _explain(check, measured, verdict, from_baseline, needed)
        + _grounds(verdict, evidence)
        + moved,
        evidence=evidence,
    )


def _explain(check: Check, measured: Measured, verdict: Verdict, from_baseline: float = 0.0, needed: int = 0) -> str:
    """Say in words what was measured and how it was judged, without naming where."""
    metric = METRICS[check.metric]
    if measured.value is None:
        return f"{metric.meaning} could not be measured: there are no values for it"
    if check.metric in _PLAIN and verdict.status != "undecided":
        return _PLAIN[check.metric][measured.value > 0]
    value = in_words(check.metric, measured.value)
    if metric.relative and from_baseline:
        value += f" (baseline {in_words(check.metric, from_baseline)})"
    if verdict.status == "undecided":
        least = max(check.min_rows, needed)
        return f"{metric.meaning} is {value}, but {measured.rows:,} rows are too few to judge: it takes {least:,}"
    if verdict.threshold is None:
        return f"{metric.meaning} is {value}; it has no limit"
    limit = in_words(check.metric, verdict.threshold)
    return f"{metric.meaning} is {value}, {_SIDES[metric.below, verdict.status == 'ok']} {limit}"


def _grounds(verdict: Verdict, evidence: Evidence | None) -> str:
    """Say what the limit is, where chance or its floor sets it."""
    if evidence is None or verdict.status == "undecided" or evidence.basis == "given":
        return ""
    sizes = f"{evidence.rows:,} rows against {evidence.baseline_rows:,}"
    if verdict.threshold == evidence.floor:
        return f", up to which it is of no interest ({sizes}{_chances(evidence)})"
    return f", which chance sets {sizes}{_chances(evidence)}"


def _chances(evidence: Evidence) -> str:
    if evidence.p_value is None:
        return ""
    together = f" among {evidence.tested:,}" if evidence.tested and evidence.tested > 1 else ""
    p_value = f"= {number(evidence.p_value)}" if evidence.p_value >= _LEAST else f"< {number(_LEAST)}"
    return f"; p {p_value}{together}"


_LEAST = 1e-12  # smaller probabilities are below what the null distributions are good for


_PLAIN = {
    "missing_column": ("the column is there", "the column is gone from every row"),
    "constant": ("it takes more than one value", "it took a single value in every row"),
}


_SIDES = {
    (False, True): "not above the limit of",
    (False, False): "above the limit of",
    (True, True): "not below the limit of",
    (True, False): "below the limit of",
}


def _where(check: Check, pair: Pair | None) -> str:
    if check.column is None:
        return ""
    if pair is None:
        return f"{check.column}: "
    of_lengths = METRICS[check.metric].family == "drift" and isinstance(pair.grid, TextGrid)
    segment = f" in {pair.segment}" if pair.segment is not None else ""
    return f"{'length of ' if of_lengths else ''}{check.column}{segment}: "


def _story(pair: Pair) -> str:
    """Say what moved most: the mean of numbers (or their one value), that of lengths, or the share of a category."""
    match pair.grid, pair.baseline, pair.current:
        case NumericGrid() as grid, NumericSummary() as before, NumericSummary() as now:
            if is_constant(before) and is_constant(now):
                return f"; its value went from {number(before.minimum)} to {number(now.minimum)}"
            means = [summary.mean(grid) for summary in (before, now)]
            return "" if None in means else f"; its mean went from {number(means[0])} to {number(means[1])}"
        case TextGrid() as grid, TextSummary() as before, TextSummary() as now:
            lengths = replace(pair, grid=grid.lengths, baseline=before.lengths, current=now.lengths)
            told = _story(lengths)
            return told and f"{told} characters"
        case CategoricalGrid() as grid, CategoricalSummary() as before, CategoricalSummary() as now if now.valid:
            names, *counts = category_counts(grid, before, now)
            p, q = (side / max(int(side.sum()), 1) for side in counts)
            most = int(np.abs(p - q)[:-1].argmax()) if len(names) > 1 else 0  # the last one has no name
            return f"; {names[most]!r} went from {percent(float(p[most]))} to {percent(float(q[most]))}"
        case _:
            return ""
