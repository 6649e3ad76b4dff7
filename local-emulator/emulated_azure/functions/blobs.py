"""Blob triggers with Event Grid as their source: events in, an internal queue, blobs as they are by then."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from emulated_azure.functions.functions import Function, fetches_itself
from emulated_azure.functions.instance import Instance
from emulated_azure.functions.invoking import Invoker
from emulated_azure.functions.messages import of_blob
from emulated_azure.storage.client import Message, Storage
from emulated_azure.storage.happenings import CREATED

QUEUE = "azure-webjobs-blobtrigger-{}"
POISON = "webjobs-blobtrigger-poison"
FUNCTION_ID = "Host.Functions."


def blob_message(function: str, event: Mapping[str, Any]) -> bytes | None:
    """What the host keeps of an event until it is a function's turn; None for an event that it ignores."""
    data = event.get("data") or {}
    if event.get("eventType", event.get("type")) != CREATED or "url" not in data:
        return None
    _, _account, container, name = unquote(urlsplit(data["url"]).path).split("/", 3)
    return json.dumps(
        {
            "Type": "BlobTrigger",
            "FunctionId": FUNCTION_ID + function,
            "BlobType": str(data.get("blobType", "BlockBlob")),
            "ContainerName": container,
            "BlobName": name,
            "ETag": f'"{data.get("eTag", "")}"',
        }
    ).encode()


@dataclass(frozen=True, slots=True)
class BlobRuns:
    """Handles the messages of one application's internal queue.

    As on Azure, neither the ETag in the message nor a receipt is looked at: an event told twice runs twice, a blob
    overwritten twice is read twice as it is last, and one that is gone is left out in silence.
    """

    functions: Mapping[str, Function]
    storage: Storage
    invoker: Invoker
    endpoint: str

    async def handle(self, _message: Message, body: bytes, instance: Instance) -> bool:
        """Whether the message is done with."""
        told = json.loads(body)
        function = self.functions.get(str(told["FunctionId"]).removeprefix(FUNCTION_ID))
        if function is None:
            return True
        container, name = told["ContainerName"], told["BlobName"]
        look = self.storage.properties if fetches_itself(function.trigger) else self.storage.blob
        blob = await look(container, name)
        event = blob and of_blob(function, container, name, f"{self.endpoint}/{container}/{name}", blob)
        return not event or (await self.invoker.run(function, instance, event)).fine
