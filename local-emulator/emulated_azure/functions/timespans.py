"""Durations as .NET writes them: hh:mm:ss, d.hh:mm:ss, with or without a fraction."""

import re

SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?$")


def seconds_of(text: str) -> float:
    """The seconds that *text* names.

    Raises:
        ValueError: It is no duration.
    """
    found = SPAN.fullmatch(text.strip())
    if not found:
        message = f"{text!r} is no duration such as 00:05:00"
        raise ValueError(message)
    days, hours, minutes, seconds = found.groups()
    return int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + float(seconds or 0)
