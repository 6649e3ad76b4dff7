"""Lambda: notes what becomes of the jobs that policies started, and of models, as EventBridge tells it of SageMaker."""

from __future__ import annotations

from typing import Any

from atalaia.monitoring.service import Service
from atalaia_aws.changes import JobChange, ModelChange, change_of
from atalaia_aws.runtime import runtime


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Note one change of a job's or a model's state; those of others are left alone."""
    with runtime().invocation("lifecycle", context) as this:
        change = change_of(event)
        told = _of_job(this.service, change) if isinstance(change, JobChange) else _of_model(change)
        this.told |= told
        return told


def _of_job(service: Service, change: JobChange) -> dict[str, Any]:
    found = service.note_outcome(change.job, change.state, change.time)
    told: dict[str, Any] = {"job": change.job, "state": change.state} | ({"why": change.why} if change.why else {})
    return told | ({"action": None} if found is None else {"monitor": found[0], **found[1].noted()})


def _of_model(change: ModelChange) -> dict[str, Any]:
    return {"model": change.group, "version": change.version, "package": change.arn, "state": change.approval}
