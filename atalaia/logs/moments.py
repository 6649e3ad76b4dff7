"""Moments written as ISO 8601 or as numbers, read many at once as `atalaia.window.parse_time` reads one.

Text written in any other way is read one by one, each text once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from atalaia.logs.spans import Codes, data_of, edges_of
from atalaia.rows import NO_TIME
from atalaia.window import END_TIME, FIRST_TIME, SECOND, UNBELIEVABLE, parse_time

Times = npt.NDArray[np.int64]

_SECONDS = len("2026-03-01T12:00:00")
_MARKS = tuple((place, mark) for place, mark in enumerate(b"0000-00-00T00:00:00") if mark in b"-:")
_BETWEEN = _SECONDS - len("T00:00:00")  # where the date ends
_ZERO = ord("0")
_UNITS = (1.0, 1e3, 1e6, 1e9)  # of a second


def parse_numbers(numbers: npt.NDArray[np.generic]) -> Times:
    """Read every number as `atalaia.window.parse_time` does, or as `NO_TIME` where it tells no believable moment."""
    with np.errstate(over="ignore", invalid="ignore"):
        micros: npt.NDArray[np.float64] = numbers.astype(np.float64) * SECOND
    times: Times = np.full(len(numbers), NO_TIME)
    left = np.isfinite(micros)
    for unit in _UNITS:
        found = left & (np.abs(micros / unit) < UNBELIEVABLE)
        times[found] = np.rint(micros[found] / unit)
        left &= ~found
    return believed(times)


def believed(times: Times) -> Times:
    """Return *times*, `NO_TIME` for those that are not believable; the same array where all of them are."""
    if len(times) and times.min() >= FIRST_TIME and times.max() < END_TIME:
        return times
    return np.where((times >= FIRST_TIME) & (times < END_TIME), times, NO_TIME)


def parse_times(texts: pa.StringArray) -> Times:
    """Read every text as `atalaia.window.parse_time` does, or as `NO_TIME` where it tells no believable moment."""
    if texts.null_count:
        known: Times = np.full(len(texts), NO_TIME)
        known[texts.is_valid().to_numpy(zero_copy_only=False)] = parse_times(texts.drop_null())
        return known
    edges = edges_of(texts)
    lengths = np.diff(edges)
    if not len(lengths):
        return np.empty(0, np.int64)
    if (lengths == lengths[0]).all():
        times = _of_one_length(data_of(texts)[edges[0] : edges[-1]].reshape(len(texts), int(lengths[0])))
        if times is not None:
            return times
    coded = texts.dictionary_encode()
    moments = map(parse_time, coded.dictionary.to_pylist())
    distinct: Times = np.array([NO_TIME if moment is None else moment for moment in moments], np.int64)
    found: Times = distinct[np.asarray(coded.indices.to_numpy())]
    return found


def _of_one_length(codes: Codes) -> Times | None:
    """Read texts such as `2026-03-01T12:00:00Z` with up to six digits of a fraction; None if one is not such.

    A moment without a zone is UTC, and between date and time there may be a space.
    """
    in_utc = codes.shape[1] > 0 and codes[0, -1] == ord("Z")
    width = codes.shape[1] - in_utc
    digits = width - _SECONDS - 1  # those after the point; -1 where there is no point
    if width < _SECONDS or digits in (0, *range(7, width)) or not _is_punctuated(codes, width, in_utc=in_utc):
        return None
    edges = np.arange(len(codes) + 1, dtype=np.int32) * _SECONDS
    text = pa.py_buffer(np.ascontiguousarray(codes[:, :_SECONDS]))
    try:
        seconds = pa.StringArray.from_buffers(len(codes), pa.py_buffer(edges), text).cast(pa.timestamp("s"))
    except pa.ArrowInvalid:
        return None
    times = seconds.cast(pa.int64()).to_numpy() * SECOND
    for place in range(digits):
        digit = codes[:, _SECONDS + 1 + place] - _ZERO
        if digit.max() > 9:
            return None
        times += digit.astype(np.int64) * (SECOND // 10 ** (place + 1))
    return believed(times)


def _is_punctuated(codes: Codes, width: int, *, in_utc: bool) -> bool:
    zone = ((width, ord("Z")),) if in_utc else ()
    point = () if width == _SECONDS else ((_SECONDS, ord(".")),)
    between = codes[0, _BETWEEN]
    marks = (*_MARKS, (_BETWEEN, between), *point, *zone)
    return between in b"T " and all((codes[:, place] == mark).all() for place, mark in marks)
