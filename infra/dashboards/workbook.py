"""The workbook of Azure Monitor: a page in the portal that asks an Application Insights resource."""

from __future__ import annotations

import uuid
from typing import Any

from library import Panel, Row, kql, monitors, question, rows

_INTRODUCTION = (
    "From top to bottom: is it healthy, which model, which column, since when, what was done, and does the monitor "
    "itself run. All keeps to the **time range** but *since when* and *what was done*, which look further back."
)
_DAY = 24 * 3_600_000
_RANGES = [_DAY // 24, _DAY // 4, _DAY, 2 * _DAY, 3 * _DAY, 7 * _DAY, 14 * _DAY, 30 * _DAY]
_TIME, _MONITORS = "timestamp {TimeRange}", "{Monitor}"
_SOURCE = {"queryType": 0, "resourceType": "microsoft.insights/components"}
_OWN_TIME = {"timeContext": {"durationMs": 0}}  # the query says it
_SIGNS = {"alert": "4", "warning": "2", "ok": "success"}


def workbook() -> dict[str, Any]:
    """Return the workbook, as it is stored."""
    items = [_text("introduction", _INTRODUCTION), _parameters()]
    for row in rows():
        items.append(_text(row.title, f"## {row.title}"))
        items += [_item(row, panel) for panel in row.panels]
    return {
        "version": "Notebook/1.0",
        "items": items,
        "isLocked": False,
        "$schema": "https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json",
    }


def _text(name: str, markdown: str) -> dict[str, Any]:
    return {"type": 1, "content": {"json": markdown}, "name": name}


def _parameters() -> dict[str, Any]:
    time = {
        **_parameter("TimeRange", "Time range", 4),
        "typeSettings": {"selectableValues": [{"durationMs": each} for each in _RANGES], "allowCustom": True},
        "value": {"durationMs": 7 * _DAY},
    }
    monitor = {
        **_parameter("Monitor", "Monitor", 2),
        **_SOURCE,
        **_OWN_TIME,
        "multiSelect": True,
        "quote": "'",
        "delimiter": ",",
        "query": monitors(),
        "typeSettings": {"additionalResourceOptions": ["value::all"], "selectAllValue": "*", "showDefault": False},
        "defaultValue": "value::all",
        "value": ["value::all"],
    }
    content = {"version": "KqlParameterItem/1.0", "parameters": [time, monitor], "style": "pills", **_SOURCE}
    return {"type": 9, "content": content, "name": "parameters"}


def _parameter(name: str, label: str, kind: int) -> dict[str, Any]:
    own = str(uuid.uuid5(uuid.NAMESPACE_URL, f"atalaia/{name}"))
    common = {"id": own, "version": "KqlParameterItem/1.0", "name": name, "label": label}
    return {**common, "type": kind, "isRequired": True, "isGlobal": True}


def _item(row: Row, panel: Panel) -> dict[str, Any]:
    title = question(panel, "kql") if panel.query else panel.title
    content = {
        "version": "KqlItem/1.0",
        "query": kql(panel, _TIME, _MONITORS),
        "size": 0,
        "title": title,
        "noDataMessage": "Nothing of that in this range of time.",
        "showExportToExcel": True,
        **_OWN_TIME,
        **_SOURCE,
        **_drawn(panel),
    }
    return {"type": 3, "content": content, "customWidth": f"{panel.width / 0.24:.4g}", "name": f"{row.title} {title}"}


def _drawn(panel: Panel) -> dict[str, Any]:
    if panel.query and not panel.chart:
        return {"visualization": "table", "gridSettings": {"formatters": _formatters(), "filter": True}}
    chart = panel.chart or {"time": "timestamp", "value": "value"} | ({} if panel.calls else {"by": "monitor"})
    settings = {"xAxis": chart["time"], "yAxis": [chart["value"]], "group": chart.get("by"), "createOtherGroup": None}
    scale = {} if panel.most is None else {"ySettings": {"min": 0, "max": panel.most}}
    return {"visualization": "timechart", "chartSettings": {**settings, **scale}}


def _formatters() -> list[dict[str, Any]]:
    """Return how columns look, in whichever table they are: signs of states, bars of how bad it is."""
    signs = [
        {"operator": "==", "thresholdValue": status, "representation": sign, "text": "{0}{1}"}
        for status, sign in _SIGNS.items()
    ]
    signs.append({"operator": "Default", "representation": "unknown", "text": "{0}{1}"})
    icons = {"thresholdsOptions": "icons", "thresholdsGrid": signs}
    return [
        {"columnMatch": "^status$", "formatter": 18, "formatOptions": icons},
        {"columnMatch": "^worst_of_limit$", "formatter": 3, "formatOptions": {"min": 0, "palette": "red"}},
    ]
