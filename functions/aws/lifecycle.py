"""Lambda: notes what became of the jobs that policies started, as EventBridge tells it of SageMaker."""

from __future__ import annotations

from typing import Any

from atalaia_aws.events import job_change_of
from atalaia_aws.runtime import runtime


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Note one change of a job's state; jobs of others are left alone."""
    with runtime().invocation("lifecycle", context) as this:
        change = job_change_of(event)
        found = this.service.note_outcome(change.job, change.state, change.time)
        told: dict[str, Any] = {"job": change.job, "state": change.state}
        told |= {"action": None} if found is None else {"monitor": found[0], **found[1].noted()}
        this.told |= told
        return told
