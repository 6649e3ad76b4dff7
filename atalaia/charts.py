"""The geometry of the report's pictures: numbers in, coordinates out. The template draws them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from atalaia.report import Bars
from atalaia.wording import number, percent, shortened

WIDTH = 360
"""Of a chart, in user units; a phone shows it at about its own size, so its text stays readable."""

_HEIGHT, _TOP = 120, 14
_MOST_TICKS, _TICK_CHARACTERS = 6, 44
_MOST_CATEGORIES, _LABEL_LENGTH = 14, 30
_BAR_WIDTH = 300
_SPARK_WIDTH, _SPARK_HEIGHT, _SPARK_MARGIN = 240, 44, 5
_MOST_LIMITS = 3
_GAUGE_END = 85


@dataclass(frozen=True, slots=True)
class Tick:
    """A text below an axis, centred on `x`."""

    x: str
    text: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """Shares per interval, baseline and current over each other; every interval is drawn equally wide.

    Attributes:
        baseline: The path of the baseline's filled bars.
        area: The path of the area below the current shares.
        line: The path of the step line along the current shares.
        ticks: Some of the inner edges.
        peak: The share at the top of the chart.
        sentence: What there is to see, for those who cannot.
    """

    baseline: str
    area: str
    line: str
    ticks: tuple[Tick, ...]
    peak: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One category's two bars: its name, their lengths, their shares in words."""

    label: str
    baseline: str
    current: str
    baseline_share: str
    current_share: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """Paired bars of the largest categories; `others` counts those that were not drawn."""

    pairs: tuple[Pair, ...]
    others: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Spark:
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


@dataclass(frozen=True, slots=True)
class Gauge:
    """A value beside its limit on one scale, in hundredths: where the bar begins, its length, the limit's place."""

    start: str
    length: str
    limit: str


def histogram(bars: Bars) -> Histogram:
    """Lay out the *bars* of a numeric column.

    Example:
        >>> histogram(Bars(("< 1", "≥ 1"), (1.0,), (0.5, 0.5), (0.25, 0.75))).line
        'M0 94V94H180V14H360V134'
    """
    top = max(*bars.baseline, *bars.current) or 1.0
    step = WIDTH / len(bars.labels)
    line = _steps(bars.current, top, step)
    return Histogram(
        baseline=_columns(bars.baseline, top, step),
        area=f"{line}H0Z",
        line=line,
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
    return f"M0 {_height(shares[0], top)}{path}V{_TOP + _HEIGHT}"


def _ticks(edges: Sequence[float], step: float) -> tuple[Tick, ...]:
    texts = [number(edge) for edge in edges]
    fitting = max(2, min(_MOST_TICKS, _TICK_CHARACTERS // max(map(len, texts))))
    every = math.ceil(len(edges) / fitting)
    first = (len(edges) - 1) % every // 2
    return tuple(Tick(_place((at + 1) * step), texts[at]) for at in range(first, len(edges), every))


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
    return Pairs(tuple(_pair(bars, at, top) for at in drawn), len(larger) - len(drawn), _largest_change(bars))


def _pair(bars: Bars, at: int, top: float) -> Pair:
    before, now = bars.baseline[at], bars.current[at]
    return Pair(
        label=shortened(bars.labels[at], _LABEL_LENGTH),
        baseline=_place(before / top * _BAR_WIDTH),
        current=_place(now / top * _BAR_WIDTH),
        baseline_share=percent(before),
        current_share=percent(now),
    )


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
    """Lay out a *value* beside its *limit*; None unless there are both and the limit is not zero itself.

    Example:
        >>> gauge(0.3, 0.2)
        Gauge(start='0', length='85', limit='56.7')
    """
    if value is None or not limit or not (math.isfinite(value) and math.isfinite(limit)):
        return None
    low, high = min(0.0, value, limit), max(0.0, value, limit)
    start, end = sorted(_part(end, low, high) * _GAUGE_END for end in (0.0, value))
    return Gauge(_place(start), _place(end - start), _place(_part(limit, low, high) * _GAUGE_END))
