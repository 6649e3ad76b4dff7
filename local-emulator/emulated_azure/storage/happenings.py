"""Which requests to blob storage raise an event, and what the event says."""

import itertools
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from emulated_azure.instants import iso

CREATED = "Microsoft.Storage.BlobCreated"
DELETED = "Microsoft.Storage.BlobDeleted"
BLOB_PATH_PARTS = 4  # nothing, account, container, blob
SILENT_CONTAINERS = ("$logs", "$blobchangefeed")
TOPIC = "/subscriptions/{0}/resourceGroups/emulated/providers/Microsoft.Storage/storageAccounts/{1}"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
_sequence = itertools.count(time.time_ns())
BATCHED_DELETE = re.compile(rb"^DELETE (/\S+) HTTP/1\.1\r?$", re.MULTILINE)
BATCHED_STATUS = re.compile(rb"^HTTP/1\.1 (\d{3})", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Happening:
    """A blob that was created or deleted by *api*."""

    api: str
    account: str
    container: str
    name: str

    @property
    def event_type(self) -> str:
        """Which of the two."""
        return DELETED if self.api == "DeleteBlob" else CREATED


def happening(method: str, raw_path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Happening | None:
    """What a request makes happen if it succeeds; None for what raises no event, such as an append."""
    parts = raw_path.split("/", BLOB_PATH_PARTS - 1)
    if len(parts) < BLOB_PATH_PARTS or not parts[-1] or unquote(parts[2]) in SILENT_CONTAINERS:
        return None
    api = _api(method, query, headers)
    return Happening(api, *map(unquote, parts[1:])) if api else None


def _api(method: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
    part = query.get("comp")
    if method == "PUT" and part == "blocklist":
        return "PutBlockList"
    if (
        method == "DELETE"
        and part is None
        and "snapshot" not in query
        and headers.get("x-ms-delete-snapshots") != "only"
    ):
        return "DeleteBlob"
    if method != "PUT" or part is not None:
        return None
    return "PutBlob" if "x-ms-blob-type" in headers else "CopyBlob" if "x-ms-copy-source" in headers else None


def batched_deletes(request: bytes, answer: bytes) -> list[Happening]:
    """The blobs that a batch request deleted; its parts and the answer's come in the same order."""
    paths = BATCHED_DELETE.findall(request)
    fine = [status.startswith(b"2") for status in BATCHED_STATUS.findall(answer)]
    deleted = [path.decode().partition("?")[0] for path, gone in zip(paths, fine, strict=False) if gone]
    found = [happening("DELETE", path, {}, {}) for path in deleted]
    return [each for each in found if each]


def storage_event(
    what: Happening, blob: Mapping[str, str], request: Mapping[str, str], endpoint: str
) -> dict[str, Any]:
    """The event, in Event Grid's own schema.

    Args:
        what: What happened.
        blob: Headers that tell ETag, Content-Type, Content-Length and x-ms-blob-type of the blob as it is now.
        request: Headers of the request and its answer: x-ms-client-request-id, x-ms-request-id.
        endpoint: Of the account, for the blob's URL.
    """
    data: dict[str, Any] = {
        "api": what.api,
        "clientRequestId": request.get("x-ms-client-request-id", ""),
        "requestId": request.get("x-ms-request-id", ""),
        "eTag": blob.get("ETag", "").strip('"'),
        "contentType": blob.get("Content-Type", "application/octet-stream"),
        "contentLength": int(blob.get("Content-Length", 0)),
        "blobType": blob.get("x-ms-blob-type", "BlockBlob"),
        "url": f"{endpoint}/{what.container}/{what.name}",
        "sequencer": f"{next(_sequence):064x}",
        "storageDiagnostics": {"batchId": str(uuid.uuid4())},
    }
    if what.api == "DeleteBlob":
        for absent in ("eTag", "contentLength"):
            del data[absent]
    return {
        "topic": TOPIC.format(SUBSCRIPTION, what.account),
        "subject": f"/blobServices/default/containers/{what.container}/blobs/{what.name}",
        "eventType": what.event_type,
        "id": str(uuid.uuid4()),
        "eventTime": iso(time.time()),
        "dataVersion": "",
        "metadataVersion": "1",
        "data": data,
    }
