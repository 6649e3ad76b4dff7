"""Whatever an object holds, reading it raises nothing and loses no line."""

from __future__ import annotations

import base64
import gzip
import io
import json
import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atalaia.logs import PayloadNames, ReadLimits, read_log
from atalaia.monitor_file import LogFormat
from atalaia.rows import REASONS, LogObject, Reject

KEYS = st.sampled_from(
    [
        "captureData", "endpointInput", "endpointOutput", "groundTruthData", "data", "encoding", "eventMetadata",
        "eventId",
        "inferenceTime", "specversion", "type", "dataref", "bytes", "reqType", "id", "instances", "inputs", "outputs",
        "predictions", "shape", "datatype", "name", "features", "error", "dataframe_split", "columns",
        "SageMakerOutput",
        "SageMakerInferenceId", "SageMakerInferenceTime", "prefix", "label", "a", "b", "",
    ]
)  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["CSV", "JSON", "BASE64", "1,2\n3,4", "2026-03-01T12:00:00Z", "x.request", "[[1],[2]]", "e30="])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
NAMES = st.sampled_from([PayloadNames(), PayloadNames(("a", "b"), ("p",), ("label",))])
CAPTURE = {
    "captureData": {
        "endpointInput": {"data": "1,2\n3,4", "encoding": "CSV", "mode": "INPUT", "observedContentType": "text/csv"},
        "endpointOutput": {"data": "0.1\n0.2", "encoding": "CSV", "mode": "OUTPUT", "observedContentType": None},
    },
    "eventMetadata": {"eventId": "e1", "inferenceTime": "2026-03-01T12:00:00Z"},
    "eventVersion": "0",
}
COLLECTED = {
    "specversion": "1.0", "id": "c1", "type": "azureml.inference.model_inputs", "time": "2026-03-01T12:00:00Z",
    "data": [{"a": 1, "b": "x"}], "correlationid": "test",
}  # fmt: skip
LOGGED = {
    "bytes": base64.b64encode(b'{"instances":[[1,2],[3,4]]}').decode(), "id": "k1", "reqType": "a.b.request",
    "occurrenceTime": "0001-01-01T00:00:00Z",
}  # fmt: skip
PLAIN = {"a": 1, "b": "x"}
ENVELOPES = {"sagemaker": CAPTURE, "azureml": COLLECTED, "kserve": LOGGED, "jsonl": PLAIN}
OFTEN = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def rows_and_rejected(data, path="logs/object.jsonl", **options):
    """Read everything, and return how many rows came out and how many were rejected."""
    rows = rejected = 0
    for item in read_log(io.BytesIO(data), LogObject(path, "e", len(data), 0), **options):
        if isinstance(item, Reject):
            assert item.reason in REASONS
            assert 0 <= item.start <= item.end
            assert item.rows >= 1
            rejected += item.rows
        else:
            assert all(len(column) == item.rows for column in item.columns.values())
            assert len(item.record_times) == len(item.record_index) == item.rows > 0
            rows += item.rows
    return rows, rejected


def placed(envelope, value):
    """Put any JSON value where an envelope keeps its payload."""
    line = json.loads(json.dumps(ENVELOPES[envelope]))
    if envelope == "sagemaker":
        line["captureData"]["endpointInput"] = {"data": json.dumps(value), "encoding": "JSON"}
    elif envelope == "kserve":
        line["bytes"] = base64.b64encode(json.dumps(value).encode()).decode()
    elif envelope == "azureml":
        line["data"] = value
    else:
        line = value
    return line


@OFTEN
@given(st.binary(max_size=300), st.sampled_from(list(LogFormat)), NAMES)
def test_any_bytes_are_read_or_rejected(data, chosen, names):
    rows, rejected = rows_and_rejected(data, format=chosen, names=names)

    blank = not data.removeprefix(b"\xef\xbb\xbf").strip()
    assert rows + rejected >= 1 or blank or chosen in (LogFormat.AUTO, LogFormat.CSV, LogFormat.SAGEMAKER)


@OFTEN
@given(
    st.binary(max_size=100),
    st.sampled_from([b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"\xef\xbb\xbf", b"{", b"[", b'a,b\n1,"']),
)
def test_bytes_after_any_magic_are_read_or_rejected(data, magic):
    rows, rejected = rows_and_rejected(magic + data)

    assert rows + rejected >= (1 if magic in (b"PAR1", b"{") else 0)


@OFTEN
@given(st.lists(VALUES, min_size=1, max_size=5), st.sampled_from(sorted(ENVELOPES)), NAMES)
def test_any_json_value_inside_any_envelope_is_rows_or_a_reject(values, envelope, names):
    lines = [placed(envelope, value) for value in values]
    data = "\n".join(map(json.dumps, [ENVELOPES[envelope], *lines])).encode() + b"\n"

    rows, rejected = rows_and_rejected(data, format=LogFormat(envelope), names=names)

    assert rows + rejected >= 1 + len(lines)


@OFTEN
@given(st.lists(VALUES, min_size=1, max_size=5), st.sampled_from(sorted(ENVELOPES)), NAMES)
def test_any_json_value_in_place_of_a_record_is_rows_or_a_reject(values, envelope, names):
    data = "\n".join(map(json.dumps, [ENVELOPES[envelope], *values])).encode() + b"\n"

    rows, rejected = rows_and_rejected(data, format=LogFormat(envelope), names=names)

    assert rows + rejected >= 1 + len(values)


@OFTEN
@given(VALUES, st.sampled_from([None, 1]), st.sampled_from(list(LogFormat)), NAMES)
def test_any_json_document_is_read_or_rejected(value, indent, chosen, names):
    rows, rejected = rows_and_rejected(json.dumps(value, indent=indent).encode(), format=chosen, names=names)

    assert rows + rejected >= 1 or value in ([], "") or chosen is LogFormat.CSV


@OFTEN
@given(st.data(), st.sampled_from(sorted(ENVELOPES)))
def test_a_mutated_line_is_rows_or_a_reject(data, envelope):
    good = json.dumps(ENVELOPES[envelope]).encode()
    line = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(line) - 1))
        line[at : at + data.draw(st.integers(0, 6))] = data.draw(
            st.binary(max_size=3).map(lambda b: b.replace(b"\n", b""))
        )
        line = line or bytearray(b"x")

    rows, rejected = rows_and_rejected(b"\n".join([good, bytes(line), good]) + b"\n", format=LogFormat(envelope))

    per_record = {"sagemaker": 2, "kserve": 2}.get(envelope, 1)
    assert rows + rejected >= 2 * per_record + bool(bytes(line).strip())


@OFTEN
@given(st.lists(st.text(max_size=12), min_size=1, max_size=20), NAMES)
def test_any_text_as_csv_is_rows_or_rejects(lines, names):
    lines = [line.replace('"', "") for line in lines]
    data = ("a,b\n" + "\n".join(lines)).encode("utf-8", "replace")

    rows, rejected = rows_and_rejected(data, format=LogFormat.CSV, names=names)

    held = sum(bool(line.strip("\r\n\ufeff")) for line in lines)  # a byte order mark alone is no row
    assert rows + rejected >= held - ("a,b" not in data.decode())


@OFTEN
@given(st.data(), st.sampled_from(["gzip", "zstd", "parquet"]))
def test_a_damaged_compressed_object_is_rows_and_rejects(data, kind):
    plain = b"\n".join([json.dumps(PLAIN).encode()] * 50)
    whole = bytearray(gzip.compress(plain) if kind == "gzip" else pa.compress(plain, "zstd", asbytes=True))
    if kind == "parquet":
        sink = io.BytesIO()
        pq.write_table(pa.table({"a": [1, None, 3], "b": ["x", "y", "z"]}), sink)
        whole = bytearray(sink.getvalue())
    for _ in range(data.draw(st.integers(0, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))

    rows, rejected = rows_and_rejected(bytes(whole[:cut]))

    assert rows + rejected >= (1 if cut > 4 else 0)


@given(st.lists(st.none() | st.integers() | st.floats() | st.booleans() | st.text(), min_size=1, max_size=20))
def test_every_value_of_a_column_is_kept_whatever_its_neighbours_are(values):
    data = "\n".join(json.dumps({"v": value, "w": 0}) for value in values).encode()

    column = [
        value
        for batch in read_log(io.BytesIO(data), LogObject("a.jsonl", "", len(data), 0), limits=ReadLimits(batch_rows=7))
        for value in batch.columns["v"].to_pylist()
    ]

    assert [value is None for value in column] == [value is None for value in values]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_a_bare_token_of_python_writers_is_a_float(read, text):
    got = read(f'{{"v": {text}}}\n')

    value = got.rows[0]["v"]
    assert math.isnan(value) if text == "NaN" else value == float(text)
