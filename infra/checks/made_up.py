"""What a cloud would answer: well-formed values for computed attributes, the same in every run."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from collections.abc import Mapping
from typing import Any

from generated import Schema

ACCOUNT, REGION = "123456789012", "eu-west-1"
SUBSCRIPTION, TENANT = "00000000-1111-2222-3333-444444444444", "55555555-6666-7777-8888-999999999999"

_ARNS = {
    "aws_s3_bucket": "arn:aws:s3:::{name}",
    "aws_iam_role": f"arn:aws:iam::{ACCOUNT}:role/{{name}}",
    "aws_iam_policy": f"arn:aws:iam::{ACCOUNT}:policy/{{name}}",
    "aws_lambda_function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{name}}",
    "aws_cloudwatch_log_group": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{name}}",
    "aws_cloudwatch_metric_alarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{name}}",
    "aws_cloudwatch_composite_alarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{name}}",
    "aws_cloudwatch_event_rule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{{name}}",
    "aws_sns_topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{name}}",
    "aws_sqs_queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{name}}",
}
_GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{{resource_group_name}}/providers"
_IDS = {
    "aws_sqs_queue": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{{name}}",
    "azurerm_application_insights": f"{_GROUP}/Microsoft.Insights/components/{{name}}",
    "azurerm_application_insights_workbook": f"{_GROUP}/Microsoft.Insights/workbooks/{{name}}",
    "azurerm_eventgrid_system_topic": f"{_GROUP}/Microsoft.EventGrid/systemTopics/{{name}}",
    "azurerm_log_analytics_query_pack": f"{_GROUP}/Microsoft.OperationalInsights/queryPacks/{{name}}",
    "azurerm_log_analytics_workspace": f"{_GROUP}/Microsoft.OperationalInsights/workspaces/{{name}}",
    "azurerm_monitor_action_group": f"{_GROUP}/Microsoft.Insights/actionGroups/{{name}}",
    "azurerm_monitor_metric_alert": f"{_GROUP}/Microsoft.Insights/metricAlerts/{{name}}",
    "azurerm_monitor_scheduled_query_rules_alert_v2": f"{_GROUP}/Microsoft.Insights/scheduledQueryRules/{{name}}",
    "azurerm_service_plan": f"{_GROUP}/Microsoft.Web/serverFarms/{{name}}",
    "azurerm_storage_account": f"{_GROUP}/Microsoft.Storage/storageAccounts/{{name}}",
    "azurerm_storage_container": "{storage_account_id}/blobServices/default/containers/{name}",
    "azurerm_storage_queue": "{storage_account_id}/queueServices/default/queues/{name}",
    "azapi_resource": "{parent_id}/providers/{kind}/{name}",
}
_TEXTS = {
    ("azurerm_storage_account", "primary_blob_endpoint"): "https://{name}.blob.core.windows.net/",
    ("aws_lambda_function_url", "function_url"): f"https://{{name}}.lambda-url.{REGION}.on.aws/",
}
_UUIDS = ("principal_id", "tenant_id", "app_id", "workspace_id", "instrumentation_key")
_EMPTY: dict[str, Any] = {"string": "", "number": 0, "bool": False, "dynamic": [b'["object",{}]', {}]}
_NAMES = ("name", "function_name", "bucket", "alarm_name", "identifier", "id")


def name_of(type_name: str, value: dict[str, Any]) -> str:
    """Return what a resource is called, as far as its arguments tell."""
    return next((value[key] for key in _NAMES if isinstance(value.get(key), str)), type_name)


def told_of(type_name: str, value: dict[str, Any]) -> dict[str, str]:
    """Return the texts among a resource's arguments, with its name and, of an Azure resource, its kind."""
    told = {key: each for key, each in value.items() if isinstance(each, str)}
    return told | {"name": name_of(type_name, value), "kind": told.get("type", "").partition("@")[0]}


def made_up(type_name: str, told: Mapping[str, str], place: tuple[str, ...], attribute: Schema) -> Any:
    """Return a value for the attribute at *place* of a resource whose arguments have the texts *told*."""
    if "nested_type" in attribute:
        nested = attribute["nested_type"]
        if nested["nesting_mode"] != "single":
            return {} if nested["nesting_mode"] == "map" else []
        return {key: made_up(type_name, told, (*place, key), each) for key, each in nested["attributes"].items()}
    if attribute["type"] != "string":
        return _nothing(attribute["type"])
    return _text(type_name, told, place)


def _nothing(kind: Any) -> Any:
    if isinstance(kind, str):
        return _EMPTY[kind]
    if kind[0] == "object":
        return {key: _nothing(each) for key, each in kind[1].items()}
    return {} if kind[0] == "map" else []


def _text(type_name: str, told: Mapping[str, str], place: tuple[str, ...]) -> str:
    name, own = told["name"], place[-1]
    digest = hashlib.sha256("/".join((type_name, name, *place)).encode()).hexdigest()
    if type_name.startswith("aws_") and own == "region":
        return REGION
    if type_name.startswith("aws_") and re.fullmatch(r"(.+_)?arn", own):
        return _arn(type_name, name) if own == "arn" else f"{_arn(type_name, name)}/{own}"
    if own in ("id", "url"):
        return _IDS.get(type_name, "{name}").format_map(told)
    if (type_name, own) in _TEXTS:
        return _TEXTS[type_name, own].format_map(told)
    if "base64sha256" in own or own == "source_code_hash":
        return base64.b64encode(bytes.fromhex(digest)).decode()
    return str(uuid.UUID(digest[:32])) if own in _UUIDS else f"{own.replace('_', '-')}-{digest[:8]}"


def _arn(type_name: str, name: str) -> str:
    _, service, *rest = type_name.split("_")
    return _ARNS.get(type_name, f"arn:aws:{service}:{REGION}:{ACCOUNT}:{'-'.join(rest)}/{{name}}").format(name=name)
