"""A client of the emulated storage, for what our Azure itself keeps there: through the front, with patience."""

import asyncio
import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import aiohttp
import yarl

from emulated_azure.places import Places
from emulated_azure.storage.signing import Request, signed

TRIES = 6
FIRST_WAIT_SECONDS = 0.05
PASSING = (429, 500, 503)


class StorageError(Exception):
    """Storage refused; *status* and *code* are its own. Status 0: it did not answer."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"storage answered {status} {code}")
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """What storage answered; header names in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was received and is hidden from others for a while."""

    id: str
    receipt: str
    dequeue_count: int
    text: str
    inserted: str
    expires: str
    next_visible: str


class Storage:
    """Blobs and queues of the one account there is."""

    def __init__(self, http: aiohttp.ClientSession, places: Places) -> None:
        self._http = http
        self._places = places

    async def blob(self, container: str, name: str) -> Answer | None:
        """Content and headers; None if there is no such blob."""
        return await self._unless_absent("blob", Request("GET", self._path(container, name), {}, {}))

    async def properties(self, container: str, name: str) -> Answer | None:
        """Headers alone; None if there is no such blob."""
        return await self._unless_absent("blob", Request("HEAD", self._path(container, name), {}, {}))

    async def put_blob(self, container: str, name: str, body: bytes, content_type: str) -> None:
        """Write a block blob, in a container that is made if absent."""
        headers = {"x-ms-blob-type": "BlockBlob", "x-ms-blob-content-type": content_type}
        request = Request("PUT", self._path(container, name), {}, headers, body)
        try:
            await self._request("blob", request)
        except StorageError as error:
            if error.code != "ContainerNotFound":
                raise
            await self._make("blob", self._path(container), {"restype": "container"})
            await self._request("blob", request)

    async def put_message(self, queue: str, body: bytes, *, encoded: bool = True) -> None:
        """Add a message, base64 by default, to a queue that is made if absent."""
        text = base64.b64encode(body).decode() if encoded else body.decode()
        root = ET.Element("QueueMessage")
        ET.SubElement(root, "MessageText").text = text
        request = Request("POST", self._path(queue, "messages"), {}, {}, ET.tostring(root))
        try:
            await self._request("queue", request)
        except StorageError as error:
            if error.code != "QueueNotFound":
                raise
            await self.make_queue(queue)
            await self._request("queue", request)

    async def make_queue(self, queue: str) -> None:
        """Make a queue unless it is there."""
        await self._make("queue", self._path(queue), {})

    async def receive(self, queue: str, count: int, visibility_seconds: int) -> list[Message]:
        """Up to *count* messages; none if there is no such queue."""
        query = {"numofmessages": str(count), "visibilitytimeout": str(visibility_seconds)}
        answer = await self._unless_absent("queue", Request("GET", self._path(queue, "messages"), query, {}))
        if answer is None:
            return []
        return [_message(each) for each in ET.fromstring(answer.body).iter("QueueMessage")]  # noqa: S314 (Azurite's)

    async def hide(self, queue: str, message: Message, visibility_seconds: int) -> Message:
        """Hide a received message for so long from now; the receipt is another afterwards."""
        query = {"popreceipt": message.receipt, "visibilitytimeout": str(visibility_seconds)}
        answer = await self._request("queue", Request("PUT", self._path(queue, "messages", message.id), query, {}))
        return replace(message, receipt=answer.headers["x-ms-popreceipt"])

    async def delete_message(self, queue: str, message: Message) -> None:
        """Delete a received message."""
        path = self._path(queue, "messages", message.id)
        await self._request("queue", Request("DELETE", path, {"popreceipt": message.receipt}, {}))

    async def queue_length(self, queue: str) -> int:
        """How many messages there are about, hidden ones too; 0 if there is no such queue."""
        answer = await self._unless_absent("queue", Request("GET", self._path(queue), {"comp": "metadata"}, {}))
        return int(answer.headers["x-ms-approximate-messages-count"]) if answer else 0

    async def listed(self, service: str, query: Mapping[str, str], container: str = "") -> "ET.Element[str]":
        """One page of a list: of containers, queues, or the blobs of *container*."""
        path = self._path(container) if container else f"/{self._places.account}"
        answer = await self._request(service, Request("GET", path, {**query, "comp": "list"}, {}))
        return ET.fromstring(answer.body)  # noqa: S314 (Azurite's)

    def _path(self, *parts: str) -> str:
        return "/" + "/".join(quote(part, safe="/~") for part in (self._places.account, *parts))

    async def _make(self, service: str, path: str, query: Mapping[str, str]) -> None:
        try:
            await self._request(service, Request("PUT", path, query, {}))
        except StorageError as error:
            if error.status != 409:
                raise

    async def _unless_absent(self, service: str, request: Request) -> Answer | None:
        try:
            return await self._request(service, request)
        except StorageError as error:
            if error.status == 404:
                return None
            raise

    async def _request(self, service: str, request: Request) -> Answer:
        """Ask until storage is able to answer, a few times."""
        for attempt in range(TRIES):
            answer = await self._ask(service, request)
            if answer.status not in (0, *PASSING):
                break
            await asyncio.sleep(FIRST_WAIT_SECONDS * 2**attempt)
        if answer.status >= 400 or answer.status == 0:
            raise StorageError(answer.status, answer.headers.get("x-ms-error-code", ""))
        return answer

    async def _ask(self, service: str, request: Request) -> Answer:
        headers = signed(request, self._places.account, self._places.account_key, time.time())
        url = yarl.URL(self._places.at(service) + request.target, encoded=True)
        options: dict[str, Any] = {"skip_auto_headers": ("Content-Type", "User-Agent"), "data": request.body or None}
        try:
            async with self._http.request(request.method, url, headers=headers, **options) as response:
                return Answer(response.status, response.headers, await response.read())
        except (aiohttp.ClientError, TimeoutError):
            return Answer(0, {}, b"")


def _message(element: "ET.Element[str]") -> Message:
    def text(name: str) -> str:
        return element.findtext(name) or ""

    return Message(
        id=text("MessageId"),
        receipt=text("PopReceipt"),
        dequeue_count=int(text("DequeueCount") or 0),
        text=text("MessageText"),
        inserted=text("InsertionTime"),
        expires=text("ExpirationTime"),
        next_visible=text("TimeNextVisible"),
    )
