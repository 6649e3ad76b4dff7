"""What a schema cannot say of an argument: allowed values, ranges, forms. `rules/*.json` tells it by type.

    {"aws_lambda_function": [{"attribute": "timeout", "range": [1, 900]}]}

A rule is `one_of`, `range`, `matches` (a regular expression), `json` (the text must be), or `exactly_one_of` several
attributes. Null and unknown values are never judged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from generated import Schema
from values import Unknown

Fault = tuple[str, str]
"""An attribute's name, and what is wrong with it."""


@cache
def rules_of(type_name: str) -> tuple[dict[str, Any], ...]:
    """Return the rules of a resource type."""
    path = Path(__file__).with_name("rules") / f"{type_name.partition('_')[0]}.json"
    return tuple(json.loads(path.read_text()).get(type_name, ())) if path.exists() else ()


def broken(type_name: str, config: dict[str, Any]) -> Iterator[Fault]:
    """Yield what is wrong with the arguments of a resource."""
    for rule in rules_of(type_name):
        if "exactly_one_of" in rule:
            yield from _exactly_one(rule["exactly_one_of"], config)
            continue
        for value in _at(config, rule["attribute"].split(".")):
            if value is not None and not isinstance(value, Unknown | dict) and (why := _fault(rule, value)):
                yield rule["attribute"], why


def set_though_computed(block: Schema, value: Any, place: tuple[str, ...] = ()) -> Iterator[Fault]:
    """Yield what the configuration gives though only the provider can: providers refuse that, the core does not."""
    if not isinstance(value, dict):
        return
    for name, attribute in block["attributes"].items():
        if attribute.get("computed") and not attribute.get("optional") and value.get(name) is not None:
            yield (*place, name)[0], f"{'.'.join((*place, name))} is computed and cannot be set"
    for name, nested in block["block_types"].items():
        inner = value.get(name)
        for each in inner if isinstance(inner, list) else [inner]:
            yield from set_though_computed(nested["block"], each, (*place, name))


def _exactly_one(names: list[str], config: dict[str, Any]) -> Iterator[Fault]:
    given = [name for name in names if config.get(name) not in (None, [])]
    if len(given) != 1 and not any(isinstance(config.get(name), Unknown) for name in names):
        yield names[0], f"exactly one of {', '.join(names)} must be set"


def _at(value: Any, path: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for each in value:
            yield from _at(each, path)
    elif not path:
        yield value
    elif isinstance(value, dict):
        yield from _at(value.get(path[0]), path[1:])


def _fault(rule: dict[str, Any], value: Any) -> str | None:
    if "one_of" in rule:
        told = ", ".join(map(str, rule["one_of"]))
        return None if value in rule["one_of"] else f"expected one of {told}, got {value!r}"
    if "range" in rule:
        low, high = rule["range"]
        return None if low <= float(value) <= high else f"expected a number from {low} to {high}, got {value}"
    if "matches" in rule:
        return None if re.fullmatch(rule["matches"], str(value)) else f"{value!r} does not match {rule['matches']}"
    return _fault_of_json(value)


def _fault_of_json(text: str) -> str | None:
    try:
        json.loads(text)
    except ValueError as error:
        return f"this is no JSON: {error}"
    return None
