"""Columns as tools judge them: counted on a grid of their reference, and how far off a number says it may be."""

import re

import numpy as np
from counting import count_categories, count_numbers
from msgspec.structs import replace

from atalaia.profile.categorical import CategoricalGrid
from atalaia.profile.distinct import Distinct
from atalaia.profile.numeric import grid_of
from atalaia.schema import Column, Kind, Type


def numbers(before, now):
    """Return the grid of *before*, and both counted on it."""
    before, now = (np.array(side, dtype=float) for side in (before, now))
    grid = grid_of(before, before.min(), before.max())
    return grid, count_numbers(grid, before), count_numbers(grid, now)


def by_cells_alone(grid, *sides):
    """The same, as of columns with so many distinct values that the profile keeps but four by name."""
    few = [Distinct(4, s.distinct.hashes[:4], s.distinct.counts[:4], s.distinct.values) for s in sides]
    return grid, *(replace(side, distinct=distinct) for side, distinct in zip(sides, few, strict=True))


def words(before, now, known=None):
    """Return the grid of the words of *before* (or of *known*), and both counted on it."""
    grid = CategoricalGrid(tuple(sorted(set(before if known is None else known))))
    return grid, count_categories(grid, before), count_categories(grid, now)


def column(name, before, now):
    """Return a column and what a tool is given of it; texts and integers are told by their values."""
    if isinstance(before[0], str):
        return Column(name, Type.STRING), *words(before, now)
    integers = name == "whole"
    return Column(name, Type.INTEGER if integers else Type.NUMBER, kind=Kind.NUMERIC), *numbers(before, now)


def off(judged):
    """Return by how much a value may differ from the tool's own, as its notes say: nothing if they say nothing."""
    told = re.search(r"may differ by up to ([\d.e-]+)", "; ".join(judged.notes))
    return 1.001 * float(told[1].rstrip(".")) if told else 0.0
