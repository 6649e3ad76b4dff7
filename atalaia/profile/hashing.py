"""Hashes of 64 bits, the same in every process and on every machine, computed for whole arrays at once.

Numbers are hashed by their bits with a function that is one-to-one, so that a hash tells its number
(`floats_of_hashes`): the smallest hashes of a column are at the same time an even sample of its distinct values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from atalaia.profile.values import Floats, Ints

Hashes = npt.NDArray[np.uint64]

_HALF, _THIRD = np.uint64(32), np.uint64(29)
_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)  # odd, of well spread bits
_FIRST_INVERSE = np.uint64(pow(int(_FIRST), -1, 2**64))
_WORD = 8  # bytes
_AT_ONCE = 1 << 16  # texts: what they are hashed in takes several times their own memory


def hash_floats(values: Floats, out: Hashes | None = None, spare: Hashes | None = None) -> Hashes:
    """Hash finite numbers by their bits, the high half folded onto the low one and multiplied.

    Args:
        values: Numbers without a negative zero among them; shape (n,).
        out: Where to put the hashes.
        spare: Room of the same shape to work in.
    """
    words = values.view(np.uint64)
    hashes = np.bitwise_xor(words, np.right_shift(words, _HALF, out=spare), out=out)
    return np.multiply(hashes, _FIRST, out=hashes)


def floats_of_hashes(hashes: Hashes) -> Floats:
    """Return the numbers that `hash_floats` made *hashes* of."""
    words = hashes * _FIRST_INVERSE
    words ^= words >> _HALF
    return words.view(np.float64)


def mix(words: Hashes) -> Hashes:
    """Spread 64-bit words evenly: twice, a high part folded onto a low one and multiplied."""
    hashes = words ^ (words >> _HALF)
    hashes *= _FIRST
    hashes ^= hashes >> _THIRD
    hashes *= _SECOND
    return hashes


def hash_texts(texts: pa.Array | Sequence[str]) -> Hashes:
    """Hash texts without nulls by their UTF-8 bytes, eight at a time."""
    if not len(texts):
        return np.empty(0, np.uint64)
    if not isinstance(texts, pa.Array):
        texts = pa.array([text.encode("utf-8", "surrogatepass") for text in texts], pa.binary())
    hashes = np.empty(len(texts), np.uint64)
    for start in range(0, len(texts), _AT_ONCE):
        hashes[start : start + _AT_ONCE] = _hash_some(texts[start : start + _AT_ONCE])
    return hashes


def _hash_some(texts: pa.Array) -> Hashes:
    offsets = np.frombuffer(texts.buffers()[1], "<i4", len(texts) + 1, 4 * texts.offset)
    first, last = int(offsets[0]), int(offsets[-1])
    held = texts.buffers()[2]
    data = (b"" if held is None else memoryview(held)[first:last].tobytes()) + bytes(_WORD)
    starts = offsets[:-1].astype(np.int64) - first
    return _hash_pieces(data, starts, np.diff(offsets).astype(np.int64))


def _hash_pieces(data: bytes, starts: Ints, lengths: Ints) -> Hashes:
    """Hash the pieces of *data*, word after word; it holds one behind the other, and a word to spare at the end."""
    words = np.ndarray((len(data) - _WORD + 1,), "<u8", data, strides=(1,))  # the word that begins at each byte
    hashes = mix(lengths.astype(np.uint64))
    longest = int(lengths.max())
    if longest == lengths.min():
        for done in range(0, longest, _WORD):
            mask = _MASKS[min(longest - done, _WORD)]
            hashes = mix(hashes ^ (words[done::longest][: len(hashes)] & mask))
        return hashes
    for done in range(0, longest, _WORD):
        left = np.flatnonzero(lengths > done)
        found = words[starts[left] + done] & _MASKS[np.minimum(lengths[left] - done, _WORD)]
        hashes[left] = mix(hashes[left] ^ found)
    return hashes


_MASKS = np.array([(1 << 8 * size) - 1 for size in range(_WORD + 1)], np.uint64)


def hash_text(text: str) -> int:
    """Hash one text."""
    return int(hash_texts([text])[0])


def combine(hashes: Hashes, other: Hashes | np.uint64) -> Hashes:
    """Hash each of *hashes* together with its *other*, or with the one other."""
    return mix(hashes ^ mix(np.atleast_1d(other) + _FIRST))
