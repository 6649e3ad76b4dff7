"""Joining small batches into larger ones: what counting costs for each batch is then paid less often."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from atalaia.rows import Reject, RowBatch

MOST_ROWS = 65_536
MOST_BYTES = 32 << 20
ENOUGH_ROWS, ENOUGH_BYTES = 1 << 11, 8 << 20
"""A batch of so many rows or bytes is handed on as it is."""


def joined(pieces: Iterable[RowBatch | Reject]) -> Iterator[RowBatch | Reject]:
    """Hand on all rows and rejects, neighbouring batches of the same columns, types and sides as one.

    A joined batch holds up to `MOST_ROWS` rows and about `MOST_BYTES`, unless a single one has more. Rejects overtake
    rows; apart from that the order stays.
    """
    waiting: list[RowBatch] = []
    rows = held = 0
    for piece in pieces:
        if isinstance(piece, Reject):
            yield piece
            continue
        # The columns of many rows may be read on demand, so they are not asked for here.
        size = 0 if piece.rows >= ENOUGH_ROWS else sum(array.nbytes for array in piece.columns.values())
        if piece.rows >= ENOUGH_ROWS or size >= ENOUGH_BYTES:
            if waiting:
                yield _join(waiting)
                waiting, rows, held = [], 0, 0
            yield piece
            continue
        if waiting and (rows + piece.rows > MOST_ROWS or held + size > MOST_BYTES or not _alike(waiting[0], piece)):
            yield _join(waiting)
            waiting, rows, held = [], 0, 0
        waiting.append(piece)
        rows, held = rows + piece.rows, held + size
    if waiting:
        yield _join(waiting)


def _alike(one: RowBatch, other: RowBatch) -> bool:
    if one.captured != other.captured or (one.record_ids is None) != (other.record_ids is None):
        return False
    return _types(one) == _types(other) and not any(map(pa.types.is_dictionary, _types(one).values()))


def _types(batch: RowBatch) -> dict[str, pa.DataType]:
    return {name: array.type for name, array in batch.columns.items()}


def _join(batches: Sequence[RowBatch]) -> RowBatch:
    first = batches[0]
    if len(batches) == 1:
        return first
    return RowBatch(
        columns={name: pa.concat_arrays([b.columns[name] for b in batches]) for name in first.columns},
        rows=sum(batch.rows for batch in batches),
        captured=first.captured,
        record_times=np.concatenate([batch.record_times for batch in batches]),
        record_ids=None if first.record_ids is None else pa.concat_arrays([b.record_ids for b in batches]),
        record_index=np.concatenate([batch.record_index for batch in batches]),
    )
