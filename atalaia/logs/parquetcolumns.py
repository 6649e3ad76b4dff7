"""A Parquet row group as columns that are read when they are asked for, one at a time: the least memory, and quickest.

A row group is read so if it is a plain table and neither small nor very large; all others are read in batches of rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from atalaia.errors import DamagedColumnError
from atalaia.logs.foreign import native
from atalaia.logs.heldfile import HeldFile
from atalaia.logs.parquetpages import check_pages
from atalaia.logs.records import RejectedError
from atalaia.logs.settings import ReadLimits
from atalaia.rows import Slices

_FEWEST_ROWS, _MOST_ROWS = 1 << 14, 1 << 21
_MOST_BYTES = 64 << 20  # of one column, decoded
_NEIGHBOUR_BYTES = 4 << 20  # of columns side by side in a large row group
_SLICED_BYTES, _LEAST_AHEAD = 16 << 20, 1 << 16
_DICTIONARY_BYTES = 8  # a text takes fewer in a column that stands for texts by their places in a dictionary
_MILD, _MILD_RATIO = ("UNCOMPRESSED", "SNAPPY"), 24  # 64 bytes are three or more in Snappy: no page grows beyond this
_BROKEN = (pa.ArrowException, OSError, ValueError)
SHARING = "DELTA_BYTE_ARRAY"
"""An encoding in which texts share their beginnings."""


class GroupColumns(Mapping[str, pa.Array]):
    """The columns of one row group by name; each is read anew whenever it is asked for, and not kept."""

    def __init__(self, table: parquet.ParquetFile, source: HeldFile, group: int, limits: ReadLimits) -> None:
        """Read row group *group* of *table*, which keeps texts as dictionaries and was opened on *source*."""
        self._table = table
        self._source = source
        self._group = group
        self._limits = limits

    @cached_property
    def _plain(self) -> parquet.ParquetFile:
        """The same file, texts kept as they are."""
        return parquet.ParquetFile(self._source, metadata=self._table.metadata, pre_buffer=False)

    @cached_property
    def _names(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self._table.schema_arrow.names)}

    @cached_property
    def _kept_once(self) -> set[str]:
        return kept_once(self._table)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __getitem__(self, name: str) -> pa.Array:
        """Read a column.

        Raises:
            DamagedColumnError: It cannot be decoded.
        """
        place = self._names[name]
        try:
            self._hold(place)
            table = self._plain if self._is_better_plain(name, place) else self._table
            column = table.read_row_group(self._group, columns=[name], use_threads=False).column(0)
            if pa.types.is_dictionary(column.type):
                column = column.unify_dictionaries()
            array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
            self._check(array)
        except (RejectedError, *_BROKEN) as error:
            msg = f"column {name} cannot be decoded"
            raise DamagedColumnError(msg) from error
        return native(array)

    def _check(self, array: pa.Array) -> None:
        """Accept a column that has as many rows as the file says, and no place beyond its dictionary.

        Raises:
            RejectedError: `damaged`.
        """
        told: int = self._table.metadata.row_group(self._group).num_rows
        if len(array) != told:
            raise RejectedError(reason="damaged")
        if pa.types.is_dictionary(array.type) and (pc.max(array.indices).as_py() or 0) >= max(len(array.dictionary), 1):
            raise RejectedError(reason="damaged")

    def slices(self, names: Sequence[str], rows: int) -> Slices:
        """Read columns together, *rows* at a time at most; their pages were looked at when each was read by itself.

        Raises:
            DamagedColumnError: They cannot be decoded.
        """
        self._source.hold(0, 0)
        ahead = max(_SLICED_BYTES // len(names), _LEAST_AHEAD)
        start = 0
        try:
            options = {"metadata": self._table.metadata, "pre_buffer": False, "buffer_size": ahead}
            table = parquet.ParquetFile(self._source.unbuffered(), **options)
            for batch in table.iter_batches(rows, row_groups=[self._group], columns=list(names), use_threads=False):
                columns = dict(zip(batch.schema.names, map(native, batch.columns), strict=True))
                yield slice(start, start + batch.num_rows), columns
                start += batch.num_rows
        except (RejectedError, *_BROKEN) as error:
            msg = f"columns {', '.join(names)} cannot be decoded"
            raise DamagedColumnError(msg) from error

    def _hold(self, place: int) -> None:
        """Fetch a column's pages at once, and look at their sizes before they are decompressed.

        Raises:
            RejectedError: They hold more than may be taken in.
        """
        chunk = self._table.metadata.row_group(self._group).column(place)
        start, end = _stretch(chunk)
        self._source.hold(*self._pieces[place])
        if chunk.compression not in _MILD or _MILD_RATIO * (end - start) > self._limits.line_bytes:
            check_pages(self._source, start, end, self._limits.line_bytes)

    @cached_property
    def _pieces(self) -> dict[int, tuple[int, int]]:
        """For each column, the bytes fetched at once: all of a row group that is small, else some neighbours."""
        group = self._table.metadata.row_group(self._group)
        stretches = sorted((*_stretch(group.column(place)), place) for place in range(group.num_columns))
        size = max(end for _, end, _ in stretches) - stretches[0][0]
        most = size if size <= _MOST_BYTES else _NEIGHBOUR_BYTES
        firsts: dict[int, int] = {}
        ends: dict[int, int] = {}
        first = stretches[0][0]
        for start, end, place in stretches:
            first = start if end - first > most else first
            firsts[place] = first
            ends[first] = max(ends.get(first, end), end)
        return {place: (first, ends[first]) for place, first in firsts.items()}

    def _is_better_plain(self, name: str, place: int) -> bool:
        """Tell whether a column of texts holds few of them twice, and its dictionary no long ones."""
        chunk = self._table.metadata.row_group(self._group).column(place)
        if chunk.physical_type != "BYTE_ARRAY" or chunk.total_uncompressed_size <= _DICTIONARY_BYTES * chunk.num_values:
            return False
        if name not in self._kept_once:
            return True
        batches = self._table.iter_batches(1, row_groups=[self._group], columns=[name], use_threads=False)
        first = next(batches, None)
        if first is None:
            raise RejectedError(reason="damaged")
        longest = pc.max(pc.binary_length(first.column(0).dictionary)).as_py() or 0
        return bool(chunk.num_values * longest <= _MOST_BYTES)


def _stretch(chunk: Any) -> tuple[int, int]:
    """Return where a column's pages begin and end in the file."""
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    return start, start + chunk.total_compressed_size


def kept_once(table: parquet.ParquetFile) -> set[str]:
    """Return the columns that are read as dictionaries: a text that many rows share is one text."""
    return {field.name for field in table.schema_arrow if pa.types.is_dictionary(field.type)}


def repeats_texts(chunk: Any, once: Collection[str]) -> bool:
    """Tell whether reading a column's pages may repeat a text that they hold once; columns kept *once* do not."""
    shared = chunk.dictionary_page_offset is not None or SHARING in chunk.encodings
    return shared and chunk.physical_type == "BYTE_ARRAY" and chunk.path_in_schema not in once


def is_columnwise(table: parquet.ParquetFile, group: Any) -> bool:
    """Tell whether a row group is to be read column by column."""
    if not _FEWEST_ROWS <= group.num_rows <= _MOST_ROWS:
        return False
    names = table.schema_arrow.names
    if len(set(names)) < len(names) or not all(_is_simple(field.type) for field in table.schema_arrow):
        return False
    once, chunks = kept_once(table), [group.column(place) for place in range(group.num_columns)]
    bearable = all(max(chunk.total_uncompressed_size, chunk.total_compressed_size) <= _MOST_BYTES for chunk in chunks)
    return bearable and not any(repeats_texts(chunk, once) for chunk in chunks)


def _is_simple(kind: pa.DataType) -> bool:
    """Tell whether a column can be handed on as it is."""
    t = pa.types
    if t.is_dictionary(kind):
        return bool(t.is_string(kind.value_type))
    plain = t.is_integer(kind) or t.is_float32(kind) or t.is_float64(kind) or t.is_boolean(kind)
    return bool(plain or t.is_string(kind) or t.is_timestamp(kind) or t.is_date(kind))
