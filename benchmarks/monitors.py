"""The monitors of the benchmarks' logs: id and time as columns, or in an envelope, and a wide one."""

from __future__ import annotations

import json
from typing import Any

from atalaia.monitor_file import Monitor, load_monitor
from columns import CATEGORICALS, FEATURES, INTEGERS, SCORE, WIDE, Layout
from formats import Format

_IDENTITY = [{"name": "id", "type": "string", "role": "id"}, {"name": "ts", "type": "time", "role": "time"}]


def monitor_of(layout: Layout, format_: Format) -> Monitor:
    """Return the monitor that reads logs of this layout and format."""
    names = WIDE if layout is Layout.WIDE else FEATURES
    columns = [_column(name) for name in names]
    if layout is Layout.LOG and not format_.is_enveloped:
        columns = [*_IDENTITY, *columns]
    text = {"name": "bench", "model": {"name": "bench"}, "logs": {"source": "logs"}, "output": "out"}
    return load_monitor(json.dumps({**text, "window": "1d", "columns": columns}), "monitor.yaml")


def monitor_text(name: str, logs: str, output: str, reference: str) -> str:
    """Return the monitor file *name* of plain logs at a place, with its output and its reference data."""
    columns = [*_IDENTITY, *(_column(each) for each in FEATURES)]
    places = {"logs": {"source": logs}, "output": output, "baseline": {"data": [reference]}}
    return json.dumps({"name": name, "model": {"name": name}, **places, "window": "1d", "columns": columns})


def _column(name: str) -> dict[str, Any]:
    if name in INTEGERS:
        return {"name": name, "type": "integer"}
    if name in CATEGORICALS:
        return {"name": name, "type": "string"}
    return {"name": name, "role": "score"} if name == SCORE else {"name": name}
