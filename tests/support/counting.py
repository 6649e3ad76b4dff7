"""Summaries of plain lists, counted as a profiler counts them."""

import numpy as np

from atalaia.profile.category_counter import CategoryCounter
from atalaia.profile.cross_counter import count_together
from atalaia.profile.layout import Layout, Room
from atalaia.profile.number_counter import NumberCounter
from atalaia.profile.values import MISSING, NUMBER, OVERFLOW, TYPE_ERROR, Categories, Numbers


def count_numbers(grid, values, missing=0, type_errors=0, overflow=0):
    kinds = [OVERFLOW] * overflow + [NUMBER] * (len(values) - overflow) + [MISSING] * missing
    counter = NumberCounter(Layout.of(grid), Room())
    held = np.append(np.array(values, np.float64), [np.nan] * (missing + type_errors))
    counter.add(Numbers(held, np.array(kinds + [TYPE_ERROR] * type_errors, np.uint8)))
    return counter.summary()


def categories(values, missing=0, type_errors=0):
    texts = list(dict.fromkeys(values))
    places = {text: place for place, text in enumerate(texts)}
    codes = [places[value] for value in values]
    return Categories(np.array(codes + [-1] * missing + [-2] * type_errors, np.int64), texts)


def count_categories(grid, values, missing=0, type_errors=0):
    counter = CategoryCounter(grid)
    counter.add(categories(values, missing, type_errors))
    return counter.summary()


def summarise_together(grid, values, **held):
    """Count whole columns into cross-moments."""

    def again(names):
        return ((name, values[name]) for name in names)

    return count_together(grid, [slice(None)], values.items(), again, **held)[0]
