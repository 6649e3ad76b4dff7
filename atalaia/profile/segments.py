"""The names of segments: `column=value`, so written that no two segments share one."""

from __future__ import annotations

import json


def segment_name(column: str, value: str) -> str:
    """Name the segment of the rows whose *column* holds *value*.

    A column's name that holds `=` or begins with a quotation mark is written as JSON text.

    Example:
        >>> segment_name("region", "a=b"), segment_name("region=a", "b")
        ('region=a=b', '"region=a"=b')
    """
    is_plain = "=" not in column and not column.startswith('"')
    return f"{column if is_plain else json.dumps(column, ensure_ascii=False)}={value}"


def segment_column(segment: str) -> str | None:
    """Return the column that the name *segment* speaks of; None for `""`, which stands for all rows.

    Example:
        >>> segment_column("region=a=b"), segment_column('"region=a"=b'), segment_column("")
        ('region', 'region=a', None)
    """
    if not segment:
        return None
    if segment.startswith('"'):
        column: str = json.JSONDecoder().raw_decode(segment)[0]
        return column
    return segment.partition("=")[0]
