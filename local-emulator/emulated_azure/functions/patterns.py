"""Paths and names with places in braces: what a pattern means, what a name becomes, which route an address takes."""

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

PLACE = re.compile(r"\{([^{}]+)\}")
SETTING = re.compile(r"%([^%]+)%")
DATE_PARTS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
CONSTRAINTS = {
    "int": r"-?\d+",
    "long": r"-?\d+",
    "alpha": "[A-Za-z]+",
    "guid": "[0-9a-fA-F-]{36}",
    "bool": "(?i:true|false)",
}
ROUTE_PLACE = re.compile(r"(/?)\{(\*?)(\w+)(?::(\w+))?[^}?]*(\?)?\}")


def match_path(pattern: str, path: str) -> dict[str, str] | None:
    """What the places of *pattern* are in *path*; None if it does not match. A place takes as little as it can."""
    expression, end = "", 0
    for place in PLACE.finditer(pattern):
        expression += re.escape(pattern[end : place.start()])
        expression += f"(?P<{place[1]}>.+{'?' if place.end() < len(pattern) else ''})"
        end = place.end()
    found = re.fullmatch(expression + re.escape(pattern[end:]), path, re.DOTALL)
    return found.groupdict() if found else None


def resolve_settings(text: str, settings: Mapping[str, str]) -> str:
    """*text* with `%NAME%` replaced by the application's setting.

    Raises:
        LookupError: There is no such setting.
    """

    def setting(found: re.Match[str]) -> str:
        if found[1] not in settings:
            message = f"'%{found[1]}%' does not resolve to a value"
            raise LookupError(message)
        return settings[found[1]]

    return SETTING.sub(setting, text)


def fill(template: str, data: Mapping[str, Any], now: float) -> str:
    """*template* with each `{place}` filled from *data*.

    Raises:
        LookupError: A place is not in *data*.
    """
    return PLACE.sub(lambda found: _value(found[1], data, now), template)


def _value(place: str, data: Mapping[str, Any], now: float) -> str:
    if place == "rand-guid":
        return str(uuid.uuid4())
    if place == "DateTime" or place.startswith("DateTime:"):
        shape = re.sub("yyyy|MM|dd|HH|mm|ss", lambda part: DATE_PARTS[part[0]], place[9:]) or "%Y-%m-%dT%H-%M-%SZ"
        return datetime.fromtimestamp(now, UTC).strftime(shape)
    value: Any = data
    for part in place.split("."):
        names = [name for name in value if name.lower() == part.lower()] if isinstance(value, Mapping) else []
        if not names:
            message = f"no value for {{{place}}}"
            raise LookupError(message)
        value = value[names[0]]
    return str(value)


def route_expression(route: str) -> re.Pattern[str]:
    """What addresses a route takes, below its prefix; places, optional ones, a last one that takes the rest."""
    expression, end = "", 0
    for place in ROUTE_PLACE.finditer(route):
        slash, rest, name, constraint, optional = place.groups()
        expression += re.escape(route[end : place.start()])
        shape = ".*" if rest else CONSTRAINTS.get(constraint or "", "[^/]+")
        group = f"{slash}(?P<{name}>{shape})"
        expression += f"(?:{group})?" if optional or rest else group
        end = place.end()
    return re.compile(expression + re.escape(route[end:]) + "/?", re.IGNORECASE)


def specificity(route: str) -> tuple[bool, ...]:
    """Sorts routes so that one that names a part comes before one that leaves it open."""
    return tuple("{" in part for part in route.split("/"))
