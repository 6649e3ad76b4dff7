"""The names of segments: `column=value`, and `column (rest)`, so written that no two segments share one."""

from __future__ import annotations

import json

_REST = " (rest)"


def segment_name(column: str, value: str) -> str:
    """Name the segment of the rows whose *column* holds *value*.

    A column's name that holds `=` or begins with a quotation mark is written as JSON text.

    Example:
        >>> segment_name("region", "a=b"), segment_name("region=a", "b")
        ('region=a=b', '"region=a"=b')
    """
    return f"{_written(column)}={value}"


def rest_name(column: str) -> str:
    """Name the segment of all other rows: their *column* holds a value that is not told apart, or none.

    No value has this name, because behind a column's name it has no `=`.

    Example:
        >>> rest_name("region"), rest_name("region=a"), segment_name("region", "(rest)")
        ('region (rest)', '"region=a" (rest)', 'region=(rest)')
    """
    return _written(column) + _REST


def segment_column(segment: str) -> str | None:
    """Return the column that the name *segment* speaks of; None for `""`, which stands for all rows.

    Example:
        >>> segment_column("region=a=b"), segment_column('"region=a"=b'), segment_column("region (rest)")
        ('region', 'region=a', 'region')
    """
    if not segment:
        return None
    if segment.startswith('"'):
        column: str = json.JSONDecoder().raw_decode(segment)[0]
        return column
    column, is_value, _ = segment.partition("=")
    return column if is_value else column.removesuffix(_REST)


def _written(column: str) -> str:
    is_plain = "=" not in column and not column.startswith('"')
    return column if is_plain else json.dumps(column, ensure_ascii=False)
