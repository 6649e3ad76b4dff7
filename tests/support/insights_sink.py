"""Application Insights' ingestion on 127.0.0.1: it keeps what it was sent, and answers as it was told to."""

import contextlib
import gzip
import json
from http.server import BaseHTTPRequestHandler

from otlp_sink import running

KEY = "00000000-0000-0000-0000-000000000001"


class InsightsSink:
    """What was received: `requests`, each a list of envelopes, and `headers`.

    Attributes:
        faults: By place in a request, the status that an envelope is refused with.
        once: Whether they are refused in one request only.
        token: What must be shown, if anything.
        moved: Where requests are led on to, if anywhere.
    """

    def __init__(self):
        self.requests, self.headers, self.taken = [], [], []
        self.faults, self.once, self.token, self.moved = {}, True, None, None

    def metrics(self):
        return [envelope for envelope in self.taken if envelope["data"]["baseType"] == "MetricData"]

    def events(self):
        return [envelope for envelope in self.taken if envelope["data"]["baseType"] == "EventData"]

    def points(self):
        """Each value that was taken: name, dimensions, value."""
        bases = [envelope["data"]["baseData"] for envelope in self.metrics()]
        return [(m["name"], base["properties"], m["value"]) for base in bases for m in base["metrics"]]

    def take(self, path, headers, body):
        """Return status, document and headers of the answer."""
        self.headers.append(headers)
        if self.moved is not None:
            return 308, None, {"Location": self.moved}
        if path.strip("/") != "v2.1/track":
            return 404, None, {}
        if self.token is not None and headers.get("authorization") != f"Bearer {self.token}":
            return 401, None, {}
        raw = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        envelopes = json.loads(raw, parse_constant=_no_constant)
        self.requests.append(envelopes)
        known = [self.faults.get(place) or _fault(envelope) for place, envelope in enumerate(envelopes)]
        self.faults = {} if self.once else self.faults
        self.taken += [envelope for envelope, status in zip(envelopes, known, strict=True) if status is None]
        errors = [{"index": n, "statusCode": s, "message": "as planned"} for n, s in enumerate(known) if s is not None]
        told = {"itemsReceived": len(known), "itemsAccepted": len(known) - len(errors), "errors": errors}
        return (200 if not errors else 206), told, {}


def _no_constant(name):
    raise ValueError(name)


def _fault(envelope):
    """What ingestion refuses by itself, as documented."""
    base = envelope["data"]["baseData"]
    if envelope["iKey"] != KEY or not envelope["name"] or not envelope["time"].endswith("Z"):
        return 400
    if any(len(name) > 150 or not isinstance(v, str) or len(v) > 8192 for name, v in base["properties"].items()):
        return 400
    metrics = base.get("metrics", [])
    if len(metrics) > 1 or any(len(m["name"]) > 1024 for m in metrics) or (metrics and len(base["properties"]) > 10):
        return 400
    return None


@contextlib.contextmanager
def insights_sink():
    """Run it; its address is `sink.address`, and `sink.connection` what a connection string says of it."""
    sink = InsightsSink()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_args):
            pass

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, told, headers = sink.take(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            answer = b"" if told is None else json.dumps(told).encode()
            self.send_response_only(status)
            for name, value in {"Content-Length": str(len(answer)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

    with running(Handler) as sink.address:
        sink.connection = f"InstrumentationKey={KEY};IngestionEndpoint={sink.address}/"
        yield sink
