"""Draws what panels show as SVG, for the docs: our own drawing, as none of these services can be had here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any

from library import Panel, Row, limits

_CELL, _LINE, _EDGE = 50, 30, 10
_TEXT, _FAINT, _FRAME, _LIMIT = "#1f2933", "#52606d", "#d9e2ec", "#c0392b"
_SERIES = ("#0b6e4f", "#b8651b", "#34558b", "#7b3f8c")
_STATES = {"alert": "#c0392b", "warning": "#b8651b", "ok": "#0b6e4f", "completed": "#0b6e4f"}
_HOUR, _SPAN = timedelta(hours=1), 48
_CHARACTER = 6.4  # pixels, of the font below, about

Answer = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class _Frame:
    """Where a panel lies, in pixels."""

    left: float
    top: float
    width: float
    height: float


def picture(shown: Sequence[Row], answers: Sequence[tuple[str, Answer]], now: datetime) -> str:
    """Return rows of panels, one below the other.

    Args:
        shown: The rows.
        answers: In their order, the title of each panel, and the rows that answer its query.
        now: What times are told from.
    """
    parts, top, given = [], 0, iter(answers)
    for row in shown:
        parts.append(_text(_EDGE, top + 22, row.title, _TEXT, 'font-size="16" font-weight="600"'))
        used = 0
        for panel in row.panels:
            line = top + _LINE * (1 + row.height * (used // 24))
            frame = _Frame(used % 24 * _CELL, line, panel.width * _CELL, row.height * _LINE)
            parts += _panel(panel, frame, *next(given), now)
            used += panel.width
        top += _LINE * (1 + row.height * -(-used // 24))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {24 * _CELL} {top}" role="img" font-size="12"'
    title = "What the panels of a dashboard show of two made-up days"
    first = f'{head} font-family="system-ui, sans-serif" aria-labelledby="title">\n<title id="title">{title}</title>'
    return "\n".join([first, f'<rect width="{24 * _CELL}" height="{top}" fill="#ffffff"/>', *parts, "</svg>\n"])


def _panel(panel: Panel, frame: _Frame, title: str, answer: Answer, now: datetime) -> Iterator[str]:
    shape = f'x="{frame.left + 3}" y="{frame.top + 3}" width="{frame.width - 6}" height="{frame.height - 6}" rx="4"'
    yield f'<rect {shape} fill="none" stroke="{_FRAME}"/>'
    yield _text(frame.left + _EDGE, frame.top + 22, title, _TEXT, 'font-weight="600"')
    inner = _Frame(frame.left + _EDGE, frame.top + 34, frame.width - 2 * _EDGE, frame.height - 44)
    yield from _chart(panel, inner, answer, now) if panel.chart or not panel.query else _table(inner, answer, now)


def _table(frame: _Frame, answer: Answer, now: datetime) -> Iterator[str]:
    """Draw as many lines as there is room for."""
    cells = [{name: _told(name, value, now) for name, value in each.items()} for each in answer]
    cells = cells[: int(frame.height // 18) - 1]
    left = frame.left
    for name in answer[0]:
        yield _text(left, frame.top + 12, name, _FAINT)
        for place, each in enumerate(cells, 1):
            yield _text(left, frame.top + 12 + 18 * place, each[name], _STATES.get(each[name], _TEXT))
        left += _CHARACTER * max(len(name), *(len(each[name]) for each in cells)) + 20


def _told(name: str, value: Any, now: datetime) -> str:
    if isinstance(value, str) and value[10:11] == "T":
        return f"{_age(value, now):.0f} h ago"
    if name.endswith("_minutes"):
        return str(value // 60 * 60)  # the hour is not over
    return f"{value:.3g}" if isinstance(value, float) else "" if value is None else str(value).lower()


def _age(text: str, now: datetime) -> float:
    return (now - datetime.fromisoformat(text)) / _HOUR


def _chart(panel: Panel, frame: _Frame, answer: Answer, now: datetime) -> Iterator[str]:
    """Draw lines from two days ago until now, from 0 up to the largest value or the limit."""
    columns = panel.chart or {"time": "timestamp", "value": "value", "by": "monitor"}
    limit = limits().get(panel.limit) or None
    most = panel.most or 1.1 * max(*(each[columns["value"]] for each in answer), limit or 0, 1)
    left, right, low = frame.left + 26, frame.left + frame.width, frame.top + frame.height - 34

    def place(hours: float, value: float) -> tuple[float, float]:
        return right - (right - left) * hours / _SPAN, low - (low - frame.top) * value / most

    yield f'<path d="M{left} {frame.top}V{low}H{right}" fill="none" stroke="{_FAINT}"/>'
    yield _text(left - 6, frame.top + 8, f"{most:.2g}", _FAINT, 'text-anchor="end"')
    yield _text(left - 6, low, "0", _FAINT, 'text-anchor="end"')
    yield _text(left, low + 15, "48 h ago", _FAINT) + _text(right, low + 15, "now", _FAINT, 'text-anchor="end"')
    if limit:
        yield f'<path d="M{left} {place(0, limit)[1]:.1f}H{right}" stroke="{_LIMIT}" stroke-dasharray="5 4"/>'
    names = sorted({each[columns["by"]] for each in answer})
    for number, name in enumerate(names):
        color = _SERIES[number % len(_SERIES)]
        points = [
            (_age(each[columns["time"]], now), each[columns["value"]]) for each in answer if each[columns["by"]] == name
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in sorted(points)))
        yield f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.6"/>'
        yield _text(left + min(120, (right - left) / len(names)) * number, low + 32, f"— {name}", color)


def _text(left: float, base: float, text: str, color: str, more: str = "") -> str:
    return f'<text x="{left:.1f}" y="{base:.1f}" fill="{color}"{" " * bool(more)}{more}>{escape(text)}</text>'
