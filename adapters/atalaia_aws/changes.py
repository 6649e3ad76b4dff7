"""What SageMaker tells through EventBridge: what became of jobs, and of versions in its model registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from atalaia.window import parse_time
from atalaia_aws.events import EventError

_MOST_WHY = 300
_PACKAGES = "SageMaker Model Package State Change"
_JOBS = {
    "SageMaker Model Building Pipeline Execution Status Change": (
        "pipelineExecutionArn",
        "currentPipelineExecutionStatus",
    ),
    "SageMaker Training Job State Change": ("TrainingJobName", "TrainingJobStatus"),
}
_UNKNOWN = (
    "This event tells of no SageMaker job and of no version of a model. Send the state changes of pipeline executions, "
    "training jobs and model packages."
)


class JobChange(Struct, frozen=True):
    """What SageMaker tells of a job.

    Attributes:
        job: Its name as in actions: a pipeline execution's ARN, a training job's name.
        state: Such as `Executing` or `Failed`.
        time: Since when, µs since 1970.
        why: Why it failed, in one line; empty if that is not told, as it never is of pipelines.
    """

    job: str
    state: str
    time: int
    why: str = ""


class ModelChange(Struct, frozen=True):
    """What SageMaker tells of a version in its model registry.

    Attributes:
        group: The model package group; empty if it is in none.
        version: Its number there.
        arn: The model package's.
        approval: `PendingManualApproval`, `Approved` or `Rejected`; empty if it is not to be approved.
        time: Since when, µs since 1970.
        metadata: What its owners wrote to it.
    """

    group: str
    version: str
    arn: str
    approval: str
    time: int
    metadata: Mapping[str, str] = field(default_factory=dict)


def change_of(event: Any) -> JobChange | ModelChange:
    """Return what EventBridge tells of a SageMaker job or model.

    Raises:
        EventError: It tells of something else.
    """
    try:
        kind, detail, time = event["detail-type"], event["detail"], parse_time(event["time"])
        if time is None:
            raise EventError(_UNKNOWN)
        if kind == _PACKAGES:
            return _model_change(detail, time)
        job, state = (detail[key] for key in _JOBS[kind])
    except (KeyError, TypeError, AttributeError) as error:
        raise EventError(_UNKNOWN) from error
    if not isinstance(job, str) or not isinstance(state, str):
        raise EventError(_UNKNOWN)
    return JobChange(job, state, time, _line(detail.get("FailureReason")))


def _model_change(detail: Mapping[str, Any], time: int) -> ModelChange:
    group, version, approval = (
        str(detail.get(key) or "") for key in ("ModelPackageGroupName", "ModelPackageVersion", "ModelApprovalStatus")
    )
    metadata = {str(key): str(value) for key, value in (detail.get("CustomerMetadataProperties") or {}).items()}
    return ModelChange(group, version, str(detail["ModelPackageArn"]), approval, time, metadata)


def _line(text: object) -> str:
    return " ".join(text.split())[:_MOST_WHY] if isinstance(text, str) else ""
