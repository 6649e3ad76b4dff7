"""Summaries of plain lists, counted as a profiler counts them."""

import numpy as np
import pyarrow as pa

from atalaia.profile.category_counter import CategoryCounter
from atalaia.profile.cross_counter import HELD_VALUES, CrossCounter
from atalaia.profile.layout import Layout, Room
from atalaia.profile.number_counter import NumberCounter
from atalaia.profile.values import MISSING, NUMBER, OVERFLOW, TYPE_ERROR, Categories, Numbers
from atalaia.rows import ALL_SIDES, NO_TIME, RowBatch
from atalaia.schema import Column


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


def summarise_together(grid, values, held_values=HELD_VALUES):
    """Count whole columns into cross-moments."""
    batch = batch_of(values)
    counter = CrossCounter(grid, [Column(name) for name in values], held_values)
    return counter.count(batch, [slice(None)], values.items())[0]


def batch_of(values):
    rows = max(map(len, values.values()), default=0)
    columns = {name: pa.array(column) for name, column in values.items()}
    return RowBatch(columns, rows, ALL_SIDES, np.full(rows, NO_TIME), None, np.arange(rows))
