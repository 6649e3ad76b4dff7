"""Data sources that need no cloud: they are computed here as their providers compute them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from made_up import ACCOUNT, REGION, SUBSCRIPTION, TENANT

_PARTS = {"actions": "Action", "not_actions": "NotAction", "resources": "Resource", "not_resources": "NotResource"}


def _policy_document(config: dict[str, Any]) -> dict[str, Any]:
    given = [json.loads(each)["Statement"] for each in config.get("source_policy_documents") or []]
    statements = [each for found in given for each in (found if isinstance(found, list) else [found])]
    statements += [dict(_statement(each)) for each in config.get("statement") or []]
    document = {"Version": config.get("version") or "2012-10-17", "Statement": statements}
    text = json.dumps(document, indent=2)
    number = int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)
    return {"json": text, "minified_json": json.dumps(document, separators=(",", ":")), "id": str(number)}


def _statement(given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if given.get("sid"):
        yield "Sid", given["sid"]
    yield "Effect", given.get("effect") or "Allow"
    yield from ((name, _one_or_all(given[key])) for key, name in _PARTS.items() if given.get(key))
    for key, name in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        who = {each["type"]: _one_or_all(each["identifiers"]) for each in given.get(key) or []}
        if who:
            yield name, "*" if who == {"*": "*"} else who
    conditions: dict[str, dict[str, Any]] = {}
    for each in given.get("condition") or []:
        conditions.setdefault(each["test"], {})[each["variable"]] = _one_or_all(each["values"])
    if conditions:
        yield "Condition", conditions


def _one_or_all(values: list[str]) -> Any:
    return values[0] if len(values) == 1 else sorted(values, reverse=True)


_OF_TOPIC = {"type": "SystemAssigned", "principal_id": SUBSCRIPTION, "tenant_id": TENANT, "identity_ids": []}

COMPUTED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "aws_caller_identity": lambda _: {"account_id": ACCOUNT, "id": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root"},
    "aws_iam_policy_document": _policy_document,
    "aws_partition": lambda _: {"partition": "aws", "dns_suffix": "amazonaws.com", "id": "aws"},
    "aws_region": lambda config: {"region": config.get("region") or REGION, "name": REGION, "id": REGION},
    "azurerm_client_config": lambda _: {"subscription_id": SUBSCRIPTION, "tenant_id": TENANT, "id": SUBSCRIPTION},
    "azurerm_eventgrid_system_topic": lambda _: {"identity": [_OF_TOPIC]},
}
"""What makes the attributes of a data source from its arguments."""
