"""What a monitor file must fulfil in its policies: what is counted, and the one thing that each starts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from atalaia.monitor_columns import is_number
from atalaia.monitor_targets import broken_targets
from atalaia.monitor_yaml import Issue, Path
from atalaia.policies import TARGETS
from atalaia.window import parse_duration

MOST_LOOKED_AT = 100
"""A policy looks at so many windows at most."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_WORKSPACE = re.compile(
    r"/subscriptions/[^/?#\s]+/resourceGroups/[^/?#\s]+"
    r"/providers/Microsoft\.MachineLearningServices/workspaces/[^/?#\s]+",
    re.IGNORECASE,
)


def broken_policies(policies: list[Any]) -> Iterator[Issue]:
    """Yield what is wrong with the list `policies`; parts of a wrong type are passed over."""
    names: dict[str, int] = {}
    for place, policy in enumerate(policies):
        if isinstance(policy, dict):
            path: Path = ("policies", place)
            yield from _name(policy.get("name"), place, names)
            yield from _counts(policy, path)
            yield from _durations(policy, path)
            yield from _target(policy, path)
            yield from broken_targets(policy, path)
            yield from broken_new_baseline(policy.get("new_baseline"), (*path, "new_baseline"))


def broken_new_baseline(new: object, path: Path) -> Iterator[Issue]:
    """Yield what is wrong with where a new baseline is to come from, which stands at *path*."""
    if not isinstance(new, dict):
        return
    for key, most in (("windows", MOST_LOOKED_AT), ("rows", None)):
        count = new.get(key)
        if is_number(count) and new.get("data") is not None:
            yield Issue((*path, key), f"`{key}` has no effect beside `data`", "Remove one of the two.")
        elif is_number(count) and (count < 1 or (most is not None and count > most)):
            limits = "above 0" if most is None else f"from 1 to {most}"
            yield Issue((*path, key), f"{count} is not {limits}", "Give a whole number, such as 3 windows, 1000 rows.")
    if new.get("data") == "":
        yield Issue((*path, "data"), "the text is empty", "Name where the new model's training data are.")


def _name(name: object, place: int, names: dict[str, int]) -> Iterator[Issue]:
    path: Path = ("policies", place, "name")
    if not isinstance(name, str):
        return
    if not _NAME.fullmatch(name):
        found = f"{name!r} is not a name of small letters, digits and hyphens, at most 63, not beginning with a hyphen"
        yield Issue(path, found, "Write 'retrain', for example.")
    elif place != names.setdefault(name, place):
        yield Issue(path, f"the name {name!r} already stands at policies[{names[name]}]", "Give each its own name.")


def _counts(policy: Mapping[str, Any], path: Path) -> Iterator[Issue]:
    share, windows, looked_at = policy.get("drift_share"), policy.get("windows", 1), policy.get("of")
    if is_number(share) and not 0 <= share < 1:
        fix = "Give the largest share of drifted columns that is still fine, such as 0.3."
        yield Issue((*path, "drift_share"), f"{share} is not a share from 0 up to 1", fix)
    if is_number(windows) and not 1 <= windows <= MOST_LOOKED_AT:
        yield Issue((*path, "windows"), f"{windows} is not from 1 to {MOST_LOOKED_AT}", "Give the number of windows.")
    if is_number(looked_at) and is_number(windows) and not windows <= looked_at <= MOST_LOOKED_AT:
        found = f"{looked_at} is not from {windows}, which is `windows`, to {MOST_LOOKED_AT}"
        yield Issue((*path, "of"), found, "Give how many of the latest windows are looked at.")


def _durations(policy: Mapping[str, Any], path: Path) -> Iterator[Issue]:
    for key in ("cool_down", "within"):
        text = policy.get(key)
        if isinstance(text, str):
            try:
                parse_duration(text)
            except ValueError:
                found = f"{text!r} is not a whole number with a unit (s, m, h, d, w)"
                yield Issue((*path, key), found, "Write it as 12h or 7d.")


def _target(policy: Mapping[str, Any], path: Path) -> Iterator[Issue]:
    given = [key for key in TARGETS if policy.get(key) is not None]
    if len(given) != 1:
        named = " and ".join(f"`{key}`" for key in given)
        found = f"both {named} are given" if given else "nothing is named that it starts"
        *others, last = (f"`{key}`" for key in TARGETS)
        yield Issue(path, found, f"Give one of {', '.join(others)} and {last}.")
    for key in given:
        if not policy[key]:
            yield Issue((*path, key), f"`{key}` is empty", "Fill it in.")
    if isinstance(policy.get("azureml_job"), dict):
        yield from _azureml_job(policy["azureml_job"], (*path, "azureml_job"))


def _azureml_job(job: Mapping[str, Any], path: Path) -> Iterator[Issue]:
    workspace, properties = job.get("workspace"), job.get("properties")
    if isinstance(workspace, str) and not _WORKSPACE.fullmatch(workspace):
        fix = "Copy it from the workspace's page: /subscriptions/ID/resourceGroups/GROUP/providers/..."
        yield Issue((*path, "workspace"), f"{workspace!r} is no resource id of a workspace", fix)
    if isinstance(properties, dict) and not isinstance(properties.get("jobType"), str):
        fix = "Write `jobType: Command` or `jobType: Pipeline`, and what else the API asks for."
        yield Issue((*path, "properties"), "there is no `jobType`", fix)
