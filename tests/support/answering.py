"""An HTTP server on 127.0.0.1, which answers as a function says."""

import contextlib
import json
from http.server import BaseHTTPRequestHandler

from otlp_sink import running


@contextlib.contextmanager
def answering(answer):
    """Run it; yield its address. *answer* gets method, path, headers in small letters and body, and returns a status, a
    document (bytes as they are, all else as JSON, None for none at all) and perhaps headers; or None, and the
    connection is closed without an answer.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_args):
            pass

        def do_GET(self):
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = self.rfile.read(int(headers.get("content-length", 0)))
            answered = answer(self.command, self.path, headers, asked)
            if answered is None:
                self.close_connection = True
                return
            status, document, more = (*answered, {})[:3]
            body = _body(document) if status != 204 else b""
            with contextlib.suppress(OSError):
                self.send_response(status)
                for name, value in ({"Content-Type": "application/json"} | more).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        do_PUT = do_POST = do_OPTIONS = do_GET  # noqa: N815 - names that the server looks for

    with running(Handler) as address:
        yield address


def _body(document):
    if document is None or isinstance(document, bytes):
        return document or b""
    return json.dumps(document).encode()


def error(status, code, message):
    """A refusal, as Azure's APIs have it."""
    return status, {"error": {"code": code, "message": message}}
