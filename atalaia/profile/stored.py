"""The stored form of profiles and baselines: versioned, compact, the same bytes for the same content.

Eight bytes of magic that end in the version, then msgpack compressed with zstd. Arrays are raw little-endian bytes;
integers without a limit are decimal text.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from atalaia.errors import StoredFormError
from atalaia.profile.categorical import CategoricalSummary
from atalaia.profile.distinct import Distinct
from atalaia.profile.numeric import NumericSummary
from atalaia.profile.profile import Profile, Summary

_MAGIC = b"ATALAIA"
_VERSION = b"1"
_LARGEST = 1 << 30  # bytes; a stored profile is a few hundred kilobytes


def pack(content: dict[str, Any]) -> bytes:
    """Return the stored form of plain *content*."""
    plain = msgspec.msgpack.encode(content, order="deterministic")
    size = len(plain).to_bytes(8, "little")
    compressed: bytes = pa.compress(plain, codec="zstd", asbytes=True)
    return _MAGIC + _VERSION + size + compressed


def unpack(data: bytes, where: str) -> dict[str, Any]:
    """Return the content behind the stored form *data* of the object *where*.

    Raises:
        StoredFormError: The bytes are not a stored form, are of another version, or are damaged.
    """
    if not data.startswith(_MAGIC):
        msg = f"{where}: not a file that Atalaia stored. Delete it, or give another output root."
        raise StoredFormError(msg)
    if data[7:8] != _VERSION:
        msg = f"{where}: stored form {data[7:8]!r}, but this release reads {_VERSION!r}. Use the release that wrote it."
        raise StoredFormError(msg)
    size = min(int.from_bytes(data[8:16], "little"), _LARGEST)
    try:
        content = msgspec.msgpack.decode(pa.decompress(data[16:], decompressed_size=size, codec="zstd", asbytes=True))
    except (ValueError, OSError, msgspec.DecodeError) as error:
        msg = f"{where}: the stored form is damaged. Delete the file and ingest the log again."
        raise StoredFormError(msg) from error
    if not isinstance(content, dict):
        msg = f"{where}: the stored form holds no content. Delete the file and ingest the log again."
        raise StoredFormError(msg)
    return content


def profile_to_plain(profile: Profile) -> dict[str, Any]:
    """Return *profile* as dicts, lists, numbers, texts and bytes."""
    return {
        "baseline": profile.baseline,
        "rows": profile.rows,
        "captured": dict(profile.captured),
        "rejected": dict(profile.rejected),
        "late": profile.late,
        "times": dict(profile.times),
        "extra": dict(profile.extra),
        "present": dict(profile.present),
        "ids": _distinct_to_plain(profile.ids),
        "segments": dict(profile.segments),
        "columns": [[*key, _summary_to_plain(summary)] for key, summary in sorted(profile.columns.items())],
    }


def profile_from_plain(plain: dict[str, Any]) -> Profile:
    """Return the profile behind `profile_to_plain`'s result."""
    columns = {(segment, column): _summary_from_plain(s) for segment, column, s in plain["columns"]}
    fields = {k: v for k, v in plain.items() if k not in ("ids", "columns")}
    return Profile(**fields, ids=_distinct_from_plain(plain["ids"]), columns=columns)


def _distinct_to_plain(distinct: Distinct) -> list[Any]:
    return [distinct.size, _bytes(distinct.hashes), _bytes(distinct.counts), distinct.values]


def _distinct_from_plain(plain: list[Any]) -> Distinct:
    size, hashes, counts, values = plain
    return Distinct(size, np.frombuffer(hashes, "<u8"), np.frombuffer(counts, "<i8"), values)


_WIDE = ("total", "squares", "below", "above")


def _summary_to_plain(summary: Summary) -> dict[str, Any]:
    names = summary.__dataclass_fields__
    plain = {name: getattr(summary, name) for name in names}
    plain["distinct"] = _distinct_to_plain(summary.distinct)
    if isinstance(summary, NumericSummary):
        plain |= {"cells": _bytes(summary.cells), "inner": _bytes(summary.inner)}
        plain |= {name: str(plain[name]) for name in _WIDE}
    else:
        plain |= {"counts": _bytes(summary.counts), "unseen": dict(summary.unseen)}
    return plain


def _summary_from_plain(plain: dict[str, Any]) -> Summary:
    fields = plain | {"distinct": _distinct_from_plain(plain["distinct"])}
    if "cells" in plain:
        fields |= {name: np.frombuffer(plain[name], "<i8") for name in ("cells", "inner")}
        fields |= {name: int(plain[name]) for name in _WIDE}
        return NumericSummary(**fields)
    fields["counts"] = np.frombuffer(plain["counts"], "<i8")
    return CategoricalSummary(**fields)


def _bytes(array: np.ndarray[Any, Any]) -> bytes:
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
