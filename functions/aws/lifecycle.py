"""Lambda: notes what became of jobs that policies started, and new models, as EventBridge tells it of SageMaker."""

from __future__ import annotations

from typing import Any

from atalaia_aws.events import JobChange, change_of
from atalaia_aws.runtime import runtime


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Note one change of a job's state, or a model package that was approved; those of others are left alone."""
    with runtime().invocation("lifecycle", context) as this:
        change = change_of(event)
        if isinstance(change, JobChange):
            found = this.service.note_outcome(change.job, change.state, change.time)
            told: dict[str, Any] = {"job": change.job, "state": change.state}
            told |= {"why": change.why} if change.why else {}
            told |= {"action": None} if found is None else {"monitor": found[0], **found[1].noted()}
        elif change is None:
            told = {"model": None}
        else:
            told = {"model": change.model, "version": change.version, "monitors": this.service.note_model(change)}
        this.told |= told
        return told
