"""Values that Arrow can hold and Python cannot are read as text that says what they are, or as a reject."""

import datetime as dt
import io

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from atalaia.baseline import build_baseline
from atalaia.logs import read_log
from atalaia.logs.foreign import native
from atalaia.rows import LogObject, Reject
from atalaia.schema import Column, Kind, Type

LEAST, MOST = -(2**63), 2**63 - 1
MOMENT = dt.datetime(2026, 3, 2, 12, 0, 5, tzinfo=dt.UTC)


def column(numbers, kind):
    """Return numbers as a column of any type of their width, unchecked."""
    width = np.int32 if kind.bit_width == 32 else np.int64
    return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(np.array(numbers, width))])


@pytest.mark.parametrize(("unit", "scale"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
@pytest.mark.parametrize("zone", [None, "UTC", "+05:30", "Mars/Olympus"])
def test_a_moment_is_the_same_in_every_unit_and_zone(unit, scale, zone):
    moments = native(pa.array([int(MOMENT.timestamp()) * scale, None], pa.timestamp(unit, zone)))

    assert moments.to_pylist() == [MOMENT if zone else MOMENT.replace(tzinfo=None), None]


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_a_moment_in_no_calendar_is_text_that_says_so(unit):
    texts = native(pa.array([LEAST, 0, None, 2**62, MOST], pa.timestamp(unit))).to_pylist()
    word = unit.replace("u", "µ")

    assert texts[1:3] == ["1970-01-01 00:00:00", None]
    assert [texts[place] for place in (0, 3, 4)] == [f"{n} {word} since 1970" for n in (LEAST, 2**62, MOST)]


def test_every_moment_in_nanoseconds_has_its_place_in_the_calendar():
    moments = native(pa.array([LEAST, MOST], pa.timestamp("ns"))).to_pylist()

    assert [moment.year for moment in moments] == [1677, 2262]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (column([0, 2**31 - 1], pa.date32()), ["1970-01-01", "2147483647 days since 1970"]),
        (column([0, MOST], pa.date64()), ["1970-01-01", f"{MOST} ms since 1970"]),
        (column([1, MOST], pa.duration("s")), ["0:00:01", f"{MOST} s"]),
        (column([0, -1], pa.time32("s")), ["00:00:00", "-1 s of a day"]),
        (column([0, 86_400_000_000_000], pa.time64("ns")), ["00:00:00", "86400000000000 ns of a day"]),
    ],
    ids=["date32", "date64", "duration", "time32", "time64"],
)
def test_what_no_python_type_holds_is_text(values, expected):
    assert native(values).to_pylist() == expected


def texts_of(*parts):
    """Return texts of any bytes, unchecked."""
    held = pa.array(parts, pa.binary())
    return pa.StringArray.from_buffers(len(held), held.buffers()[1], held.buffers()[2])


def test_bytes_that_are_not_utf_8_are_written_with_escapes():
    texts = texts_of(b"a", b"\xff", "é".encode())
    coded = pa.DictionaryArray.from_arrays(pa.array([1, 0, None]), texts)

    assert native(texts).to_pylist() == ["a", "\\xff", "é"]
    assert native(coded).to_pylist() == ["\\xff", "a", None]


def test_texts_that_become_one_are_one_category():
    coded = native(pa.DictionaryArray.from_arrays(pa.array([0, 1]), texts_of(b"\xff", b"\\xff")))

    assert coded.dictionary.to_pylist() == ["\\xff"]


MINUS, PLUS = -(2**31), 2**31 - 1
EXTREMES = {
    **{f"timestamp {unit}": pa.array([LEAST, 2**62, MOST], pa.timestamp(unit)) for unit in ("ms", "us", "ns")},
    **{f"duration {unit}": pa.array([LEAST, 2**62, MOST], pa.duration(unit)) for unit in ("s", "ms", "us", "ns")},
    "zone": pa.array([1, 2**62], pa.timestamp("us", "Mars/Olympus")),
    "date32": column([MINUS, 0, PLUS], pa.date32()),
    "date64": column([LEAST, 0, MOST], pa.date64()),
    "time32": column([MINUS, 0, PLUS], pa.time32("ms")),
    "time64": column([LEAST, 0, MOST], pa.time64("us")),
    "int64": pa.array([LEAST, 0, MOST]),
    "uint64": pa.array([0, 2**64 - 1], pa.uint64()),
    "decimal128": pa.array(["9" * 38, "-" + "9" * 38]).cast(pa.decimal128(38, 0)),
    "float16": pa.array(np.array([65504, np.inf, np.nan, 6e-8], np.float16)),
    "float64": pa.array([1.7e308, -np.inf, np.nan, 5e-324]),
    "bytes": pa.array([b"\xff", b""]),
    "moments in lists": pa.array([[1, 2**62]], pa.list_(pa.timestamp("us"))),
    "no text": texts_of(b"\xff", b"a"),
}


@pytest.mark.parametrize("rows", [1, 1 << 14], ids=["row by row", "column by column"])
@pytest.mark.parametrize("name", EXTREMES)
def test_every_extreme_value_is_counted_or_rejected_under_every_type(name, rows):
    table = pa.concat_tables([pa.table({"v": EXTREMES[name]})] * -(-rows // len(EXTREMES[name])))
    file = io.BytesIO()
    parquet.write_table(table, file, row_group_size=2 * table.num_rows)
    data = file.getvalue()

    def opened():
        return read_log(io.BytesIO(data), LogObject("a.parquet", "e", len(data), 0), columnwise=True)

    if any(isinstance(piece, Reject) for piece in opened()):
        assert [(piece.reason, piece.rows) for piece in opened()] == [("damaged", table.num_rows)]
        return
    for kind, value_type in [(None, kind) for kind in Type] + [(Kind.CATEGORICAL, Type.TIME), (Kind.TEXT, Type.STRING)]:
        baseline = build_baseline((Column("v", type=value_type, kind=kind),), opened)
        assert baseline.profile.rows == table.num_rows
