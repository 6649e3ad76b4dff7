"""The stored form of profiles and baselines: versioned, compact, the same bytes for the same content.

Eight bytes of magic that end in the version, the size of the content, a checksum, then msgpack compressed with zstd.
Inside it, each column is msgpack of its own, so that whoever merges many profiles unfolds one column at a time.
Arrays are written by `atalaia.profile.stored_arrays`; integers without a limit are decimal text.
"""

from __future__ import annotations

import zlib
from typing import Any

import msgspec
import pyarrow as pa

from atalaia.errors import StoredFormError
from atalaia.profile.answers import answers_to_plain
from atalaia.profile.cross import cross_to_plain
from atalaia.profile.numeric import NumericSummary
from atalaia.profile.profile import BY_NAME, Profile, Summary
from atalaia.profile.stored_arrays import array_to_plain, distinct_to_plain, rising_to_plain
from atalaia.profile.text import TextSummary

_MAGIC = b"ATALAIA"
_VERSION = b"4"
_LARGEST = 1 << 30  # bytes; a stored profile is a few hundred kilobytes
_CHECKSUM_SIZE = 4


def pack(content: dict[str, Any]) -> bytes:
    """Return the stored form of plain *content*."""
    plain = _packed(content)
    size = len(plain).to_bytes(8, "little")
    compressed: bytes = pa.compress(plain, codec="zstd", asbytes=True)
    return _MAGIC + _VERSION + size + _checksum(compressed) + compressed


def _packed(content: dict[str, Any]) -> bytes:
    return msgspec.msgpack.encode(content, order="deterministic")


_INGEST_AGAIN = "Delete this monitor's profiles/, state/logs/ and state/packets/ there and ingest the logs again."


def unpack(data: bytes, where: str, remedy: str = _INGEST_AGAIN) -> dict[str, Any]:
    """Return the content behind the stored form *data* of the object *where*; errors name the *remedy*.

    Raises:
        StoredFormError: The bytes are not a stored form, are of another version, or are damaged.
    """
    if not data.startswith(_MAGIC):
        msg = f"{where}: not a file that Atalaia stored. Delete it, or give another output root."
        raise StoredFormError(msg)
    if data[7:8] != _VERSION:
        msg = f"{where}: stored form {data[7:8]!r}, but this release reads {_VERSION!r}. {remedy}"
        raise StoredFormError(msg)
    size, compressed = min(int.from_bytes(data[8:16], "little"), _LARGEST), memoryview(data)[16 + _CHECKSUM_SIZE :]
    try:
        if data[16 : 16 + _CHECKSUM_SIZE] != _checksum(compressed):
            raise ValueError  # noqa: TRY301  # told below, with all other damage
        content = msgspec.msgpack.decode(pa.decompress(compressed, decompressed_size=size, codec="zstd", asbytes=True))
    except (ValueError, OSError, msgspec.DecodeError) as error:
        msg = f"{where}: the stored form is damaged. {remedy}"
        raise StoredFormError(msg) from error
    if not isinstance(content, dict):
        msg = f"{where}: the stored form holds no content. {remedy}"
        raise StoredFormError(msg)
    return content


def _checksum(data: bytes | memoryview) -> bytes:
    return zlib.crc32(data).to_bytes(_CHECKSUM_SIZE, "little")


def profile_to_plain(profile: Profile) -> dict[str, Any]:
    """Return *profile* as dicts, lists, numbers, texts and bytes."""
    plain: dict[str, Any] = {name: getattr(profile, name) for name in ("baseline", "rows", "late")}
    plain |= {name: dict(getattr(profile, name)) for name in BY_NAME}
    minutes = [rising_to_plain(profile.minutes.starts), array_to_plain(profile.minutes.rows)]
    columns = [[*key, _packed(_summary_to_plain(summary))] for key, summary in sorted(profile.columns.items())]
    plain |= {"minutes": minutes, "ids": distinct_to_plain(profile.ids), "columns": columns}
    if profile.answers:
        plain["answers"] = [[*place, answers_to_plain(found)] for place, found in sorted(profile.answers.items())]
    return plain if profile.cross is None else plain | {"cross": cross_to_plain(profile.cross)}


_WIDE = ("total", "squares")


def _summary_to_plain(summary: Summary) -> dict[str, Any]:
    plain: dict[str, Any] = {name: getattr(summary, name) for name in summary.__struct_fields__}
    if isinstance(summary, NumericSummary):
        plain |= {name: str(plain[name]) for name in _WIDE}
        plain["wide"] = [[cell, str(steps)] for cell, steps in sorted(summary.wide.items())]
        plain["cells"] = [array_to_plain(summary.cells[start::2]) for start in (0, 1)]  # intervals, and edges
        plain["inner"] = array_to_plain(summary.inner)
        plain["distinct"] = distinct_to_plain(summary.distinct)
    elif isinstance(summary, TextSummary):
        plain |= {"lengths": _summary_to_plain(summary.lengths), "found": dict(sorted(summary.found.items()))}
    else:
        plain |= {"counts": array_to_plain(summary.counts), "unseen": dict(summary.unseen)}
    return plain
