from __future__ import annotations

import datetime as dt
import decimal
import io
import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from atalaia.logs import PayloadNames, ReadLimits
from atalaia.monitor_file import LogFormat
from atalaia.rows import Reject

NAMES = PayloadNames(inputs=("age", "city"), outputs=("score",), labels=("y",))


def parquet_of(table):
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def types(got):
    return {name: str(column.type) for name, column in got.batches[0].columns.items()}


def test_a_header_names_the_columns(read):
    got = read("age,city\n1,Oslo\n2,Rome\n")

    assert (got.rows, got.reading.format) == ([{"age": 1, "city": "Oslo"}, {"age": 2, "city": "Rome"}], "csv")


def test_a_row_of_a_plain_file_carries_all_sides(read):
    assert read("age,city\n1,Oslo\n").sides == [{"input", "output", "label"}]


def test_without_a_header_columns_are_numbered(read):
    assert read("1,2\n3,4\n").rows == [{"_c0": 1, "_c1": 2}, {"_c0": 3, "_c1": 4}]


def test_text_columns_with_the_monitors_names_have_a_header(read):
    assert read("city,age\nOslo,1\n", names=NAMES).rows == [{"age": 1, "city": "Oslo"}]


def test_text_that_is_not_the_monitors_names_is_a_row(read):
    got = read("red,Oslo,low,no\nblue,Rome,high,yes\n", names=NAMES)

    assert got.rows[0] == {"age": "red", "city": "Oslo", "score": "low", "y": "no"}


def test_a_whole_row_has_the_order_of_the_monitor_file(read):
    names = PayloadNames(("age",), ("score",), ("y",), row=("y", "age", "score"))

    assert read("1,42,0.5\n0,43,0.6\n", names=names).rows[0] == {"y": 1, "age": 42, "score": 0.5}


def test_a_file_of_inputs_only_has_their_names(read):
    assert read("1,Oslo\n", "a.csv", names=NAMES).rows == [{"age": 1, "city": "Oslo"}]


def test_a_short_row_is_rejected_with_its_bytes_and_the_rest_goes_through(read):
    got = read("age,city\n1,Oslo\n2\n3,Rome\n")

    assert (len(got.rows), got.rejects) == (2, [Reject("column_count", 16, 18)])


def test_a_short_last_row_without_an_end_is_unfinished(read):
    got = read("age,city\n1,Oslo\n2")

    assert (got.reasons, got.reading.consumed) == (["unfinished_line"], 16)


def test_an_empty_field_is_missing(read):
    assert read("age,city\n,Oslo\n2,\n").rows == [{"city": "Oslo"}, {"age": 2}]


def test_the_text_nan_stays_a_nan(read):
    values = [row["a"] for row in read("a,b\nNaN,1\n2.5,2\n").rows]

    assert math.isnan(values[0])
    assert values[1] == 2.5


def test_the_text_null_stays_text(read):
    assert read("a,b\nnull,1\nNA,2\n").rows == [{"a": "null", "b": 1}, {"a": "NA", "b": 2}]


def test_a_column_with_one_word_is_text(read):
    assert [row["a"] for row in read("a,b\n1,1\nx,2\n").rows] == ["1", "x"]


def test_a_number_beyond_float64_makes_its_column_text(read):
    assert read("a,b\n1e400,1\n", format=LogFormat.CSV).rows == [{"a": "1e400", "b": 1}]


def test_quoted_commas_and_line_ends_stay_in_their_cells(read):
    got = read('name,age\n"Doe, ""J""",1\n"two\nlines",2\n')

    assert [row["name"] for row in got.rows] == ['Doe, "J"', "two\nlines"]


def test_an_unclosed_quote_costs_its_line_only(read):
    got = read('name,age\n"open,1\nb,2\nc,3\n')

    assert (got.reasons, [row["age"] for row in got.rows]) == (["bad_csv"], [2, 3])


def test_a_quote_inside_a_field_is_a_character(read):
    assert read('name,age\n5" pipe,1\nb,2\n').rows == [{"name": '5" pipe', "age": 1}, {"name": "b", "age": 2}]


def test_a_row_that_is_not_utf8_is_rejected_alone(read):
    got = read(b"name,age\nb\xe9,1\nb,2\n")

    assert (got.reasons, len(got.rows)) == (["not_text"], 1)


def test_repeated_names_are_told_apart(read):
    assert read("a,a,b\n1,2,3\n").rows == [{"a": 1, "a.1": 2, "b": 3}]


def test_a_large_csv_is_read_in_blocks_to_its_end(read):
    data = "a,b\n" + "".join(f'{number},"x, {number}"\n' for number in range(100_000))

    got = read(data)

    assert [row["a"] for row in got.rows] == list(range(100_000))
    assert got.reading.consumed == len(data)


def test_a_row_over_the_limit_is_skipped(read):
    got = read("a,b\n1,2\n" + "x" * 3_000_000 + "\n3,4\n", limits=ReadLimits(line_bytes=1_000_000))

    assert (got.reasons, got.rows[-1]) == (["line_too_long"], {"a": 3, "b": 4})


def test_a_parquet_file_keeps_its_types(read):
    table = pa.table(
        {
            "i": [1, None],
            "f": [0.5, math.inf],
            "t": [dt.datetime(2026, 3, 1, tzinfo=dt.UTC)] * 2,
            "b": [True, False],
        }
    )

    got = read(parquet_of(table))

    assert types(got) == {"i": "int64", "f": "double", "t": "timestamp[us, tz=UTC]", "b": "bool"}
    assert got.rows[1]["f"] == math.inf


def test_nested_parquet_columns_are_flattened_or_json(read):
    table = pa.table({"s": [{"x": 1, "y": {"z": "a"}}], "l": [[1, 2]], "d": [decimal.Decimal("1.5")]})

    assert read(parquet_of(table)).rows == [{"s.x": 1, "s.y.z": "a", "l": "[1,2]", "d": 1.5}]


def test_dictionaries_and_bytes_in_parquet_become_text(read):
    table = pa.table({"c": pa.array(["a", "b"]).dictionary_encode(), "b": [b"x", b"\xff"]})

    assert read(parquet_of(table)).rows == [{"c": "a", "b": "eA=="}, {"c": "b", "b": "/w=="}]


def test_an_inference_table_is_not_read_without_its_log(read):
    table = pa.table({"databricks_request_id": ["1", "2"], "request": ["{}"] * 2, "response": ["{}"] * 2})

    assert [(r.reason, r.rows) for r in read(parquet_of(table)).rejects] == [("needs_table_log", 2)]


def test_an_empty_parquet_file_has_neither_rows_nor_rejects(read):
    got = read(parquet_of(pa.table({"a": pa.array([], pa.int64())})))

    assert (got.batches, got.rejects) == ([], [])


@pytest.mark.parametrize("cut", [5, 40])
def test_a_damaged_parquet_file_is_one_reject(read, cut):
    assert read(parquet_of(pa.table({"a": [1, 2]}))[:-cut]).reasons == ["damaged"]


def test_parquet_that_would_expand_too_far_is_rejected_with_its_rows(read):
    got = read(parquet_of(pa.table({"a": ["x"] * 1000})), limits=ReadLimits(expanded_bytes=10))

    assert [(r.reason, r.rows) for r in got.rejects] == [("too_large", 1000)]


def test_what_is_called_parquet_and_is_not_is_damaged(read):
    assert read("a,b\n1,2\n", format=LogFormat.PARQUET).reasons == ["damaged"]


def test_mixed_types_become_canonical_text(read):
    got = read('{"v": true}\n{"v": 1.0}\n{"v": 2.5}\n{"v": null}\n{"v": "x"}\n')

    assert [row.get("v") for row in got.rows] == ["true", "1", "2.5", None, "x"]


def test_integers_and_floats_together_are_floats(read):
    assert types(read('{"v": 1}\n{"v": 2.5}\n')) == {"v": "double"}


def test_a_json_number_beyond_float64_is_not_infinity(read):
    assert [row["v"] for row in read('{"v": 1e400}\n{"v": Infinity}\n{"v": 1}\n').rows] == ["1e400", "Infinity", "1"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("9223372036854775808", "uint64"),
        ("18446744073709551616", "double"),
        ("1" * 400, "string"),
        ("1" * 5000, "string"),
    ],
)
def test_integers_beyond_64_bits_are_kept_as_they_fit(read, text, kind):
    assert types(read(f'{{"v": {text}}}\n')) == {"v": kind}


def test_of_a_repeated_key_the_last_value_counts(read):
    assert read('{"v": 1, "v": 2}\n').rows == [{"v": 2}]


def test_half_a_surrogate_pair_is_replaced(read):
    assert read('{"v": "a\\ud800b", "w": "\\ud83d\\ude00"}\n').rows == [{"v": "a\ufffdb", "w": "\U0001f600"}]
