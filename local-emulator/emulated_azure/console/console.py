"""The console's port: the page, and what it asks for. Only a browser that shows this very page is answered."""

import asyncio
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from emulated_azure.console.live import Live
from emulated_azure.console.pages import HEADERS, Pages
from emulated_azure.console.reports import Reports
from emulated_azure.insights.answers import answer
from emulated_azure.insights.store import MOST_ROWS, Found
from emulated_azure.insights.tables import schema
from emulated_azure.ports import Ask
from emulated_azure.serving import Answer, routed

QUERIES = Path(__file__).resolve().parents[3] / "infra" / "queries"
MOST_SHOWN = 10_000
SECONDS = 30.0
LARGEST_QUERY = 1 << 20
QUOTED = re.compile(r"'([^']+)'")


@web.middleware  # type: ignore[untyped-decorator]  # aiohttp is not installed where types are checked
async def _only_from_this_page(request: web.Request, handler: Answer) -> web.StreamResponse:
    """No other site may ask anything; a link from one may lead here."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "none")
    is_link = request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    if origin not in (None, f"http://{request.host}") or (site not in ("none", "same-origin") and not is_link):
        return web.json_response({"error": "not asked by this page"}, status=403)
    response = await handler(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


@dataclass(frozen=True, slots=True)
class Console:
    """Serves the page.

    Attributes:
        ask: Answers a query; called in a thread.
    """

    ask: Ask
    live: Live
    reports: Reports
    pages: Pages

    def application(self) -> web.Application:
        """What the console's port serves."""
        own = [
            web.get("/api/schema", self._schema),
            web.get("/api/queries", self._queries),
            web.post("/api/query", self._query),
            web.get("/api/live", self._live),
        ]
        made = routed([*self.pages.routes(), *self.reports.routes(), *own])
        made.middlewares.append(_only_from_this_page)
        return made

    async def _schema(self, _request: web.Request) -> web.Response:
        return web.json_response(schema())

    async def _queries(self, _request: web.Request) -> web.Response:
        texts = {file.stem: file.read_text() for file in sorted(QUERIES.glob("*.kql"))}
        told = [{"name": name, "question": _question(text), "text": text} for name, text in texts.items()]
        return web.json_response(told)

    async def _live(self, _request: web.Request) -> web.Response:
        return web.json_response(await self.live.now())

    async def _query(self, request: web.Request) -> web.Response:
        body = await request.read()
        if len(body) > LARGEST_QUERY:
            raise web.HTTPRequestEntityTooLarge(LARGEST_QUERY, len(body))
        text, begun = body.decode(), time.perf_counter()
        status, told = await asyncio.to_thread(self.ask, text, "", SECONDS, _shown)
        seconds = time.perf_counter() - begun
        if status != 200:  # said in a good answer: a browser's own log is for what is wrong with the page
            return web.json_response({"wrong": _fault(told["error"], text)})
        return web.json_response({**told, "seconds": round(seconds, 4)})


def _question(text: str) -> str:
    return text.partition("\n")[0].removeprefix("//").strip()


def _shown(found: Found) -> dict[str, Any]:
    [table] = answer(Found(found.columns, found.rows[:MOST_SHOWN]))["tables"]
    total = min(len(found.rows), MOST_ROWS)
    return {
        "columns": table["columns"],
        "rows": table["rows"],
        "total": total,
        "is_more": len(found.rows) > MOST_ROWS,
    }


def _fault(error: dict[str, Any], text: str) -> dict[str, Any]:
    """The innermost message, and where in *text* it belongs, as far as that is known: offset and length."""
    while "innererror" in error:
        error = error["innererror"]
    message = str(error["message"])
    if "line" in error:
        lines = text.split("\n")
        start = sum(len(each) + 1 for each in lines[: error["line"] - 1]) + error["pos"]
        return {"message": message, "start": min(start, len(text)), "length": len(error.get("token", "-"))}
    for name in QUOTED.findall(message):
        if place := re.search(rf"\b{re.escape(name)}\b", text):
            return {"message": message, "start": place.start(), "length": len(name)}
    return {"message": message, "start": None, "length": 0}
