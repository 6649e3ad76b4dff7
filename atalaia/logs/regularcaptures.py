"""Regular lines of SageMaker's captures, labels and merged files: an envelope of one shape around CSV or JSON."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from msgspec import Struct

from atalaia.logs.bodyrows import invented_names
from atalaia.logs.cellcolumns import CellColumn
from atalaia.logs.csvtext import parse_cells
from atalaia.logs.envelopes import (
    Envelope,
    Identity,
    Records,
    identity_of,
    inside,
    learn_envelope,
    read_envelopes,
    read_identities,
    unescaped_quotes,
)
from atalaia.logs.jsontext import parse_json
from atalaia.logs.payloadrows import CsvShape, JsonShape, PayloadRows
from atalaia.logs.payloads import text_payload
from atalaia.logs.records import RejectedError, Row, shortened
from atalaia.logs.regular import Lines, RegularRows
from atalaia.logs.sagemaker import PARTS, capture_record
from atalaia.logs.settings import Context
from atalaia.logs.skeletons import learn_skeleton
from atalaia.logs.spans import Mask, Places
from atalaia.rows import Side

_FIXED = frozenset(("encoding", "mode", "observedContentType", "eventVersion"))
_ID, _TIME = ("eventMetadata", "eventId"), ("eventMetadata", "inferenceTime")
_LABEL = ("groundTruthData", "data")


class CaptureShape(Struct, frozen=True):
    """Records of one envelope: which of its strings are the payloads, the id and the time, and what sides it has."""

    envelope: Envelope
    payloads: tuple[tuple[int, CsvShape | JsonShape], ...]
    identity: Identity
    sides: frozenset[Side]


class CaptureReader:
    """Reads regular lines of captures."""

    def __init__(self, context: Context) -> None:
        """Prepare for the logs of one monitor."""
        self._context = context

    def learn(self, line: bytes) -> CaptureShape | None:
        """Return the shape of a line, or None where such lines must be read one by one."""
        envelope = learn_envelope(line, _FIXED)
        if envelope is None:
            return None
        try:
            value = parse_json(line, self._context.limits.depth)
            record = capture_record(value, self._context)
            payloads = self._payloads(value, envelope)
        except RejectedError:
            return None
        identity = identity_of(envelope, value, _ID, _TIME)
        if not payloads or identity is None:
            return None
        return CaptureShape(envelope, tuple(payloads), identity, record.sides)

    def _payloads(self, value: Row, envelope: Envelope) -> list[tuple[int, CsvShape | JsonShape]] | None:
        paths = [((group, key, "data"), side) for group, key, side in PARTS] + [(_LABEL, Side.LABEL)]
        shapes = []
        for path, side in paths:
            part = inside(value, path[:-1])
            if part is None:
                continue
            shape = self._shape(part, side) if path in envelope.paths else None
            if shape is None:
                return None
            shapes.append((envelope.paths.index(path), shape))
        return shapes

    def _shape(self, part: Row, side: Side) -> CsvShape | JsonShape | None:
        data, encoding = part["data"], part.get("encoding")
        if encoding == "BASE64":
            return None
        csv = encoding == "CSV"
        if data[:1] in ("{", "["):
            skeleton = learn_skeleton(
                data.encode(), lambda text: text_payload(text.decode(), side, self._context, csv=csv).rows
            )
            sides = text_payload(data, side, self._context, csv=csv).sides
            return None if skeleton is None or sides != {side} else JsonShape(skeleton.within_string())
        cells = parse_cells(data)
        known = self._context.names.of(side)
        names = known or invented_names(len(cells[0]), side)
        if len(set(names)) < len(names) or any(shortened(name) != name for name in names):
            return None
        return CsvShape(names, None if known is None else frozenset(known), declared=csv)

    def read(self, lines: Lines, shape: CaptureShape) -> tuple[Places, list[RegularRows]]:
        """Return which of the lines have the shape, rising, and their rows."""
        quotes, good = unescaped_quotes(lines.codes, lines.starts, lines.ends)
        chosen = np.flatnonzero(good).astype(np.int32)
        records = Records(lines.codes, lines.starts[chosen], lines.ends[chosen], quotes)
        rows, begins, finishes = read_envelopes(records, shape.envelope)
        found = [payload.read(lines.marks, begins[:, place], finishes[:, place]) for place, payload in shape.payloads]
        others = [place for place in range(begins.shape[1]) if place not in dict(shape.payloads)]
        identities = read_identities(lines.codes, begins, finishes, others, shape.identity)
        kept = _kept(identities.plain, found)
        if not kept.any():
            return np.empty(0, np.int32), []
        if not kept.all():  # the type of a column follows from its values: none must be left out afterwards
            begins, finishes = begins[kept], finishes[kept]
            found = [payload.read(lines.marks, begins[:, at], finishes[:, at]) for at, payload in shape.payloads]
        taken = chosen[rows[kept]]
        columns: dict[str, pa.Array | CellColumn] = {}
        for part in found:
            columns.update(part.columns)
        times, ids = identities.of(kept)
        return taken, [RegularRows(lines.numbers[taken], found[0].counts, columns, shape.sides, times, ids)]


def _kept(whole: Mask, payloads: list[PayloadRows]) -> Mask:
    """Tell which records have all their payloads read, and as many rows in each."""
    counts = []
    for found in payloads:
        count = np.zeros(len(whole), np.int32)
        count[found.records] = found.counts
        counts.append(count)
    kept = whole & (counts[0] > 0)
    for count in counts[1:]:
        kept &= count == counts[0]
    return kept
