"""Rows of JSON that share a skeleton, to columns at once: what msgspec would make of each, proven for all of them."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from msgspec import Struct

from atalaia import compute as pc
from atalaia.logs.arrays import array_of, with_nulls
from atalaia.logs.numbers import column_of, numbers_at
from atalaia.logs.scalars import FALSE, NULL, NUMBER, STRING, TRUE, Classes, classified
from atalaia.logs.skeletons import Skeleton
from atalaia.logs.spans import (
    Codes,
    Marks,
    Mask,
    Places,
    UnprovenError,
    by_columns,
    counts_between,
    cut,
    cut_columns,
    data_of,
    edges_of,
    equal_stretches,
    positions_of,
)

_Floats = npt.NDArray[np.float64]

_QUOTE, _BACKSLASH = ord('"'), ord("\\")
_POINT, _EXPONENTS = ord("."), (ord("e"), ord("E"))
_DIGIT = np.isin(np.arange(256), list(b"0123456789"))
_ESCAPED, _PLAIN = '\\"', '"'
_SURE = 1e18  # whole numbers below it fit into 64 bits
_decode = msgspec.json.Decoder(list).decode


class JsonBlock(Struct, frozen=True):
    """Rows of JSON in a block of bytes: where each begins and ends; a row's last byte is not the block's last.

    The rows are written plainly, or all of them within JSON strings that escape nothing but quotes.
    """

    marks: Marks
    starts: Places
    ends: Places

    @property
    def codes(self) -> Codes:
        """The block's bytes."""
        return self.marks.codes


def read_json_rows(block: JsonBlock, skeleton: Skeleton) -> tuple[Places, dict[str, pa.Array]]:
    """Read the rows that have the skeleton and hold nothing but plain scalars.

    Rows must be free of control characters and backslashes, but for those that escape quotes where all rows stand
    within strings, and be of valid UTF-8.

    Returns:
        Which rows were read, rising, and their columns.

    Raises:
        UnprovenError: Some values need the exact reader.
    """
    rows, begins, finishes = _slots(block, skeleton)
    classes = classified(block.codes, begins, finishes, escaped=skeleton.escaped)
    good = classes.all(axis=1)
    if not good.all():
        rows, begins, finishes, classes = rows[good], begins[good], finishes[good], classes[good]
    places, texts, good = _strings(block.codes, begins, finishes, classes, escaped=skeleton.escaped)
    if not good.all():
        rows, begins, finishes, classes = rows[good], begins[good], finishes[good], classes[good]
        places, texts, _ = _strings(block.codes, begins, finishes, classes, escaped=skeleton.escaped)
    if not len(rows):
        return rows, {}
    columns = _columns(block.marks, begins, finishes, classes, dict(zip(places.tolist(), texts, strict=True)))
    for place in range(len(skeleton.names)):
        if columns.get(place) is None:
            columns[place] = _decoded(block.codes, begins[:, place], finishes[:, place], escaped=skeleton.escaped)
    return rows, {name: columns[place] for place, name in enumerate(skeleton.names)}


def _slots(block: JsonBlock, skeleton: Skeleton) -> tuple[Places, Places, Places]:
    """Find the scalars of the rows that have the skeleton: which rows, where each begins, and one past its end."""
    rows, commas = _comma_table(block, len(skeleton.parts) - 1)
    starts, ends = block.starts[rows], block.ends[rows]
    lengths = np.array([len(part) for part in skeleton.parts], np.int32)
    before = np.array([part.find(b",") for part in skeleton.parts[1:]], np.int32)
    heads = np.empty((len(rows), len(skeleton.parts) + 1), np.int32)
    heads[:, 0], heads[:, 1:-1], heads[:, -1] = starts, commas - before, ends - len(skeleton.tail)
    begins, finishes = heads[:, :-1] + lengths, heads[:, 1:]
    fits = (begins < finishes).all(axis=1)
    if not fits.all():
        rows, heads, begins = rows[fits], heads[fits], begins[fits]
    known = np.array([0, *(before == 0), 0], np.int32)  # that a part begins with its comma is known
    constants = (*skeleton.parts, skeleton.tail)
    rest = tuple(constant[skip:] for constant, skip in zip(constants, known.tolist(), strict=True))
    same = equal_stretches(block.codes, heads + known, rest)
    if not same.all():
        rows, heads, begins = rows[same], heads[same], begins[same]
    return rows, begins, heads[:, 1:]


def _comma_table(block: JsonBlock, width: int) -> tuple[Places, Places]:
    """Return the rows that hold *width* commas, and where these stand; shape (rows, width)."""
    count, all_commas = len(block.starts), block.marks.commas
    if width and len(all_commas) == count * width:
        table = all_commas.reshape(count, width)
        if ((table[:, 0] >= block.starts) & (table[:, -1] < block.ends)).all():
            return np.arange(count, dtype=np.int32), table
    first, counts = counts_between(all_commas, block.starts, block.ends)
    rows = np.flatnonzero(counts == width).astype(np.int32)
    if not width:
        return rows, np.empty((len(rows), 0), np.int32)
    return rows, all_commas[first[rows][:, None] + np.arange(width, dtype=np.int32)]


def _strings(
    codes: Codes, begins: Places, finishes: Places, classes: Classes, *, escaped: bool
) -> tuple[Places, list[pa.StringArray], Mask]:
    """Cut out the columns that hold strings, without the quotes of these.

    Returns:
        Which columns they are, their texts, and which rows hold no further quotes or backslashes in them.
    """
    strings = classes == STRING
    places = np.flatnonzero(strings.any(axis=0))
    quotes = strings[:, places] * np.int32(2 if escaped else 1)
    texts = cut(codes, begins[:, places] + quotes, finishes[:, places] - quotes)
    good = np.ones(len(begins), dtype=bool)
    data = data_of(texts)[: edges_of(texts)[-1]]
    for mark in (_BACKSLASH,) if escaped else (_BACKSLASH, _QUOTE):  # each quote within a string has a backslash
        found = positions_of(data, mark)
        if len(found):
            good[(np.searchsorted(edges_of(texts), found, side="right") - 1) // len(places)] = False
    return places.astype(np.int32), by_columns(texts, len(places)), good


def _columns(
    marks: Marks, begins: Places, finishes: Places, classes: Classes, texts: dict[int, pa.StringArray]
) -> dict[int, pa.Array | None]:
    """Make the arrays of the columns, by their places; None where scalars have to be decoded one by one."""
    columns: dict[int, pa.Array | None] = dict(_plain_numbers(marks, begins, finishes, classes))
    kinds = np.ascontiguousarray(classes.T)
    for place, column in texts.items():
        columns[place] = _column(column, kinds[place])
    others = np.array([place for place in range(classes.shape[1]) if place not in columns], np.intp)
    cuts = cut_columns(marks.codes, begins[:, others], finishes[:, others])
    for place, column in zip(others.tolist(), cuts, strict=True):
        columns[place] = _column(column, kinds[place])
    return columns


def _plain_numbers(marks: Marks, begins: Places, finishes: Places, classes: Classes) -> dict[int, pa.Array]:
    """Read the columns of numbers of which one at least is surely no whole number, by their places."""
    written = classes == NUMBER
    places = np.flatnonzero((written | (classes == NULL)).all(axis=0) & written.any(axis=0))
    if not len(places) or _are_within(marks.exponents_after_points, begins, finishes, written):
        return {}
    wanted = written[:, places]
    table = numbers_at(marks.codes, begins[:, places], finishes[:, places], wanted)
    if table is None:
        return {}
    sure = np.flatnonzero(~table.whole & (table.largest < _SURE) & ~table.negative_zero)
    valid = np.ascontiguousarray(wanted.T)
    return {int(places[row]): column_of(table.values[row], valid[row]) for row in sure.tolist()}


def _are_within(found: Places, begins: Places, finishes: Places, chosen: Mask) -> bool:
    """Tell whether a place is within one of the chosen scalars."""
    scalars = np.searchsorted(begins.ravel(), found, side="right") - 1
    before_end = found < finishes.ravel()[scalars]
    return bool((before_end & chosen.ravel()[scalars] & (scalars >= 0)).any())


def _column(texts: pa.StringArray, kinds: Classes) -> pa.Array | None:
    """Turn the texts of one column's scalars into an array; None where they have to be decoded one by one."""
    counts = np.bincount(kinds, minlength=6)
    nulls, strings, truths = counts[NULL], counts[STRING], counts[TRUE] + counts[FALSE]
    filled = len(kinds) - nulls
    if not filled:
        return pa.nulls(len(kinds))
    valid = None if not nulls else kinds != NULL
    if strings == filled:
        return texts if valid is None else with_nulls(texts, valid)
    if truths == filled:
        return pa.array(kinds == TRUE, mask=None if valid is None else ~valid)
    return _numbers(texts, valid) if not strings and not truths else None


def _numbers(texts: pa.StringArray, valid: Mask | None) -> pa.Array | None:
    edges = edges_of(texts)
    data = data_of(texts)[edges[0] : edges[-1]]
    exponents = np.flatnonzero((data == _EXPONENTS[0]) | (data == _EXPONENTS[1]))
    if len(exponents) and not _DIGIT[data[exponents - 1]].all():
        return None
    texts = texts if valid is None else with_nulls(texts, valid)
    try:
        if not len(exponents) and not (data == _POINT).any():
            return pc.cast(texts, pa.int64())
        numbers = pc.cast(texts, pa.float64())
    except pa.ArrowInvalid:
        return None
    return numbers if _are_sure(np.frombuffer(numbers.buffers()[1], np.float64)[: len(texts)]) else None


def _are_sure(values: _Floats) -> bool:
    """Tell whether no value is so large, or so zero, that it matters whether it was written as a whole number."""
    if not len(values):
        return True
    negative_zero = np.signbit(values) & (values == 0)
    return bool(np.abs(values).max() < _SURE) and not negative_zero.any()


def _decoded(codes: Codes, begins: Places, finishes: Places, *, escaped: bool) -> pa.Array:
    """Read the scalars of a column one by one."""
    text = ",".join(cut(codes, begins, finishes).to_pylist())
    try:
        return array_of(_decode(f"[{text.replace(_ESCAPED, _PLAIN) if escaped else text}]"))
    except msgspec.DecodeError:
        raise UnprovenError from None
