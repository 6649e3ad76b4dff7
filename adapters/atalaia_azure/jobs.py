"""Starting Azure Machine Learning jobs, each once, over the REST API of Azure Resource Manager.

azure-ai-ml would bring 138 MB and 100 MB of memory for the one request that this takes. A job's name follows from its
id. Whoever finds the name taken has started it, so a request whose answer was lost is just made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from atalaia.policies import AzuremlJob
from atalaia.ports import Job
from atalaia_azure.asking import Asked, Asker
from atalaia_functions.naming import job_name

_MOST_TAG = 256


class MachineLearningStarter(Struct, frozen=True):
    """Starts jobs in a workspace of Azure Machine Learning.

    Attributes:
        template: The workspace, and the properties of its jobs.
        arm: Asks Azure Resource Manager.
    """

    template: AzuremlJob
    arm: Asker

    def start(self, job: Job) -> str:
        """Create the job unless it was created before, and return its name.

        Raises:
            JobError: It was not started, or nobody knows; start it again with the same id.
        """
        name = job_name(job)
        what = f"Azure ML job {name}"
        url = self.arm.at(self.template.workspace, f"jobs/{name}")
        if self.arm.ask(what, Asked("GET", url, fine=(200, 404))).status == 404:
            told = {"properties": _properties(self.template.properties, job)}
            self.arm.ask(what, Asked("PUT", url, told, (200, 201, 202, 409)))  # 409: another was faster
        return name


def _properties(template: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Add what a job is told: to a command's environment variables, to a pipeline's inputs, and to any job's tags."""
    told = dict(template)
    if str(told["jobType"]).lower() == "command":
        why = {"ATALAIA_EVIDENCE": msgspec.json.encode(job.evidence).decode()} if job.evidence else {}
        told["environmentVariables"] = {**(told.get("environmentVariables") or {}), **why, **job.parameters}
    elif str(told["jobType"]).lower() == "pipeline":
        literals = {name: {"jobInputType": "literal", "value": value} for name, value in job.parameters.items()}
        told["inputs"] = {**(told.get("inputs") or {}), **literals}
    own = {"atalaia.monitor": job.monitor, "atalaia.policy": job.policy, "atalaia.window": job.window}
    told["tags"] = {**(told.get("tags") or {}), **_tags(job.parameters), **_evidence(job), **own, "atalaia.id": job.id}
    told.setdefault("displayName", f"{job.monitor} {job.policy} {job.window}")
    return told


def _evidence(job: Job) -> dict[str, str]:
    """Return what tags have room for of why there is a job: the report, its fingerprint, and the baseline."""
    report = job.evidence.get("report") or {}
    found = {
        "report": report.get("uri"),
        "fingerprint": report.get("fingerprint"),
        "baseline": job.evidence.get("baseline"),
    }
    return _tags({f"atalaia.{name}": str(value) for name, value in found.items() if value})


def _tags(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value[:_MOST_TAG] for name, value in given.items()}
