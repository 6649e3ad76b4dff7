"""Columns of every shape that a distance may lose something of, before and after a shift, and their summaries."""

import numpy as np
from counting import count_numbers
from msgspec.structs import replace

from atalaia.profile.distinct import Distinct
from atalaia.profile.numeric import grid_of

SHAPES = {
    "normal": lambda r, n, shift: r.normal(shift, 1, n),
    "log-normal": lambda r, n, shift: r.lognormal(shift, 1.5, n),
    "heavy tails": lambda r, n, shift: r.standard_t(1.5, n) + shift,
    "ties": lambda r, n, shift: np.round(r.normal(shift, 1, n), 1),
    "integers": lambda r, n, shift: r.poisson(4 + 4 * shift, n).astype(float),
    "zero-inflated": lambda r, n, shift: np.where(r.random(n) < 0.7 - shift / 4, 0.0, r.exponential(1, n)),
    "years": lambda r, n, shift: r.integers(2019, 2026, n) + 7.0 * (shift > 0),
    "one year": lambda r, n, shift: np.full(n, 2026.0 if shift else 2019.0),
    "constant": lambda r, n, shift: np.full(n, 3.0 + shift),
    "timestamps": lambda r, n, shift: 1.77e9 + 86400 * (r.random(n) + shift),
}


def on_own_grid(before, now):
    before, now = np.array(before, dtype=float), np.array(now, dtype=float)
    grid = grid_of(before, before.min(), before.max())
    return grid, *(count_numbers(grid, values) for values in (before, now))


def by_cells_alone(before, now):
    """The same, as of columns with so many distinct values that the profile does not know all of them."""
    grid, *sides = on_own_grid(before, now)
    few = [Distinct(1, s.distinct.hashes[:1], s.distinct.counts[:1], s.distinct.values) for s in sides]
    return grid, *(replace(side, distinct=distinct) for side, distinct in zip(sides, few, strict=True))


def sides_of(name, shift, seed):
    random = np.random.default_rng(seed)
    return SHAPES[name](random, 20_000, 0.0), SHAPES[name](random, 5_000, shift)
