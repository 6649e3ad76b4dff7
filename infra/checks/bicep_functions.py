"""The functions and operators of Bicep that are used here, as Azure Resource Manager works them out."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any


def worked(sign: str, left: int, right: int) -> int:
    """Return what an operator makes of two whole numbers; it knows no others."""
    if type(left) is not int or type(right) is not int:
        message = f"{left!r} {sign} {right!r}: only whole numbers can be worked with"
        raise TypeError(message)
    whole = abs(left) // abs(right) if sign == "/" else 0
    signed = whole if (left < 0) == (right < 0) else -whole
    made = {"+": left + right, "-": left - right, "*": left * right, "/": signed}
    return left - right * worked("/", left, right) if sign == "%" else made[sign]


def compared(sign: str, left: Any, right: Any) -> bool:
    """Return what a comparison says."""
    if sign in ("==", "!="):
        return bool((left == right and type(left) is type(right)) or (_are_text(left, right) and left == right)) is (
            sign == "=="
        )
    if sign in ("=~", "!~"):
        return (left.lower() == right.lower()) is (sign == "=~")
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign] is True


def plain(value: Any) -> Any:
    """Return a value without what is null, as Azure leaves it out."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, str) else value


def _are_text(*values: Any) -> bool:
    return all(isinstance(each, str) for each in values)


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, separators=(",", ":"))


def _union(*given: Any) -> Any:
    if all(isinstance(each, dict) for each in given):
        return reduce(_merged, given)
    found: list[Any] = []
    for each in (each for one in given for each in _listed(one)):
        if each not in found:
            found.append(each)
    return found


def _merged(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    both = {
        name for name in left.keys() & right.keys() if isinstance(left[name], dict) and isinstance(right[name], dict)
    }
    return left | right | {name: _merged(left[name], right[name]) for name in both}


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        message = f"{value!r} is no array"
        raise TypeError(message)
    return value


def _concat(*given: Any) -> Any:
    return "".join(given) if _are_text(*given) else [each for one in given for each in _listed(one)]


def _contains(whole: Any, part: Any) -> bool:
    """Whether it has a part; keys of objects alone are the same in capitals."""
    return part.lower() in (each.lower() for each in whole) if isinstance(whole, dict) else part in whole


def _to_object(
    given: list[Any], key: Callable[..., str], value: Callable[..., Any] = lambda each: each
) -> dict[str, Any]:
    return {key(each): value(each) for each in given}


def _fail(message: str) -> None:
    raise ValueError(message)


def _guid(*given: str) -> str:
    if not _are_text(*given):
        message = "guid takes texts"
        raise TypeError(message)
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "-".join(given)))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "any": lambda value: value,
    "concat": _concat,
    "contains": _contains,
    "empty": lambda value: value is None or len(value) == 0,
    "endsWith": lambda text, end: text.lower().endswith(end.lower()),
    "fail": _fail,
    "filter": lambda given, holds: [each for each in _listed(given) if holds(each) is True],
    "first": lambda given: given[0] if given else None,
    "flatten": lambda given: [each for one in _listed(given) for each in _listed(one)],
    "guid": _guid,
    "int": int,
    "items": lambda given: [{"key": name, "value": given[name]} for name in sorted(given)],
    "join": lambda given, between: between.join(_listed(given)),
    "json": json.loads,
    "last": lambda given: given[-1] if given else None,
    "length": len,
    "map": lambda given, made: [made(each) for each in _listed(given)],
    "max": max,
    "min": min,
    "objectKeys": sorted,
    "padLeft": lambda value, length, sign=" ": _string(value).rjust(length, sign),
    "range": lambda start, length: list(range(start, start + length)),
    "reduce": lambda given, start, joined: reduce(joined, _listed(given), start),
    "replace": lambda text, old, new: text.replace(old, new),
    "skip": lambda given, number: given[number:],
    "split": lambda text, sign: text.split(sign),
    "startsWith": lambda text, begin: text.lower().startswith(begin.lower()),
    "string": _string,
    "substring": lambda text, start, length=None: text[start:] if length is None else text[start : start + length],
    "take": lambda given, number: given[:number],
    "toLower": str.lower,
    "toObject": _to_object,
    "toUpper": str.upper,
    "trim": str.strip,
    "union": _union,
}
