"""What is to be priced: a monitor's shape, how much is logged, and how it is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from atalaia.checks import check_of, drift_checks, performance_checks
from atalaia.conventions.asking import asked, under_convention
from atalaia.monitor_answers import AREA, CLASS_METRICS, NUMBER_METRICS
from atalaia.monitor_file import LogFormat, Logs, Model, Monitor
from atalaia.schema import Column, Kind, Role, Side, label_of, profiled
from atalaia.telemetry import Detail
from atalaia.window import SECOND, parse_duration
from atalaia_cost.figures import CELL_BYTES


class Shape(Struct, frozen=True):
    """What of a monitor file costs something.

    Attributes:
        columns: Those that are profiled.
        numeric: How many of these are numeric.
        window_findings: Of a report, those of the window and of columns that are gone.
        column_findings: Those of all columns.
        segment_findings: Those of one segment.
        performance_findings: Of these of all columns, those of answers beside labels.
        segments: So many there are at most, of all segment columns together.
        window_seconds, lateness_seconds: Of its windows.
        format: Of its logs; JSON lines if that is not said.
    """

    columns: int
    numeric: int
    window_findings: int
    column_findings: int
    segment_findings: int
    segments: int
    window_seconds: float
    lateness_seconds: float
    format: LogFormat = LogFormat.JSONL
    performance_findings: int = 0

    def with_window(self, seconds: float) -> Shape:
        """Return the same with windows of another width."""
        return replace(self, window_seconds=seconds)


class Workload(Struct, frozen=True):
    """A month of one monitor.

    Attributes:
        shape: The monitor's.
        rows, objects: Logged in a month.
        object_bytes: Size of a log object.
        segments: How many there are, of all segment columns together.
        detail: How much of a report goes into metrics.
        aws_way, azure_way: Where metrics go: a choice of ATALAIA_METRICS.
        every_seconds: How often `evaluate` is called, and on Azure `collect`.
        queue: Whether objects wait in a queue, so that a call takes many.
        batch: On AWS, so many messages at most are given to a call.
        batch_seconds: On AWS, so long messages are waited for.
        aws_memory, azure_memory: A function's, in MB.
        architecture: Lambda's processor: `arm64` or `x86_64`.
        alarms, dashboards: How many there are.
        kept_months: How long is kept what is stored and logged.
    """

    shape: Shape
    rows: float
    objects: float
    object_bytes: float
    segments: int = 0
    detail: Detail = Detail.SUMMARY
    aws_way: str = "cloudwatch"
    azure_way: str = "application-insights"
    every_seconds: float = 60
    queue: bool = True
    batch: int = 100
    batch_seconds: float = 60
    aws_memory: int = 1024
    azure_memory: int = 2048
    architecture: str = "arm64"
    alarms: int = 5
    dashboards: int = 1
    kept_months: float = 1

    @property
    def findings(self) -> int:
        """How many findings a report has."""
        shape = self.shape
        return shape.window_findings + shape.column_findings + shape.segment_findings * self.segments

    def choosing(self, ways: Mapping[str, str], memories: Mapping[str, int]) -> Workload:
        """Return the same with these ways and memories, by cloud."""
        chosen = {f"{cloud}_way": way for cloud, way in ways.items()}
        return replace(self, **chosen, **{f"{cloud}_memory": megabytes for cloud, megabytes in memories.items()})


def shape_of(monitor: Monitor) -> Shape:
    """Return what of a monitor file costs something."""
    columns = profiled(monitor.columns)
    drift = sum(_drift_findings(monitor, column) for column in columns)
    answers = sum(_answer_findings(monitor, name, _metrics_of(name, columns)) for name in label_of(columns))
    scores = sum(_answer_findings(monitor, name, (AREA,)) for name in _scores(columns))
    numeric = sum(column.effective_kind is Kind.NUMERIC for column in columns)
    format_given = LogFormat.JSONL if monitor.logs.format is LogFormat.AUTO else monitor.logs.format
    return Shape(
        columns=len(columns),
        numeric=numeric,
        window_findings=_enabled(monitor, _of_window(monitor)),
        column_findings=drift + answers + scores + sum(_enabled(monitor, _of_column(column)) for column in columns),
        segment_findings=max(0, drift - 1) + answers,  # a segment's own column is the same in all its rows
        segments=sum(column.most_segments + 1 for column in columns if column.role is Role.SEGMENT),  # and the rest
        window_seconds=parse_duration(monitor.window) / SECOND,
        lateness_seconds=parse_duration(monitor.lateness) / SECOND,
        format=format_given,
        performance_findings=answers + scores,
    )


ROWS_PER_OBJECT = 1000
"""So many rows a log object is taken to have, if nobody says how many."""


def usual_workload(shape: Shape, rows: float) -> Workload:
    """Return a month of a monitor of which nothing else is known than its *shape* and how many *rows* are logged."""
    objects = max(1.0, rows / ROWS_PER_OBJECT) if rows else 0.0
    size = rows / objects * shape.columns * CELL_BYTES if rows else 0.0
    return Workload(shape, rows, objects, size, segments=shape.segments)


def plain_shape(columns: int, window_seconds: float) -> Shape:
    """Return the shape of a monitor with so many numeric features and nothing else."""
    named = tuple(Column(f"x{place}") for place in range(columns))
    return shape_of(Monitor("plain", Model("plain"), Logs("logs"), named, "out")).with_window(window_seconds)


def _drift_findings(monitor: Monitor, column: Column) -> int:
    rules = under_convention(monitor.checks, monitor.convention)
    told = len(asked(rules, column))
    return told + len(drift_checks(column, rules, default=not told))


def _answer_findings(monitor: Monitor, column: str, metrics: tuple[str, ...]) -> int:
    return len(performance_checks(column, monitor.checks, metrics))


def _metrics_of(prediction: str, columns: tuple[Column, ...]) -> tuple[str, ...]:
    kind = next(column.effective_kind for column in columns if column.name == prediction)
    return CLASS_METRICS if kind is Kind.CATEGORICAL else NUMBER_METRICS


def _scores(columns: tuple[Column, ...]) -> list[str]:
    """Return the scores that may be held against a label."""
    kinds = [column.effective_kind for column in columns if column.role is Role.LABEL]
    scores = [c.name for c in columns if c.role is Role.SCORE and c.effective_kind is Kind.NUMERIC]
    return scores if kinds == [Kind.CATEGORICAL] else []


_Checks = Iterator[tuple[str, str | None]]


def _enabled(monitor: Monitor, checks: _Checks) -> int:
    return sum(check_of(metric, column, monitor.checks) is not None for metric, column in checks)


def _of_window(monitor: Monitor) -> _Checks:
    roles = {column.role for column in monitor.columns}
    yield from ((metric, None) for metric in ("row_count", "rejected", "late"))
    if Role.ID in roles:
        yield "duplicates", None
    if Role.TIME in roles:
        yield "undated", None
    if len(monitor.together) > 1:
        yield from (("correlation_change", None), ("reconstruction_error", None))
    yield from (("missing_column", column.name) for column in monitor.columns if column.role is not Role.IGNORED)


def _of_column(column: Column) -> _Checks:
    kind = column.effective_kind
    metrics = ["missing", "type_errors"]
    if kind is Kind.NUMERIC:
        metrics += ["nan", "infinity", "denormal", "overflow", "lost_resolution"]
    if kind is Kind.TEXT:
        metrics += ["empty", *("pattern_share" for _ in column.patterns or ())]
    elif column.side is Side.OUTPUT:
        metrics += ["constant"]
    if column.role is Role.SEGMENT:
        metrics += ["segment_rest"]
    rules = {
        "out_of_set": column.set is not None and kind is not Kind.TEXT,
        "out_of_range": column.range is not None and kind is Kind.NUMERIC,
        "off_pattern": column.pattern is not None and kind is not Kind.NUMERIC,
    }
    metrics += [metric for metric, given in rules.items() if given]
    return ((metric, column.name) for metric in metrics)
