"""Findings and reports: small ones written down, and wide ones that come from evaluating real rows."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from msgspec.structs import replace

from atalaia.baseline import build_baseline
from atalaia.evaluation import Occasion, evaluate
from atalaia.monitor_file import Logs, Model, Monitor
from atalaia.report import SCHEMA, Bars, BaselineRef, ColumnReport, Finding, Input, Report, Summary
from atalaia.rows import ALL_SIDES, NO_TIME, RowBatch
from atalaia.schema import Column, Role, Type
from atalaia.window import Window
from atalaia.wording import worst

DAY = 86_400_000_000
VALUES = {"alert": 0.31, "warning": 0.15, "ok": 0.02, "undecided": 0.5}


def a_finding(status="alert", column="income", **changes):
    value = VALUES[status]
    made = Finding("data_drift", "psi", column, None, value, 0.2, status, f"PSI of {column} is {value}")
    return replace(made, **changes)


def a_column(name="income", **changes):
    bars = Bars(("≤ 10", "10 … 20", "> 20"), (10.0, 20.0), (0.25, 0.5, 0.25), (0.1, 0.3, 0.6))
    before = Summary(200_000, 0.031, 1200.0, 41_173.25, 21_944.0, 2864.0, 323_191.0)
    now = Summary(11_874, 0.171, 900.0, 58_961.0, 26_629.0, 14_442.0, 340_433.0)
    made = ColumnReport(
        name,
        None,
        "numeric",
        "feature",
        "alert",
        {"psi": 0.31, "kolmogorov_smirnov": 0.3402, "wasserstein": None},
        {"kolmogorov_smirnov": (0.3398, 0.3411)},
        {"kolmogorov_smirnov": 3.1e-12},
        before,
        now,
        bars,
    )
    return replace(made, **changes)


def a_report(findings=(), columns=(), day=1, **changes):
    made = Report(
        schema=SCHEMA,
        monitor="credit-scoring",
        model="credit-risk",
        model_version="7",
        start="",
        end="",
        final=True,
        status=worst((finding.status for finding in findings), "ok"),
        rows=11_874,
        captured={"input": 11_874, "output": 11_866},
        rejected={},
        late=0,
        times={"event": 11_874},
        findings=tuple(findings),
        columns=tuple(columns),
        logs=1,
        inputs=(Input("s3://logs/1.jsonl", '"e2"', "sagemaker", 11_874, 0),),
        inputs_digest="0" * 64,
        baseline=BaselineRef("20260301-5f2c", "b/1.profile", 200_000),
        definition="m/1.yaml",
    )
    return replace(on_day(made, day), **changes)


def on_day(report, day):
    """Move a report to a day of March 2026, counted on into April."""
    start = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day - 1)
    start, end = (f"{moment:%Y-%m-%dT00:00:00Z}" for moment in (start, start + timedelta(days=1)))
    return replace(report, start=start, end=end)


def wide_reports(rows, drifted=0, segments=0, windows=30, columns=100):
    """Evaluate many columns of real rows, once as they were and once drifted, and repeat that over the windows."""
    shape = _wide_columns(columns, segments)
    baseline = build_baseline(shape, lambda: [_wide_rows(shape, 1000, 1, drift=False)])
    monitor = Monitor("wide-monitor", Model("wide-model", "7"), Logs("logs"), shape, "out")
    made = {}
    for drift in {at < drifted for at in range(windows)}:
        profile = baseline.profiler().profile(_wide_rows(shape, rows, 2, drift=drift))
        reference = BaselineRef(baseline.version, "baseline.profile", 1000)
        made[drift] = evaluate(monitor, baseline, profile, Occasion(Window(0, DAY), True, (), reference, "m.json"))
    return [on_day(made[windows - at <= drifted], at + 1) for at in range(windows)]


def _wide_columns(count, segments):
    names = [f"customer_feature_number_{at:03}" for at in range(count - 1)]
    words = {"type": Type.STRING}
    features = [Column(name, **({} if at % 3 else words)) for at, name in enumerate(names)]
    return (*features, Column("region", **words, role=Role.SEGMENT) if segments else Column("score", role=Role.SCORE))


def _wide_rows(columns, rows, seed, drift):
    random = np.random.default_rng(seed)
    arrays = {}
    for at, column in enumerate(columns):
        if column.role is Role.SEGMENT:
            arrays[column.name] = pa.array([f"region_{i % 8}" for i in range(rows)])
        elif column.type is Type.STRING:
            words = np.minimum(random.geometric(0.6 if drift else 0.3, rows), 12)
            arrays[column.name] = pa.array([f"category_{word}" for word in words])
        else:
            arrays[column.name] = pa.array(random.normal(1834.5 if drift else 1234.5, 500, rows) * (at + 1))
    return RowBatch(arrays, rows, ALL_SIDES, np.full(rows, NO_TIME), None, np.arange(rows))
