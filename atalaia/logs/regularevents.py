"""Regular lines of Azure ML's data collector: events whose data are an array of rows."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from atalaia.logs.azureml import collected_record
from atalaia.logs.bodies import body
from atalaia.logs.envelopes import (
    Envelope,
    Identity,
    Records,
    identity_of,
    learn_envelope,
    read_envelopes,
    read_identities,
    unescaped_quotes,
)
from atalaia.logs.jsonrows import JsonBlock, read_json_rows
from atalaia.logs.jsontext import parse_json
from atalaia.logs.payloadrows import PayloadRows
from atalaia.logs.records import RejectedError
from atalaia.logs.regular import Lines, RegularRows
from atalaia.logs.settings import Context
from atalaia.logs.skeletons import Skeleton, learn_skeleton
from atalaia.logs.spans import (
    Codes,
    Marks,
    Mask,
    Places,
    counts_between,
    cut,
    data_of,
    edges_of,
    equal_stretches,
)
from atalaia.rows import Side

_FIXED = frozenset(("type", "specversion", "datainblob", "datacontenttype"))
_ID, _TIME = ("id",), ("time",)
_OPEN, _CLOSE, _BEGIN, _END, _BACKSLASH = ord("["), ord("]"), ord("{"), ord("}"), ord("\\")


class EventShape(Struct, frozen=True):
    """Events of one envelope around rows of one skeleton.

    Attributes:
        envelope: Of the events without what stands between the brackets of their data.
        identity: Which of its strings are the id and the time.
        skeleton: Of the rows.
        lead: What stands before the first row.
        gap: What stands between two rows.
        sides: What the rows carry.
    """

    envelope: Envelope
    identity: Identity
    skeleton: Skeleton
    lead: bytes
    gap: bytes
    sides: frozenset[Side]


class EventReader:
    """Reads regular lines of the collector."""

    def __init__(self, context: Context) -> None:
        """Prepare for the logs of one monitor."""
        self._context = context

    def learn(self, line: bytes) -> EventShape | None:
        """Return the shape of a line, or None where such lines must be read one by one."""
        head, opened, rest = line.partition(b"[")
        data, closed, tail = rest.partition(b"]")
        rows = data.count(b"{")
        if not closed or b"[" in rest or b"]" in tail or not rows or rows != data.count(b"}"):
            return None
        try:
            value = parse_json(line, self._context.limits.depth)
            record = collected_record(value, self._context)
            if not isinstance(value.get("data"), list) or len(record.rows) != rows:
                return None
            side = next(iter(record.sides)) if len(record.sides) == 1 else None
            lead, first, gap = _first_row(data)
            skeleton = learn_skeleton(first, lambda text: body([self._parsed(text)], side, self._context).rows)
        except RejectedError:
            return None
        envelope = learn_envelope(head + opened + closed + tail, _FIXED)
        identity = None if envelope is None else identity_of(envelope, value, _ID, _TIME)
        if envelope is None or identity is None or skeleton is None:
            return None
        return EventShape(envelope, identity, skeleton, lead, gap, record.sides)

    def _parsed(self, text: bytes) -> object:
        return parse_json(text, self._context.limits.depth)

    def read(self, lines: Lines, shape: EventShape) -> tuple[Places, list[RegularRows]]:
        """Return which of the lines have the shape, rising, and their rows."""
        chosen, opens, closes = _brackets(lines)
        some = lines.only(chosen)
        codes, starts, ends = _heads(some, opens, closes)
        quotes, good = unescaped_quotes(codes, starts, ends)
        chosen, opens, closes = chosen[good], opens[good], closes[good]
        records = Records(codes, starts[good], ends[good], quotes)
        rows, begins, finishes = read_envelopes(records, shape.envelope)
        chosen, opens, closes = chosen[rows], opens[rows], closes[rows]
        others = list(range(begins.shape[1]))
        identities = read_identities(codes, begins, finishes, others, shape.identity)
        found = _read_arrays(lines.codes, opens, closes, shape)
        kept = np.zeros(len(chosen), dtype=bool)
        kept[found.records] = True
        kept &= identities.plain
        if not kept.any():
            return np.empty(0, np.int32), []
        if not kept.all():  # the type of a column follows from its values: none must be left out afterwards
            found = _read_arrays(lines.codes, opens[kept], closes[kept], shape)
        times, ids = identities.of(kept)
        numbers = lines.numbers[chosen[kept]]
        return chosen[kept], [RegularRows(numbers, found.counts, found.columns, shape.sides, times, ids)]


def _first_row(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Return what stands before the first row of an array, that row, and what stands between it and the next."""
    lead, _, _ = data.partition(b"{")
    row, _, rest = data[len(lead) :].partition(b"}")
    gap = rest.partition(b"{")[0] if b"{" in rest else b","
    return lead, row + b"}", gap


def _brackets(lines: Lines) -> tuple[Places, Places, Places]:
    """Return the lines with one pair of brackets, and where these stand."""
    opens, closes = lines.marks.of(_OPEN), lines.marks.of(_CLOSE)
    first_open, open_counts = counts_between(opens, lines.starts, lines.ends)
    first_close, close_counts = counts_between(closes, lines.starts, lines.ends)
    rows = np.flatnonzero((open_counts == 1) & (close_counts == 1)).astype(np.int32)
    opened, closed = opens[first_open[rows]], closes[first_close[rows]]
    ordered = opened < closed
    return rows[ordered], opened[ordered], closed[ordered]


def _heads(lines: Lines, opens: Places, closes: Places) -> tuple[Codes, Places, Places]:
    """Copy events without what stands between their brackets."""
    starts = np.column_stack((lines.starts, closes)).ravel()
    ends = np.column_stack((opens + 1, lines.ends + 1)).ravel()
    texts = cut(lines.codes, starts, ends)
    edges = edges_of(texts)[::2]
    return data_of(texts), edges[:-1], edges[1:] - 1


def _read_arrays(codes: Codes, opens: Places, closes: Places, shape: EventShape) -> PayloadRows:
    """Read what stands between the brackets of each event; the columns are right if every event was read."""
    texts = cut(codes, opens + 1, closes + 1)
    edges = edges_of(texts)
    starts, ends = edges[:-1], edges[1:] - 1
    codes = data_of(texts)[: edges[-1]]
    marks = Marks(codes)
    begins, finishes = marks.of(_BEGIN), marks.of(_END)
    first, counts = counts_between(begins, starts, ends)
    first_end, end_counts = counts_between(finishes, starts, ends)
    good = (counts == end_counts) & (counts > 0)
    good &= counts_between(marks.of(_BACKSLASH), starts, ends)[1] == 0
    record = np.repeat(np.flatnonzero(good), counts[good]).astype(np.int32)
    within = np.arange(len(record)) - np.repeat(np.cumsum(counts[good]) - counts[good], counts[good])
    row_starts = begins[first[record] + within]
    row_ends = finishes[first_end[record] + within] + 1
    wrong = ~_are_parted(codes, np.column_stack((starts[record], ends[record])), row_starts, row_ends, shape)
    good[record[wrong]] = False
    rows = good[record]
    record = record[rows]
    taken, columns = read_json_rows(JsonBlock(marks, row_starts[rows], row_ends[rows]), shape.skeleton)
    read = np.bincount(record[taken], minlength=len(good))
    whole = good & (read == counts)
    return PayloadRows(np.flatnonzero(whole).astype(np.int32), counts[whole], columns)


def _are_parted(codes: Codes, arrays: Places, starts: Places, ends: Places, shape: EventShape) -> Mask:
    """Tell which rows end after they begin, and are parted from their neighbours as the shape says.

    Args:
        codes: The arrays' bytes.
        arrays: Where the array of each row begins and ends; shape (rows, 2).
        starts: Where each row begins.
        ends: Where each ends.
        shape: What stands between them.
    """
    same = np.zeros(len(starts), dtype=bool)
    same[1:] = arrays[1:, 0] == arrays[:-1, 0]
    before = np.where(same, np.concatenate((starts[:1], ends[:-1])), arrays[:, 0]).astype(np.int32)
    good = starts < ends
    last = np.ones(len(starts), dtype=bool)
    last[:-1] = ~same[1:]
    good &= ~last | (ends == arrays[:, 1])
    for chosen, constant in ((same, shape.gap), (~same, shape.lead)):
        rows = np.flatnonzero(chosen & (starts - before == len(constant)))
        fits = np.zeros(len(starts), dtype=bool)
        fits[rows] = equal_stretches(codes, before[rows, None], (constant,))
        good &= ~chosen | fits
    return good
