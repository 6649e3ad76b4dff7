"""What bounds the memory of a reading: laws and edges that the process tests cannot show one by one."""

from __future__ import annotations

import base64
import gzip
import io
import json
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atalaia.logs import ReadLimits, read_log
from atalaia.logs.csvfile import split_blocks
from atalaia.logs.framing import Piece, Stream
from atalaia.logs.parquetpages import check_pages
from atalaia.logs.records import RejectedError, shortened
from atalaia.profile.text_counter import read_lengths
from atalaia.rows import LogObject
from atalaia.schema import Column, Kind, Type

ROW = b'{"a":1}\n'


def stored(table, **options):
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer


@given(st.text(max_size=600), st.text(max_size=600))
def test_different_names_stay_different_when_they_are_shortened(one, other):
    assert (shortened(one) == shortened(other)) == (one == other)


@given(st.text(max_size=600))
def test_a_shortened_name_has_a_bearable_length(name):
    assert len(shortened(name)) <= 256


@pytest.mark.parametrize("others", [[], [1]], ids=["among texts", "among numbers"])
def test_a_very_long_text_is_read_whole(read, others):
    texts = ["é" * 1_100_000, *others]
    got = read("".join(json.dumps({"a": text}) + "\n" for text in texts))

    assert got.rows == [{"a": str(text)} for text in texts]


def test_members_after_more_padding_than_a_buffer_are_read(read):
    got = read(gzip.compress(ROW) + bytes(1 << 20) + gzip.compress(ROW))

    assert (len(got.rows), got.rejects) == (2, [])


@given(st.lists(st.sampled_from([b'"', b"\n", b",", b"x"]), max_size=200).map(b"".join), st.integers(1, 50))
@settings(deadline=None)
def test_blocks_of_csv_put_together_are_the_file(data, repeat):
    data = (data + b"\n") * repeat

    blocks = list(split_blocks(Stream(io.BytesIO(data), ReadLimits()), 1 << 25))

    assert b"".join(block.data for block in blocks if isinstance(block, Piece)) == data


def test_a_block_of_csv_ends_outside_quotes(read):
    cell = '"' + "x\n" * 300_000 + '"'
    got = read("a,b\n" + f"{cell},1\n" * 5, path="logs/a.csv")

    assert [row["b"] for row in got.rows] == [1] * 5


def test_a_key_over_many_leaves_is_not_repeated_in_full(read):
    got = read(json.dumps({"k" * 100_000: {str(place): place for place in range(100)}}) + "\n")

    assert len(got.rows[0]) == 100
    assert max(map(len, got.rows[0])) < 256


def test_rows_of_ever_new_names_make_narrow_batches(read):
    got = read(b"".join(b'{"k%d":1}\n' % place for place in range(3000)))

    assert len(got.rows) == 3000
    assert max(batch.rows * len(batch.columns) for batch in got.batches) <= 1 << 16


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "zstd"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_the_pages_of_a_column_hold_all_its_values(version, compression, dictionary):
    table = pa.table({"a": [f"v{place % 900}" for place in range(50_000)]})
    options = {"data_page_version": version, "compression": compression, "use_dictionary": dictionary}
    file = stored(table, data_page_size=4096, **options)
    chunk = pq.read_metadata(file).row_group(0).column(0)
    start = chunk.dictionary_page_offset or chunk.data_page_offset

    pages = check_pages(file, start, start + chunk.total_compressed_size, 1 << 20)

    assert pages.values == 50_000


def test_a_page_larger_than_allowed_is_refused_before_it_is_read():
    file = stored(pa.table({"a": ["x" * 100_000]}), use_dictionary=False, compression="zstd")
    chunk = pq.read_metadata(file).row_group(0).column(0)
    start = chunk.data_page_offset

    with pytest.raises(RejectedError, match="too_large"):
        check_pages(file, start, start + chunk.total_compressed_size, 99_999)


@given(st.binary(max_size=300))
def test_pages_of_any_bytes_are_accepted_or_refused(data):
    with suppress(RejectedError):
        pages = check_pages(io.BytesIO(data), 0, len(data), 1 << 20)

        assert pages.first >= 0


def test_long_text_beyond_ascii_in_a_payload_is_refused(read):
    line = {"id": "k", "reqType": "a.b.request", "bytes": base64.b64encode(b"\xc3\xa9" * (9 << 20)).decode()}

    assert read(json.dumps(line)).reasons == ["too_large"]


def test_long_text_beyond_ascii_in_a_csv_file_is_refused(read):
    got = read(b"a,b\n1,\xc3\xa9" + b"x" * (17 << 20) + b"\n2,x\n", path="logs/a.csv")

    assert (got.rows, got.reasons) == ([{"a": 2, "b": "x"}], ["too_large"])


def test_many_rows_whose_names_repeat_a_long_key_are_refused(read):
    leaves = {str(place): 1 for place in range(1000)}
    rows = [{"k" * 240: leaves} for _ in range(200)]

    got = read(json.dumps({"dataframe_records": rows}) + "\n")

    assert [(reject.reason, reject.rows) for reject in got.rejects] == [("too_large", 200)]


def test_a_list_of_far_more_values_than_its_bytes_is_refused(read):
    file = stored(pa.table({"a": pa.array([[1] * 3_000_000], pa.list_(pa.int64()))}))

    assert read(file.getvalue()).reasons == ["too_large"]


def test_a_text_that_many_parquet_rows_share_is_held_once(read):
    text = "t" * 100_000
    shared = pa.DictionaryArray.from_arrays(pa.array([0, None] * 500, pa.int32()), pa.array([text]))
    got = read(stored(pa.table({"a": shared})).getvalue())

    (batch,) = got.batches
    assert got.rows == [{"a": text}, {}] * 500
    assert batch.columns["a"].nbytes < 2 * len(text)


def test_each_batch_holds_only_its_own_long_texts(read):
    texts = [str(place) * 20_000 for place in range(4)]
    got = read(stored(pa.table({"a": texts})).getvalue(), limits=ReadLimits(batch_rows=2))

    assert [batch.columns["a"].dictionary.to_pylist() for batch in got.batches] == [texts[:2], texts[2:]]


def test_lengths_of_long_texts_are_true_however_a_parquet_file_is_read(read):
    data = stored(pa.table({"a": ["t" * 100_000, "t"] * 10_000})).getvalue()
    column = Column("a", type=Type.STRING, kind=Kind.TEXT)

    for columnwise in (False, True):
        batches = read_log(io.BytesIO(data), LogObject("a", "e", len(data), 0), columnwise=columnwise)
        lengths = np.concatenate([read_lengths(column, batch.columns["a"]).values for batch in batches])
        assert lengths.tolist() == [100_000, 1] * 10_000


def kserve(rows, content):
    payload = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([content]))
    side = pa.array(["a.b.request"] * rows)
    table = {"bytes": payload, "id": [str(row) for row in range(rows)], "reqType": side, "occurrenceTime": side}
    return stored(pa.table(table)).getvalue()


def test_a_long_payload_in_parquet_is_read(read):
    body = json.dumps({"instances": [{"a": place} for place in range(3000)]})
    got = read(kserve(2, base64.b64encode(body.encode()).decode()))

    assert [row["a"] for row in got.rows] == [*range(3000)] * 2


def test_a_payload_that_a_small_parquet_file_repeats_too_often_is_refused(read):
    got = read(kserve(20_000, base64.b64encode(b"[1]" + b" " * 20_000).decode()))

    assert [(reject.reason, reject.rows) for reject in got.rejects] == [("too_large", 20_000)]
