"""The picture of a backtest: what happened above, what would have below, window by window over time, as SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape

from msgspec import Struct

from atalaia import wording
from atalaia.monitoring.backtesting import Backtest, Compared, Side
from atalaia.window import Window, iso

_WIDTH, _LEFT, _RIGHT = 800, 132, 16
_HEAD, _CELLS, _LINE, _ROW, _AXIS = 62, 20, 44, 112, 62
_TEXT, _FAINT, _GRID, _SHARE = "#1f2933", "#52606d", "#e4e7eb", "#52606d"
_COLOURS = {"alert": "#c0392b", "warning": "#e9b44c", "ok": "#cfe6dc", "undecided": "#dde3e9"}
_ACTION, _DIFFERS = "#1f2933", "#0f6674"
_MOST_CELLS = 330  # so that each is two pixels wide
_TICKS, _CHARACTER = 6, 6.5
_NAME_LENGTH = 40
_RANK = {status: rank for rank, status in enumerate(("alert", "warning", "ok", "undecided"))}


class _Cell(Struct, frozen=True):
    """Windows beside each other, drawn as one: when, the worst status, the largest drifted share, what was done."""

    start: int
    end: int
    status: str
    drifted: float | None
    actions: tuple[str, ...]
    told: str


class _Scale(Struct, frozen=True):
    """Where moments lie."""

    first: int
    last: int

    def x(self, moment: int) -> float:
        return _LEFT + (moment - self.first) / (self.last - self.first) * (_WIDTH - _LEFT - _RIGHT)


def draw(found: Backtest) -> str:
    """Return both sides, one below the other, as an SVG document."""
    return f"{drawn(found, 'http://www.w3.org/2000/svg')}\n"


def drawn(found: Backtest, namespace: str = "") -> str:
    """Return the same as a part of an HTML page, or with the *namespace* of a document of its own."""
    windows = [each.window for each in found.windows]
    scale = _Scale(windows[0].start, windows[-1].end)
    top = _highest(found)
    height = _HEAD + 2 * _ROW + _AXIS
    xmlns = f'xmlns="{namespace}" ' if namespace else ""
    name, differ = wording.shortened(found.monitor, _NAME_LENGTH), sum(each.differs for each in found.windows)
    title = f"Backtest of {found.monitor}: {differ:,} of {wording.plural(len(windows), 'window')} differ"
    parts = [
        f'<svg {xmlns}viewBox="0 0 {_WIDTH} {height}" role="img" font-family="system-ui, sans-serif" font-size="13" '
        'aria-labelledby="title">',
        f'<title id="title">{escape(title)}</title>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(12, 26, f"{name}: what happened, and what would have", _TEXT, 'font-size="16" font-weight="600"'),
        _text(12, 46, f"{wording.span(iso(scale.first), iso(scale.last))}; {title.partition(': ')[2]}", _FAINT),
        *_ticks(windows, scale, height),
    ]
    for place, (which, totals, side) in enumerate((("then", found.then, _then), ("now", found.now, _now))):
        counted = [wording.plural(totals.alarms, "alarm"), wording.plural(totals.actions, "action")]
        cells = list(_cells(found.windows, side))
        parts += _row([which, *counted], cells, scale, top, _HEAD + place * _ROW)
    parts += _differences(found.windows, scale, _HEAD + _ROW + 14 + _CELLS + 2)
    return "\n".join([*parts, *_legend(height), "</svg>"])


def _then(compared: Compared) -> Side | None:
    return compared.then


def _now(compared: Compared) -> Side | None:
    return compared.now


def _highest(found: Backtest) -> float:
    """Return the share at the top of both lines."""
    sides = (side for each in found.windows for side in (each.then, each.now))
    return max([0.1, *(side.drifted for side in sides if side is not None and side.drifted is not None)])


def _cells(windows: Sequence[Compared], side: Callable[[Compared], Side | None]) -> Iterator[_Cell]:
    """Yield the windows of one side, several as one where there are too many to see each."""
    together = -(-len(windows) // _MOST_CELLS)
    for place in range(0, len(windows), together):
        some = windows[place : place + together]
        told = [found for each in some if (found := side(each)) is not None]
        if told:
            yield _cell(some[0].window.start, some[-1].window.end, told)


def _cell(start: int, end: int, told: Sequence[Side]) -> _Cell:
    shares = [side.drifted for side in told if side.drifted is not None]
    actions = tuple(deed.policy for side in told for deed in side.actions if deed.runs)
    status = min((side.status for side in told), key=lambda each: _RANK.get(each, len(_RANK)))
    counted = [wording.plural(sum(side.count(each) for side in told), each) for each in ("alert", "warning")]
    words = f"{wording.span(iso(start), iso(end))}: {', '.join([*counted, *actions])}"
    return _Cell(start, end, status, max(shares, default=None), actions, words)


def _row(told: Sequence[str], cells: Sequence[_Cell], scale: _Scale, top: float, base: int) -> list[str]:
    floor = base + 14 + _CELLS + 10 + _LINE
    parts = [
        _text(12, base + 29, told[0], _TEXT, 'font-weight="600"'),
        _text(12, base + 48, told[1], _FAINT, 'font-size="12"'),
        _text(12, base + 64, told[2], _FAINT, 'font-size="12"'),
        f'<path d="M{_LEFT} {floor}H{_WIDTH - _RIGHT}M{_LEFT} {floor - _LINE}H{_WIDTH - _RIGHT}" stroke="{_GRID}"/>',
        _text(_LEFT - 6, floor + 4, "0%", _FAINT, 'text-anchor="end" font-size="11"'),
        _text(_LEFT - 6, floor - _LINE + 4, f"{100 * top:.0f}%", _FAINT, 'text-anchor="end" font-size="11"'),
    ]
    for cell in cells:
        parts += _drawn_cell(cell, scale, base)
    points = _line([(scale.x((cell.start + cell.end) // 2), cell.drifted) for cell in cells], top, floor)
    return [*parts, f'<path d="{points}" fill="none" stroke="{_SHARE}" stroke-width="1.5" stroke-linejoin="round"/>']


def _drawn_cell(cell: _Cell, scale: _Scale, base: int) -> list[str]:
    left, right = scale.x(cell.start), scale.x(cell.end)
    width = right - left - (1 if right - left > 4 else 0)
    colour = _COLOURS.get(cell.status, _COLOURS["undecided"])
    box = f'x="{left:.1f}" y="{base + 14}" width="{width:.2f}" height="{_CELLS}"'
    parts = [f'<rect {box} fill="{colour}"><title>{escape(cell.told)}</title></rect>']
    if cell.actions:
        middle = (left + right) / 2
        parts.append(f'<path d="M{middle - 5:.1f} {base + 2}h10l-5 9z" fill="{_ACTION}"/>')
    return parts


def _line(points: Sequence[tuple[float, float | None]], top: float, floor: int) -> str:
    path, pen = "", "M"
    for x, share in points:
        path += "" if share is None else f"{pen}{x:.1f} {floor - share / top * _LINE:.1f}"
        pen = "M" if share is None else "L"
    return path


def _differences(windows: Sequence[Compared], scale: _Scale, base: int) -> Iterator[str]:
    """Underline what differs."""
    for each in windows:
        if each.differs:
            left, right = scale.x(each.window.start), scale.x(each.window.end)
            yield f'<rect x="{left:.1f}" y="{base}" width="{max(right - left, 2):.1f}" height="3" fill="{_DIFFERS}"/>'


def _ticks(windows: Sequence[Window], scale: _Scale, height: int) -> Iterator[str]:
    """Draw a line and a date now and then; a date that would be cut off at the right is left out."""
    every = -(-len(windows) // _TICKS)
    base = height - _AXIS + 16
    for window in windows[::every]:
        x = scale.x(window.start)
        yield f'<path d="M{x:.1f} {_HEAD}V{base - 12}" stroke="{_GRID}"/>'
        date = wording.moment(iso(window.start))
        if x + len(date) * _CHARACTER < _WIDTH:
            yield _text(x, base, date, _FAINT, 'font-size="11"')


def _legend(height: int) -> Iterator[str]:
    left, base = float(_LEFT), height - 16
    for status, colour in _COLOURS.items():
        yield f'<rect x="{left}" y="{base - 10}" width="12" height="12" fill="{colour}"/>'
        yield _text(left + 17, base, status, _FAINT, 'font-size="12"')
        left += 34 + 7 * len(status)
    yield f'<path d="M{left} {base - 9}h10l-5 9z" fill="{_ACTION}"/>'
    yield _text(left + 15, base, "action", _FAINT, 'font-size="12"')
    yield f'<rect x="{left + 68}" y="{base - 5}" width="14" height="3" fill="{_DIFFERS}"/>'
    yield _text(left + 87, base, "differs", _FAINT, 'font-size="12"')
    yield f'<path d="M{left + 138} {base - 4}h16" stroke="{_SHARE}" stroke-width="1.5"/>'
    yield _text(left + 159, base, "drifted share of columns", _FAINT, 'font-size="12"')


def _text(left: float, base: int, text: str, colour: str, more: str = "") -> str:
    return f'<text x="{left:.1f}" y="{base}" fill="{colour}" {more}>{escape(wording.printable(text))}</text>'
