"""Parquet row groups read column by column or row by row: the same profile, also where a file is unsound."""

import datetime as dt
import io

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from worlds import make_world

from atalaia.baseline import build_baseline
from atalaia.errors import DamagedColumnError
from atalaia.logs import read_log
from atalaia.logs.parquetcolumns import GroupColumns
from atalaia.profile import pack, profile_to_plain
from atalaia.rows import LogObject, RowBatch
from atalaia.schema import Column, Kind, Type

ROWS = 20_000
RANDOM = np.random.default_rng(5)
MISSING = RANDOM.random(ROWS) < 0.1
MOMENT = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
COLUMNS = {
    "number": pa.array(RANDOM.normal(size=ROWS), mask=MISSING),
    "small": pa.array(RANDOM.normal(size=ROWS).astype(np.float32)),
    "whole": pa.array(RANDOM.integers(-9, 9, ROWS), pa.int8()),
    "large": pa.array(RANDOM.integers(0, 2**63, ROWS).astype(np.uint64), pa.uint64(), mask=MISSING),
    "flag": pa.array(RANDOM.random(ROWS) < 0.5, mask=MISSING),
    "word": pa.array([f"w{place % 40}" for place in range(ROWS)], mask=MISSING),
    "id": pa.array([f"id-{place}" for place in range(ROWS)]),
    "coded": pa.array([f"c{place % 7}" for place in range(ROWS)]).dictionary_encode(),
    "moment": pa.array([MOMENT + dt.timedelta(seconds=place) for place in range(ROWS)]),
    "day": pa.array([MOMENT.date() + dt.timedelta(days=place % 9) for place in range(ROWS)]),
    "absent": pa.array([None] * ROWS, pa.float64()),
}
TYPES = {"word": Type.STRING, "id": Type.STRING, "coded": Type.STRING, "day": Type.STRING, "flag": Type.BOOLEAN}
SCHEMA = tuple(Column(name, type=TYPES.get(name, Type.NUMBER)) for name in COLUMNS if name != "moment")


def written(table, **options):
    file = io.BytesIO()
    parquet.write_table(table, file, **options)
    return file.getvalue()


def batches(data, *, columnwise):
    return list(read_log(io.BytesIO(data), LogObject("a.parquet", "e", len(data), 0), columnwise=columnwise))


def profile_of(data, columns, *, columnwise):
    read = [piece for piece in batches(data, columnwise=columnwise) if isinstance(piece, RowBatch)]
    assert all(isinstance(batch.columns, GroupColumns) for batch in read) is columnwise
    baseline = build_baseline(columns, lambda: batches(data, columnwise=False))
    counter = baseline.profiler().counter()
    for batch in read:
        baseline.profiler().count(batch, [(counter, slice(None))])
    return pack(profile_to_plain(counter.profile()))


@pytest.mark.parametrize("compression", ["NONE", "SNAPPY", "ZSTD"])
@pytest.mark.parametrize("kind", [None, Kind.CATEGORICAL])
def test_column_by_column_gives_the_same_profile(compression, kind):
    columns = SCHEMA if kind is None else tuple(Column(c.name, type=c.type, kind=kind) for c in SCHEMA)
    data = written(pa.table(COLUMNS), compression=compression)

    assert profile_of(data, columns, columnwise=True) == profile_of(data, columns, columnwise=False)


class Watched(io.BytesIO):
    """A file that tells how many stretches of a megabyte or more were read."""

    large = 0

    def read(self, size=-1, /):
        self.large += size >= 1 << 20
        return super().read(size)


@pytest.mark.parametrize(("columns", "reads"), [(100, 1), (440, 17)])
def test_columns_side_by_side_are_fetched_together(columns, reads):
    values = RANDOM.normal(size=ROWS)
    table = pa.table({f"n{place}": values + place for place in range(columns)})
    file = Watched(written(table, compression="NONE", use_dictionary=False))
    log = LogObject("a.parquet", "e", len(file.getvalue()), 0)

    (batch,) = read_log(file, log, columnwise=True)
    found = [batch.columns[name] for name in batch.columns]

    assert all(array.equals(table[place].chunk(0)) for place, array in enumerate(found))
    assert file.large == reads


def test_small_row_groups_are_read_row_by_row():
    data = written(pa.table(COLUMNS), row_group_size=1000)

    assert not any(isinstance(batch.columns, GroupColumns) for batch in batches(data, columnwise=True))


@pytest.mark.parametrize(
    "table",
    [
        pa.table([COLUMNS["number"], COLUMNS["small"]], names=["x", "x"]),
        pa.table({"nested": pa.array([{"a": 1}] * ROWS)}),
        pa.table({"list": pa.array([[1, 2]] * ROWS)}),
    ],
    ids=["two columns of one name", "nested", "lists"],
)
def test_tables_that_are_not_plain_are_read_row_by_row(table):
    assert not any(isinstance(batch.columns, GroupColumns) for batch in batches(written(table), columnwise=True))


def damaged():
    """A file whose one column of numbers is broken in the middle of its pages."""
    data = bytearray(written(pa.table({"x": COLUMNS["number"]}), compression="ZSTD", use_dictionary=False))
    data[len(data) // 2 : len(data) // 2 + 64] = bytes(64)
    return bytes(data)


def test_asking_for_a_damaged_column_raises():
    (batch,) = batches(damaged(), columnwise=True)

    with pytest.raises(DamagedColumnError, match="column x"):
        batch.columns["x"]


def test_ingest_reads_a_damaged_file_again_row_by_row():
    world = make_world()
    world.logs.put("a.parquet", damaged())
    ((receipt, _),) = world.ingest()

    assert receipt.rows + sum(receipt.rejected.values()) == ROWS
    assert set(receipt.rejected) == {"damaged"}


def varint(number):
    """A whole number as Thrift writes it: twice its size, seven bits in a byte."""
    number, parts = 2 * number, []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


def test_rows_that_a_footer_invents_are_not_counted():
    rows = 17_123
    data = written(pa.table({"x": pa.array(np.arange(rows) * 1.5)}), use_dictionary=False, write_statistics=False)
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    lying = data[:footer] + data[footer:].replace(varint(rows), varint(rows + 1))

    (batch,) = batches(lying, columnwise=True)
    with pytest.raises(DamagedColumnError):
        batch.columns["x"]
