"""All subscriptions and custom topics there are; events come in here."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import aiohttp

from emulated_azure.eventgrid.delivery import Delivery
from emulated_azure.eventgrid.endpoints import Endpoint, StorageQueue, Webhook
from emulated_azure.eventgrid.subscriptions import Subscription, subscription_of
from emulated_azure.knobs import Knobs
from emulated_azure.storage.client import Storage
from emulation.chaos import Chaos
from emulation.clock import Clock

SYSTEM_SOURCES = ("storage", "machine-learning")


class Functions(Protocol):
    """What the grid needs of the Functions host."""

    def webhook(self, app: str, function: str) -> str:
        """The URL, key and all, at which a function takes events.

        Raises:
            LookupError: There is no such application or function.
        """
        ...


@dataclass(slots=True)
class EventGrid:
    """Runs on the event loop."""

    http: aiohttp.ClientSession
    storage: Storage
    clock: Clock
    chaos: Chaos[Knobs]
    functions: Functions
    topics: dict[str, str] = field(default_factory=dict)
    _deliveries: dict[str, tuple[Delivery, asyncio.Task[None]]] = field(default_factory=dict)
    published: int = 0

    def make_topic(self, name: str) -> str:
        """A custom topic's key, the same if it was there."""
        return self.topics.setdefault(name, secrets.token_urlsafe(32))

    async def subscribe(self, request: Mapping[str, Any]) -> None:
        """Make or replace a subscription.

        Raises:
            ValueError: A field is wrong, or the endpoint does not shake hands.
            LookupError: The source or the function is not there.
        """
        made = subscription_of(request)
        if made.source not in (*SYSTEM_SOURCES, *self.topics):
            message = f"no source {made.source!r}; there are: {', '.join((*SYSTEM_SOURCES, *sorted(self.topics)))}"
            raise LookupError(message)
        endpoint = self._endpoint(made)
        if fault := await endpoint.validate():
            raise ValueError(fault)
        self.unsubscribe(made.name)
        delivery = Delivery(made, endpoint, self.storage, self.clock)
        self._deliveries[made.name] = (delivery, asyncio.ensure_future(delivery.run()))

    def _endpoint(self, made: Subscription) -> Endpoint:
        where = made.endpoint
        if isinstance(where, str):
            return Webhook(made.name, lambda: where, self.http)
        if "queue" in where:
            return StorageQueue(where["queue"], self.storage)
        app, function = where["app"], where["function"]
        self.functions.webhook(app, function)
        return Webhook(made.name, lambda: self.functions.webhook(app, function), self.http, is_webhook=False)

    def unsubscribe(self, name: str) -> bool:
        """Drop a subscription; False if there is none."""
        found = self._deliveries.pop(name, None)
        if found:
            found[1].cancel()
        return found is not None

    async def publish(self, source: str, events: Sequence[dict[str, Any]]) -> None:
        """Give each subscription what it wants of *events*: once or twice, now or later, each by its own draw."""
        self.published += len(events)
        for delivery, _ in list(self._deliveries.values()):
            for event in events:
                if delivery.subscription.source == source and delivery.subscription.wants(event):
                    for _ in range(2 if self.chaos.strikes("event_duplicates") else 1):
                        delivery.offer(event, self.chaos.delay_seconds("event_delay_seconds"))

    def counts(self) -> dict[str, Any]:
        """What was published, and what came of it by subscription."""
        each = {
            name: {**asdict(delivery.counts), "waiting": delivery.waiting}
            for name, (delivery, _) in self._deliveries.items()
        }
        return {"published": self.published, "subscriptions": each}

    def close(self) -> None:
        """Deliver no more."""
        for name in list(self._deliveries):
            self.unsubscribe(name)
