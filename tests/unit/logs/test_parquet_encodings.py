"""Parquet files of every encoding, and damage that shows only when a column is decoded."""

import base64
import io

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from pyarrow.parquet import encryption

from atalaia.errors import DamagedColumnError
from atalaia.logs import ReadLimits, read_log
from atalaia.logs.heldfile import HeldFile
from atalaia.logs.parquetcolumns import GroupColumns
from atalaia.logs.parquetfile import open_table
from atalaia.rows import LogObject, Reject

ROWS = 20_000
TEXTS = [None if place % 7 == 0 else f"text {place % 50}" for place in range(ROWS)]
NUMBERS = (np.arange(ROWS) * 0.5).tolist()


def written(*tables, **options):
    """Return a file with one row group for each table, which may differ in how full their dictionaries are."""
    file = io.BytesIO()
    with parquet.ParquetWriter(file, tables[0].schema, **options) as writer:
        for table in tables:
            writer.write_table(table)
    return file.getvalue()


def pieces(data, *, columnwise):
    return list(read_log(io.BytesIO(data), LogObject("a.parquet", "e", len(data), 0), columnwise=columnwise))


def values(data, name, *, columnwise):
    return [value for batch in pieces(data, columnwise=columnwise) for value in batch.columns[name].to_pylist()]


@pytest.mark.parametrize("columnwise", [False, True])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("encoding", ["PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY", None])
def test_texts_of_every_encoding_are_read(encoding, version, columnwise):
    how = (
        {"use_dictionary": True} if encoding is None else {"use_dictionary": False, "column_encoding": {"s": encoding}}
    )
    data = written(pa.table({"s": TEXTS}), data_page_version=version, **how)

    assert values(data, "s", columnwise=columnwise) == TEXTS


@pytest.mark.parametrize("columnwise", [False, True])
@pytest.mark.parametrize("kind", [pa.float32(), pa.float64(), pa.int64(), pa.float16()])
def test_numbers_whose_bytes_are_split_are_read(kind, columnwise):
    numbers = np.arange(ROWS) % 100
    how = {"use_dictionary": False, "column_encoding": {"x": "BYTE_STREAM_SPLIT"}}
    data = written(pa.table({"x": pa.array(numbers.astype(kind.to_pandas_dtype()), kind)}), **how)

    assert values(data, "x", columnwise=columnwise) == numbers.tolist()


@pytest.mark.parametrize("columnwise", [False, True])
def test_row_groups_may_differ_in_their_encoding(columnwise):
    many = [f"{place:09d}" * 10 for place in range(ROWS)]
    tables = [pa.table({"s": texts}) for texts in (TEXTS, many)]
    data = written(*tables, dictionary_pagesize_limit=1000)
    encodings = [parquet.read_metadata(io.BytesIO(data)).row_group(place).column(0).encodings for place in (0, 1)]

    assert ["PLAIN" in encoding and "RLE_DICTIONARY" in encoding for encoding in encodings] == [True, True]
    assert values(data, "s", columnwise=columnwise) == TEXTS + many


def test_texts_that_share_a_long_beginning_are_read_a_few_at_a_time():
    texts = ["t" * 100_000] * 2000
    data = written(pa.table({"s": texts}), use_dictionary=False, column_encoding={"s": "DELTA_BYTE_ARRAY"})
    batches = pieces(data, columnwise=False)

    assert sum(batch.rows for batch in batches) == 2000
    assert max(batch.columns["s"].nbytes for batch in batches) < 100 << 20


def test_long_bytes_of_one_length_that_many_rows_share_are_read_a_few_at_a_time():
    column = pa.array([b"b" * 1_000_000] * 200, pa.binary(1_000_000))
    batches = pieces(written(pa.table({"s": column})), columnwise=False)

    assert sum(batch.rows for batch in batches) == 200
    assert max(batch.rows for batch in batches) <= 67


class FileWithoutRows:
    """What a Parquet file is whose footer tells of texts that its pages do not hold."""

    def __init__(self, table):
        self.metadata, self.schema_arrow = table.metadata, table.schema_arrow

    def iter_batches(self, *_, **__):
        return iter(())


def test_texts_of_which_there_are_none_are_damage():
    data = written(pa.table({"s": [f"text {place:09d}" for place in range(ROWS)]}))
    source = HeldFile(io.BytesIO(data))
    columns = GroupColumns(FileWithoutRows(open_table(source, ReadLimits())), source, 0, ReadLimits())

    with pytest.raises(DamagedColumnError, match="column s"):
        columns["s"]


def spoilt():
    """Return a file of two columns, of which the second's one page is damaged."""
    data = bytearray(written(pa.table({"x": NUMBERS, "y": NUMBERS}), use_dictionary=False, compression="ZSTD"))
    page = parquet.read_metadata(io.BytesIO(data)).row_group(0).column(1)
    middle = page.data_page_offset + page.total_compressed_size // 2
    data[middle : middle + 64] = bytes(64)
    return bytes(data)


def test_damage_in_a_column_that_is_not_asked_for_is_not_noticed_column_by_column():
    (batch,) = pieces(spoilt(), columnwise=True)

    assert batch.columns["x"].to_pylist() == NUMBERS


def test_damage_in_any_column_is_noticed_row_by_row():
    rejects = pieces(spoilt(), columnwise=False)

    assert [(type(piece), piece.reason, piece.rows) for piece in rejects] == [(Reject, "damaged", ROWS)]


class OpenVault(encryption.KmsClient):
    """Keeps keys without a lock."""

    def __init__(self):
        encryption.KmsClient.__init__(self)

    def wrap_key(self, key_bytes, _):
        return base64.b64encode(key_bytes)


@pytest.mark.parametrize("plain", [True, False], ids=["plain footer", "encrypted footer"])
def test_an_encrypted_file_is_one_reject(plain):
    how = {"footer_key": "f", "column_keys": {"k": ["x"]}, "data_key_length_bits": 128, "plaintext_footer": plain}
    factory = encryption.CryptoFactory(lambda _: OpenVault())
    secret = factory.file_encryption_properties(
        encryption.KmsConnectionConfig(), encryption.EncryptionConfiguration(**how)
    )
    data = written(pa.table({"x": [1], "y": [2]}), encryption_properties=secret)

    assert [(piece.reason, piece.rows) for piece in pieces(data, columnwise=False)] == [
        ("unknown_format" if plain else "not_text", 1)
    ]


def test_a_footer_of_fewer_rows_than_none_is_damage():
    data = written(pa.table({"x": NUMBERS[:60]}), write_statistics=False, use_dictionary=False)
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    lying = data[:footer] + data[footer:].replace(bytes([120]), bytes([119]))  # 60 is -60 in Thrift's zigzag

    assert [piece.reason for piece in pieces(lying, columnwise=False)] == ["damaged"]


def test_every_row_counts_where_a_place_lies_beyond_the_dictionary():
    data = bytearray(written(pa.table({"s": ["a", "b", "c"] * 200}), compression="NONE", write_statistics=False))
    data[len(data) - 8 - int.from_bytes(data[-8:-4], "little") - 1] = 255  # of the last page's places, two bits each

    assert [(piece.reason, piece.rows) for piece in pieces(bytes(data), columnwise=False)] == [("damaged", 600)]
