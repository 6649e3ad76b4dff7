"""What dashboards show, as panels.json says, and what they ask: the files of infra/queries, and points of metrics."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
_QUERIES = HERE.parent / "queries"
_OWN_RANGE = re.compile(r"timestamp > ago\([17]d\)")  # a longer one is not shortened: since when, what was done
_OF_MONITORS = re.compile(r"(?<!\.)\bmonitor\b(?!\.)")  # the field, not the beginning of an event's name
_TOLD_OF_MONITORS = re.compile(r"(custom(?:Events|Metrics)\s*\| where timestamp [^\n]*)")


@dataclass(frozen=True)
class Panel:
    """One of a row: a metric, or the answer to a query.

    Attributes:
        width: Of 24.
        title: Above it; of a query, its question.
        metric: A metric's name.
        dimensions: Which of the metric's series, beside `monitor` and `model`.
        limit: The alarm's limit that it is held to, as infra/settings name it.
        most: The largest value that there can be.
        calls: Whether the metric is of calls, and has no monitor.
        statistic: How CloudWatch calls what holds of several values.
        now: Whether only the latest value counts.
        query: The name of a file in infra/queries; it is asked instead of the metric where that can be done.
        chart: If the answer is drawn: its columns `time`, `value` and `by`.
    """

    width: int
    title: str = ""
    metric: str = ""
    dimensions: dict[str, str] = field(default_factory=dict)
    limit: str = ""
    most: float | None = None
    calls: bool = False
    statistic: str = "Maximum"
    now: bool = False
    query: str = ""
    chart: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """A question of who is on call, and the panels that answer it."""

    title: str
    height: int
    panels: tuple[Panel, ...]


def rows() -> list[Row]:
    """Return what dashboards show, from top to bottom."""
    told = json.loads((HERE / "panels.json").read_text())["rows"]
    return [Row(each["title"], each["height"], tuple(Panel(**panel) for panel in each["panels"])) for each in told]


def has(panel: Panel, language: str) -> bool:
    """Tell whether a panel's query exists in a *language*, `kql` or `insights`."""
    return bool(panel.query) and (_QUERIES / f"{panel.query}.{language}").exists()


def limits() -> dict[str, float | None]:
    """Return the limits that alarms have unless others are given."""
    told: dict[str, float | None] = json.loads((HERE.parent / "settings/aws.json").read_text())["alarms"]
    return told


def question(panel: Panel, language: str) -> str:
    """Return the question that a panel's query answers."""
    return _text(panel, language).splitlines()[0].lstrip("/# ")


def insights(panel: Panel, monitors: str) -> str:
    """Return a panel's query for Logs Insights, without its comments, of *monitors*, a regular expression."""
    text = "\n".join(line for line in _text(panel, "insights").splitlines() if not line.startswith("#"))
    return f"filter monitor like /^{monitors}$/\n| {text}" if _OF_MONITORS.search(text) else text


def kql(panel: Panel, time: str, monitors: str) -> str:
    """Return a panel's query in KQL.

    Args:
        panel: What asks.
        time: The condition that stands for the dashboard's range of time.
        monitors: What stands for the chosen monitors: their names in quotes, or '*'.
    """
    chosen = f"('*' in ({monitors}) or tostring(customDimensions.monitor) in ({monitors}))"
    text = (_text(panel, "kql") if panel.query else _points(panel)).rstrip()
    if panel.chart:
        text = f"{text.removesuffix('| render timechart')}| project {', '.join(panel.chart.values())}"
    if not panel.calls:
        text = _TOLD_OF_MONITORS.sub(rf"\1\n    | where {chosen}", text)
    return _OWN_RANGE.sub(time, text)


def monitors() -> str:
    """Return a query of the names of all monitors, in KQL."""
    health = kql(Panel(24, query="health"), "timestamp > ago(30d)", "'*'")
    return f"{health}\n| project monitor\n| order by monitor asc"


def _points(panel: Panel) -> str:
    """Return a query of a metric's points: what a report tells again has the same value, so the largest holds."""
    value = "sum(valueSum)" if panel.statistic == "Sum" else "max(valueMax)"
    by = "" if panel.calls else ", monitor = tostring(customDimensions.monitor)"
    conditions = [f'name == "{panel.metric}"']
    conditions += [f'tostring(customDimensions.{name}) == "{value}"' for name, value in panel.dimensions.items()]
    return (
        "customMetrics\n"
        f"| where timestamp > ago(7d) and {' and '.join(conditions)}\n"
        f"| summarize value = {value} by timestamp = bin(timestamp, 5m){by}\n"
        "| order by timestamp asc\n"
    )


def _text(panel: Panel, language: str) -> str:
    return (_QUERIES / f"{panel.query}.{language}").read_text()
