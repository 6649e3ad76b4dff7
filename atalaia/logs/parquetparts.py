"""Rows of a Parquet file in parts that fit into memory: a small file may hold a text once that many rows share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa

from atalaia import compute as pc
from atalaia.logs.records import RejectedError
from atalaia.logs.weight import MOST_WEIGHT

BATCH_BYTES = 16 << 20
"""So much of a file is read at once, and written out at once."""

_LISTED_BYTES = 16
_COPIES = 4  # of what is written out, while it becomes JSON
_LONGEST_WRITTEN = 1 << 14  # bytes of a text that is written out for every row that shares it


def bearable_parts(batch: pa.RecordBatch, written: Callable[[pa.Array], int]) -> Iterator[pa.RecordBatch]:
    """Halve a batch until its texts and lists, each *written* out, fit into memory."""
    if batch.num_rows > 1 and sum(map(written, batch.columns)) > BATCH_BYTES:
        middle = batch.num_rows // 2
        yield from bearable_parts(batch.slice(0, middle), written)
        yield from bearable_parts(batch.slice(middle), written)
    elif batch.num_rows:
        yield batch


def bytes_in_batch(column: pa.Array) -> int:
    """Estimate how much memory a column takes in a batch, where long texts are not written out."""
    if pa.types.is_struct(column.type):
        return sum(map(bytes_in_batch, column.flatten()))
    return 0 if is_held_once(column) else written_bytes(column)


def written_bytes(column: pa.Array) -> int:
    """Estimate how much memory writing out a column's shared texts or lists takes."""
    t, kind = pa.types, column.type
    if t.is_dictionary(kind):
        lengths = pc.binary_length(column.dictionary)
        return int(pc.sum(pc.cast(pc.take(lengths, column.indices), pa.int64())).as_py() or 0)
    if not t.is_nested(kind):
        return 0
    parts = column.flatten() if t.is_struct(kind) else _items(column)
    listed = 0 if t.is_struct(kind) else _LISTED_BYTES * sum(map(len, parts))
    return listed + sum(map(written_bytes, parts))


def _items(column: pa.Array) -> list[pa.Array]:
    """Return all that a column's lists hold; of maps, their keys and their values."""
    if not pa.types.is_map(column.type):
        return [column.flatten()]
    inside = slice(column.offsets[0].as_py(), column.offsets[-1].as_py())
    return [column.keys[inside], column.items[inside]]


def refuse_repetition(batch: pa.RecordBatch, most: int) -> None:
    """Accept rows whose lists take no more than *most* bytes written out: texts in them are written wherever they are.

    Raises:
        RejectedError: `too_large`.
    """
    if sum(map(_bytes_in_lists, batch.columns)) > most:
        raise RejectedError(reason="too_large")


def _bytes_in_lists(column: pa.Array) -> int:
    if pa.types.is_struct(column.type):
        return sum(map(_bytes_in_lists, column.flatten()))
    return written_bytes(column) if pa.types.is_nested(column.type) else 0


def refuse_heavy_row(batch: pa.RecordBatch) -> None:
    """Accept rows whose lists can be written out: of several rows those of `bearable_parts` can, of one not always.

    Raises:
        RejectedError: `too_large`.
    """
    if _COPIES * sum(map(bytes_in_batch, batch.columns)) > MOST_WEIGHT:
        raise RejectedError(reason="too_large", rows=batch.num_rows)


def is_held_once(column: pa.Array) -> bool:
    """Tell whether a column's texts are not written out, as some are long: a small file can repeat one in every row."""
    if not pa.types.is_dictionary(column.type) or not pa.types.is_string(column.type.value_type):
        return False
    return bool((pc.max(pc.binary_length(column.dictionary)).as_py() or 0) > _LONGEST_WRITTEN)


def with_used_texts(column: pa.Array) -> pa.Array:
    """Return texts by their places in a dictionary, with those of its texts that occur."""
    used = pc.unique(pc.drop_null(column.indices))
    return pa.DictionaryArray.from_arrays(pc.index_in(column.indices, used), pc.take(column.dictionary, used))
