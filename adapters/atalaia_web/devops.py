"""Runs of pipelines in Azure DevOps.

Azure DevOps takes no id that makes a request unique, so it is asked first for a run whose name begins with the job's
id, which the pipeline's `name: ${{ parameters.atalaia_id }}` gives it. What parameters a run had, its lists do not say.

Source: Azure DevOps' REST API 7.1: Pipelines, run pipeline; Builds, list and get.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode

from msgspec import Struct

from atalaia.errors import JobError
from atalaia.policies import AzureDevops
from atalaia.ports import Course, Job
from atalaia.window import parse_time
from atalaia_web.asking import SECONDS, Secret, Service, encoded, token_of
from atalaia_web.telling import parameters_of
from atalaia_web.wire import Answer

_API = "7.1"
_RESULTS = {"succeeded": "Succeeded", "partiallySucceeded": "CompletedWithFailures", "canceled": "Stopped"}
_MOST_PARAMETERS = 30_000  # bytes, as JSON


class DevopsStarter(Struct, frozen=True):
    """Starts runs of a pipeline, whose name must begin with `${{ parameters.atalaia_id }}`.

    Attributes:
        target: The pipeline.
        secret: Reads the personal access token.
        seconds: A request takes no longer.
    """

    target: AzureDevops
    secret: Secret
    seconds: float = SECONDS

    def start(self, job: Job) -> str:
        """Start a run unless one has the job's id for a name, and return its address.

        Raises:
            JobError: It was not started, or nobody knows; start it again with the same id.
        """
        ask = self._asker()
        wanted = {"definitions": self.target.pipeline_id, "buildNumber": f"{job.id}*"}
        for run in self._service.listed(ask("GET", "build/builds", wanted, b""), "value"):
            return self._address(run.get("id"))
        answer = ask("POST", f"pipelines/{self.target.pipeline_id}/runs", {}, encoded(self._told(job)))
        return self._address(self._service.named(answer, "id"))

    def course(self, name: str, job_id: str) -> Course:  # noqa: ARG002 - as others have them
        """Return what has become of a run.

        Raises:
            JobError: Azure DevOps did not say.
        """
        number = name.rpartition("=")[2]
        build = self._service.told(self._asker()("GET", f"build/builds/{number}", {}, b""))
        if not isinstance(build.get("status"), str):
            raise JobError(self._service.unclear)
        if build["status"] != "completed":
            return Course("Running", parse_time(build.get("startTime")))
        return Course(_RESULTS.get(str(build.get("result")), "Failed"), parse_time(build.get("finishTime")))

    @property
    def _service(self) -> Service:
        return Service(
            f"Azure DevOps pipeline {self.target.pipeline_id} of {self.target.project}",
            "Give the token the scope Build (read and execute), or renew it.",
            "Correct `organization`, `project`, `pipeline_id`, `branch` or the parameters of the policy.",
            refusals=(203, 302),  # to who has no valid token, it shows a page to sign in
            seconds=self.seconds,
        )

    def _asker(self) -> Callable[[str, str, Mapping[str, object], bytes], Answer]:
        """Return what sends requests with one token."""
        pair = f":{token_of(self.target.token, self.secret)}".encode()
        headers = {"Accept": "application/json", "Authorization": f"Basic {base64.b64encode(pair).decode()}"}

        def ask(method: str, what: str, wanted: Mapping[str, object], told: bytes) -> Answer:
            url = f"{self._project}/_apis/{what}?{urlencode({**wanted, 'api-version': _API})}"
            return self._service.ask(method, url, headers, told, (200,))

        return ask

    def _told(self, job: Job) -> dict[str, object]:
        told: dict[str, object] = {"templateParameters": parameters_of(job, _MOST_PARAMETERS)}
        if self.target.branch is not None:
            name = self.target.branch
            full = name if name.startswith("refs/") else f"refs/heads/{name}"
            told["resources"] = {"repositories": {"self": {"refName": full}}}
        return told

    @property
    def _project(self) -> str:
        return f"{self.target.organization.rstrip('/')}/{quote(self.target.project, safe='')}"

    def _address(self, run: object) -> str:
        return f"{self._project}/_build/results?buildId={run}"
