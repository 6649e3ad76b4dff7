from __future__ import annotations

import gzip
import io
import json
import os
import tracemalloc
import weakref
from itertools import pairwise
from types import SimpleNamespace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atalaia.logs import ReadLimits, read_log
from atalaia.logs.batching import Batcher
from atalaia.logs.csvblocks import rows_of_block, split_blocks
from atalaia.logs.documents import split_values
from atalaia.logs.framing import Piece, split_lines
from atalaia.logs.records import Record
from atalaia.monitor_file import LogFormat
from atalaia.rows import ALL_SIDES, LogObject, Reject

LINES = b'{"a": 1}\n{"a": 2}\n{"a": 3}\n'
ROWS = [{"a": 1}, {"a": 2}, {"a": 3}]


def chunked(data, cuts):
    """A stream that hands out *data* cut at the given places."""
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return SimpleNamespace(chunks=lambda: iter([data[a:b] for a, b in pairwise(places)]))


class Text(str):
    """A text of which it can be told whether it is still held."""

    __slots__ = ("__weakref__",)


def test_the_values_of_a_batch_are_let_go_when_it_is_handed_on():
    text = Text("long")
    held, batcher = weakref.ref(text), Batcher(1)
    assert next(batcher.add(Record([{"a": text}, {"a": "b"}], ALL_SIDES), 4)).columns["a"].to_pylist() == ["long"]
    del text

    assert held() is None


def test_of_a_long_line_no_copies_are_held_while_its_rows_are_counted():
    size = 4 << 20
    data = (b'{"a":"' + b"x" * size + b'"}\n') * 4
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    reading = read_log(io.BytesIO(data), LogObject("logs/a.jsonl", "e", len(data), 0), limits=ReadLimits(block_bytes=1))
    held = [tracemalloc.get_traced_memory()[0] - before for _ in reading]
    tracemalloc.stop()

    assert len(held) == 4
    assert max(held) < 2 * size  # the block, and what was read of the next one; Arrow's memory is not counted


def test_plain_lines_are_read(read):
    assert read(LINES).rows == ROWS


@pytest.mark.parametrize("path", ["a.jsonl", "a.gz", "a.zst", "a.bin"])
@pytest.mark.parametrize("pack", [gzip.compress, lambda data: pa.compress(data, "zstd", asbytes=True), bytes])
def test_compression_is_told_by_magic_bytes_and_not_by_the_extension(read, pack, path):
    assert read(pack(LINES), path).rows == ROWS


def test_a_gzip_of_many_members_is_read_to_its_end(read):
    assert read(gzip.compress(LINES) + gzip.compress(LINES) + b"\0" * 9).rows == ROWS * 2


def test_zstd_of_many_frames_is_read_to_its_end(read):
    assert read(pa.compress(LINES, "zstd", asbytes=True) * 2).rows == ROWS * 2


def test_why_names_the_compression(read):
    assert "gzip" in read(gzip.compress(LINES)).reading.why


def test_a_byte_order_mark_is_no_part_of_the_first_line(read):
    assert read(b"\xef\xbb\xbf" + LINES).rows == ROWS


def test_windows_line_ends_and_blank_lines_are_no_rows(read):
    assert read(LINES.replace(b"\n", b"\r\n\r\n")).rows == ROWS


def test_a_reject_names_the_bytes_of_its_line(read):
    got = read(b'{"a": 1}\n{"a": \n{"a": 3}\n')

    assert [(r.reason, r.start, r.end) for r in got.rejects] == [("not_json", 9, 15)]


def test_a_line_over_the_limit_is_skipped(read):
    long = json.dumps({"a": "x" * 500}).encode() + b"\n"

    got = read(LINES + long + LINES, limits=ReadLimits(line_bytes=100))

    assert (got.rows, got.rejects) == (ROWS * 2, [Reject("line_too_long", 27, 27 + len(long) - 1)])


def test_deep_nesting_is_rejected_and_not_followed(read):
    deep = b'{"a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}\n"

    got = read(LINES + deep + LINES)

    assert (got.rows, got.reasons) == (ROWS * 2, ["nested_too_deep"])


def test_the_depth_limit_is_exact(read):
    def nested(depth):
        return b'{"b": ' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}\n"

    assert [read(nested(depth), limits=ReadLimits(depth=20)).reasons for depth in (20, 21)] == [[], ["nested_too_deep"]]


def test_deep_nesting_inside_a_payload_is_rejected(read):
    capture = {"captureData": {"endpointInput": {"data": "[" * 10_000 + "]" * 10_000, "encoding": "JSON"}}}

    assert read(json.dumps(capture)).reasons == ["nested_too_deep"]


def test_a_decompression_bomb_is_stopped(read):
    bomb = gzip.compress(b'{"a": 1}\n' * 200_000)

    got = read(bomb, limits=ReadLimits(expanded_bytes=100_000))

    assert got.reasons == ["too_large"]
    assert len(got.rows) <= 100_000


def test_a_bomb_is_stopped_by_its_ratio(read):
    bomb = gzip.compress(b" " * (80 << 20))

    assert read(bomb, limits=ReadLimits(expansion_ratio=100)).reasons == ["too_large"]


def test_what_a_truncated_gzip_still_holds_goes_through(read):
    lines = b"".join(json.dumps({"a": os.urandom(8).hex()}).encode() + b"\n" for _ in range(2000))
    whole = gzip.compress(lines)

    got = read(whole[: len(whole) // 2])

    assert got.reasons == ["damaged"]
    assert 500 < len(got.rows) < 2000


def test_what_a_truncated_zstd_still_holds_goes_through(read):
    lines = b"".join(json.dumps({"a": os.urandom(8).hex()}).encode() + b"\n" for _ in range(50_000))
    whole = pa.compress(lines, "zstd", asbytes=True)

    got = read(whole[: len(whole) // 2])

    assert got.reasons == ["damaged"]
    assert 5_000 < len(got.rows) < 50_000


def test_an_empty_object_has_neither_rows_nor_rejects(read):
    got = read(b"")

    assert (got.rows, got.rejects, got.reading.consumed) == ([], [], 0)
    assert "empty" in got.reading.why


@pytest.mark.parametrize("blank", [b"\n\n", b"  \r\n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_an_object_of_blanks_has_neither_rows_nor_rejects(read, blank):
    got = read(blank)

    assert (got.rows, got.rejects) == ([], [])


@pytest.mark.parametrize("data", [b"\x00\x01\x02\x03" * 50, "größe".encode("utf-16"), b"\xff\xfe\xfd" * 40])
def test_binary_garbage_is_one_reject(read, data):
    assert read(data).reasons == ["not_text"]


def test_prose_is_of_no_known_format(read):
    assert read("It was a dark night.\nNobody logged anything\n").reasons == ["unknown_format"]


def test_a_line_that_is_not_utf8_is_rejected_alone(read):
    assert read(b'{"a": "\xff"}\n' + LINES).reasons == ["not_text"]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_array_is_a_row_per_element(read, indent):
    assert read(json.dumps(ROWS, indent=indent)).rows == ROWS


def test_pretty_printed_objects_are_rows(read):
    assert read("\n".join(json.dumps(row, indent=2) for row in ROWS)).rows == ROWS


def test_an_array_larger_than_what_is_looked_at_is_read_by_element(read):
    rows = [{"a": number, "text": 'x"[{,\\' * 20} for number in range(6000)]

    got = read(json.dumps(rows))

    assert [row["a"] for row in got.rows] == list(range(6000))


def test_a_broken_element_is_rejected_alone(read):
    got = read('[\n{"a": 1},\n{"a": oops},\n{"a": 3}\n]')

    assert (got.rows, got.reasons) == ([{"a": 1}, {"a": 3}], ["not_json"])


def test_an_array_that_ends_early_is_damaged(read):
    got = read('[\n{"a": 1},\n{"a": 2},\n{"a": ')

    assert (got.rows, got.reasons) == ([{"a": 1}, {"a": 2}], ["damaged"])


def test_a_value_over_the_limit_ends_a_document(read):
    data = json.dumps([{"a": 1}, {"a": "x" * 600_000}], indent=1)

    assert read(data, limits=ReadLimits(line_bytes=300_000)).reasons == ["line_too_long"]


def test_batches_hold_no_more_rows_than_the_limit(read):
    got = read(LINES * 10, limits=ReadLimits(batch_rows=7))

    assert [batch.rows for batch in got.batches] == [7, 7, 7, 7, 2]


def test_rows_of_ever_new_names_make_smaller_batches(read):
    lines = b"".join(json.dumps({f"k{row}_{place}": 1 for place in range(40)}).encode() + b"\n" for row in range(600))

    got = read(lines)

    assert len(got.rows) == 600
    assert len(got.batches) > 1


class Repeated(io.RawIOBase):
    """A file of the same line over and over, which is never in memory as a whole."""

    LINE = b'{"a": 1, "b": "some text of a row"    }\n'

    def __init__(self, lines):
        self.left = lines

    def read(self, size=-1):
        take = min(size // len(self.LINE), self.left)
        self.left -= take
        return self.LINE * take


def peak_of_reading(lines):
    tracemalloc.start()
    limits = ReadLimits(block_bytes=1 << 18)
    rows = sum(item.rows for item in read_log(Repeated(lines), LogObject("a.jsonl", "", 0, 0), limits=limits))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == lines
    return peak


def test_memory_does_not_grow_with_the_object():
    peak_of_reading(1_000)

    assert peak_of_reading(60_000) < 1.5 * peak_of_reading(20_000)


TEXT = st.text(st.sampled_from('ab,"\\\n[]{} :1'), max_size=60)


@given(TEXT, st.lists(st.integers(0, 60)), st.integers(1, 70))
def test_lines_do_not_depend_on_how_the_bytes_arrive(text, cuts, limit):
    data = text.encode()

    assert list(split_lines(chunked(data, cuts), limit)) == list(split_lines(chunked(data, []), limit))


@given(TEXT)
def test_lines_are_those_of_a_plain_split(text):
    pieces = [piece.data for piece in split_lines(chunked(text.encode(), []), 100)]

    assert [line for line in pieces if line] == [line for line in text.encode().split(b"\n") if line]


@given(TEXT, st.lists(st.integers(0, 60)))
def test_values_do_not_depend_on_how_the_bytes_arrive(text, cuts):
    data = text.encode()

    assert list(split_values(chunked(data, cuts), 1000)) == list(split_values(chunked(data, []), 1000))


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(st.lists(JSON, max_size=5), st.sampled_from([None, 1]), st.lists(st.integers(0, 300)))
def test_an_array_splits_into_its_elements(values, indent, cuts):
    data = json.dumps(values, indent=indent).encode()

    assert [json.loads(piece.data) for piece in split_values(chunked(data, cuts), 1 << 20)] == values


@given(TEXT, st.lists(st.integers(0, 60)))
def test_blocks_of_csv_hold_every_byte(text, cuts):
    blocks = list(split_blocks(chunked(text.encode(), cuts), 1000))

    assert b"".join(block.data for block in blocks) == text.encode()


@given(TEXT)
def test_rows_of_a_block_follow_one_another(text):
    rows = list(rows_of_block(Piece(0, len(text), text.encode(), text.endswith("\n"))))

    assert all(a.end <= b.start for a, b in pairwise(rows))


def test_a_jsonl_format_that_is_told_is_not_guessed(read):
    capture = '{"captureData": {"x": 1}}\n'

    assert read(capture, format=LogFormat.JSONL).rows == [{"captureData.x": 1}]
