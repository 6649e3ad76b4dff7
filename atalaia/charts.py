"""The geometry of the report's pictures: numbers in, coordinates out. The template draws them."""

from __future__ import annotations

import math
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from msgspec import Struct

from atalaia.report import Bars
from atalaia.wording import number, percent, shortened

WIDTH = 360
"""Of a chart, in user units; a phone shows it at about its own size, so its text stays readable."""

ROOM = 40
"""Of a category's two bars and the words above them, from top to bottom."""

_HEIGHT, _TOP = 120, 14
_MOST_TICKS, _TICK_CHARACTERS = 6, 44
_MOST_CATEGORIES, _LABEL_LENGTH = 14, 30
_BAR_WIDTH = 300
_SPARK_WIDTH, _SPARK_HEIGHT, _SPARK_MARGIN = 240, 44, 5
_MOST_LIMITS = 3
_GAUGE_TIMES, _GAUGE_BEND = 100, 3


class Tick(Struct, frozen=True):
    """A text below an axis, centred on `x`."""

    x: str
    text: str


class Histogram(Struct, frozen=True):
    """Shares per interval, baseline and current over each other; every interval is drawn equally wide.

    Attributes:
        baseline: The path of the baseline's filled bars.
        line: The path of the steps of the current shares, from the axis and back to it.
        ticks: Some of the inner edges.
        peak: The share at the top of the chart.
        sentence: What there is to see, for those who cannot.
    """

    baseline: str
    line: str
    ticks: tuple[Tick, ...]
    peak: str
    sentence: str


class Pair(Struct, frozen=True):
    """One category: its name, and its shares in words."""

    label: str
    baseline_share: str
    current_share: str


class Pairs(Struct, frozen=True):
    """Paired bars of the largest categories.

    Attributes:
        baseline: The path of all bars of the baseline; each pair has `ROOM` to itself.
        current: The same for the window.
        pairs: What stands above each pair.
        others: How many categories were not drawn.
        sentence: What there is to see, for those who cannot.
    """

    baseline: str
    current: str
    pairs: tuple[Pair, ...]
    others: int
    sentence: str


class Spark(Struct, frozen=True):
    """A number over the windows.

    Attributes:
        line: The path of the line.
        dots: The path of its points: strokes without length, round at their ends.
        diamonds: The path of diamonds around the points that broke their limit.
        limits: The heights of the limits.
    """

    line: str
    dots: str
    diamonds: str
    limits: tuple[str, ...]


class Gauge(Struct, frozen=True):
    """A value beside its limit, in hundredths of the scale: the length of its bar, and the limit's place."""

    length: str
    limit: str


def histogram(bars: Bars) -> Histogram:
    """Lay out the *bars* of a numeric column.

    Example:
        >>> histogram(Bars(("< 1", "≥ 1"), (1.0,), (0.5, 0.5), (0.25, 0.75))).line
        'M0 134V94H180V14H360V134'
    """
    top = max(*bars.baseline, *bars.current) or 1.0
    step = WIDTH / len(bars.labels)
    return Histogram(
        baseline=_columns(bars.baseline, top, step),
        line=_steps(bars.current, top, step),
        ticks=_ticks(bars.edges, step),
        peak=percent(top),
        sentence=_largest_change(bars),
    )


def _height(share: float, top: float) -> str:
    return _place(_TOP + _HEIGHT * (1 - share / top))


def _place(coordinate: float) -> str:
    return f"{coordinate:.1f}".removesuffix(".0")


def _columns(shares: Sequence[float], top: float, step: float) -> str:
    floor = _TOP + _HEIGHT
    return "".join(
        f"M{_place(at * step + 0.5)} {floor}V{_height(share, top)}H{_place((at + 1) * step - 0.5)}V{floor}Z"
        for at, share in enumerate(shares)
        if share > 0
    )


def _steps(shares: Sequence[float], top: float, step: float) -> str:
    path = "".join(f"V{_height(share, top)}H{_place((at + 1) * step)}" for at, share in enumerate(shares))
    return f"M0 {_TOP + _HEIGHT}{path}V{_TOP + _HEIGHT}"


def _ticks(edges: Sequence[float], step: float) -> tuple[Tick, ...]:
    """Return round numbers where at least three find room among many edges, else some of the edges themselves."""
    if len(edges) > _MOST_TICKS:
        ticks = list(_round_ticks(edges, step))
        if len({tick.text for tick in ticks}) == len(ticks) > 2:
            return tuple(ticks)
    texts = [number(edge) for edge in edges]
    fitting = _fitting(texts)
    every = math.ceil(len(edges) / fitting)
    first = (len(edges) - 1) % every // 2
    return tuple(Tick(_place((at + 1) * step), texts[at]) for at in range(first, len(edges), every))


def _fitting(texts: Sequence[str]) -> int:
    return max(2, min(_MOST_TICKS, _TICK_CHARACTERS // max(map(len, texts))))


def _round_ticks(edges: Sequence[float], step: float) -> Iterator[Tick]:
    """Yield round numbers between the outer edges, without those that would touch the one before."""
    values = _round_numbers(edges[0], edges[-1], _fitting([number(edge) for edge in (edges[0], edges[-1])]))
    texts = [number(value) for value in values]
    room = WIDTH / _TICK_CHARACTERS * max(map(len, texts), default=0)
    last = -math.inf
    for value, text in zip(values, texts, strict=True):
        at = min(bisect_right(edges, value), len(edges) - 1)
        x = (at + _part(value, edges[at - 1], edges[at])) * step
        if x - last >= room:
            last = x
            yield Tick(_place(x), text)


def _round_numbers(low: float, high: float, most: int) -> list[float]:
    """Return at most *most* multiples of 1, 2 or 5 times a power of ten from *low* to *high*."""
    rough = (high - low) / most
    if not sys.float_info.min < rough < math.inf:
        return []
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= rough)
    first, last = math.ceil(low / step), math.floor(high / step)
    values = [float(f"{at * step:.12g}") for at in range(first, last + 1)]
    return [value for value in values if low <= value <= high]


def _largest_change(bars: Bars) -> str:
    changes = [now - before for before, now in zip(bars.baseline, bars.current, strict=True)]
    at = max(range(len(changes)), key=lambda i: (abs(changes[i]), -i))
    before, now = percent(bars.baseline[at]), percent(bars.current[at])
    if before == now:
        return "Baseline and current look the same."
    return f"Largest change: {shortened(bars.labels[at])}, from {before} to {now}."


def pairs(bars: Bars) -> Pairs:
    """Lay out the *bars* of a categorical column: the largest categories, in the order given."""
    larger = [max(both) for both in zip(bars.baseline, bars.current, strict=True)]
    drawn = sorted(sorted(range(len(larger)), key=lambda i: (-larger[i], i))[:_MOST_CATEGORIES])
    top = max(larger) or 1.0
    return Pairs(
        baseline=_bars([bars.baseline[at] / top for at in drawn], 18),
        current=_bars([bars.current[at] / top for at in drawn], 26),
        pairs=tuple(_pair(bars, at) for at in drawn),
        others=len(larger) - len(drawn),
        sentence=_largest_change(bars),
    )


def _bars(parts: Sequence[float], top: int) -> str:
    return "".join(f"M0 {at * ROOM + top}h{_place(part * _BAR_WIDTH)}v7H0z" for at, part in enumerate(parts) if part)


def _pair(bars: Bars, at: int) -> Pair:
    label = shortened(bars.labels[at], _LABEL_LENGTH)
    return Pair(label, percent(bars.baseline[at]), percent(bars.current[at]))


def spark(values: Sequence[float | None], bad: Sequence[bool], limits: Sequence[float]) -> Spark | None:
    """Lay out *values* over the windows, a gap where there is none, with the distinct *limits*; None without values."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    if not known:
        return None
    drawn = sorted(set(limits))[:_MOST_LIMITS]
    low, high = min(0.0, *known, *drawn), max(*known, *drawn, 0.0)
    heights = [None if v is None or not math.isfinite(v) else _spark_y(v, low, high) for v in values]
    points = [(_spark_x(at, len(values)), y) for at, y in enumerate(heights)]
    return Spark(
        line=_line(points),
        dots="".join(f"M{x} {_place(y)}h0" for x, y in points if y is not None),
        diamonds="".join(
            f"M{x} {_place(y - 4)}l4 4-4 4-4-4z" for (x, y), b in zip(points, bad, strict=True) if b and y is not None
        ),
        limits=tuple(_place(_spark_y(limit, low, high)) for limit in drawn),
    )


def _spark_x(at: int, windows: int) -> int:
    if windows == 1:
        return _SPARK_WIDTH // 2
    return round(_SPARK_MARGIN + at * (_SPARK_WIDTH - 2 * _SPARK_MARGIN) / (windows - 1))


def _spark_y(value: float, low: float, high: float) -> float:
    return _SPARK_HEIGHT - _SPARK_MARGIN - _part(value, low, high) * (_SPARK_HEIGHT - 2 * _SPARK_MARGIN)


def _part(value: float, low: float, high: float) -> float:
    """Return how far *value* is on the way from *low* to *high*, 0..1."""
    return (value - low) / ((high - low) or 1.0)


def _line(points: Sequence[tuple[int, float | None]]) -> str:
    path, pen = "", "M"
    for x, y in points:
        path += "" if y is None else f"{pen}{x} {_place(y)}"
        pen = "M" if y is None else "L"
    return path


def gauge(value: float | None, limit: float | None) -> Gauge | None:
    """Lay out a *value* in multiples of its *limit*, on the same bent scale for all: up to a hundred times the limit.

    None unless both are numbers, the limit above zero and the value not below.

    Example:
        >>> gauge(0.2, 0.2), gauge(3.0, 0.1)
        (Gauge(length='24.3', limit='24.3'), Gauge(length='79', limit='24.3'))
    """
    if value is None or limit is None or not (math.isfinite(value) and math.isfinite(limit)):
        return None
    if value < 0 or limit <= 0:
        return None
    return Gauge(_place(_bent(value / limit)), _place(_bent(1.0)))


def _bent(times: float) -> float:
    """Return the place of a multiple of the limit, 0..100: even steps near zero, later each for a like factor."""
    within = min(times, _GAUGE_TIMES)
    return 100 * math.log1p(_GAUGE_BEND * within) / math.log1p(_GAUGE_BEND * _GAUGE_TIMES)
