"""Rows of a Parquet file in parts that fit into memory: a small file may hold a text once that many rows share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

BATCH_BYTES = 16 << 20
"""So much of a file is read at once, and written out at once."""

_LISTED_BYTES = 16
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
    return 0 if is_held_once(column) else written_bytes(column)


def written_bytes(column: pa.Array) -> int:
    """Estimate how much memory writing out a column's shared texts or lists takes."""
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return _LISTED_BYTES * len(column.flatten())
    if not pa.types.is_dictionary(column.type):
        return 0
    lengths = pc.binary_length(column.dictionary)
    return int(pc.sum(pc.cast(lengths.take(column.indices), pa.int64())).as_py() or 0)


def is_held_once(column: pa.Array) -> bool:
    """Tell whether a column's texts are not written out, as some are long: a small file can repeat one in every row."""
    if not pa.types.is_dictionary(column.type) or not pa.types.is_string(column.type.value_type):
        return False
    return bool((pc.max(pc.binary_length(column.dictionary)).as_py() or 0) > _LONGEST_WRITTEN)


def with_used_texts(column: pa.Array) -> pa.Array:
    """Return texts by their places in a dictionary, with those of its texts that occur."""
    used = pc.unique(column.indices.drop_null())
    return pa.DictionaryArray.from_arrays(pc.index_in(column.indices, used), column.dictionary.take(used))
