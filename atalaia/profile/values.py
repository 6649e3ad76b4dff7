"""Reading a column's raw values by its declared type: numbers or categories, and what was neither.

Logs write the same value in many ways: 1, 1.0, "1", true. What is read here depends on the declared type alone, so a
column means the same whichever format its rows came in.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from atalaia.schema import Column, Type
from atalaia.window import SECOND, parse_time

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_LONGEST_CATEGORY = 200
_TRUE = frozenset({"true", "1", "1.0", "True", "TRUE"})
_FALSE = frozenset({"false", "0", "0.0", "False", "FALSE"})
_INFINITY = frozenset({"inf", "infinity"})


@dataclass(frozen=True, slots=True)
class Numbers:
    """A batch of a numeric column: float64 values (NaN and ±Inf included), and counts of what is not among them.

    `overflow` counts the infinities among `values` that a log wrote as finite digits, such as 1e400.
    """

    values: Floats
    missing: int
    type_errors: int
    overflow: int


@dataclass(frozen=True, slots=True)
class Categories:
    """A batch of a categorical column: how often each value occurs, and counts of what is not among them."""

    counts: dict[str, int]
    missing: int
    type_errors: int


def read_numbers(column: Column, array: pa.Array) -> Numbers:
    """Read *array* as numbers: integers and floats as they are, booleans as 0 and 1, text by what it says.

    In an integer column a fraction is a type error; in a time column values become seconds since 1970.
    """
    if column.type is Type.TIME:
        return _numbers_of_text(array, _seconds)
    if _is_plain_number(array.type):
        numbers = Numbers(_plain_numbers(array), int(array.null_count), 0, 0)
    elif pa.types.is_null(array.type):
        numbers = Numbers(np.empty(0), len(array), 0, 0)
    else:
        numbers = _numbers_of_text(array, float)
    return _without_fractions(numbers) if column.type is Type.INTEGER else numbers


def _is_plain_number(kind: pa.DataType) -> bool:
    t = pa.types
    return bool(t.is_integer(kind) or t.is_floating(kind) or t.is_decimal(kind) or t.is_boolean(kind))


def _plain_numbers(array: pa.Array) -> Floats:
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.uint8())
    if array.null_count:
        array = array.drop_null()
    return np.asarray(pc.cast(array, pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)


def _without_fractions(numbers: Numbers) -> Numbers:
    values = numbers.values
    keep = (values == np.floor(values)) | ~np.isfinite(values)
    wrong = len(values) - int(np.count_nonzero(keep))
    if not wrong:
        return numbers
    return Numbers(values[keep], numbers.missing, numbers.type_errors + wrong, numbers.overflow)


def _numbers_of_text(array: pa.Array, read: Callable[[str], float]) -> Numbers:
    values, counts = _distinct_texts(array)
    parsed: list[float] = []
    repeats: list[int] = []
    missing, type_errors, overflow = int(array.null_count), 0, 0
    for text, count in zip(values, counts, strict=True):
        word = text.strip()
        if not word:
            missing += count
            continue
        try:
            number = read(word) if "_" not in word else None
        except ValueError:
            number = None
        if number is None:
            type_errors += count
            continue
        overflow += count if math.isinf(number) and word.lstrip("+-").lower() not in _INFINITY else 0
        parsed.append(number)
        repeats.append(count)
    return Numbers(np.repeat(np.array(parsed, dtype=np.float64), repeats), missing, type_errors, overflow)


def _seconds(text: str) -> float:
    time = parse_time(text)
    if time is None:
        msg = "not a believable time"
        raise ValueError(msg)
    return time / SECOND


def read_categories(column: Column, array: pa.Array) -> Categories:
    """Read *array* as categories, each as the one text that stands for its value under the column's type."""
    canonical = _CANONICAL[column.type]
    values, repeats = _distinct_texts(array)
    counts: dict[str, int] = {}
    type_errors = 0
    for text, count in zip(values, repeats, strict=True):
        value = canonical(text)
        if value is None:
            type_errors += count
        else:
            counts[value] = counts.get(value, 0) + count
    return Categories(counts, int(array.null_count), type_errors)


def _distinct_texts(array: pa.Array) -> tuple[list[str], list[int]]:
    """Each distinct value as text, and how often it occurs; nulls left out."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    pairs = array.drop_null().value_counts() if _countable(array.type) else _count_in_python(array)
    values = pairs.field("values").to_pylist()
    return [_as_text(v) for v in values], pairs.field("counts").to_pylist()


def _countable(kind: pa.DataType) -> bool:
    return not pa.types.is_nested(kind) and not pa.types.is_null(kind)


def _count_in_python(array: pa.Array) -> pa.StructArray:
    return pa.array([_as_text(v) for v in array.to_pylist() if v is not None], pa.string()).value_counts()


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value)


def _boolean(text: str) -> str | None:
    return "true" if text in _TRUE else "false" if text in _FALSE else None


def _number(text: str) -> str | None:
    if text in ("true", "false"):
        return "1" if text == "true" else "0"
    try:
        return _as_text(float(text)) if "_" not in text else None
    except ValueError:
        return None


def _integer(text: str) -> str | None:
    number = _number(text)
    return None if number is not None and "." in number else number


def _string(text: str) -> str:
    if len(text) <= _LONGEST_CATEGORY:
        return text
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{text[:64]}… #{digest}"


_CANONICAL: dict[Type, Callable[[str], str | None]] = {
    Type.BOOLEAN: _boolean,
    Type.NUMBER: _number,
    Type.INTEGER: _integer,
    Type.STRING: _string,
    Type.TIME: _string,
}
