"""Tensors of the open inference protocol, version 2, to rows."""

from __future__ import annotations

import math
from itertools import chain
from typing import Any

from atalaia.logs.records import RejectedError, Row

_MOST_DIMENSIONS = 64


def is_tensors(value: Any) -> bool:
    """Tell whether `inputs` or `outputs` are tensors, and not rows of another protocol that uses the same key."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) for item in value)
        and any("shape" in item or "datatype" in item for item in value)
    )


def tensor_rows(tensors: list[Row], names: tuple[str, ...] | None) -> list[Row]:
    """Put the columns of all tensors side by side; a row is an index of their first dimension.

    Args:
        tensors: Each with name, shape and data, flat or nested.
        names: Of the monitor: they replace the tensors' own where those are as many and none is among them.

    Raises:
        RejectedError: `bad_shape`, or `no_rows` where the first dimension is 0.
    """
    columns: dict[str, list[Any]] = {}
    counts = set()
    for place, tensor in enumerate(tensors):
        rows, values = _checked(tensor)
        counts.add(rows)
        columns |= _columns(_name(tensor, place), rows, values)
    if len(counts) > 1:
        raise RejectedError(reason="bad_shape", rows=max(counts))
    if names is not None and len(names) == len(columns) and not columns.keys() & set(names):
        columns = dict(zip(names, columns.values(), strict=True))
    return [dict(zip(columns, items, strict=True)) for items in zip(*columns.values(), strict=True)]


def _name(tensor: Row, place: int) -> str:
    name = tensor.get("name")
    return name if isinstance(name, str) and name else f"tensor_{place}"


def _checked(tensor: Row) -> tuple[int, list[Any]]:
    shape, data = tensor.get("shape"), tensor.get("data")
    if not isinstance(shape, list) or not isinstance(data, list) or not _is_shape(shape):
        raise RejectedError(reason="bad_shape")
    while any(isinstance(item, list) for item in data):
        data = list(chain.from_iterable(item if isinstance(item, list) else [item] for item in data))
    rows: int = shape[0] if shape else 1
    if math.prod(shape) != len(data) or any(isinstance(item, dict) for item in data):
        raise RejectedError(reason="bad_shape")
    if not data:
        raise RejectedError(reason="no_rows")
    return rows, data


def _is_shape(shape: list[Any]) -> bool:
    return len(shape) <= _MOST_DIMENSIONS and all(type(size) is int and size >= 0 for size in shape)


def _columns(name: str, rows: int, values: list[Any]) -> dict[str, list[Any]]:
    width = len(values) // rows
    if width == 1:
        return {name: values}
    return {f"{name}_{place}": values[place::width] for place in range(width)}
