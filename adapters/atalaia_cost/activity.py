"""A month of a workload on one cloud: calls, reports, requests, seconds and bytes, before they are priced."""

from __future__ import annotations

import math

from msgspec import Struct

from atalaia.monitor_file import LogFormat
from atalaia.monitoring.evaluating import GROWTH, PARTS
from atalaia.telemetry import Detail
from atalaia_cost import figures as of
from atalaia_cost.requests import (
    IDLE_ROUND,
    NEWS,
    REFRESH,
    STILL_OPEN,
    Batch,
    Requests,
    of_evaluation,
    of_first_report,
    of_ingest,
    of_open_window,
)
from atalaia_cost.workload import Workload


class Activity(Struct, frozen=True):
    """What happens in a month.

    Attributes:
        ingest_calls, evaluate_calls: Calls of the two functions.
        reports: New reports, those of windows that are not over included.
        points: Points of all reports.
        ingest, evaluate: What the functions ask of their stores.
        ingest_seconds, evaluate_seconds: Their processor time.
        stored_bytes: What is written and stays.
    """

    ingest_calls: float
    evaluate_calls: float
    reports: float
    points: float
    ingest: Requests
    evaluate: Requests
    ingest_seconds: float
    evaluate_seconds: float
    stored_bytes: float


class _Flow(Struct, frozen=True):
    """How logs become reports.

    Attributes:
        calls: Of `ingest`, with objects.
        batch: The objects of one.
        profiles: That are written.
        windows: That end in the month and have reports.
        evaluated: How often windows are evaluated that have changed.
        reports: New ones of that.
        going_on: Windows that have logs and are not over, on average.
    """

    calls: float
    batch: Batch
    profiles: float
    windows: float
    evaluated: float
    reports: float
    going_on: float


def activity_of(work: Workload, most: int, wait_seconds: float) -> Activity:
    """Return a month of *work*.

    Args:
        work: What is to be priced.
        most: So many objects at most go into one call of `ingest`.
        wait_seconds: So long a call waits for more.
    """
    rounds = of.MONTH_SECONDS / work.every_seconds
    flow = _flow(work, most, wait_seconds, rounds)
    looks = min(flow.calls, of.MONTH_SECONDS / of.REFRESH_SECONDS)
    return Activity(
        ingest_calls=flow.calls,
        evaluate_calls=rounds,
        reports=flow.reports,
        points=flow.reports * series_of(work),
        ingest=of_ingest(flow.batch).times(flow.calls) + REFRESH.times(looks),
        evaluate=_evaluate(work, flow, rounds),
        ingest_seconds=_ingest_seconds(work),
        evaluate_seconds=_evaluate_seconds(work, flow),
        stored_bytes=_stored(work, flow),
    )


def series_of(work: Workload) -> int:
    """Return how many series the reports of a monitor make."""
    if not work.objects:
        return 0
    performance = min(1, work.shape.performance_findings)
    return of.SUMMARY_SERIES + performance + (work.findings if work.detail is Detail.COLUMNS else 0)


def _flow(work: Workload, most: int, wait_seconds: float, rounds: float) -> _Flow:
    if not work.objects:
        return _Flow(0, Batch(0, 0), 0, 0, 0, 0, 0)
    waiting = work.objects / of.MONTH_SECONDS * wait_seconds
    batch = min(max(1.0, waiting), float(most))
    calls = work.objects / batch
    windows = of.MONTH_SECONDS / work.shape.window_seconds
    packets = Batch(batch, work.object_bytes).packets * calls
    profiles = packets + windows  # objects hold all that came since the ones before, across the ends of windows
    apart, lasts = of.MONTH_SECONDS / calls, work.shape.window_seconds + work.shape.lateness_seconds
    seen = min(1.0, lasts / apart)  # the share of windows whose first logs come before they are over
    changes = min(calls, rounds) + windows
    return _Flow(
        calls=calls,
        batch=Batch(batch, work.object_bytes, profiles / packets, work.shape.format),
        profiles=profiles,
        windows=windows,
        evaluated=changes + windows * seen,  # once more when a window is over
        reports=windows * (_news_of(changes / windows) + seen),
        going_on=seen * (lasts - seen * apart / 2) / work.shape.window_seconds,  # logs come up to so long after a start
    )


def _news_of(changes: float) -> float:
    """Return how many reports of a window so many changes make, if each brings as many rows."""
    reports = told = GROWTH + 1  # until then each change brings that much more
    if changes <= told:
        return changes
    while (told := told + min(math.ceil(told / GROWTH), math.ceil(changes / PARTS))) <= changes:
        reports += 1
    return reports


def _evaluate(work: Workload, flow: _Flow, rounds: float) -> Requests:
    asked = IDLE_ROUND.times(rounds) + REFRESH.times(rounds)
    if not flow.reports:
        return asked
    profiles, reports = flow.profiles / flow.windows, flow.reports / flow.windows
    fresh = flow.profiles / flow.evaluated
    kept = flow.reports * work.kept_months
    return (
        asked
        + of_open_window(profiles / 2).times(flow.going_on * rounds)
        + of_evaluation(fresh, profiles / 2, reports / 2).times(flow.evaluated)
        + STILL_OPEN.times(flow.evaluated - flow.windows)
        + NEWS.times(flow.reports)
        + of_first_report(kept / 2).times(flow.windows)
    )


def _ingest_seconds(work: Workload) -> float:
    small, large = 1 / of.SMALL_OBJECTS_PER_SECOND, 1 / of.OBJECTS_OF_1000_ROWS_PER_SECOND
    lines, own = of.ROWS_PER_SECOND[LogFormat.JSONL], of.ROWS_PER_SECOND.get(work.shape.format)
    row = (large - small) / 1000 * (lines / (own or lines))
    return work.objects * small + work.rows * row * work.shape.columns / of.BENCHMARK_COLUMNS


def _evaluate_seconds(work: Workload, flow: _Flow) -> float:
    columns = work.shape.columns
    judging = flow.evaluated * (1 + work.segments) * of.REPORT_SECONDS
    return columns * (judging + flow.profiles * of.MERGE_SECONDS)


def _stored(work: Workload, flow: _Flow) -> float:
    """Return the bytes of profiles and reports; what is written over is not counted."""
    if not flow.reports:
        return 0.0
    shape, times = work.shape, 1 + work.segments
    rows = work.rows / flow.profiles
    numeric = min(of.PROFILE_NUMERIC_MOST, of.PROFILE_NUMERIC + of.PROFILE_VALUE * rows)
    profile = of.PROFILE_BASE + times * (shape.numeric * numeric + (shape.columns - shape.numeric) * of.PROFILE_OTHER)
    pictures = shape.numeric * of.REPORT_NUMERIC + (shape.columns - shape.numeric) * of.REPORT_OTHER
    inputs = min(1000.0, work.objects / flow.windows) * of.REPORT_INPUT
    report = of.REPORT_BASE + times * pictures + inputs
    return flow.profiles * profile + flow.reports * report
