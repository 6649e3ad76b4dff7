"""Payloads that are strings of records, CSV or JSON text, to columns at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from msgspec import Struct, field

from atalaia import compute as pc
from atalaia.logs.cellcolumns import CellColumn, CellTable, Kinds
from atalaia.logs.csvtext import is_number
from atalaia.logs.jsonrows import JsonBlock, read_json_rows
from atalaia.logs.skeletons import Skeleton
from atalaia.logs.spans import (
    Codes,
    Marks,
    Mask,
    Places,
    UnprovenError,
    at,
    codes_of,
    count_of,
    counts_between,
    cut,
    data_of,
    edges_of,
    positions_below,
    positions_of,
)

_END, _NEWLINE, _SPACE, _BACKSLASH, _BEYOND_ASCII = 0, 10, ord(" "), ord("\\"), 128
_LIKE_NUMBER = np.isin(np.arange(256), list(b"+-.0123456789"))
_TRIES = 4
_LIKE_JSON = np.frombuffer(b'{["', np.uint8)


class PayloadRows(Struct, frozen=True):
    """What was read of the payloads of some records.

    Attributes:
        records: Which records were read, rising.
        counts: How many rows each of them has.
        columns: The rows of all of them.
    """

    records: Places
    counts: Places
    columns: Mapping[str, pa.Array | CellColumn]


class CsvShape(Struct, frozen=True):
    """CSV payloads.

    Attributes:
        names: Of their columns.
        known: Those of the monitor, by which a header is known, if there are any.
        declared: Whether the envelope calls them CSV.
        kinds: What the columns were read as so far.
    """

    names: tuple[str, ...]
    known: frozenset[str] | None
    declared: bool
    kinds: Kinds = field(default_factory=dict)

    def read(self, marks: Marks, begins: Places, finishes: Places) -> PayloadRows:
        """Read the payloads that are rows of as many cells as there are names, without quotes and without a header.

        Raises:
            UnprovenError: Whatever is left out, there is more to leave out.
        """
        codes, starts, ends = _texts_with_ends(marks.codes, begins, finishes)
        good = self._are_csv(codes, starts, ends)
        record, row_starts, row_ends, good = _rows_of(codes, starts, ends, good)
        codes[row_ends] = _NEWLINE
        for _ in range(_TRIES):
            rows = good[record]
            if not rows.any():
                return PayloadRows(np.empty(0, np.int32), np.empty(0, np.int32), {})
            table = CellTable(_put_together(codes, row_starts[rows], row_ends[rows] + 1), self.names, self.kinds)
            refused = table.wrong or self._headers(table, record[rows])
            if not len(refused):
                counts = np.bincount(record[rows], minlength=len(good)).astype(np.int32)
                return PayloadRows(np.flatnonzero(good).astype(np.int32), counts[good], table.columns())
            good = _without(good, record[rows][refused])
        raise UnprovenError

    def _are_csv(self, codes: Codes, starts: Places, ends: Places) -> Mask:
        first = at(codes, starts)
        good: Mask = (first > _SPACE) & (first < _BEYOND_ASCII) & ~np.isin(first, _LIKE_JSON) & (starts < ends)
        if not self.declared:
            good &= first != ord("n")  # null is not CSV unless it is said to be
        if count_of(codes, _BACKSLASH):
            good &= counts_between(positions_of(codes, _BACKSLASH), starts, ends)[1] == 0
        return good

    def _headers(self, table: CellTable, record: Places) -> Places:
        """Return the first rows of records that may be names."""
        firsts = np.flatnonzero(np.append(True, record[1:] != record[:-1])).astype(np.int32)
        columns = list(table.columns().values())
        texts = [column for column in columns if column.numbers is None]
        if self.known is None:
            if len(firsts) == len(record) or len(texts) < len(columns):
                return firsts[:0]  # neither a single row nor one with a number is ever taken for names
        elif not any(_LIKE_NUMBER[(name.strip() or "0").encode()[0]] for name in self.known):
            columns = texts  # what is a number is no name
            if 2 * len(texts) < len(self.names):
                return firsts[:0]
        cells = [pc.take(column.texts(), pa.array(firsts)) for column in columns]
        if self.known is None:
            rows = zip(*(texts.to_pylist() for texts in cells), strict=True)
            return firsts[[not any(not cell or not cell.strip() or is_number(cell) for cell in row) for row in rows]]
        names = pa.array([name.strip() for name in self.known])
        found = np.zeros(len(firsts), np.int32)
        for texts in cells:
            found += pc.is_in(pc.utf8_trim_whitespace(pc.fill_null(texts, "")), names).to_numpy(zero_copy_only=False)
        return firsts[2 * found >= len(self.names)]


class JsonShape(Struct, frozen=True):
    """JSON payloads of one row each that share a skeleton."""

    skeleton: Skeleton

    def read(self, marks: Marks, begins: Places, finishes: Places) -> PayloadRows:
        """Read the payloads that have the skeleton, where they stand."""
        rows, columns = read_json_rows(JsonBlock(marks, begins, finishes), self.skeleton)
        return PayloadRows(rows, np.ones(len(rows), np.int32), columns)


def _texts_with_ends(codes: Codes, begins: Places, finishes: Places) -> tuple[Codes, Places, Places]:
    """Copy strings out of a block, each followed by a zero byte, with line ends in place of their escapes."""
    texts = cut(codes, begins, finishes + 1)
    ends = edges_of(texts)[1:] - 1
    data = data_of(texts)[: int(ends[-1]) + 1 if len(ends) else 0].copy()
    data[ends] = _END
    if count_of(data, _BACKSLASH):
        data = codes_of(bytearray(data.tobytes().replace(rb"\r\n", b"\n").replace(rb"\n", b"\n")))
        ends = positions_of(data, _END)
    starts = np.concatenate((np.zeros(1, np.int32), ends[:-1] + np.int32(1)))[: len(ends)]
    return data, starts.astype(np.int32), ends.astype(np.int32)


def _rows_of(codes: Codes, starts: Places, ends: Places, good: Mask) -> tuple[Places, Places, Places, Mask]:
    """Cut texts at their line ends; one at a text's end begins no row.

    Returns:
        The record, the beginning and the end of each row, and which records are still good: those with a blank line
        are not.
    """
    stops = positions_below(codes, _SPACE)
    if len(stops) == len(ends):
        return np.arange(len(ends), dtype=np.int32), starts, ends, good
    heads = np.concatenate((np.zeros(1, np.int32), stops[:-1] + np.int32(1)))
    last = codes[stops] == _END
    record = np.cumsum(last, dtype=np.int32) - last
    keep = (heads < stops) | ~last
    record, heads, stops = record[keep], heads[keep], stops[keep]
    return record, heads, stops, _without(good, record[heads >= stops])


def _put_together(codes: Codes, starts: Places, ends: Places) -> Codes:
    """Return stretches of the block one after the other; they do not overlap."""
    if int((ends - starts).sum()) == len(codes):
        return codes
    texts = cut(codes, starts, ends)
    return data_of(texts)[: edges_of(texts)[-1]]


def _without(good: Mask, records: Places) -> Mask:
    good = good.copy()
    good[records] = False
    return good
