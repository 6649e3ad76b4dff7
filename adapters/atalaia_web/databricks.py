"""Runs of Databricks jobs, each once: Databricks knows by the job's id whether it started it before.

Source: Databricks' Jobs API 2.2, run-now, whose `idempotency_token` has 64 characters at most.
"""

from __future__ import annotations

from msgspec import Struct

from atalaia.policies import Databricks
from atalaia.ports import Job
from atalaia_web.asking import SECONDS, Secret, Service, encoded, token_of
from atalaia_web.telling import parameters_of

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
        service = Service(
            f"Databricks job {self.target.job_id}",
            "Give the token's owner the permission Can Manage Run on the job, or renew the token.",
            "Correct `host`, `job_id` or the parameters of the policy's `databricks`.",
            seconds=self.seconds,
        )
        headers = {"Authorization": f"Bearer {token_of(self.target.token, self.secret)}"}
        url = f"{self.target.host.rstrip('/')}/api/2.2/jobs/run-now"
        return service.named(service.ask("POST", url, headers, encoded(told), (200,)), "run_id")
