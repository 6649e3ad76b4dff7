"""How many values of a batch break the rules that the monitor file gives their column: range, set and pattern."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from atalaia.errors import AtalaiaError
from atalaia.patterns import match_whole
from atalaia.profile.values import Categories, Floats, Numbers, read_categories, read_numbers
from atalaia.schema import Column


def broken_by_numbers(column: Column, numbers: Numbers) -> dict[str, Any]:
    """Count the finite numbers out of the column's range and set, for each of the two that it has."""
    broken: dict[str, Any] = {}
    if column.range is None and column.set is None:
        return broken
    finite = numbers.values[np.isfinite(numbers.values)]
    if column.range is not None:
        low, high = column.range
        below = 0 if low is None else np.count_nonzero(finite < low)
        above = 0 if high is None else np.count_nonzero(finite > high)
        broken["out_of_range"] = int(below) + int(above)
    if column.set is not None:
        broken["out_of_set"] = int(np.count_nonzero(~np.isin(finite, _allowed_numbers(column))))
    return broken


def broken_by_categories(column: Column, categories: Categories) -> dict[str, Any]:
    """Count the values out of the column's set and off its pattern, for each of the two that it has.

    Raises:
        AtalaiaError: The pattern cannot run.
    """
    broken: dict[str, Any] = {}
    counts = categories.counts
    if column.set is not None:
        allowed = _allowed_categories(column)
        broken["out_of_set"] = sum(count for value, count in counts.items() if value not in allowed)
    if column.pattern is not None:
        texts = [categories.whole.get(value, value) for value in counts]
        matched = _match(column.name, column.pattern, texts)
        broken["off_pattern"] = sum(n for n, fits in zip(counts.values(), matched, strict=True) if not fits)
    return broken


def _match(column: str, pattern: str, texts: list[str]) -> list[bool]:
    try:
        return match_whole(pattern, texts)
    except AtalaiaError as error:
        msg = f"column {column}: {error}"
        raise AtalaiaError(msg) from error


@lru_cache(maxsize=1024)
def _allowed_numbers(column: Column) -> Floats:
    members = [read_numbers(column, pa.array([member])).values for member in column.set or ()]
    return np.concatenate([np.empty(0), *members])


@lru_cache(maxsize=1024)
def _allowed_categories(column: Column) -> frozenset[str]:
    members = [read_categories(column, pa.array([member])).counts for member in column.set or ()]
    return frozenset(value for counts in members for value in counts)
