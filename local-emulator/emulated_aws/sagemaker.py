"""SageMaker's pipelines and training jobs: idempotency, phases over the fast clock, state-change events.

Nothing is trained. What is real is what a caller sees: names taken, tokens honoured, states passed through, events
that may come twice.
"""

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulated_aws.chaos import Chaos
from emulated_aws.clock import Clock

TRAINING = (("Starting", 20.0), ("Downloading", 20.0), ("Training", 60.0), ("Uploading", 20.0))
PIPELINE_SECONDS = 120.0
STOPPING_SECONDS = 10.0
PAGE = 100
Emit = Callable[[str, str, Mapping[str, Any], list[str]], None]


class RefusalError(Exception):
    """An error answer: its code and words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class Store:
    """What one account and region has."""

    arn: str
    pipelines: dict[str, dict[str, Any]] = field(default_factory=dict)
    executions: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[tuple[str, ...], str] = field(default_factory=dict)
    tags: dict[str, list[Any]] = field(default_factory=dict)


class SageMaker:
    """One account and region. `later` runs a function after so many real seconds, in the same account and region."""

    def __init__(self, arn: str, clock: Clock, chaos: Chaos, emit: Emit, later: Callable[[float, Callable[[], None]], None]) -> None:
        self._store = Store(arn)
        self._clock = clock
        self._chaos = chaos
        self._emit = emit
        self._later = later
        self._lock = threading.RLock()
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "CreatePipeline": self._create_pipeline,
            "DescribePipeline": self._describe_pipeline,
            "StartPipelineExecution": self._start_execution,
            "DescribePipelineExecution": self._execution,
            "ListPipelineExecutions": self._list_executions,
            "ListPipelineParametersForExecution": self._parameters,
            "StopPipelineExecution": self._stop_execution,
            "CreateTrainingJob": self._create_job,
            "DescribeTrainingJob": self._job,
            "ListTrainingJobs": self._list_jobs,
            "StopTrainingJob": self._stop_job,
            "ListTags": self._list_tags,
        }

    def counts(self) -> dict[str, int]:
        """How many executions and jobs there are, ended ones too."""
        return {"executions": len(self._store.executions), "training_jobs": len(self._store.jobs)}

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one operation.

        Raises:
            RefusalError: AWS would refuse it, or it is not there.
        """
        if operation not in self._operations:
            code = "UnknownOperationException"
            raise RefusalError(code, f"{operation} is not emulated; there are: {', '.join(sorted(self._operations))}")
        with self._lock:
            return self._operations[operation](request)

    # pipelines

    def _create_pipeline(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["PipelineName"]
        token = ("pipeline", request.get("ClientRequestToken") or uuid.uuid4().hex)
        if token in self._store.tokens:
            return {"PipelineArn": self._store.tokens[token]}
        if name in self._store.pipelines:
            raise RefusalError("ConflictException", f"Pipeline names must be unique: {name} exists already.")
        arn = f"{self._store.arn}:pipeline/{name}"
        now = time.time()
        kept = {key: value for key, value in request.items() if key not in ("ClientRequestToken", "Tags")}
        self._store.pipelines[name] = {
            **kept, "PipelineArn": arn, "PipelineStatus": "Active", "CreationTime": now, "LastModifiedTime": now,
        }  # fmt: skip
        self._store.tokens[token] = arn
        self._store.tags[arn] = request.get("Tags") or []
        return {"PipelineArn": arn}

    def _describe_pipeline(self, request: dict[str, Any]) -> dict[str, Any]:
        return self._pipeline(request["PipelineName"])

    def _pipeline(self, name: str) -> dict[str, Any]:
        found = self._store.pipelines.get(name.rpartition("/")[2])
        if found is None:
            arn = name if name.startswith("arn:") else f"{self._store.arn}:pipeline/{name}"
            raise RefusalError("ResourceNotFound", f"Pipeline '{arn}' does not exist.")
        return found

    def _start_execution(self, request: dict[str, Any]) -> dict[str, Any]:
        pipeline = self._pipeline(request["PipelineName"])
        given = request.get("ClientRequestToken")
        if given is not None and not 32 <= len(given) <= 128:  # noqa: PLR2004 (the API's own limits)
            raise RefusalError("ValidationException", "clientRequestToken must have 32 to 128 characters.")
        token = ("execution", pipeline["PipelineArn"], given or uuid.uuid4().hex)
        if token in self._store.tokens:
            return {"PipelineExecutionArn": self._store.tokens[token]}
        arn = f"{pipeline['PipelineArn']}/execution/{uuid.uuid4().hex[:12]}"
        now = time.time()
        execution = {
            "PipelineArn": pipeline["PipelineArn"],
            "PipelineExecutionArn": arn,
            "PipelineExecutionStatus": "Executing",
            "CreationTime": now,
            "LastModifiedTime": now,
            "PipelineParameters": request.get("PipelineParameters") or [],
        }
        for name in ("PipelineExecutionDisplayName", "PipelineExecutionDescription"):
            if request.get(name):
                execution[name] = request[name]
        self._store.executions[arn] = execution
        self._store.tokens[token] = arn
        self._tell_execution(execution, None)
        self._later(self._clock.real_seconds(PIPELINE_SECONDS), lambda: self._move_execution(execution, "Executing", self._chaos.knobs.sagemaker_outcome))
        return {"PipelineExecutionArn": arn}

    def _move_execution(self, execution: dict[str, Any], old: str, new: str) -> None:
        with self._lock:
            if execution["PipelineExecutionStatus"] != old:
                return
            execution.update(PipelineExecutionStatus=new, LastModifiedTime=time.time())
            if new == "Failed":
                execution["FailureReason"] = "Step failure: the emulator was asked for it (sagemaker_outcome)."
        self._tell_execution(execution, old)

    def _tell_execution(self, execution: dict[str, Any], old: str | None) -> None:
        detail: dict[str, Any] = {
            "pipelineArn": execution["PipelineArn"],
            "pipelineExecutionArn": execution["PipelineExecutionArn"],
            "currentPipelineExecutionStatus": execution["PipelineExecutionStatus"],
            "executionStartTime": _iso(execution["CreationTime"]),
        }
        if old is not None:
            detail["previousPipelineExecutionStatus"] = old
        if execution["PipelineExecutionStatus"] in ("Succeeded", "Failed", "Stopped"):
            detail["executionEndTime"] = _iso(execution["LastModifiedTime"])
        kind = "SageMaker Model Building Pipeline Execution Status Change"
        self._tell(kind, detail, [execution["PipelineArn"], execution["PipelineExecutionArn"]])

    def _execution(self, request: dict[str, Any]) -> dict[str, Any]:
        found = self._store.executions.get(request["PipelineExecutionArn"])
        if found is None:
            raise RefusalError("ResourceNotFound", f"{request['PipelineExecutionArn']} does not exist.")
        return {key: value for key, value in found.items() if key != "PipelineParameters"}

    def _parameters(self, request: dict[str, Any]) -> dict[str, Any]:
        self._execution(request)
        return {"PipelineParameters": self._store.executions[request["PipelineExecutionArn"]]["PipelineParameters"]}

    def _list_executions(self, request: dict[str, Any]) -> dict[str, Any]:
        arn = self._pipeline(request["PipelineName"])["PipelineArn"]
        found = [execution for execution in self._store.executions.values() if execution["PipelineArn"] == arn]
        names = ("PipelineExecutionArn", "PipelineExecutionStatus", "PipelineExecutionDisplayName", "PipelineExecutionDescription")
        summaries = [
            {"StartTime": each["CreationTime"]} | {name: each[name] for name in names if name in each} for each in found
        ]
        return _page(summaries, request, "PipelineExecutionSummaries", "StartTime")

    def _stop_execution(self, request: dict[str, Any]) -> dict[str, Any]:
        arn = request["PipelineExecutionArn"]
        self._execution(request)
        execution = self._store.executions[arn]
        if execution["PipelineExecutionStatus"] == "Executing":
            self._move_execution(execution, "Executing", "Stopping")
            seconds = self._clock.real_seconds(STOPPING_SECONDS)
            self._later(seconds, lambda: self._move_execution(execution, "Stopping", "Stopped"))
        return {"PipelineExecutionArn": arn}

    # training jobs

    def _create_job(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["TrainingJobName"]
        arn = f"{self._store.arn}:training-job/{name}"
        if name in self._store.jobs:
            message = (
                "Training job names must be unique within an AWS account and region, and a training job with this name "
                f"already exists ({arn})"
            )
            raise RefusalError("ResourceInUse", message)
        now = time.time()
        job = {key: value for key, value in request.items() if key != "Tags"}
        job |= {
            "TrainingJobArn": arn, "TrainingJobStatus": "InProgress", "SecondaryStatus": TRAINING[0][0],
            "CreationTime": now, "LastModifiedTime": now, "SecondaryStatusTransitions": [],
        }  # fmt: skip
        self._store.jobs[name] = job
        self._store.tags[arn] = request.get("Tags") or []
        self._enter_phase(job, 0)
        return {"TrainingJobArn": arn}

    def _enter_phase(self, job: dict[str, Any], phase: int) -> None:
        if job["TrainingJobStatus"] != "InProgress":
            return
        name, seconds = TRAINING[phase]
        self._move_job(job, "InProgress", name)
        last = phase + 1 == len(TRAINING)
        follow = (lambda: self._finish_job(job)) if last else (lambda: self._enter_phase(job, phase + 1))
        self._later(self._clock.real_seconds(seconds), follow)

    def _finish_job(self, job: dict[str, Any]) -> None:
        if job["TrainingJobStatus"] != "InProgress":
            return
        if self._chaos.knobs.sagemaker_outcome == "Failed":
            job["FailureReason"] = "AlgorithmError: the emulator was asked for it (sagemaker_outcome)."
            self._move_job(job, "Failed", "Failed")
            return
        output = (job.get("OutputDataConfig") or {}).get("S3OutputPath", "").rstrip("/")
        job["ModelArtifacts"] = {"S3ModelArtifacts": f"{output}/{job['TrainingJobName']}/output/model.tar.gz"}
        self._move_job(job, "Completed", "Completed")

    def _move_job(self, job: dict[str, Any], status: str, secondary: str) -> None:
        with self._lock:
            now = time.time()
            transitions = job["SecondaryStatusTransitions"]
            if transitions:
                transitions[-1]["EndTime"] = now
            transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": secondary})
            job.update(TrainingJobStatus=status, SecondaryStatus=secondary, LastModifiedTime=now)
            if status in ("Completed", "Failed", "Stopped"):
                job["TrainingEndTime"] = now
            detail = {key: _milliseconds(value) if key.endswith("Time") else value for key, value in job.items()}
        self._tell("SageMaker Training Job State Change", detail, [job["TrainingJobArn"]])

    def _job(self, request: dict[str, Any]) -> dict[str, Any]:
        found = self._store.jobs.get(request["TrainingJobName"])
        if found is None:
            raise RefusalError("ValidationException", "Requested resource not found.")
        return found

    def _list_jobs(self, request: dict[str, Any]) -> dict[str, Any]:
        names = ("TrainingJobName", "TrainingJobArn", "CreationTime", "LastModifiedTime", "TrainingEndTime", "TrainingJobStatus", "SecondaryStatus")
        wanted, part = request.get("StatusEquals"), request.get("NameContains") or ""
        found = [
            {name: job[name] for name in names if name in job}
            for job in self._store.jobs.values()
            if wanted in (None, job["TrainingJobStatus"]) and part in job["TrainingJobName"]
        ]
        return _page(found, request, "TrainingJobSummaries", "CreationTime")

    def _stop_job(self, request: dict[str, Any]) -> dict[str, Any]:
        job = self._job(request)
        if job["TrainingJobStatus"] == "InProgress":
            self._move_job(job, "Stopping", "Stopping")
            self._later(self._clock.real_seconds(STOPPING_SECONDS), lambda: self._move_job(job, "Stopped", "Stopped"))
        return {}

    def _list_tags(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"Tags": self._store.tags.get(request["ResourceArn"], [])}

    def _tell(self, kind: str, detail: Mapping[str, Any], resources: list[str]) -> None:
        """AWS may send an event more than once; the chaos decides."""
        for _ in range(2 if self._chaos.strikes("sagemaker_duplicates") else 1):
            self._emit("aws.sagemaker", kind, detail, resources)


def _page(found: list[dict[str, Any]], request: Mapping[str, Any], name: str, order: str) -> dict[str, Any]:
    """One page, the newest first unless asked otherwise."""
    found.sort(key=lambda each: each[order], reverse=request.get("SortOrder") != "Ascending")
    start = int(request.get("NextToken") or 0)
    end = start + int(request.get("MaxResults") or PAGE)
    page: dict[str, Any] = {name: found[start:end]}
    if end < len(found):
        page["NextToken"] = str(end)
    return page


def _iso(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def _milliseconds(moment: Any) -> Any:
    return int(moment * 1000) if isinstance(moment, float) else moment
