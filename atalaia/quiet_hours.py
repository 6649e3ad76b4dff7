"""Quiet hours: parts of the week, in UTC, in which no policy starts anything."""

from __future__ import annotations

import re
from collections.abc import Sequence

from atalaia.window import SECOND

_MINUTE = 60 * SECOND
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY, _WEEK = 24 * 60, 7 * 24 * 60
_MONDAY = 4 * _DAY  # 1970-01-05

Span = tuple[int, int]
"""Minutes of the week, from Monday 00:00 on; the end may lie in the next week."""


def parse_quiet(text: str) -> list[Span]:
    """Read hours (`22:00-06:00`), days (`Sat-Sun`) or both (`Fri 18:00-24:00`); hours begin on the days named.

    Raises:
        ValueError: The text is none of these; it says why.

    Example:
        >>> parse_quiet("Fri 18:00-24:00")
        [(6840, 7200)]
    """
    days, hours = _parts(text.strip())
    start, end = (0, _DAY) if hours is None else _hours(hours)
    return [(day * _DAY + start, day * _DAY + end) for day in _days(days)]


def _parts(text: str) -> tuple[str | None, str | None]:
    match = re.fullmatch(r"(?P<days>[A-Za-z]{3}(?:\s*-\s*[A-Za-z]{3})?)?(?:(?:^|\s+)(?P<hours>[\d:\s-]+))?", text)
    if not text or match is None:
        msg = f"{text!r} names neither hours nor days"
        raise ValueError(msg)
    return match["days"], match["hours"]


def _days(text: str | None) -> list[int]:
    if text is None:
        return list(range(7))
    names = [part.strip().capitalize() for part in text.split("-")]
    unknown = [name for name in names if name not in _DAYS]
    if unknown:
        msg = f"{unknown[0]!r} is no day: {', '.join(_DAYS)}"
        raise ValueError(msg)
    first, last = _DAYS.index(names[0]), _DAYS.index(names[-1])
    return [day % 7 for day in range(first, first + (last - first) % 7 + 1)]


def _hours(text: str) -> Span:
    match = re.fullmatch(r"(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)", text.strip())
    if match is None:
        msg = f"{text.strip()!r} are no hours such as 22:00-06:00"
        raise ValueError(msg)
    numbers = [int(part) for part in match.groups()]
    start, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
    if max(numbers[1], numbers[3]) > 59 or start >= _DAY or end > _DAY or start == end:
        msg = f"{text.strip()!r} is no time from 00:00 to 24:00"
        raise ValueError(msg)
    return start, end if end > start else end + _DAY


def quiet_until(time: int, quiet: Sequence[str]) -> int | None:
    """Return the first moment from *time* on, in µs since 1970, that is not in *quiet* hours; None if there is none."""
    spans = [span for text in quiet for span in parse_quiet(text)]
    minute = time // _MINUTE
    for _ in range(len(spans) + 1):
        jumps = [end - of_week for start, end in spans for of_week in _places(minute) if start <= of_week < end]
        if not jumps:
            return max(time, minute * _MINUTE)
        minute += max(jumps)
    return None


def _places(minute: int) -> tuple[int, int]:
    """Return which minute of the week it is, and the same seen from the week before."""
    of_week = (minute - _MONDAY) % _WEEK
    return of_week, of_week + _WEEK
