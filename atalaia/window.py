"""Time: half-open UTC windows, durations, and reading the many ways in which logs write a moment."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from msgspec import Struct

SECOND = 1_000_000
"""Microseconds in a second; every time in the core is an integer number of microseconds since 1970 in UTC."""

_UNITS = {"s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND, "d": 86_400 * SECOND, "w": 7 * 86_400 * SECOND}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONDAY = 4 * 86_400 * SECOND  # 1970-01-05, so that weeks begin on Mondays
_FIRST_YEAR, _LAST_YEAR = 1990, 2200
FIRST_TIME, END_TIME = (
    (datetime(year, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1) for year in (1990, 2200)
)
"""Moments from the first one on and before the end are believed: µs since 1970."""

UNBELIEVABLE = 7.3e15
"""So many µs since 1970 are beyond the year 2200: a number is one of a finer unit."""


class Window(Struct, frozen=True, order=True):
    """A half-open UTC interval `[start, end)` of event time, in microseconds since 1970."""

    start: int
    end: int

    @property
    def key(self) -> str:
        """The window's start as it stands in storage keys: `20260301T000000Z`."""
        return (_EPOCH + timedelta(microseconds=self.start)).strftime("%Y%m%dT%H%M%SZ")


def parse_duration(text: str) -> int:
    """Read `15m`, `6h`, `1d` or `2w` as microseconds.

    Raises:
        ValueError: The text is not a whole number with one of the units s, m, h, d, w.

    Example:
        >>> parse_duration("6h") // SECOND
        21600
    """
    match = re.fullmatch(r"(\d{1,6})\s*([smhdw])", text.strip())
    if match is None:
        msg = f"{text!r} is not a duration. Write a whole number and a unit (s, m, h, d, w), such as 6h."
        raise ValueError(msg)
    return int(match[1]) * _UNITS[match[2]]


def window_of(time: int, width: int) -> Window:
    """Return the tumbling window of *width* microseconds that holds *time*; weeks begin on Mondays."""
    origin = _MONDAY if width % _UNITS["w"] == 0 else 0
    start = (time - origin) // width * width + origin
    return Window(start, start + width)


def window_at_key(key: str, width: int) -> Window | None:
    """Return the window of *width* whose start is written in *key*, or None if the text is no such key."""
    try:
        moment = datetime.strptime(key, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    start = (moment - _EPOCH) // timedelta(microseconds=1)
    return Window(start, start + width)


def iso(time: int) -> str:
    """Write a time as ISO 8601 in UTC, to the second, or to the microsecond where it has a fraction.

    Example:
        >>> iso(0)
        '1970-01-01T00:00:00Z'
    """
    return (_EPOCH + timedelta(microseconds=time)).isoformat().replace("+00:00", "Z")


def parse_time(value: object) -> int | None:
    """Read a moment as microseconds since 1970, or None where *value* is not a believable one.

    Understands ISO 8601 with up to nine fractional digits (a moment without a zone is UTC), and seconds, milliseconds,
    microseconds or nanoseconds since 1970 as a number or as text. Years before 1990 or from 2200 on are not believed:
    they are defaults that some writer never filled in.

    Example:
        >>> parse_time("2026-03-10T09:46:05.123456789Z") == parse_time(1773135965123.456)
        True
        >>> parse_time("{%s}") is None
        True
    """
    if isinstance(value, datetime):
        return _believable(_in_utc(value))
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and value[4:5] == "-" and value[10:11] in ("T", " "):
        return _from_text(value)  # at once, as no such text is a number of our times
    try:
        moment = _from_number(float(value))
    except (ValueError, OverflowError):
        moment = None
    return _from_text(value) if moment is None and isinstance(value, str) else moment


def _from_number(number: float) -> int | None:
    scale = 1.0
    for _ in range(4):
        moment = number * SECOND / scale
        if not abs(moment) < UNBELIEVABLE:  # in this unit (or NaN): try the next finer one
            scale *= 1000
            continue
        return _believable(_EPOCH + timedelta(microseconds=round(moment)))
    return None


def _from_text(text: str) -> int | None:
    text = text.strip()
    if text.endswith("UTC"):
        text = text.removesuffix("UTC").removesuffix(" ") + "Z"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _believable(_in_utc(moment))


def _in_utc(moment: datetime) -> datetime:
    """Return a moment, in UTC if it has no zone."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _believable(moment: datetime) -> int | None:
    if not _FIRST_YEAR <= moment.year < _LAST_YEAR:
        return None
    return (moment - _EPOCH) // timedelta(microseconds=1)
