"""What a request needs to be allowed, where MiniStack does not know: of SageMaker, and of Lambda for a function."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Right:
    """An action on a resource, with the keys that conditions may look at."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def sagemaker_rights(operation: str, request: Mapping[str, Any], arn: str) -> list[Right]:
    """All that an operation needs; *arn* is what every ARN of SageMaker's begins with in the place.

    Operations that no function calls are allowed only to who may do all.
    """
    if operation == "StartPipelineExecution":
        return [Right(f"sagemaker:{operation}", f"{arn}:pipeline/{str(request.get('PipelineName')).lower()}")]
    if operation in ("DescribeEndpoint", "UpdateEndpointWeightsAndCapacities"):
        return [Right(f"sagemaker:{operation}", f"{arn}:endpoint/{str(request.get('EndpointName')).lower()}")]
    if operation != "CreateTrainingJob":
        return [Right(f"sagemaker:{operation}", "*")]
    job, role = f"{arn}:training-job/{request.get('TrainingJobName')}", str(request.get("RoleArn"))
    needed = [Right(f"sagemaker:{operation}", job)]
    needed += [Right("sagemaker:AddTags", job)] if request.get("Tags") else []
    return [*needed, Right("iam:PassRole", role, {"iam:PassedToService": "sagemaker.amazonaws.com"})]


def log_rights(arn: str, stream: str, *, is_new: bool) -> list[Right]:
    """What a line in a log stream needs; *arn* is the group's, and *is_new* whether it is absent so far."""
    names = ("logs:CreateLogStream", "logs:PutLogEvents")
    made = [Right("logs:CreateLogGroup", arn)] if is_new else []
    return [*made, *(Right(name, f"{arn}:log-stream:{stream}") for name in names)]
