"""The picture for the docs: grids of rules by window sizes, each cell as dark as its share is large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from simulation.results import Record

_WIDTH, _LABELS, _CELL, _ROW, _HEAD = 800, 170, 84, 24, 76
_TEXT, _FAINT, _FALSE, _FOUND = "#1f2933", "#52606d", "#c0392b", "#0b6e4f"
_HALF = 0.55  # from here on the text on a cell is white


@dataclass(frozen=True, slots=True)
class Grid:
    """One grid: a figure of the normal population in one setting."""

    title: str
    subtitle: str
    figure: str
    columns: int
    shift: float
    colour: str


GRIDS = (
    Grid("No drift, one column", "share of windows that alarm, %", "family_wise", 1, 0.0, _FALSE),
    Grid("No drift, 100 columns", "share of windows with any alarm, %", "family_wise", 100, 0.0, _FALSE),
    Grid("One column has moved by 0.2 sd", "share of windows in which it is found, %", "power", 1, 0.2, _FOUND),
)


def draw(records: Sequence[Record]) -> str:
    """Return the grids, one below the other, as an SVG document."""
    normal = [r for r in records if r.get("population") == "normal" and r["baseline"] == 10_000 and "course" not in r]
    chosen = [(grid, _of(grid, normal)) for grid in GRIDS]
    drawn = [(grid, cells) for grid, cells in chosen if cells]
    rules = list(dict.fromkeys(r["rule"] for _, cells in drawn for r in cells))
    height = len(drawn) * (_HEAD + _ROW * len(rules) + 16) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13" aria-labelledby="title">',
        '<title id="title">False alarms and drift found, by window size: Atalaia and other tools\' defaults</title>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for place, (grid, cells) in enumerate(drawn):
        parts += _grid(grid, cells, rules, 6 + place * (_HEAD + _ROW * len(rules) + 16))
    return "\n".join([*parts, "</svg>\n"])


def _of(grid: Grid, records: Sequence[Record]) -> list[Record]:
    return [r for r in records if r["columns"] == grid.columns and r["shift"] == grid.shift]


def _grid(grid: Grid, cells: Sequence[Record], rules: Sequence[str], top: int) -> list[str]:
    sizes = sorted({r["rows"] for r in cells})
    parts = [
        _text(12, top + 20, grid.title, _TEXT, 'font-size="16" font-weight="600"'),
        _text(12, top + 40, f"{grid.subtitle}; normal, baseline of 10,000 rows, windows of", _FAINT),
    ]
    parts += [_text(_centre(place), top + 64, f"{rows:,}", _FAINT, _MIDDLE) for place, rows in enumerate(sizes)]
    for line, rule in enumerate(rules):
        base = top + _HEAD + line * _ROW
        bold = 'text-anchor="end"' + (' font-weight="600"' if rule.startswith("Atalaia") else "")
        parts.append(_text(_LABELS - 8, base + 12, rule, _TEXT, bold))
        shares = {r["rows"]: r[grid.figure][0] for r in cells if r["rule"] == rule}
        for place, rows in enumerate(sizes):
            if rows in shares:
                parts += _cell(place, base, shares[rows], grid.colour)
    return parts


_MIDDLE = 'text-anchor="middle"'


def _centre(place: int) -> float:
    return _LABELS + (place + 0.5) * _CELL


def _cell(place: int, base: int, share: float, colour: str) -> list[str]:
    shown = f"{100 * share:.0f}" if share >= 0.0995 or not share else f"{100 * share:.1f}"
    box = f'x="{_LABELS + place * _CELL + 1}" y="{base - 4}" width="{_CELL - 2}" height="{_ROW - 2}" rx="2"'
    return [
        f'<rect {box} fill="{colour}" fill-opacity="{0.05 + 0.95 * share:.2f}"/>',
        _text(_centre(place), base + 12, shown, "#ffffff" if share > _HALF else _TEXT, _MIDDLE),
    ]


def _text(left: float, base: int, text: str, colour: str, more: str = "") -> str:
    return f'<text x="{left:.1f}" y="{base}" fill="{colour}" {more}>{escape(text)}</text>'
