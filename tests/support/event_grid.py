"""A custom topic of Event Grid on 127.0.0.1."""

import contextlib
import json
from http.server import BaseHTTPRequestHandler

from otlp_sink import running


@contextlib.contextmanager
def event_grid_topic(status=200):
    """Run it; yield its address, and a list of what it heard: path, headers, events."""
    heard = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args):
            pass

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.path, self.headers, json.loads(body)))
            self.send_response_only(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with running(Handler) as address:
        yield f"{address}/api/events", heard
