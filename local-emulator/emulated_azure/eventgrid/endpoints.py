"""Where events are brought to: webhooks, functions (which are webhooks of ours) and storage queues."""

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

from emulated_azure.eventgrid.schedule import ANSWER_SECONDS, TIMED_OUT, UNREACHABLE
from emulated_azure.instants import iso
from emulated_azure.storage.client import Storage, StorageError
from emulation.loopback import is_loopback

VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent"


class Endpoint(Protocol):
    """What a delivery needs of its other side."""

    @property
    def is_webhook(self) -> bool:
        """Whether it is an address of anybody's, rather than a resource of Azure."""
        ...

    async def validate(self) -> str:
        """Why it may not be subscribed; empty if it may."""
        ...

    async def deliver(self, events: Sequence[Mapping[str, Any]], earlier: int) -> int:
        """Bring *events*, after so many earlier attempts; the status it answered."""
        ...


@dataclass(frozen=True, slots=True)
class Webhook:
    """A URL that takes events; *address* may change while an application is deployed anew."""

    name: str
    address: Callable[[], str]
    http: aiohttp.ClientSession
    is_webhook: bool = True

    async def validate(self) -> str:
        """The handshake: it must give back a code that it is sent."""
        address = self.address()
        if not is_loopback(address):
            return f"{address} is not on this machine"
        code = str(uuid.uuid4())
        event = {
            "id": str(uuid.uuid4()), "topic": "", "subject": "", "eventType": VALIDATION, "dataVersion": "2",
            "eventTime": iso(time.time()), "metadataVersion": "1",
            "data": {"validationCode": code, "validationUrl": ""},
        }  # fmt: skip
        status, body = await self._post([event], {"aeg-event-type": "SubscriptionValidation"})
        try:
            fine = status in (200, 201, 202) and json.loads(body).get("validationResponse") == code
        except (ValueError, AttributeError):
            fine = False
        return "" if fine else f"{address} did not answer the validation request with its code (status {status})"

    async def deliver(self, events: Sequence[Mapping[str, Any]], earlier: int) -> int:
        """One request."""
        more = {"aeg-event-type": "Notification", "aeg-delivery-count": str(earlier)}
        status, _ = await self._post(events, {**more, "aeg-data-version": "", "aeg-metadata-version": "1"})
        return status

    async def _post(self, events: Sequence[Mapping[str, Any]], headers: Mapping[str, str]) -> tuple[int, bytes]:
        patience = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        named = {"aeg-subscription-name": self.name.upper(), **headers}
        try:
            async with self.http.post(self.address(), json=list(events), headers=named, timeout=patience) as answer:
                return answer.status, await answer.read()
        except TimeoutError:
            return TIMED_OUT, b""
        except (aiohttp.ClientError, LookupError):
            return UNREACHABLE, b""


@dataclass(frozen=True, slots=True)
class StorageQueue:
    """A queue of the account: one message each event."""

    queue: str
    storage: Storage
    is_webhook: bool = False

    async def validate(self) -> str:
        """Nothing to shake hands with."""
        return ""

    async def deliver(self, events: Sequence[Mapping[str, Any]], _earlier: int) -> int:
        """Write them."""
        try:
            for event in events:
                await self.storage.put_message(self.queue, json.dumps(event).encode())
        except StorageError as error:
            return error.status
        return 200
