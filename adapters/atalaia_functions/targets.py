"""What policies start from any cloud, and from none."""

from __future__ import annotations

from atalaia.policies import Policy
from atalaia.ports import JobStarter, ObjectStore
from atalaia_functions.secrets import Secret


def common_starter(policy: Policy, secret: Secret, store: ObjectStore) -> JobStarter | None:
    """Return what starts the jobs of a policy; None if its target is one cloud's own.

    Args:
        policy: Whose jobs.
        secret: Reads the secrets that it refers to, each when a job is started.
        store: The monitor's output, for jobs that are written there.
    """
    if policy.file:
        from atalaia_local.stored_jobs import StoredJobs

        return StoredJobs(store)
    return None
