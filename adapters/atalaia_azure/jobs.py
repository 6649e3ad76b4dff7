"""Starting Azure Machine Learning jobs, each once, over the REST API of Azure Resource Manager.

azure-ai-ml would bring 138 MB and 100 MB of memory for the one request that this takes. A job's name follows from its
id. Whoever finds the name taken has started it, so a request whose answer was lost is just made again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from atalaia.errors import AtalaiaError, JobError
from atalaia.policies import AzuremlJob
from atalaia.ports import Job
from atalaia_azure.identity import NoTokenError, Token
from atalaia_functions.naming import job_name
from atalaia_web.wire import Answer, NoAnswerError, ask

_API = "2025-01-01-preview"
_SECONDS = 10.0
_MOST_TAG = 256
_RIGHTS = (401, 403)


class MachineLearningStarter(Struct, frozen=True):
    """Starts jobs in a workspace of Azure Machine Learning.

    Attributes:
        template: The workspace, and the properties of its jobs.
        endpoint: Where Azure Resource Manager is.
        token: Gives tokens for it.
        seconds: A request takes no longer.
    """

    template: AzuremlJob
    endpoint: str
    token: Token
    seconds: float = _SECONDS

    def start(self, job: Job) -> str:
        """Create the job unless it was created before, and return its name.

        Raises:
            JobError: It was not started, or nobody knows; start it again with the same id.
        """
        name = job_name(job)
        if self._ask("GET", name, b"", (200, 404)).status == 404:
            body = msgspec.json.encode({"properties": _properties(self.template.properties, job)})
            self._ask("PUT", name, body, (200, 201, 202, 409))  # 409: another was faster
        return name

    def _ask(self, method: str, name: str, body: bytes, fine: tuple[int, ...]) -> Answer:
        where = f"{self.template.workspace.rstrip('/')}/jobs/{name}"
        what = f"Azure ML job {name}"
        try:
            headers = {"Authorization": f"Bearer {self.token(self.endpoint.rstrip('/'))}"}
            headers |= {"Content-Type": "application/json"} if body else {}
            url = f"{self.endpoint.rstrip('/')}{where}?api-version={_API}"
            answer = ask(method, url, body, headers, self.seconds)
        except NoTokenError as error:
            msg = f"{what}: {error}"
            raise JobError(msg) from error
        except NoAnswerError as error:
            msg = f"{what}: {error} It will be tried again with the same id."
            raise JobError(msg) from error
        if answer.status not in fine or _is_of_workspace(answer):
            msg = f"{what}: HTTP status {answer.status} ({_code(answer)}). {_advice(answer.status)}"
            raise JobError(msg)
        return answer


def _properties(template: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Add what a job is told: to a command's environment variables, to a pipeline's inputs, and to any job's tags."""
    told = dict(template)
    if str(told["jobType"]).lower() == "command":
        told["environmentVariables"] = {**(told.get("environmentVariables") or {}), **job.parameters}
    elif str(told["jobType"]).lower() == "pipeline":
        inputs = {name: {"jobInputType": "literal", "value": value} for name, value in job.parameters.items()}
        told["inputs"] = {**(told.get("inputs") or {}), **inputs}
    own = {"atalaia.monitor": job.monitor, "atalaia.policy": job.policy, "atalaia.window": job.window}
    given = {name: value[:_MOST_TAG] for name, value in job.parameters.items()}
    told["tags"] = {**(told.get("tags") or {}), **given, **own, "atalaia.id": job.id}
    told.setdefault("displayName", f"{job.monitor} {job.policy} {job.window}")
    return told


def _code(answer: Answer) -> str:
    try:
        told = json.loads(answer.body)["error"]
        return f"{told['code']}: {' '.join(str(told.get('message', '')).split())[:300]}"
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]


def _is_of_workspace(answer: Answer) -> bool:
    """Tell whether what was not found is the workspace, or what it is in, and not the job."""
    return answer.status == 404 and _code(answer).partition(":")[0] in _ABOVE


_ABOVE = (
    "ResourceGroupNotFound",
    "SubscriptionNotFound",
    "ResourceNotFound",
    "WorkspaceNotFound",
    "InvalidSubscriptionId",
)


def _advice(status: int) -> str:
    if status in _RIGHTS:
        return "Give this app's identity the role AzureML Data Scientist in the workspace."
    if status == 429 or status >= 500 or status == 408:
        return "It will be tried again with the same id."
    return "Correct `workspace` or `properties` of the policy's `azureml_job`."


def endpoint_of(env: Mapping[str, str]) -> str:
    """Return where Azure Resource Manager is.

    A policy with an Azure ML job names a resource of the public cloud itself, unless the setting says which other.

    Raises:
        AtalaiaError: The setting is no address.
    """
    given = env.get("ATALAIA_ARM_ENDPOINT", "https://management.azure.com")
    if not given.startswith(("https://", "http://127.0.0.1:")):
        msg = f"ATALAIA_ARM_ENDPOINT={given}: a token is sent there, so it must begin with https://, or be on loopback."
        raise AtalaiaError(msg)
    return given
