"""A backtest as a page to send around: totals, the picture, and the windows that differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from atalaia import wording
from atalaia.monitoring.backtesting import Backtest, Compared
from atalaia_cli.backtest_picture import drawn
from atalaia_cli.backtest_tables import Months, differences, side_text, start_of, total_lines

_MOST_WINDOWS = 400
_STYLE = """
:root{color-scheme:light}
body{font-family:system-ui,sans-serif;max-width:54rem;margin:2rem auto;padding:0 1rem;color:#1f2933;background:#fff;\
overflow-wrap:break-word}
h1{font-size:1.6rem}h2{font-size:1.1rem;margin-top:2rem}.quiet{color:#52606d}.wide{overflow-x:auto}
table{border-collapse:collapse}th{font-weight:400;color:#52606d;text-align:left}
td,th{padding:.3rem 1rem .3rem 0;vertical-align:top;border-bottom:1px solid #e4e7eb}
.totals td,.totals thead th{text-align:right;white-space:nowrap}.windows{font-size:.9rem}
.windows tbody th{white-space:nowrap}
.windows td{white-space:pre-line;min-width:8rem}.windows td:last-child{min-width:16rem}
svg{display:block;width:100%;min-width:42rem;height:auto;margin-top:1rem}
"""


def page(found: Backtest, months: Months | None = None) -> str:
    """Return an HTML page that needs no network."""
    title = escape(f"Backtest of {wording.printable(found.monitor)}")
    notes = "".join(f"<p>{escape(wording.printable(note))}</p>" for note in found.notes)
    totals = _table("totals", ("", "then", "now"), total_lines(found.then, found.now, months))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><meta name="viewport" '
        f'content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head><body><h1>{title}</h1>{notes}'
        f'{totals}<div class="wide">{drawn(found)}</div>{_differing(found.windows)}</body></html>\n'
    )


def _differing(windows: Iterable[Compared]) -> str:
    differ = [each for each in windows if each.differs]
    if not differ:
        return ""
    more = len(differ) - _MOST_WINDOWS
    left_off = (
        f'<p class="quiet">and {wording.plural(more, "more window")}; --json has all of them</p>' if more > 0 else ""
    )
    table = _table("windows", ("window", "then", "now", "what differs"), _lines(differ[:_MOST_WINDOWS]))
    return f'<h2>Windows that would have been otherwise</h2><div class="wide">{table}</div>{left_off}'


def _lines(windows: Iterable[Compared]) -> Iterator[Sequence[str]]:
    for each in windows:
        sides = (side_text(side).plain for side in (each.then, each.now))
        yield start_of(each.window), *sides, "; ".join(differences(each))


def _table(name: str, head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    rows = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for first, *cells in lines
    )
    return f'<table class="{name}"><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>'
