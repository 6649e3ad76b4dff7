"""The stored form of profiles and baselines: versioned, compact, the same bytes for the same content.

Eight bytes of magic that end in the version, the size of the content, a digest, then msgpack compressed with zstd.
Integers of an array take as few whole bytes as the largest needs; integers without a limit are decimal text.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from atalaia.errors import StoredFormError
from atalaia.profile.categorical import CategoricalSummary
from atalaia.profile.cross import cross_from_plain, cross_to_plain
from atalaia.profile.distinct import Distinct
from atalaia.profile.minutes import Minutes
from atalaia.profile.numeric import NumericSummary
from atalaia.profile.profile import Profile, Summary
from atalaia.profile.text import TextSummary
from atalaia.profile.values import Ints

_MAGIC = b"ATALAIA"
_VERSION = b"2"
_LARGEST = 1 << 30  # bytes; a stored profile is a few hundred kilobytes
_WORD, _DIGEST_SIZE = 8, 8


def pack(content: dict[str, Any]) -> bytes:
    """Return the stored form of plain *content*."""
    plain = msgspec.msgpack.encode(content, order="deterministic")
    size = len(plain).to_bytes(8, "little")
    compressed: bytes = pa.compress(plain, codec="zstd", asbytes=True)
    return _MAGIC + _VERSION + size + _digest(compressed) + compressed


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
    size, compressed = min(int.from_bytes(data[8:16], "little"), _LARGEST), data[16 + _DIGEST_SIZE :]
    try:
        if data[16 : 16 + _DIGEST_SIZE] != _digest(compressed):
            raise ValueError  # noqa: TRY301  # told below, with all other damage
        content = msgspec.msgpack.decode(pa.decompress(compressed, decompressed_size=size, codec="zstd", asbytes=True))
    except (ValueError, OSError, msgspec.DecodeError) as error:
        msg = f"{where}: the stored form is damaged. Delete the file and ingest the log again."
        raise StoredFormError(msg) from error
    if not isinstance(content, dict):
        msg = f"{where}: the stored form holds no content. Delete the file and ingest the log again."
        raise StoredFormError(msg)
    return content


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_SIZE).digest()


def profile_to_plain(profile: Profile) -> dict[str, Any]:
    """Return *profile* as dicts, lists, numbers, texts and bytes."""
    plain: dict[str, Any] = {name: getattr(profile, name) for name in ("baseline", "rows", "late")}
    plain |= {name: dict(getattr(profile, name)) for name in _MAPPINGS}
    minutes = [_rising_to_plain(profile.minutes.starts), _array_to_plain(profile.minutes.rows)]
    columns = [[*key, _summary_to_plain(summary)] for key, summary in sorted(profile.columns.items())]
    plain |= {"minutes": minutes, "ids": _distinct_to_plain(profile.ids), "columns": columns}
    return plain if profile.cross is None else plain | {"cross": cross_to_plain(profile.cross)}


_MAPPINGS = ("captured", "rejected", "times", "extra", "present", "segments")


def profile_from_plain(plain: dict[str, Any]) -> Profile:
    """Return the profile behind `profile_to_plain`'s result."""
    columns = {(segment, column): _summary_from_plain(s) for segment, column, s in plain["columns"]}
    starts, rows = plain["minutes"]
    minutes = Minutes(_rising_from_plain(starts).view(np.int64), _array_from_plain(rows))
    fields = plain | {"columns": columns, "minutes": minutes, "ids": _distinct_from_plain(plain["ids"])}
    return Profile(**fields | ({"cross": cross_from_plain(plain["cross"])} if "cross" in plain else {}))


def _distinct_to_plain(distinct: Distinct) -> list[Any]:
    return [distinct.size, _rising_to_plain(distinct.hashes), _array_to_plain(distinct.counts), distinct.values]


def _distinct_from_plain(plain: list[Any]) -> Distinct:
    size, hashes, counts, values = plain
    return Distinct(size, _rising_from_plain(hashes), _array_from_plain(counts), values)


_WIDE = ("total", "squares")


def _summary_to_plain(summary: Summary) -> dict[str, Any]:
    plain: dict[str, Any] = {name: getattr(summary, name) for name in summary.__dataclass_fields__}
    if isinstance(summary, NumericSummary):
        plain |= {name: str(plain[name]) for name in _WIDE}
        plain["wide"] = [[cell, str(steps)] for cell, steps in sorted(summary.wide.items())]
        plain["cells"] = [_array_to_plain(summary.cells[start::2]) for start in (0, 1)]  # intervals, and edges
        plain["inner"] = _array_to_plain(summary.inner)
        plain["distinct"] = _distinct_to_plain(summary.distinct)
    elif isinstance(summary, TextSummary):
        plain |= {"lengths": _summary_to_plain(summary.lengths), "found": dict(sorted(summary.found.items()))}
    else:
        plain |= {"counts": _array_to_plain(summary.counts), "unseen": dict(summary.unseen)}
    return plain


def _summary_from_plain(plain: dict[str, Any]) -> Summary:
    if "counts" in plain:
        return CategoricalSummary(**plain | {"counts": _array_from_plain(plain["counts"])})
    if "lengths" in plain:
        return TextSummary(**plain | {"lengths": _numeric_from_plain(plain["lengths"])})
    return _numeric_from_plain(plain)


def _numeric_from_plain(plain: dict[str, Any]) -> NumericSummary:
    intervals, edges = map(_array_from_plain, plain["cells"])
    cells = np.empty(len(intervals) + len(edges), np.int64)
    cells[0::2], cells[1::2] = intervals, edges
    fields = plain | {name: int(plain[name]) for name in _WIDE}
    fields |= {"cells": cells, "inner": _array_from_plain(plain["inner"])}
    fields["wide"] = {cell: int(steps) for cell, steps in plain["wide"]}
    return NumericSummary(**fields | {"distinct": _distinct_from_plain(plain["distinct"])})


def _array_to_plain(array: Ints) -> list[Any]:
    """Write integers that are not negative: how many there are, and the low bytes of each."""
    width = (int(array.max(initial=0)).bit_length() + 7) // 8
    return [len(array), array.astype("<u8").view(np.uint8).reshape(-1, _WORD)[:, :width].tobytes()]


def _array_from_plain(plain: list[Any]) -> Ints:
    length, data = plain
    words = np.zeros((length, _WORD), np.uint8)
    if data:
        found = np.frombuffer(data, np.uint8).reshape(length, -1)
        words[:, : found.shape[1]] = found
    return words.reshape(-1).view("<u8").astype(np.int64)


def _rising_to_plain(array: np.ndarray[Any, Any]) -> list[Any]:
    """Write integers in rising order: the first one, and the steps from each to the next."""
    return [int(array[0]) if len(array) else 0, *_array_to_plain(np.diff(array, prepend=array[:1]))]


def _rising_from_plain(plain: list[Any]) -> np.ndarray[Any, Any]:
    first, *steps = plain
    risen = np.cumsum(_array_from_plain(steps).view(np.uint64), dtype=np.uint64)
    return risen + np.uint64(first % 2**64)
