"""When a timer fires: NCRONTAB with seconds first, or a duration between firings. Times are Unix times; UTC only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from emulated_azure.functions.timespans import SPAN, seconds_of

FIELDS = (("second", 0, 59), ("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 6))
MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
WEEKDAYS = {name: number for number, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
NAMES: Mapping[str, Mapping[str, int]] = {"month": MONTHS, "weekday": WEEKDAYS}
FARTHEST_DAYS = 366 * 8 + 2  # a 29 February may be eight years away


@dataclass(frozen=True, slots=True)
class Every:
    """A constant time between firings, in seconds."""

    seconds: float

    def next_after(self, instant: float) -> float:
        """The first firing after *instant*."""
        return instant + self.seconds


@dataclass(frozen=True, slots=True)
class Cron:
    """What each field allows."""

    second: frozenset[int]
    minute: frozenset[int]
    hour: frozenset[int]
    day: frozenset[int]
    month: frozenset[int]
    weekday: frozenset[int]

    def next_after(self, instant: float) -> float:
        """The first firing after *instant*.

        Raises:
            ValueError: There is none, as on 30 February.
        """
        start = datetime.fromtimestamp(int(instant) + 1, UTC)
        for days in range(FARTHEST_DAYS):
            day = start.date() + timedelta(days)
            if day.day in self.day and day.month in self.month and day.isoweekday() % 7 in self.weekday:
                from_second = start.hour * 3600 + start.minute * 60 + start.second if days == 0 else 0
                for second in self._seconds(from_second):
                    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + second
        message = "the schedule never fires"
        raise ValueError(message)

    def _seconds(self, least: int) -> list[int]:
        """The first allowed second of a day, not before *least*; empty if there is none."""
        for hour in sorted(self.hour):
            if hour * 3600 + 3599 < least:
                continue
            for minute in sorted(self.minute):
                for second in sorted(self.second):
                    if (found := hour * 3600 + minute * 60 + second) >= least:
                        return [found]
        return []


def schedule_of(text: str) -> Cron | Every:
    """Read a schedule.

    Raises:
        ValueError: It is none.
    """
    if SPAN.fullmatch(text.strip()):
        return Every(seconds_of(text))
    fields = text.split()
    if len(fields) == len(FIELDS) - 1:
        fields = ["0", *fields]
    if len(fields) != len(FIELDS):
        message = f"{text!r} is no schedule: six fields, seconds first, or a duration"
        raise ValueError(message)
    sets = [_allowed(field, *known) for field, known in zip(fields, FIELDS, strict=True)]
    return Cron(*sets)


def _allowed(field: str, name: str, least: int, most: int) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        low = least if span == "*" else _number(first, name)
        high = _number(last, name) if dash else most if span == "*" or step else low
        if not (least <= low <= high <= most) or (step and not step.isdecimal()) or step == "0":
            message = f"{part!r} is no {name}: {least} to {most}"
            raise ValueError(message)
        found.update(range(low, high + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, name: str) -> int:
    known = NAMES.get(name, {})
    if text[:3].lower() in known and not text.isdecimal():
        return known[text[:3].lower()]
    if not text.isdecimal():
        message = f"{text!r} is no {name}"
        raise ValueError(message)
    number = int(text)
    return 0 if name == "weekday" and number == len(WEEKDAYS) else number
