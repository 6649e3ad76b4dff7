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
_SECOND_INVERSE = np.uint64(pow(int(_SECOND), -1, 2**64))
_WORD = 8  # bytes


def mix(words: Hashes, out: Hashes | None = None, spare: Hashes | None = None) -> Hashes:
    """Spread 64-bit words evenly: two rounds of folding the high half onto the low one and multiplying.

    Args:
        words: What to hash; shape (n,).
        out: Where to put the hashes; may be *words* itself.
        spare: Room of the same shape to work in.
    """
    spare = np.right_shift(words, _HALF, out=spare)
    hashes = np.bitwise_xor(words, spare, out=out)
    np.multiply(hashes, _FIRST, out=hashes)
    np.right_shift(hashes, _THIRD, out=spare)
    np.bitwise_xor(hashes, spare, out=hashes)
    return np.multiply(hashes, _SECOND, out=hashes)


def hash_floats(values: Floats, out: Hashes | None = None, spare: Hashes | None = None) -> Hashes:
    """Hash finite numbers by their bits; there must be no negative zero among them."""
    return mix(values.view(np.uint64), out, spare)


def floats_of_hashes(hashes: Hashes) -> Floats:
    """Return the numbers that `hash_floats` made *hashes* of."""
    words = hashes * _SECOND_INVERSE
    words ^= (words >> _THIRD) ^ (words >> (_THIRD + _THIRD))
    words *= _FIRST_INVERSE
    words ^= words >> _HALF
    return words.view(np.float64)


def hash_texts(texts: pa.Array | Sequence[str]) -> Hashes:
    """Hash texts without nulls by their UTF-8 bytes, eight at a time."""
    if not isinstance(texts, pa.Array):
        texts = pa.array([text.encode("utf-8", "surrogatepass") for text in texts], pa.binary())
    if not len(texts):
        return np.empty(0, np.uint64)
    offsets = np.frombuffer(texts.buffers()[1], "<i4", len(texts) + 1, 4 * texts.offset)
    first, last = int(offsets[0]), int(offsets[-1])
    held = texts.buffers()[2]
    data = (b"" if held is None else memoryview(held)[first:last].tobytes()) + bytes(_WORD)
    starts = offsets[:-1].astype(np.int64) - first
    return _hash_pieces(data, starts, np.diff(offsets).astype(np.int64))


def _hash_pieces(data: bytes, starts: Ints, lengths: Ints) -> Hashes:
    """Hash the pieces of *data*, each word after the other; *data* has a word to spare at its end."""
    words = np.ndarray((len(data) - _WORD + 1,), "<u8", data, strides=(1,))  # the word that begins at each byte
    hashes = mix(lengths.astype(np.uint64))
    open_pieces = np.arange(len(starts)) if len(set(lengths[:2].tolist())) > 1 or np.ptp(lengths) else slice(None)
    for done in range(0, int(lengths.max()), _WORD):
        if done and not isinstance(open_pieces, slice):
            open_pieces = open_pieces[lengths[open_pieces] > done]
        rest = np.minimum(lengths[open_pieces] - done, _WORD)
        found = words[starts[open_pieces] + done] & _MASKS[np.maximum(rest, 0)]
        hashes[open_pieces] = mix(hashes[open_pieces] ^ found)
    return hashes


_MASKS = np.array([(1 << 8 * size) - 1 for size in range(_WORD + 1)], np.uint64)


def hash_text(text: str) -> int:
    """Hash one text."""
    return int(hash_texts([text])[0])


def combine(hashes: Hashes, other: Hashes | np.uint64) -> Hashes:
    """Hash each of *hashes* together with its *other*, or with the one other."""
    return mix(hashes ^ mix(np.atleast_1d(other) + _FIRST))
