"""Payloads that are strings of records, CSV or JSON text, to columns at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from atalaia.logs.cellcolumns import CellColumn, cell_columns
from atalaia.logs.csvtext import is_number
from atalaia.logs.jsonrows import JsonBlock, read_json_rows
from atalaia.logs.skeletons import Skeleton
from atalaia.logs.spans import (
    Codes,
    Marks,
    Mask,
    Places,
    at,
    codes_of,
    count_of,
    counts_between,
    cut,
    cut_columns,
    data_of,
    edges_of,
    positions_below,
    positions_of,
)

_END, _NEWLINE, _SPACE, _COMMA, _BACKSLASH, _BEYOND_ASCII = 0, 10, ord(" "), ord(","), ord("\\"), 128
_LIKE_NUMBER = np.isin(np.arange(256), list(b"+-.0123456789"))
_LIKE_JSON = np.frombuffer(b'{["', np.uint8)


@dataclass(frozen=True, slots=True)
class PayloadRows:
    """What was read of the payloads of some records.

    Attributes:
        records: Which records were read, rising.
        counts: How many rows each of them has.
        columns: The rows of all of them.
    """

    records: Places
    counts: Places
    columns: Mapping[str, pa.Array | CellColumn]


@dataclass(frozen=True, slots=True)
class CsvShape:
    """CSV payloads: the names of their columns; those of the monitor, by which a header is known, if there are any."""

    names: tuple[str, ...]
    known: frozenset[str] | None
    declared: bool

    def read(self, marks: Marks, begins: Places, finishes: Places) -> PayloadRows:
        """Read the payloads that are rows of as many cells as there are names, without quotes and without a header."""
        codes, starts, ends = _texts_with_ends(marks.codes, begins, finishes)
        good = self._are_csv(codes, starts, ends)
        record, row_starts, row_ends, good = _rows_of(codes, starts, ends, good)
        width = len(self.names) - 1
        commas = positions_of(codes, _COMMA)
        first, counts = _counted(commas, row_starts, row_ends, width)
        good = _without(good, record[counts != width])
        heads, stops = _cells(row_starts, row_ends, commas, first, width, good[record])
        bare = self._without_headers(codes, heads, stops, record[good[record]], good)
        if bare is not good:
            good = bare
            heads, stops = _cells(row_starts, row_ends, commas, first, width, good[record])
        counts = np.bincount(record[good[record]], minlength=len(good)).astype(np.int32)
        columns = cell_columns(codes, heads, stops, self.names)
        return PayloadRows(np.flatnonzero(good).astype(np.int32), counts[good], columns)

    def _are_csv(self, codes: Codes, starts: Places, ends: Places) -> Mask:
        first = at(codes, starts)
        good: Mask = (first > _SPACE) & (first < _BEYOND_ASCII) & ~np.isin(first, _LIKE_JSON) & (starts < ends)
        if not self.declared:
            good &= first != ord("n")  # null is not CSV unless it is said to be
        if count_of(codes, _BACKSLASH):
            good &= counts_between(positions_of(codes, _BACKSLASH), starts, ends)[1] == 0
        return good

    def _without_headers(self, codes: Codes, heads: Places, stops: Places, record: Places, good: Mask) -> Mask:
        """Leave out the records whose first row may be names."""
        first = np.flatnonzero(np.concatenate((np.ones(len(record[:1]), dtype=bool), record[1:] != record[:-1])))
        if self.known is None:
            if len(first) == len(record):
                return good  # a single row is never taken for names
            doubtful = np.arange(len(first))
        else:
            begin = at(codes, heads[first])
            words = ~_LIKE_NUMBER[begin] & (heads[first] < stops[first])
            plain = not any(_LIKE_NUMBER[(name.strip() or "0").encode()[0]] for name in self.known)
            doubtful = np.arange(len(first))
            if plain:
                doubtful = np.flatnonzero(2 * np.count_nonzero(words, axis=1) >= len(self.names))
        if not len(doubtful):
            return good
        columns = cut_columns(codes, heads[first[doubtful]], stops[first[doubtful]])
        cells = zip(*(texts.to_pylist() for texts in columns), strict=True)
        names = [row for row, texts in zip(doubtful.tolist(), cells, strict=True) if self._may_be_names(texts)]
        return _without(good, record[first[names]]) if names else good

    def _may_be_names(self, cells: Sequence[str]) -> bool:
        if self.known is None:
            return not any(not cell.strip() or is_number(cell) for cell in cells)
        return 2 * sum(cell.strip() in self.known for cell in cells) >= len(cells)


@dataclass(frozen=True, slots=True)
class JsonShape:
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
        data = codes_of(data.tobytes().replace(rb"\r\n", b"\n").replace(rb"\n", b"\n"))
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


def _cells(
    starts: Places, ends: Places, commas: Places, first: Places, width: int, rows: Mask
) -> tuple[Places, Places]:
    """Return where the cells of some rows begin and end; shape (rows, width + 1)."""
    heads, stops = np.empty((2, np.count_nonzero(rows), width + 1), np.int32)
    heads[:, 0], stops[:, -1] = starts[rows], ends[rows]
    if width:
        stops[:, :-1] = commas[first[rows][:, None] + np.arange(width, dtype=np.int32)]
        heads[:, 1:] = stops[:, :-1] + 1
    return heads, stops


def _without(good: Mask, records: Places) -> Mask:
    good = good.copy()
    good[records] = False
    return good


def _counted(commas: Places, starts: Places, ends: Places, width: int) -> tuple[Places, Places]:
    """Return the number of the first comma of each row, and how many commas it holds."""
    if width and len(commas) == width * len(starts):
        table = commas.reshape(len(starts), width)
        if ((table[:, 0] >= starts) & (table[:, -1] < ends)).all():
            return np.arange(len(starts), dtype=np.int32) * width, np.full(len(starts), width, np.int32)
    return counts_between(commas, starts, ends)
