"""Ways to lose data that a benchmark must notice: what is written is broken, what is known of it is not.

The profile of a broken file is what a faulty engine would make of a sound one.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa


def _nothing(part: pa.Table) -> pa.Table:
    return part


def _skip_column(part: pa.Table) -> pa.Table:
    """Pass over a column: its values never arrive."""
    place = part.column_names.index("f05")
    return part.set_column(place, "f05", pa.nulls(part.num_rows, part.schema.field("f05").type))


def _lose_rows(part: pa.Table) -> pa.Table:
    """Lose the last row of each part."""
    return part.slice(0, part.num_rows - 1)


def _swap(one: str, other: str) -> Callable[[pa.Table], pa.Table]:
    def swap(part: pa.Table) -> pa.Table:
        places = part.column_names.index(one), part.column_names.index(other)
        swapped = part.set_column(places[0], one, part[other])
        return swapped.set_column(places[1], other, part[one])

    return swap


BREAKS: dict[str, Callable[[pa.Table], pa.Table]] = {
    "": _nothing,
    "skipped-column": _skip_column,
    "lost-rows": _lose_rows,
    "swapped-numbers": _swap("f19", "f31"),  # of the same shape, without a missing value
    "swapped-categories": _swap("c02", "c03"),
}
"""By the name that the self-test gives them."""
