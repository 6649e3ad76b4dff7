from __future__ import annotations

import base64
import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq

from atalaia.rows import NO_TIME
from atalaia.window import parse_time

REQUEST = base64.b64encode(b'{"instances":[[1,2],[3,4]]}').decode()
RESPONSE = base64.b64encode(b'{"predictions":[1,0]}').decode()


def record(kind="request", *, time="2026-03-10T09:46:05.123456789Z", record_id="k1"):
    return {
        "url": {"Scheme": "s3"},
        "bytes": REQUEST if kind == "request" else RESPONSE,
        "contentType": "application/json",
        "reqType": f"org.kubeflow.serving.inference.{kind}",
        "id": record_id,
        "occurrenceTime": time,
    }


def flat(kind):
    return {
        key: value if isinstance(value, str) else "s3://b"
        for key, value in record(kind).items()
        if key != "occurrenceTime"
    }


def test_one_record_is_an_object(read):
    got = read(json.dumps(record()))

    assert (got.rows, got.ids[0], got.reading.format) == (
        [{"_c0": 1, "_c1": 2}, {"_c0": 3, "_c1": 4}],
        "k1",
        "kserve json",
    )


def test_a_batch_is_an_array_of_requests_and_responses(read):
    got = read(json.dumps([record(), record("response")]))

    assert got.sides == [{"input"}] * 2 + [{"output"}] * 2


def test_a_time_of_nine_digits_is_read(read):
    assert read(json.dumps(record())).times[0] == parse_time("2026-03-10T09:46:05.123456Z")


def test_the_year_one_is_no_time(read):
    assert read(json.dumps(record(time="0001-01-01T00:00:00Z"))).times[0] == NO_TIME


def test_a_csv_batch_is_read_by_its_header(read):
    text = io.StringIO()
    writer = csv.DictWriter(text, flat("request"))
    writer.writeheader()
    writer.writerows([flat("request"), flat("response")])

    got = read(text.getvalue())

    assert (got.reading.format, len(got.rows), got.ids) == ("kserve csv", 4, ["k1"] * 4)


def test_a_csv_cell_larger_than_pythons_default_is_read(read):
    body = base64.b64encode(json.dumps({"instances": [["x" * 200_000]]}).encode()).decode()

    got = read(f"bytes,reqType,id\n{body},a.request,1\n")

    assert [len(row["_c0"]) for row in got.rows] == [200_000]


def test_a_parquet_batch_is_read(read):
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([flat("request"), flat("response")]), sink)

    got = read(sink.getvalue())

    assert (got.reading.format, got.sides) == ("kserve parquet", [{"input"}] * 2 + [{"output"}] * 2)


def test_a_parquet_batch_of_bytes_without_a_text_type_is_read(read):
    sink = io.BytesIO()
    columns = {name: pa.array([value.encode()], pa.binary()) for name, value in flat("request").items()}
    pq.write_table(pa.table(columns), sink)

    assert read(sink.getvalue()).ids == ["k1", "k1"]


def test_a_structured_cloudevent_is_read(read):
    value = {
        "specversion": "1.0",
        "type": "org.kubeflow.serving.inference.response",
        "id": "x",
        "data": {"predictions": [1, 1]},
    }

    got = read(json.dumps(value, indent=1))

    assert (got.rows, got.sides[0], got.ids[0]) == ([{"prediction": 1}] * 2, {"output"}, "x")


def test_an_unknown_kind_of_record_is_rejected(read):
    assert read(json.dumps(record("feedback"))).reasons == ["not_a_record"]


def test_a_record_without_bytes_holds_no_rows(read):
    assert read(json.dumps({**record(), "bytes": None})).reasons == ["no_rows"]
