"""The one text that stands for a value under each declared type, however a log wrote the value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from atalaia.schema import Type

_WHOLE = re.compile(r"([+-]?[0-9]+)(?:\.0*)?")
_TRUE = frozenset({"true", "1", "1.0", "True", "TRUE"})
_FALSE = frozenset({"false", "0", "0.0", "False", "FALSE"})


def _boolean(text: str) -> str | None:
    word = text.strip()
    return "true" if word in _TRUE else "false" if word in _FALSE else None


def _number(text: str) -> str | None:
    """Write a finite number in the one way that stands for it: a whole one in all its digits."""
    word = text.strip()
    if word in ("true", "false"):
        return "1" if word == "true" else "0"
    try:
        if whole := _WHOLE.fullmatch(word):
            return str(int(whole[1]))
        number = float(word) if "_" not in word else math.nan
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return str(int(number)) if number.is_integer() else repr(number)


def _integer(text: str) -> str | None:
    number = _number(text)
    return number if number is not None and number.lstrip("-").isdigit() else None


def _string(text: str) -> str:
    return text


def _time(text: str) -> str | None:
    return text if text.strip() else None


CANONICAL: dict[Type, Callable[[str], str | None]] = {
    Type.BOOLEAN: _boolean,
    Type.NUMBER: _number,
    Type.INTEGER: _integer,
    Type.STRING: _string,
    Type.TIME: _time,
}
"""Returns the text for a value's own text; None where that is no value of the type."""
