"""Compare two sets of rows without a monitor file: what `atalaia compare` prints."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct

from atalaia.baseline import Baseline, baseline_of, build_baseline, count_rows
from atalaia.conventions.asking import under_convention
from atalaia.conventions.chunks import profiles_of_chunks
from atalaia.conventions.refining import refined
from atalaia.conventions.tools import measured
from atalaia.drifting import drift_of
from atalaia.errors import LogError
from atalaia.evaluation import column_report
from atalaia.findings import Pair, pair_of
from atalaia.infer import inferred_columns
from atalaia.judging import Promise
from atalaia.monitor_file import CheckRule, Convention
from atalaia.monitoring.sources import LogSource, columnwise_if_sound
from atalaia.other_tools import tell_all
from atalaia.profile import Profile, Profiler, Summary
from atalaia.report import ColumnReport, Finding
from atalaia.schema import profiled
from atalaia.wording import by_reason, listed

ALARM_RATE = 0.05
"""With what probability a comparison of two sets without drift alerts at most."""


def compare(
    reference: LogSource,
    current: LogSource,
    rules: tuple[CheckRule, ...] = (),
    convention: Convention = Convention.ATALAIA,
) -> dict[str, Any]:
    """Measure the drift of every column of *current* against *reference*, in the shape that `--json` prints.

    Args:
        reference: What is compared against.
        current: What is compared with it.
        rules: What differs from the default checks.
        convention: The tool whose metrics, limits and verdicts are told.

    Raises:
        LogError: One of the two holds no rows, or they have no column in common.
    """
    columns = inferred_columns(reference.batches(), _place(reference))
    baseline = columnwise_if_sound(lambda fast: build_baseline(columns, partial(reference.batches, columnwise=fast)))
    profile = _counted(baseline.profiler(), current)
    if not profile.rows:
        reasons = by_reason(profile.rejected)
        msg = f"{_place(current)}: no usable rows{f' (rejected: {reasons})' if reasons else ''}. Give data with rows."
        raise LogError(msg)
    if not profile.present:
        theirs, ours = listed(sorted(profile.extra)), listed([c.name for c in columns])
        msg = f"{_place(current)}: its columns ({theirs}) are not those of {_place(reference)} ({ours})."
        msg += " Give data that have columns in common; a CSV needs a header and commas."
        raise LogError(msg)
    grids = refined(baseline, profile, convention)
    if grids is not None:
        baseline = baseline_of(grids, _counted(Profiler("", grids), reference))
        profile = _counted(baseline.profiler(), current)
    return {
        "reference": {"rows": baseline.profile.rows, "rejected": dict(baseline.profile.rejected)},
        "current": {
            "rows": profile.rows,
            "rejected": dict(profile.rejected),
            "extra_columns": sorted(profile.extra),
        },
        "columns": list(_columns(baseline, profile, _Wanted(rules, convention), reference)),
    }


def _counted(profiler: Profiler, source: LogSource) -> Profile:
    return columnwise_if_sound(lambda fast: count_rows(profiler, source.batches(columnwise=fast)))


class _Wanted(Struct, frozen=True):
    rules: tuple[CheckRule, ...]
    convention: Convention


def _columns(baseline: Baseline, current: Profile, wanted: _Wanted, reference: LogSource) -> Iterator[dict[str, Any]]:
    """Compare every column; the reference is read again where a tool's limits come from its parts."""
    chunked = wanted.convention is Convention.NANNYML
    chunks = profiles_of_chunks(baseline, reference.batches()) if chunked else []
    rules = under_convention(wanted.rules, wanted.convention)
    pairs = [pair_of(baseline, current, column) for column in profiled(baseline.grids.columns)]
    for pair, drift in zip(pairs, drift_of(wanted.rules, pairs, Promise(ALARM_RATE)), strict=True):
        shown = _shape(*column_report(wanted.rules, pair, drift))
        if wanted.convention is not Convention.ATALAIA:
            parts = tuple(chunk.columns[key] for chunk in chunks if (key := ("", pair.column.name)) in chunk.columns)
            shown |= _by_convention(wanted.convention, rules, pair, parts)
        yield shown


def _by_convention(
    convention: str, rules: tuple[CheckRule, ...], pair: Pair, parts: tuple[Summary, ...]
) -> dict[str, Any]:
    """Return what a tool measures on a column, and what it would say of it."""
    judged = measured(convention, pair.column, (pair.grid, pair.baseline, pair.current))
    finding = tell_all(rules, pair, parts)[0]
    return {
        "metrics": {name: told.value for name, told in judged.items() if not told.below},
        "p_values": {name: told.value for name, told in judged.items() if told.below},
        "bounds": {},
        "finding": {name: getattr(finding, name) for name in ("metric", "value", "threshold", "status", "message")},
    }


def _place(source: LogSource) -> str:
    return f"{source.store.uri}/{source.prefix}".rstrip("/")


def _shape(report: ColumnReport, findings: list[Finding]) -> dict[str, Any]:
    drift = next(finding for finding in findings if finding.signal.endswith("drift"))
    return {
        "column": report.column,
        "kind": report.kind,
        "metrics": report.metrics,
        "p_values": report.p_values,
        "bounds": {name: list(pair) for name, pair in report.bounds.items()},
        "missing": {"reference": report.baseline.missing_share, "current": report.current.missing_share},
        "finding": {
            "metric": drift.metric,
            "value": drift.value,
            "threshold": drift.threshold,
            "status": drift.status,
            "evidence": msgspec.to_builtins(drift.evidence),
        },
    }
