"""Places in a JSON document, read with every fault noted under its path."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from atalaia.errors import StatisticsFileError

Floats = npt.NDArray[np.float64]

MOST_BYTES = 128 << 20
"""A full sketch takes about 0.1 MB, so this is more than 1,000 numeric columns."""

_LARGEST_COUNT = 2**53
_MOST_FAULTS, _SHOWN = 1000, 20
_REBUILD = "Run the baselining job again, or build the baseline from the data itself."


class Log(Struct):
    """Faults by path, and plain sentences on what does not agree."""

    faults: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Node(Struct, frozen=True):
    """A place in the file. What is absent and what is null are the same: None."""

    value: Any
    path: str
    log: Log

    def fault(self, found: str, fix: str = _REBUILD) -> None:
        """Note what was found here and what to do; the first fault of a place counts."""
        if len(self.log.faults) < _MOST_FAULTS:
            self.log.faults.setdefault(self.path, f"{found}. {fix}")

    def is_faulty(self) -> bool:
        """Tell whether this place, or one inside it, has a fault."""
        inside = (f"{self.path}.", f"{self.path}[")
        return any(path == self.path or path.startswith(inside) for path in self.log.faults)

    def at(self, key: str) -> Node:
        """Return the place under *key*."""
        if self.value is not None and not isinstance(self.value, dict):
            self.fault("not a mapping")
            return Node(None, f"{self.path}.{key}", self.log)
        return Node((self.value or {}).get(key), f"{self.path}.{key}".removeprefix("."), self.log)

    def items(self, most: int) -> list[Node]:
        """Return the places of a list of at most *most* entries; none after a fault."""
        if self.value is None:
            return []
        if not isinstance(self.value, list) or len(self.value) > most:
            self.fault(f"{len(self.value):,} entries" if isinstance(self.value, list) else "not a list",
                       f"Give a list of at most {most:,}.")  # fmt: skip
            return []
        return [Node(value, f"{self.path}[{i}]", self.log) for i, value in enumerate(self.value)]

    def number(self) -> float | None:
        """Return a finite number; None if it is absent or a "NaN"."""
        if self.value is None or self.value in ("NaN", "nan") or self.value != self.value:
            return None
        number = _as_float(self.value)
        if not math.isfinite(number):
            self.fault("not a finite number")
            return None
        return number

    def count(self) -> int:
        """Return a whole number from 0; 0 after a fault."""
        number = -1.0 if isinstance(self.value, bool) else _as_float(self.value)
        if self.value is None:
            self.fault("a count is missing")
        elif not (0 <= number <= _LARGEST_COUNT and number == int(number)):
            self.fault("not a whole number from 0 to 2^53")
        else:
            return int(number)
        return 0

    def numbers(self) -> Floats:
        """Return a list of finite numbers; an empty one after a fault."""
        if not isinstance(self.value, list) or not set(map(type, self.value)) <= {int, float}:
            self.fault("not a list of numbers")
            return np.empty(0)
        values = np.array([_as_float(value) for value in self.value], np.float64)
        if not np.isfinite(values).all():
            self.fault(f"value {int(np.argmin(np.isfinite(values)))} is not a finite number")
        return values

    def text(self, choices: Sequence[str] = ()) -> str:
        """Return text, one of *choices* if there are any; empty text after a fault."""
        if not isinstance(self.value, str) or (choices and self.value not in choices):
            self.fault(f"not one of {', '.join(choices)}" if choices else "not text")
            return ""
        if self.value.encode(errors="ignore").decode() != self.value:
            self.fault("not text: a lone half of a surrogate pair is in it")
        return self.value


def _as_float(value: object) -> float:
    try:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.inf
    except OverflowError:
        return math.inf


def decode(data: bytes, where: str, wanted: str = "statistics.json") -> Any:
    """Parse JSON; *wanted* names in errors what the file should be.

    Raises:
        StatisticsFileError: It is too large, or not JSON.
    """
    if len(data) > MOST_BYTES:
        msg = f"{where}: {len(data):,} bytes, more than {MOST_BYTES:,}. Build the baseline from the data itself."
        raise StatisticsFileError(msg)
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _decode_slowly(data, where, wanted)


def _decode_slowly(data: bytes, where: str, wanted: str) -> Any:
    """Read what Python's own writer makes, bare NaN included, and files with a byte order mark."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        place = f"line {error.lineno}: " if isinstance(error, json.JSONDecodeError) else ""
        msg = f"{where}: {place}not JSON. Give the {wanted} that a baselining job wrote."
        raise StatisticsFileError(msg) from error


def faults_text(faults: dict[str, str], where: str) -> str:
    """Tell all faults, but not those that only follow from a fault further up."""
    own = [path for path in faults if not _has_faulty_ancestor(path, faults)]
    lines = [f"{where}, {path or 'top'}: {faults[path]}" for path in own[:_SHOWN]]
    more = [f"... and {len(own) - _SHOWN} faults more."] if len(own) > _SHOWN else []
    return "\n".join(lines + more)


def _has_faulty_ancestor(path: str, faults: dict[str, str]) -> bool:
    ends = [0, *(i for i, letter in enumerate(path) if letter in ".[")] if path else []
    return any(path[:end] in faults for end in ends)
