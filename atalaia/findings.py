"""Findings: what was measured and how it was judged, told in words."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from atalaia.baseline import Baseline
from atalaia.checks import METRICS, OVER_TIME, Check, Verdict, judge, signal_of
from atalaia.explanations import sizes, sureness, what_moved
from atalaia.history import History
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
from atalaia.report import Evidence, Finding, Past
from atalaia.schema import Column
from atalaia.signals.drift import category_counts
from atalaia.signals.quality import Measured, is_constant
from atalaia.wording import measured as in_words
from atalaia.wording import metric_name, number, percent, plural


class Pair(Struct, frozen=True):
    """One column of one segment (None for all rows), on both sides of the comparison, and the baseline's history."""

    column: Column
    segment: str | None
    grid: Grid
    baseline: Summary
    current: Summary
    history: History | None = None


def pair_of(
    baseline: Baseline, current: Profile, column: Column, segment: str = "", before_segment: str | None = None
) -> Pair:
    """Return both sides of a column; a side that has no such segment is empty.

    Args:
        baseline: The one side.
        current: The other.
        column: Which one.
        segment: Of which rows; all if it is empty.
        before_segment: Of which rows of the baseline, if not of the same segment.
    """
    grid, key = baseline.grids.grids[column.name], (segment, column.name)
    before_key = key if before_segment is None else (before_segment, column.name)
    before = baseline.profile.columns.get(before_key) or empty_summary(grid)
    now = current.columns.get(key) or empty_summary(grid)
    return Pair(column, segment or None, grid, before, now, baseline.history)


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
        evidence: Of drift, and where history sets the limit: what it rests on.
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
        + _grounds(check, verdict, evidence)
        + moved,
        evidence=evidence,
    )


def _explain(check: Check, measured: Measured, verdict: Verdict, from_baseline: float = 0.0, needed: int = 0) -> str:
    """Say in words what was measured and how it was judged, without naming where."""
    metric = METRICS[check.metric]
    what, by = _named(check.metric)
    if measured.value is None:
        why = _UNMEASURED.get(check.metric, _EMPTY) if measured.rows else _EMPTY
        return f"{what} could not be measured{by}: {why}"
    if check.metric in _PLAIN and verdict.status != "undecided":
        return _PLAIN[check.metric][measured.value > 0]
    value = in_words(check.metric, measured.value) + by
    if metric.relative and from_baseline:
        value += f" (baseline {in_words(check.metric, from_baseline)})"
    if verdict.status == "undecided":
        least = max(check.min_rows, needed)
        return f"{what} is {value}, but {measured.rows:,} rows are too few to judge: it takes {least:,}"
    if verdict.threshold is None:
        return f"{what} is {value}; it has no limit"
    limit = in_words(check.metric, verdict.threshold)
    return f"{what} is {value}, {_SIDES[metric.below, verdict.status == 'ok']} {limit}"


_EMPTY = "there are no values for it"
_UNMEASURED = {
    "wasserstein_normalised": "the baseline has no standard deviation to measure in; take another metric",
    "area_under_roc": "too many scores lie in one cell of the baseline's grid, or its labels are not 0 and 1",
    "r_squared": "all labels are the same",
}


def _named(metric: str) -> tuple[str, str]:
    """Return what a metric measures, and of a metric of drift its name."""
    family = METRICS[metric].family
    if family == OVER_TIME:
        return "drift over time", ""
    return ("drift", f" by {metric_name(metric)}") if family == "drift" else (METRICS[metric].meaning, "")


def _grounds(check: Check, verdict: Verdict, evidence: Evidence | None) -> str:
    """Say where the limit of drift comes from and how sure the finding is."""
    if evidence is None or verdict.threshold is None or verdict.status == "undecided":
        return ""
    rows, sure = sizes(evidence), sureness(evidence)
    if evidence.past is not None:
        return f" from {_precedents(check, evidence.past)}"
    if evidence.basis == "given":
        return f" ({rows})"
    if evidence.basis == "time":
        together = " together" if evidence.windows > 1 else ""
        return f" that chance sets for {plural(evidence.windows, 'window')}{together} ({rows})"
    if verdict.threshold == evidence.floor:
        return f", up to which drift is of no interest ({rows}{sure and '; '}{sure})"
    return f" that chance sets for {rows}{sure and f' ({sure})'}"


def _precedents(check: Check, past: Past) -> str:
    """Say which windows of the baseline set a limit, and how."""
    kind = "window" if past.timed else "equal part"
    rows = f"{past.rows:,} rows each; " if not past.timed else ""
    how = f"{number(past.quantile)} quantile" if past.k is None else f"k = {number(past.k)}"
    spread = "" if past.spread is None else f"spread {in_words(check.metric, past.spread)}, "
    middle = f"median {in_words(check.metric, past.median)}"
    return f"{plural(past.windows, kind)} of the baseline ({rows}{middle}, {spread}{how})"


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
            moved = what_moved(*((summary.mean(grid), summary.std(grid)) for summary in (before, now)))
            return "" if moved is None else f"; its {moved[0]} went from {number(moved[1])} to {number(moved[2])}"
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
