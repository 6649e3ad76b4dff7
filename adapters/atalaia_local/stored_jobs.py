"""Jobs on one machine: each is written as a file, for whoever runs them."""

from __future__ import annotations

import msgspec

from atalaia.errors import JobError, PreconditionError, StoreError
from atalaia.ports import Job, ObjectStore


class StoredJobs:
    """Starts a job by writing `jobs/<id>.json` into a store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def start(self, job: Job) -> str:
        """Write the job's file unless it is there, and return its URI.

        Raises:
            JobError: It could not be written.
        """
        key = f"jobs/{job.id}.json"
        told = {"id": job.id, "monitor": job.monitor, "policy": job.policy, "window": job.window}
        why = {"parameters": dict(sorted(job.parameters.items())), "evidence": job.evidence}
        data = msgspec.json.encode(told | why)
        try:
            self._store.put(key, msgspec.json.format(data) + b"\n", if_absent=True)
        except PreconditionError:
            return f"{self._store.uri}/{key}"
        except StoreError as error:
            msg = f"The job could not be started. {error}"
            raise JobError(msg) from error
        return f"{self._store.uri}/{key}"
