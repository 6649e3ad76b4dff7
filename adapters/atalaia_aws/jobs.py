"""Starting SageMaker jobs, each once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from atalaia.ports import Job
from atalaia_aws.asking import SECONDS, RefusedError, asked
from atalaia_aws.clients import BotoClients
from atalaia_functions.naming import job_name
from atalaia_web.telling import evidence_text

_MOST_VALUE = 1024
_MOST_DESCRIPTION = 3072
_MOST_VARIABLE = 512
_TAKEN = ("ResourceInUse", "ResourceInUseException")


class PipelineStarter(Struct, frozen=True):
    """Starts executions of a SageMaker pipeline; SageMaker knows by the job's id whether it did so before.

    What the job is told goes into the pipeline's own parameters, and its evidence into the execution's description.

    Attributes:
        clients: Where the calls go.
        pipeline: Name or ARN of the pipeline; the job's parameters must be among its own.
    """

    clients: BotoClients
    pipeline: str

    def start(self, job: Job) -> str:
        """Start an execution unless this job was started before, and return its ARN.

        Raises:
            JobError: It was not started, or nobody knows; start it again with the same id.
        """
        answer = asked(
            f"SageMaker pipeline {self.pipeline}",
            "sagemaker:StartPipelineExecution",
            _fix(job),
            lambda: self.clients.within("sagemaker", SECONDS).start_pipeline_execution(
                PipelineName=self.pipeline,
                PipelineExecutionDisplayName=job_name(job),
                PipelineParameters=[{"Name": name, "Value": value} for name, value in sorted(job.parameters.items())],
                ClientRequestToken=job.id,
                **_described(job),
            ),
        )
        return str(answer["PipelineExecutionArn"])


class TrainingStarter(Struct, frozen=True):
    """Starts SageMaker training jobs; the job's name is made from its id, and SageMaker takes each name once.

    The training finds what the job is told among its hyperparameters, and in its environment the job's id and the
    report that is its evidence: `ATALAIA_JOB`, `ATALAIA_REPORT`, `ATALAIA_FINGERPRINT`.

    Attributes:
        clients: Where the calls go.
        request: All else of CreateTrainingJob's request; the job's parameters are added to its HyperParameters.
    """

    clients: BotoClients
    request: Mapping[str, Any]

    def start(self, job: Job) -> str:
        """Create the training job unless it was created before, and return its name.

        Raises:
            JobError: It was not started, or nobody knows; start it again with the same id.
        """
        name = job_name(job)
        request = {key: value for key, value in self.request.items() if value is not None}
        given = {**request.get("HyperParameters", {}), **job.parameters}
        known = {**_variables(job), **request.get("Environment", {})}
        filled = {key: value for key, value in (("HyperParameters", given), ("Environment", known)) if value}
        told = {**request, "TrainingJobName": name, **filled}
        try:
            asked(
                f"SageMaker training job {name}",
                "sagemaker:CreateTrainingJob",
                "Correct the policy's `training_job` or `parameters`.",
                lambda: self.clients.within("sagemaker", SECONDS).create_training_job(**told),
            )
        except RefusedError as error:
            if error.code not in _TAKEN:
                raise
        return name


def _fix(job: Job) -> str:
    if not job.parameters:
        return "Correct the policy's `pipeline`."
    names = ", ".join(sorted(job.parameters))
    return (
        f"Correct the policy's `pipeline`; or declare what its `parameters` name ({names}) as the pipeline's "
        f"parameters, too, of type String and with at most {_MOST_VALUE} characters."
    )


def _described(job: Job) -> dict[str, str]:
    """Return the description of an execution, one line of JSON: the evidence, or what of it there is room for."""
    text = evidence_text(job, _MOST_DESCRIPTION) if job.evidence else ""
    return {"PipelineExecutionDescription": text} if text and len(text) <= _MOST_DESCRIPTION else {}


def _variables(job: Job) -> dict[str, str]:
    """Return what tells a training of the evidence, as far as a variable holds it."""
    report = job.evidence.get("report")
    if not report:
        return {}
    told = {"ATALAIA_JOB": job.id, "ATALAIA_REPORT": report["uri"], "ATALAIA_FINGERPRINT": report["fingerprint"]}
    return {name: value for name, value in told.items() if len(value) <= _MOST_VARIABLE}
