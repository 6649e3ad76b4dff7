"""Exact sums of products of whole numbers, by float64 matrix multiplication.

A sum of floats that are whole is exact while no partial sum passes 2^53. By Cauchy and Schwarz no partial sum of |x y|
is above the larger of the sums of x² and of y². A sum of squares only grows while it is added up, so if it comes out at
2^52 or less it was exact, and proves every partial sum of products small, in whatever order the processor added them.
Where it comes out larger, the numbers are multiplied in two halves of 13 bits.
"""

from __future__ import annotations

from itertools import pairwise

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
_TOGETHER = 40  # columns
_MULTIPLICATIONS = (
    200_000  # in one call: from 2^18 on OpenBLAS wakes threads, whose waiting costs far more than it saves
)


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
    products = _multiplied(numbers, numbers)
    if not len(unproven(products.diagonal())):
        return carried(np.zeros(products.shape, np.int64), products.astype(np.int64))
    upper = np.rint(numbers / _HALF)
    lower = numbers - upper * _HALF
    mixed = _multiplied(upper, lower)
    rest = (mixed + mixed.T) * _HALF + _multiplied(lower, lower)  # below 2^53, as upper is within 2^13, lower in 2^12
    return carried(_multiplied(upper, upper).astype(np.int64), rest.astype(np.int64))


def _multiplied(numbers: Floats, others: Floats) -> Floats:
    """Multiply *numbers* with the transposed *others*, few columns and rows in one call."""
    total = np.empty((len(numbers), len(others)))
    for places in _tiles(len(numbers)):
        for other_places in _tiles(len(others)):
            if others is numbers and other_places.start < places.start:
                total[places, other_places] = total[other_places, places].T
            else:
                total[places, other_places] = _multiplied_tile(numbers[places], others[other_places])
    return total


def _tiles(columns: int) -> list[slice]:
    """Cut columns into tiles of much the same size, `_TOGETHER` at most."""
    cuts = np.linspace(0, columns, -(-columns // _TOGETHER) + 1).astype(int).tolist()
    return [slice(start, end) for start, end in pairwise(cuts)]


def _multiplied_tile(numbers: Floats, others: Floats) -> Floats:
    rows = numbers.shape[1]
    at_once = _MULTIPLICATIONS // (len(numbers) * len(others))
    whole = rows // at_once * at_once
    stacks = [side[:, :whole].reshape(len(side), -1, at_once).swapaxes(0, 1) for side in (numbers, others)]
    products: Floats = np.matmul(stacks[0], stacks[1].swapaxes(1, 2)).sum(axis=0)
    return products + numbers[:, whole:] @ others[:, whole:].T


def carried(high: Ints, low: Ints) -> tuple[Ints, Ints]:
    """Bring *low* back into its word."""
    return high + (low >> WORD_BITS), low & (2**WORD_BITS - 1)
