"""Lines and JSON values to records, one after the other: exact, whatever they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from atalaia.logs import azureml, kserve, plain, sagemaker
from atalaia.logs.batching import Batcher
from atalaia.logs.framing import BOM, Piece
from atalaia.logs.jsontext import parse_json
from atalaia.logs.records import Record, RejectedError
from atalaia.logs.settings import Context
from atalaia.logs.source import Item, Source
from atalaia.logs.weight import MOST_COLUMNS
from atalaia.rows import Reject, RowBatch

_Handler = Callable[[Any, Context], Record]


class Manifest(Struct, frozen=True):
    """A line that lists other objects: it is read by reading those."""

    value: list[Any]
    piece: Piece


Outcome = Record | Reject | Manifest | None
"""What becomes of a line: a record, a reject, the objects it lists, or nothing where it is blank."""


def read_pieces(pieces: Iterator[Piece | Reject], source: Source) -> Iterator[Item]:
    """Turn lines or values into records, and records into batches."""
    batcher = Batcher(source.context.limits.batch_rows)
    for piece in pieces:
        if isinstance(piece, Reject):
            source.consumed = max(source.consumed, piece.start)
            yield piece
            continue
        yield from take_outcome(outcome_of(piece, source), piece, source, batcher)
    yield from batcher.flush()


def take_outcome(outcome: Outcome, piece: Piece, source: Source, batcher: Batcher) -> Iterator[Item]:
    """Hand on what became of a line, and note that it was read."""
    yield from hand_on(outcome, len(piece.data), source, batcher)
    if not isinstance(outcome, Reject) or outcome.reason != "unfinished_line":
        source.consumed = piece.end + piece.ended


def hand_on(outcome: Outcome, text_bytes: int, source: Source, batcher: Batcher) -> Iterator[Item]:
    """Hand on what became of a line or value of *text_bytes* bytes."""
    if isinstance(outcome, Record):
        yield from batcher.add(outcome, text_bytes)
    elif isinstance(outcome, Manifest):
        yield from _read_manifest(outcome, source)
    elif outcome is not None:
        yield outcome


def outcome_of(piece: Piece, source: Source) -> Outcome:
    """Read one line or value."""
    data = piece.data.removeprefix(BOM) if piece.start == 0 else piece.data
    if not data.strip():
        return None
    try:
        value = parse_json(data, source.context.limits.depth)
    except RejectedError as error:
        unfinished = not piece.ended and error.reason in ("not_json", "not_text")
        return Reject("unfinished_line" if unfinished else error.reason, piece.start, piece.end)
    return outcome_of_value(value, piece, source)


def outcome_of_value(value: Any, piece: Piece, source: Source) -> Outcome:
    """Read one parsed value."""
    if source.decision.envelope in ("sagemaker", "plain") and sagemaker.is_manifest(value):
        return Manifest(value, piece)
    try:
        return _bearable(_handler(source)(value, source.context))
    except RejectedError as error:
        return Reject(error.reason, piece.start, piece.end, error.rows, error.time)


def _bearable(record: Record) -> Record:
    if max(map(len, record.rows), default=0) > MOST_COLUMNS:
        raise RejectedError(reason="too_many_columns", rows=len(record.rows), time=record.time)
    return record


def _handler(source: Source) -> _Handler:
    if source.decision.envelope == "plain":
        return partial(plain.plain_record, side=source.side)
    return _HANDLERS[source.decision.envelope]


def _read_manifest(manifest: Manifest, source: Source) -> Iterator[Item]:
    """Read every file that a manifest lists; what is rejected there is rejected as part of the manifest."""
    context, piece = source.context, manifest.piece
    side = sagemaker.manifest_side(context.log.uri)
    for name in sagemaker.manifest_files(manifest.value):
        try:
            content = azureml.followed(name, context)
        except RejectedError as error:
            yield Reject(error.reason, piece.start, piece.end)
            continue
        inner = replace(context, log=replace(context.log, uri=name, size=len(content)), follow=None)
        for item in source.reopen(content, inner, side):
            yield item if isinstance(item, RowBatch) else replace(item, start=piece.start, end=piece.end)
    if len(manifest.value) == 1:
        yield Reject("no_rows", piece.start, piece.end)


_HANDLERS: dict[str, _Handler] = {
    "sagemaker": sagemaker.capture_record,
    "azureml": azureml.collected_record,
    "kserve": kserve.logged_record,
}
