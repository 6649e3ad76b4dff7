"""Columns of CSV cells, read by Arrow; what it takes for numbers is proven to be what `cells_array` makes of the texts.

Arrow reads `007`, `0x1F` and 1e400 as numbers, which are texts here: such columns are read as texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import pyarrow as pa
from msgspec import Struct
from pyarrow import csv

from atalaia import compute as pc
from atalaia.logs.arrays import NOT_AFTER_ZERO, cells_array, is_number_text, without_empty
from atalaia.logs.spans import (
    Codes,
    Places,
    at,
    cut,
    data_of,
    edges_of,
    positions_of,
    positions_of_either,
    positions_of_pairs,
)

_NEWLINE, _SPACE, _COMMA, _POINT, _ZERO = b"\n ,.0"
_SIGNS = b"+-"
_SAMPLE, _SAMPLE_BYTES = 64, 1 << 16  # rows that tell what columns hold
_BLOCK = 1 << 20  # more than the longest row: what Arrow parses at once

Kinds = dict[int, pa.DataType]
"""What columns are read as, by their places."""


class CellColumn(Struct, frozen=True):
    """One column of CSV cells.

    Attributes:
        table: The cells of all columns.
        place: Which one this is.
        numbers: What `cells_array` makes of the cells, where that is known already.
    """

    table: CellTable
    place: int
    numbers: pa.Array | None

    def texts(self) -> pa.StringArray:
        """Return the cells without the blanks before them; null for empty ones."""
        return self.table.texts(self.place)


class CellTable:
    """Rows of cells, none of them quoted and none a blank line.

    Attributes:
        wrong: The rows that have more or fewer cells than there are names; if there are any, nothing else is read.
    """

    def __init__(self, codes: Codes, names: Sequence[str], kinds: Kinds) -> None:
        """Read rows, each of which ends with a line end.

        Args:
            codes: Their bytes.
            names: Of the columns.
            kinds: What the columns of tables before this one were read as; told by the first rows where it is empty.
        """
        self.wrong: list[int] = []
        self._codes = codes
        self._names = names
        self._width = len(names)
        self._texts: dict[int, pa.StringArray] = {}
        self._doubtful: set[int] = set()
        self._numbers = self._read(kinds)

    def columns(self) -> dict[str, CellColumn]:
        """Return the columns by name; the table does not hold them, which hold it, so that all go when they do."""
        return {name: CellColumn(self, place, self._numbers.get(place)) for place, name in enumerate(self._names)}

    def texts(self, place: int) -> pa.StringArray:
        """Return the cells of one column, as `CellColumn.texts` does."""
        if place not in self._texts:
            wanted = self._doubtful if place in self._doubtful else range(self._width)
            self._keep(self._columns_as({place: pa.string() for place in wanted if place not in self._texts}))
        return self._texts[place]

    def _read(self, kinds: Kinds) -> dict[int, pa.Array]:
        """Read the columns of fractions as numbers, and return them; keep the others as texts."""
        if not kinds:
            kinds |= self._likely_kinds()
        try:
            arrays = self._columns_as(kinds)
        except pa.ArrowInvalid:  # a cell is no number after all
            kinds.clear()
            arrays = self._columns_as(dict.fromkeys(range(self._width), pa.string()))
        if self.wrong:
            return {}
        numbers = {place: array for place, array in arrays.items() if array.type == pa.float64()}
        self._keep({place: array for place, array in arrays.items() if place not in numbers})
        self._doubtful = {place for place, array in numbers.items() if not _has_fraction(array)}
        if numbers:
            self._doubtful |= self._led_by_zeros() | self._with_odd_words(numbers)
        return {place: array for place, array in numbers.items() if place not in self._doubtful}

    def _likely_kinds(self) -> Kinds:
        """Tell the types of the columns by the first rows: numbers if there are fractions among them, else text."""
        ends = positions_of(self._codes[:_SAMPLE_BYTES], _NEWLINE)[:_SAMPLE]
        texts = dict.fromkeys(range(self._width), pa.string())
        if not len(ends):
            return texts
        sample = self._columns_as(texts, self._codes[: ends[-1] + 1])
        kinds = {place: cells_array(cells).type for place, cells in sample.items()}
        return {place: kind if kind == pa.float64() else pa.string() for place, kind in kinds.items()}

    def _columns_as(self, kinds: Kinds, codes: Codes | None = None) -> dict[int, pa.Array]:
        """Read columns as what they are said to be, and note which rows are wrong.

        Raises:
            pa.ArrowInvalid: A cell is no such number.
        """
        self.wrong.clear()
        table = csv.read_csv(
            pa.BufferReader(pa.py_buffer(self._codes if codes is None else codes)),
            csv.ReadOptions(
                use_threads=False, block_size=_BLOCK, column_names=[str(place) for place in range(self._width)]
            ),
            csv.ParseOptions(
                quote_char=False,
                double_quote=False,
                ignore_empty_lines=False,
                invalid_row_handler=self._skip,
            ),
            csv.ConvertOptions(
                check_utf8=False,
                column_types={str(place): kind for place, kind in kinds.items()},
                null_values=[""],
                strings_can_be_null=True,
                include_columns=[str(place) for place in kinds],
            ),
        )
        return {place: table.column(str(place)).combine_chunks() for place in kinds}

    def _skip(self, row: csv.InvalidRow) -> str:
        self.wrong.append(row.number - 1)
        return "skip"

    def _keep(self, arrays: Mapping[int, pa.StringArray]) -> None:
        for place, cells in arrays.items():
            data = data_of(cells)
            led = len(data) and (at(data, edges_of(cells)[:-1]) == _SPACE).any()
            self._texts[place] = without_empty(pc.utf8_ltrim(cells, characters=" ")) if led else cells

    @cached_property
    def _ends(self) -> Places:
        """Where each cell ends, row by row."""
        return positions_of_either(self._codes, _COMMA, _NEWLINE)

    def _led_by_zeros(self) -> set[int]:
        """Return the columns in which, perhaps, a cell begins like an id: with a zero, and a digit or an x after it."""
        codes = self._codes
        zeros = positions_of_pairs(codes, lambda code, previous: (code == _ZERO) & (previous < _POINT))
        zeros = np.append(zeros, np.int32(0))  # the first byte has none before it
        zeros = zeros[NOT_AFTER_ZERO[at(codes, zeros + 1)] & (codes[zeros] == _ZERO)]
        in_exponent = np.isin(at(codes, zeros - 1), list(_SIGNS)) & (at(codes, zeros - 2) > _COMMA) & (zeros > 1)
        zeros = zeros[~in_exponent]
        return set((np.searchsorted(self._ends, zeros) % self._width).tolist()) if len(zeros) else set()

    def _with_odd_words(self, numbers: Mapping[int, pa.Array]) -> set[int]:
        """Return the columns with numbers that are not finite, unless all of these are written as such."""
        odd = {place: rows for place, array in numbers.items() if len(rows := _odd_rows(array))}
        return {place for place, array in odd.items() if not self._are_words(place, array)}

    def _are_words(self, place: int, rows: Places) -> bool:
        """Tell whether the cells of a column in some rows are names of numbers."""
        cells = rows * np.int32(self._width) + np.int32(place)
        begins = np.where(cells > 0, self._ends[cells - 1] + 1, 0).astype(np.int32)
        return all(map(is_number_text, pc.unique(cut(self._codes, begins, self._ends[cells])).to_pylist()))


def _has_fraction(numbers: pa.Array) -> bool:
    return any(pc.any(pc.not_equal(pc.floor(some), some)).as_py() for some in (numbers.slice(0, _SAMPLE), numbers))


def _odd_rows(numbers: pa.Array) -> Places:
    """Return the rows of numbers that are not finite."""
    finite = pc.is_finite(numbers)
    if finite.true_count == len(numbers) - numbers.null_count:
        return np.empty(0, np.int32)
    return np.flatnonzero(pc.fill_null(pc.invert(finite), False).to_numpy(zero_copy_only=False)).astype(np.int32)
