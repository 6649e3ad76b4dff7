"""What functions are called with: a queue's message, a blob, an event, a timer."""

import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from emulated_azure.functions.functions import Function, fetches_itself
from emulated_azure.functions.invoking import Event, blob_reference
from emulated_azure.functions.patterns import match_path
from emulated_azure.storage.client import Answer, Message

META = "x-ms-meta-"


def of_message(message: Message, body: bytes) -> Event:
    """A queue's message; the fields of a JSON object fill places of other bindings."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = ""
    metadata = {
        "QueueTrigger": ["string", text],
        "Id": ["string", message.id],
        "DequeueCount": ["string", str(message.dequeue_count)],
        "ExpirationTime": ["json", _instant(message.expires)],
        "InsertionTime": ["json", _instant(message.inserted)],
        "NextVisibleTime": ["json", _instant(message.next_visible)],
        "PopReceipt": ["string", message.receipt],
    }
    value = ["string", text] if text or not body else ["bytes", body]
    data = {"id": message.id, "queueTrigger": text, **_fields(text)}
    return Event(value, "New queue message detected on queue.", metadata, data)


def _instant(text: str) -> str:
    return json.dumps(parsedate_to_datetime(text).isoformat())


def _fields(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def of_blob(function: Function, container: str, name: str, url: str, blob: Answer) -> Event | None:
    """A blob as it is now; None if it is not what the function's path means."""
    path = f"{container}/{name}"
    places = match_path(str(function.trigger["path"]), path)
    if places is None:
        return None
    headers = {key.lower(): value for key, value in blob.headers.items()}
    length = int(headers.get("content-length", 0))
    properties = {
        "ContentLength": length,
        "Length": length,
        "ETag": headers.get("etag", ""),
        "ContentType": headers.get("content-type", ""),
        "LastModified": parsedate_to_datetime(headers["last-modified"]).isoformat(),
        "BlobType": headers.get("x-ms-blob-type", ""),
    }
    user = {key.removeprefix(META): value for key, value in headers.items() if key.startswith(META)}
    metadata = {
        "BlobTrigger": ["string", path],
        "Uri": ["string", url],
        "Properties": ["json", json.dumps(properties)],
        "Metadata": ["json", json.dumps(user)],
        **{key: ["string", value] for key, value in places.items()},
    }
    if fetches_itself(function.trigger):
        value = blob_reference(str(function.trigger.get("connection")), container, name)
    else:
        value = ["bytes", blob.body]
    return Event(value, f"New blob detected: {path}", metadata, {**places, "blobTrigger": path})


def of_grid_event(event: Mapping[str, Any]) -> Event:
    """An event of Event Grid's or of CloudEvents' schema."""
    data = event.get("data")
    metadata = {"data": ["json", json.dumps(data)]}
    return Event(["json", json.dumps(event)], "EventGrid trigger fired", metadata, {"data": data})
