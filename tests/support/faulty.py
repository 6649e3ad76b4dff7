"""A proxy on 127.0.0.1 that does to requests what networks and busy stores do."""

import contextlib
import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

REFUSALS = {
    "busy": (503, "ServiceUnavailable"),
    "slow down": (503, "SlowDown"),
    "broken": (500, "InternalError"),
    "throttled": (429, "TooManyRequests"),
    "conflict": (409, "ConditionalRequestConflict"),
    "idle": (400, "RequestTimeout"),
    "denied": (403, "AccessDenied"),
    "expired": (403, "ExpiredToken"),
    "elsewhere": (301, "PermanentRedirect"),
    "odd": (418, "Teapot"),
}
"""What the proxy answers itself, without asking the server."""


class FaultyProxy:
    """Passes requests on, but does with the next ones what `plan` lists: `pass`, a refusal, or

    - `cut`: closes the connection before the server hears of it;
    - `lost`: lets the server do it, and closes the connection instead of answering;
    - `forged`: passes it on with another signature than it was signed with;
    - `short`: answers, but closes the connection before the end of the body;
    - `hang`: does not answer until the proxy is closed.
    """

    def __init__(self, upstream, plan=()):
        self.upstream = urlsplit(upstream)
        self.plan = list(plan)
        self.then = "pass"
        self.seen = []
        self.lock = threading.Lock()
        self.closing = threading.Event()

    def next_fault(self, method):
        with self.lock:
            fault = self.plan.pop(0) if self.plan else self.then
            self.seen.append((method, fault))
            return fault


@contextlib.contextmanager
def faulty(upstream, plan=()):
    """Run a proxy before *upstream*; its address is `proxy.address`."""
    proxy = FaultyProxy(upstream, plan)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": proxy}))
    server.daemon_threads = True
    proxy.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield proxy
    finally:
        proxy.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args):
        pass

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.proxy.next_fault(self.command)
        if fault == "hang":
            self.proxy.closing.wait(60)
        if fault in ("hang", "cut"):
            self.close_connection = True
        elif fault in REFUSALS:
            status, code = REFUSALS[fault]
            self.answer(status, [], b"<Error><Code>%s</Code></Error>" % code.encode())
        else:
            status, headers, content = self.passed_on(body, forged=fault == "forged")
            if fault == "lost":
                self.close_connection = True
            else:
                self.answer(status, headers, content, short=fault == "short")

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815 - names that the server looks for

    def passed_on(self, body, *, forged):
        upstream = self.proxy.upstream
        headers = dict(self.headers.items())
        if forged:
            headers["Authorization"] = headers["Authorization"][:-64] + "0" * 64
        connection = http.client.HTTPConnection(upstream.hostname, upstream.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()

    def answer(self, status, headers, content, short=False):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        length = {name.lower(): value for name, value in headers}.get("content-length", len(content))
        self.send_header("Content-Length", str(length if self.command == "HEAD" else len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if short else content)
        self.close_connection = self.close_connection or short
