"""Reading a column's raw values by its declared type: numbers or categories, and what was neither.

Logs write the same value in many ways: 1, 1.0, "1", true. What is read here depends on the declared type and on the
value alone:

- In columns of numbers, integers and booleans a value is the same however it is written, as a number or as text. Blank
  text is missing, as it is in columns of times.
- In columns of strings text is kept exactly as it is written, blank text included: "1.0" and "1" are two categories. A
  number is written in its shortest form, a whole one without a point: 1 and 1.0 are both "1", because a batch that
  holds 2.5 as well holds its integers as floats.
- NaN and the infinities are numbers of a kind to a numeric column. As categories of numbers they are type errors: they
  are no value of the declared type, and nothing that could be compared by name.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from atalaia.rows import value_text
from atalaia.schema import Column, Type
from atalaia.window import SECOND, parse_time

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_LONGEST_TEXT = 200
_WHOLE = re.compile(r"([+-]?[0-9]+)(?:\.0*)?")
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
    """A batch of a categorical column: how often each value occurs, and counts of what is not among them.

    `whole` holds the full texts of the values that `counts` names by their beginning only.
    """

    counts: dict[str, int]
    missing: int
    type_errors: int
    whole: Mapping[str, str] = field(default_factory=dict, compare=False)


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
    """Read *array* as categories, each as the one text that stands for its value under the column's type.

    In columns of numbers whole ones are told apart to the last digit, and NaN and the infinities are type errors.
    """
    values, repeats = _distinct_texts(array)
    counts: dict[str, int] = {}
    whole: dict[str, str] = {}
    missing, type_errors = int(array.null_count), 0
    for text, count in zip(values, repeats, strict=True):
        value = _category(column.type, text)
        if value is not None:
            counts[value] = counts.get(value, 0) + count
            if len(text) > _LONGEST_TEXT:
                whole[value] = text
        elif not text.strip():
            missing += count
        else:
            type_errors += count
    return Categories(counts, missing, type_errors, whole)


def category_texts(column: Column, array: pa.Array) -> pa.Array:
    """Return for each row the text that stands for its category, null where it has none."""
    texts = [None if value is None else value_text(value) for value in array.to_pylist()]
    categories = {text: _category(column.type, text) for text in set(texts) if text is not None}
    return pa.array([None if text is None else categories[text] for text in texts], pa.string())


def _category(kind: Type, text: str) -> str | None:
    category = _CANONICAL[kind](text)
    return None if category is None else bounded_text(category)


def _distinct_texts(array: pa.Array) -> tuple[list[str], list[int]]:
    """Each distinct value as text, and how often it occurs; nulls left out."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    pairs = array.drop_null().value_counts() if _countable(array.type) else _count_in_python(array)
    values = pairs.field("values").to_pylist()
    return [value_text(v) for v in values], pairs.field("counts").to_pylist()


def _countable(kind: pa.DataType) -> bool:
    return not pa.types.is_nested(kind) and not pa.types.is_null(kind)


def _count_in_python(array: pa.Array) -> pa.StructArray:
    return pa.array([value_text(v) for v in array.to_pylist() if v is not None], pa.string()).value_counts()


def bounded_text(text: str) -> str:
    """Return *text*, or what stands for it if it is long: its beginning and a digest of it."""
    if len(text) <= _LONGEST_TEXT:
        return text
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{text[:64]}… #{digest}"


def _boolean(text: str) -> str | None:
    word = text.strip()
    return "true" if word in _TRUE else "false" if word in _FALSE else None


def _number(text: str) -> str | None:
    """Write a finite number in the one way that stands for it: a whole one in all its digits."""
    word = text.strip()
    if word in ("true", "false"):
        return "1" if word == "true" else "0"
    try:
        if whole := _WHOLE.fullmatch(word):
            return str(int(whole[1]))
        number = float(word) if "_" not in word else math.nan
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return str(int(number)) if number.is_integer() else repr(number)


def _integer(text: str) -> str | None:
    number = _number(text)
    return number if number is not None and number.lstrip("-").isdigit() else None


def _string(text: str) -> str:
    return text


def _time(text: str) -> str | None:
    return text if text.strip() else None


_CANONICAL: dict[Type, Callable[[str], str | None]] = {
    Type.BOOLEAN: _boolean,
    Type.NUMBER: _number,
    Type.INTEGER: _integer,
    Type.STRING: _string,
    Type.TIME: _time,
}
