"""The pages of a Parquet file, looked at before they are decompressed: a footer can promise less than they hold.

A page begins with its header, a Thrift struct in the compact protocol: its type, its size decompressed, its size as it
stands in the file, and more that is skipped here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from atalaia.logs.records import RejectedError

_LOOK, _LONGEST_HEADER = 1 << 12, 1 << 20
_FIXED = {1: 0, 2: 0, 3: 1, 7: 8}  # bytes of booleans (in the field's own header), a byte, and a double
_INTEGERS = (4, 5, 6)
_BINARY, _LISTS, _STRUCT = 8, (9, 10), 12
_DEEPEST = 16
_EXPANDED, _STORED = 2, 3  # fields of a page's header
_KINDS = 5, 8  # fields that describe pages of values; their own first field is how many there are


@dataclass(frozen=True, slots=True)
class Pages:
    """What a column's pages hold.

    Attributes:
        first: The decompressed bytes of the first page: of the dictionary, where there is one.
        values: The values of all pages, as their headers tell.
    """

    first: int
    values: int


def check_pages(source: BinaryIO, start: int, end: int, most: int) -> Pages:
    """Accept a column's pages, from byte *start* to *end* of a file, if none is over *most* bytes decompressed.

    Raises:
        RejectedError: `too_large`, or `damaged` where there are no pages.
    """
    first, total = None, 0
    while start < end:
        length, expanded, stored, values = _page(source, start)
        first = expanded if first is None else first
        total += values
        if max(expanded, stored) > most:
            raise RejectedError(reason="too_large")
        if stored < 0 or expanded < 0:
            raise RejectedError(reason="damaged")
        start += length + stored
    return Pages(first or 0, total)


def _page(source: BinaryIO, start: int) -> tuple[int, int, int, int]:
    """Return a page header's length, the page's size decompressed and as it is stored, and how many values it holds."""
    for size in (_LOOK, _LONGEST_HEADER):
        source.seek(start)
        header = _Header(source.read(size))
        try:
            fields = header.struct(0)
        except IndexError:
            continue
        if _EXPANDED in fields and _STORED in fields:
            return header.at, fields[_EXPANDED], fields[_STORED], sum(fields.get(kind, 0) for kind in _KINDS)
        break
    raise RejectedError(reason="damaged")


@dataclass(slots=True)
class _Header:
    """Reads a struct; what it needs beyond the end of *data* is an `IndexError`."""

    data: bytes
    at: int = 0

    def struct(self, depth: int) -> dict[int, int]:
        """Return the integers of a struct by the numbers of their fields, and go behind it.

        A struct inside stands for its own first integer.
        """
        if depth > _DEEPEST:
            raise RejectedError(reason="damaged")
        fields: dict[int, int] = {}
        number = 0
        while kind := self._byte():
            number = number + (kind >> 4) if kind >> 4 else self._integer()
            value = self._value(kind & 15, depth)
            if value is not None:
                fields[number] = value
        return fields

    def _value(self, kind: int, depth: int) -> int | None:
        if kind in _INTEGERS:
            return self._integer()
        if kind in _FIXED:
            self.at += _FIXED[kind]
        elif kind == _BINARY:
            length = self._unsigned()
            self.at += length
        elif kind in _LISTS:
            self._list(depth)
        elif kind == _STRUCT:
            return self.struct(depth + 1).get(1)
        else:
            raise RejectedError(reason="damaged")
        return None

    def _list(self, depth: int) -> None:
        head = self._byte()
        size = self._unsigned() if head >> 4 == 15 else head >> 4
        if head & 15 in (1, 2):  # a boolean is a byte of its own here
            self.at += size
            return
        for _ in range(min(size, len(self.data) + 1)):
            self._value(head & 15, depth + 1)

    def _integer(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)

    def _unsigned(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 128 and shift < 63:
            value |= (byte & 127) << shift
            shift += 7
        return value | byte << shift

    def _byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]
