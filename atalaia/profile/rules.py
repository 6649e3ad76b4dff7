"""The rules that the monitor file gives a column's values, in the form that counters check them."""

from __future__ import annotations

from functools import partial

import numpy as np
import pyarrow as pa

from atalaia import patterns
from atalaia.errors import AtalaiaError
from atalaia.profile.category_counter import Match
from atalaia.profile.values import Floats, read_categories, read_numbers
from atalaia.schema import Column


def allowed_numbers(column: Column) -> Floats | None:
    """Return the numbers in the column's set, each once; None without a set."""
    if column.set is None:
        return None
    members = [read_numbers(column, pa.array([member])).values for member in column.set]
    numbers = np.unique(np.concatenate([np.empty(0), *members]))
    return np.asarray(numbers[np.isfinite(numbers)], dtype=np.float64)


def allowed_categories(column: Column) -> frozenset[str] | None:
    """Return the values in the column's set; None without a set."""
    if column.set is None:
        return None
    members = [read_categories(column, pa.array([member])).texts for member in column.set]
    return frozenset(value for texts in members for value in texts)


def pattern_match(column: Column) -> Match | None:
    """Return what tells whether texts match the column's pattern; None without one.

    Calling it raises an `AtalaiaError` if the pattern cannot run.
    """
    return None if column.pattern is None else partial(_match, column, column.pattern)


def _match(column: Column, pattern: str, texts: list[str]) -> list[bool]:
    matched: list[bool] = match_texts(column, pattern, pa.array(texts, pa.string()), whole=True).to_pylist()
    return matched


def match_texts(column: Column, pattern: str, texts: pa.Array, *, whole: bool = False) -> pa.Array:
    """Tell of texts of *column* which ones contain a pattern, or match it as a *whole*; null for null.

    Raises:
        AtalaiaError: The pattern cannot run.
    """
    try:
        return patterns.match_texts(pattern, texts, whole=whole)
    except AtalaiaError as error:
        msg = f"column {column.name}: {error}"
        raise AtalaiaError(msg) from error
