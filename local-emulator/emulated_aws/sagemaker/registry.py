"""The model registry: groups, versions in them, and their approval, each change of which is told."""

import time
from collections.abc import Mapping
from typing import Any

from emulated_aws.sagemaker.faults import RefusalError
from emulated_aws.sagemaker.surroundings import Surroundings, iso

CHANGE = "SageMaker Model Package State Change"
APPROVALS = ("PendingManualApproval", "Approved", "Rejected")
KEPT = ("ModelPackageDescription", "InferenceSpecification", "CustomerMetadataProperties", "MetadataProperties")


class Registry:
    """All of one account and region; each method is one operation, from its arguments to its answer."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._groups: dict[str, int] = {}
        self._packages: dict[str, dict[str, Any]] = {}

    def create_group(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateModelPackageGroup."""
        name = request["ModelPackageGroupName"]
        if name in self._groups:
            message = f"Model Package Group already exists: {self._group_arn(name)}"
            raise RefusalError(message)
        self._groups[name] = 0
        return {"ModelPackageGroupArn": self._group_arn(name)}

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateModelPackage: the next version of a group; packages without one are not emulated."""
        group, now = request["ModelPackageGroupName"].rpartition("/")[2], time.time()
        if group not in self._groups:
            message = f"Model Package Group {self._group_arn(group)} does not exist."
            raise RefusalError(message)
        self._groups[group] += 1
        arn = f"{self._around.arn}:model-package/{group.lower()}/{self._groups[group]}"
        about = {"ModelPackageGroupName": group, "ModelPackageVersion": self._groups[group], "ModelPackageArn": arn}
        state = {"ModelPackageStatus": "Completed", "ModelApprovalStatus": _approval(request, APPROVALS[0])}
        times = {"CreationTime": now, "LastModifiedTime": now}
        self._packages[arn] = about | state | times | {name: request[name] for name in KEPT if request.get(name)}
        self._tell(self._packages[arn])
        return {"ModelPackageArn": arn}

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeModelPackage."""
        found = self._package(request["ModelPackageName"])
        details: dict[str, Any] = {"ModelPackageStatusDetails": {"ValidationStatuses": []}}
        return found | details | {"ModelPackageName": found["ModelPackageGroupName"]}

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateModelPackage: its approval, and what its owners write to it."""
        found = self._package(request["ModelPackageArn"])
        metadata = found.get("CustomerMetadataProperties", {}) | (request.get("CustomerMetadataProperties") or {})
        found.update(ModelApprovalStatus=_approval(request, found["ModelApprovalStatus"]), LastModifiedTime=time.time())
        if metadata:
            found["CustomerMetadataProperties"] = metadata
        self._tell(found)
        return {"ModelPackageArn": found["ModelPackageArn"]}

    def _tell(self, package: Mapping[str, Any]) -> None:
        times = {name: iso(package[name]) for name in ("CreationTime", "LastModifiedTime")}
        self._around.tell(CHANGE, {**package, **times}, [package["ModelPackageArn"]])

    def _package(self, arn: str) -> dict[str, Any]:
        found = self._packages.get(arn)
        if found is None:
            message = f"ModelPackage {arn} does not exist."
            raise RefusalError(message)
        return found

    def _group_arn(self, name: str) -> str:
        return f"{self._around.arn}:model-package-group/{name.lower()}"


def _approval(request: Mapping[str, Any], otherwise: str) -> str:
    given = str(request.get("ModelApprovalStatus") or otherwise)
    if given not in APPROVALS:
        message = f"ModelApprovalStatus must be one of {', '.join(APPROVALS)}."
        raise RefusalError(message)
    return given
