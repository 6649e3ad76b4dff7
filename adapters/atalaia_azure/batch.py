"""Invoking batch endpoints of Azure Machine Learning.

The service names the jobs of an invocation itself, and takes neither another name nor tags. What it does take is the
experiment to keep the job in. So each job is kept in an experiment that is named after it, and before an endpoint is
invoked the workspace's jobs are looked through for it: the newest first, back to the window that is the job's reason.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from atalaia.errors import JobError
from atalaia.policies import AzuremlBatch
from atalaia.ports import Job
from atalaia.window import parse_time
from atalaia_azure.asking import Asked, Asker, Resource, is_safe, listed_by, told_by
from atalaia_functions.naming import job_name

SEARCH = 7.0
"""For so many seconds jobs are looked through: with two requests and two tokens more, a start ends within 30."""


class BatchInvoker(Struct, frozen=True):
    """Invokes a batch endpoint.

    Attributes:
        template: The endpoint, and what every job of it is given.
        arm: Asks Azure Resource Manager.
        scoring: Asks the endpoint itself.
        search: For how many seconds jobs are looked through at most.
    """

    template: AzuremlBatch
    arm: Asker
    scoring: Asker
    search: float = SEARCH

    def start(self, job: Job) -> str:
        """Invoke the endpoint unless it was invoked for this job before, and return the name of what runs.

        Raises:
            JobError: It was not started, or nobody knows; start it again with the same id.
        """
        experiment = job_name(job)
        return self._started(experiment, job) or self._invoke(experiment, job)

    def _invoke(self, experiment: str, job: Job) -> str:
        what = f"batch endpoint {self.template.endpoint}"
        known = told_by(self.arm.ask(what, Asked("GET", self._at(f"batchEndpoints/{self.template.endpoint}"))), what)
        url = str((known.get("properties") or {}).get("scoringUri") or "")
        if not is_safe(url):
            msg = f"{what}: it has no address over https:// to invoke it at. Look at its page, whether it is ready."
            raise JobError(msg)
        literals = {name: {"jobInputType": "Literal", "value": value} for name, value in job.parameters.items()}
        inputs = {**self.template.inputs, **literals}
        told = {"properties": {"inputData": inputs, "properties": {"experimentName": experiment}}}
        headers = {"azureml-model-deployment": self.template.deployment} if self.template.deployment else {}
        answer = told_by(self.scoring.ask(what, Asked("POST", url, told, (200, 201, 202), headers)), what)
        name = str(answer.get("name") or str(answer.get("id") or "").rstrip("/").rpartition("/")[2])
        if not name:
            msg = f"{what}: the answer names no job. It will be tried again with the same id."
            raise JobError(msg)
        return name

    def _started(self, experiment: str, job: Job) -> str | None:
        since = parse_time(job.window) or 0
        for jobs in self._pages():
            found = [each for each in jobs if (each.properties or {}).get("experimentName") == experiment]
            if found:
                return found[0].name
            if jobs and all(_created(each) < since for each in jobs):
                return None  # whoever was made before the window knew nothing of it
        return None

    def _pages(self) -> Iterator[list[Resource]]:
        url, what = self._at("jobs", "&listViewType=All"), "the workspace's jobs"
        until = time.monotonic() + self.search
        while (left := until - time.monotonic()) > 0:
            arm = replace(self.arm, seconds=min(self.arm.seconds, max(left, 1.0)))
            told = told_by(arm.ask(what, Asked("GET", url)), what)
            yield listed_by(told, what)
            url = str(told.get("nextLink") or "")
            if not url:
                return
            if not url.startswith(f"{self.arm.resource}/"):
                msg = f"{what}: the list goes on at {url[:100]}, which is not Azure Resource Manager."
                raise JobError(msg)
        msg = (
            f"{what}: those since the window cannot be looked through in {self.search:g} s. It will be tried again "
            "with the same id; if that stays so, give the endpoint a workspace of its own."
        )
        raise JobError(msg)

    def _at(self, path: str, more: str = "") -> str:
        return self.arm.at(self.template.workspace, path, more)


def _created(job: Resource) -> float:
    """When a job was created, in µs since 1970; never if that is not told, so that none is passed over."""
    try:
        return datetime.fromisoformat(str((job.system_data or {}).get("createdAt"))).timestamp() * 1e6
    except ValueError:
        return float("inf")


def audience_of(endpoint: str) -> str:
    """Return whom tokens for batch endpoints are for, by where Azure Resource Manager is."""
    return _AUDIENCES.get(endpoint.rstrip("/"), "https://ml.azure.com")


_AUDIENCES = {
    "https://management.chinacloudapi.cn": "https://ml.azure.cn",
    "https://management.usgovcloudapi.net": "https://ml.azure.us",
}
