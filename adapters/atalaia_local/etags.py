"""How a content's ETag is made in both local stores."""

from __future__ import annotations

import hashlib
from typing import BinaryIO

_CHUNK = 1 << 20


def etag_of(data: bytes) -> str:
    """Return the ETag of a content: the same bytes have the same one, wherever and whenever they are stored."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def etag_of_stream(stream: BinaryIO, size: int) -> str:
    """Return the ETag of the first *size* bytes of *stream* without holding them all."""
    digest = hashlib.blake2b(digest_size=16)
    while size > 0 and (chunk := stream.read(min(_CHUNK, size))):
        digest.update(chunk)
        size -= len(chunk)
    return digest.hexdigest()
