"""Parquet files: plain tables, KServe's blobs, and parts of tables that must not be read on their own."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from atalaia.logs.arrays import canonical
from atalaia.logs.batching import table_batch
from atalaia.logs.jsontext import compact
from atalaia.logs.records import RejectedError
from atalaia.logs.settings import ReadLimits
from atalaia.rows import ALL_SIDES, RowBatch

MAGIC = b"PAR1"
_BROKEN = (pa.ArrowException, OSError, ValueError)
_INFERENCE_TABLE = ({"databricks_request_id", "request", "response"}, {"invocation_id", "request", "response"})


def open_table(source: BinaryIO, limits: ReadLimits) -> parquet.ParquetFile:
    """Open a Parquet file.

    Raises:
        RejectedError: It is damaged, or too large once decompressed.
    """
    try:
        source.seek(0)
        table = parquet.ParquetFile(source, pre_buffer=False)
        groups = range(table.metadata.num_row_groups)
        expanded = sum(table.metadata.row_group(group).total_byte_size for group in groups)
    except _BROKEN:
        raise RejectedError(reason="damaged") from None
    if expanded > limits.expanded_bytes:
        raise RejectedError(reason="too_large", rows=table.metadata.num_rows)
    return table


def is_inference_table(names: set[str]) -> bool:
    """Tell whether columns are those of a Databricks inference table: a table log says which of its rows are live."""
    return any(needed <= names for needed in _INFERENCE_TABLE)


def record_batches(table: parquet.ParquetFile, rows: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file in batches.

    Raises:
        RejectedError: After all rows that could be read: `damaged`.
    """
    batches = table.iter_batches(batch_size=rows, use_threads=False)
    seen = 0
    while True:
        try:
            batch = next(batches, None)
        except _BROKEN:
            raise RejectedError(reason="damaged", rows=table.metadata.num_rows - seen) from None
        if batch is None:
            return
        seen += batch.num_rows
        if batch.num_rows:
            yield batch


def plain_batch(batch: pa.RecordBatch) -> RowBatch:
    """Turn a batch of a plain table into rows: nested objects are flattened, other nested values become JSON text.

    Raises:
        RejectedError: A column cannot be decoded.
    """
    columns: dict[str, pa.Array] = {}
    try:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            columns |= _columns(name, column)
    except _BROKEN:
        raise RejectedError(reason="damaged", rows=batch.num_rows) from None
    return table_batch(columns, batch.num_rows, ALL_SIDES)


def stored_records(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return the rows of a batch as objects; what a writer left as bytes is read as text.

    Raises:
        RejectedError: A column cannot be decoded.
    """
    try:
        rows = batch.to_pylist()
    except _BROKEN:
        raise RejectedError(reason="damaged", rows=batch.num_rows) from None
    return [
        {name: value.decode("utf-8", "replace") if isinstance(value, bytes) else value for name, value in row.items()}
        for row in rows
    ]


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
        return _simple(column.cast(kind.value_type))
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        return column.cast(pa.float64())
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _text_of_bytes(column)
    if pa.types.is_nested(kind):
        return pa.array([None if value is None else compact(value) for value in column.to_pylist()], pa.string())
    if pa.types.is_duration(kind) or pa.types.is_time(kind) or pa.types.is_interval(kind):
        return pa.array([canonical(value) for value in column.to_pylist()], pa.string())
    return column


def _text_of_bytes(column: pa.Array) -> pa.Array:
    """Read bytes as UTF-8 where all of them are, else write them as base64."""
    values = column.to_pylist()
    try:
        return pa.array([None if value is None else value.decode() for value in values], pa.string())
    except UnicodeDecodeError:
        encoded = [None if value is None else base64.b64encode(value).decode() for value in values]
        return pc.cast(pa.array(encoded), pa.string())
