"""A small tally of one column's values, from which its monitor entry is guessed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import pyarrow as pa
from msgspec import Struct, field

from atalaia import compute as pc
from atalaia.rows import RowBatch, Side

MAX_DISTINCT = 10_000
"""More distinct values than this are not counted."""

_SLICE = 10_000
_LONG_TEXT = 64
_WORDS = r"\S\s+\S+\s+\S|[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]{8}"  # some scripts write no blanks

_NUMERAL = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_WHOLE = r"^[+-]?[0-9]+$"
_CODE = r"^[+-]?0[0-9]"
_BOOLEAN = r"^(true|false|True|False|TRUE|FALSE)$"
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$"


class Tally(Struct):
    """What was seen of one column; its size does not grow with the rows.

    Attributes:
        captured: The sets of sides under which its values came.
        values: Values that are not missing; NaN counts as missing.
        kinds: How many of them are `integer`, `number`, `boolean`, `time`, `text` or `other`.
        codes: Texts of digits with a leading zero, such as zip codes: no numbers.
        fractions: Numbers that are not whole.
        low: Smallest finite number.
        high: Largest finite number.
        distinct: The values looked at, until there are more than `MAX_DISTINCT`; a long text stands as its hash.
        looked_at: How many values went into `distinct`.
        long_texts: Texts of more than 64 characters.
        wordy: Texts of three words or more, and long ones.
    """

    captured: set[frozenset[Side]] = field(default_factory=set)
    values: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    codes: int = 0
    fractions: int = 0
    low: float = float("inf")
    high: float = float("-inf")
    distinct: set[object] = field(default_factory=set)
    looked_at: int = 0
    long_texts: int = 0
    wordy: int = 0

    def add(self, array: pa.Array, captured: frozenset[Side]) -> None:
        """Count the values of a batch's column, which came under the sides *captured*."""
        for start in range(0, len(array), _SLICE):
            values = _plain(array.slice(start, _SLICE))
            if len(values):
                self.captured.add(captured)
                self._add(values)

    def _add(self, values: pa.Array) -> None:
        self.values += len(values)
        kind = _kind(values.type)
        if kind == "text":
            self._add_texts(values)
        else:
            self.kinds[kind] += len(values)
        if kind in ("integer", "number"):
            self._add_numbers(values)
        if kind != "other" and not self.capped:
            self.looked_at += len(values)
            self.distinct.update(_stand_in(value) for value in pc.unique(values).to_pylist())

    def _add_numbers(self, values: pa.Array) -> None:
        numbers = values.cast(pa.float64(), safe=False)
        finite = numbers.filter(pc.is_finite(numbers))
        if len(finite) == 0:
            return
        self.fractions += pc.sum(pc.not_equal(finite, pc.floor(finite))).as_py()
        extremes = pc.min_max(finite).as_py()
        self.low, self.high = min(self.low, extremes["min"]), max(self.high, extremes["max"])

    def _add_texts(self, values: pa.Array) -> None:
        numerals = values.filter(pc.match_substring_regex(values, _NUMERAL))
        whole = _count(numerals, _WHOLE)
        counts = {"integer": whole, "number": len(numerals) - whole}
        counts |= {"time": _count(values, _TIME), "boolean": _count(values, _BOOLEAN)}
        self.kinds.update(counts)
        self.kinds["text"] += len(values) - sum(counts.values())
        self.codes += _count(numerals, _CODE)
        is_long = pc.greater(pc.utf8_length(values), _LONG_TEXT)
        self.long_texts += pc.sum(is_long).as_py()
        self.wordy += pc.sum(pc.or_(is_long, pc.match_substring_regex(values, _WORDS))).as_py()
        self._add_numbers(numerals)

    @property
    def capped(self) -> bool:
        """Whether there are more distinct values than are counted."""
        return len(self.distinct) > MAX_DISTINCT

    @property
    def all_distinct(self) -> bool:
        """Whether no value looked at came twice."""
        return self.looked_at > 1 and len(self.distinct) == self.looked_at

    @property
    def numbers(self) -> int:
        """How many values are numbers."""
        return self.kinds["integer"] + self.kinds["number"]

    @property
    def type(self) -> str:
        """The monitor file's type; empty for values that Atalaia does not compare, and for none at all."""
        kinds = {kind for kind, count in self.kinds.items() if count}
        if not kinds or "other" in kinds:
            return ""
        for kind in ("boolean", "time"):
            if kinds == {kind}:
                return kind
        if self.codes or self.numbers < 0.99 * self.values:
            return "string"
        return "number" if self.kinds["number"] else "integer"


def _plain(array: pa.Array) -> pa.Array:
    """Return the values that are not missing, in one of few types."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kind = array.type
    if pa.types.is_null(kind):
        return array.slice(0, 0)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        numbers = array.cast(pa.float64())
        return numbers.filter(pc.invert(pc.is_nan(numbers))).drop_null()
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        array = array.cast(pa.string())
    if pa.types.is_timestamp(kind):
        array = array.cast(pa.int64()).cast(pa.timestamp("us"))  # only their number is of interest
    return array.drop_null()


def _kind(kind: pa.DataType) -> str:
    tests: dict[str, Callable[[pa.DataType], bool]] = {
        "text": pa.types.is_string,
        "integer": pa.types.is_integer,
        "number": pa.types.is_floating,
        "boolean": pa.types.is_boolean,
        "time": lambda kind: pa.types.is_timestamp(kind) or pa.types.is_date(kind),
    }
    return next((name for name, test in tests.items() if test(kind)), "other")


def _count(texts: pa.Array, pattern: str) -> int:
    return pc.sum(pc.match_substring_regex(texts, pattern)).as_py() or 0


def _stand_in(value: object) -> object:
    return hash(value) if isinstance(value, str) and len(value) > _LONG_TEXT else value


def tally_columns(batches: Iterable[RowBatch]) -> dict[str, Tally]:
    """Tally every column of *batches*, in the order of their first appearance."""
    tallies: dict[str, Tally] = {}
    for batch in batches:
        for name, array in batch.columns.items():
            tallies.setdefault(name, Tally()).add(array, batch.captured)
    return tallies
