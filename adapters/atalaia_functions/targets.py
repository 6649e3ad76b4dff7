"""What policies start from any cloud, and from none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atalaia.policies import Policy
from atalaia.ports import JobStarter, ObjectStore

if TYPE_CHECKING:
    from atalaia_web.asking import Secret


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
    if policy.databricks is not None:
        from atalaia_web.databricks import DatabricksStarter

        return DatabricksStarter(policy.databricks, secret)
    if policy.azure_devops is not None:
        from atalaia_web.devops import DevopsStarter

        return DevopsStarter(policy.azure_devops, secret)
    if policy.webhook is not None:
        from atalaia_web.webhook import WebhookStarter

        return WebhookStarter(policy.webhook, secret)
    return _github_starter(policy, secret)


def _github_starter(policy: Policy, secret: Secret) -> JobStarter | None:
    if policy.github_issue is not None:
        from atalaia_web.github import IssueStarter

        return IssueStarter(policy.github_issue, secret)
    if policy.github_workflow is not None:
        from atalaia_web.github import EventStarter, WorkflowStarter

        kind = WorkflowStarter if policy.github_workflow.event_type is None else EventStarter
        return kind(policy.github_workflow, secret)
    return None
