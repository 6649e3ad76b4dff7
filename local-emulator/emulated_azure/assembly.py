"""Puts the parts together: which port serves what, and who tells whom."""

import argparse
import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import aiohttp
from aiohttp import web

from emulated_azure.admin import Admin
from emulated_azure.console.console import Console
from emulated_azure.console.live import Live
from emulated_azure.console.pages import Pages
from emulated_azure.console.reports import Reports
from emulated_azure.eventgrid.grid import EventGrid
from emulated_azure.eventgrid.topics import Topics
from emulated_azure.functions.environment import Platform
from emulated_azure.functions.host import Surroundings
from emulated_azure.functions.hosts import Hosts
from emulated_azure.knobs import Knobs
from emulated_azure.parts import parts
from emulated_azure.places import Places
from emulated_azure.serving import catch_all, everything, routed, serve
from emulated_azure.storage.client import Storage
from emulated_azure.storage.front import Front
from emulation.chaos import Chaos
from emulation.clock import Clock

CONNECTIONS = 256


class Assembly:
    """The whole of the emulated Azure but Azurite."""

    def __init__(self, options: argparse.Namespace, places: Places, http: aiohttp.ClientSession) -> None:
        self._options = options
        self._clock = Clock(options.scale, time.time())
        self._chaos = Chaos(Knobs())
        folder = options.emulator_folder
        self._parts = parts(folder / "tmp", self._chaos, self._clock, self._learning_event)
        platform = Platform(
            python=options.worker_python,
            mark=f"--emulator-folder={folder}",
            logs=folder / "logs",
            scratch=folder / "tmp",
            places=places,
            certificate=self._parts.certificate,
        )
        storage = Storage(http, places)
        self._hosts = Hosts(Surroundings(platform, storage, self._clock, self._chaos, self._parts.accept))
        self._grid = EventGrid(http, storage, self._clock, self._chaos, self._hosts)
        self._fronts = [
            Front(service, places, self._chaos, http, storage, self._storage_event) for service in ("blob", "queue")
        ]
        self._admin = Admin(self._chaos, self._hosts, self._grid, places, self._counts)
        quiet = Storage(http, replace(places, ports=places.azurite))  # past the fronts: neither counted nor struck
        live = Live(self._hosts, quiet, self._chaos, self._counts)
        self._console = Console(self._parts.ask, live, Reports(quiet), Pages(options.node_modules))

    async def _storage_event(self, event: dict[str, Any]) -> None:
        await self._grid.publish("storage", [event])

    async def _learning_event(self, event: dict[str, Any]) -> None:
        await self._grid.publish("machine-learning", [event])

    def _applications(self) -> Mapping[str, web.Application]:
        blob, queue = self._fronts
        return {
            "insights": self._parts.plain,
            "secure": self._parts.secure,
            "blob": catch_all(blob.answer),
            "queue": catch_all(queue.answer),
            "functions": routed([*Topics(self._grid).routes(), everything(self._hosts.answer)]),
            "admin": self._admin.application(),
            "console": self._console.application(),
        }

    async def serve(self, stop: asyncio.Event) -> None:
        """Serve all ports until *stop*."""
        listening = dict(self._options.listen)
        tls = {"secure": self._parts.tls}
        served = self._applications().items()
        runners = [await serve(made, listening[name], tls.get(name)) for name, made in served]
        try:
            await stop.wait()
        finally:
            await self._hosts.close()
            self._grid.close()
            await asyncio.gather(*(runner.cleanup() for runner in runners))
            await self._parts.close()

    def _counts(self) -> dict[str, Any]:
        return {
            "requests": {front.service: front.requests for front in self._fronts},
            "apps": self._hosts.counts(),
            "events": self._grid.counts(),
            **self._parts.counts(),
            "chaos": self._chaos.struck,
        }


def connector() -> aiohttp.TCPConnector:
    """For all requests that go out of here: none of them goes far."""
    return aiohttp.TCPConnector(limit=CONNECTIONS, limit_per_host=CONNECTIONS)
