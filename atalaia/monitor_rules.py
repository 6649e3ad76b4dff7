"""What a monitor file must fulfil beyond its structure: rules on plain data, used on the fast and on the slow path.

Each rule looks only at values of the right type; that a type is wrong is told by `atalaia.monitor_faults`.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeGuard

from atalaia.monitor_policies import broken_policies
from atalaia.monitor_text import broken_text_rules
from atalaia.monitor_yaml import Issue, Path
from atalaia.schema import MOST_TOGETHER, Column, Kind, Role, Type
from atalaia.window import parse_duration

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_LONGEST = "520w"

_NUMBERS = ("number", "integer")
_FEWEST_TOGETHER = 2

UNMEASURED = (Role.ID, Role.TIME, Role.IGNORED)
"""Roles of columns whose values are not summarised: no rule and no check has an effect on them."""

RULE_METRICS = {"out_of_range": "range", "out_of_set": "set", "off_pattern": "pattern", "pattern_share": "patterns"}
"""Metrics that rest on a rule of the column, with the key of that rule."""

RELATIONS = ("correlation_change", "reconstruction_error")
"""Metrics of columns taken together."""

SHORT_NAMES = {
    "ks": "kolmogorov_smirnov",
    "js": "jensen_shannon",
    "jsd": "jensen_shannon",
    "h": "hellinger",
    "tv": "total_variation",
    "tvd": "total_variation",
    "linf": "l_infinity",
    "w": "wasserstein",
    "emd": "wasserstein",
    "wn": "wasserstein_normalised",
    "wnorm": "wasserstein_normalised",
    "chi2": "chi_square",
    "χ": "chi_square",
    "χ2": "chi_square",
}
"""What metrics are called in short, in small letters and digits only."""


class MetricRules(Protocol):
    """What there is to know of a metric before it may stand in a check."""

    @property
    def below(self) -> bool:
        """Whether its limits are the smallest values that are still fine."""

    @property
    def of_window(self) -> bool:
        """Whether it is measured once for the window, not for each column."""


Metrics = Mapping[str, MetricRules]
"""The metrics that a check may name."""


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return _is_number(value) and value == int(value)


_FITS: dict[str, tuple[Callable[[object], bool], str]] = {
    "number": (_is_number, "a number"),
    "integer": (_is_whole, "a whole number"),
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "string": (lambda value: isinstance(value, str), "text (put it in quotes)"),
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


def suggest(word: str, known: Collection[str], what: str, most: int = 20) -> str:
    """Say which known word was probably meant, or list all of them (the first *most*)."""
    guess = nearest(word, known)
    if guess is not None:
        return f"Did you mean {guess!r}?"
    names = sorted(known)
    more = ", …" if len(names) > most else ""
    return f"Choose one of the {what}: {', '.join(names[:most])}{more}."


def _suggest_metric(word: str, known: Collection[str]) -> str:
    plain = "".join(character for character in word.lower().replace("²", "2") if character.isalnum())
    meant = SHORT_NAMES.get(plain)
    if meant in known:
        return f"Did you mean {meant!r}?"
    return suggest(word, known, "metrics", most=len(known))


def broken_rules(data: object, known_metrics: Metrics | None = None) -> Iterator[Issue]:
    """Yield what breaks a rule in the plain *data* of a monitor file.

    Args:
        data: As `atalaia.monitor_yaml.read` gives it; parts of a wrong type are passed over.
        known_metrics: The metrics that checks may name; None to accept any name and not to ask what it can be used for.
    """
    monitor = _mapping(data)
    yield from _name(monitor.get("name"))
    yield from _blanks(monitor)
    yield from _time_keys(monitor)
    columns = [_mapping(column) for column in _list(monitor.get("columns"))]
    names: dict[str, int] = {}
    roles: dict[str, int] = {}
    for place, column in enumerate(columns):
        yield from _column(column, ("columns", place))
        yield from _repeated(column, place, names, roles)
    named = {name: columns[place] for name, place in names.items()}
    multivariate = monitor.get("multivariate")
    yield from _together(multivariate, named)
    for place, check in enumerate(_list(monitor.get("checks"))):
        yield from _check(_mapping(check), ("checks", place), named, known_metrics)
        if _mapping(check).get("metric") in RELATIONS and multivariate in (None, False):
            fix = "Write `multivariate: true` at the top level, or remove the check."
            yield Issue(("checks", place, "metric"), "the relations between columns are not watched", fix)
    yield from broken_policies(_list(monitor.get("policies")))


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
    kind = _kind(column)
    if column.get("role") in UNMEASURED:
        yield from _without_effect(column, path)
    elif kind is not None:
        yield from _segment(column, path, kind)
        yield from _range(column, (*path, "range"), kind)
        yield from _set(column, (*path, "set"), kind)
        yield from broken_text_rules(column, _type(column), path, kind)


def _kind(column: dict[str, Any]) -> Kind | None:
    """Return how the column is compared, or None where its type or kind is none that there is."""
    kind = column.get("kind")
    try:
        typed = Column("", type=Type(_type(column)), kind=None if kind is None else Kind(kind))
    except ValueError:
        return None
    return typed.effective_kind


def _type(column: dict[str, Any]) -> Any:
    return column.get("type", "number")


def _without_effect(column: dict[str, Any], path: Path) -> Iterator[Issue]:
    for key in ("nullable", "range", "set", "pattern", "patterns"):
        if column.get(key) not in (None, True):
            found = f"`{key}` has no effect on a column of the role {column['role']!r}"
            yield Issue((*path, key), found, "Remove it, or give the column a role whose values are looked at.")


def _segment(column: dict[str, Any], path: Path, kind: Kind) -> Iterator[Issue]:
    if column.get("role") == Role.SEGMENT and kind is not Kind.CATEGORICAL:
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
        case [low, high] if _is_number(low) and _is_number(high) and low > high:
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
    for place, value in enumerate(_list(values)):
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


def _together(multivariate: object, columns: Mapping[str, dict[str, Any]]) -> Iterator[Issue]:
    """Yield what is wrong with the choice of the columns taken together."""
    if multivariate is True:
        yield from _how_many([name for name, column in columns.items() if _is_feature(column)], ("multivariate",))
    listed = _mapping(multivariate).get("columns")
    if not isinstance(listed, list):
        return
    path: Path = ("multivariate", "columns")
    for place, name in enumerate(listed):
        if isinstance(name, str):
            yield from _taken(name, listed.index(name) < place, columns, (*path, place))
    yield from _how_many(listed, path)


def _is_feature(column: dict[str, Any]) -> bool:
    return column.get("role", Role.FEATURE) == Role.FEATURE and _kind(column) is Kind.NUMERIC


def _how_many(names: list[Any], path: Path) -> Iterator[Issue]:
    fix = "Name the columns that matter under multivariate.columns."
    if len(names) > MOST_TOGETHER:
        found = f"{len(names)} columns are to be taken together, but {MOST_TOGETHER} are the most"
        yield Issue(path, found, f"{fix} The cost grows with the square of their number.")
    if len(names) < _FEWEST_TOGETHER:
        there = "only 1 column is" if names else "no columns are"
        found = f"{there} to be taken together, so there is no relation to watch"
        yield Issue(path, found, "Name two or more under multivariate.columns, or remove `multivariate`.")


def _taken(name: str, repeated: bool, columns: Mapping[str, dict[str, Any]], path: Path) -> Iterator[Issue]:
    column = columns.get(name)
    if column is None:
        yield Issue(path, f"there is no column {name!r}", suggest(name, columns, "columns"))
    elif repeated:
        yield Issue(path, f"the column {name!r} is listed twice", "Remove it here.")
    elif column.get("role") in UNMEASURED:
        found = f"the column {name!r} has the role {column['role']!r}, so nothing is measured on it"
        yield Issue(path, found, "Remove it here, or give the column another role.")
    elif _kind(column) is Kind.CATEGORICAL:
        found = f"the column {name!r} is compared by its categories, and only numbers correlate"
        yield Issue(path, found, "Remove it here, or give the column `kind: numeric`.")


def _check(
    check: dict[str, Any], path: Path, columns: Mapping[str, dict[str, Any]], known_metrics: Metrics | None
) -> Iterator[Issue]:
    name = check.get("metric")
    metric = known_metrics.get(name) if known_metrics is not None and isinstance(name, str) else None
    if known_metrics is not None and isinstance(name, str) and metric is None:
        yield Issue((*path, "metric"), f"there is no metric {name!r}", _suggest_metric(name, known_metrics))
    yield from _threshold(check.get("threshold"), (*path, "threshold"), metric)
    yield from _min_rows(check.get("min_rows"), (*path, "min_rows"))
    yield from _checked(check, (*path, "columns"), columns, metric)


def _threshold(threshold: object, path: Path, metric: MetricRules | None) -> Iterator[Issue]:
    yield from _limit(threshold, path)
    if not isinstance(threshold, dict):
        return
    warning, alert = threshold.get("warning"), threshold.get("alert")
    if warning is None and alert is None and threshold.keys() <= {"warning", "alert"}:
        fix = "Give `warning`, `alert` or both; `enabled: false` switches a check off."
        yield Issue(path, "no limit is given, so every value would be fine", fix)
    yield from _limit(warning, (*path, "warning"))
    yield from _limit(alert, (*path, "alert"))
    if metric is not None and _is_number(warning) and _is_number(alert):
        yield from _order(warning, alert, metric.below, path)


def _order(warning: float, alert: float, floor: bool, path: Path) -> Iterator[Issue]:
    if warning < alert if floor else warning > alert:
        side, limit = ("below", "larger") if floor else ("above", "smaller")
        found = f"the warning limit {warning} is {side} the alert limit {alert}"
        yield Issue(path, found, f"A warning comes before an alert: give it the {limit} limit.")


def _limit(value: object, path: Path) -> Iterator[Issue]:
    if _is_number(value) and value < 0:
        yield Issue(path, f"{value} is below 0", "Give the largest value you accept, such as 0.2.")


def _min_rows(least: object, path: Path) -> Iterator[Issue]:
    if isinstance(least, int) and not isinstance(least, bool) and least < 1:
        fix = "Give the number of rows from which the metric can be trusted, such as 100."
        yield Issue(path, f"{least} is not above 0", fix)


def _checked(
    check: dict[str, Any], path: Path, columns: Mapping[str, dict[str, Any]], metric: MetricRules | None
) -> Iterator[Issue]:
    """Yield what is wrong with the columns of a check."""
    listed = _list(check.get("columns"))
    if listed and metric is not None and metric.of_window:
        found = f"{check['metric']!r} is measured once for the whole window, not for columns"
        yield Issue(path, found, "Remove `columns`.")
        return
    for place, name in enumerate(listed):
        if isinstance(name, str) and name not in columns:
            yield Issue((*path, place), f"there is no column {name!r}", suggest(name, columns, "columns"))
        elif isinstance(name, str) and metric is not None:
            yield from _idle(str(check["metric"]), columns[name], (*path, place))


def _idle(metric: str, column: dict[str, Any], path: Path) -> Iterator[Issue]:
    """Yield why there is nothing that *metric* could measure on the column."""
    name, rule = column["name"], RULE_METRICS.get(metric, "name")
    if column.get("role") in UNMEASURED:
        found = f"the column {name!r} has the role {column['role']!r}, so nothing is measured on it"
        yield Issue(path, found, "Remove it here, or give the column another role.")
    elif metric == "empty" and _kind(column) is not Kind.TEXT:
        found = f"the column {name!r} is not of the kind 'text', so {metric!r} has nothing to check there"
        yield Issue(path, found, "Give the column `kind: text`, or remove it here.")
    elif column.get(rule) is None:
        found = f"the column {name!r} has no `{rule}`, so {metric!r} has nothing to check there"
        yield Issue(path, found, f"Give the column a `{rule}`, or remove it here.")
