"""CSV files: blocks of whole rows, fast where they are regular, row by row where they are not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from msgspec import Struct
from pyarrow import csv as arrow_csv

from atalaia import compute as pc
from atalaia.logs.arrays import Cell, cells_array
from atalaia.logs.batching import Batcher, table_batch
from atalaia.logs.bodyrows import invented_names
from atalaia.logs.csvblocks import LONGEST_BLOCK, mark_of, rows_of_block, split_blocks
from atalaia.logs.csvtext import has_header, is_number
from atalaia.logs.framing import BOM, Piece, Stream
from atalaia.logs.records import Record
from atalaia.logs.sagemaker import INFERENCE_ID, INFERENCE_TIME, taken_inference
from atalaia.logs.settings import Context
from atalaia.logs.spans import at, codes_of, positions_of
from atalaia.rows import ALL_SIDES, Reject, RowBatch, Side
from atalaia.window import parse_time

_AT_QUOTES = np.isin(np.arange(256), list(b',\r\n"'))
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class CsvLayout(Struct, frozen=True):
    """The names of a CSV file's columns, the sides they carry, and what is special about them.

    Attributes:
        names: One for each column.
        sides: What the rows carry.
        header: Whether the first row is the names.
        inference: Whether the last two columns are a batch transform's id and time.
    """

    names: tuple[str, ...]
    sides: frozenset[Side]
    header: bool
    inference: bool = False


def csv_layout(rows: Sequence[Sequence[str]], side: Side | None, context: Context) -> CsvLayout:
    """Decide how a CSV file's rows are named, from its first rows (at least one)."""
    first, names = rows[0], context.names.of(side)
    known = None if names is None else (*names, *(context.names.of(None) or ()))
    sides = ALL_SIDES if side is None else frozenset((side,))
    if has_header(rows, known, unsure=True):
        return CsvLayout(_distinct([cell.strip() for cell in first]), sides, header=True)
    if _ends_with_inference(first):
        return _inference_layout(len(first) - 2, side, context)
    return CsvLayout(_positional(len(first), side, context), sides, header=False)


def read_table(stream: Stream, layout: CsvLayout, context: Context) -> Iterator[RowBatch | Reject]:
    """Read a plain CSV file."""
    for block in _blocks_of_values(stream, layout, context):
        table = None if layout.inference or isinstance(block, Reject) else _table(block, layout)
        if isinstance(block, Reject):
            yield block
        elif table is None:
            yield from _row_by_row(block, layout, context)
        else:
            yield from _table_batches(table, layout, context.limits.batch_rows)


def _blocks_of_values(stream: Stream, layout: CsvLayout, context: Context) -> Iterator[Piece | Reject]:
    """Yield a file's blocks without its header."""
    header = layout.header
    for block in split_blocks(stream, context.limits.line_bytes):
        if isinstance(block, Reject) or not header:
            yield block
        else:
            header = False
            yield _after_first_row(block)


def _after_first_row(block: Piece) -> Piece:
    """Return a block without its header."""
    first = next(rows_of_block(block), None)
    end = block.end if first is None else first.end
    return Piece(end, block.end, block.data[end - block.start :], block.ended)


def _table(block: Piece, layout: CsvLayout) -> pa.Table | None:
    """Read a regular block at once; None where a row needs a closer look."""
    if not _may_be_regular(block):
        return None
    irregular = []

    def note(row: arrow_csv.InvalidRow) -> str:
        irregular.append(row.number)
        return "skip"

    places = [str(place) for place in range(len(layout.names))]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(block.data.removeprefix(mark_of(block))),
            arrow_csv.ReadOptions(use_threads=False, block_size=len(block.data) + 1, column_names=places),
            arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(places, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        return None
    return None if irregular else table


def _may_be_regular(block: Piece) -> bool:
    """Tell whether Arrow reads a block as it is read row by row, or says that it cannot.

    It drops a byte order mark from any block, and cannot report an irregular row that is not text.
    """
    data = block.data
    if not block.ended or len(data) > 2 * LONGEST_BLOCK or b"\0" in data or not _are_quotes_regular(data):
        return False
    return data.isascii() or (_is_text(data) and not (block.start and data.startswith(BOM)))


def _are_quotes_regular(data: bytes) -> bool:
    """Tell whether all quotes stand around whole cells, or doubled within them, and no blanks begin a quoted cell.

    Arrow takes what else there may be for good: cells that go on behind their quotes, and a quote that nothing closes.
    """
    if b'"' not in data:
        return True
    codes = codes_of(data)
    quotes = positions_of(codes, ord('"'))
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    apart = _AT_QUOTES[at(codes, opening - 1)].all() and _AT_QUOTES[at(codes, closing + 1)].all()
    return bool(apart and not (at(codes, opening + 1) == ord(" ")).any())


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _table_batches(table: pa.Table, layout: CsvLayout, batch_rows: int) -> Iterator[RowBatch]:
    for start in range(0, table.num_rows, batch_rows):
        part = table.slice(start, batch_rows).combine_chunks()
        columns = {
            name: cells_array(pc.utf8_ltrim(_array(column), characters=" "))
            for name, column in zip(layout.names, part.columns, strict=True)
        }
        yield table_batch(columns, part.num_rows, layout.sides)


def _array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def _row_by_row(block: Piece, layout: CsvLayout, context: Context) -> Iterator[RowBatch | Reject]:
    batcher = Batcher(context.limits.batch_rows)
    for row in rows_of_block(block):
        if isinstance(row, Reject):
            yield row
        elif len(row.cells) != len(layout.names):
            yield Reject("column_count" if row.ended else "unfinished_line", row.start, row.end)
        else:
            yield from batcher.add(_record(row.cells, layout), row.end - row.start)
    yield from batcher.flush()


def _record(cells: list[str], layout: CsvLayout) -> Record:
    row = {name: Cell(cell) if cell else None for name, cell in zip(layout.names, cells, strict=True)}
    if not layout.inference:
        return Record([row], layout.sides)
    time, inference_id = taken_inference(row)
    return Record([row], layout.sides, time, inference_id)


def _ends_with_inference(cells: Sequence[str]) -> bool:
    return (
        len(cells) > 2  # an output, the id, the time
        and _UUID.fullmatch(cells[-2].strip()) is not None
        and not is_number(cells[-1])
        and parse_time(cells[-1]) is not None
    )


def _inference_layout(width: int, side: Side | None, context: Context) -> CsvLayout:
    """Name a batch transform's output of *width* columns beside id and time; it may be joined with its input."""
    inputs, outputs = context.names.inputs or (), context.names.outputs
    sides = frozenset((side or Side.OUTPUT,))
    names = outputs or invented_names(width, Side.OUTPUT)
    if outputs and inputs and width == len(inputs) + len(outputs):
        names, sides = inputs + outputs, frozenset((Side.INPUT, Side.OUTPUT))
    return CsvLayout((*names, INFERENCE_ID, INFERENCE_TIME), sides, header=False, inference=True)


def _positional(width: int, side: Side | None, context: Context) -> tuple[str, ...]:
    """Name columns by their places: a plain file may hold whole rows, or only some of their sides."""
    names = context.names.of(side)
    if names is None:
        return invented_names(width, side)
    inputs, outputs = context.names.inputs or (), context.names.outputs or ()
    candidates = [names] if side is not None else [names, inputs + outputs, inputs, outputs]
    return next((candidate for candidate in candidates if len(candidate) == width), names)


def _distinct(names: list[str]) -> tuple[str, ...]:
    """Tell repeated names apart as pandas does: `a`, `a.1`."""
    seen: dict[str, int] = {}
    out: list[str] = []
    for name in names:
        count = seen.get(name, 0)
        seen[name] = count + 1
        out.append(f"{name}.{count}" if count else name)
    return tuple(out)
