from __future__ import annotations

import json

import pytest

from atalaia.errors import ReferenceRefusedError
from atalaia.logs import PayloadNames, ReadLimits
from atalaia.window import parse_time

ROOT = "c/modelDataCollector/ep/blue"
NAMES = PayloadNames(inputs=("a", "b"), outputs=("score",))


def event(data=None, *, kind="model_inputs", event_id="id1", **more):
    value = {"specversion": "1.0", "id": event_id, "type": f"azureml.inference.{kind}", "time": "2023-01-01T00:00:00Z"}
    if data is not None:
        value["data"] = data
    return json.dumps({**value, "correlationid": "test", **more}) + "\n"


def at(collection):
    return f"{ROOT}/{collection}/2023/10/11/20/4fda000002.jsonl"


def test_rows_of_one_event_share_its_id_and_not_the_correlation_id(read):
    got = read(event([{"a": 1}, {"a": 2}]) + event([{"a": 3}], event_id="id2"))

    assert (got.ids, got.index) == (["id1", "id1", "id2"], [0, 1, 0])


def test_the_record_time_is_the_events_and_not_the_folders(read):
    assert read(event([{"a": 1}]), at("model_inputs")).times == [parse_time("2023-01-01T00:00:00Z")]


@pytest.mark.parametrize(
    ("collection", "sides"),
    [
        ("model_inputs", {"input"}), ("model_outputs", {"output"}), ("request", {"input"}), ("response", {"output"}),
        ("model_inputs_outputs", {"input", "output", "label"}), ("my_own", {"input", "output", "label"}),
    ],
)  # fmt: skip
def test_the_folder_tells_the_side_against_the_type(read, collection, sides):
    assert read(event([{"a": 1}]), at(collection)).sides == [sides]


@pytest.mark.parametrize(
    ("kind", "sides"), [("inputs", {"input"}), ("model_outputs", {"output"}), ("x", {"input", "output", "label"})]
)
def test_without_a_collectors_folder_the_type_tells_the_side(read, kind, sides):
    assert read(event([{"a": 1}], kind=kind)).sides == [sides]


def test_a_request_payload_of_lists_is_rows(read):
    got = read(event({"data": [[1, 2], [3, 4]]}, kind="request"), names=NAMES)

    assert got.rows == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]


def test_a_response_payload_of_scalars_is_a_prediction_each(read):
    assert read(event([11.5, 45.25], kind="response"), names=NAMES).rows == [{"score": 11.5}, {"score": 45.25}]


def test_a_dataref_is_followed(read):
    got = read(event(dataref="https://x/files/part0.json"), follow=lambda *_: b'[\n\t{"a":1},\n\t{\n"a":2}]')

    assert (got.rows, got.ids) == ([{"a": 1}, {"a": 2}], ["id1", "id1"])


def test_data_in_a_blob_are_followed(read):
    got = read(event("https://x/blob", kind="request", datainblob="true"), names=NAMES, follow=lambda *_: b"[[1,2]]")

    assert got.rows == [{"a": 1, "b": 2}]


def test_a_refused_reference_is_rejected_for_its_reason(read):
    def follow(reference, limit):
        raise ReferenceRefusedError("reference_missing", f"{reference} within {limit}")

    assert read(event(dataref="x"), follow=follow).reasons == ["reference_missing"]


def test_a_reference_over_the_limit_is_rejected(read):
    got = read(event(dataref="x"), follow=lambda *_: b"[" + b" " * 99 + b"]", limits=ReadLimits(reference_bytes=50))

    assert got.reasons == ["reference_too_large"]


def test_a_reference_is_never_followed_without_a_follower(read):
    assert read(event(dataref="x")).reasons == ["reference_outside"]


def test_the_printed_form_of_a_data_frame_is_rejected(read):
    assert read(event("   a  b\n0  1  2", datacontenttype="application/octet-stream")).reasons == ["unknown_payload"]


def test_an_event_without_data_holds_no_rows(read):
    assert read(event()).reasons == ["no_rows"]


def test_a_null_in_a_row_is_missing(read):
    assert read(event([{"a": None, "b": 1}])).rows == [{"b": 1}]


def test_a_list_in_a_row_is_compact_json_text(read):
    assert read(event([{"chat_history": [{"q": 1}], "a": 1}])).rows[0]["chat_history"] == '[{"q":1}]'


def test_a_line_ending_in_a_comma_is_rejected_and_the_rest_goes_through(read):
    got = read(event([{"a": 1}]) + event([{"a": 2}]).strip() + ",\n" + event([{"a": 3}]))

    assert ([row["a"] for row in got.rows], got.reasons) == ([1, 3], ["not_json"])


def test_a_half_line_at_the_end_is_left_for_later(read):
    whole = event([{"a": 1}])

    got = read(whole + '{"specversion":"1.0","da')

    assert (len(got.rows), got.reasons, got.reading.consumed) == (1, ["unfinished_line"], len(whole))


def test_a_whole_last_line_without_an_end_is_taken(read):
    data = event([{"a": 1}]) + event([{"a": 2}]).strip()

    got = read(data)

    assert (len(got.rows), got.reasons, got.reading.consumed) == (2, [], len(data))


def test_the_path_makes_an_object_of_broken_lines_the_collectors(read):
    assert read('{"a": 1}\n', at("model_inputs")).reasons == ["not_a_record"]
