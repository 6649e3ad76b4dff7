"""What servers of vendors' APIs on 127.0.0.1 have in common: a plan of faults, and a record of what was asked."""

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

from otlp_sink import running

TOKEN = "t0p-s3cret"


class RefusedError(Exception):
    """A status and a document that a server answers instead."""


class WebService:
    """Answers as `routed` says; `plan` lists what becomes of the next POSTs instead:

    - `cut`: the connection is closed before anything is done;
    - `lost`: it is done, and the connection is closed instead of answering;
    - `late`: it is done, and answered when the client has long gone;
    - a status and a document, and perhaps headers, that are answered instead.
    """

    late = 1.0

    def __init__(self):
        self.plan, self.seen = [], []
        self.lock = threading.Lock()

    def answer(self, method, url, headers, body):
        """Return status, document and headers; None to close the connection."""
        parts = urlsplit(url)
        with self.lock:
            self.seen.append({"method": method, "url": url, "headers": headers, "body": body.decode()})
            planned = self.plan.pop(0) if method == "POST" and self.plan else None
            if planned == "cut":
                return None
            if isinstance(planned, tuple):
                return (*planned, {})[:3]
            try:
                done = self.routed(method, unquote(parts.path), parse_qs(parts.query), headers, body)
            except RefusedError as refused:
                done = refused.args
            self.seen[-1]["status"] = done[0]
        if planned == "late":
            time.sleep(self.late)
        return None if planned == "lost" else (*done, {})[:3]


def told(headers, body, known, refusal):
    """Return the JSON object of a request whose fields are all *known*; else raise a *refusal*."""
    if not headers.get("content-type", "").startswith("application/json"):
        raise refusal("the body is not said to be JSON")
    document = json.loads(body)
    unknown = sorted(set(document) - set(known))
    if unknown:
        raise refusal(f"not permitted: {', '.join(unknown)}")
    return document


@contextlib.contextmanager
def serving(service):
    """Run it; its address is `service.address`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_args):
            pass

        def do_GET(self):
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = self.rfile.read(int(headers.get("content-length", 0)))
            answered = service.answer(self.command, self.path, headers, asked)
            if answered is None:
                self.close_connection = True
                return
            status, document, more = answered
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
            body = b"" if status == 204 else body
            with contextlib.suppress(OSError):
                self.send_response(status)
                for name, value in ({"Content-Type": "application/json"} | more).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        do_POST = do_OPTIONS = do_GET  # noqa: N815 - names that the server looks for

    with running(Handler) as service.address:
        yield service
