"""Numbers written in a block of bytes, read where they stand: without copying their text first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from msgspec import Struct

from atalaia import compute as pc
from atalaia.logs.spans import Codes, Mask, Places, row_chunks

Floats = npt.NDArray[np.float64]

_FIRST = 64
_NEGATIVE_ZERO = np.iinfo(np.int64).min  # the bits of -0.0


class NumberTable(Struct, frozen=True):
    """Columns of numbers.

    Attributes:
        values: Column by column, 0 where none was to be read; shape (columns, rows).
        whole: Which columns hold whole numbers only.
        largest: The largest magnitude in each column; NaN if there is one.
        negative_zero: Which columns hold a negative zero.
    """

    values: Floats
    whole: Mask
    largest: Floats
    negative_zero: Mask


def numbers_at(codes: Codes, begins: Places, finishes: Places, wanted: Mask) -> NumberTable | None:
    """Read numbers; None where one cannot be read.

    Args:
        codes: The block.
        begins: Where each number begins, rising from left to right; shape (rows, columns).
        finishes: One past its end.
        wanted: Which of them to read.
    """
    rows, columns = begins.shape
    values = np.empty((columns, rows))
    for some in row_chunks(rows, columns):
        read = _read(codes, begins[some], finishes[some], wanted[some])
        if read is None:
            return None
        values[:, some] = read.T
    return NumberTable(
        values,
        whole=np.array([_are_whole(column) for column in values]),
        largest=np.maximum(values.max(axis=1), -values.min(axis=1)),
        negative_zero=(values.view(np.int64) == _NEGATIVE_ZERO).any(axis=1),
    )


def _are_whole(values: Floats) -> bool:
    """Tell whether all values are whole; the first ones mostly tell that they are not."""
    first = values[:_FIRST]
    return bool((np.floor(first) == first).all() and (np.floor(values) == values).all())


def _read(codes: Codes, begins: Places, finishes: Places, wanted: Mask) -> Floats | None:
    """Read one piece of a table: the texts between two numbers are texts of the same array, but null."""
    edges = np.empty((*begins.shape, 2), np.int32)
    edges[..., 0], edges[..., 1] = begins, finishes
    edges = np.append(edges.ravel(), np.int32(len(codes)))
    valid = np.zeros((*begins.shape, 2), dtype=bool)
    valid[..., 0] = wanted
    bits = np.packbits(valid.ravel(), bitorder="little")
    buffers = pa.py_buffer(edges), pa.py_buffer(codes), pa.py_buffer(bits)
    texts = pa.StringArray.from_buffers(2 * begins.size, *buffers, -1)
    try:
        numbers = pc.cast(texts, pa.float64())
    except pa.ArrowInvalid:
        return None
    values = np.frombuffer(numbers.buffers()[1], np.float64)[: 2 * begins.size].reshape(*begins.shape, 2)
    return values[..., 0]


def column_of(values: Floats, valid: Mask) -> pa.Array:
    """Make an array of the numbers of one column, null where they are not *valid*."""
    nulls = len(values) - int(np.count_nonzero(valid))
    bits = pa.py_buffer(np.packbits(valid, bitorder="little")) if nulls else None
    return pa.Array.from_buffers(pa.float64(), len(values), [bits, pa.py_buffer(values)], nulls)
