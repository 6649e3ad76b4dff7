"""Real log files, kept beside the checkout where there are any: every row of every file is accounted for."""

from __future__ import annotations

from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest

from atalaia.logs import read_log
from atalaia.rows import LogObject, Reject

SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "samples"
AZURE = "azureml/azureml-assets/e2e/resources"
LLM = f"{AZURE}/uri_folder_llm_model_inputs/2023/10"
NOTEBOOK = "sagemaker/amazon-sagemaker-examples/captured_from_notebook_outputs"
SDK = "sagemaker/sagemaker-python-sdk"

EXPECTED = {
    f"{AZURE}/uri_folder_iris_model_inputs_no_drift/2023/01/01/01/data.jsonl": ("azureml", 75, {}),
    f"{AZURE}/uri_folder_iris_model_inputs_no_drift/2023/02/01/01/data.jsonl": ("azureml", 75, {}),
    f"{AZURE}/uri_folder_iris_model_inputs_outputs_no_drift/2023/01/01/01/data.jsonl": ("azureml", 75, {}),
    f"{AZURE}/uri_folder_iris_model_inputs_outputs_no_drift/2023/02/01/01/data.jsonl": ("azureml", 75, {}),
    f"{AZURE}/uri_folder_iris_model_inputs_with_drift/2023/01/01/01/data.jsonl": ("azureml", 20, {}),
    f"{AZURE}/uri_folder_iris_model_inputs_with_drift/2023/02/01/01/data.jsonl": ("azureml", 20, {}),
    f"{AZURE}/uri_folder_iris_model_outputs_no_drift/2023/01/01/01/data.jsonl": ("azureml", 75, {}),
    f"{LLM}/23/14/ef484bd292bc4cd4ad462efc33ddbbbe000004.jsonl": ("azureml", 2, {}),
    f"{LLM}/24/22/ef484bd292bc4cd4ad462efc33ddbbbe000004.jsonl": ("azureml", 4, {}),
    f"{LLM}/24/22/ef484bd292bc4cd4ad462efc33ddbbbe000005.jsonl": ("azureml", 3, {}),
    f"{LLM}/24/22/ef484bd292bc4cd4ad462efc33ddbbbe000006.jsonl": ("azureml", 4, {}),
    f"{LLM}/25/03/ef484bd292bc4cd4ad462efc33ddbbbe000005.jsonl": ("azureml", 1, {}),
    "azureml/docs/collector_doc_examples.jsonl": ("azureml", 9, {"reference_outside": 1}),
    f"{AZURE}/mltable_iris_baseline/iris_baseline.csv": ("csv", 75, {}),
    f"{AZURE}/mltable_test_with_timestamp_production_data/production.csv": ("csv", 99, {}),
    "sagemaker/amazon-sagemaker-examples/adult/test-dataset.json": ("jsonl", 334, {}),
    "sagemaker/amazon-sagemaker-examples/adult/test-dataset.jsonl": ("jsonl", 334, {}),
    "sagemaker/amazon-sagemaker-examples/adult/validation-dataset.jsonl": ("jsonl", 666, {}),
    f"{NOTEBOOK}/capture_records.jsonl": ("sagemaker capture", 12, {}),
    f"{NOTEBOOK}/merged_ground_truth_records.jsonl": ("sagemaker capture", 671, {}),
    f"{SDK}/monitor/actuals.jsonl": ("sagemaker capture", 44, {}),
    f"{SDK}/monitor/capture.jsonl": ("sagemaker capture", 44, {}),
    f"{SDK}/monitor/captured-data.jsonl": ("sagemaker capture", 6, {}),
    f"{SDK}/monitor/baseline_dataset.csv": ("csv", 418, {}),
    f"{SDK}/pipeline/quality_check_step/model_quality/baseline_dataset.csv": ("csv", 100, {}),
    "other/databricks_ai_gateway_inference_table.composed.parquet": ("databricks parquet", 0, {"needs_table_log": 3}),
    "other/databricks_legacy_inference_table.composed.parquet": ("databricks parquet", 0, {"needs_table_log": 1}),
    "other/kserve_blob_batch.composed.csv": ("kserve csv", 4, {}),
    "other/kserve_blob_batch.composed.json": ("kserve json", 4, {}),
    "other/kserve_blob_batch.composed.parquet": ("kserve parquet", 4, {}),
    "other/kserve_blob_single_record.composed.json": ("kserve json", 2, {}),
    "other/kserve_cloudevent_request_structured.json": ("kserve json", 2, {}),
    "other/kserve_cloudevent_response_structured.json": ("kserve json", 2, {}),
    "other/mlflow_dataframe_records.json": ("json", 2, {}),
    "other/mlflow_dataframe_split.json": ("json", 2, {}),
    "other/mlflow_dataframe_split_no_columns.json": ("json", 2, {}),
    "other/mlflow_inputs_columns.json": ("json", 2, {}),
    "other/mlflow_instances_rows.json": ("json", 2, {}),
    "other/mlflow_instances_tensor.json": ("json", 2, {}),
    "other/mlflow_llm_unwrapped.json": ("json", 1, {}),
    "other/mlflow_response.json": ("json", 2, {}),
    "other/oip_v2_request.json": ("json", 0, {"bad_shape": 1}),
    "other/oip_v2_response.json": ("json", 3, {}),
    "other/sagemaker_batch_manifest_input.composed.json": ("sagemaker manifest", 0, {"reference_outside": 2}),
    "other/sagemaker_batch_output_with_inference_id.csv": ("csv", 2, {}),
    "other/sagemaker_batch_output_with_inference_id.jsonl": ("jsonl", 2, {}),
    "other/sagemaker_edge_cases.composed.jsonl": ("sagemaker capture", 6, {"unknown_payload": 1}),
    "other/sagemaker_edge_cases.composed.jsonl.gz": ("sagemaker capture", 6, {"unknown_payload": 1}),
    "other/sagemaker_edge_cases.composed.jsonl.zst": ("sagemaker capture", 6, {"unknown_payload": 1}),
}


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not beside this checkout")
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_row_of_a_sample_is_accounted_for(name):
    file = SAMPLES / name
    if not file.exists():
        pytest.skip(f"{name} is not among the samples")
    data = file.read_bytes()

    reading = read_log(BytesIO(data), LogObject(name, "etag", len(data), 0))
    rows, rejected = 0, Counter()
    for item in reading:
        if isinstance(item, Reject):
            rejected[item.reason] += item.rows
        else:
            rows += item.rows

    assert (reading.format, rows, dict(rejected)) == EXPECTED[name]
