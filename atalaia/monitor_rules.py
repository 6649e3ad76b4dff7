"""What a monitor file must fulfil beyond its structure: rules on plain data, used on the fast and on the slow path.

Each rule looks only at values of the right type; that a type is wrong is told by `atalaia.monitor_faults`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from atalaia.monitor_checks import CHOICE, DRIFT_METRICS, RELATIONS, Metrics, broken_check_rules, broken_relation_rules
from atalaia.monitor_columns import broken_column_rules, is_number, list_of, mapping_of
from atalaia.monitor_policies import broken_new_baseline, broken_policies
from atalaia.monitor_yaml import Issue
from atalaia.spelling import slug
from atalaia.window import parse_duration

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_LONGEST = "520w"


def broken_rules(data: object, known_metrics: Metrics | None = None) -> Iterator[Issue]:
    """Yield what breaks a rule in the plain *data* of a monitor file.

    Args:
        data: As `atalaia.monitor_yaml.read` gives it; parts of a wrong type are passed over.
        known_metrics: The metrics that checks may name; None to accept any name and not to ask what it can be used for.
    """
    monitor = mapping_of(data)
    yield from _name(monitor.get("name"))
    yield from _blanks(monitor)
    yield from _time_keys(monitor)
    yield from _alarm_rate(monitor.get("alarm_rate"))
    columns = [mapping_of(column) for column in list_of(monitor.get("columns"))]
    names: dict[str, int] = {}
    roles: dict[str, int] = {}
    for place, column in enumerate(columns):
        yield from broken_column_rules(column, ("columns", place))
        yield from _repeated(column, place, names, roles)
    named = {name: columns[place] for name, place in names.items()}
    multivariate = monitor.get("multivariate")
    yield from broken_relation_rules(multivariate, named)
    for place, check in enumerate(list_of(monitor.get("checks"))):
        yield from broken_check_rules(_whole(check, monitor), ("checks", place), named, known_metrics)
        if mapping_of(check).get("metric") in RELATIONS and multivariate in (None, False):
            fix = "Write `multivariate: true` at the top level, or remove the check."
            yield Issue(("checks", place, "metric"), "the relations between columns are not watched", fix)
    times = monitor.get("window", "1d"), monitor.get("lateness", "1h")
    yield from broken_policies(list_of(monitor.get("policies")), known_metrics, named, times)
    yield from broken_new_baseline(mapping_of(monitor.get("model")).get("new_baseline"), ("model", "new_baseline"))


def _whole(check: object, monitor: dict[str, Any]) -> dict[str, Any]:
    """Return a check with the monitor's convention in it, if it is one of drift and names none."""
    given, convention = mapping_of(check), monitor.get("convention")
    metric = given.get("metric")
    drift = isinstance(metric, str) and (metric == CHOICE or metric in DRIFT_METRICS)
    return {"convention": convention} | given if drift and convention is not None else given


def _name(name: object) -> Iterator[Issue]:
    if isinstance(name, str) and not _NAME.fullmatch(name):
        found = f"{name!r} is not a name of small letters, digits and hyphens, at most 63, not beginning with a hyphen"
        yield Issue(("name",), found, f"Write {slug(name)!r}, for example.")


def _alarm_rate(rate: object) -> Iterator[Issue]:
    if is_number(rate) and not 0 < rate < 1:
        fix = "Give a probability such as 0.05: that of a false alert in a year, and of a false warning in a window."
        yield Issue(("alarm_rate",), f"{rate} is not between 0 and 1", fix)


def _blanks(monitor: dict[str, Any]) -> Iterator[Issue]:
    for path in (("output",), ("model", "name"), ("logs", "source")):
        value = monitor if len(path) == 1 else mapping_of(monitor.get(path[0]))
        if value.get(path[-1]) == "":
            yield Issue(path, "the text is empty", "Fill it in.")
    if monitor.get("columns") == []:
        fix = "List the columns that a row of the logs has, or let `atalaia init` infer them."
        yield Issue(("columns",), "no column is listed", fix)
    if mapping_of(monitor.get("baseline")).get("data") == []:
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
    if role in ("time", "id", "version") and place != roles.setdefault(role, place):
        found = f"a second column has the role {role!r}; the first is columns[{roles[role]}]"
        yield Issue(("columns", place, "role"), found, "Keep one of them and give the other the role 'ignored'.")
