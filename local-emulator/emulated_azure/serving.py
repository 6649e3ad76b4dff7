"""Web servers on inherited sockets."""

import socket
from collections.abc import Awaitable, Callable, Iterable
from ssl import SSLContext

from aiohttp import web

from emulation.loopback import is_ours

LARGEST_BODY = 1 << 30
GRACE_SECONDS = 0.5
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware  # type: ignore[untyped-decorator]  # aiohttp is not installed where types are checked
async def _only_for_this_machine(request: web.Request, handler: Answer) -> web.StreamResponse:
    if not is_ours(request.headers.get("Host", "")):
        return web.json_response({"error": "not addressed to this machine"}, status=403)
    return await handler(request)


def routed(routes: Iterable[web.RouteDef]) -> web.Application:
    """An application of *routes*."""
    made = web.Application(client_max_size=LARGEST_BODY)
    made.add_routes(routes)
    return made


def catch_all(answer: Answer) -> web.Application:
    """One that gives every request to *answer*."""
    return routed([everything(answer)])


def everything(answer: Answer) -> web.RouteDef:
    """The route for all that no route before it is for."""
    return web.route("*", "/{path:.*}", answer)


async def serve(made: web.Application, descriptor: int, context: SSLContext | None = None) -> web.AppRunner:
    """Serve on an inherited socket, what is addressed to this machine, until the runner is cleaned up."""
    made.middlewares.append(_only_for_this_machine)
    runner = web.AppRunner(made, access_log=None, auto_decompress=False, shutdown_timeout=GRACE_SECONDS)
    await runner.setup()
    await web.SockSite(runner, socket.socket(fileno=descriptor), ssl_context=context).start()
    return runner
