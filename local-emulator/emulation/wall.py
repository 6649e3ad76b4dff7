"""The wall around this machine, for an interpreter. It imports nothing else: it is part of every cold start."""

import sys
from typing import Any

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1", "")
NAME_LOOKUPS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyname_ex", "socket.gethostbyaddr")
SENDS = ("socket.connect", "socket.sendto", "socket.sendmsg")


def refuse_beyond_loopback() -> None:
    """From now on, any socket of this interpreter that turns to another machine, or asks for its name, gets an error.

    Native code is not seen by this: it is kept inside by the endpoint it is given, and by a proxy that leads nowhere.
    """
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if not event.startswith("socket."):
        return
    if event in NAME_LOOKUPS:
        _check(arguments[0])
    elif event in SENDS and isinstance(arguments[1], tuple):
        _check(arguments[1][0])


def _check(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name is None or name in LOOPBACK_NAMES or name.startswith("127.") or name.endswith(".localhost"):
        return
    message = f"the emulator lets nothing leave this machine: refused to turn to {name}"
    print(message, file=sys.stderr, flush=True)  # noqa: T201 (seen in the function's log even where the error is caught)
    raise PermissionError(message)
