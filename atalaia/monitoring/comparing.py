"""Compare two sets of rows without a monitor file: what `atalaia compare` prints."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from atalaia.baseline import build_baseline, count_rows
from atalaia.drifting import drift_of
from atalaia.errors import LogError
from atalaia.evaluation import column_report
from atalaia.findings import Pair, pair_of
from atalaia.infer import inferred_columns
from atalaia.judging import Promise
from atalaia.monitor_file import CheckRule
from atalaia.monitoring.sources import LogSource, columnwise_if_sound
from atalaia.report import ColumnReport, Finding
from atalaia.schema import profiled
from atalaia.wording import by_reason, listed

ALARM_RATE = 0.05
"""With what probability a comparison of two sets without drift alerts at most."""


def compare(
    reference: LogSource, current: LogSource, rules: tuple[CheckRule, ...] = (), rate: float = ALARM_RATE
) -> dict[str, Any]:
    """Measure the drift of every column of *current* against *reference*, in the shape that `--json` prints.

    Raises:
        LogError: One of the two holds no rows, or they have no column in common.
    """
    columns = inferred_columns(reference.batches(), _place(reference))
    baseline = columnwise_if_sound(lambda fast: build_baseline(columns, partial(reference.batches, columnwise=fast)))
    profile = columnwise_if_sound(lambda fast: count_rows(baseline.profiler(), current.batches(columnwise=fast)))
    if not profile.rows:
        reasons = by_reason(profile.rejected)
        msg = f"{_place(current)}: no usable rows{f' (rejected: {reasons})' if reasons else ''}. Give data with rows."
        raise LogError(msg)
    if not profile.present:
        theirs, ours = listed(sorted(profile.extra)), listed([c.name for c in columns])
        msg = f"{_place(current)}: its columns ({theirs}) are not those of {_place(reference)} ({ours})."
        raise LogError(msg)
    return {
        "reference": {"rows": baseline.profile.rows, "rejected": dict(baseline.profile.rejected)},
        "current": {
            "rows": profile.rows,
            "rejected": dict(profile.rejected),
            "extra_columns": sorted(profile.extra),
        },
        "columns": _compared(rules, [pair_of(baseline, profile, column) for column in profiled(columns)], rate),
    }


def _place(source: LogSource) -> str:
    return f"{source.store.uri}/{source.prefix}".rstrip("/")


def _compared(rules: tuple[CheckRule, ...], pairs: list[Pair], rate: float) -> list[dict[str, Any]]:
    drift = drift_of(rules, pairs, Promise(rate))
    return [_shape(*column_report(rules, *each)) for each in zip(pairs, drift, strict=True)]


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
