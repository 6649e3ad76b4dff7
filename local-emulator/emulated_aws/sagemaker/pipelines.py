"""Pipelines and their executions."""

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from emulated_aws.sagemaker.faults import ConflictError, NotFoundError, RefusalError
from emulated_aws.sagemaker.surroundings import Surroundings, iso, page

EXECUTION_SECONDS = 120.0
STOPPING_SECONDS = 10.0
LEAST_TOKEN, MOST_TOKEN = 32, 128
CHANGE = "SageMaker Model Building Pipeline Execution Status Change"
SUMMARY = (
    "PipelineExecutionArn",
    "PipelineExecutionStatus",
    "PipelineExecutionDisplayName",
    "PipelineExecutionDescription",
)


class Pipelines:
    """All of one account and region; each method is one operation, from its arguments to its answer."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._pipelines: dict[str, dict[str, Any]] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        self.executions: dict[str, dict[str, Any]] = {}

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreatePipeline."""
        name, now = request["PipelineName"], time.time()
        token = ("", request.get("ClientRequestToken") or uuid.uuid4().hex)
        if token in self._tokens:
            return {"PipelineArn": self._tokens[token]}
        if name in self._pipelines:
            message = f"Pipeline names must be unique within an AWS account and region: {name} exists already."
            raise ConflictError(message)
        arn = f"{self._around.arn}:pipeline/{name}"
        kept = {key: value for key, value in request.items() if key not in ("ClientRequestToken", "Tags")}
        state = {"PipelineArn": arn, "PipelineStatus": "Active", "CreationTime": now, "LastModifiedTime": now}
        self._pipelines[name] = {**kept, **state}
        self._tokens[token] = arn
        self._around.tags[arn] = request.get("Tags") or []
        return {"PipelineArn": arn}

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribePipeline."""
        return self._pipeline(request["PipelineName"])

    def _pipeline(self, name: str) -> dict[str, Any]:
        found = self._pipelines.get(name.rpartition("/")[2])
        if found is None:
            arn = name if name.startswith("arn:") else f"{self._around.arn}:pipeline/{name}"
            message = f"Pipeline '{arn}' does not exist."
            raise NotFoundError(message)
        return found

    def start(self, request: dict[str, Any]) -> dict[str, Any]:
        """StartPipelineExecution: the same token again gives the same execution."""
        kept, now = self._pipeline(request["PipelineName"]), time.time()
        pipeline = kept["PipelineArn"]
        _demand_declared(kept, request.get("PipelineParameters") or [])
        given = request.get("ClientRequestToken")
        if given is not None and not LEAST_TOKEN <= len(given) <= MOST_TOKEN:
            message = f"clientRequestToken must have {LEAST_TOKEN} to {MOST_TOKEN} characters."
            raise RefusalError(message)
        token = (pipeline, given or uuid.uuid4().hex)
        if token in self._tokens:
            return {"PipelineExecutionArn": self._tokens[token]}
        arn = f"{pipeline}/execution/{uuid.uuid4().hex[:12]}"
        named = ("PipelineExecutionDisplayName", "PipelineExecutionDescription")
        execution = {
            "PipelineArn": pipeline,
            "PipelineExecutionArn": arn,
            "PipelineExecutionStatus": "Executing",
            "CreationTime": now,
            "LastModifiedTime": now,
            "PipelineParameters": request.get("PipelineParameters") or [],
            **{name: request[name] for name in named if request.get(name)},
        }
        self.executions[arn] = execution
        self._tokens[token] = arn
        self._tell(execution, None)
        self._around.after(EXECUTION_SECONDS, lambda: self._end(execution))
        return {"PipelineExecutionArn": arn}

    def _end(self, execution: dict[str, Any]) -> None:
        outcome = self._around.chaos.knobs.sagemaker_outcome
        if outcome == "Failed":
            execution["FailureReason"] = "Step failure: the emulator was asked for it (sagemaker_outcome)."
        self._move(execution, "Executing", outcome)

    def _move(self, execution: dict[str, Any], old: str, new: str) -> None:
        with self._around.lock:
            if execution["PipelineExecutionStatus"] != old:
                return
            execution.update(PipelineExecutionStatus=new, LastModifiedTime=time.time())
        self._tell(execution, old)

    def _tell(self, execution: Mapping[str, Any], old: str | None) -> None:
        detail = {
            "pipelineArn": execution["PipelineArn"],
            "pipelineExecutionArn": execution["PipelineExecutionArn"],
            "currentPipelineExecutionStatus": execution["PipelineExecutionStatus"],
            "executionStartTime": iso(execution["CreationTime"]),
        }
        if old is not None:
            detail["previousPipelineExecutionStatus"] = old
        if execution["PipelineExecutionStatus"] in ("Succeeded", "Failed", "Stopped"):
            detail["executionEndTime"] = iso(execution["LastModifiedTime"])
        self._around.tell(CHANGE, detail, [execution["PipelineArn"], execution["PipelineExecutionArn"]])

    def _execution(self, request: Mapping[str, Any]) -> dict[str, Any]:
        found = self.executions.get(request["PipelineExecutionArn"])
        if found is None:
            message = f"{request['PipelineExecutionArn']} does not exist."
            raise NotFoundError(message)
        return found

    def describe_execution(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribePipelineExecution."""
        return {key: value for key, value in self._execution(request).items() if key != "PipelineParameters"}

    def parameters(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListPipelineParametersForExecution."""
        return {"PipelineParameters": self._execution(request)["PipelineParameters"]}

    def list_executions(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListPipelineExecutions."""
        arn = self._pipeline(request["PipelineName"])["PipelineArn"]
        found = [execution for execution in self.executions.values() if execution["PipelineArn"] == arn]
        summaries = [
            {"StartTime": each["CreationTime"]} | {name: each[name] for name in SUMMARY if name in each}
            for each in found
        ]
        return page(summaries, request, "PipelineExecutionSummaries", "StartTime")

    def stop(self, request: dict[str, Any]) -> dict[str, Any]:
        """StopPipelineExecution."""
        execution = self._execution(request)
        self._move(execution, "Executing", "Stopping")
        self._around.after(STOPPING_SECONDS, lambda: self._move(execution, "Stopping", "Stopped"))
        return {"PipelineExecutionArn": request["PipelineExecutionArn"]}


def _demand_declared(pipeline: Mapping[str, Any], given: list[dict[str, str]]) -> None:
    """Refuse parameters that the definition does not declare; one that has no list of them takes all."""
    definition = json.loads(pipeline.get("PipelineDefinition") or "{}")
    declared = {each["Name"] for each in definition.get("Parameters", given)}
    if unknown := sorted({each["Name"] for each in given} - declared):
        message = f"Parameters {unknown} are not declared in the pipeline's definition."
        raise RefusalError(message)
