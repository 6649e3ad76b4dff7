"""Reading Parquet logs; apart from all others, because what it takes is dear to import."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from msgspec.structs import replace

from atalaia.logs import kserve, parquetfile
from atalaia.logs.batching import Batcher
from atalaia.logs.detect import Decision
from atalaia.logs.framing import Piece
from atalaia.logs.heldfile import HeldFile
from atalaia.logs.lines import hand_on, outcome_of_value
from atalaia.logs.records import RejectedError
from atalaia.logs.settings import ReadLimits
from atalaia.logs.source import Item, Source
from atalaia.monitor_file import LogFormat
from atalaia.rows import Reject, RowBatch


def parquet_decision(file: BinaryIO, decision: Decision, chosen: LogFormat, limits: ReadLimits) -> Decision:
    """Tell by its columns what a Parquet file is."""
    try:
        names = set(parquetfile.open_table(file, limits).schema_arrow.names)
    except RejectedError:
        return decision  # reading it says why not
    if parquetfile.is_inference_table(names):
        why = (
            f"{decision.why} Its columns are those of a Databricks inference table, whose log says which rows are live."
        )
        return replace(decision, envelope="table", format="databricks parquet", why=why)
    if names >= kserve.COLUMNS and chosen in (LogFormat.AUTO, LogFormat.KSERVE):
        why = f"{decision.why} Its columns are those of KServe's payload logger."
        return replace(decision, envelope="kserve", format="kserve parquet", why=why)
    return decision


def read_parquet(source: Source) -> Iterator[Item]:
    """Read a table's rows, or the requests and responses in its rows."""
    size = max(source.context.log.size, 1)
    try:
        file = HeldFile(source.file)
        table = parquetfile.open_table(file, source.context.limits)
        if source.decision.envelope == "table":
            yield Reject("needs_table_log", 0, size, max(table.metadata.num_rows, 1))
            return
        yield from _parquet_items(table, file, source, size)
    except RejectedError as error:
        yield Reject(error.reason, 0, size, error.rows)
    else:
        source.consumed = size


def _parquet_items(table: Any, file: HeldFile, source: Source, size: int) -> Iterator[Item]:
    batcher = Batcher(source.context.limits.batch_rows)
    if source.decision.envelope == "kserve":
        read, columnwise = _stored_items, False
    else:
        read, columnwise = _table_items, source.context.columnwise
    for batch in parquetfile.record_batches(table, file, source.context.limits, columnwise=columnwise):
        try:
            yield from read(batch, source, size, batcher)
        except RejectedError as error:
            yield Reject(error.reason, 0, size, error.rows)
    yield from batcher.flush()


def _table_items(batch: Any, source: Source, size: int, batcher: Batcher) -> Iterator[Item]:
    del size, batcher
    rows = batch if isinstance(batch, RowBatch) else parquetfile.plain_batch(batch)
    yield rows if source.side is None else replace(rows, captured=frozenset((source.side,)))


def _stored_items(batch: Any, source: Source, size: int, batcher: Batcher) -> Iterator[Item]:
    for value in parquetfile.stored_records(batch, size, source.context.limits):
        content = value.get("bytes")
        held = len(content) if isinstance(content, str) else 0
        yield from hand_on(outcome_of_value(value, Piece(0, size, b""), source), held, source, batcher)
