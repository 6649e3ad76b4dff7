"""One item of a payload as one row: names for its values, and what is nested flattened."""

from __future__ import annotations

from typing import Any

from atalaia.logs.jsontext import compact
from atalaia.logs.records import RejectedError, Row, shortened
from atalaia.logs.settings import Context
from atalaia.rows import Side

_UNNAMED = {Side.OUTPUT: "prediction", Side.LABEL: "label"}
_NESTED = frozenset({dict, list})


def row_of(value: Any, side: Side | None, context: Context) -> Row:
    """Read one item as one row: an object by its keys, a list by its places, anything else as a single value."""
    if isinstance(value, dict):
        return object_row(value, context)
    return positional_row(value if isinstance(value, list) else [value], side, context)


def positional_row(values: list[Any], side: Side | None, context: Context) -> Row:
    """Name the values of a row by their places.

    Raises:
        RejectedError: The names are known and are not as many as the values.
    """
    names = context.names.of(side)
    if names is None:
        names = invented_names(len(values), side)
    elif len(names) != len(values):
        raise RejectedError(reason="column_count")
    return {name: flat_value(value) for name, value in zip(names, values, strict=True)}


def invented_names(count: int, side: Side | None) -> tuple[str, ...]:
    """Name *count* values of which nothing is known.

    Example:
        >>> invented_names(2, Side.INPUT), invented_names(1, Side.OUTPUT)
        (('_c0', '_c1'), ('prediction',))
    """
    stem = _UNNAMED.get(side) if side is not None else None
    if stem is None:
        return tuple(f"_c{place}" for place in range(count))
    return (stem,) if count == 1 else tuple(f"{stem}_{place}" for place in range(count))


def flat(value: Row) -> Row:
    """Flatten nested objects with dots; lists and empty objects become compact JSON text.

    Example:
        >>> flat({"a": {"b": 1, "c": [1, 2]}, "d": None})
        {'a.b': 1, 'a.c': '[1,2]', 'd': None}
    """
    if _NESTED.isdisjoint(map(type, value.values())):
        return value
    row: Row = {}
    for key, item in value.items():
        if isinstance(item, dict) and item:
            stem = shortened(key)
            row.update((shortened(f"{stem}.{inner}"), leaf) for inner, leaf in flat(item).items())
        else:
            row[key] = flat_value(item)
    return row


def flat_value(value: Any) -> Any:
    """Return a list or an object as compact JSON text, and anything else as it is."""
    return compact(value) if isinstance(value, dict | list) else value


def object_row(value: Row, context: Context) -> Row:
    """Read an object as one row; a list of scalars under `features` is named by its places."""
    features = value.get("features")
    if not isinstance(features, list) or any(isinstance(item, dict | list) for item in features):
        return flat(value)
    rest = {key: item for key, item in value.items() if key != "features"}
    return positional_row(features, Side.INPUT, context) | flat(rest)
