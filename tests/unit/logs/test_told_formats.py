"""Formats that the monitor file tells, and objects that break halfway in each of them."""

from __future__ import annotations

import base64
import gzip
import json
import os

import pytest

from atalaia.logs import PayloadNames, ReadLimits
from atalaia.monitor_file import LogFormat


def half_of(text):
    whole = gzip.compress(text.encode())
    return whole[: len(whole) // 2]


def test_half_a_compressed_csv_gives_its_first_rows(read):
    got = read(half_of("a,b\n" + "".join(f"{number},{os.urandom(6).hex()}x\n" for number in range(5000))))

    assert got.reasons == ["damaged"]
    assert 1000 < len(got.rows) < 5000
    assert got.reading.consumed == got.rejects[0].start


def test_half_a_compressed_array_gives_its_first_elements(read):
    got = read(half_of(json.dumps([{"a": number, "b": os.urandom(6).hex()} for number in range(5000)], indent=0)))

    assert got.reasons == ["damaged"]
    assert 1000 < len(got.rows) < 5000


def test_what_is_called_kserve_and_lacks_its_columns_is_rejected(read):
    assert read("a,b\n1,2\n", format=LogFormat.KSERVE).reasons == ["not_a_record"]


def test_csv_that_is_called_sagemaker_is_a_batch_output(read):
    got = read("1,2\n", format=LogFormat.SAGEMAKER)

    assert (got.rows, got.reading.format) == ([{"_c0": 1, "_c1": 2}], "sagemaker batch output")


def test_a_path_like_json_with_text_inside_is_rejected_line_by_line(read):
    assert read("oops\nnot json\n", "a.jsonl").reasons == ["not_json", "not_json"]


def test_text_that_is_called_jsonl_is_rejected_line_by_line(read):
    assert read("1,2\n3,4\n", format=LogFormat.JSONL).reasons == ["not_json", "not_json"]


def test_an_event_may_hold_its_data_in_base64(read):
    data = base64.b64encode(b'{"predictions": [1]}').decode()

    assert read(json.dumps({"specversion": "1.0", "type": "x.inference.response", "data_base64": data})).rows == [
        {"prediction": 1}
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [("x,a.request\n", "column_count"), ("x,a.request", "unfinished_line"), ('"x,a.request,1\n', "bad_csv")],
)
def test_a_broken_row_of_a_kserve_csv_is_rejected_alone(read, row, reason):
    body = base64.b64encode(b"[[1]]").decode()

    got = read(f"bytes,reqType,id\n{body},a.request,1\n{row}")

    assert (got.rows, got.reasons) == ([{"_c0": 1}], [reason])


@pytest.mark.parametrize(
    ("data", "encoding", "reason"),
    [
        ("null", "JSON", "no_rows"), ("age,income", "CSV", "no_rows"), ("{oops", "JSON", "unknown_payload"),
        ("a\x01b", "JSON", "unknown_payload"), ('"open', "CSV", "bad_csv"), (7, "CSV", "not_a_record"),
        ('{"dataframe_split": 3}', "JSON", "unknown_payload"),
        ('{"dataframe_split": {"columns": ["a"], "data": [[1, 2]]}}', "JSON", "column_count"),
    ],
)  # fmt: skip
def test_an_unusable_payload_is_rejected_for_its_reason(read, data, encoding, reason):
    line = {"captureData": {"endpointInput": {"data": data, "encoding": encoding}}, "eventMetadata": {"eventId": "e"}}

    assert read(json.dumps(line), names=PayloadNames(("age", "income"))).reasons == [reason]


def test_a_payload_over_the_limit_is_too_large(read):
    line = {"captureData": {"endpointInput": {"data": "1," * 500 + "1", "encoding": "CSV"}}}

    assert read(json.dumps(line), limits=ReadLimits(payload_bytes=100)).reasons == ["too_large"]


def test_a_compressed_payload_that_expands_too_far_is_too_large(read):
    data = base64.b64encode(gzip.compress(b"1," * 5000)).decode()
    line = {"captureData": {"endpointInput": {"data": data, "encoding": "BASE64"}}}

    assert read(json.dumps(line), limits=ReadLimits(payload_bytes=1000)).reasons == ["too_large"]


def test_a_manifest_larger_than_a_value_may_be_is_rejected(read):
    manifest = json.dumps([{"prefix": "s3://a/"}, *("x" * 50 for _ in range(6000))], indent=0)

    assert read(manifest, limits=ReadLimits(line_bytes=1000)).reasons == ["line_too_long"]


def test_a_damaged_manifest_is_rejected(read):
    whole = gzip.compress(
        json.dumps([{"prefix": "s3://a/"}, *(os.urandom(9).hex() for _ in range(60_000))], indent=0).encode()
    )

    assert read(whole[: len(whole) // 2]).reasons == ["damaged"]
