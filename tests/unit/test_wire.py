"""One HTTP request ends when its time is up, however the answer comes."""

import contextlib
import socket
import time
from http.server import BaseHTTPRequestHandler

import pytest
from otlp_sink import running

from atalaia.errors import AtalaiaError
from atalaia_web.wire import Host, NoAnswerError, ask

PIECES = 200


class Dripping(BaseHTTPRequestHandler):
    """Answers a byte at a time, each long before a client gives up."""

    given = 0

    def log_message(self, *_args):
        pass

    def do_GET(self):
        self.send_response_only(200)
        self.send_header("Content-Length", str(PIECES))
        self.end_headers()
        try:
            for _ in range(PIECES):
                self.wfile.write(b".")
                type(self).given += 1
                time.sleep(0.02)
        except OSError:
            return  # the client has gone


class Breaking(Dripping):
    """Ends the connection before its answer's end."""

    def do_GET(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}")


class Hesitating(Dripping):
    """Answers a byte of a header at a time."""

    def do_GET(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        with contextlib.suppress(OSError):
            for _ in range(PIECES):
                self.wfile.write(b".")
                time.sleep(0.02)


class Counting(BaseHTTPRequestHandler):
    """Answers how many requests its connection has brought."""

    protocol_version = "HTTP/1.1"
    brought = 0

    def log_message(self, *_args):
        pass

    def do_GET(self):
        self.brought += 1
        body = str(self.brought).encode()
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def test_a_body_that_drips_is_given_up_when_the_time_is_over(monkeypatch):
    monkeypatch.setattr(Dripping, "given", 0)
    with running(Dripping) as address:
        with pytest.raises(NoAnswerError, match="TimeoutError"):
            ask("GET", address, b"", {}, 1.0)  # on a busy machine it may take a while until the first byte

        assert 0 < Dripping.given < PIECES


def test_a_header_that_drips_is_given_up_when_the_time_is_over():
    with running(Hesitating) as address:
        began = time.monotonic()
        with pytest.raises(NoAnswerError, match="TimeoutError"):
            ask("GET", address, b"", {}, 1.0)

        assert time.monotonic() - began < 0.02 * PIECES


def test_a_body_that_breaks_off_is_no_answer():
    with running(Breaking) as address, pytest.raises(NoAnswerError, match="IncompleteRead"):
        ask("GET", address, b"", {}, 60)


@pytest.mark.parametrize("url", ["ftp://h/x", "https://", "x"])
def test_what_is_no_address_is_not_asked(url):
    with pytest.raises(AtalaiaError, match="no address"):
        Host(url)


def test_a_connection_is_kept_for_the_next_request():
    with running(Counting) as address:
        host = Host(address)
        bodies = [host.ask("GET", address, b"", {}, 60).body for _ in range(2)]
        host.close()

    assert bodies == [b"1", b"2"]


def test_a_body_that_comes_in_pieces_is_read_whole():
    with running(Dripping) as address:
        assert ask("GET", address, b"", {}, 60).body == b"." * PIECES


@pytest.fixture
def hanging():
    """A port that takes no connection any more, and refuses none: whoever connects waits."""
    with contextlib.ExitStack() as open_sockets:
        listening = open_sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = open_sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


def resolving_to(ports):
    """What looks a name up, to these ports of this machine."""
    places = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]
    return lambda *_args, **_options: places


def test_all_addresses_of_a_server_share_the_time(monkeypatch, hanging):
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to([hanging] * 8))
    begun = time.monotonic()

    with pytest.raises(NoAnswerError, match="TimeoutError"):
        ask("GET", "http://several.example/x", b"", {}, 1.0)

    assert time.monotonic() - begun < 4.0  # a second for each would be eight


def test_an_address_that_hangs_leaves_time_for_the_next(monkeypatch, hanging):
    with running(Counting) as address:
        port = int(address.rpartition(":")[2].partition("/")[0])
        monkeypatch.setattr(socket, "getaddrinfo", resolving_to([hanging, port]))

        assert ask("GET", "http://several.example/x", b"", {}, 4.0).body == b"1"
