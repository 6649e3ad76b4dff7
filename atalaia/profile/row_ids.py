"""The identity of rows: what tells that a row was seen before."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from atalaia.profile.hashing import Hashes, combine, hash_text, hash_texts
from atalaia.rows import RowBatch, value_text


@dataclass(frozen=True, slots=True)
class RowIds:
    """The hash of each row's identity, and which rows have one; None when all do."""

    hashes: Hashes
    known: npt.NDArray[np.bool_] | None


def _hashed_ids(ids: pa.Array) -> RowIds:
    known = ids.is_valid().to_numpy(zero_copy_only=False) if ids.null_count else None
    if pa.types.is_dictionary(ids.type) and len(ids.dictionary):
        each, places = _hashed_ids(ids.dictionary), ids.indices.fill_null(0).to_numpy()
        if each.known is not None:
            known = each.known[places] if known is None else known & each.known[places]
        return RowIds(each.hashes[places], known)
    if not pa.types.is_string(ids.type):
        ids = pa.array([None if value is None else value_text(value) for value in ids.to_pylist()], pa.string())
    return RowIds(hash_texts(ids.fill_null("") if ids.null_count else ids), known)


def row_ids(batch: RowBatch, column: str | None) -> RowIds | None:
    """Hash each row's identity, if the rows have one. What is logged apart, the sides, is no repetition."""
    if column is not None and column in batch.columns:
        ids = _hashed_ids(batch.columns[column])
    elif batch.record_ids is not None:
        ids = _hashed_ids(batch.record_ids)
        ids = replace(ids, hashes=combine(ids.hashes, batch.record_index.astype(np.uint64)))
    else:
        return None
    side = np.uint64(hash_text("+".join(sorted(batch.captured))))
    return replace(ids, hashes=combine(ids.hashes, side))
