"""The fronts of Azurite's blob and queue endpoints: requests pass as they are signed, bodies in pieces.

A front fails on request of the chaos, and tells the events of blobs. It checks no signature: Azurite does.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import yarl
from aiohttp import web

from emulated_azure.knobs import Knobs
from emulated_azure.places import HOST, Places
from emulated_azure.storage.client import Storage
from emulated_azure.storage.happenings import Happening, batched_deletes, happening, storage_event
from emulation.chaos import Chaos

Publish = Callable[[dict[str, Any]], Coroutine[Any, Any, None]]
HOP_BY_HOP = ("connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
PIECE = 1 << 18
REFUSALS = {
    "storage_unavailable": (503, "ServerBusy", "The server is busy."),
    "storage_throttled": (429, "TooManyRequests", "Too many requests."),
}


@dataclass(slots=True)
class Front:
    """One of Azurite's endpoints, with ours before it."""

    service: str
    places: Places
    chaos: Chaos[Knobs]
    http: aiohttp.ClientSession
    storage: Storage
    publish: Publish
    requests: int = 0
    failed: int = 0
    telling: set[asyncio.Future[None]] = field(default_factory=set)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Serve one request."""
        self.requests += 1
        for knob, (status, code, message) in REFUSALS.items():
            if self.chaos.strikes(knob):
                async for _ in request.content.iter_chunked(PIECE):
                    pass
                return _refusal(request.method, status, code, message)
        return await self._pass_on(request)

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        url = yarl.URL(f"http://{HOST}:{self.places.azurite[self.service]}{request.raw_path}", encoded=True)
        batch = await request.read() if request.query.get("comp") == "batch" else None
        body = batch if batch is not None else _pieces(request) if request.body_exists else None
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP]
        try:
            async with self.http.request(
                request.method, url, headers=headers, data=body, allow_redirects=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            ) as answer:  # fmt: skip
                return await self._give_back(request, answer, batch)
        except aiohttp.ClientError:
            self.failed += 1
            return _refusal(request.method, 503, "ServerBusy", "Azurite broke the connection.")

    async def _give_back(
        self, request: web.Request, answer: aiohttp.ClientResponse, batch: bytes | None
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, reason=answer.reason)
        for name, value in answer.headers.items():
            if name.lower() not in HOP_BY_HOP:
                response.headers.add(name, value)
        what = happening(request.method, request.raw_path.partition("?")[0], request.query, request.headers)
        if what and answer.status in (201, 202):
            blob = await self._blob_as_it_is(what, request, answer)
            self._tell(what, blob, {**request.headers, **answer.headers})
        await response.prepare(request)
        batched = b""
        async for piece in answer.content.iter_chunked(PIECE):
            batched += piece if batch is not None else b""
            await response.write(piece)
        for each in batched_deletes(batch, batched) if batch is not None else ():
            self._tell(each, {}, answer.headers)
        await response.write_eof()
        return response

    async def _blob_as_it_is(
        self, what: Happening, request: web.Request, answer: aiohttp.ClientResponse
    ) -> Mapping[str, str]:
        """What the event says of the blob: of a list of blocks and of a copy, the length is nowhere in the request."""
        if what.api == "DeleteBlob":
            return {}
        kind = request.headers.get("x-ms-blob-type", "BlockBlob")
        if what.api == "PutBlob" and kind == "BlockBlob" and "Content-Length" in request.headers:
            content = request.headers.get("x-ms-blob-content-type") or request.headers.get("Content-Type")
            length = {"Content-Length": request.headers["Content-Length"], "ETag": answer.headers["ETag"]}
            return {**length, "Content-Type": content or "application/octet-stream"}
        now = await self.storage.properties(what.container, what.name)
        return now.headers if now else {}

    def _tell(self, what: Happening, blob: Mapping[str, str], headers: Mapping[str, str]) -> None:
        task = asyncio.ensure_future(self.publish(storage_event(what, blob, headers, self.places.storage("blob"))))
        self.telling.add(task)
        task.add_done_callback(self.telling.discard)


async def _pieces(request: web.Request) -> AsyncIterator[bytes]:
    async for piece in request.content.iter_chunked(PIECE):
        yield piece


def _refusal(method: str, status: int, code: str, message: str) -> web.Response:
    text = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    headers = {"x-ms-error-code": code, "Retry-After": "1"}
    body = None if method == "HEAD" else text
    return web.Response(status=status, reason=message, text=body, content_type="application/xml", headers=headers)
