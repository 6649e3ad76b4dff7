"""What a monitor file must fulfil in what its policies start in Azure: addresses, names, and what jobs are made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from atalaia.monitor_yaml import Issue, Path

_WORKSPACE = re.compile(
    r"/subscriptions/[^/?#\s]+/resourceGroups/[^/?#\s]+"
    r"/providers/Microsoft\.MachineLearningServices/workspaces/[^/?#\s]+",
    re.IGNORECASE,
)
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}")  # the pattern of Microsoft's own client
_TOPIC = re.compile(r"https://[^/?#\s]+\.eventgrid\.azure\.(net|us|cn)/api/events|http://127\.0\.0\.1:\d+/\S*")


def broken_azure(policy: Mapping[str, Any], path: Path) -> Iterator[Issue]:
    """Yield what is wrong with what a policy starts in Azure."""
    for key in ("azureml_job", "azureml_batch", "azureml_traffic"):
        target = policy.get(key)
        workspace = target.get("workspace") if isinstance(target, dict) else None
        if isinstance(workspace, str) and not _WORKSPACE.fullmatch(workspace):
            fix = "Copy it from the workspace's page: /subscriptions/ID/resourceGroups/GROUP/providers/..."
            yield Issue((*path, key, "workspace"), f"{workspace!r} is no resource id of a workspace", fix)
        yield from _names(target, (*path, key))
    if isinstance(policy.get("azureml_job"), dict):
        yield from _job_type(policy["azureml_job"], (*path, "azureml_job"))
    topic = policy.get("event_grid_topic")
    if isinstance(topic, str) and topic and not _TOPIC.fullmatch(topic):
        fix = "Copy the topic's endpoint from its page: https://NAME.REGION-1.eventgrid.azure.net/api/events"
        yield Issue((*path, "event_grid_topic"), f"{topic!r} is no address of an Event Grid topic", fix)


def _job_type(job: Mapping[str, Any], path: Path) -> Iterator[Issue]:
    properties = job.get("properties")
    if isinstance(properties, dict) and not isinstance(properties.get("jobType"), str):
        fix = "Write `jobType: Command` or `jobType: Pipeline`, and what else the API asks for."
        yield Issue((*path, "properties"), "there is no `jobType`", fix)
    yield from broken_maps(properties, (*path, "properties"), ("environmentVariables", "inputs", "tags"))


def _names(target: object, path: Path) -> Iterator[Issue]:
    for key in ("endpoint", "deployment"):
        name = target.get(key) if isinstance(target, dict) else None
        if isinstance(name, str) and not _NAME.fullmatch(name):
            found = f"{name!r} is no name of letters, digits, hyphens and underscores"
            yield Issue((*path, key), found, "Write it as Azure ML does.")


def broken_maps(given: object, path: Path, keys: tuple[str, ...]) -> Iterator[Issue]:
    """Yield which of these *keys*, to whose values a job's parameters are added, hold no map."""
    for key in keys:
        value = given.get(key) if isinstance(given, dict) else None
        if value is not None and not isinstance(value, dict):
            yield Issue((*path, key), f"`{key}` is no map", "Write it as {NAME: value}.")
