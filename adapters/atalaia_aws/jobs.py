"""Starting SageMaker jobs, each once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from atalaia.errors import JobError
from atalaia.ports import Job
from atalaia_aws.answers import Answer, answer_of
from atalaia_aws.clients import BotoClients
from atalaia_functions.naming import job_name

_SECONDS = 5.0


class PipelineStarter(Struct, frozen=True):
    """Starts executions of a SageMaker pipeline; SageMaker knows by the job's id whether it did so before.

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
        answer = _asked(
            f"pipeline {self.pipeline}",
            lambda: self.clients.within("sagemaker", _SECONDS).start_pipeline_execution(
                PipelineName=self.pipeline,
                PipelineExecutionDisplayName=job_name(job),
                PipelineParameters=[{"Name": name, "Value": value} for name, value in sorted(job.parameters.items())],
                ClientRequestToken=job.id,
            ),
        )
        return str(answer["PipelineExecutionArn"])


class TrainingStarter(Struct, frozen=True):
    """Starts SageMaker training jobs; the job's name is made from its id, and SageMaker takes each name once.

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
        given = {**self.request.get("HyperParameters", {}), **job.parameters}
        told = {**self.request, "TrainingJobName": name, **({"HyperParameters": given} if given else {})}
        try:
            _asked(
                f"training job {name}",
                lambda: self.clients.within("sagemaker", _SECONDS).create_training_job(**told),
            )
        except _StartedError:
            return name
        return name


class _StartedError(JobError):
    """A job of this name was started before."""


def _asked(what: str, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:
        answer = answer_of(error)
        if answer is None:
            raise
        if answer.code in ("ResourceInUse", "ResourceInUseException"):
            raise _StartedError(what) from error
        raise JobError(_told(what, answer)) from error


def _told(what: str, answer: Answer) -> str:
    if answer.lacks_rights:
        advice = "Give this role the right to start it."
    elif answer.for_good:
        advice = "Correct its name or parameters."
    else:
        advice = "It will be tried again with the same id."
    return f"SageMaker {what}: {answer.code} ({answer.text}). {advice}"
