"""Columns of CSV cells, where they stand in a block: numbers are read there, and texts are cut out when needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from atalaia.logs.arrays import NOT_AFTER_ZERO, is_number_text, without_empty
from atalaia.logs.numbers import column_of, numbers_at
from atalaia.logs.spans import Codes, Mask, Places, at, cut, row_chunks

_SPACE = ord(" ")
_TEXT, _NUMBER, _WORD, _SIGNED_ZERO = range(1, 5)  # 0 is an empty cell


def _kinds() -> Codes:
    """Return what a cell begins like by its first byte and the byte after it; shape (65536,)."""
    table = np.full((256, 256), _TEXT, np.uint8)
    table[list(b"+-.0123456789")] = _NUMBER
    table[list(b"nNiI")] = _WORD  # nan and inf
    table[ord("0"), np.flatnonzero(NOT_AFTER_ZERO)] = _TEXT
    table[list(b"+-"), ord("0")] = _SIGNED_ZERO
    return table.ravel()


_KINDS = _kinds()


@dataclass(frozen=True, slots=True)
class CellColumn:
    """One column of CSV cells, none of them quoted.

    Attributes:
        codes: The block.
        begins: Where each cell begins.
        finishes: One past its end.
        numbers: What `cells_array` makes of the cells, where that is known already.
    """

    codes: Codes
    begins: Places
    finishes: Places
    numbers: pa.Array | None = None

    def texts(self) -> pa.StringArray:
        """Cut out the cells, without the blanks before them; null for empty ones."""
        texts = cut(self.codes, self.begins, self.finishes)
        if (at(self.codes, self.begins) == _SPACE).any():
            texts = pc.utf8_ltrim(texts, characters=" ")
        return without_empty(texts)


def cell_columns(codes: Codes, begins: Places, finishes: Places, names: Sequence[str]) -> dict[str, CellColumn]:
    """Make the columns of a table of cells; those of fractions are read at once.

    Args:
        codes: The block.
        begins: Where each cell begins; shape (rows, columns).
        finishes: One past its end.
        names: Of the columns.
    """
    numbers = _fractions(codes, begins, finishes) if len(begins) else {}
    return {
        name: CellColumn(codes, begins[:, place], finishes[:, place], numbers.get(place))
        for place, name in enumerate(names)
    }


def _fractions(codes: Codes, begins: Places, finishes: Places) -> dict[int, pa.Array]:
    """Read the columns of plain numbers of which one at least is no whole number, by their places."""
    kinds, filled = _beginnings_of(codes, begins, finishes)
    used = kinds.any(axis=0)
    places = np.flatnonzero(used & ~(kinds == _TEXT).any(axis=0))
    places = places[~_are_refused(codes, begins[:, places], finishes[:, places], kinds[:, places])]
    if not len(places):
        return {}
    filled = filled[:, places]
    table = numbers_at(codes, begins[:, places], finishes[:, places], filled)
    if table is None:
        return {}
    words = np.count_nonzero(kinds[:, places] == _WORD, axis=0)
    infinite = np.count_nonzero(~np.isfinite(table.values), axis=1)  # of digits, if they are more than the words
    valid = np.ascontiguousarray(filled.T)
    sure = np.flatnonzero(~table.whole & (infinite == words))
    return {int(places[row]): column_of(table.values[row], valid[row]) for row in sure.tolist()}


def _beginnings_of(codes: Codes, begins: Places, finishes: Places) -> tuple[Codes, Mask]:
    """Tell what each cell begins like, and which are not empty."""
    kinds = np.empty(begins.shape, np.uint8)
    filled = np.empty(begins.shape, dtype=bool)
    for rows in row_chunks(*begins.shape):
        some = begins[rows]
        filled[rows] = some < finishes[rows]
        kinds[rows] = _KINDS[at(codes, some).astype(np.uint16) << 8 | at(codes, some + 1)] * filled[rows]
    return kinds, filled


def _are_refused(codes: Codes, begins: Places, finishes: Places, kinds: Codes) -> Mask:
    """Tell which columns hold a word that is not a number's name, or a number that begins with a zero like an id."""
    found = np.zeros(begins.shape[1], dtype=bool)
    places = np.flatnonzero(kinds == _SIGNED_ZERO)
    begin, finish = begins.ravel()[places], finishes.ravel()[places]
    found[places[(finish - begin > 2) & NOT_AFTER_ZERO[at(codes, begin + 2)]] % len(found)] = True
    places = np.flatnonzero(kinds == _WORD)
    if len(places):
        texts = pc.dictionary_encode(cut(codes, begins.ravel()[places], finishes.ravel()[places]))
        wrong = np.array([not is_number_text(text) for text in texts.dictionary.to_pylist()])
        found[places[wrong[texts.indices.to_numpy()]] % len(found)] = True
    return found
