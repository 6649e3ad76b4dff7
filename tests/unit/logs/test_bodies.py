from __future__ import annotations

import json

import pytest

from atalaia.logs import PayloadNames

NAMES = PayloadNames(inputs=("a", "b"), outputs=("score",), labels=("y",))


def test_a_split_data_frame_is_rows(read):
    got = read('{"dataframe_split": {"columns": ["a", "b"], "data": [[1.5, "x"], [null, "y"]]}}')

    assert (got.rows, got.sides[0]) == ([{"a": 1.5, "b": "x"}, {"b": "y"}], {"input"})


def test_a_split_data_frame_without_columns_takes_the_monitors_names(read):
    got = read('{"dataframe_split": {"data": [[1.5, 2], [3, 4]], "index": [0, 1]}}', names=NAMES)

    assert got.rows == [{"a": 1.5, "b": 2}, {"a": 3, "b": 4}]


def test_records_with_missing_keys_have_missing_values(read):
    assert read('{"dataframe_records": [{"a": 1.5, "b": "x"}, {"b": "y"}]}').rows == [{"a": 1.5, "b": "x"}, {"b": "y"}]


def test_instances_of_scalars_are_rows_of_one_value(read):
    assert read('{"instances": [1, 2, 3]}').rows == [{"_c0": 1}, {"_c0": 2}, {"_c0": 3}]


def test_inputs_by_column_are_rows(read):
    assert read('{"inputs": {"a": [1, 2], "b": ["x", "y"]}, "params": {"t": 1}}').rows[1] == {"a": 2, "b": "y"}


def test_unequal_columns_are_rejected(read):
    assert read('{"inputs": {"a": [1, 2], "b": ["x"]}}').reasons == ["bad_shape"]


@pytest.mark.parametrize("data", [[1, 2, 3, 4], [[1, 2], [3, 4]]])
def test_a_tensors_data_may_be_flat_or_nested(read, data):
    got = read(json.dumps({"inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": data}]}))

    assert (got.rows, got.sides[0]) == ([{"x_0": 1, "x_1": 2}, {"x_0": 3, "x_1": 4}], {"input"})


def test_a_tensor_as_wide_as_the_monitors_names_takes_them(read):
    got = read(
        json.dumps({"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}), names=NAMES
    )

    assert got.rows == [{"a": 1, "b": 2}]


@pytest.mark.parametrize("shape", [[3], [2, 3], "x", [-1], [10**30], [2, True], [1] * 100])
def test_a_shape_that_does_not_fit_is_rejected(read, shape):
    assert read(json.dumps({"outputs": [{"name": "x", "shape": shape, "datatype": "BOOL", "data": [1]}]})).reasons == [
        "bad_shape"
    ]


def test_a_tensor_of_a_billion_empty_rows_holds_none(read):
    assert read(
        json.dumps({"outputs": [{"name": "x", "shape": [10**9, 0], "datatype": "BOOL", "data": []}]})
    ).reasons == ["no_rows"]


def test_tensors_of_unequal_rows_are_rejected(read):
    tensors = [{"name": "x", "shape": [2], "data": [1, 2]}, {"name": "y", "shape": [1], "data": [1]}]

    assert read(json.dumps({"outputs": tensors})).reasons == ["bad_shape"]


def test_rows_called_inputs_are_not_tensors(read):
    assert read('{"inputs": [{"a": 1}, {"a": 2}]}').rows == [{"a": 1}, {"a": 2}]


def test_an_error_body_is_rejected(read):
    assert read('{"error": "model is gone"}').reasons == ["error_response"]


def test_a_number_called_error_is_a_column(read):
    assert read('{"error": 0.25}\n').rows == [{"error": 0.25}]


def test_a_chat_request_is_one_row(read):
    got = read('{"messages": [{"role": "user", "content": "hi"}]}')

    assert (got.rows, got.sides) == ([{"messages": '[{"role":"user","content":"hi"}]'}], [{"input"}])


def test_nested_objects_are_flattened_with_dots(read):
    assert read('{"inputs": {"a": {"b": 1}}, "outputs": {"c": 2}, "v": []}\n').rows == [
        {"inputs.a.b": 1, "outputs.c": 2, "v": "[]"}
    ]


def test_features_with_a_label_are_a_whole_row(read):
    got = read('{"features": [1, 2], "label": 1}\n', names=NAMES)

    assert (got.rows, got.sides) == ([{"a": 1, "b": 2, "label": 1}], [{"input", "output", "label"}])


def test_predictions_without_a_name_are_numbered(read):
    assert read('{"predictions": [[0.1, 0.9]]}').rows == [{"prediction_0": 0.1, "prediction_1": 0.9}]


def test_a_bare_list_as_long_as_the_names_is_one_row(read):
    assert read("[1, 2, 0.5, 1]\n", names=NAMES).rows == [{"a": 1, "b": 2, "score": 0.5, "y": 1}]


def test_no_predictions_are_no_rows(read):
    assert read('{"predictions": []}').reasons == ["no_rows"]


def test_lists_of_another_length_than_the_names_are_rejected_with_their_number(read):
    got = read('{"instances": [[1, 2], [1, 2, 3]]}', names=NAMES)

    assert [(r.reason, r.rows) for r in got.rejects] == [("column_count", 2)]
