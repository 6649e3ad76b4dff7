"""What SageMaker tells of jobs and of its model registry is read from EventBridge's events, as AWS documents them."""

import pytest

from atalaia.window import parse_time
from atalaia_aws.changes import JobChange, ModelChange, change_of
from atalaia_aws.events import EventError

TIME = "2026-03-01T12:00:00Z"
PACKAGE = "arn:aws:sagemaker:us-east-2:123456789012:model-package/churn/2"
EXECUTION = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/retrain/execution/p4jn9xou8a8s"
APPROVED = {
    "ModelPackageGroupName": "churn",
    "ModelPackageVersion": 2,
    "ModelPackageArn": PACKAGE,
    "ModelPackageStatus": "Completed",
    "ModelApprovalStatus": "Approved",
    "CustomerMetadataProperties": {"auc": "0.83"},
}


def event(kind, detail, time=TIME):
    return {"source": "aws.sagemaker", "detail-type": f"SageMaker {kind} Change", "time": time, "detail": detail}


def execution(state):
    told = {"pipelineExecutionArn": EXECUTION, "currentPipelineExecutionStatus": state}
    return event("Model Building Pipeline Execution Status", told)


@pytest.mark.parametrize("state", ["Executing", "Succeeded", "Failed", "Stopped", "CompletedWithFailures"])
def test_an_execution_is_known_by_its_arn(state):
    assert change_of(execution(state)) == JobChange(EXECUTION, state, parse_time(TIME))


@pytest.mark.parametrize("state", ["InProgress", "Completed", "Stopped"])
def test_a_training_job_is_known_by_its_name(state):
    told = event("Training Job State", {"TrainingJobName": "job", "TrainingJobStatus": state})

    assert change_of(told) == JobChange("job", state, parse_time(TIME))


def test_why_a_training_failed_is_one_line():
    why = "AlgorithmError: no rows\n  in the file " + "x" * 1000
    detail = {"TrainingJobName": "job", "TrainingJobStatus": "Failed", "FailureReason": why}

    change = change_of(event("Training Job State", detail))

    assert change.state == "Failed"
    assert change.why.startswith("AlgorithmError: no rows in the file xx")
    assert len(change.why) == 300


def test_a_version_of_a_model_is_told_with_its_approval_and_metadata():
    assert change_of(event("Model Package State", APPROVED)) == ModelChange(
        "churn", "2", PACKAGE, "Approved", parse_time(TIME), {"auc": "0.83"}
    )


def test_a_package_of_no_group_has_no_version():
    change = change_of(event("Model Package State", {"ModelPackageArn": PACKAGE, "CustomerMetadataProperties": None}))

    assert change == ModelChange("", "", PACKAGE, "", parse_time(TIME))


@pytest.mark.parametrize(
    "told",
    [
        None,
        {},
        event("Endpoint State", {}),
        event("Training Job State", {"TrainingJobName": "job"}),
        event("Training Job State", {"TrainingJobName": "job", "TrainingJobStatus": 7}),
        event("Training Job State", {"TrainingJobName": "job", "TrainingJobStatus": "Failed"}, "1970-01-01T00:00:00Z"),
        event("Model Package State", {"ModelApprovalStatus": "Approved"}),
        event("Model Package State", APPROVED | {"CustomerMetadataProperties": ["auc"]}),
        event("Model Package State", APPROVED, None),
        event("Model Package State", None),
    ],
)
def test_what_tells_of_no_job_and_no_model_is_refused(told):
    with pytest.raises(EventError, match="no SageMaker job and of no version of a model"):
        change_of(told)
