"""The admin port: health, counts, chaos, deployments, subscriptions, an instance's end. JSON in and out."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from emulated_azure.eventgrid.grid import EventGrid
from emulated_azure.functions.hosts import Hosts
from emulated_azure.functions.instance import StartFailedError
from emulated_azure.functions.settings import app_of
from emulated_azure.knobs import Knobs
from emulated_azure.places import Places
from emulated_azure.serving import routed
from emulation.chaos import Chaos

Work = Callable[[web.Request, Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Admin:
    """`GET /health`, `GET /status`, `GET` and `POST /chaos`, `POST /apps`, `GET` and `DELETE /apps/NAME`,
    `POST /topics`, `POST /subscriptions`, `DELETE /subscriptions/NAME`, `POST /events`, `POST /kill`.
    """  # noqa: D205 (a list)

    chaos: Chaos[Knobs]
    hosts: Hosts
    grid: EventGrid
    places: Places
    counts: Callable[[], dict[str, Any]]

    def application(self) -> web.Application:
        """What the admin port serves."""
        return routed(
            [
                web.get("/health", _answering(self._health)),
                web.get("/status", _answering(self._status)),
                web.get("/chaos", _answering(self._chaos)),
                web.post("/chaos", _answering(self._set_chaos)),
                web.post("/apps", _answering(self._deploy)),
                web.get("/apps/{name}", _answering(self._app)),
                web.delete("/apps/{name}", _answering(self._remove)),
                web.post("/topics", _answering(self._make_topic)),
                web.post("/subscriptions", _answering(self._subscribe)),
                web.delete("/subscriptions/{name}", _answering(self._unsubscribe)),
                web.post("/events", _answering(self._publish)),
                web.post("/kill", _answering(self._kill)),
            ]
        )

    async def _health(self, _request: web.Request, _body: Any) -> Any:
        return {"ready": True}

    async def _status(self, _request: web.Request, _body: Any) -> Any:
        return self.counts()

    async def _chaos(self, _request: web.Request, _body: Any) -> Any:
        return self.chaos.describe()

    async def _set_chaos(self, _request: web.Request, body: Any) -> Any:
        self.chaos.set(body)
        return self.chaos.describe()

    async def _deploy(self, _request: web.Request, body: Any) -> Any:
        return await self.hosts.deploy(app_of(body))

    async def _app(self, request: web.Request, _body: Any) -> Any:
        return self.hosts.describe(request.match_info["name"])

    async def _remove(self, request: web.Request, _body: Any) -> Any:
        return {"removed": await self.hosts.remove(request.match_info["name"])}

    async def _make_topic(self, _request: web.Request, body: Any) -> Any:
        name = str(body["name"])
        key = self.grid.make_topic(name)
        return {"name": name, "key": key, "endpoint": f"{self.places.at('functions')}/topics/{name}/api/events"}

    async def _subscribe(self, _request: web.Request, body: Any) -> Any:
        await self.grid.subscribe(body)
        return {"name": body["name"]}

    async def _unsubscribe(self, request: web.Request, _body: Any) -> Any:
        return {"removed": self.grid.unsubscribe(request.match_info["name"])}

    async def _publish(self, _request: web.Request, body: Any) -> Any:
        events = list(body["events"])
        await self.grid.publish(str(body["source"]), events)
        return {"published": len(events)}

    async def _kill(self, _request: web.Request, body: Any) -> Any:
        process = int(body["process"])
        if not self.hosts.kill(process, whole=bool(body.get("host", True))):
            message = f"no instance has process {process}"
            raise LookupError(message)
        return {"killed": process}


def _answering(work: Work) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        try:
            body = await request.read()
            return web.json_response(await work(request, json.loads(body) if body else {}))
        except LookupError as error:
            return web.json_response({"error": str(error)}, status=404)
        except (ValueError, TypeError, AttributeError, StartFailedError) as error:
            return web.json_response({"error": str(error)}, status=400)

    return answer
