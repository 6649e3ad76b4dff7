"""Sums of floats that are exact, so that they come out the same in whatever order and grouping they are taken.

Each value is rounded once, by itself, to a whole number of *steps* from a centre; a step is a power of two that the
grid fixes. From there on everything is integer arithmetic. Near values, all but stray ones, are added as float64: every
partial sum stays below 2^53, up to where float64 holds each integer. Far ones are taken apart into their mantissas and
exponents. Values that have no grid are cut into slices of few bits, all at the same places, whose sums and products a
float64 holds exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from atalaia.profile.values import Floats, Ints

MOST = 1 << 17
"""So many values at most are added up at a time."""

STEP_BITS = 33
"""A step is about 2^-33 of the middle reach of a baseline's edges."""

NEAR = 2.0**35
"""Steps from the centre up to which a value is near."""

_HALF = 2.0**18  # near steps are squared in two halves, each of at most 2^18
_ROUNDS_TO_HALF = 1.5 * 2.0**52 * _HALF  # beside so large a number only multiples of _HALF fit into a float64
_SMALLEST_EXPONENT = -1023  # of a step whose inverse is a float64
_MANTISSA_BITS = 53
_LIMB_BITS = 18
_RUN = 1 << 13
_LIMB = (1 << _LIMB_BITS) - 1
_SLICES, _SLICE_BITS = 4, 20  # products of two slices have 40 bits, so that those of a run of 2^13 fit into 53
_LARGEST_EXPONENT = 480  # of values whose squares are finite


class Ruler(Struct, frozen=True):
    """Where steps are counted from, and that a step is two to the power of *exponent*."""

    centre: float
    exponent: int

    def steps(self, values: Floats, out: Floats | None = None) -> Floats:
        """Return each value's distance from the centre in whole steps; rounded more coarsely beyond `NEAR`."""
        with np.errstate(over="ignore"):
            steps = np.subtract(values, self.centre, out=out)
            if self.exponent >= _SMALLEST_EXPONENT:
                np.multiply(steps, math.ldexp(1.0, -self.exponent), out=steps)
            else:
                np.ldexp(steps, -self.exponent, out=steps)
        return np.rint(steps, out=steps)


def near_squares(steps: Floats, room: Floats) -> int:
    """Return the exact sum of squares of up to `MOST` near steps; *room*, of shape (2, `MOST`), is worked in."""
    high, low = room[0, : len(steps)], room[1, : len(steps)]
    np.subtract(np.add(steps, _ROUNDS_TO_HALF, out=high), _ROUNDS_TO_HALF, out=high)
    np.subtract(steps, high, out=low)
    return _dot(high, high) + 2 * _dot(high, low) + _dot(low, low)


def _dot(one: Floats, other: Floats) -> int:
    """Sum products in short runs: longer ones would be handed to other threads, which costs more than it saves."""
    whole = len(one) - len(one) % _RUN
    runs = np.vecdot(one[:whole].reshape(-1, _RUN), other[:whole].reshape(-1, _RUN))
    return sum(map(int, runs.tolist())) + int(one[whole:] @ other[whole:])


def far_sums(ruler: Ruler, values: Floats, cuts: Ints) -> Iterator[tuple[int, int, int]]:
    """Sum up to `MOST` values of any size, cell by cell.

    Args:
        ruler: What they are measured with.
        values: In rising order; shape (n,).
        cuts: Where each cell begins in *values*, and its length at the end; shape (cells + 1,).

    Yields:
        A cell's place, and the sum of the steps of a part of its values, and of their squares.
    """
    mantissas, exponents = np.frexp(values / 2 - ruler.centre / 2)
    exponents = exponents + (1 - ruler.exponent)
    whole = np.rint(np.ldexp(mantissas, np.minimum(exponents, _MANTISSA_BITS))).astype(np.int64)
    shifts = np.maximum(exponents - _MANTISSA_BITS, 0)
    inner_cuts = cuts[(cuts > 0) & (cuts < len(values))]
    starts = np.unique(np.concatenate(([0], inner_cuts, np.flatnonzero(np.diff(shifts)) + 1)))
    cells = np.searchsorted(cuts, starts, "right") - 1
    limbs = np.stack((whole >> 2 * _LIMB_BITS, (whole >> _LIMB_BITS) & _LIMB, whole & _LIMB))
    products = limbs[:, np.newaxis] * limbs
    sums = _joined(np.add.reduceat(limbs, starts, axis=1).tolist())
    squares = _joined([_joined(row) for row in np.add.reduceat(products, starts, axis=2).tolist()])
    for cell, total, square, shift in zip(cells.tolist(), sums, squares, shifts[starts].tolist(), strict=True):
        yield cell, total << shift, square << 2 * shift


def _joined(limbs: list[list[int]]) -> list[int]:
    """Put numbers together whose limbs are given, the highest first."""
    return [(high << 2 * _LIMB_BITS) + (middle << _LIMB_BITS) + low for high, middle, low in zip(*limbs, strict=True)]


def free_sums(values: Floats, exponent: int) -> tuple[int, int]:
    """Return the sum of finite *values* in steps of two to the power of *exponent*, and that of their squares.

    Each is rounded to a step once, and from there on everything is exact.
    """
    total = squares = 0
    for start in range(0, len(values), _RUN):
        part, part_squares = _run_sums(values[start : start + _RUN], exponent)
        total, squares = total + part, squares + part_squares
    return total, squares


def _run_sums(values: Floats, exponent: int) -> tuple[int, int]:
    top = math.frexp(max(float(values.max()), -float(values.min())))[1]
    if top > _LARGEST_EXPONENT:
        return _stray_sums(values, exponent)
    places = [max(top - _SLICE_BITS * place, exponent) for place in range(1, _SLICES + 1)]
    slices, rest = np.empty((_SLICES, len(values))), values.copy()
    for cut, place in zip(slices, places, strict=True):
        rounder = math.ldexp(1.5, 52 + place)  # beside so large a number only multiples of 2^place fit into a float64
        np.subtract(np.add(rest, rounder, out=cut), rounder, out=cut)
        rest -= cut
    total = squares = 0
    if places[-1] > exponent and rest.any():
        strays = rest != 0
        slices[:, strays] = 0.0
        total, squares = _stray_sums(values[strays], exponent)
    products = (slices @ slices.T).tolist()
    for one, sum_of_one, row in zip(places, slices.sum(axis=1).tolist(), products, strict=True):
        total += int(math.ldexp(sum_of_one, -one)) << one - exponent
        for other, product in zip(places, row, strict=True):
            squares += int(math.ldexp(product, -one - other)) << one + other - 2 * exponent
    return total, squares


def _stray_sums(values: Floats, exponent: int) -> tuple[int, int]:
    """Do the same for values of very different sizes."""
    parts = list(far_sums(Ruler(0.0, exponent), np.sort(values), np.array([0, len(values)])))
    return sum(total for _, total, _ in parts), sum(squares for _, _, squares in parts)
