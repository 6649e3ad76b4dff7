"""The part of Azure Resource Manager that starts jobs of Azure Machine Learning, on 127.0.0.1."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from otlp_sink import running

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


class Arm:
    """What was started, `jobs` by name; `plan` lists the next answers to PUT: a status and a code, `lost` or `late`."""

    def __init__(self):
        self.jobs, self.seen, self.plan = {}, [], []
        self.lock = threading.Lock()

    def answer(self, method, url, headers, body):
        """Return status and document; None to close the connection instead."""
        parts = urlsplit(url)
        with self.lock:
            self.seen.append((method, parts.path, parse_qs(parts.query)["api-version"][0]))
            if headers["authorization"] != "Bearer token":
                return 401, {"error": {"code": "InvalidAuthenticationToken", "message": "no"}}
            place, _, name = parts.path.rpartition("/jobs/")
            if place != WORKSPACE:
                return 404, {"error": {"code": "ResourceNotFound", "message": "no such workspace"}}
            return self._get(name) if method == "GET" else self._put(name, json.loads(body))

    def _get(self, name):
        if name not in self.jobs:
            return 404, {"error": {"code": "UserError", "message": "no such job"}}
        return 200, {"name": name, "properties": self.jobs[name]}

    def _put(self, name, told):
        planned = self.plan.pop(0) if self.plan else None
        if isinstance(planned, tuple):
            return planned[0], {"error": {"code": planned[1], "message": "as planned"}}
        if name in self.jobs:
            return 409, {"error": {"code": "Conflict", "message": "a job of this name exists"}}
        self.jobs[name] = told["properties"]
        return None if planned == "lost" else (201, {"name": name, "properties": told["properties"]})


@contextlib.contextmanager
def arm():
    """Run it; its address is `service.address`."""
    service = Arm()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_args):
            pass

        def do_GET(self):
            headers = {name.lower(): value for name, value in self.headers.items()}
            answered = service.answer(
                self.command, self.path, headers, self.rfile.read(int(headers.get("content-length", 0)))
            )
            if answered is None:
                self.close_connection = True
                return
            status, told = answered
            body = json.dumps(told).encode()
            self.send_response_only(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_GET  # noqa: N815 - a name that the server looks for

    with running(Handler) as service.address:
        yield service
