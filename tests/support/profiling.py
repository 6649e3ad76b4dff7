"""Baselines and profiles of plain columns, all in memory."""

import numpy as np
import pyarrow as pa

from atalaia.baseline import build_baseline, count_rows
from atalaia.rows import ALL_SIDES, NO_TIME, RowBatch


def rows_of(sides=ALL_SIDES, **values):
    """Return one batch of these columns."""
    arrays = {name: pa.array(held) for name, held in values.items()}
    n = len(next(iter(arrays.values())))
    return RowBatch(arrays, n, frozenset(sides), np.full(n, NO_TIME), None, np.arange(n))


def baseline_of_rows(columns, **values):
    """Return the baseline of these columns' values."""
    return build_baseline(tuple(columns), lambda: [rows_of(**values)])


def profile_of_rows(baseline, sides=ALL_SIDES, **values):
    """Return the profile of these columns' values on a baseline's grids."""
    return count_rows(baseline.profiler(), [rows_of(sides, **values)])
