"""What runs at this moment: applications, queues, events, chaos."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from emulated_azure.functions.hosts import Hosts
from emulated_azure.knobs import Knobs
from emulated_azure.storage.client import Storage
from emulation.chaos import Chaos


@dataclass(frozen=True, slots=True)
class Live:
    """Looks when it is asked.

    Attributes:
        storage: A client that the chaos does not strike.
        counts: What the admin port tells as its status.
    """

    hosts: Hosts
    storage: Storage
    chaos: Chaos[Knobs]
    counts: Callable[[], dict[str, Any]]

    async def now(self) -> dict[str, Any]:
        """All of it; without keys, which the page has no use for."""
        told = self.counts()
        apps = [self.hosts.describe(name) for name in told["apps"]]
        for app in apps:
            del app["keys"]
            for function in app["functions"].values():
                del function["key"]
        return {
            "apps": apps,
            "queues": await self._queues(),
            "events": told["events"],
            "requests": told["requests"],
            "telemetry": told["insights"],
            "chaos": {"turned": self._turned(), "struck": self.chaos.struck},
        }

    async def _queues(self) -> dict[str, int]:
        page = await self.storage.listed("queue", {})
        names = [each.findtext("Name") or "" for each in page.iter("Queue")]
        return dict(zip(names, await asyncio.gather(*map(self.storage.queue_length, names)), strict=True))

    def _turned(self) -> dict[str, Any]:
        """The knobs that are not at rest."""
        rest, now = Knobs(), self.chaos.knobs
        named = {each.name: (getattr(rest, each.name), getattr(now, each.name)) for each in fields(Knobs)}
        return {name: value for name, (before, value) in named.items() if value != before}
