"""Finding and cutting stretches of a block of bytes with NumPy, thousands of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Codes = npt.NDArray[np.uint8]
"""A block's bytes."""

Places = npt.NDArray[np.int32]
"""Places in a block, or numbers of rows."""

Mask = npt.NDArray[np.bool_]

_WORD, _LONG = 8, 32
_CASE = np.uint8(0x20)  # the bit that tells small letters from large ones
_CELLS = 1 << 14
_CHUNK = 1 << 18  # so that what is made of it stays in the processor's cache


class UnprovenError(Exception):
    """A block is not as regular as it looked; it must be read line by line."""


class Marks:
    """A block, and where the bytes stand that it is cut at: each looked for once."""

    __slots__ = ("_exponents", "_known", "codes")

    def __init__(self, codes: Codes) -> None:
        """Begin with nothing looked for."""
        self.codes = codes
        self._known: dict[int, Places] = {}
        self._exponents: Places | None = None

    def of(self, wanted: int) -> Places:
        """Return where a byte stands, in rising order."""
        if wanted not in self._known:
            self._known[wanted] = positions_of(self.codes, wanted)
        return self._known[wanted]

    def note(self, wanted: int, places: Places) -> None:
        """Take note of where a byte stands."""
        self._known[wanted] = places

    @property
    def exponents_after_points(self) -> Places:
        """Where an e follows a point: as in numbers such as `1.e5`, which JSON forbids."""
        if self._exponents is None:
            self._exponents = positions_of_pairs(
                self.codes, lambda piece, previous: (previous == ord(".")) & (piece | _CASE == ord("e"))
            )
        return self._exponents

    @property
    def commas(self) -> Places:
        """Where the commas stand."""
        return self.of(ord(","))


def codes_of(data: Any) -> Codes:
    """Return the bytes of a buffer as numbers, without copying them."""
    return np.frombuffer(data, np.uint8)


def positions_of(codes: Codes, wanted: int) -> Places:
    """Return where a byte stands, in rising order."""
    return _positions(codes, lambda piece: piece == wanted)


def positions_of_either(codes: Codes, one: int, other: int) -> Places:
    """Return where one of two bytes stands, in rising order."""
    return _positions(codes, lambda piece: (piece == one) | (piece == other))


def positions_below(codes: Codes, limit: int) -> Places:
    """Return where bytes smaller than the *limit* stand, in rising order."""
    return _positions(codes, lambda piece: piece < limit)


def positions_after_other(codes: Codes, wanted: int, before: int) -> Places:
    """Return where a byte stands that does not follow the byte *before*, in rising order."""
    found = positions_of_pairs(codes, lambda piece, previous: (piece == wanted) & (previous != before))
    return np.concatenate((np.flatnonzero(codes[:1] == wanted).astype(np.int32), found))


def positions_after(codes: Codes, wanted: int, before: int) -> Places:
    """Return where a byte stands that follows the byte *before*, in rising order."""
    return positions_of_pairs(codes, lambda piece, previous: (piece == wanted) & (previous == before))


def positions_of_pairs(codes: Codes, test: Callable[[Codes, Codes], Mask]) -> Places:
    """Return where bytes stand that pass a test together with the bytes before them, in rising order."""
    found = [np.empty(0, np.int32)]
    for start in range(1, len(codes), _CHUNK):
        piece = codes[start : start + _CHUNK]
        places = np.flatnonzero(test(piece, codes[start - 1 : start - 1 + len(piece)]))
        found.append(np.add(places, start, dtype=np.int32, casting="unsafe"))
    return np.concatenate(found)


def _positions(codes: Codes, test: Callable[[Codes], Mask]) -> Places:
    found = [np.empty(0, np.int32)]
    for start in range(0, len(codes), _CHUNK):
        places = np.flatnonzero(test(codes[start : start + _CHUNK]))
        found.append(np.add(places, start, dtype=np.int32, casting="unsafe"))
    return np.concatenate(found)


def count_of(codes: Codes, wanted: int) -> int:
    """Return how often a byte stands in the block."""
    return sum(int(np.count_nonzero(codes[start : start + _CHUNK] == wanted)) for start in range(0, len(codes), _CHUNK))


def at(codes: Codes, places: Places) -> Codes:
    """Return the bytes at some places; of one beyond the block, its last byte."""
    return codes.take(places, mode="clip")


def cut(codes: Codes, starts: Places, ends: Places) -> pa.StringArray:
    """Copy stretches of the block, each with *start* <= *end*, one after the other into an array.

    Args:
        codes: The block.
        starts: Where the stretches begin; any shape, of `(rows, columns)` in the order of the rows.
        ends: One past their ends; of the same shape.
    """
    edges = np.empty(2 * starts.size + 1, np.int32)
    pairs = edges[:-1].reshape(*starts.shape, 2)
    pairs[..., 0], pairs[..., 1] = starts, ends
    edges[-1] = len(codes)
    every = pa.StringArray.from_buffers(2 * starts.size, pa.py_buffer(edges), pa.py_buffer(codes))
    return every.take(pa.array(np.arange(0, 2 * starts.size, 2, dtype=np.int32)))


def cut_columns(codes: Codes, starts: Places, ends: Places) -> list[pa.StringArray]:
    """Copy stretches of the block, of shape (rows, columns), into an array for each column."""
    return by_columns(cut(codes, starts, ends), starts.shape[1])


def by_columns(texts: pa.StringArray, columns: int) -> list[pa.StringArray]:
    """Turn texts in the order of rows into an array for each of the columns."""
    if not columns:
        return []
    rows = len(texts) // columns
    texts = texts.take(pa.array(np.arange(len(texts), dtype=np.int32).reshape(rows, columns).T.ravel()))
    return [texts.slice(column * rows, rows) for column in range(columns)]


def edges_of(texts: pa.StringArray) -> Places:
    """Return where the texts of an array begin in its data, and where the last one ends; shape (texts + 1,)."""
    edges = np.frombuffer(texts.buffers()[1], np.int32)
    return edges[texts.offset : texts.offset + len(texts) + 1]


def data_of(texts: pa.StringArray) -> Codes:
    """Return the data of an array of texts."""
    buffer = texts.buffers()[2]
    return codes_of(buffer) if buffer is not None and buffer.size else np.empty(0, np.uint8)


def counts_between(places: Places, starts: Places, ends: Places) -> tuple[Places, Places]:
    """Return for each stretch the number of the first of the *places* in it, and how many of them it holds."""
    first = np.searchsorted(places, starts).astype(np.int32)
    return first, (np.searchsorted(places, ends) - first).astype(np.int32)


def equal_stretches(codes: Codes, starts: Places, constants: tuple[bytes, ...]) -> Mask:
    """Tell for each row whether all of the constants stand in it.

    Args:
        codes: The block.
        starts: Where each constant should stand; shape (rows, constants).
        constants: Bytes that end within the block wherever they should stand.
    """
    same = np.ones(len(starts), dtype=bool)
    short = len(codes) >= _WORD
    words = [
        (place, offset, constant[offset : offset + _WORD])
        for place, constant in enumerate(constants)
        if short and len(constant) <= _LONG
        for offset in range(0, len(constant), _WORD)
    ]
    if words and len(starts):
        same &= _equal_words(codes, starts, words)
    for place, constant in enumerate(constants):
        if len(constant) > _LONG or not short:
            same &= _equal_long(codes, starts[:, place], constant)
    return same


def _equal_words(codes: Codes, starts: Places, words: list[tuple[int, int, bytes]]) -> Mask:
    """Compare up to eight bytes at once: of each word the constant it is in, its place in that, and its bytes."""
    places, offsets, parts = zip(*words, strict=True)
    ahead = np.array(offsets, np.int32)
    low = np.array([(1 << (8 * len(part))) - 1 for part in parts], np.uint64)
    wanted = np.array([int.from_bytes(part, "little") for part in parts], np.uint64)
    memory = np.ndarray((len(codes) - _WORD + 1,), "<u8", buffer=codes, strides=(1,))
    equal = np.empty(len(starts), dtype=bool)
    for rows in row_chunks(len(starts), len(parts)):
        begins = starts[rows][:, places] + ahead
        late = begins[:, -1].max() - (len(memory) - 1)
        found = _words_at_end(memory, begins) if late > 0 else memory[begins]
        found &= low
        equal[rows] = (found == wanted).all(axis=1)
    return equal


def _words_at_end(memory: npt.NDArray[np.uint64], begins: Places) -> npt.NDArray[np.uint64]:
    """Return words of which some go beyond the block: the bytes there are 0."""
    late = np.maximum(begins - np.int32(len(memory) - 1), 0)
    words: npt.NDArray[np.uint64] = memory[begins - late] >> (late.astype(np.uint64) << np.uint64(3))
    return words


def row_chunks(rows: int, columns: int) -> Iterator[slice]:
    """Cut a table into pieces that stay in the processor's cache while they are worked on."""
    step = max(_CELLS // max(columns, 1), 1)
    return (slice(start, start + step) for start in range(0, rows, step))


def _equal_long(codes: Codes, begins: Places, constant: bytes) -> Mask:
    rows, length = len(begins), len(constant)
    data = data_of(cut(codes, begins, begins + np.int32(length)))[: rows * length]
    if not rows or pa.py_buffer(data).equals(pa.py_buffer(constant * rows)):
        return np.ones(rows, dtype=bool)
    return np.asarray((data.reshape(rows, length) == np.frombuffer(constant, np.uint8)).all(axis=1), dtype=bool)
