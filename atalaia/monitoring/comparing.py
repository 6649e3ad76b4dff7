"""Compare two sets of rows without a monitor file: what `atalaia compare` prints."""

from __future__ import annotations

from typing import Any

from atalaia.baseline import build_baseline, count_rows
from atalaia.evaluation import Pair, column_report, pair_of
from atalaia.infer import infer_monitor
from atalaia.monitor_file import CheckRule, load_monitor
from atalaia.monitoring.sources import LogSource
from atalaia.schema import Column, profiled


def infer_columns(source: LogSource) -> tuple[Column, ...]:
    """Tell from the reference data what columns there are and what they are for."""
    text = infer_monitor(source.batches(), name="compare", logs=".", baseline=(".",), format="auto", why="")
    return load_monitor(text, "the inferred monitor").columns


def compare(reference: LogSource, current: LogSource, rules: tuple[CheckRule, ...] = ()) -> dict[str, Any]:
    """Measure the drift of every column of *current* against *reference*, in the shape that `--json` prints.

    Raises:
        BaselineError: The reference holds no rows.
    """
    columns = infer_columns(reference)
    baseline = build_baseline(columns, reference.batches)
    profile = count_rows(baseline.profiler(), current.batches())
    return {
        "reference": {"rows": baseline.profile.rows, "rejected": dict(baseline.profile.rejected)},
        "current": {"rows": profile.rows, "rejected": dict(profile.rejected)},
        "columns": [_compared(rules, pair_of(baseline, profile, column)) for column in profiled(columns)],
    }


def _compared(rules: tuple[CheckRule, ...], pair: Pair) -> dict[str, Any]:
    report, findings = column_report(rules, pair)
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
        },
    }
