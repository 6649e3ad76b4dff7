"""Names of jobs."""

from __future__ import annotations

import re

from atalaia.ports import Job

_MOST_NAME = 63
_IDS = 16  # characters of the id that a name of at most 63 ends with


def job_name(job: Job) -> str:
    """Return a name for people that no other job has: letters, digits and hyphens, 63 at most."""
    words = re.sub(r"[^a-zA-Z0-9]+", "-", f"{job.monitor}-{job.policy}-{job.window}")
    return f"{words[: _MOST_NAME - _IDS - 1].strip('-')}-{job.id[:_IDS]}".lstrip("-")
