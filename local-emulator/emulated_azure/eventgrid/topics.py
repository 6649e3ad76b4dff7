"""The endpoint of custom topics: what a client may publish there, and how it is refused."""

import hmac
import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from emulated_azure.eventgrid.grid import EventGrid

LARGEST = 1 << 20
NEEDED = ("id", "subject", "eventType", "eventTime", "dataVersion")
NEEDED_IN_CLOUD_EVENTS = ("id", "source", "type", "specversion")


def faults_of(event: Any) -> str:
    """Why *event* may not be published; empty if it may."""
    if not isinstance(event, dict):
        return "an event is an object"
    needed = NEEDED_IN_CLOUD_EVENTS if "specversion" in event else NEEDED
    absent = [name for name in needed if not isinstance(event.get(name), str)]
    return f"{', '.join(absent)} is missing or no text" if absent else ""


@dataclass(frozen=True, slots=True)
class Topics:
    """`POST /topics/NAME/api/events`, with the topic's key or any bearer token."""

    grid: EventGrid

    def routes(self) -> list[web.RouteDef]:
        """What the port of custom topics serves."""
        return [web.post("/topics/{name}/api/events", self._take)]

    async def _take(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self.grid.topics:
            return _refusal(404, f"no topic {name!r}: make it on the admin port")
        key = request.headers.get("aeg-sas-key", "")
        is_bearer = request.headers.get("Authorization", "").startswith("Bearer ")
        if not is_bearer and not hmac.compare_digest(key.encode(), self.grid.topics[name].encode()):
            return _refusal(401, "the key is not the topic's")
        body = await request.read()
        if len(body) > LARGEST:
            return _refusal(413, f"more than {LARGEST} bytes")
        return await self._publish(name, body)

    async def _publish(self, name: str, body: bytes) -> web.Response:
        try:
            found = json.loads(body)
        except ValueError as error:
            return _refusal(400, f"no JSON: {error}")
        events = found if isinstance(found, list) else [found]
        if fault := next(filter(None, map(faults_of, events)), ""):
            return _refusal(400, fault)
        for event in events:
            if "specversion" not in event:
                event["topic"], event["metadataVersion"] = name, "1"
        await self.grid.publish(name, events)
        return web.Response(status=200)


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"code": str(status), "message": message}}, status=status)
