"""Answers in XML, as AWS's Query protocol has them: what older clients speak, such as old Terraform providers."""

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape


def in_xml(operation: str, namespace: str, result: Mapping[str, Any]) -> bytes:
    """The answer to an operation; times are Unix times, under names that end in Timestamp."""
    inner = "".join(_element(name, value) for name, value in result.items())
    return (
        f'<{operation}Response xmlns="{namespace}"><{operation}Result>{inner}</{operation}Result>'
        f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata></{operation}Response>"
    ).encode()


def _element(name: str, value: Any) -> str:
    if value is None:
        return ""
    return f"<{name}>{''.join(_content(name, value))}</{name}>"


def _content(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from (_element(each, inner) for each, inner in value.items())
    elif isinstance(value, list):
        yield from (_element("member", each) for each in value)
    elif isinstance(value, bool):
        yield str(value).lower()
    elif name.endswith("Timestamp") and isinstance(value, int | float):
        yield datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    else:
        yield escape(str(value))
