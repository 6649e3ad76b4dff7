"""Lambda's Runtime API for one sandbox, on a port of its own: next, response, error, init error."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping
from contextlib import suppress

from emulated_aws.lambdas.settings import RESPONSE_LIMIT, error_payload
from emulated_aws.lambdas.wire import Request, answer, read_request

ACCEPTED = b'{"status":"OK"}'
TOO_LARGE = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."


class RuntimeApi:
    """Hands events to a runtime client and takes its answers.

    Attributes:
        asks: Set while the client waits for an event: its module is loaded, its last answer is out.
        reply: The answer to the event given last, and whether it is an error.
        init_error: What the client said when its module failed to load.
    """

    def __init__(self) -> None:
        self.asks = asyncio.Event()
        self.init_error: bytes | None = None
        self.reply: asyncio.Future[tuple[bytes, bool]] = asyncio.get_running_loop().create_future()
        self._events: asyncio.Queue[tuple[bytes, Mapping[str, str]]] = asyncio.Queue()
        self._connections: set[asyncio.Task[None]] = set()

    async def open(self) -> int:
        """Listen; the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def close(self) -> None:
        """Stop listening and drop the client."""
        self._server.close()
        for connection in self._connections:
            connection.cancel()

    def give(self, event: bytes, headers: Mapping[str, str]) -> None:
        """Hand the client its next event; `reply` will hold its answer."""
        self.asks.clear()
        self.reply = asyncio.get_running_loop().create_future()
        self._events.put_nowait((event, headers))

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._connections.add(task)
        with suppress(asyncio.CancelledError):
            while request := await read_request(reader):
                await self._answer(request, writer)
        writer.close()
        if task:
            self._connections.discard(task)

    async def _answer(self, request: Request, writer: StreamWriter) -> None:
        if request.path.endswith("/invocation/next"):
            self.asks.set()
            event, headers = await self._events.get()
            await answer(writer, 200, event, headers)
        elif request.path.endswith("/init/error"):
            self.init_error = request.body
            await answer(writer, 202, ACCEPTED)
        elif request.path.endswith("/response") and len(request.body) > RESPONSE_LIMIT:
            await answer(writer, 413, error_payload("RequestEntityTooLarge", TOO_LARGE))
            self._set_reply(error_payload("Function.ResponseSizeTooLarge", TOO_LARGE), failed=True)
        elif request.path.endswith(("/response", "/error")):
            await answer(writer, 202, ACCEPTED)
            self._set_reply(request.body, failed=request.path.endswith("/error"))
        else:
            await answer(writer, 404)

    def _set_reply(self, body: bytes, *, failed: bool) -> None:
        if not self.reply.done():
            self.reply.set_result((body, failed))
