"""Reading columns of free text, and counting them batch by batch.

What is read of a text is its length, whether it is blank, and which patterns it contains; after that the text is not
needed any more. Where a log gives each text once and its rows by place, each is read once too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from msgspec import Struct, field

from atalaia import compute as pc
from atalaia.profile.number_counter import NumberCounter
from atalaia.profile.rules import match_texts
from atalaia.profile.text import TextSummary
from atalaia.profile.values import Numbers, Rows, read_categories
from atalaia.schema import Column

Flags = npt.NDArray[np.bool_]


class Texts(Struct, frozen=True):
    """A column of free text, row by row; flags are False where a text is missing.

    Attributes:
        lengths: In characters.
        blank: Which texts have no character, or white space only; shape (rows,).
        found: By name, which texts contain each of the column's patterns; shape (rows,) each.
        off_pattern: Which texts the column's pattern does not match as a whole; None without a pattern.
    """

    lengths: Numbers
    blank: Flags
    found: Mapping[str, Flags]
    off_pattern: Flags | None = None


def read_lengths(column: Column, array: pa.Array) -> Numbers:
    """Read how long the texts of *array* are, in characters."""
    return _lengths(_Source.of(column, array))


def read_texts(column: Column, array: pa.Array) -> Texts:
    """Read *array* as free text; whatever is not missing is taken by the text that stands for it.

    Raises:
        AtalaiaError: A pattern of the column cannot run.
    """
    source, patterns = _Source.of(column, array), column.patterns or {}
    found = {name: source.flags(partial(match_texts, column, pattern)) for name, pattern in patterns.items()}
    off_pattern = None if column.pattern is None else source.flags(partial(_is_off, column, column.pattern))
    return Texts(_lengths(source), source.flags(_is_blank), found, off_pattern)


class _Source(Struct, frozen=True):
    """Texts, and which of them each row holds (null for none); None when there is one for each row, in their order."""

    texts: pa.Array
    places: pa.Array | None = None

    @classmethod
    def of(cls, column: Column, array: pa.Array) -> _Source:
        """Find the texts of *array*, of whatever type the log had."""
        if pa.types.is_dictionary(array.type) and _is_text(array.dictionary.type):
            return cls(array.dictionary, array.indices)
        if _is_text(array.type):
            return cls(array)
        categories = read_categories(column, array)
        places = pa.array(categories.codes, mask=categories.codes < 0)
        return cls(pa.array([categories.whole.get(text, text) for text in categories.texts], pa.string()), places)

    def read(self, measure: Callable[[pa.Array], pa.Array]) -> pa.Array:
        """Return for each row what *measure* tells of its text; null where it has none."""
        measured = measure(self.texts)
        return measured if self.places is None else pc.take(measured, self.places)

    def flags(self, test: Callable[[pa.Array], pa.Array]) -> Flags:
        """Return for each row whether its text passes *test*; False where it has none."""
        flags: Flags = pc.fill_null(self.read(test), False).to_numpy(zero_copy_only=False)
        return flags


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _lengths(source: _Source) -> Numbers:
    lengths = source.read(pc.utf8_length)
    return Numbers(pc.cast(lengths, pa.float64()).to_numpy(zero_copy_only=False), source=lengths)


def _is_blank(texts: pa.Array) -> pa.Array:
    return pc.or_(pc.equal(pc.binary_length(texts), 0), pc.utf8_is_space(texts))


def _is_off(column: Column, pattern: str, texts: pa.Array) -> pa.Array:
    return pc.invert(match_texts(column, pattern, texts, whole=True))


class TextCounter(Struct):
    """Counts the texts of one column; `summary` tells the result at any time.

    Attributes:
        lengths: Counts their lengths.
    """

    lengths: NumberCounter
    _blank: int = 0
    _off_pattern: int = 0
    _found: Counter[str] = field(default_factory=Counter)

    def add(self, texts: Texts, rows: Rows = slice(None)) -> None:
        """Count the given rows of a batch."""
        self.lengths.add(texts.lengths.pick(rows))
        self._blank += _count(texts.blank[rows])
        if texts.off_pattern is not None:
            self._off_pattern += _count(texts.off_pattern[rows])
        for name, flags in texts.found.items():
            self._found[name] += _count(flags[rows])

    def summary(self) -> TextSummary:
        """Return what was counted so far."""
        return TextSummary(self.lengths.summary(), self._blank, self._off_pattern, dict(sorted(self._found.items())))


def _count(flags: Flags) -> int:
    return int(np.count_nonzero(flags))
