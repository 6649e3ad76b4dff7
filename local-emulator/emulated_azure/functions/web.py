"""What an application answers over HTTP: its routes, the webhooks of events, the host's own administration."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from emulated_azure.functions.blobs import QUEUE, blob_message
from emulated_azure.functions.functions import Function
from emulated_azure.functions.groups import Group
from emulated_azure.functions.instance import InstanceLostError, Result, StartFailedError
from emulated_azure.functions.invoking import Event, Invoker
from emulated_azure.functions.keys import Keys
from emulated_azure.functions.messages import of_grid_event
from emulated_azure.functions.patterns import route_expression, specificity
from emulated_azure.storage.client import Storage, StorageError

ANSWER_SECONDS = 230.0  # the load balancer's limit
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
LARGEST_REQUEST = 100 << 20
EXTENSIONS = {"blobs": "blobs_extension", "eventgrid": "eventgrid_extension"}
GONE = (502, "The instance is gone.")


@dataclass(frozen=True, slots=True)
class Site:
    """One application's HTTP side."""

    host_id: str
    prefix: str
    functions: Mapping[str, Function]
    groups: Mapping[str, Group]
    invoker: Invoker
    storage: Storage
    keys: Keys

    async def answer(self, request: web.Request, path: str) -> web.StreamResponse:
        """Answer a request for *path*, which begins with a slash."""
        parts = path.strip("/").split("/")
        if parts[:2] == ["runtime", "webhooks"] and len(parts) == len(("runtime", "webhooks", "extension")):
            return await self._webhook(request, parts[2].lower())
        if parts[0] == "admin":
            return await self._administer(request, parts[1:])
        if path == "/":
            return web.Response(text="Your Functions 4.0 app is up and running")
        return await self._call(request, path.strip("/"))

    async def _call(self, request: web.Request, path: str) -> web.StreamResponse:
        found = self._route(request.method, path)
        if found is None:
            return web.Response(status=404)
        function, places = found
        given = request.headers.get("x-functions-key") or request.query.get("code", "")
        if not self.keys.opens_function(function.name, str(function.trigger.get("authLevel", "FUNCTION")), given):
            return web.Response(status=401)
        body = await request.read()
        if len(body) > LARGEST_REQUEST:
            return web.Response(status=413)
        value = {
            "method": request.method,
            "url": str(request.url),
            "headers": {str(name).lower(): str(each) for name, each in request.headers.items()},
            "query": {str(name): str(each) for name, each in request.query.items()},
            "params": places,
            "body": body,
        }
        event = Event(["http", value], "This function was programmatically called via the host APIs.", data=places)
        return _response(await self._run(function, event))

    def _route(self, method: str, path: str) -> tuple[Function, dict[str, str]] | None:
        if self.prefix:
            prefix, _, path = path.partition("/")
            if prefix.lower() != self.prefix.lower():
                return None
        callable_ones = [each for each in self.functions.values() if each.kind == "httpTrigger"]
        for function in sorted(callable_ones, key=lambda each: specificity(_route_of(each))):
            methods = [str(each).upper() for each in function.trigger.get("methods") or METHODS]
            found = route_expression(_route_of(function)).fullmatch(path)
            if found and method in methods:
                return function, {name: value for name, value in found.groupdict().items() if value is not None}
        return None

    async def _run(self, function: Function, event: Event) -> Result | tuple[int, str]:
        """The result, or a status and why there is none."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self.groups[function.group].lent() as instance:
                return await self.invoker.run(function, instance, event)
        except InstanceLostError:
            return GONE
        except StartFailedError:
            return 503, "Function host is not running."
        except TimeoutError:
            return 504, "The function took too long to answer."

    async def _webhook(self, request: web.Request, extension: str) -> web.Response:
        given = request.query.get("code") or request.headers.get("x-functions-key", "")
        if extension not in EXTENSIONS:
            return web.Response(status=404)
        if not self.keys.opens_webhook(EXTENSIONS[extension], given):
            return web.Response(status=401)
        name = request.query.get("functionName", "").removeprefix("Host.Functions.")
        if request.method == "OPTIONS":
            origin = request.headers.get("WebHook-Request-Origin", "*")
            return web.Response(headers={"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"})
        if name not in self.functions:
            return web.Response(status=404, text=f"cannot find function: '{name}'")
        found = json.loads(await request.read())
        events = found if isinstance(found, list) else [found]
        if request.headers.get("aeg-event-type") == "SubscriptionValidation":
            return web.json_response({"validationResponse": events[0]["data"]["validationCode"]})
        take = self._keep_blobs if extension == "blobs" else self._run_events
        return await take(self.functions[name], events)

    async def _keep_blobs(self, function: Function, events: list[dict[str, Any]]) -> web.Response:
        messages = [blob_message(function.name, event) for event in events]
        try:
            for message in messages:
                if message is not None:
                    await self.storage.put_message(QUEUE.format(self.host_id), message)
        except StorageError as error:
            return web.Response(status=500, text=str(error))
        return web.Response(status=202)

    async def _run_events(self, function: Function, events: list[dict[str, Any]]) -> web.Response:
        results = await asyncio.gather(*(self._run(function, of_grid_event(event)) for event in events))
        refused = [each for each in results if not isinstance(each, Result)]
        if refused:
            return web.Response(status=refused[0][0], text=refused[0][1])
        return web.Response(status=202 if all(isinstance(each, Result) and each.fine for each in results) else 500)

    async def _administer(self, request: web.Request, path: list[str]) -> web.Response:
        if path == ["host", "ping"]:
            return web.Response()
        given = request.headers.get("x-functions-key") or request.query.get("code", "")
        if not self.keys.opens_function("", "ADMIN", given):
            return web.Response(status=401)
        if path == ["host", "status"]:
            return web.json_response({"id": self.host_id, "state": "Running", "version": "4.0.0-emulated"})
        if path == ["functions"]:
            names = [{"name": each.name, "trigger": each.trigger} for each in self.functions.values()]
            return web.json_response(names)
        return web.Response(status=404)


def _route_of(function: Function) -> str:
    return str(function.trigger.get("route") or function.name).strip("/")


def _response(result: Result | tuple[int, str]) -> web.Response:
    if not isinstance(result, Result):
        return web.Response(status=result[0], text=result[1])
    if not result.fine:
        return web.Response(status=500)
    if result.returned is None or result.returned[0] != "http":
        return web.Response(status=204)
    answer = result.returned[1]
    response = web.Response(status=answer["status"], body=answer["body"])
    for name, value in answer["headers"].items():
        if name.lower() not in ("content-length", "transfer-encoding"):
            response.headers[name] = value
    for cookie in answer["cookies"]:
        response.headers.add("Set-Cookie", cookie)
    return response
