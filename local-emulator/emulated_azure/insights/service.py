"""Application Insights: takes telemetry as the exporters send it, and answers queries as Log Analytics does."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import duckdb_kql
from aiohttp import web

from emulated_azure.insights.answers import answer, bad, fault, span_of
from emulated_azure.insights.bodies import MAX_BYTES, items_of
from emulated_azure.insights.envelopes import fault_of
from emulated_azure.insights.rows import rows_of
from emulated_azure.insights.store import Found, Store
from emulated_azure.names import APP, INSTRUMENTATION_KEY, RESOURCE, WORKSPACE
from emulated_azure.ports import Clock, Guard

RETRY_SECONDS = 10.0
HUNG_SECONDS, TICK_SECONDS = 600.0, 0.05
QUERY_SECONDS, MOST_QUERY_SECONDS = 180.0, 600.0
RETRYABLE = {"statusCode": 500, "message": "Internal Server Error"}
_log = logging.getLogger(__name__)


class Insights:
    """One Application Insights resource and the workspace behind it.

    Args:
        folder: For what does not fit into memory.
        strikes: Whether a knob strikes this time: `insights_unavailable`, `insights_throttled`, `insights_partial`,
            `insights_hung`.
        clock: For how long a throttled client is told to wait.
    """

    def __init__(self, folder: Path, strikes: Callable[[str], bool], clock: Clock) -> None:
        self._store = Store(folder)
        self._strikes = strikes
        self._writer = ThreadPoolExecutor(1, "insights")
        self._clock = clock
        self._counts = {"requests": 0, "refused_items": 0, "queries": 0}

    def accept(self, envelopes: Iterable[Mapping[str, Any]]) -> None:
        """Take *envelopes* of the platform itself, which are known to be good; a query sees them from now on."""
        self._writer.submit(self._add, list(envelopes)).add_done_callback(_log_failure)

    def _add(self, envelopes: Iterable[Mapping[str, Any]]) -> None:
        self._store.add(pair for envelope in envelopes for pair in rows_of(envelope, RESOURCE, APP))

    def counts(self) -> dict[str, Any]:
        """Requests, refused items and queries so far, and rows by table."""
        return {**self._counts, "rows": self._store.counts()}

    def close(self) -> None:
        """Forget everything."""
        self._writer.shutdown()
        self._store.close()

    def ingestion_routes(self) -> list[web.RouteDef]:
        """Where exporters send to; some put two slashes before it."""
        paths = ("/v2.1/track", "//v2.1/track", "/v2/track", "//v2/track")
        return [web.post(path, self._track) for path in paths]

    def query_routes(self, guard: Guard = lambda handler: handler) -> list[web.RouteDef]:
        """The query API; *guard* lets in who has a token."""
        handler = guard(self._query)
        path = "/v1/{scope:.+}/query"
        return [web.post(path, handler), web.get(path, handler)]

    def ingestion(self) -> web.Application:
        """The ingestion alone."""
        application = web.Application(client_max_size=MAX_BYTES)
        application.add_routes(self.ingestion_routes())
        return application

    def queries(self) -> web.Application:
        """The query API alone, without a guard."""
        application = web.Application()
        application.add_routes(self.query_routes())
        return application

    async def _track(self, request: web.Request) -> web.Response:
        self._counts["requests"] += 1
        body = await request.read()
        if self._strikes("insights_hung"):
            await _until_left(request)
            return web.Response(status=503)
        if self._strikes("insights_unavailable"):
            return web.json_response({"itemsReceived": 0, "itemsAccepted": 0, "errors": []}, status=503)
        if self._strikes("insights_throttled"):
            wait = {"Retry-After": str(max(1, round(self._clock.real_seconds(RETRY_SECONDS))))}
            return web.json_response({"itemsReceived": 0, "itemsAccepted": 0, "errors": []}, status=429, headers=wait)
        try:
            items = items_of(body)
        except ValueError as error:
            errors = [{"index": 0, "statusCode": 400, "message": f"100: Invalid JSON. {error}"}]
            return web.json_response({"itemsReceived": 0, "itemsAccepted": 0, "errors": errors}, status=400)
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._take, items)

    def _take(self, items: list[tuple[Any, int]]) -> web.Response:
        now = time.time()
        faults = {
            index: {"statusCode": 400, "message": message}
            for index, (item, size) in enumerate(items)
            if (message := fault_of(item, size, INSTRUMENTATION_KEY, now))
        }
        if self._strikes("insights_partial"):
            faults |= {index: RETRYABLE for index in range(len(items) - 1, -1, -2) if index not in faults}
        self._add(item for index, (item, _) in enumerate(items) if index not in faults)
        self._counts["refused_items"] += len(faults)
        told = {
            "itemsReceived": len(items),
            "itemsAccepted": len(items) - len(faults),
            "appId": None,
            "errors": [{"index": index, **faults[index]} for index in sorted(faults)],
        }
        return web.json_response(told, status=_status(len(items), faults))

    async def _query(self, request: web.Request) -> web.Response:
        self._counts["queries"] += 1
        if fault := _scope_fault(request.match_info["scope"]):
            return web.json_response({"error": {"code": "PathNotFoundError", "message": fault}}, status=404)
        try:
            asked = await request.json() if request.method == "POST" else dict(request.query)
            text, span = str(asked["query"]), str(asked.get("timespan") or "")
        except (ValueError, KeyError, TypeError):
            told = bad("QueryMissing", 'The request has no query. Give it as JSON: {"query": "customEvents | take 1"}')
            return web.json_response(told, status=400)
        status, told = await asyncio.to_thread(self.ask, text, span, _patience(request))
        return web.json_response(told, status=status)

    def ask(
        self, text: str, span: str, seconds: float, tell: Callable[[Found], dict[str, Any]] = answer
    ) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer to a query; *tell* makes it of what was found."""
        try:
            seen = span_of(span, datetime.fromtimestamp(time.time(), UTC))
        except ValueError as error:
            return 400, bad("InvalidTimespan", f"timespan: {error}")
        self._writer.submit(lambda: None).result()  # what came before the query is there
        try:
            return 200, tell(self._store.query(text, seen, seconds))
        except TimeoutError:
            message = f"The query took longer than {seconds:g} s."
            return 504, {"error": {"code": "GatewayTimeout", "message": message}}
        except (duckdb_kql.KqlError, duckdb.Error) as error:
            return 400, fault(error, text)


def _log_failure(done: Future[None]) -> None:
    if error := done.exception():
        _log.error("telemetry of the platform was lost", exc_info=error)


async def _until_left(request: web.Request) -> None:
    """Wait until the client gives up."""
    for _ in range(round(HUNG_SECONDS / TICK_SECONDS)):
        if request.transport is None:
            return
        await asyncio.sleep(TICK_SECONDS)


def _status(received: int, faults: Mapping[int, Mapping[str, Any]]) -> int:
    """200 if all were taken, 206 if some; if none, what every one of them got."""
    if not faults:
        return 200
    statuses = {fault["statusCode"] for fault in faults.values()}
    return 400 if len(faults) == received and statuses == {400} else 206


def _scope_fault(scope: str) -> str | None:
    known = (f"workspaces/{WORKSPACE}", f"apps/{INSTRUMENTATION_KEY}", RESOURCE.lstrip("/"))
    if scope.lower() in known:
        return None
    return f"{scope} is not there; there are: {', '.join(known)}"


def _patience(request: web.Request) -> float:
    """`Prefer: wait=N`, in seconds."""
    wishes = (wish.strip().partition("=") for wish in request.headers.get("Prefer", "").split(","))
    waits = [float(value) for name, _, value in wishes if name == "wait" and value.replace(".", "", 1).isdigit()]
    return min([*waits, MOST_QUERY_SECONDS]) if waits else QUERY_SECONDS
