"""What a report tells the outside: points for metrics, and one event for each finding.

Both are pure functions of a stored report and the time it was stored at, so that sending them again changes nothing:
the points have the same time and value, the events the same ids. All points are larger when things are worse, and the
largest one of a period is the one to watch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from atalaia.checks import DATA_DRIFT, MULTIVARIATE_DRIFT, PERFORMANCE, PREDICTION_DRIFT, QUALITY, STABILITY
from atalaia.ports import Point
from atalaia.report import Finding, Report
from atalaia.window import SECOND, iso, parse_time
from atalaia.wording import STATUSES

DRIFT, DRIFTED, QUALITY_POINT = "ml.monitor.drift", "ml.monitor.drifted", "ml.monitor.quality"
PERFORMANCE_POINT = "ml.monitor.performance"
FINDINGS, LAG, REJECTED, ROWS = "ml.monitor.findings", "ml.monitor.lag", "ml.monitor.rejected", "ml.monitor.rows"

UNITS = {
    ROWS: "{row}",
    REJECTED: "{row}",
    LAG: "s",
    FINDINGS: "{finding}",
    DRIFT: "1",
    DRIFTED: "1",
    QUALITY_POINT: "1",
    PERFORMANCE_POINT: "1",
}
"""Every metric's unit, as UCUM writes it."""

_NAME_OF_SIGNAL = {
    DATA_DRIFT: DRIFT,
    PREDICTION_DRIFT: DRIFT,
    MULTIVARIATE_DRIFT: DRIFT,
    QUALITY: QUALITY_POINT,
    STABILITY: QUALITY_POINT,
    PERFORMANCE: PERFORMANCE_POINT,
}


class Detail(StrEnum):
    """How many series a report makes: a fixed few, or one more for each finding."""

    SUMMARY = "summary"
    COLUMNS = "columns"


def report_points(report: Report, time: int, detail: Detail = Detail.SUMMARY) -> list[Point]:
    """Return the points of *report*, which was stored at *time*, in µs since 1970."""
    own = (("monitor", report.monitor), ("model", report.model))
    points = [Point(name, value, (*own, *more), time) for name, value, more in _summary(report, time)]
    if detail is Detail.COLUMNS:
        version = (("model.version", report.model_version),) if report.model_version else ()
        points += [
            Point(_NAME_OF_SIGNAL[finding.signal], finding.value, (*own, *version, *_place(finding)), time)
            for finding in report.findings
            if finding.value is not None and finding.signal in _NAME_OF_SIGNAL
        ]
    return points


def _summary(report: Report, time: int) -> Iterator[tuple[str, float, tuple[tuple[str, str], ...]]]:
    yield ROWS, report.rows, ()
    yield REJECTED, sum(report.rejected.values()), ()
    yield LAG, lag_seconds(report, time), ()
    for status in STATUSES[:-1]:
        yield FINDINGS, sum(finding.status == status for finding in report.findings), (("status", status),)
    decided = [finding for finding in report.findings if finding.status != "undecided"]
    for name in (DRIFT, PERFORMANCE_POINT):
        told = [finding for finding in decided if _NAME_OF_SIGNAL.get(finding.signal) == name]
        ratios = [_of_limit(finding) for finding in told if finding.value is not None and finding.threshold is not None]
        if ratios:
            yield name, max(ratios), (("metric", "of_limit"),)
    share = drifted_share(report)
    if share is not None:
        yield DRIFTED, share, ()
    quality = [finding.status != "ok" for finding in decided if _NAME_OF_SIGNAL.get(finding.signal) == QUALITY_POINT]
    if quality:
        yield QUALITY_POINT, sum(quality) / len(quality), (("metric", "failed_share"),)


def _of_limit(finding: Finding) -> float:
    """Return how many times its alert limit a finding is: above 1 exactly if it alerts, also where limits lie below."""
    given = finding.threshold if finding.evidence is None else finding.evidence.alert
    alert = finding.status == "alert"
    if finding.threshold == 0:
        return _MOST if alert else 0.0
    value, limit = (max(each or 0.0, _LEAST) for each in (finding.value, given or finding.threshold))
    ratio = value / limit
    ratio = ratio if (ratio > 1) == alert else min(1 / ratio, _MOST)
    return ratio if (ratio > 1) == alert else _BARELY if alert else 1.0  # at the limit, or both below 0


_LEAST, _MOST = 1e-12, 1e3  # a probability of 0 is that many times below its limit
_BARELY = 1 + 1e-9


def drifted_share(report: Report) -> float | None:
    """Return which share of the columns that could be judged has an alert of drift, 0..1; None if there are none."""
    drift = [f for f in report.findings if _NAME_OF_SIGNAL.get(f.signal) == DRIFT and f.status != "undecided"]
    alerts = {f.column: False for f in drift if f.column is not None and f.segment is None}
    alerts |= {f.column: True for f in drift if f.column in alerts and f.segment is None and f.status == "alert"}
    return sum(alerts.values()) / len(alerts) if alerts else None


def _place(finding: Finding) -> Iterator[tuple[str, str]]:
    yield "signal", finding.signal
    yield "metric", finding.metric
    if finding.column is not None:
        yield "column", finding.column
    if finding.segment is not None:
        yield "segment", finding.segment


def lag_seconds(report: Report, time: int) -> float:
    """Return how long after its window's end the report was stored; 0 if the window was not over."""
    end = parse_time(report.end)
    return 0.0 if end is None else max(0, time - end) / SECOND


def report_events(report: Report, revision: int, time: int) -> Iterator[dict[str, Any]]:
    """Yield an event for *report*, and one for each of its findings.

    Keys and ids are the same whenever it is done, so an event that was written twice can be told from two events.
    """
    own = {
        "time": iso(time),
        "monitor": report.monitor,
        "model": report.model,
        "model_version": report.model_version,
        "window_start": report.start,
        "window_end": report.end,
        "revision": revision,
        "final": report.final,
    }
    about = {"status": report.status, "rows": report.rows, "rejected": report.rejected, "late": report.late}
    lag = {"lag_seconds": lag_seconds(report, time), "baseline": report.baseline.version}
    yield {"event": "ml.monitor.report", "id": _id(report, revision), **own, **about, **lag}
    for finding in report.findings:
        told = {name: getattr(finding, name) for name in Finding.__struct_fields__ if name != "evidence"}
        if finding.evidence is not None and finding.evidence.p_value is not None:
            told["p_value"] = finding.evidence.p_value
        place = (finding.signal, finding.metric, finding.column or "", finding.segment or "")
        yield {"event": "ml.monitor.finding", "id": _id(report, revision, *place), **own, **told}


def _id(report: Report, revision: int, *place: str) -> str:
    parts = (report.monitor, report.start, str(revision), *place)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
