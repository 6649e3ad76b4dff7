"""SageMaker's operations by name."""

from collections.abc import Callable
from typing import Any

from emulated_aws.sagemaker.endpoints import Endpoints
from emulated_aws.sagemaker.faults import RefusalError, UnknownOperationError
from emulated_aws.sagemaker.pipelines import Pipelines
from emulated_aws.sagemaker.registry import Registry
from emulated_aws.sagemaker.surroundings import Surroundings
from emulated_aws.sagemaker.training import TrainingJobs


class SageMaker:
    """One account and region."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._pipelines = Pipelines(around)
        self._jobs = TrainingJobs(around)
        self._endpoints = Endpoints(around)
        self._registry = Registry(around)
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "CreatePipeline": self._pipelines.create,
            "DescribePipeline": self._pipelines.describe,
            "StartPipelineExecution": self._pipelines.start,
            "DescribePipelineExecution": self._pipelines.describe_execution,
            "ListPipelineExecutions": self._pipelines.list_executions,
            "ListPipelineParametersForExecution": self._pipelines.parameters,
            "StopPipelineExecution": self._pipelines.stop,
            "CreateTrainingJob": self._jobs.create,
            "DescribeTrainingJob": self._jobs.describe,
            "ListTrainingJobs": self._jobs.list,
            "StopTrainingJob": self._jobs.stop,
            "CreateEndpointConfig": self._endpoints.configure,
            "CreateEndpoint": self._endpoints.create,
            "DescribeEndpoint": self._endpoints.describe,
            "UpdateEndpointWeightsAndCapacities": self._endpoints.shift,
            "CreateModelPackageGroup": self._registry.create_group,
            "CreateModelPackage": self._registry.create,
            "DescribeModelPackage": self._registry.describe,
            "UpdateModelPackage": self._registry.update,
            "ListTags": self._list_tags,
        }

    def counts(self) -> dict[str, int]:
        """How many executions and jobs there are, ended ones too."""
        return {"executions": len(self._pipelines.executions), "training_jobs": len(self._jobs.jobs)}

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one operation.

        Raises:
            RefusalError: AWS would refuse it, or it is not emulated.
        """
        if operation not in self._operations:
            message = f"{operation} is not emulated; there are: {', '.join(sorted(self._operations))}"
            raise UnknownOperationError(message)
        with self._around.lock:
            try:
                return self._operations[operation](request)
            except KeyError as error:
                message = f"{operation} needs {error}"
                raise RefusalError(message) from error

    def _list_tags(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"Tags": self._around.tags.get(request["ResourceArn"], [])}
