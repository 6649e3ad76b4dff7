"""CSV text to cells, whether its first row is a header, and whether text is CSV at all."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence, Set
from io import StringIO

from atalaia.logs.arrays import Cell
from atalaia.logs.framing import BOM
from atalaia.logs.records import RejectedError

_LARGEST_CELL = (1 << 31) - 1
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*|\s*[+-]?(?:nan|inf|infinity)\s*", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d][\w .:/()\[\]%#-]{0,127}")


def parse_cells(text: str) -> list[list[Cell]]:
    """Read all rows of a CSV text; blank lines are skipped, except between the values of a single column.

    Raises:
        RejectedError: With reason `bad_csv`.
    """
    text = text.strip("\r\n")
    if '"' in text:
        rows = list(quoted_rows(StringIO(text, newline="")))
    else:
        rows = [line.split(",") if line else [] for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    single = all(len(row) < 2 for row in rows)
    kept = [row or [""] for row in rows if single or row]
    if " " in text:
        return [[Cell(cell.lstrip(" ")) for cell in row] for row in kept]
    return [list(map(Cell, row)) for row in kept]


def quoted_rows(lines: Iterable[str]) -> Iterator[list[str]]:
    """Read CSV rows from lines that keep their ends; quoted cells may hold commas, quotes and line ends.

    Raises:
        RejectedError: With reason `bad_csv`.
    """
    if csv.field_size_limit() < _LARGEST_CELL:
        csv.field_size_limit(_LARGEST_CELL)  # our own limits hold: they count a whole line or payload
    try:
        yield from csv.reader(lines, skipinitialspace=True, strict=True)
    except csv.Error:
        raise RejectedError(reason="bad_csv") from None


def is_number(cell: str) -> bool:
    """Tell whether a cell reads as a number."""
    return _NUMBER.fullmatch(cell) is not None


def has_header(rows: Sequence[Sequence[str]], names: Iterable[str] | None, *, unsure: bool) -> bool:
    """Tell whether the first row holds names and not values.

    Args:
        rows: The first rows.
        names: All names of the monitor: then a header is a row of which at least half are among them.
        unsure: The answer for rows that are all text, where nothing tells.
    """
    first = rows[0]
    if names is not None:
        known = names if isinstance(names, Set) else frozenset(names)
        return 2 * sum(map(known.__contains__, map(str.strip, first))) >= len(first)
    if not all(_NAME.fullmatch(cell.strip()) and not is_number(cell) for cell in first):
        return False
    later = [row for row in rows[1:] if len(row) == len(first)]
    if any(is_number(cell) for row in later for cell in row):
        return True
    return (
        unsure
        and len(set(first)) == len(first)
        and not any(cell == name for row in later for cell, name in zip(row, first, strict=True))
    )


def looks_tabular(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether most of the first rows have the same number of cells, or are single numbers."""
    if not rows:
        return False
    widths = [len(row) for row in rows]
    usual = max(set(widths), key=widths.count)
    if usual == 1:
        return all(len(row) == 1 and is_number(row[0]) for row in rows[1:] or rows)
    return 2 * widths.count(usual) > len(rows)


def first_rows(head: bytes, *, whole: bool) -> list[list[str]]:
    """Read the first rows of a file from its first bytes; their last line may be cut unless they are the *whole*."""
    if not whole:
        head = head[: head.rfind(b"\n") + 1] or head
    text = head.removeprefix(BOM).decode("utf-8", "replace")
    rows: list[list[str]] = []
    try:
        for row in quoted_rows(StringIO(text, newline="")):
            if row:
                rows.append(row)
            if len(rows) == 50:
                break
    except RejectedError:
        return rows
    return rows
