"""What a monitor file must fulfil in its policies' targets: addresses and names, and secrets only by reference."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from atalaia.monitor_traffic import broken_traffic
from atalaia.monitor_yaml import Issue, Path
from atalaia.references import KINDS, is_address, is_reference, secret_in

_SECRETS = {
    "databricks": "token",
    "github_workflow": "token",
    "github_issue": "token",
    "azure_devops": "token",
    "webhook": "secret",
}
_ADDRESSES = {"databricks": "host", "github_workflow": "api", "github_issue": "api", "azure_devops": "organization"}
_REPOSITORY = re.compile(r"[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,251}(\.fifo)?")
_REFERENCE = f"Refer to where it is kept: {KINDS}."


def broken_targets(policy: Mapping[str, Any], path: Path) -> Iterator[Issue]:
    """Yield what is wrong with what a policy starts; a secret that stands there is told of, and never shown."""
    yield from _secrets(policy, path)
    for target, key in _SECRETS.items():
        yield from _reference(_text(policy, target, key), (*path, target, key))
    for target, key in _ADDRESSES.items():
        yield from _address(_text(policy, target, key), (*path, target, key))
    yield from _webhook(policy, (*path, "webhook"))
    yield from _topic(policy.get("sns_topic"), (*path, "sns_topic"))
    yield from broken_traffic(policy, path)
    for target in ("github_workflow", "github_issue"):
        yield from _repository(_text(policy, target, "repository"), (*path, target, "repository"))
    yield from _labels(policy.get("github_issue"), (*path, "github_issue", "labels"))
    workflow = policy.get("github_workflow")
    if isinstance(workflow, dict) and ("workflow" in workflow) == ("event_type" in workflow):
        found = "either a workflow's file or the type of an event is to be named"
        yield Issue((*path, "github_workflow"), found, "Give `workflow` or `event_type`.")


def _text(policy: Mapping[str, Any], target: str, key: str) -> str | None:
    given = policy.get(target)
    value = given.get(key) if isinstance(given, dict) else None
    return value if isinstance(value, str) else None


def _secrets(value: object, path: Path) -> Iterator[Issue]:
    """Look for secrets in all texts of a policy: its file is stored and shown, and so is what it tells jobs."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _secrets(each, (*path, key))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _secrets(each, (*path, place))
    elif isinstance(value, str) and (seems := secret_in(value)) is not None:
        yield Issue(path, f"this seems to be {seems}, which must not stand here", f"Withdraw it. {_REFERENCE}")


def _reference(text: str | None, path: Path) -> Iterator[Issue]:
    if text is not None and not is_reference(text) and secret_in(text) is None:
        yield Issue(path, "this is no reference to a secret", _REFERENCE)


def _address(text: str | None, path: Path) -> Iterator[Issue]:
    if text is not None and not is_address(text) and secret_in(text) is None:
        found = "this is no address over https without a user or password in it"
        yield Issue(path, found, "Write it as https://host/path; plain http is only for this machine, 127.0.0.1.")


def _webhook(policy: Mapping[str, Any], path: Path) -> Iterator[Issue]:
    url = _text(policy, "webhook", "url")
    if url is None or is_reference(url):
        return
    if _text(policy, "webhook", "format") in ("slack", "teams"):
        yield from _reference(url, (*path, "url"))  # who knows the address may write to the channel
    else:
        yield from _address(url, (*path, "url"))


def _labels(issue: object, path: Path) -> Iterator[Issue]:
    labels = issue.get("labels") if isinstance(issue, dict) else None
    for place, label in enumerate(labels if isinstance(labels, list) else ()):
        if isinstance(label, str) and ("," in label or not label.strip()):
            found = f"{label!r} is no label that issues can be looked for by"
            yield Issue((*path, place), found, "Give a label without a comma.")


def _topic(text: object, path: Path) -> Iterator[Issue]:
    if isinstance(text, str) and text and not _TOPIC.fullmatch(text):
        yield Issue(path, f"{text!r} is no ARN of an SNS topic", "Write it as arn:aws:sns:REGION:ACCOUNT:NAME.")


def _repository(text: str | None, path: Path) -> Iterator[Issue]:
    if text is not None and not _REPOSITORY.fullmatch(text):
        yield Issue(path, f"{text!r} is no repository", "Write it as OWNER/NAME.")
