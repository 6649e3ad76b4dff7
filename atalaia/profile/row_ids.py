"""The identity of rows: what tells that a row was seen before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from msgspec import Struct
from msgspec.structs import replace

from atalaia import compute as pc
from atalaia.profile.hashing import Hashes, combine, hash_text, hash_texts
from atalaia.rows import RowBatch, value_text

_AT_ONCE = 1 << 16  # ids are as many texts as there are rows: they need not all be in memory


class RowIds(Struct, frozen=True):
    """The hash of each row's identity, and which rows have one; None when all do."""

    hashes: Hashes
    known: npt.NDArray[np.bool_] | None


def _hashed_ids(ids: pa.Array) -> RowIds:
    known = pc.is_valid(ids).to_numpy(zero_copy_only=False) if ids.null_count else None
    if pa.types.is_dictionary(ids.type) and len(ids.dictionary):
        each, places = _hashed_ids(ids.dictionary), pc.fill_null(ids.indices, 0).to_numpy()
        if each.known is not None:
            known = each.known[places] if known is None else known & each.known[places]
        return RowIds(each.hashes[places], known)
    if not pa.types.is_string(ids.type):
        ids = pa.array([None if value is None else value_text(value) for value in ids.to_pylist()], pa.string())
    return RowIds(hash_texts(pc.fill_null(ids, "") if ids.null_count else ids), known)


def _joined(parts: Sequence[RowIds]) -> RowIds:
    hashes = np.concatenate([np.empty(0, np.uint64), *(part.hashes for part in parts)])
    if all(part.known is None for part in parts):
        return RowIds(hashes, None)
    known = [np.ones(len(part.hashes), bool) if part.known is None else part.known for part in parts]
    return RowIds(hashes, np.concatenate(known))


def row_ids(batch: RowBatch, column: str | None) -> RowIds | None:
    """Hash each row's identity, if the rows have one. What is logged apart, the sides, is no repetition."""
    side = np.uint64(hash_text("+".join(sorted(batch.captured))))
    if column is not None and column in batch.columns:
        parts = [_hashed_ids(arrays[column]) for _, arrays in batch.slices([column], _AT_ONCE)]
        return _joined([replace(ids, hashes=combine(ids.hashes, side)) for ids in parts])
    if batch.record_ids is None:
        return None
    ids = _hashed_ids(batch.record_ids)
    hashes = combine(ids.hashes, batch.record_index.astype(np.uint64))
    return replace(ids, hashes=combine(hashes, side))
