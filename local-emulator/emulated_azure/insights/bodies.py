"""Telemetry as it comes: a JSON array, one object, or an object a line; gzipped or not."""

import gzip
import json
import zlib
from typing import Any, NoReturn

MAGIC = b"\x1f\x8b"
MAX_BYTES = 32 * 1024 * 1024


def items_of(body: bytes) -> list[tuple[Any, int]]:
    """Each item with its size in bytes.

    Raises:
        ValueError: The body, or a line of it, is no JSON; NaN is none.
    """
    text = _plain(body).decode()
    if text.lstrip().startswith("["):
        items = _decoded(text)
        return [(item, len(json.dumps(item, separators=(",", ":")))) for item in items]
    return [(_decoded(line), len(line.encode())) for line in text.splitlines() if line.strip()]


def _plain(body: bytes) -> bytes:
    if not body.startswith(MAGIC):  # the server may have unzipped it
        return body
    try:
        plain = gzip.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        message = f"The body is not gzip: {error}"
        raise ValueError(message) from error
    if len(plain) > MAX_BYTES:
        message = f"The body has {len(plain)} bytes uncompressed, more than {MAX_BYTES}"
        raise ValueError(message)
    return plain


def _decoded(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse)


def _refuse(name: str) -> NoReturn:
    message = f"{name} is no JSON"
    raise ValueError(message)
