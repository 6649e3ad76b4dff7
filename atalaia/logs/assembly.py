"""Putting together what was read of a block, its regular lines at once and the others one by one, as one reading.

The batches are those that the exact reader alone makes of the block, to the row and to the type of each column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from msgspec import Struct

from atalaia import compute as pc
from atalaia.logs.arrays import Cell, array_of, cells_array, fits, table_fits
from atalaia.logs.batching import HELD_BYTES, held_bytes, unnamed
from atalaia.logs.cellcolumns import CellColumn
from atalaia.logs.records import Record, shortened
from atalaia.logs.regular import RegularRows
from atalaia.logs.spans import UnprovenError
from atalaia.rows import RowBatch, Side

_EXACT = float(1 << 53)  # from here on a whole number and its float may be written differently
_Key = tuple[frozenset[Side], int]
_Values: TypeAlias = pa.Array | CellColumn | list[Any]
_Ints = npt.NDArray[np.int64]
_Place = tuple[float, int, int]


class LineRecord(Struct, frozen=True):
    """A record that was read on its own: the line of its block, and what was read."""

    line: int
    record: Record


def assembled(
    regular: Sequence[RegularRows], single: Sequence[LineRecord], lengths: _Ints, batch_rows: int
) -> list[RowBatch]:
    """Make the batches of a block.

    Args:
        regular: Rows of regular lines.
        single: Records of the other lines, in the order of the lines.
        lengths: The bytes of each of the block's lines.
        batch_rows: The most rows of a batch.

    Raises:
        UnprovenError: The exact reader might make other batches.
    """
    parts = [_part_of(rows, lengths) for rows in regular]
    groups: dict[_Key, list[_Part]] = {}
    for part in parts + _parts_of_records(single, lengths):
        groups.setdefault(part.key, []).append(part)
    if sum(part.weight for group in groups.values() for part in group) >= HELD_BYTES:
        raise UnprovenError
    made = [placed for group in groups.values() for placed in _batches(group, batch_rows)]
    return [batch for _, batch in sorted(made, key=lambda placed: placed[0])]


class _Part(Struct, frozen=True):
    """Rows of the same sides that were read in the same way.

    Attributes:
        key: What they share with the other rows of their batches.
        lines: The line of each row.
        index: Each row's place inside its record.
        times: When its record was made.
        ids: Its record's id.
        columns: Arrays or CSV cells, or lists of values where the rows were read one by one.
        filled: How many keys the rows have, all together.
        weight: What they would take as objects, bytes.
    """

    key: _Key
    lines: _Ints
    index: _Ints
    times: _Ints
    ids: pa.Array
    columns: Mapping[str, _Values]
    filled: int
    weight: int


def _part_of(part: RegularRows, lengths: _Ints) -> _Part:
    counts, width = part.counts.astype(np.int64), len(part.columns)
    rows = int(counts.sum())
    first = np.cumsum(counts) - counts
    record = np.repeat(np.arange(len(counts)), counts)
    single = rows == len(counts)
    ids = pa.nulls(rows, pa.string()) if part.ids is None else part.ids
    return _Part(
        key=(part.sides, width if "_c0" in part.columns else 0),
        lines=np.repeat(part.lines, counts).astype(np.int64),
        index=np.arange(rows) - first[record],
        times=np.repeat(part.times, counts),
        ids=ids if single or part.ids is None else pc.take(ids, pa.array(record)),
        columns=part.columns,
        filled=rows * width,
        weight=held_bytes(int(lengths[part.lines].sum()), rows, rows * width),
    )


def _parts_of_records(single: Sequence[LineRecord], lengths: _Ints) -> list[_Part]:
    groups: dict[_Key, list[LineRecord]] = {}
    for one in single:
        groups.setdefault((one.record.sides, unnamed(one.record.rows)), []).append(one)
    return [_part_of_records(key, group, lengths) for key, group in groups.items()]


def _part_of_records(key: _Key, single: list[LineRecord], lengths: _Ints) -> _Part:
    counts = [len(one.record.rows) for one in single]
    rows = [row for one in single for row in one.record.rows]
    if not fits(rows):
        raise UnprovenError
    filled = sum(map(len, rows))
    names = dict.fromkeys(name for row in rows for name in row)
    ids = [one.record.id for one in single]
    return _Part(
        key=key,
        lines=np.repeat(np.array([one.line for one in single], np.int64), counts),
        index=np.concatenate([np.arange(count) for count in counts]),
        times=np.repeat(np.array([one.record.time for one in single], np.int64), counts),
        ids=pa.array([name for name, count in zip(ids, counts, strict=True) for _ in range(count)], pa.string()),
        columns={name: [row.get(name) for row in rows] for name in names},
        filled=filled,
        weight=held_bytes(sum(int(lengths[one.line]) for one in single), len(rows), filled),
    )


def _batches(parts: list[_Part], batch_rows: int) -> Iterator[tuple[_Place, RowBatch]]:
    """Make the batches of rows that share their sides, with their places among all batches."""
    lines = np.concatenate([part.lines for part in parts])
    names = dict.fromkeys(name for part in parts for name in part.columns)
    large = len(lines) > batch_rows and len(parts) > 1
    if large or not table_fits(min(len(lines), batch_rows), sum(part.filled for part in parts), len(names)):
        raise UnprovenError
    order = np.argsort(lines, kind="stable") if len(parts) > 1 else None
    columns = {shortened(name): _merged(parts, name, order) for name in names}
    times = _sorted(np.concatenate([part.times for part in parts]), order)
    index = _sorted(np.concatenate([part.index for part in parts]), order)
    ids = _joined([part.ids for part in parts], order)
    lines = _sorted(lines, order)
    for start in range(0, len(lines), batch_rows):
        rows = min(batch_rows, len(lines) - start)
        some = ids.slice(start, rows)
        full_at = float(lines[start + rows - 1]) if rows == batch_rows else inf  # what is not full waits for the end
        yield (
            (full_at, int(lines[0]), start),
            RowBatch(
                columns={name: finish(start, rows) for name, finish in columns.items()},
                rows=rows,
                captured=parts[0].key[0],
                record_times=times[start : start + rows],
                record_ids=None if some.null_count == rows else some,
                record_index=index[start : start + rows],
            ),
        )


def _sorted(values: _Ints, order: _Ints | None) -> _Ints:
    return values if order is None else values[order]


def _joined(arrays: list[pa.Array], order: _Ints | None) -> pa.Array:
    if order is None:
        return arrays[0]
    return pc.take(pa.concat_arrays(arrays), pa.array(order))


_Finish = Callable[[int, int], pa.Array]
"""Makes a column's array for some of the rows: from one on, so many."""


def _merged(parts: list[_Part], name: str, order: _Ints | None) -> _Finish:
    """Put one column's values of all parts into the order of their lines."""
    pieces = [(part, part.columns[name]) for part in parts if name in part.columns]
    if all(_are_cells(values) for _, values in pieces):
        return _merged_cells(parts, name, order)
    if not any(_has_cells(values) for _, values in pieces):
        typed = {id(part): array_of(values) if isinstance(values, list) else values for part, values in pieces}
        kind = _common({getattr(array, "type", None) for array in typed.values()})
        if kind is not None:
            arrays = [_cast(typed.get(id(part)), len(part.lines), kind) for part in parts]
            return partial(_typed, _joined(arrays, order))
    values = [value for part in parts for value in _values_of(part, name)]
    return partial(_exact, values if order is None else [values[place] for place in order.tolist()])


def _merged_cells(parts: list[_Part], name: str, order: _Ints | None) -> _Finish:
    values = parts[0].columns.get(name)
    if order is None and isinstance(values, CellColumn):
        return partial(_typed_cells, values)
    return partial(_typed_texts, _joined([_cells_of(part, name) for part in parts], order))


def _are_cells(values: _Values) -> bool:
    if isinstance(values, list):
        return all(value is None or type(value) is Cell for value in values)
    return isinstance(values, CellColumn)


def _has_cells(values: _Values) -> bool:
    if isinstance(values, list):
        return any(type(value) is Cell for value in values)
    return isinstance(values, CellColumn)


def _cells_of(part: _Part, name: str) -> pa.StringArray:
    values = part.columns.get(name)
    if values is None:
        return pa.nulls(len(part.lines), pa.string())
    return values.texts() if isinstance(values, CellColumn) else pa.array(values, pa.string())


def _common(kinds: set[pa.DataType]) -> pa.DataType | None:
    """Return the type that takes all values as the exact reader would take them together, if there is one."""
    kinds = kinds - {pa.null()}
    if not kinds:
        return pa.null()
    if kinds == {pa.int64(), pa.float64()}:
        return pa.float64()
    return kinds.pop() if len(kinds) == 1 else None


def _cast(array: pa.Array | None, rows: int, kind: pa.DataType) -> pa.Array:
    if array is None or pa.types.is_null(array.type):
        return pa.nulls(rows, kind)
    return array if array.type == kind else pc.cast(array, kind, safe=False)


def _values_of(part: _Part, name: str) -> list[Any]:
    """Return the values as the exact reader holds them."""
    values = part.columns.get(name)
    if values is None:
        return [None] * len(part.lines)
    if isinstance(values, list):
        return values
    if isinstance(values, CellColumn):
        return [None if text is None else Cell(text) for text in values.texts().to_pylist()]
    if pa.types.is_floating(values.type) and pc.any(pc.greater_equal(pc.abs(values), _EXACT)).as_py():
        raise UnprovenError
    return list(values.to_pylist())


def _typed_cells(cells: CellColumn, start: int, rows: int) -> pa.Array:
    if cells.numbers is not None and rows == len(cells.numbers):
        return cells.numbers
    return _typed_texts(cells.texts(), start, rows)


def _typed_texts(array: pa.StringArray, start: int, rows: int) -> pa.Array:
    some = array.slice(start, rows)
    return pa.nulls(rows) if some.null_count == rows else cells_array(some)


def _typed(array: pa.Array, start: int, rows: int) -> pa.Array:
    """Return some of the values, if they are of their type without the others too."""
    some = array.slice(start, rows)
    if some.null_count == rows:
        return pa.nulls(rows)
    if rows < len(array) and not _is_type_sure(some):
        raise UnprovenError
    return some


def _is_type_sure(array: pa.Array) -> bool:
    """Tell whether values have their type by themselves: text may have been numbers, and fractions whole numbers."""
    if pa.types.is_floating(array.type):
        return bool(pc.any(pc.not_equal(pc.floor(array), array)).as_py())
    return array.type in (pa.int64(), pa.bool_())


def _exact(values: list[Any], start: int, rows: int) -> pa.Array:
    return array_of(values[start : start + rows])
