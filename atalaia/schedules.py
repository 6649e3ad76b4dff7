"""Schedules: moments that come again and again, written as cron does, in UTC.

Five fields: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday), each `*`, a value, a range or
a list of them, with a step if you like; months and days of the week may be named. Where both the day of the month and
the day of the week are restricted, either will do, as cron has it: a field that begins with `*` restricts nothing.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)
_PART = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d{1,4}))?")
_LONGEST = 8 * 366 + 1  # days: the 29th of February may fail to come for eight years


class Schedule(Struct, frozen=True):
    """Which minutes it names: by minute, hour, day of month, month and day of week (0 is Sunday).

    Attributes:
        either: Whether a day is named if one of day of month and day of week fits; else both must.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool


def parse_schedule(text: str) -> Schedule:
    """Read five fields of cron.

    Raises:
        ValueError: The text has others, or names no moment at all; it says why.
    """
    fields = text.split()
    if len(fields) != len(_FIELDS):
        msg = f"{text!r} has {len(fields)} fields instead of 5"
        raise ValueError(msg)
    minutes, hours, days, months, weekdays = (
        _values(field, *meant) for field, meant in zip(fields, _FIELDS, strict=True)
    )
    weekdays = frozenset(day % 7 for day in weekdays)
    either = not fields[2].startswith("*") and not fields[4].startswith("*")
    schedule = Schedule(minutes, hours, days, months, weekdays, either)
    if last_before(schedule, _microseconds(datetime(2030, 1, 1, tzinfo=UTC))) is None:
        msg = f"{text!r} names a day that never comes"
        raise ValueError(msg)
    return schedule


def _values(field: str, name: str, least: int, most: int, names: tuple[str, ...]) -> frozenset[int]:
    values: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            msg = f"{part!r} is no {name}"
            raise ValueError(msg)
        first = least if match["first"] is None else _value(match["first"], name, least, names)
        last = most if match["first"] is None or match["step"] else first
        if match["last"] is not None:
            last = _value(match["last"], name, least, names)
            last = 7 if most == 7 and last == 0 < first else last  # weeks may end on Sundays
        step = int(match["step"] or 1)
        if not least <= first <= last <= most or not step:
            msg = f"{part!r} is no {name} from {least} to {most}"
            raise ValueError(msg)
        values.update(range(first, last + 1, step))
    return frozenset(values)


def _value(text: str, name: str, least: int, names: tuple[str, ...]) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 5:
        return int(text)
    if text.lower() not in names:
        msg = f"{text!r} is no {name}"
        raise ValueError(msg)
    return least + names.index(text.lower())


def last_before(schedule: Schedule, time: int) -> int | None:
    """Return the last moment of a *schedule* up to *time*, this included, in µs since 1970; None without one."""
    at = _EPOCH + timedelta(microseconds=time)
    latest = max(_times(schedule, (at.hour, at.minute)), default=None)
    if latest is not None and _names(schedule, at.date()):
        return _moment(at.date(), latest)
    of_day = max(_times(schedule, (23, 59)))
    days = (at.date() - timedelta(days=n) for n in range(1, _LONGEST))
    return next((_moment(day, of_day) for day in days if _names(schedule, day)), None)


def _times(schedule: Schedule, until: tuple[int, int]) -> list[tuple[int, int]]:
    every = ((hour, minute) for hour in schedule.hours for minute in schedule.minutes)
    return [each for each in every if each <= until]


def _names(schedule: Schedule, day: date) -> bool:
    fits = day.day in schedule.days, day.isoweekday() % 7 in schedule.weekdays
    return day.month in schedule.months and (any(fits) if schedule.either else all(fits))


def _moment(day: date, time: tuple[int, int]) -> int:
    return _microseconds(datetime(day.year, day.month, day.day, *time, tzinfo=UTC))


def _microseconds(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(microseconds=1)
