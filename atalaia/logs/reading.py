"""Reading one log object: decide what it is, then turn it into batches of rows and rejects, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import BinaryIO

from msgspec.structs import replace

from atalaia.logs.batching import Batcher
from atalaia.logs.csvblocks import read_rows
from atalaia.logs.csvtext import first_rows
from atalaia.logs.detect import Layout, decide
from atalaia.logs.documents import split_values
from atalaia.logs.framing import BOM, Piece, Stream, split_lines
from atalaia.logs.lines import hand_on, outcome_of_value, read_pieces
from atalaia.logs.records import RejectedError
from atalaia.logs.settings import Context, Follow, PayloadNames, ReadLimits
from atalaia.logs.source import Item, Source
from atalaia.logs.together import Pool
from atalaia.monitor_file import LogFormat
from atalaia.rows import LogObject, Reject, Side

_CSV_HEAD = 1 << 16
_STOPS = ("unfinished_line", "damaged", "too_large")


class LogReading:
    """One reading of a log object; iterating it, once, yields batches of rows and rejects.

    Attributes:
        log: Which object it is.
        format: What the object was taken for, such as `sagemaker capture`.
        why: One sentence: what was decided and because of what.
    """

    def __init__(self, source: Source) -> None:
        """Prepare to read *source*."""
        self._source = source
        self.log = source.context.log
        self.format = source.decision.format
        self.why = source.decision.why

    def __iter__(self) -> Iterator[Item]:
        """Yield what the object holds, in bounded memory."""
        return _READERS[self._source.decision.layout](self._source)

    def into(self, pool: Pool, log: int) -> Iterator[Item]:
        """Yield what the object holds, but for rows of few lines: these are left in *pool*, as object *log*'s."""
        if self._source.decision.layout is Layout.LINES:
            pool.begin(log)
            return _read_lines(self._source, pool)
        return iter(self)

    @property
    def consumed(self) -> int:
        """How many (decompressed) bytes need not be read again when the object has grown; valid after iteration.

        They end after the last complete line: one that ends with a newline, or a last one that was taken without.
        """
        return self._source.consumed


def read_log(
    source: BinaryIO,
    log: LogObject,
    *,
    names: PayloadNames = PayloadNames(),  # noqa: B008 - frozen
    format: LogFormat = LogFormat.AUTO,  # noqa: A002 - the word of the monitor file
    follow: Follow | None = None,
    limits: ReadLimits = ReadLimits(),  # noqa: B008 - frozen
    columnwise: bool = False,
) -> LogReading:
    """Begin to read a log object.

    Whatever the object holds, reading it raises nothing: what cannot be used is yielded as a `Reject`.

    Args:
        source: The object's bytes from front to back; only a Parquet file is sought in.
        log: Which object it is; the path decides where the content does not.
        names: The monitor's names for rows without names.
        format: What the monitor file says.
        follow: How to get objects that the log refers to; without it such records are rejected.
        limits: How much is taken in before it is rejected.
        columnwise: Whether large tables may be handed on as columns that are read when they are asked for. Asking for
            one that is damaged raises a `DamagedColumnError`: then read the object again without this.
    """
    return _reading(source, Context(log, names, limits, follow, columnwise), format, None)


def _reading(source: BinaryIO, context: Context, chosen: LogFormat, side: Side | None) -> LogReading:
    stream = Stream(source, context.limits)
    decision = decide(stream, context, chosen)
    if decision.layout is Layout.PARQUET:
        from atalaia.logs.parquetreading import parquet_decision  # noqa: PLC0415  # dear to import, many logs are none

        decision = parquet_decision(source, decision, chosen, context.limits)
    if stream.compression:
        decision = replace(decision, why=f"{decision.why} It is compressed with {stream.compression}.")
    return LogReading(Source(source, stream, context, decision, side, _reopened))


def _reopened(content: bytes, context: Context, side: Side | None) -> Iterator[Item]:
    return iter(_reading(BytesIO(content), context, LogFormat.AUTO, side))


def _read_nothing(source: Source) -> Iterator[Item]:
    """Reject the whole object for the reason that was decided."""
    size = max(source.context.log.size, 1)
    yield Reject(source.decision.reason, 0, size)


def _read_empty(source: Source) -> Iterator[Item]:
    """Read blanks to the end: an object may begin with more of them than were looked at."""
    for item in split_lines(source.stream, source.context.limits.line_bytes):
        if isinstance(item, Reject):
            yield item
        elif item.data.removeprefix(BOM).strip():
            yield Reject("unknown_format", item.start, item.end)
            source.consumed = item.end
        else:
            source.consumed = item.end + item.ended


def _read_values(source: Source) -> Iterator[Item]:
    limit = source.context.limits.line_bytes
    return _tracked(read_pieces(split_values(source.stream, limit), source), source)


def _read_whole(source: Source) -> Iterator[Item]:
    return _tracked(_read_whole_value(source), source)


def _read_whole_value(source: Source) -> Iterator[Item]:
    parts: list[bytes] = []
    size = 0
    try:
        for chunk in source.stream.chunks():
            parts.append(chunk)
            size += len(chunk)
            if size > source.context.limits.line_bytes:
                yield Reject("line_too_long", 0, size)
                return
    except RejectedError as fault:
        yield Reject(fault.reason, 0, max(size, 1))
        return
    yield from read_pieces(iter([Piece(0, size, b"".join(parts))]), source)


def _read_csv(source: Source) -> Iterator[Item]:
    reader = _read_csv_records if source.decision.envelope == "kserve" else _read_csv_table
    return _tracked(reader(source), source)


def _tracked(items: Iterator[Item], source: Source) -> Iterator[Item]:
    """Note how far the object was read: to its end, or to what must be read again."""
    stopped = None
    for item in items:
        if isinstance(item, Reject) and item.reason in _STOPS and stopped is None:
            stopped = item.start
        yield item
    source.consumed = source.stream.taken if stopped is None else stopped


def _read_csv_table(source: Source) -> Iterator[Item]:
    from atalaia.logs.csvfile import csv_layout, read_table  # noqa: PLC0415  # dear to import, and many logs are none

    head = source.stream.peek(_CSV_HEAD)
    rows = first_rows(head, whole=len(head) < _CSV_HEAD) or [[""]]
    layout = csv_layout(rows, source.side, source.context)
    yield from read_table(source.stream, layout, source.context)


def _read_csv_records(source: Source) -> Iterator[Item]:
    """Read KServe's CSV: a header, then a request or a response in every row."""
    batcher, header = Batcher(source.context.limits.batch_rows), None
    for row in read_rows(source.stream, source.context.limits.line_bytes):
        if isinstance(row, Reject):
            yield row
        elif header is None:
            header = row.cells
        elif len(row.cells) != len(header):
            yield Reject("column_count" if row.ended else "unfinished_line", row.start, row.end)
        else:
            value = dict(zip(header, row.cells, strict=True))
            piece = Piece(row.start, row.end, b"")
            text_bytes = sum(map(len, row.cells))
            yield from hand_on(outcome_of_value(value, piece, source), text_bytes, source, batcher)
    yield from batcher.flush()


def _read_lines(source: Source, pool: Pool | None = None) -> Iterator[Item]:
    from atalaia.logs.blockreading import read_blocks  # noqa: PLC0415  # as dear to import as Parquet

    return read_blocks(source, pool)


def _read_parquet(source: Source) -> Iterator[Item]:
    from atalaia.logs.parquetreading import read_parquet  # noqa: PLC0415  # dear to import, and many logs are none

    return read_parquet(source)


_READERS: dict[Layout, Callable[[Source], Iterator[Item]]] = {
    Layout.EMPTY: _read_empty,
    Layout.LINES: _read_lines,
    Layout.VALUES: _read_values,
    Layout.WHOLE: _read_whole,
    Layout.CSV: _read_csv,
    Layout.PARQUET: _read_parquet,
    Layout.NONE: _read_nothing,
}
