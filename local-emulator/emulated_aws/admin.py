"""The admin port: health, counts, chaos, a sandbox's end, and what the OTLP endpoint received. JSON in and out."""

import json
from collections.abc import Callable
from typing import Any

from emulated_aws.asgi import Receive, Scope, Send, headers_of, read_body, respond_json
from emulated_aws.knobs import Knobs
from emulated_aws.otlp import MetricsEndpoint
from emulation.chaos import Chaos
from emulation.loopback import is_ours


class Admin:
    """The application that the admin port serves.

    `GET /health`, `GET /status`, `GET /chaos`, `POST /chaos` (knobs to change), `GET /otlp`, `DELETE /otlp`,
    `POST /kill` (`{"process": id}` of a sandbox).
    """

    def __init__(
        self, chaos: Chaos[Knobs], metrics: MetricsEndpoint, counts: Callable[[], Any], kill: Callable[[int], bool]
    ) -> None:
        self._chaos = chaos
        self._metrics = metrics
        self._counts = counts
        self._kill = kill

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            if not is_ours(headers_of(scope).get("host", "")):
                await respond_json(send, 403, {"error": "not addressed to this machine"})
                return
            body = await read_body(receive)
            status, answer = self._answer(f"{scope['method']} {scope['path']}", body)
            await respond_json(send, status, answer)

    def _answer(self, request: str, body: bytes) -> tuple[int, Any]:
        routes: dict[str, Callable[[Any], tuple[int, Any]]] = {
            "GET /health": lambda _: (200, {"ready": True}),
            "GET /status": lambda _: (200, self._counts()),
            "GET /chaos": lambda _: (200, self._chaos.describe()),
            "POST /chaos": self._set_chaos,
            "GET /otlp": lambda _: (200, {"requests": self._metrics.requests, "points": list(self._metrics.points)}),
            "DELETE /otlp": self._forget_points,
            "POST /kill": self._kill_sandbox,
        }
        if request not in routes:
            return 404, {"error": f"no {request}; there are: {', '.join(routes)}"}
        try:
            return routes[request](json.loads(body) if body else {})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return 400, {"error": str(error)}

    def _set_chaos(self, knobs: Any) -> tuple[int, Any]:
        self._chaos.set(knobs)
        return 200, self._chaos.describe()

    def _forget_points(self, _body: Any) -> tuple[int, Any]:
        self._metrics.points.clear()
        return 200, {}

    def _kill_sandbox(self, request: Any) -> tuple[int, Any]:
        killed = self._kill(int(request["process"]))
        return (200, {"killed": request["process"]}) if killed else (404, {"error": "no such sandbox"})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
