"""What JSON scalars are, told by their ends: thousands of them at once, where they stand in a block."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from atalaia.logs.spans import Codes, Mask, Places, at, row_chunks

Classes = npt.NDArray[np.uint8]

BAD, NUMBER, STRING, NULL, TRUE, FALSE = range(6)
"""What a scalar is. Of a number it is certain that it begins and ends as one, and has no leading zeros."""

_ZERO, _MINUS_ZERO = 6, 7  # numbers, if what follows the zero is right
_QUOTE, _BACKSLASH = ord('"'), ord("\\")
_WORDS = ((NULL, b"null"), (TRUE, b"true"), (FALSE, b"false"))
_AFTER_ZERO = np.isin(np.arange(256), list(b".eE"))


def _beginnings(*, escaped: bool) -> Classes:
    """Return the class of a scalar by its first byte and the byte after it; shape (65536,)."""
    table = np.zeros((256, 256), np.uint8)
    table[list(b"123456789")] = NUMBER
    table[ord("-"), list(b"123456789")] = NUMBER
    table[ord("-"), ord("0")] = _MINUS_ZERO
    table[ord("0")] = _ZERO
    table[ord("0"), list(b"0123456789")] = BAD
    table[ord("0"), list(b".eE")] = NUMBER
    table[(_BACKSLASH, _QUOTE) if escaped else _QUOTE] = STRING
    for kind, word in _WORDS:
        table[word[0], word[1]] = kind
    return table.ravel()


_BEGINNINGS = {escaped: _beginnings(escaped=escaped) for escaped in (False, True)}


def classified(codes: Codes, begins: Places, finishes: Places, *, escaped: bool) -> Classes:
    """Tell what each scalar is; `BAD` if it is none.

    Args:
        codes: The block.
        begins: Where each begins; shape (rows, columns).
        finishes: One past its end.
        escaped: Whether the quotes of strings have a backslash before them.
    """
    classes = np.empty(begins.shape, np.uint8)
    for rows in row_chunks(*begins.shape):
        ends = at(codes, begins[rows]).astype(np.uint16) << 8 | at(codes, begins[rows] + 1)
        kinds = _BEGINNINGS[escaped][ends]
        kinds[((at(codes, finishes[rows] - 1) - np.uint8(ord("0"))) > 9) & (kinds == NUMBER)] = BAD
        classes[rows] = kinds
    tests: dict[int, _Test] = {
        _ZERO: lambda begin, end: end - begin == 1,
        _MINUS_ZERO: lambda begin, end: (end - begin == 2) | _is_fraction(codes, begin, end),
        STRING: lambda begin, end: (end - begin >= (4 if escaped else 2)) & (at(codes, end - 1) == _QUOTE),
    }
    for kind, word in _WORDS:
        tests[kind] = partial(_is_word, codes, word)
    for kind, holds in tests.items():
        _check(classes, begins, finishes, kind, holds)
    return classes


_Test = Callable[[Places, Places], Mask]


def _check(classes: Classes, begins: Places, finishes: Places, kind: int, holds: _Test) -> None:
    """Call bad what is of a *kind* and does not pass its test."""
    flat = classes.reshape(-1)
    some = np.flatnonzero(flat == kind)
    if len(some):
        good = holds(begins.reshape(-1)[some], finishes.reshape(-1)[some])
        flat[some] = np.where(good, NUMBER if kind >= _ZERO else kind, BAD)


def _is_fraction(codes: Codes, begins: Places, finishes: Places) -> Mask:
    """Tell whether a number that begins with -0 goes on and ends as one."""
    good: Mask = _AFTER_ZERO[at(codes, begins + 2)] & ((at(codes, finishes - 1) - np.uint8(ord("0"))) <= 9)
    return good


def _is_word(codes: Codes, word: bytes, begins: Places, finishes: Places) -> Mask:
    same: Mask = finishes - begins == len(word)
    for place, code in enumerate(word):
        same &= at(codes, begins + place) == code
    return same
