"""Exact sums of products of whole numbers, by float64 matrix multiplication.

A sum of floats that are whole is exact while no partial sum passes 2^53. By Cauchy and Schwarz no partial sum of |x y|
is above the larger of the sums of x² and of y². A sum of squares only grows while it is added up, so if it comes out at
2^52 or less it was exact, and proves every partial sum of products small, in whatever order the processor added them.
Where it comes out larger, the numbers are multiplied in two halves of 13 bits.
"""

from __future__ import annotations

import numpy as np

from atalaia.profile.values import Floats, Ints

LARGEST = 2.0**26
"""The largest size of a number that is multiplied."""

MOST_ROWS_AT_ONCE = 8192
"""So few that both halves are exact, and that forty columns stay in the processor's cache."""

WORD_BITS = 26
"""Sums are kept as high · 2^26 + low, with 0 <= low < 2^26: good for 2^36 products of the largest numbers."""

_PROOF = LARGEST**2
_HALF = 2.0**13


def unproven(squares: Floats) -> Ints:
    """Return the places of the sums of squares that do not prove their numbers finite, in size, and exactly summed."""
    return np.flatnonzero(~(squares <= _PROOF))


def exact_products(numbers: Floats) -> tuple[Ints, Ints]:
    """Sum over rows the products of each two columns.

    Args:
        numbers: Whole numbers of size `LARGEST` at most; shape (columns, rows), at most `MOST_ROWS_AT_ONCE` rows.

    Returns:
        The high and the low words of the sums; each of shape (columns, columns).
    """
    products = numbers @ numbers.T
    if not len(unproven(products.diagonal())):
        return carried(np.zeros(products.shape, np.int64), products.astype(np.int64))
    upper = np.rint(numbers / _HALF)
    lower = numbers - upper * _HALF
    mixed = upper @ lower.T
    rest = (mixed + mixed.T) * _HALF + lower @ lower.T  # below 2^53, as upper is within 2^13 and lower within 2^12
    return carried((upper @ upper.T).astype(np.int64), rest.astype(np.int64))


def carried(high: Ints, low: Ints) -> tuple[Ints, Ints]:
    """Bring *low* back into its word."""
    return high + (low >> WORD_BITS), low & (2**WORD_BITS - 1)
