"""Runs of Databricks jobs, each once: Databricks knows by the job's id whether it started it before.

Source: Databricks' Jobs API 2.2: run-now, whose `idempotency_token` has 64 characters at most, and runs/get.
"""

from __future__ import annotations

from urllib.parse import urlencode

from msgspec import Struct

from atalaia.errors import JobError
from atalaia.policies import Databricks
from atalaia.ports import Course, Job
from atalaia.window import parse_time
from atalaia_web.asking import SECONDS, Secret, Service, encoded, token_of
from atalaia_web.telling import parameters_of
from atalaia_web.wire import Answer

_RESULTS = {
    "SUCCESS": "Succeeded", "SUCCESS_WITH_FAILURES": "CompletedWithFailures",
    "CANCELED": "Stopped", "USER_CANCELED": "Stopped", "SKIPPED": "Stopped",
}  # fmt: skip
_MOST_PARAMETERS = 10_000  # bytes, as JSON


class DatabricksStarter(Struct, frozen=True):
    """Starts runs of a job in Databricks.

    Attributes:
        target: The job.
        secret: Reads the token.
        seconds: A request takes no longer.
    """

    target: Databricks
    secret: Secret
    seconds: float = SECONDS

    def start(self, job: Job) -> str:
        """Start a run unless this job was started before, and return the run's number.

        Raises:
            JobError: It was not started, or nobody knows; start it again with the same id.
        """
        told = {
            "job_id": self.target.job_id,
            "idempotency_token": job.id,
            "job_parameters": parameters_of(job, _MOST_PARAMETERS),
        }
        return self._service.named(self._ask("POST", "run-now", encoded(told)), "run_id")

    def course(self, name: str, job_id: str) -> Course:  # noqa: ARG002 - as others have them
        """Return what has become of a run.

        Raises:
            JobError: Databricks did not say.
        """
        run = self._service.told(self._ask("GET", f"runs/get?{urlencode({'run_id': name})}"))
        status = run.get("status")
        if not isinstance(status, dict):
            raise JobError(self._service.unclear)
        if status.get("state") != "TERMINATED":
            return Course("Running", parse_time(run.get("start_time")))
        code = (status.get("termination_details") or {}).get("code")
        return Course(_RESULTS.get(str(code), "Failed"), parse_time(run.get("end_time")))

    @property
    def _service(self) -> Service:
        return Service(
            f"Databricks job {self.target.job_id}",
            "Give the token's owner the permission Can Manage Run on the job, or renew the token.",
            "Correct `host`, `job_id` or the parameters of the policy's `databricks`.",
            seconds=self.seconds,
        )

    def _ask(self, method: str, what: str, told: bytes = b"") -> Answer:
        headers = {"Authorization": f"Bearer {token_of(self.target.token, self.secret)}"}
        url = f"{self.target.host.rstrip('/')}/api/2.2/jobs/{what}"
        return self._service.ask(method, url, headers, told, (200,))
