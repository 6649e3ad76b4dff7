"""A server of JSON on 127.0.0.1, which answers as a function says."""

import contextlib
import json
from http.server import BaseHTTPRequestHandler

from otlp_sink import running


@contextlib.contextmanager
def answering(answer):
    """Run it; yield its address. *answer* gets method, path, headers in small letters and body, and returns a status
    and a document (None is none at all); or None, and the connection is closed without an answer.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_args):
            pass

        def do_GET(self):
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            answered = answer(self.command, self.path, headers, body)
            if answered is None:
                self.close_connection = True
                return
            status, told = answered
            sent = b"" if told is None else json.dumps(told).encode()
            self.send_response_only(status)
            self.send_header("Content-Length", str(len(sent)))
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.end_headers()
            self.wfile.write(sent)

        do_PUT = do_POST = do_GET  # noqa: N815 - names that the server looks for

    with running(Handler) as address:
        yield address


def error(status, code, message):
    """A refusal, as Azure's APIs have it."""
    return status, {"error": {"code": code, "message": message}}
