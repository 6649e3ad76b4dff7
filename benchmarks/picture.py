"""The picture for the docs: rows per processor second as bars, ours against the peers and against the bare decode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from goals import Results, figures_of, seconds
from running import Outcome

_WIDTH, _LABELS, _LONGEST = 800, 230, 330
_BAR, _STEP, _HEAD = 16, 24, 56
_OURS, _OTHERS, _TEXT, _FAINT = "#0b6e4f", "#cbd5dc", "#1f2933", "#52606d"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: how long ours is and how long the other's, as shares of the longest; and what stands behind it."""

    label: str
    note: str
    ours: float = 0.0
    other: float = 0.0


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars on one scale, under a title and a line that says what they are."""

    title: str
    subtitle: str
    bars: Sequence[Bar]

    @property
    def height(self) -> int:
        """Return its height in pixels."""
        return _HEAD + _STEP * len(self.bars) + 20


def panels(results: Results, titles: Mapping[str, str]) -> list[Panel]:
    """Choose what is drawn: the peers if they were run, and each format on the scale of its fastest bare decode."""
    drawn = []
    if "peers" in results:
        subtitle = "rows per CPU second, load + profile + compare; longer is better"
        drawn.append(Panel("One window against a baseline", subtitle, _peer_bars(results["peers"])))
    formats = [bar for job in results for bar in _format_bars(titles[job], results[job])]
    if formats:
        subtitle = "rows per CPU second; the whole bar is the fastest engine that only decodes the same file"
        drawn.append(Panel("Profiling a log, as a part of what decoding alone allows", subtitle, formats))
    return drawn


def _peer_bars(outcomes: Sequence[Outcome]) -> list[Bar]:
    ours = figures_of(outcomes)
    if not ours:
        return []
    took = seconds(outcomes, "peer", "window_cpu_s")
    own = ours["profile_cpu_s"] + ours["compare_cpu_s"]
    least, rows = min([own, *took.values()]), ours["rows"]
    bars = [Bar("Atalaia", f"{rows / own:,.0f}", ours=least / own)]
    for name, cpu in sorted(took.items(), key=lambda pair: pair[1]):
        slower = f"{cpu / own:,.1f} times slower" if cpu >= own else f"{own / cpu:,.1f} times faster"
        bars.append(Bar(name, f"{rows / cpu:,.0f}, {slower}", other=least / cpu))
    return bars


def _format_bars(title: str, outcomes: Sequence[Outcome]) -> list[Bar]:
    ours, decodes = figures_of(outcomes), seconds(outcomes, "decode", "decode_cpu_s")
    if not ours or not decodes:
        return []
    share, rate = ours["share_of_decode"], ours["rows_per_cpu_s"]
    note = f"{rate:,.0f} of {ours['rows'] / min(decodes.values()):,.0f}, {share:.0%}"
    return [Bar(title, note, ours=min(share, 1.0), other=1.0)]


def draw(drawn: Sequence[Panel]) -> str:
    """Return the panels, one below the other, as an SVG document."""
    height = sum(panel.height for panel in drawn) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13" aria-labelledby="title">',
        '<title id="title">Rows per CPU second: Atalaia, its peers, and the bare decode</title>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    top = 6
    for panel in drawn:
        parts += _panel(panel, top)
        top += panel.height
    return "\n".join([*parts, "</svg>\n"])


def _panel(panel: Panel, top: int) -> list[str]:
    parts = [
        _text(12, top + 20, panel.title, _TEXT, 'font-size="16" font-weight="600"'),
        _text(12, top + 40, panel.subtitle, _FAINT),
    ]
    for place, bar in enumerate(panel.bars):
        base = top + _HEAD + place * _STEP + _BAR
        end = _LABELS + _LONGEST * max(bar.ours, bar.other)
        parts.append(_text(_LABELS - 8, base, bar.label, _TEXT, 'text-anchor="end"'))
        parts += [_strip(base, share, colour) for share, colour in ((bar.other, _OTHERS), (bar.ours, _OURS)) if share]
        parts.append(_text(end + 8, base, bar.note, _FAINT))
    return parts


def _strip(base: int, share: float, colour: str) -> str:
    width = max(_LONGEST * share, 1.0)
    return f'<rect x="{_LABELS}" y="{base - 12}" width="{width:.1f}" height="{_BAR}" rx="2" fill="{colour}"/>'


def _text(left: float, base: float, text: str, colour: str, more: str = "") -> str:
    return f'<text x="{left:.1f}" y="{base}" fill="{colour}" {more}>{escape(text)}</text>'
