"""What Azure's events tell of: log objects that were created, and jobs of Azure Machine Learning.

Event Grid delivers events in two schemas, its own and CloudEvents, one or several at once; through a storage queue each
is a message's text, plain or in Base64.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from atalaia.errors import AtalaiaError
from atalaia.monitoring.service import Arrival, NewVersion

_CREATED = "Microsoft.Storage.BlobCreated"
_STORAGE = "Microsoft.Storage."
_LEARNING = "Microsoft.MachineLearningServices."
_VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent"
_GROWING = "AppendBlob"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENDED = {"Canceled": "Stopped"}  # as actions call it


class EventError(AtalaiaError):
    """An event is of no kind that a function understands."""


def arrivals_of(text: str | bytes, account: str = "") -> list[Arrival]:
    """Return the log objects that a message's text tells of.

    The blobs of other accounts than *account*, if it is given, keep their URLs, which no monitor watches. Append blobs
    are told of when they are empty and never again, so that a timer collects what they grow by.

    Raises:
        EventError: It is no event of Blob Storage.
    """
    events = _parsed(text)
    found = (_arrival(event, account) for event in (events if isinstance(events, list) else [events]))
    return [arrival for arrival in found if arrival is not None]


def _parsed(text: str | bytes) -> Any:
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    for read in (_as_it_is, _from_base64):
        try:
            return json.loads(read(plain))
        except (ValueError, binascii.Error):
            continue
    raise _unknown(plain)


def _as_it_is(text: str) -> str:
    return text


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _arrival(event: Any, ours: str) -> Arrival | None:
    """Return the object that an event tells of; None if it tells of none that is to be read."""
    if not isinstance(event, Mapping):
        raise _unknown(event)
    kind = str(event.get("eventType") or event.get("type") or "")
    data = event.get("data")
    if kind == _VALIDATION or (kind.startswith(_STORAGE) and kind != _CREATED):
        return None
    if kind != _CREATED or not isinstance(data, Mapping) or not isinstance(data.get("url"), str):
        raise _unknown(event)
    try:
        account, container, key = _place(data["url"])
    except UnicodeDecodeError as error:
        raise _unknown(event) from error
    size, tag = data.get("contentLength"), data.get("eTag")
    known = isinstance(size, int) and isinstance(tag, str) and bool(tag)
    etag = f'"{str(tag).strip(chr(34))}"' if known else ""
    grows = data.get("blobType") == _GROWING
    uri = f"az://{container}/{key}" if ours in ("", account) else data["url"]
    return Arrival(uri, size if known else None, etag, grows)


def _place(url: str) -> tuple[str, str, str]:
    """Return account, container and key: the account stands in the host's name, or first in an emulator's path."""
    parts = urlsplit(url)
    host, path = parts.hostname or "", unquote(parts.path, errors="strict").lstrip("/")
    account = host.partition(".")[0]
    if host.replace(".", "").isdigit() or host == "localhost":
        account, _, path = path.partition("/")
    container, _, key = path.partition("/")
    if not container or not key:
        raise _unknown(url)
    return account, container, key


def _unknown(event: Any) -> EventError:
    keys = ", ".join(sorted(map(str, event))[:5]) if isinstance(event, Mapping) else type(event).__name__
    return EventError(
        f"This event ({keys}) does not tell of blobs. Send Event Grid's events Microsoft.Storage.BlobCreated, directly "
        "or through a storage queue."
    )


def demand_all(failed: Mapping[str, str]) -> None:
    """Do nothing if no object has failed.

    Raises:
        EventError: Some were not ingested.
    """
    if failed:
        uri, why = next(iter(failed.items()))
        msg = f"{len(failed)} of the objects were not ingested, such as {uri}: {why}"
        raise EventError(msg)


class JobChange(Struct, frozen=True):
    """What Azure Machine Learning tells of a job: its name as in actions, its state, and since when, µs since 1970."""

    job: str
    state: str
    time: int


def change_of(event: Any) -> JobChange | NewVersion:
    """Return what an event of Event Grid tells of a workspace, in either of its schemas.

    Args:
        event: As `azure.functions` has it.

    Raises:
        EventError: It tells of something else.
    """
    kind = str(getattr(event, "event_type", None) or getattr(event, "type", ""))
    since = getattr(event, "event_time", None) or getattr(event, "time", None)
    told = event.get_json()
    time = None if since is None else (since - _EPOCH) // timedelta(microseconds=1)
    told = {name[:1].lower() + name[1:]: value for name, value in (told if isinstance(told, Mapping) else {}).items()}
    match kind.removeprefix(_LEARNING):
        case "ModelRegistered" if told.get("modelName") and time is not None:
            return NewVersion(str(told["modelName"]), str(told.get("modelVersion", "")), time)
        case "RunCompleted":
            state: Any = "Completed"
        case "RunStatusChanged":
            state = told.get("runStatus")
        case _:
            state = None
    if not isinstance(state, str) or not isinstance(told.get("runId"), str) or time is None:
        msg = (
            f"This event ({kind}) tells of no job. Send Microsoft.MachineLearningServices.RunStatusChanged, "
            "RunCompleted and ModelRegistered."
        )
        raise EventError(msg)
    return JobChange(told["runId"], _ENDED.get(state, state), time)
