"""Parquet files: plain tables, KServe's blobs, and parts of tables that must not be read on their own."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from msgspec.structs import replace
from pyarrow import parquet

from atalaia import compute as pc
from atalaia.logs.arrays import canonical
from atalaia.logs.batching import table_batch
from atalaia.logs.foreign import native
from atalaia.logs.heldfile import HeldFile, Seekable
from atalaia.logs.jsontext import compact
from atalaia.logs.parquetcolumns import SHARING, GroupColumns, is_columnwise, kept_once, repeats_texts
from atalaia.logs.parquetpages import Pages, check_pages
from atalaia.logs.parquetparts import (
    BATCH_BYTES,
    bearable_parts,
    bytes_in_batch,
    is_held_once,
    refuse_heavy_row,
    refuse_repetition,
    with_used_texts,
    written_bytes,
)
from atalaia.logs.records import RejectedError
from atalaia.logs.settings import ReadLimits
from atalaia.logs.weight import MOST_COLUMNS
from atalaia.rows import ALL_SIDES, RowBatch

_BROKEN = (pa.ArrowException, OSError, ValueError, OverflowError)
_LARGEST_FOOTER = 16 << 20
_SIGNATURE_BYTES = 28  # a nonce and a tag
_RATIO_FROM = 64 << 20
_READ_AHEAD = 1 << 20
_REPEATED_BYTES = 64 << 20
_MANY_VALUES = 1 << 20
_NO_DICTIONARIES = frozenset((SHARING, "DELTA_LENGTH_BYTE_ARRAY"))  # Arrow makes none of these encodings
_INFERENCE_TABLE = ({"databricks_request_id", "request", "response"}, {"invocation_id", "request", "response"})


def open_table(source: Seekable, limits: ReadLimits) -> parquet.ParquetFile:
    """Open a Parquet file.

    Raises:
        RejectedError: It is damaged or encrypted, has too many columns, or is too large once decompressed.
    """
    try:
        size = _refuse_large_footer(source)
        source.seek(0)
        footer = parquet.read_metadata(source)
        _refuse_unreadable(footer, source, size)
        _refuse_large(footer, size, limits)
        source.seek(0)
        options = {"pre_buffer": False, "buffer_size": _READ_AHEAD, "read_dictionary": _text_columns(footer)}
        table = parquet.ParquetFile(source, metadata=footer, **options)
    except _BROKEN:
        raise RejectedError(reason="damaged") from None
    return table


def _refuse_large_footer(source: Seekable) -> int:
    """Return the size of a file whose footer is of bearable size."""
    size: int = source.seek(0, os.SEEK_END)
    source.seek(max(size - 8, 0))
    if int.from_bytes(source.read(4), "little") > _LARGEST_FOOTER:
        raise RejectedError(reason="too_large" if size > _LARGEST_FOOTER else "damaged")
    return size


def _refuse_unreadable(footer: Any, source: Seekable, size: int) -> None:
    """Refuse a footer that promises fewer rows than none, or one behind which columns are encrypted.

    Such a footer is signed, so it is longer than it says. To ask pyarrow for an encrypted column ends the process.
    """
    source.seek(max(size - 8, 0))
    if int.from_bytes(source.read(4), "little") - footer.serialized_size == _SIGNATURE_BYTES:
        raise RejectedError(reason="unknown_format")
    if min((footer.row_group(group).num_rows for group in range(footer.num_row_groups)), default=0) < 0:
        raise RejectedError(reason="damaged")


def _refuse_large(footer: Any, size: int, limits: ReadLimits) -> None:
    """Refuse a file that would become far larger than it is; a count of rows that cannot be true is not repeated."""
    groups = [footer.row_group(group).total_byte_size for group in range(footer.num_row_groups)]
    expanded = max(sum(groups), footer.num_rows * max(footer.num_columns, 1))
    believable = footer.num_rows if 0 <= footer.num_rows <= limits.expansion_ratio * size else 1
    if footer.num_columns > MOST_COLUMNS:
        raise RejectedError(reason="too_many_columns", rows=believable)
    if expanded > limits.expanded_bytes or (expanded > _RATIO_FROM and expanded > limits.expansion_ratio * size):
        raise RejectedError(reason="too_large", rows=believable)


def _text_columns(footer: Any) -> list[str]:
    """Name the columns of text, also within lists: kept as dictionaries, a long text that many share is one text."""
    columns = [(place, footer.schema.column(place)) for place in range(footer.num_columns)]
    texts = {place: c.path for place, c in columns if c.physical_type == "BYTE_ARRAY"}
    for group in map(footer.row_group, range(footer.num_row_groups)):
        for place in [place for place in texts if not _NO_DICTIONARIES.isdisjoint(group.column(place).encodings)]:
            del texts[place]
    return list(texts.values())


def is_inference_table(names: set[str]) -> bool:
    """Tell whether columns are those of a Databricks inference table: a table log says which of its rows are live."""
    return any(needed <= names for needed in _INFERENCE_TABLE)


def record_batches(
    table: parquet.ParquetFile, source: HeldFile, limits: ReadLimits, *, columnwise: bool = False
) -> Iterator[pa.RecordBatch | RowBatch]:
    """Yield the rows of a file in batches; if *columnwise*, a row group as one batch of columns read on demand.

    Raises:
        RejectedError: After all rows that could be read: `damaged` or `too_large`.
    """
    left, most = table.metadata.num_rows, _most_repeated(source.seek(0, os.SEEK_END), limits)
    groups = map(table.metadata.row_group, range(table.metadata.num_row_groups))
    for place in (place for place, group in enumerate(groups) if group.num_rows):
        try:
            group = table.metadata.row_group(place)
            if columnwise and is_columnwise(table, group):
                left -= group.num_rows
                columns = GroupColumns(table, source, place, limits)
                yield replace(table_batch(columns, group.num_rows, ALL_SIDES), read_slices=columns.slices)
                continue
            rows = _bearable_rows(table, group, source, limits)
            for batch in table.iter_batches(batch_size=rows, row_groups=[place], use_threads=False):
                refuse_repetition(batch, most)
                for part in bearable_parts(batch, bytes_in_batch):
                    left -= part.num_rows
                    yield part
        except RejectedError as error:
            raise RejectedError(error.reason, left) from None
        except _BROKEN:
            raise RejectedError(reason="damaged", rows=left) from None
    if left > 0:
        raise RejectedError(reason="damaged", rows=left)


def _bearable_rows(table: parquet.ParquetFile, group: Any, source: Seekable, limits: ReadLimits) -> int:
    """Return how many rows of a row group to read at once.

    Raises:
        RejectedError: A page is larger than a line of text may be.
    """
    row_bytes: int = max(group.total_byte_size // max(group.num_rows, 1), 1)
    rows = min(limits.batch_rows, BATCH_BYTES // row_bytes)
    once = kept_once(table)
    for place in range(group.num_columns):
        chunk = group.column(place)
        start = chunk.dictionary_page_offset or chunk.data_page_offset
        pages = check_pages(source, start, start + chunk.total_compressed_size, limits.line_bytes)
        if _is_repetitive(chunk, pages, group.num_rows, limits):
            raise RejectedError(reason="too_large")
        if chunk.physical_type == "FIXED_LEN_BYTE_ARRAY":
            rows = min(rows, _REPEATED_BYTES // max(table.schema.column(place).length, 1))
        elif repeats_texts(chunk, once):  # each text may be as long as the dictionary, or as a page
            longest = max(pages.largest if SHARING in chunk.encodings else pages.first, 1)
            if pages.values * longest > _REPEATED_BYTES and table.schema.column(place).max_repetition_level:
                raise RejectedError(reason="too_large")  # one row's list may hold them all
            rows = min(rows, _REPEATED_BYTES // longest)
    return max(rows, 1)


def _is_repetitive(chunk: Any, pages: Pages, rows: int, limits: ReadLimits) -> bool:
    """Tell whether lists hold far more values than their bytes could: one row may hold all of them."""
    lists = pages.values - rows
    return lists > _MANY_VALUES and 8 * lists > limits.expansion_ratio * chunk.total_compressed_size


def plain_batch(batch: pa.RecordBatch) -> RowBatch:
    """Turn a batch of a plain table into rows: nested objects are flattened, other nested values become JSON text.

    Raises:
        RejectedError: A column cannot be decoded, or a row's lists are too large to be written out.
    """
    refuse_heavy_row(batch)
    columns: dict[str, pa.Array] = {}
    try:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            columns |= _columns(name, column)
    except _BROKEN:
        raise RejectedError(reason="damaged", rows=batch.num_rows) from None
    return table_batch(columns, batch.num_rows, ALL_SIDES)


def stored_records(batch: pa.RecordBatch, size: int, limits: ReadLimits) -> Iterator[dict[str, Any]]:
    """Yield the rows of a batch as objects; what a writer left as bytes is read as text.

    Args:
        batch: The rows.
        size: Of their file, in bytes.
        limits: How far these may expand.

    Raises:
        RejectedError: A column cannot be decoded, or the rows repeat texts far too often.
    """
    left = batch.num_rows
    if sum(map(written_bytes, batch.columns)) > _most_repeated(size, limits):
        raise RejectedError(reason="too_large", rows=left)
    for part in bearable_parts(batch, written_bytes):
        try:
            rows = part.to_pylist()
        except _BROKEN:
            raise RejectedError(reason="damaged", rows=left) from None
        left -= part.num_rows
        for row in rows:
            yield {name: _text_if_bytes(value) for name, value in row.items()}


def _most_repeated(size: int, limits: ReadLimits) -> int:
    """Return how many bytes the rows of a batch may take, from a file of *size* bytes, where they share texts."""
    return max(_RATIO_FROM, limits.expansion_ratio * size)


def _text_if_bytes(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _columns(name: str, column: pa.Array) -> dict[str, pa.Array]:
    kind = column.type
    if pa.types.is_struct(kind) and kind.num_fields:
        parts = [kind.field(place).name for place in range(kind.num_fields)]
        flat: dict[str, pa.Array] = {}
        for part, values in zip(parts, column.flatten(), strict=True):
            flat |= _columns(f"{name}.{part}", values)
        return flat
    return {name: _simple(column)}


def _simple(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return native(with_used_texts(column)) if is_held_once(column) else _simple(pc.cast(column, kind.value_type))
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        return pc.cast(column, pa.float64())
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return native(pc.cast(column, pa.string()))
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _text_of_bytes(column)
    if pa.types.is_nested(kind):
        return pa.array([None if value is None else compact(value) for value in column.to_pylist()], pa.string())
    if pa.types.is_duration(kind) or pa.types.is_time(kind) or pa.types.is_interval(kind):
        return pa.array([canonical(value) for value in native(column).to_pylist()], pa.string())
    return native(column)


def _text_of_bytes(column: pa.Array) -> pa.Array:
    """Read bytes as UTF-8 where all of them are, else write them as base64."""
    values = column.to_pylist()
    try:
        return pa.array([None if value is None else value.decode() for value in values], pa.string())
    except UnicodeDecodeError:
        encoded = [None if value is None else base64.b64encode(value).decode() for value in values]
        return pc.cast(pa.array(encoded), pa.string())
