"""Reading a column's raw values by its declared type: numbers or categories, and what was neither.

What is read keeps its place: one entry for each row, so that rows can be picked (a window's, a segment's) after a
column was read once.

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
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from msgspec import Struct, field

from atalaia import compute as pc
from atalaia.profile.canonical import CANONICAL
from atalaia.rows import value_text
from atalaia.schema import Column, Type
from atalaia.window import SECOND, parse_time

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Kinds = npt.NDArray[np.uint8]
Rows = slice | Ints
"""Which rows of a batch: a range of them, or their places, rising."""

NUMBER, MISSING, TYPE_ERROR, OVERFLOW = range(4)
"""What a row of a numeric column holds; an overflow is an infinity that the log wrote as finite digits (1e400)."""

_LONGEST_TEXT = 200
_INFINITY = frozenset({"inf", "infinity"})


class Numbers(Struct, frozen=True):
    """A numeric column, row by row.

    Attributes:
        values: float64, NaN and ±Inf included; NaN too where a row holds no number; shape (rows,).
        kinds: `NUMBER`, `MISSING`, `TYPE_ERROR` or `OVERFLOW` for each row; None when all are numbers or missing.
        source: In that case, an Arrow array whose nulls are the missing rows.
    """

    values: Floats
    kinds: Kinds | None = None
    source: pa.Array | None = None

    def pick(self, rows: Rows) -> Numbers:
        """Return the given rows."""
        if isinstance(rows, slice) and rows.indices(len(self.values)) == (0, len(self.values), 1):
            return self
        kinds = self.kinds
        if kinds is None and self.source is not None and self.source.null_count:
            kinds = np.asarray(pc.is_null(self.source).to_numpy(zero_copy_only=False)).astype(np.uint8) * np.uint8(
                MISSING
            )
        return Numbers(self.values[rows], None if kinds is None else kinds[rows])

    def count(self, kind: int) -> int:
        """Count the rows of one kind that is not `NUMBER`."""
        if self.kinds is not None:
            return int(np.count_nonzero(self.kinds == kind))
        return int(self.source.null_count) if kind == MISSING and self.source is not None else 0


class Categories(Struct, frozen=True):
    """A categorical column, row by row.

    Attributes:
        codes: For each row the place of its value in `texts`; -1 where it is missing, -2 for a type error.
        texts: The values, each once.
        whole: The full texts of the values that `texts` names by their beginning only.
    """

    codes: npt.NDArray[np.signedinteger[Any]]
    texts: list[str]
    whole: Mapping[str, str] = field(default_factory=dict)

    def count(self, rows: Rows = slice(None)) -> tuple[Ints, int, int]:
        """Count the given rows: how often each of `texts` occurs, missing values, and type errors."""
        codes = self.codes[rows]
        if not len(codes) or codes.min() >= 0:
            return np.bincount(codes, minlength=len(self.texts)), 0, 0
        counts = np.bincount(codes + 2, minlength=len(self.texts) + 2)
        return counts[2:], int(counts[1]), int(counts[0])


def read_numbers(column: Column, array: pa.Array) -> Numbers:
    """Read *array* as numbers: integers and floats as they are, booleans as 0 and 1, text by what it says.

    In an integer column a fraction is a type error; in a time column values become seconds since 1970.
    """
    if column.type is Type.TIME:
        return _numbers_of_text(array, _seconds)
    if not _is_plain_number(array.type) and not pa.types.is_null(array.type):
        numbers = _numbers_of_text(array, float)
    else:
        numbers = _plain_numbers(array)
    is_whole = pa.types.is_integer(array.type) or pa.types.is_boolean(array.type)
    return _without_fractions(numbers) if column.type is Type.INTEGER and not is_whole else numbers


def _is_plain_number(kind: pa.DataType) -> bool:
    t = pa.types
    return bool(t.is_integer(kind) or t.is_floating(kind) or t.is_decimal(kind) or t.is_boolean(kind))


def _plain_numbers(array: pa.Array) -> Numbers:
    if pa.types.is_boolean(array.type):
        array = pc.cast(array, pa.uint8())
    if array.type != pa.float64():
        array = pc.cast(array, pa.float64(), safe=False)
    return Numbers(array.to_numpy(zero_copy_only=False), source=array)


def _without_fractions(numbers: Numbers) -> Numbers:
    values = numbers.values
    wrong = (values != np.floor(values)) & np.isfinite(values)
    if not wrong.any():
        return numbers
    kinds = numbers.pick(np.arange(len(values))).kinds
    kinds = np.zeros(len(values), np.uint8) if kinds is None else kinds
    return Numbers(np.where(wrong, np.nan, values), np.where(wrong, np.uint8(TYPE_ERROR), kinds))


def _numbers_of_text(array: pa.Array, read: Callable[[str], float]) -> Numbers:
    places, texts = _distinct_texts(array)
    parsed = [_number_of_text(text, read) for text in texts]
    values = np.array([value for value, _ in parsed] + [np.nan])
    kinds = np.array([kind for _, kind in parsed] + [MISSING], np.uint8)
    return Numbers(values[places], kinds[places])


def _number_of_text(text: str | None, read: Callable[[str], float]) -> tuple[float, int]:
    word = "" if text is None else text.strip()
    if not word:
        return math.nan, MISSING
    try:
        number = read(word) if "_" not in word else None
    except ValueError:
        number = None
    if number is None:
        return math.nan, TYPE_ERROR
    overflown = math.isinf(number) and word.lstrip("+-").lower() not in _INFINITY
    return number, OVERFLOW if overflown else NUMBER


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
    places, texts = _distinct_texts(array)
    if column.type is Type.STRING and None not in texts:
        whole_texts = cast("list[str]", texts)
        if max(map(len, whole_texts), default=0) <= _LONGEST_TEXT:
            return Categories(places, whole_texts)
    codes: dict[str, int] = {}
    whole: dict[str, str] = {}
    lookup = [-1] * (len(texts) + 1)  # its last entry is that of rows without a value
    for place, text in enumerate(texts):
        if text is None:
            continue
        value = _category(column.type, text)
        if value is None:
            lookup[place] = -2 if text.strip() else -1
            continue
        lookup[place] = codes.setdefault(value, len(codes))
        if len(text) > _LONGEST_TEXT:
            whole[value] = text
    return Categories(np.array(lookup)[places], list(codes), whole)


def _category(kind: Type, text: str) -> str | None:
    category = CANONICAL[kind](text)
    return None if category is None else bounded_text(category)


def _distinct_texts(array: pa.Array) -> tuple[Ints, list[str | None]]:
    """For each row the place of its text in the list returned beside; -1 for nulls."""
    if not pa.types.is_dictionary(array.type):
        array = pc.dictionary_encode(array if _encodable(array.type) else _texts_of(array))
    indices = array.indices
    places = (pc.fill_null(indices, -1) if indices.null_count else indices).to_numpy()
    values = array.dictionary.to_pylist()
    if pa.types.is_string(array.dictionary.type):
        return places, values
    return places, [None if value is None else value_text(value) for value in values]


def _encodable(kind: pa.DataType) -> bool:
    return not pa.types.is_nested(kind) and not pa.types.is_null(kind)


def _texts_of(array: pa.Array) -> pa.Array:
    return pa.array([None if value is None else value_text(value) for value in array.to_pylist()], pa.string())


def bounded_text(text: str) -> str:
    """Return *text*, or what stands for it if it is long: its beginning and a digest of it."""
    if len(text) <= _LONGEST_TEXT:
        return text
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{text[:64]}… #{digest}"
