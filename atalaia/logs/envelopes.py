"""Envelopes of one shape: records whose JSON differs in the text of some strings only, cut at their quotes."""

from __future__ import annotations

import json
import re
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct

from atalaia import compute as pc
from atalaia.logs.arrays import with_nulls
from atalaia.logs.moments import Times, parse_times
from atalaia.logs.spans import (
    Codes,
    Mask,
    Places,
    count_of,
    counts_between,
    cut,
    data_of,
    edges_of,
    equal_stretches,
    positions_after,
    positions_after_other,
    positions_of,
)
from atalaia.rows import NO_TIME

_STRING = re.compile(rb'"((?:[^"\\]|\\.)*)"(\s*:)?', re.DOTALL)
_QUOTE, _BACKSLASH = ord('"'), ord("\\")
_LONGEST_ID = 256

Path = tuple[str, ...]


class Envelope(Struct, frozen=True):
    """What the records of one shape have in common.

    Attributes:
        quotes: How many quotes a record has, those within strings left out.
        paths: Of each string whose text differs: the keys that lead to it.
        opening: Of each, which of the record's quotes opens it.
        constants: The bytes before, between and after their texts; one more than there are such strings.
    """

    quotes: int
    paths: tuple[Path, ...]
    opening: tuple[int, ...]
    constants: tuple[bytes, ...]


class Records(Struct, frozen=True):
    """Lines of a block: where each begins and ends, and all quotes of the block but those within strings."""

    codes: Codes
    starts: Places
    ends: Places
    quotes: Places

    def only(self, rows: Mask | Places) -> Records:
        """Return some of the lines."""
        return Records(self.codes, self.starts[rows], self.ends[rows], self.quotes)


def learn_envelope(line: bytes, fixed: frozenset[str]) -> Envelope | None:
    """Learn the shape of a record; strings under the *fixed* keys belong to it, and all that is no string.

    Returns:
        None where a key is repeated, where a key or a fixed string is written with escapes, or where the record is no
        object.
    """
    paths = _paths(line)
    if paths is None:
        return None
    names, opening, edges = [], [], [0]
    strings = list(_STRING.finditer(line))
    values = iter(paths)
    for place, match in enumerate(strings):
        if match[2] is not None:
            if b"\\" in match[1]:
                return None
            continue
        path = next(values)
        if path[-1] in fixed:
            if b"\\" in match[1]:
                return None
            continue
        names.append(path)
        opening.append(2 * place)
        edges += [match.start(1), match.end(1)]
    edges.append(len(line))
    constants = tuple(line[edges[i] : edges[i + 1]] for i in range(0, len(edges), 2))
    return Envelope(2 * len(strings), tuple(names), tuple(opening), constants)


def _paths(line: bytes) -> list[Path] | None:
    """Return the keys that lead to each string of an object, in the order of the text."""
    repeated = False

    def note(pairs: list[tuple[str, Any]]) -> _Object:
        nonlocal repeated
        repeated |= len({name for name, _ in pairs}) < len(pairs)
        return _Object(pairs)

    try:
        value = json.loads(line, object_pairs_hook=note)
    except (ValueError, RecursionError):
        return None
    if repeated or not isinstance(value, _Object):
        return None
    paths: list[Path] = []
    _collect(value, (), paths)
    return paths


class _Object(list[Any]):
    """The pairs of a JSON object, in their order."""


def _collect(value: Any, path: Path, paths: list[Path]) -> None:
    if isinstance(value, str):
        paths.append(path)
    elif isinstance(value, _Object):
        for name, item in value:
            _collect(item, (*path, name), paths)
    elif isinstance(value, list):
        for item in value:
            _collect(item, (*path, ""), paths)


def unescaped_quotes(codes: Codes, starts: Places, ends: Places) -> tuple[Places, Mask]:
    """Return all quotes without a backslash before them, and the lines for which these begin and end the strings.

    Lines with two backslashes in a row are not among them: there a backslash before a quote need not escape it.
    """
    if not count_of(codes, _BACKSLASH):
        return positions_of(codes, _QUOTE), np.ones(len(starts), dtype=bool)
    quotes = positions_after_other(codes, _QUOTE, _BACKSLASH)
    double = positions_after(codes, _BACKSLASH, _BACKSLASH)
    if not len(double):
        return quotes, np.ones(len(starts), dtype=bool)
    return quotes, counts_between(double, starts, ends)[1] == 0


def read_envelopes(records: Records, envelope: Envelope) -> tuple[Places, Places, Places]:
    """Find the strings of the records that have the envelope's shape.

    Returns:
        Which records have it, rising, and where the text of each of their strings begins and ends; shape (rows,
        strings).
    """
    first, counts = counts_between(records.quotes, records.starts, records.ends)
    rows = np.flatnonzero(counts == envelope.quotes).astype(np.int32)
    opening = first[rows][:, None] + np.array(envelope.opening, np.int32)
    begins, finishes = records.quotes[opening] + 1, records.quotes[opening + 1]
    heads = np.column_stack((records.starts[rows], finishes)).astype(np.int32)
    stops = np.column_stack((begins, records.ends[rows])).astype(np.int32)
    lengths = np.array([len(constant) for constant in envelope.constants], np.int32)
    fits = (stops - heads == lengths).all(axis=1)
    if not fits.all():
        rows, heads, stops = rows[fits], heads[fits], stops[fits]
    same = equal_stretches(records.codes, heads, envelope.constants)
    if not same.all():
        rows, heads, stops = rows[same], heads[same], stops[same]
    return rows, stops[:, :-1], heads[:, 1:]


class Identity(Struct, frozen=True):
    """Which of an envelope's strings are a record's id and time; None where it has none."""

    id: int | None
    time: int | None


def identity_of(envelope: Envelope, value: Any, id_path: Path, time_path: Path) -> Identity | None:
    """Find the id and the time of a record; None where one of them is there but is no string."""
    places = []
    for path in (id_path, time_path):
        place = envelope.paths.index(path) if path in envelope.paths else None
        if place is None and inside(value, path) is not None:
            return None
        places.append(place)
    return Identity(*places)


def inside(value: Any, path: Path) -> Any:
    """Return what some keys lead to within objects, or None."""
    return reduce(lambda inner, key: inner.get(key) if isinstance(inner, dict) else None, path, value)


class Identities(Struct, frozen=True):
    """The ids and times of records as they are written, and which records are *plain*.

    Those are written without escapes in all strings but the payloads, and have no long id.
    """

    ids: pa.StringArray | None
    times: pa.StringArray | None
    plain: Mask

    def of(self, records: Mask) -> tuple[Times, pa.StringArray | None]:
        """Read the times and ids of some of the records."""
        some = pa.array(np.flatnonzero(records))
        count = len(some)
        times = np.full(count, NO_TIME, np.int64) if self.times is None else parse_times(pc.take(self.times, some))
        if self.ids is None:
            return times, None
        ids = pc.take(self.ids, some)
        filled = np.diff(edges_of(ids)) > 0
        return times, ids if filled.all() else with_nulls(ids, filled)


def read_identities(
    codes: Codes, begins: Places, finishes: Places, others: list[int], identity: Identity
) -> Identities:
    """Cut out the strings of records that are no payloads: the *others* among them."""
    texts: dict[int | None, pa.StringArray] = {}
    plain = np.ones(len(begins), dtype=bool)
    for place in others:
        texts[place], unescaped = _plain_texts(codes, begins[:, place], finishes[:, place])
        plain &= unescaped
    ids = texts.get(identity.id)
    if ids is not None:
        plain &= np.diff(edges_of(ids)) <= _LONGEST_ID
    return Identities(ids, texts.get(identity.time), plain)


def _plain_texts(codes: Codes, begins: Places, finishes: Places) -> tuple[pa.StringArray, Mask]:
    """Cut strings out of a block, and tell which are written without escapes."""
    texts = cut(codes, begins, finishes)
    edges = edges_of(texts)
    slashes = positions_of(data_of(texts)[: edges[-1]], _BACKSLASH)
    if not len(slashes):
        return texts, np.ones(len(texts), dtype=bool)
    return texts, counts_between(slashes, edges[:-1], edges[1:])[1] == 0
