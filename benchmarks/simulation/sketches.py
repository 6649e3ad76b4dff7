"""A KLL sketch as whylogs keeps one (k = 1,024), fed many rows at a time: which rows it keeps, and what they weigh.

Source: Karnin, Lang and Liberty (2016), with the capacities and the lazy compaction of Apache DataSketches.
"""

from __future__ import annotations

import numpy as np

from simulation.populations import Floats, Ints, Random

_K, _SHRINK = 1024, 2 / 3


def sketch(rows: Floats, random: Random) -> tuple[Floats, Ints]:
    """Return the kept rows in order, and how many rows are at or below each as the sketch believes; shape (kept,)."""
    levels: list[Floats] = [np.empty(0)]
    done = 0
    while True:
        room = sum(_capacities(len(levels))) - sum(map(len, levels))
        levels[0] = np.concatenate((levels[0], rows[done : done + room]))
        done += room
        if done >= len(rows):
            break
        _compact(levels, random)
    kept = np.concatenate(levels)
    weights = np.repeat(1 << np.arange(len(levels)), [len(level) for level in levels])
    order = np.argsort(kept, kind="stable")
    return kept[order], np.cumsum(weights[order])


def _capacities(levels: int) -> list[int]:
    return [int(_K * _SHRINK**below + 0.5) for below in range(levels - 1, -1, -1)]


def _compact(levels: list[Floats], random: Random) -> None:
    """Halve the lowest full level into the one above it; an odd row stays where it is."""
    capacities = _capacities(len(levels))
    place = next(place for place, level in enumerate(levels) if len(level) >= capacities[place])
    if place == len(levels) - 1:
        levels.append(np.empty(0))
    odd = len(levels[place]) % 2
    full = np.sort(levels[place][odd:])
    levels[place + 1] = np.sort(np.concatenate((levels[place + 1], full[random.integers(2) :: 2])))
    levels[place] = levels[place][:odd]
