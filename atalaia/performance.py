"""How good the answers of a window are beside those of the baseline: measured and judged where rows have labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from atalaia.baseline import Baseline
from atalaia.checks import METRICS, Check, performance_checks
from atalaia.findings import Pair, finding_of
from atalaia.monitor_answers import AREA
from atalaia.monitor_file import CheckRule
from atalaia.profile import CategoricalSummary, Grids, NumericSummary, Profile
from atalaia.profile.answers import Answers, ClassAnswers
from atalaia.profile.segments import segment_column, segment_name
from atalaia.report import ColumnReport, Finding
from atalaia.schema import Column, Role
from atalaia.signals.performance import measure_classes, measure_numbers, measure_scores, positive_of
from atalaia.signals.quality import Measured
from atalaia.wording import worst


class Performance(Struct, frozen=True):
    """What was measured of a prediction or score on rows enough, with bounds on the exact values, and the findings."""

    metrics: dict[str, float] = field(default_factory=dict)
    bounds: dict[str, tuple[float, float]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def added_to(self, report: ColumnReport, others: Sequence[Finding]) -> ColumnReport:
        """Return the report of a column with *others* found, and the worse status; too few labels spoil none."""
        decided = [finding.status for finding in self.findings if finding.status != "undecided"]
        statuses = [report.status, *decided] if others or not decided else decided
        metrics, bounds = {**report.metrics, **self.metrics}, report.bounds | self.bounds
        return replace(report, metrics=metrics, bounds=bounds, status=worst(statuses))


def performance_of(rules: tuple[CheckRule, ...], pair: Pair, baseline: Baseline, current: Profile) -> Performance:
    """Measure the answers of *pair*'s column and segment, and judge them where there is something to judge them by.

    That is the baseline's own performance, or a limit of the monitor file. Without either there is only the measure.
    """
    segment = pair.segment or ""
    known = "" if segment_column(segment) not in baseline.grids.segments else segment  # versions have no baseline
    sides = (baseline.profile, known), (current, segment)
    (before, _), (now, bounds) = measure_answers(pair.column, baseline.grids, sides)
    return _judged(rules, pair, (before, now), bounds)


Bounds = dict[str, tuple[float, float]]
"""Between what the exact value of a metric lies, by its name."""


def measure_answers(
    column: Column, grids: Grids, sides: Sequence[tuple[Profile, str]]
) -> list[tuple[dict[str, Measured], Bounds]]:
    """Measure how good the answers of a column are, on both of two sides alike.

    Args:
        column: A prediction or a score; of any other there is nothing to measure, nor of a score in a segment.
        grids: What both sides were counted on.
        sides: A profile each, with the segment that is meant.
    """
    if column.role is Role.PREDICTION:
        held = [profile.answers.get((segment, column.name)) for profile, segment in sides]
        wholes = [profile.answers.get(("", column.name)) for profile, _ in sides]
        positive = next((positive_of(whole.classes) for whole in wholes if isinstance(whole, ClassAnswers)), None)
        return [(_of_answers(each, positive), {}) for each in held]
    whole = column.role is Role.SCORE and not any(segment for _, segment in sides)
    return [_of_score(grids, profile, column) if whole else ({}, {}) for profile, _ in sides]


def _of_answers(answers: Answers | None, positive: str | None) -> dict[str, Measured]:
    if answers is None:
        return {}
    return measure_classes(answers, positive) if isinstance(answers, ClassAnswers) else measure_numbers(answers)


def _of_score(grids: Grids, profile: Profile, score: Column) -> tuple[dict[str, Measured], Bounds]:
    """Measure a score beside the label, if that is a single one; if it has not two classes, there is no value."""
    labels = [column.name for column in grids.columns if column.role is Role.LABEL]
    classes = grids.classes.get(labels[0], ()) if len(labels) == 1 else ()
    positive = positive_of(classes)
    if positive is None or len(classes) != 2:  # a curve is about one class against one other
        held = profile.columns.get(("", labels[0])) if len(labels) == 1 else None
        rows = held.valid if isinstance(held, CategoricalSummary) else 0
        return ({AREA: Measured(None, rows)} if rows else {}), {}
    sides = (profile.columns.get((segment_name(labels[0], name), score.name)) for name in sorted(classes))
    match tuple(sides):
        case NumericSummary() as negatives, NumericSummary() as positives:
            measured, bounds = measure_scores(negatives, positives)
            return {AREA: measured}, {AREA: bounds}
    return {}, {}


def _judged(
    rules: tuple[CheckRule, ...],
    pair: Pair,
    sides: tuple[Mapping[str, Measured], Mapping[str, Measured]],
    bounds: Bounds,
) -> Performance:
    before, now = sides
    checks = {check.metric: check for check in performance_checks(pair.column.name, rules, now)}
    least = {name: checks[name].min_rows if name in checks else METRICS[name].min_rows for name in now}
    enough = {name: m.value for name, m in now.items() if m.value is not None and m.rows >= least[name]}
    kept = {name: each for name, each in bounds.items() if name in enough}
    return Performance(enough, kept, tuple(_findings(checks.values(), pair, before, now)))


def _findings(
    checks: Iterable[Check], pair: Pair, before: Mapping[str, Measured], now: Mapping[str, Measured]
) -> Iterator[Finding]:
    for check in checks:
        measured, was = now[check.metric], before.get(check.metric, Measured(None, 0))
        if check.relative and was.value is None:
            continue
        rows = min(measured.rows, was.rows) if check.relative else measured.rows
        yield finding_of(check, Measured(measured.value, rows), pair, from_baseline=was.value or 0.0)
