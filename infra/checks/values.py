"""Terraform's values as Python's, and back: an unknown value is one of its own kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgpack

from generated import Schema
from wire import MESSAGES

Value = Any
Make = Callable[[tuple[str, ...], Schema], Value]
"""Makes the value of a computed attribute from its place and its schema."""


class Unknown:
    """What is known only after apply."""


UNKNOWN = Unknown()


def decode(value: Any) -> Value:
    """Return what a message's value holds."""
    if value.msgpack:
        return msgpack.unpackb(value.msgpack, raw=False, strict_map_key=False, ext_hook=lambda *_: UNKNOWN)
    return json.loads(value.json) if value.json else None


def encode(value: Value) -> Any:
    """Return a message with *value*."""
    packed = msgpack.packb(value, default=lambda _: msgpack.ExtType(0, b"\0"), use_bin_type=True)
    return MESSAGES["Value"](msgpack=packed)


def leaves(value: Value) -> Iterator[Value]:
    """Yield every plain value in *value*."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from leaves(each)
    else:
        yield value


def is_whole(value: Value) -> bool:
    """Tell whether all in *value* is known."""
    return not any(isinstance(leaf, Unknown) for leaf in leaves(value))


def filled(block: Schema, value: Value, make: Make, place: tuple[str, ...] = ()) -> Value:
    """Return *value* with a new value for each unknown one, and for each computed one that nobody gave."""
    if not isinstance(value, dict):
        return value
    new = dict(value)
    for name, attribute in block["attributes"].items():
        old = value.get(name)
        lacks = old is None and attribute.get("computed") and not attribute.get("write_only")
        if lacks or isinstance(old, Unknown):
            new[name] = make((*place, name), attribute)
        elif "nested_type" in attribute and old is not None:
            nested = attribute["nested_type"]
            inner = {"attributes": nested["attributes"], "block_types": {}}
            new[name] = _each(nested["nesting_mode"], inner, old, make, (*place, name))
    for name, nested in block["block_types"].items():
        if new.get(name) is not None:
            new[name] = _each(nested["nesting_mode"], nested["block"], new[name], make, (*place, name))
    return new


def _each(mode: str, inner: Schema, value: Value, make: Make, place: tuple[str, ...]) -> Value:
    if mode in ("list", "set") and isinstance(value, list):
        return [filled(inner, each, make, (*place, str(number))) for number, each in enumerate(value)]
    if mode == "map" and isinstance(value, dict):
        return {key: filled(inner, each, make, (*place, key)) for key, each in value.items()}
    return filled(inner, value, make, place)
