"""What a monitor file must fulfil in its columns: rules on plain data, column by column."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, TypeGuard

from atalaia.monitor_text import broken_text_rules
from atalaia.monitor_yaml import Issue, Path
from atalaia.schema import MOST_SEGMENTS, Column, Kind, Role, Type

UNMEASURED = (Role.ID, Role.TIME, Role.IGNORED)
"""Roles of columns whose values are not summarised: no rule and no check has an effect on them."""

_NUMBERS = ("number", "integer")


def mapping_of(value: object) -> dict[str, Any]:
    """Return a mapping as it is; an empty one in place of anything else, whose type is wrong."""
    return value if isinstance(value, dict) else {}


def list_of(value: object) -> list[Any]:
    """Return a list as it is; an empty one in place of anything else, whose type is wrong."""
    return value if isinstance(value, list) else []


def is_number(value: object) -> TypeGuard[int | float]:
    """Tell whether a value of the file is a number; Python takes booleans for numbers, too."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return is_number(value) and value == int(value)


_FITS: dict[str, tuple[Callable[[object], bool], str]] = {
    "number": (is_number, "a number"),
    "integer": (_is_whole, "a whole number"),
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "string": (lambda value: isinstance(value, str), "text (put it in quotes)"),
}


def broken_column_rules(column: dict[str, Any], path: Path) -> Iterator[Issue]:
    """Yield what breaks a rule in one *column*, which stands at *path*."""
    kind = kind_of(column)
    if column.get("role") in UNMEASURED:
        yield from _without_effect(column, path)
    elif kind is not None:
        yield from _segment(column, path, kind)
        yield from _range(column, (*path, "range"), kind)
        yield from _set(column, (*path, "set"), kind)
        yield from broken_text_rules(column, _type(column), path, kind)


def kind_of(column: dict[str, Any]) -> Kind | None:
    """Return how the column is compared, or None where its type or kind is none that there is."""
    found = typed(column | {"role": Role.FEATURE})
    return None if found is None else found.effective_kind


def typed(column: dict[str, Any], name: str = "") -> Column | None:
    """Return the column's type, role and kind, or None where one of them is none that there is."""
    kind = column.get("kind")
    try:
        role = Role(column.get("role", Role.FEATURE))
        return Column(name, Type(_type(column)), role, None if kind is None else Kind(kind))
    except ValueError:
        return None


def _type(column: dict[str, Any]) -> Any:
    return column.get("type", "number")


def _without_effect(column: dict[str, Any], path: Path) -> Iterator[Issue]:
    for key in ("nullable", "range", "set", "pattern", "patterns", "segments"):
        if column.get(key) not in (None, True):
            found = f"`{key}` has no effect on a column of the role {column['role']!r}"
            yield Issue((*path, key), found, "Remove it, or give the column a role whose values are looked at.")


def _segment(column: dict[str, Any], path: Path, kind: Kind) -> Iterator[Issue]:
    role, most = column.get("role", Role.FEATURE.value), column.get("segments")
    if most is not None and role != Role.SEGMENT:
        found = f"`segments` has no effect on a column of the role {role!r}"
        yield Issue((*path, "segments"), found, "Remove it, or write `role: segment`.")
    elif is_number(most) and not 1 <= most <= MOST_SEGMENTS:
        fix = "Write how many of the column's values are to be told apart; all others are one segment together."
        yield Issue((*path, "segments"), f"{most} is not from 1 to {MOST_SEGMENTS}", fix)
    if role == Role.VERSION and kind is not Kind.CATEGORICAL:
        fix = "Give the type string, or write `kind: categorical`."
        yield Issue((*path, "role"), f"a version whose kind is {kind.value!r} has no name", fix)
    if role == Role.SEGMENT and kind is not Kind.CATEGORICAL:
        fix = "Add `kind: categorical`, or give the type string."
        if column.get("kind") is not None:
            fix = "Write `kind: categorical`."
        yield Issue((*path, "role"), f"a segment whose kind is {kind.value!r} divides no rows", fix)


def _range(column: dict[str, Any], path: Path, kind: Kind) -> Iterator[Issue]:
    declared, limits = _type(column), column.get("range")
    if limits is None:
        return
    if declared not in _NUMBERS:
        fix = "Remove the range, or give the type number or integer."
        yield Issue(path, f"a range on a column of the type {declared!r}", fix)
    elif kind is Kind.CATEGORICAL:
        fix = "Remove the range, list the values as `set`, or remove `kind: categorical`."
        yield Issue(path, "a range on a column of the kind 'categorical'", fix)
    match limits:
        case [low, high] if is_number(low) and is_number(high) and low > high:
            yield Issue(path, f"{low} is above {high}", f"Write the smallest first: [{high}, {low}].")


def _set(column: dict[str, Any], path: Path, kind: Kind) -> Iterator[Issue]:
    declared, values = _type(column), column.get("set")
    if values is None:
        return
    if declared == Type.TIME:
        yield Issue(path, "a set on a column of the type 'time'", "Remove the set, or give the type string.")
        return
    if kind is Kind.TEXT:
        fix = "Remove the set, or remove `kind: text`."
        yield Issue(path, "a set on a column of the kind 'text', whose single values are not looked at", fix)
        return
    if values == []:
        yield Issue(path, "the set is empty, so no value would be allowed", "List the allowed values, or remove `set`.")
    fits, wanted = _FITS[declared]
    for place, value in enumerate(list_of(values)):
        if isinstance(value, str | int | float) and not fits(value):
            shown = str(value).lower() if isinstance(value, bool) else repr(value)
            found = f"{shown} does not fit the column's type {declared!r}"
            yield Issue((*path, place), found, f"Write {wanted}, or change the type.")
        elif isinstance(value, str) and kind is Kind.NUMERIC and not _is_numeral(value):
            found = f"{value!r} is no number, but the column's kind is 'numeric'"
            yield Issue((*path, place), found, "Write a number in quotes, or remove `kind: numeric`.")


def _is_numeral(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
