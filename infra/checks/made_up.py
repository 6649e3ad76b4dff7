"""What a cloud would answer: well-formed values for computed attributes, the same in every run."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from generated import Schema

ACCOUNT, REGION = "123456789012", "eu-west-1"

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
_IDS = {"aws_sqs_queue": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{{name}}"}
_EMPTY: dict[str, Any] = {"string": "", "number": 0, "bool": False, "dynamic": [b'["object",{}]', {}]}
_NAMES = ("name", "function_name", "bucket", "alarm_name", "identifier", "id")


def name_of(type_name: str, value: dict[str, Any]) -> str:
    """Return what a resource is called, as far as its arguments tell."""
    return next((value[key] for key in _NAMES if isinstance(value.get(key), str)), type_name)


def made_up(type_name: str, name: str, place: tuple[str, ...], attribute: Schema) -> Any:
    """Return a value for the attribute at *place* of a resource that is called *name*."""
    if "nested_type" in attribute:
        nested = attribute["nested_type"]
        if nested["nesting_mode"] != "single":
            return {} if nested["nesting_mode"] == "map" else []
        return {key: made_up(type_name, name, (*place, key), each) for key, each in nested["attributes"].items()}
    if attribute["type"] != "string":
        return _nothing(attribute["type"])
    return _text(type_name, name, place)


def _nothing(kind: Any) -> Any:
    if isinstance(kind, str):
        return _EMPTY[kind]
    if kind[0] == "object":
        return {key: _nothing(each) for key, each in kind[1].items()}
    return {} if kind[0] == "map" else []


def _text(type_name: str, name: str, place: tuple[str, ...]) -> str:
    digest = hashlib.sha256("/".join((type_name, name, *place)).encode()).hexdigest()
    own = place[-1]
    if type_name.startswith("aws_") and own == "region":
        return REGION
    if type_name.startswith("aws_") and re.fullmatch(r"(.+_)?arn", own):
        return _arn(type_name, name) if own == "arn" else f"{_arn(type_name, name)}/{own}"
    if own in ("id", "url"):
        return _IDS.get(type_name, "{name}").format(name=name)
    if "base64sha256" in own or own == "source_code_hash":
        return base64.b64encode(bytes.fromhex(digest)).decode()
    return f"{own.replace('_', '-')}-{digest[:8]}"


def _arn(type_name: str, name: str) -> str:
    _, service, *rest = type_name.split("_")
    return _ARNS.get(type_name, f"arn:aws:{service}:{REGION}:{ACCOUNT}:{'-'.join(rest)}/{{name}}").format(name=name)
