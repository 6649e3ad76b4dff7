"""Reads a PutMetricData request in any of its protocols, and refuses what CloudWatch refuses."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from emulated_aws.metric_limits import Refusal, refusal

MEMBER = re.compile(r"\.member\.(\d+)")


def judge(
    headers: Mapping[str, str], query: Mapping[str, list[str]], body: bytes, now: float, decode_cbor: Any
) -> Refusal | None:
    """Why the request is refused, None if it is not; *now* is Unix time."""
    kind = headers.get("content-type", "") + headers.get("smithy-protocol", "")
    try:
        if "cbor" in kind:
            request = decode_cbor(body)
        elif "json" in kind:
            request = json.loads(body)
        else:
            request = from_query({**dict(query), **parse_qs(body.decode(), keep_blank_values=True)})
        for datum in request.get("MetricData") or []:
            if "Timestamp" in datum:
                datum["Timestamp"] = unix_time(datum["Timestamp"])
        return refusal(request, len(body), now)
    except (ValueError, TypeError, AttributeError) as error:
        return Refusal("MalformedInput", f"The request cannot be read: {error}")


def namespace_of(body: bytes, decode_cbor: Any) -> str | None:
    """The namespace that a PutMetricData request names, whatever protocol it speaks; None if it cannot be read."""
    try:
        if body[:1] == b"{":
            request = json.loads(body)
        elif b"Namespace=" in body:
            request = from_query(parse_qs(body.decode()))
        else:
            request = decode_cbor(body)
        return str(request["Namespace"])
    except (ValueError, TypeError, KeyError):
        return None


def unix_time(value: Any) -> float | None:
    """A time stamp in whatever form a protocol gives it."""
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    try:
        return float(value)
    except ValueError:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def from_query(fields: Mapping[str, list[str]]) -> dict[str, Any]:
    """The nested request behind names like `MetricData.member.1.Dimensions.member.2.Name`."""
    root: dict[str, Any] = {}
    for name, [value, *_] in fields.items():
        node = root
        *path, last = MEMBER.sub(r"[].\1", name).split(".")
        for part in path:
            node = node.setdefault(part.removesuffix("[]"), {})
        node[last] = value
    return {name: _lists(value) for name, value in root.items()}


def _lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if node and all(key.isdecimal() for key in node):
        return [_lists(node[key]) for key in sorted(node, key=int)]
    return {key: _lists(value) for key, value in node.items()}
