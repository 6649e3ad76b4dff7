"""Training jobs: one name, four phases, an end."""

import time
from collections.abc import Mapping
from typing import Any

from emulated_aws.sagemaker.faults import InUseError, RefusalError
from emulated_aws.sagemaker.surroundings import Surroundings, page

PHASES = (("Starting", 20.0), ("Downloading", 20.0), ("Training", 60.0), ("Uploading", 20.0))
STOPPING_SECONDS = 10.0
ENDS = ("Completed", "Failed", "Stopped")
CHANGE = "SageMaker Training Job State Change"
SUMMARY = (
    "TrainingJobName",
    "TrainingJobArn",
    "CreationTime",
    "LastModifiedTime",
    "TrainingEndTime",
    "TrainingJobStatus",
    "SecondaryStatus",
)


class TrainingJobs:
    """All of one account and region; each method is one operation, from its arguments to its answer."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self.jobs: dict[str, dict[str, Any]] = {}

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateTrainingJob: a name is taken for ever."""
        name, now = request["TrainingJobName"], time.time()
        arn = f"{self._around.arn}:training-job/{name}"
        if name in self.jobs:
            message = (
                "Training job names must be unique within an AWS account and region, and a training job with this name "
                f"already exists ({arn})"
            )
            raise InUseError(message)
        job = {key: value for key, value in request.items() if key != "Tags"}
        state = {"TrainingJobArn": arn, "TrainingJobStatus": "InProgress", "CreationTime": now}
        self.jobs[name] = job | state | {"SecondaryStatusTransitions": []}
        self._around.tags[arn] = request.get("Tags") or []
        self._enter(self.jobs[name], 0)
        return {"TrainingJobArn": arn}

    def _enter(self, job: dict[str, Any], phase: int) -> None:
        if job["TrainingJobStatus"] != "InProgress":
            return
        if phase == len(PHASES):
            self._end(job)
            return
        name, seconds = PHASES[phase]
        self._move(job, "InProgress", name)
        self._around.after(seconds, lambda: self._enter(job, phase + 1))

    def _end(self, job: dict[str, Any]) -> None:
        if self._around.chaos.knobs.sagemaker_outcome == "Failed":
            job["FailureReason"] = "AlgorithmError: the emulator was asked for it (sagemaker_outcome)."
            self._move(job, "Failed", "Failed")
            return
        output = (job.get("OutputDataConfig") or {}).get("S3OutputPath", "").rstrip("/")
        job["ModelArtifacts"] = {"S3ModelArtifacts": f"{output}/{job['TrainingJobName']}/output/model.tar.gz"}
        self._move(job, "Completed", "Completed")

    def _move(self, job: dict[str, Any], status: str, secondary: str) -> None:
        with self._around.lock:
            now = time.time()
            transitions = job["SecondaryStatusTransitions"]
            if transitions:
                transitions[-1]["EndTime"] = now
            transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": secondary})
            job.update(TrainingJobStatus=status, SecondaryStatus=secondary, LastModifiedTime=now)
            if status in ENDS:
                job["TrainingEndTime"] = now
            detail = _in_milliseconds(job)
        self._around.tell(CHANGE, detail, [job["TrainingJobArn"]])

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeTrainingJob."""
        found = self.jobs.get(request["TrainingJobName"])
        if found is None:
            message = "Requested resource not found."
            raise RefusalError(message)
        return found

    def list(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListTrainingJobs."""
        wanted, part = request.get("StatusEquals"), request.get("NameContains") or ""
        found = [
            {name: job[name] for name in SUMMARY if name in job}
            for job in self.jobs.values()
            if wanted in (None, job["TrainingJobStatus"]) and part in job["TrainingJobName"]
        ]
        return page(found, request, "TrainingJobSummaries", "CreationTime")

    def stop(self, request: dict[str, Any]) -> dict[str, Any]:
        """StopTrainingJob."""
        job = self.describe(request)
        if job["TrainingJobStatus"] == "InProgress":
            self._move(job, "Stopping", "Stopping")
            self._around.after(STOPPING_SECONDS, lambda: self._move(job, "Stopped", "Stopped"))
        return {}


def _in_milliseconds(value: Any) -> Any:
    """The job as its event has it: every time in whole milliseconds."""
    if isinstance(value, list):
        return [_in_milliseconds(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key: int(each * 1000) if key.endswith("Time") and isinstance(each, float) else _in_milliseconds(each)
        for key, each in value.items()
    }
