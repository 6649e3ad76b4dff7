"""The pages of a Parquet file, looked at before they are decompressed: a footer can promise less than they hold.

A page begins with its header, a Thrift struct in the compact protocol: its type, its size decompressed, its size as it
stands in the file, and more that is skipped here.
"""

from __future__ import annotations

from msgspec import Struct

from atalaia.logs.heldfile import Seekable
from atalaia.logs.records import RejectedError

_LOOK, _LONGEST_HEADER = 1 << 12, 1 << 20
_FIXED = {1: 0, 2: 0, 3: 1, 7: 8}  # bytes of booleans (in the field's own header), a byte, and a double
_INTEGERS = (4, 5, 6)
_BINARY, _LISTS, _STRUCT = 8, (9, 10), 12
_DEEPEST = 16
_LONG_LIST = 15
_WIDEST = 63  # bits
_EXPANDED, _STORED = 2, 3  # fields of a page's header
_KINDS = 5, 8  # fields that describe pages of values; their own first field is how many there are


class Pages(Struct, frozen=True):
    """What a column's pages hold.

    Attributes:
        first: The decompressed bytes of the first page: of the dictionary, where there is one.
        largest: Those of the largest page.
        values: The values of all pages, as their headers tell.
    """

    first: int
    largest: int
    values: int


def check_pages(source: Seekable, start: int, end: int, most: int) -> Pages:
    """Accept a column's pages, from byte *start* to *end* of a file, if none is over *most* bytes decompressed.

    Raises:
        RejectedError: `too_large`, or `damaged` where there are no pages.
    """
    first, largest, total = None, 0, 0
    while start < end:
        length, expanded, stored, values = _page(source, start)
        first = expanded if first is None else first
        largest, total = max(largest, expanded), total + values
        if max(expanded, stored) > most:
            raise RejectedError(reason="too_large")
        if stored < 0 or expanded < 0:
            raise RejectedError(reason="damaged")
        start += length + stored
    return Pages(first or 0, largest, total)


def _page(source: Seekable, start: int) -> tuple[int, int, int, int]:
    """Return a page header's length, the page's size decompressed and as it is stored, and how many values it holds."""
    for size in (_LOOK, _LONGEST_HEADER):
        source.seek(start)
        try:
            fields, length = _struct(source.read(size), 0, 0)
        except IndexError:
            continue
        if _EXPANDED in fields and _STORED in fields:
            return length, fields[_EXPANDED], fields[_STORED], sum(fields.get(kind, 0) for kind in _KINDS)
        break
    raise RejectedError(reason="damaged")


def _struct(data: bytes, at: int, depth: int) -> tuple[dict[int, int], int]:
    """Return the integers of the struct that begins *at* a place by the numbers of their fields, and where it ends.

    A struct inside stands for its own first integer. What is needed beyond the end of *data* is an `IndexError`.
    """
    if depth > _DEEPEST:
        raise RejectedError(reason="damaged")
    fields: dict[int, int] = {}
    number = 0
    while head := data[at]:
        at += 1
        if head >> 4:
            number += head >> 4
        else:
            number, at = _integer(data, at)
        kind = head & 15
        if kind in _INTEGERS:
            fields[number], at = _integer(data, at)
        elif kind == _STRUCT:
            inner, at = _struct(data, at, depth + 1)
            if 1 in inner:
                fields[number] = inner[1]
        else:
            at = _behind(data, at, kind, depth)
    return fields, at + 1


def _behind(data: bytes, at: int, kind: int, depth: int) -> int:
    """Return where a value ends that begins *at* a place."""
    if kind in _FIXED:
        return at + _FIXED[kind]
    if kind in _INTEGERS:
        return _unsigned(data, at)[1]
    if kind == _BINARY:
        length, at = _unsigned(data, at)
        return at + length
    if kind == _STRUCT:
        return _struct(data, at, depth + 1)[1]
    if kind in _LISTS:
        return _behind_list(data, at, depth)
    raise RejectedError(reason="damaged")


def _behind_list(data: bytes, at: int, depth: int) -> int:
    head = data[at]
    size, at = _unsigned(data, at + 1) if head >> 4 == _LONG_LIST else (head >> 4, at + 1)
    if head & 15 in (1, 2):  # a boolean is a byte of its own here
        return at + size
    for _ in range(min(size, len(data) + 1)):
        at = _behind(data, at, head & 15, depth + 1)
    return at


def _integer(data: bytes, at: int) -> tuple[int, int]:
    value, at = _unsigned(data, at)
    return (value >> 1) ^ -(value & 1), at


def _unsigned(data: bytes, at: int) -> tuple[int, int]:
    """Return the integer that begins *at* a place, seven bits in a byte, and where it ends."""
    value = shift = 0
    while (byte := data[at]) & 128 and shift < _WIDEST:
        value |= (byte & 127) << shift
        shift += 7
        at += 1
    return value | byte << shift, at + 1
