"""What a monitor file must fulfil beyond its structure: rules on plain data, used on the fast and on the slow path.

Each rule looks only at values of the right type; that a type is wrong is told by `atalaia.monitor_faults`.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, TypeGuard

from atalaia.monitor_yaml import Issue, Path
from atalaia.window import parse_duration, parse_time

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_LONGEST = "520w"

FLOOR_METRICS = frozenset({"row_count"})
"""Metrics whose limits are the smallest values that are still fine; all others have largest ones."""

_NUMBERS = ("number", "integer")


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return _is_number(value) and value == int(value)


_FITS: dict[str, tuple[Callable[[object], bool], str]] = {
    "number": (_is_number, "a number"),
    "integer": (_is_whole, "a whole number"),
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "string": (lambda value: isinstance(value, str), "text (put it in quotes)"),
    "time": (lambda value: parse_time(value) is not None, "a time such as 2026-03-01T12:00:00Z"),
}


def slug(text: str) -> str:
    """Make a valid monitor name of any text, such as a folder's name.

    Example:
        >>> slug("Fraud Model (März)")
        'fraud-model-marz'
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")[:63].rstrip("-") or "monitor"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like *word*, or None where none is alike."""
    lowered = {name.lower(): name for name in sorted(known, reverse=True)}
    found = difflib.get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.6)
    return lowered[found[0]] if found else None


def suggest(word: str, known: Collection[str], what: str) -> str:
    """Say which known word was probably meant, or list all of them (the first 20)."""
    guess = nearest(word, known)
    if guess is not None:
        return f"Did you mean {guess!r}?"
    names = sorted(known)
    more = ", …" if len(names) > 20 else ""
    return f"Choose one of the {what}: {', '.join(names[:20])}{more}."


def broken_rules(data: object, known_metrics: Collection[str] | None = None) -> Iterator[Issue]:
    """Yield what breaks a rule in the plain *data* of a monitor file.

    Args:
        data: As `atalaia.monitor_yaml.read` gives it; parts of a wrong type are passed over.
        known_metrics: The names that `checks[].metric` may have; None to accept any.
    """
    monitor = _mapping(data)
    yield from _name(monitor.get("name"))
    yield from _blanks(monitor)
    yield from _time_keys(monitor)
    names: dict[str, int] = {}
    roles: dict[str, int] = {}
    for place, column in enumerate(_list(monitor.get("columns"))):
        yield from _column(_mapping(column), ("columns", place))
        yield from _repeated(_mapping(column), place, names, roles)
    for place, check in enumerate(_list(monitor.get("checks"))):
        path: Path = ("checks", place)
        yield from _check(_mapping(check), path)
        yield from _known(_mapping(check), path, names, known_metrics)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _name(name: object) -> Iterator[Issue]:
    if isinstance(name, str) and not _NAME.fullmatch(name):
        found = f"{name!r} is not a name of small letters, digits and hyphens, at most 63, not beginning with a hyphen"
        yield Issue(("name",), found, f"Write {slug(name)!r}, for example.")


def _blanks(monitor: dict[str, Any]) -> Iterator[Issue]:
    for path in (("output",), ("model", "name"), ("logs", "source")):
        value = monitor if len(path) == 1 else _mapping(monitor.get(path[0]))
        if value.get(path[-1]) == "":
            yield Issue(path, "the text is empty", "Fill it in.")
    if monitor.get("columns") == []:
        fix = "List the columns that a row of the logs has, or let `atalaia init` infer them."
        yield Issue(("columns",), "no column is listed", fix)
    if _mapping(monitor.get("baseline")).get("data") == []:
        fix = "Name the files or folders of the reference data, or remove `baseline`."
        yield Issue(("baseline", "data"), "no file is listed", fix)


def _time_keys(monitor: dict[str, Any]) -> Iterator[Issue]:
    yield from _duration(monitor.get("window"), "window", "the width of a window, such as 1h or 1d", least=1)
    yield from _duration(monitor.get("lateness"), "lateness", "how late rows may be, such as 1h, or 0s", least=0)


def _duration(text: object, key: str, wanted: str, least: int) -> Iterator[Issue]:
    if not isinstance(text, str):
        return
    fix = f"Give {wanted}."
    try:
        width = parse_duration(text)
    except ValueError:
        found = "is negative" if text.strip().startswith("-") else "is not a whole number with a unit (s, m, h, d, w)"
        yield Issue((key,), f"{text!r} {found}", fix)
        return
    if width < least:
        yield Issue((key,), f"{text!r} is not above 0", fix)
    if width > parse_duration(_LONGEST):
        yield Issue((key,), f"{text!r} is longer than {_LONGEST}", fix)


def _repeated(column: dict[str, Any], place: int, names: dict[str, int], roles: dict[str, int]) -> Iterator[Issue]:
    name, role = column.get("name"), column.get("role")
    if isinstance(name, str) and place != names.setdefault(name, place):
        found = f"the name {name!r} already stands at columns[{names[name]}]"
        yield Issue(("columns", place, "name"), found, "Give each column its own name, as the logs name it.")
    if role in ("time", "id") and place != roles.setdefault(role, place):
        found = f"a second column has the role {role!r}; the first is columns[{roles[role]}]"
        yield Issue(("columns", place, "role"), found, "Keep one of them and give the other the role 'ignored'.")


def _column(column: dict[str, Any], path: Path) -> Iterator[Issue]:
    declared = column.get("type", "number")
    if declared not in tuple(_FITS):
        return
    yield from _range(column.get("range"), (*path, "range"), declared)
    yield from _set(column.get("set"), (*path, "set"), declared)
    yield from _pattern(column.get("pattern"), (*path, "pattern"), declared)


def _range(limits: object, path: Path, declared: str) -> Iterator[Issue]:
    if limits is None:
        return
    if declared not in _NUMBERS:
        fix = "Remove the range, or give the type number or integer."
        yield Issue(path, f"a range on a column of the type {declared!r}", fix)
    match limits:
        case [low, high] if _is_number(low) and _is_number(high) and low > high:
            yield Issue(path, f"{low} is above {high}", f"Write the smallest first: [{high}, {low}].")


def _set(values: object, path: Path, declared: str) -> Iterator[Issue]:
    fits, wanted = _FITS[declared]
    if values == []:
        yield Issue(path, "the set is empty, so no value would be allowed", "List the allowed values, or remove `set`.")
    for place, value in enumerate(_list(values)):
        if isinstance(value, str | int | float) and not fits(value):
            shown = str(value).lower() if isinstance(value, bool) else repr(value)
            found = f"{shown} does not fit the column's type {declared!r}"
            yield Issue((*path, place), found, f"Write {wanted}, or change the type.")


def _pattern(pattern: object, path: Path, declared: str) -> Iterator[Issue]:
    if not isinstance(pattern, str):
        return
    if declared != "string":
        fix = "Remove the pattern, or give the type string."
        yield Issue(path, f"a pattern on a column of the type {declared!r}", fix)
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        fix = "Correct it; a backslash is best kept by single quotes around the pattern."
        yield Issue(path, f"{pattern!r} is not a regular expression ({error})", fix)


def _check(check: dict[str, Any], path: Path) -> Iterator[Issue]:
    threshold = check.get("threshold")
    yield from _limit(threshold, (*path, "threshold"))
    limits = _mapping(threshold)
    for key in ("warning", "alert"):
        yield from _limit(limits.get(key), (*path, "threshold", key))
    warning, alert = limits.get("warning"), limits.get("alert")
    if _is_number(warning) and _is_number(alert):
        yield from _order(warning, alert, check.get("metric") in tuple(FLOOR_METRICS), (*path, "threshold"))
    least = check.get("min_rows")
    if isinstance(least, int) and not isinstance(least, bool) and least < 1:
        fix = "Give the number of rows from which the metric can be trusted, such as 100."
        yield Issue((*path, "min_rows"), f"{least} is not above 0", fix)


def _order(warning: float, alert: float, floor: bool, path: Path) -> Iterator[Issue]:
    if warning < alert if floor else warning > alert:
        side, limit = ("below", "larger") if floor else ("above", "smaller")
        found = f"the warning limit {warning} is {side} the alert limit {alert}"
        yield Issue(path, found, f"A warning comes before an alert: give it the {limit} limit.")


def _limit(value: object, path: Path) -> Iterator[Issue]:
    if _is_number(value) and value < 0:
        yield Issue(path, f"{value} is below 0", "Give the largest value you accept, such as 0.2.")


def _known(
    check: dict[str, Any], path: Path, names: Collection[str], known_metrics: Collection[str] | None
) -> Iterator[Issue]:
    metric = check.get("metric")
    if isinstance(metric, str) and known_metrics is not None and metric not in known_metrics:
        fix = suggest(metric, known_metrics, "metrics")
        yield Issue((*path, "metric"), f"there is no metric {metric!r}", fix)
    for place, name in enumerate(_list(check.get("columns"))):
        if isinstance(name, str) and name not in names:
            fix = suggest(name, names, "columns")
            yield Issue((*path, "columns", place), f"there is no column {name!r}", fix)
