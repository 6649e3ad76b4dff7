"""The address on 127.0.0.1 at which the platform gives tokens to a function app."""

import contextlib
import json
import time
from http.server import BaseHTTPRequestHandler

from otlp_sink import running


class Settings(dict):
    """The settings that name it; `asked` has what was asked for, and the header that came with it."""

    asked = ()


@contextlib.contextmanager
def managed_identity(token, seconds=3_600):
    """Run it; it gives *token* to everyone, for so many seconds; None gives an answer without one."""
    settings = Settings()
    settings.asked = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args):
            pass

        def do_GET(self):
            settings.asked.append((self.path, self.headers["X-IDENTITY-HEADER"]))
            held = {} if token is None else {"access_token": token}
            body = json.dumps({**held, "expires_on": str(int(time.time()) + seconds)}).encode()
            self.send_response_only(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with running(Handler) as address:
        settings |= {"IDENTITY_ENDPOINT": f"{address}/msi/token", "IDENTITY_HEADER": "header"}
        yield settings
