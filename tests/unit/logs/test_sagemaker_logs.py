from __future__ import annotations

import base64
import gzip
import json

import pytest

from atalaia.errors import ReferenceRefusedError
from atalaia.logs import PayloadNames
from atalaia.rows import NO_TIME
from atalaia.window import parse_time

NAMES = PayloadNames(inputs=("age", "income"), outputs=("score",), labels=("bought",))


def part(data, encoding="CSV", content_type="text/csv"):
    return {"observedContentType": content_type, "mode": "INPUT", "data": data, "encoding": encoding}


def line(given=None, answer=None, label=None, *, time="2026-03-01T12:00:00Z", event="e1", **more):
    capture = {}
    if given is not None:
        capture["endpointInput"] = given
    if answer is not None:
        capture["endpointOutput"] = answer
    capture.update(more)
    value = {"eventVersion": "0", "eventMetadata": {"eventId": event, "inferenceTime": time}}
    if capture:
        value["captureData"] = capture
    if label is not None:
        value["groundTruthData"] = label
    return json.dumps(value) + "\n"


def b64(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


def test_one_record_holds_many_rows(read):
    got = read(line(part("1,2\n3,4\n"), part("0.1\n0.9\n")), names=NAMES)

    assert got.rows == [{"age": 1, "income": 2, "score": 0.1}, {"age": 3, "income": 4, "score": 0.9}]


def test_rows_of_a_record_keep_its_id_time_and_their_place(read):
    got = read(line(part("1,2\n3,4")), names=NAMES)

    time = parse_time("2026-03-01T12:00:00Z")
    assert (got.ids, got.times, got.index) == (["e1", "e1"], [time, time], [0, 1])


def test_a_record_of_both_sides_carries_both_sides(read):
    assert read(line(part("1,2"), part("0.5")), names=NAMES).sides == [{"input", "output"}]


def test_only_the_captured_side_is_carried(read):
    assert read(line(part("1,2")) + line(None, part("0.5")), names=NAMES).sides == [{"input"}, {"output"}]


def test_inputs_and_outputs_of_unequal_number_are_not_zipped(read):
    got = read(line(part("1,2\n3,4\n5,6"), part("0.1\n0.9")), names=NAMES)

    assert [(r.reason, r.rows, r.time) for r in got.rejects] == [("row_count", 3, parse_time("2026-03-01T12:00:00Z"))]


def test_unknown_inputs_are_named_as_sagemaker_names_them(read):
    assert read(line(part("1,2"), part("0.5"))).rows == [{"_c0": 1, "_c1": 2, "prediction": 0.5}]


def test_another_number_of_cells_than_names_is_rejected(read):
    assert read(line(part("1,2,3")), names=NAMES).reasons == ["column_count"]


@pytest.mark.parametrize("content_type", [None, "text/csv; charset=utf-8", "application/x-wrong", 7])
def test_the_content_type_decides_nothing(read, content_type):
    assert read(line(part("1,2", "CSV", content_type)), names=NAMES).rows == [{"age": 1, "income": 2}]


def test_base64_may_hide_csv(read):
    assert read(line(part(b64("1,2\n3,4"), "BASE64")), names=NAMES).rows[1] == {"age": 3, "income": 4}


def test_base64_may_hide_json(read):
    got = read(line(None, part(b64('{"predictions": [0.5, 0.6]}'), "BASE64")), names=NAMES)

    assert got.rows == [{"score": 0.5}, {"score": 0.6}]


def test_base64_may_hide_gzip_with_a_byte_order_mark(read):
    hidden = b64(gzip.compress(b"\xef\xbb\xbf[[1,2]]"))

    assert read(line(part(hidden, "BASE64")), names=NAMES).rows == [{"age": 1, "income": 2}]


def test_base64_of_an_array_file_is_an_unknown_payload(read):
    assert read(line(part("k05VTVBZAQB2AA==", "BASE64"))).reasons == ["unknown_payload"]


def test_broken_base64_is_damaged(read):
    assert read(line(part("%%%", "BASE64"))).reasons == ["damaged"]


def test_json_lines_inside_one_payload_are_rows(read):
    text = '{"features":[1,2]}\n{"features":[3,4]}\n'

    assert read(line(part(text, "JSON")), names=NAMES).rows == [{"age": 1, "income": 2}, {"age": 3, "income": 4}]


def test_json_inside_a_json_string_is_read(read):
    nested = json.dumps(json.dumps({"instances": [[1, 2]]}))

    assert read(line(part(nested, "JSON")), names=NAMES).rows == [{"age": 1, "income": 2}]


def test_rows_of_features_meet_predictions_with_names(read):
    given = json.dumps({"instances": [{"features": [1, 2]}, {"features": [3, 4]}]})
    answer = json.dumps({"predictions": [{"score": 0.9, "predicted_label": 1}, {"score": 0.2, "predicted_label": 0}]})

    got = read(line(part(given, "JSON"), part(answer, "JSON")), names=NAMES)

    assert got.rows[1] == {"age": 3, "income": 4, "score": 0.2, "predicted_label": 0}


def test_a_blank_csv_field_is_missing_and_not_zero(read):
    assert read(line(part("1,\n,4")), names=NAMES).rows == [{"age": 1}, {"income": 4}]


def test_a_blank_line_between_single_values_is_a_missing_value(read):
    got = read(line(part("1,2\n3,4\n5,6"), part("0.1\n\n0.3\n")), names=NAMES)

    assert [row.get("score") for row in got.rows] == [0.1, None, 0.3]


def test_quoted_commas_and_line_ends_stay_in_their_cells(read):
    names = PayloadNames(inputs=("name", "age", "note"))

    got = read(line(part('"Doe, Jane",42,""\n"line\nbreak",,7')), names=names)

    assert got.rows == [{"name": "Doe, Jane", "age": 42}, {"name": "line\nbreak", "note": 7}]


def test_a_csv_payload_may_have_the_monitors_names_as_header(read):
    assert read(line(part("income,age\n2,1")), names=NAMES).rows == [{"age": 1, "income": 2}]


def test_csv_text_nan_stays_visible(read):
    value = read(line(part("NaN,2")), names=NAMES).rows[0]["age"]

    assert value != value


def test_leading_zeros_make_a_column_text(read):
    assert read(line(part("007,2\n12,3")), names=NAMES).rows[0]["age"] == "007"


def test_an_unparseable_time_is_no_time(read):
    assert read(line(part("1,2"), time="{%s}"), names=NAMES).times == [NO_TIME]


def test_unquoted_spaces_after_commas_do_not_hide_numbers(read):
    assert read(line(part("1, 2")), names=NAMES).rows == [{"age": 1, "income": 2}]


def test_a_label_record_is_the_label_side(read):
    got = read(line(label={"data": "1", "encoding": "CSV"}), names=NAMES)

    assert (got.rows, got.sides, got.ids) == ([{"bought": 1}], [{"label"}], ["e1"])


def test_labels_in_json_are_aligned_by_position(read):
    labels = {"data": json.dumps({"instances": [{"label": 0}, {"label": 1}]}), "encoding": "JSON"}

    got = read(line(part("1,2\n3,4"), part("0.1\n0.9"), labels), names=NAMES)

    assert [row["label"] for row in got.rows] == [0, 1]
    assert got.sides[0] == {"input", "output", "label"}


def test_labels_of_another_number_than_rows_are_rejected(read):
    labels = {"data": "1\n0\n1", "encoding": "CSV"}

    assert [(r.reason, r.rows) for r in read(line(part("1,2\n3,4"), None, labels), names=NAMES).rejects] == [
        ("row_count", 3)
    ]


def test_batch_output_after_the_merge_is_the_output_side(read):
    got = read(line(batchTransformOutput={"data": "0.5", "encoding": "CSV"}), names=NAMES)

    assert (got.rows, got.sides) == ([{"score": 0.5}], [{"output"}])


def test_a_wrapped_batch_output_carries_its_input_too(read):
    data = json.dumps({"SageMakerOutput": {"predictions": [0.5]}, "features": [1, 2]})

    got = read(line(batchTransformOutput={"data": data, "encoding": "JSON"}), names=NAMES)

    assert (got.rows, got.sides) == ([{"age": 1, "income": 2, "score": 0.5}], [{"input", "output"}])


def test_an_error_answer_is_rejected_with_the_rows_of_its_request(read):
    got = read(line(part("1,2\n3,4"), part('{"error": "boom"}', "JSON")), names=NAMES)

    assert [(r.reason, r.rows) for r in got.rejects] == [("error_response", 2)]


def test_an_empty_payload_holds_no_rows(read):
    assert read(line(part(""), part("0.1"))).reasons == ["no_rows"]


def test_a_line_without_capture_is_not_a_record(read):
    assert read(line(part("1,2")) + '{"a": 1}\n', names=NAMES).reasons == ["not_a_record"]


def test_rejects_never_hold_values(read):
    got = read(line(part("secret,2,3")), names=NAMES)

    assert "secret" not in repr(got.rejects)


def test_batch_output_csv_gives_up_its_id_and_time(read):
    text = (
        "0, 1f1d57b1-2e6f-488c-8c30-db4e6d757861,2022-08-30T00:49:15Z\n"
        "1, 22445434-0c67-45e9-bb4d-bd1bf26561e6,2022-08-30T00:49:15Z\n"
    )

    got = read(text, names=NAMES)

    assert got.rows == [{"score": 0}, {"score": 1}]
    assert got.ids[1] == "22445434-0c67-45e9-bb4d-bd1bf26561e6"
    assert got.times[0] == parse_time("2022-08-30T00:49:15Z")


def test_batch_output_jsonl_gives_up_its_id_and_time(read):
    got = read('{"output": 0, "SageMakerInferenceId": "x", "SageMakerInferenceTime": "2022-08-30T00:49:15Z"}\n')

    assert (got.rows, got.ids, got.sides) == ([{"output": 0}], ["x"], [{"output"}])


def test_a_manifest_is_followed_to_its_files(read):
    files = {"s3://in/a.csv": b"1,2\n3,4\n", "s3://in/b.csv": b"5,6"}

    got = read(
        '[{"prefix":"s3://in/"},"a.csv","b.csv"]',
        "cap/input/2026/03/01/12/m.json",
        names=NAMES,
        follow=lambda ref, _: files[ref],
    )

    assert got.rows == [{"age": 1, "income": 2}, {"age": 3, "income": 4}, {"age": 5, "income": 6}]
    assert got.sides[0] == {"input"}


def test_manifests_one_per_line_are_followed_too(read):
    manifest = '[{"prefix":"s3://o/"},"a.csv"]\n'

    got = read(manifest * 2, "cap/output/2026/03/01/12/m.jsonl", names=NAMES, follow=lambda *_: b"0.5\n")

    assert (got.rows, got.sides[0]) == ([{"score": 0.5}] * 2, {"output"})


def test_a_manifest_file_outside_the_store_is_rejected(read):
    def follow(reference, limit):
        raise ReferenceRefusedError("reference_outside", f"{reference} over {limit}")

    assert read('[{"prefix":"s3://in/"},"a.csv"]', follow=follow).reasons == ["reference_outside"]


def test_a_manifest_that_lists_itself_ends(read):
    manifest = b'[{"prefix":"s3://in/"},"m.json"]'

    assert read(manifest, follow=lambda *_: manifest).reasons == ["reference_outside"]
