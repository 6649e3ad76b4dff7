"""Skeletons: what is the same in every regular JSON row, learnt from one of them.

A row is cut at its scalars; the bytes between them are its skeleton. What a reader makes of a row follows from its
skeleton, whatever the scalars are: that is proven for each skeleton by reading the row with marks in place of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from atalaia.logs.records import Row, shortened

_SCALAR = r'"[^"\\]*"|-?[0-9][0-9.eE+-]*|null|true|false'
_TOKEN = re.compile(rf'("[^"\\]*"\s*:)|({_SCALAR})|[\[\]{{}},\s]+'.encode())
_SPECIAL = frozenset(
    (
        "error",
        "error_code",
        "SageMakerOutput",
        "SageMakerInferenceId",
        "SageMakerInferenceTime",
        "prefix",
        "shape",
        "datatype",
        "messages",
    )
)
"""Keys whose values, and not only their places, decide how a row is read."""

_FIRST_MARK = 7_000_000
_MOST_SLOTS = 4096

ReadRow = Callable[[bytes], list[Row]]
"""Reads the rows of one value's JSON text exactly."""


class Skeleton(Struct, frozen=True):
    """What the rows of one shape have in common.

    Attributes:
        names: Of the columns, one for each scalar.
        parts: The bytes before each scalar, from the one before it or the row's beginning.
        tail: The bytes after the last scalar.
        escaped: Whether the row stands within a JSON string: then each quote has a backslash before it.
    """

    names: tuple[str, ...]
    parts: tuple[bytes, ...]
    tail: bytes
    escaped: bool = False

    @property
    def constant(self) -> bytes:
        """All that is the same in every row."""
        return b"".join(self.parts) + self.tail

    def within_string(self) -> Skeleton:
        """Return the skeleton of the same rows within a JSON string."""
        parts = tuple(part.replace(b'"', b'\\"') for part in self.parts)
        return Skeleton(self.names, parts, self.tail.replace(b'"', b'\\"'), escaped=True)


def learn_skeleton(text: bytes, read: ReadRow) -> Skeleton | None:
    """Learn the skeleton of a JSON row, or None where its shape has to be read row by row."""
    parts, scalars, tail = _split(text)
    if not parts or len(parts) > _MOST_SLOTS or not _is_parted_by_commas(parts, tail) or not _is_plain(text):
        return None
    marks = [_mark(place, scalar) for place, scalar in enumerate(scalars)]
    marked = b"".join(part + mark for part, mark in zip(parts, marks, strict=True)) + tail
    names = _names_of(read(text), [json.loads(scalar) for scalar in scalars])
    if names is None or names != _names_of(read(marked), [json.loads(mark) for mark in marks]):
        return None
    return Skeleton(names, tuple(parts), tail)


def _split(text: bytes) -> tuple[list[bytes], list[bytes], bytes]:
    """Cut a row at its scalars; nothing where it is not of the plainest JSON."""
    parts: list[bytes] = []
    scalars: list[bytes] = []
    begin = at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return [], [], b""
        at = token.end()
        if token[2] is not None:
            parts.append(text[begin : token.start()])
            scalars.append(token[2])
            begin = at
    return parts, scalars, text[begin:]


def _is_parted_by_commas(parts: list[bytes], tail: bytes) -> bool:
    """Tell whether there is one comma between every two scalars, and no other."""
    return b"," not in parts[0] + tail and all(part.count(b",") == 1 for part in parts[1:])


def _is_plain(text: bytes) -> bool:
    """Tell whether a row has no repeated, no special and no long keys."""
    keys: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        keys.extend(names)
        if len(set(names)) < len(names):
            keys.append("error")  # a repeated key is special
        return dict(pairs)

    try:
        json.loads(text, object_pairs_hook=note)
    except ValueError:
        return False
    return _SPECIAL.isdisjoint(keys) and all(shortened(key) == key for key in keys)


def _mark(place: int, scalar: bytes) -> bytes:
    number = str(_FIRST_MARK + place).encode()
    return b'"m' + number + b'"' if scalar.startswith(b'"') else number


def _names_of(rows: list[Row], values: list[Any]) -> tuple[str, ...] | None:
    """Return the columns' names if there is one row and it holds just these values, in their order."""
    if len(rows) != 1 or len(rows[0]) != len(values):
        return None
    same = all(type(a) is type(b) and a == b for a, b in zip(rows[0].values(), values, strict=True))
    names = tuple(rows[0])
    return names if same and all(shortened(name) == name for name in names) else None
