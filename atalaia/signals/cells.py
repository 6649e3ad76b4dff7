"""Distances between two distribution functions from counts per cell: pure functions, for all columns at once.

Each takes how many values of the baseline and of the current window lie in each cell, as arrays of shape (..., cells),
and measures along the last axis. Cells follow each other on the number line: those at even places are open intervals,
inside which nothing is known of the order of values, and each between two of them is an atom, a single value. Each side
holds something. Columns of unlike size are stacked by filling them up, at the end, with cells that both sides leave
empty: these change no distance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from atalaia.profile.values import Floats, Ints

MOST_CRAMER = 1 / math.sqrt(3)
"""The largest Cramér-von Mises distance there is."""

_TINY = 1e-300


def kolmogorov_smirnov_of_cells(baseline: Ints, current: Ints) -> tuple[Floats, Floats]:
    """Largest distance between the two distribution functions: what is certain from the cells, and what is possible.

    The functions are known exactly at both ends of every cell, so the true distance is never below the first number.
    Inside an open cell they can differ by no more than one's end from the other's beginning: never above the second.

    Returns:
        Low and high bound, 0 to 1; equal where no open cell holds values of both sides. Shape (...) each.

    Source: Smirnov (1939).
    """
    p, q = _reached(baseline), _reached(current)
    low: Floats = np.abs(p - q).max(axis=-1)
    either = np.maximum(p[..., 1::2] - q[..., :-1:2], q[..., 1::2] - p[..., :-1:2])
    both = (baseline[..., ::2] > 0) & (current[..., ::2] > 0)  # one side is flat in the others: their ends decide
    high: Floats = np.where(both, either, 0.0).max(axis=-1)
    return low, np.maximum(low, high)


def cramer_von_mises_of_cells(baseline: Ints, current: Ints) -> tuple[Floats, Floats, Floats]:
    """Root mean square distance between the two distribution functions F and G, over the values of both sides.

    The root of the integral of (F - G)² dH, where H is the distribution of both sides' values together: n + m values
    that weigh the same. Equal values count as if those of both sides lay evenly mixed in an interval of their own, so
    that it makes no difference whether rounding tied them, and which way the axis points.

    It has no unit: 0 if equal, at most 1/sqrt(3) = 0.577, which it is if one side lies below the other altogether, and
    never above Kolmogorov-Smirnov's distance. Without ties n m / (n + m) times its square is the two-sample statistic T
    less 1 / (6 (n + m)).

    Returns:
        The distance as if the values of both sides lay evenly mixed within each open cell, too, which is exact where
        none holds values of both; then a low and a high bound on the exact one, which hold in whatever order the values
        of an open cell come. Shape (...) each.

    Source: Anderson (1962), "On the distribution of the two-sample Cramér-von Mises criterion".
    """
    p, q = _reached(baseline), _reached(current)
    both = (baseline.sum(axis=-1) + current.sum(axis=-1))[..., None]
    of_p, of_q = baseline / both, current / both
    mixed = _mixed(p - q, of_p + of_q)
    low, high = _in_open_cells(p, q, of_p[..., ::2], of_q[..., ::2])
    atoms = mixed[..., 1::2].sum(axis=-1)
    value = _root(atoms + mixed[..., ::2].sum(axis=-1))
    return value, np.minimum(_root(atoms + low), value), np.maximum(_root(atoms + high), value)


def distances_of_atoms(baseline: Ints, current: Ints) -> tuple[Floats, Floats]:
    """Return both distances, which are exact where every cell is an atom and nothing lies between; shape (...) each."""
    apart = _reached(baseline) - _reached(current)
    both = (baseline.sum(axis=-1) + current.sum(axis=-1))[..., None]
    return np.abs(apart).max(axis=-1), _root(_mixed(apart, baseline / both + current / both).sum(axis=-1))


def cramer_von_mises_if_mixed(baseline: Ints, current: Ints) -> Floats:
    """Return the first of `cramer_von_mises_of_cells`, as if values lay evenly mixed in each cell; shape (...)."""
    held = baseline + current
    apart = _reached(baseline) - _reached(current)
    return _root(_mixed(apart, held / held.sum(axis=-1, keepdims=True)).sum(axis=-1))


def _mixed(apart: Floats, weights: Floats) -> Floats:
    """Return each cell's part if the distance runs straight from one of its ends to the other; shape (..., cells)."""
    return _square(apart[..., :-1], apart[..., 1:], weights)


def _in_open_cells(p: Floats, q: Floats, of_p: Floats, of_q: Floats) -> tuple[Floats, Floats]:
    """Return between what the integral over the open cells lies, in whatever order their values come.

    The distance of the two functions runs from one end of a cell to the other between two lines with a bend each: it is
    largest when all of the baseline's values come first, least when all of the window's do.

    Args:
        p: The baseline's distribution function at the ends of all cells; shape (..., cells + 1).
        q: The window's.
        of_p: The share of the baseline's values in each open cell, of both sides' values; shape (..., open cells).
        of_q: The window's.
    """
    first, last = (p - q)[..., :-1:2], (p - q)[..., 1::2]
    largest, least = p[..., 1::2] - q[..., :-1:2], p[..., :-1:2] - q[..., 1::2]
    upper = ((first, largest, of_p), (largest, last, of_q))
    lower = ((first, least, of_q), (least, last, of_p))
    return _over(lower, 1) + _over(upper, -1), _over(upper, 1) + _over(lower, -1)


def _over(lines: Sequence[tuple[Floats, Floats, Floats]], sign: int) -> Floats:
    """Integrate over a line with bends where it is above 0, or below if *sign* is -1."""
    parts = [_above(sign * first, sign * last, weights).sum(axis=-1) for first, last, weights in lines]
    return np.asarray(sum(parts), np.float64)


def _reached(counts: Ints) -> Floats:
    """Share of values before the first cell and up to the end of each; shape (..., cells + 1)."""
    reached = np.zeros((*counts.shape[:-1], counts.shape[-1] + 1))
    np.cumsum(counts, axis=-1, out=reached[..., 1:])
    return reached / reached[..., -1:]


def _square(first: Floats, last: Floats, weights: Floats) -> Floats:
    """Integrate the squares of straight lines from *first* to *last*, over intervals of these *weights*."""
    squares = first * first
    squares += first * last
    squares += last * last
    squares /= 3
    squares *= weights
    return squares


def _above(first: Floats, last: Floats, weights: Floats) -> Floats:
    """Integrate the squares of straight lines where they are above 0."""
    a, b = np.maximum(first, 0.0), np.maximum(last, 0.0)
    share = (a + b) / np.maximum(np.abs(first) + np.abs(last), _TINY)  # of the weight: how much of the line is above
    return _square(a, b, weights * share)


def _root(square: Floats) -> Floats:
    return np.minimum(np.sqrt(square), MOST_CRAMER)
