import io
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atalaia.errors import StoreError
from atalaia.store_file import StoreFile, open_object

CONTENT = bytes(range(256)) * 4


class Counting:
    def __init__(self, store):
        self.store = store
        self.uri = store.uri
        self.requests = 0

    def get_range(self, key, start, end):
        self.requests += 1
        return self.store.get_range(key, start, end)


def opened(store, content, buffer=64):
    store.put("a", content)
    return open_object(store, store.head("a"), buffer)


def test_reading_to_the_end_returns_the_content(store):
    assert opened(store, CONTENT).read() == CONTENT


def test_an_empty_object_is_an_empty_file(store):
    assert opened(store, b"").read() == b""


def test_reading_all_is_one_request(store):
    store.put("a", CONTENT)
    counting = Counting(store)

    open_object(counting, store.head("a"), 64).read()

    assert counting.requests == 1


def test_small_reads_are_served_from_the_buffer(store):
    store.put("a", CONTENT)
    counting = Counting(store)
    file = open_object(counting, store.head("a"), 1024)

    while file.read(10):
        pass

    assert counting.requests == 1


def test_lines_are_those_of_the_content(store):
    text = b"one\n" + b"x" * 200 + b"\nlast without end"

    assert list(opened(store, text)) == text.splitlines(keepends=True)


STEPS = st.lists(st.tuples(st.sampled_from(["seek", "move", "end", "read"]), st.integers(0, 1200)), max_size=12)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_it_behaves_as_a_file_in_memory_does(store, steps):
    file, oracle = opened(store, CONTENT), io.BytesIO(CONTENT)

    for step, number in steps:
        for each in (file, oracle):
            if step == "seek":
                each.seek(number)
            elif step == "move":
                each.seek(number // 3, os.SEEK_CUR)
            elif step == "end":
                each.seek(-min(number, len(CONTENT)), os.SEEK_END)
        if step == "read":
            assert file.read(number) == oracle.read(number)
        assert file.tell() == oracle.tell()


def test_parquet_reads_one_column_by_seeking(store):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"x": np.arange(1000), "y": np.arange(1000.0)}), sink)

    table = pq.read_table(opened(store, sink.getvalue().to_pybytes()), columns=["y"])

    assert table["y"].to_pylist() == list(map(float, range(1000)))


def test_what_was_appended_since_is_not_read(store):
    store.put("a", b"first\n")
    info = store.head("a")
    store.put("a", b"first\nsecond\n")

    assert open_object(store, info).read() == b"first\n"


def test_an_object_that_became_shorter_is_an_error(store):
    store.put("a", b"long content")
    info = store.head("a")
    store.put("a", b"short")

    with pytest.raises(StoreError, match="shorter"):
        open_object(store, info).read()


def test_a_place_before_the_start_is_an_error(store):
    with pytest.raises(ValueError, match="before the start"):
        opened(store, CONTENT).raw.seek(-1)


def test_an_unknown_whence_is_an_error(store):
    store.put("a", CONTENT)

    with pytest.raises(ValueError, match="whence"):
        StoreFile(store, store.head("a")).seek(0, 9)


def test_it_cannot_be_written(store):
    file = opened(store, CONTENT)

    assert not file.writable()
    with pytest.raises(io.UnsupportedOperation):
        file.write(b"x")


def test_its_name_is_the_uri(store):
    assert opened(store, CONTENT).name == f"{store.uri}/a"
