"""Moments written as ISO 8601, read many at once; what is written in any other way is read one by one."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from atalaia.logs.spans import Codes, data_of, edges_of
from atalaia.rows import NO_TIME
from atalaia.window import SECOND, parse_time

Times = npt.NDArray[np.int64]

_SECONDS = len("2026-03-01T12:00:00")
_MARKS = tuple((place, mark) for place, mark in enumerate(b"0000-00-00T00:00:00") if mark in b"-:")
_BETWEEN = _SECONDS - len("T00:00:00")  # where the date ends
_ZERO = ord("0")
_FIRST = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp()) * SECOND
_END = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp()) * SECOND


def parse_times(texts: pa.StringArray) -> Times:
    """Read every text as `atalaia.window.parse_time` does, or as `NO_TIME` where it tells no believable moment."""
    edges = edges_of(texts)
    lengths = np.diff(edges)
    if not len(lengths):
        return np.empty(0, np.int64)
    if (lengths == lengths[0]).all():
        times = _of_one_length(data_of(texts)[edges[0] : edges[-1]].reshape(len(texts), int(lengths[0])))
        if times is not None:
            return times
    known = {text: parse_time(text) for text in pc.unique(texts).to_pylist()}
    return np.array([NO_TIME if (time := known[text]) is None else time for text in texts.to_pylist()], np.int64)


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
    return np.where((times >= _FIRST) & (times < _END), times, NO_TIME)


def _is_punctuated(codes: Codes, width: int, *, in_utc: bool) -> bool:
    zone = ((width, ord("Z")),) if in_utc else ()
    point = () if width == _SECONDS else ((_SECONDS, ord(".")),)
    between = codes[0, _BETWEEN]
    marks = (*_MARKS, (_BETWEEN, between), *point, *zone)
    return between in b"T " and all((codes[:, place] == mark).all() for place, mark in marks)
