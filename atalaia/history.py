"""History: how far the baseline's own windows lie from it, and the limits that follow from that.

Each metric was measured, when the baseline was built, between its rows in one window and all of its rows. A limit is
the median of these values and some robust standard deviations more, or a quantile of them. The robust standard
deviation is 1.4826 times the median absolute deviation from the median (of normal values their standard deviation:
Hampel 1974), so that a few windows which were not healthy do not widen it. Where more than half of the values are the
same, that is 0; then it is 1.2533 times the mean absolute deviation (Iglewicz and Hoaglin 1993).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from atalaia.monitor_file import FromHistory, Limits
from atalaia.report import Past

FEWEST = 6
"""It takes so many windows of the baseline for a limit; a spread of fewer says little."""

DEFAULT_K, DEFAULT_QUANTILE = 3.0, 0.99

MEDIAN_DEVIATION, MEAN_DEVIATION = 1.4826, 1.2533
"""Times so much, the median or the mean absolute deviation of normal values is their standard deviation."""

Place = tuple[str, str, str]
"""What a metric was measured on: the segment (`""` for all rows), the column (`""` for the window), and its name."""

Values = tuple[tuple[float, int], ...]
"""The value of a metric in each window of the baseline where it could be measured, and how many rows it rests on."""


class History(Struct, frozen=True):
    """What the baseline's own windows are like.

    Attributes:
        width: How wide the windows are, in µs; 0 where the rows have no times and were cut into equal parts instead.
        windows: How many there are.
        values: By place; none for metrics that nobody had asked for when the baseline was built.
    """

    width: int
    windows: int
    values: Mapping[Place, Values]


def past_of(values: Values, rule: Limits, *, below: bool, timed: bool) -> Past:
    """Return the limit that *values* (at least one) set, and what it rests on.

    Args:
        values: Of the baseline's windows.
        rule: How a limit follows from them.
        below: Whether it is the smallest value that is still fine; then it is 0 at least.
        timed: Whether these are windows of time, not equal parts.
    """
    measured = np.array([value for value, _ in values])
    middle, rows = float(np.median(measured)), int(np.median([rows for _, rows in values]))
    if rule.history is FromHistory.QUANTILE:
        share = DEFAULT_QUANTILE if rule.quantile is None else rule.quantile
        limit = float(np.quantile(measured, 1 - share if below else share))
        return Past(limit, len(values), rows, middle, timed, quantile=share)
    k, spread = DEFAULT_K if rule.k is None else rule.k, spread_of(measured)
    limit = max(middle - k * spread, 0.0) if below else middle + k * spread
    return Past(limit, len(values), rows, middle, timed, spread=spread, k=k)


def spread_of(values: Sequence[float] | np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """Return the robust standard deviation of *values*, at least one.

    Example:
        >>> round(spread_of([1.0, 2.0, 3.0, 4.0, 100.0]), 4), spread_of([5.0, 5.0])
        (1.4826, 0.0)
    """
    deviations = np.abs(np.asarray(values) - np.median(values))
    return float(MEDIAN_DEVIATION * np.median(deviations) or MEAN_DEVIATION * deviations.mean())


def history_to_plain(history: History) -> list[Any]:
    """Return *history* as lists and numbers."""
    values = [[*place, [list(each) for each in found]] for place, found in sorted(history.values.items())]
    return [history.width, history.windows, values]


def history_from_plain(plain: list[Any]) -> History:
    """Do the reverse."""
    width, windows, values = plain
    return History(width, windows, {tuple(place): tuple(map(tuple, found)) for *place, found in values})
