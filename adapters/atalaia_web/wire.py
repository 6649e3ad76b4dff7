"""One HTTP request and its answer, within a limit of time that holds for all of it."""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from atalaia.errors import AtalaiaError

_LEAST_SECONDS = 0.05


class NoAnswerError(AtalaiaError):
    """Nobody answered: it is not known whether the request arrived."""


class Answer(Struct, frozen=True):
    """What a server answered; names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The beginning of the body, in one line, for messages."""
        return " ".join(self.body[:500].decode("utf-8", "replace").split())


class _InTime(io.RawIOBase):
    """What a socket receives: each piece may be in time, and all of them together not."""

    def __init__(self, received: io.RawIOBase, connected: socket.socket, until: float) -> None:
        self._received = received
        self._connected = connected
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connected.settimeout(left)
        return self._received.readinto(buffer)

    def close(self) -> None:
        self._received.close()
        super().close()


def _response(until: float, connected: socket.socket, **more: Any) -> http.client.HTTPResponse:
    answer = http.client.HTTPResponse(connected, **more)
    answer.fp = io.BufferedReader(_InTime(answer.fp.detach(), connected, until))
    return answer


def _connected(address: tuple[str, int], seconds: float, _source: object = None) -> socket.socket:
    """Connect to the first of a server's addresses that answers; together they have these *seconds*, and no more."""
    until = time.monotonic() + seconds
    left = [*socket.getaddrinfo(*address, type=socket.SOCK_STREAM)]
    while True:
        family, kind, protocol, _, place = left.pop(0)
        connected = socket.socket(family, kind, protocol)
        try:
            connected.settimeout(max(_LEAST_SECONDS, (until - time.monotonic()) / (len(left) + 1)))
            connected.connect(place)
        except OSError:
            connected.close()
            if not left:
                raise
        else:
            connected.settimeout(max(_LEAST_SECONDS, until - time.monotonic()))  # a handshake may follow
            return connected


class Host:
    """One server, to which a connection is kept as long as it holds."""

    def __init__(self, url: str) -> None:
        """Take the server's address of any *url* there; nothing is asked yet.

        Raises:
            AtalaiaError: It is no address.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            msg = f"{url}: no address. Write one such as https://host/path."
            raise AtalaiaError(msg)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port)
        self._connection._create_connection = _connected  # type: ignore[attr-defined]  # noqa: SLF001  # the only way in
        self._name = f"{parts.scheme}://{parts.netloc}"

    def ask(self, method: str, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Answer:
        """Send one request, and return what is answered within *seconds*.

        Raises:
            NoAnswerError: Nothing came in time, or the connection broke.
        """
        until = time.monotonic() + seconds
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        told = {**headers, "Content-Length": str(len(body))} if body or method in ("PUT", "POST") else dict(headers)
        try:
            self._limit(until)
            if self._connection.sock is None:
                self._connection.connect()
                self._limit(until)
            self._connection.request(method, path, body or None, told)
            self._connection.response_class = partial(_response, until)  # type: ignore[assignment]  # it is just called
            answer = self._connection.getresponse()
            headers_told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, headers_told, answer.read())
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            msg = f"{self._name}: no answer ({type(error).__name__}). Look at the network's route to it."
            raise NoAnswerError(msg) from error

    def close(self) -> None:
        """End the connection; the next request opens another."""
        self._connection.close()

    def _limit(self, until: float) -> None:
        self._connection.timeout = max(_LEAST_SECONDS, until - time.monotonic())
        if self._connection.sock is not None:
            self._connection.sock.settimeout(self._connection.timeout)


def ask(method: str, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Answer:
    """Send one request over a connection of its own.

    Raises:
        NoAnswerError: Nothing came in time, or the connection broke.
    """
    host = Host(url)
    try:
        return host.ask(method, url, body, headers, seconds)
    finally:
        host.close()
