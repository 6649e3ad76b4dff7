"""Values as they cross: `[kind, value]`, where the kind is one of the worker library's own."""

import json
from typing import Any

from azure_functions_runtime.bindings.datumdef import Datum

from emulated_azure.functions.worker import messages


def decoded(value: list[Any] | None) -> Datum | None:
    """What the library takes for an input or a trigger's datum."""
    if value is None:
        return None
    kind, content = value
    if kind != "http":
        return Datum(content, kind)
    texts = {name: Datum(content[name], "string") for name in ("method", "url")}
    maps = {name: _texts(content[name]) for name in ("headers", "query", "params")}
    return Datum({**texts, **maps, "body": Datum(content["body"], "bytes")}, "http")


def _texts(values: dict[str, str]) -> dict[str, Datum]:
    return {name: Datum(value, "string") for name, value in values.items()}


def encoded(datum: Datum | None) -> list[Any] | None:
    """What an output or an answer crosses as."""
    if datum is None or datum.type is None:
        return None
    if datum.type == "http":
        return ["http", _answer(datum.value)]
    if datum.type in ("dict", "list"):
        return ["json", json.dumps(datum.value)]
    return [datum.type, datum.value]


def _answer(value: dict[str, Any]) -> dict[str, Any]:
    body = value.get("body")
    content = body.value if body is not None and body.value is not None else b""
    return {
        "status": int(value["status_code"].value),
        "headers": {str(name): str(each.value) for name, each in value["headers"].items()},
        "cookies": [morsel.OutputString() for cookie in value.get("cookies") or () for morsel in cookie.values()],
        "body": content.encode() if isinstance(content, str) else content,
    }


def typed(value: list[Any] | None) -> messages.TypedData:
    """The same as a message, for functions that fetch an input by themselves."""
    kind, content = value or ["string", ""]
    if kind == "model_binding_data":
        return messages.TypedData(model_binding_data=messages.ModelBindingData(**content))
    return messages.TypedData(**{kind: content})


def from_message(value: messages.TypedData | None) -> list[Any] | None:
    """An output of such a function."""
    kind = value.WhichOneof("data") if value is not None else None
    if value is None or kind is None:
        return None
    if kind == "http":
        body = encoded_body(value.http.body)
        status = int(value.http.status_code)
        return ["http", {"status": status, "headers": dict(value.http.headers), "cookies": [], "body": body}]
    return [kind, getattr(value, kind)]


def encoded_body(value: messages.TypedData | None) -> bytes:
    """An answer's content."""
    found = from_message(value)
    if found is None:
        return b""
    return found[1].encode() if isinstance(found[1], str) else bytes(found[1])
