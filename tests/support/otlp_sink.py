"""An OTLP endpoint on 127.0.0.1 that checks signatures as AWS describes them, and keeps what it was sent."""

import contextlib
import gzip
import hashlib
import hmac
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

MOST_BYTES, MOST_POINTS = 1 << 20, 1000


class OtlpSink:
    """What was received: `requests`, each a list of `(name, attributes, value, time in ns)`, and `faults`.

    Attributes:
        secret: The key that requests must be signed with; None takes unsigned ones.
        refuse: Of each request, so many points are refused.
    """

    def __init__(self, secret):
        self.secret = secret
        self.refuse = 0
        self.requests, self.bodies, self.faults, self.headers = [], [], [], []

    @property
    def points(self):
        return [point for request in self.requests for point in request]

    def metrics(self):
        """Every metric of what was received, as OTLP has it."""
        sent = [ExportMetricsServiceRequest.FromString(body) for body in self.bodies]
        return [m for each in sent for r in each.resource_metrics for s in r.scope_metrics for m in s.metrics]

    def resources(self):
        """The attributes of every resource that was named."""
        sent = [resource for body in self.bodies for resource in _resources(body)]
        return [{pair.key: pair.value.string_value for pair in each.attributes} for each in sent]

    def take(self, path, headers, body):
        """Return the HTTP status and body to answer with."""
        self.headers.append(headers)
        fault = self.secret and signature_fault(self.secret, path, headers, body)
        raw = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        if fault:
            self.faults.append(fault)
            return 403, fault.encode()
        points = list(points_of(ExportMetricsServiceRequest.FromString(raw)))
        if len(raw) > MOST_BYTES or len(points) > MOST_POINTS:
            self.faults.append("too large")
            return 413, b""
        self.requests.append(points)
        self.bodies.append(raw)
        answer = ExportMetricsServiceResponse()
        if self.refuse:
            answer.partial_success.rejected_data_points = self.refuse
            answer.partial_success.error_message = "too old"
        return 200, answer.SerializeToString()


def _resources(body):
    return [each.resource for each in ExportMetricsServiceRequest.FromString(body).resource_metrics]


def points_of(message):
    for resource in message.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                kind = metric.WhichOneof("data")
                for point in getattr(metric, kind).data_points:
                    attributes = {pair.key: pair.value.string_value for pair in point.attributes}
                    value = point.sum if kind == "histogram" else getattr(point, point.WhichOneof("value"))
                    yield metric.name, attributes, value, point.time_unix_nano


def signature_fault(secret, path, headers, body):
    """Check a request as AWS's "Create a signed API request" says; return what is wrong, or None."""
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme != "AWS4-HMAC-SHA256":
        return "MissingAuthenticationToken"
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    _, *scope = parts["Credential"].split("/")
    if scope[2:] != ["monitoring", "aws4_request"]:
        return f"wrong scope {scope}"
    signed = parts["SignedHeaders"].split(";")
    if not {"host", "x-amz-date", "content-type"} <= set(signed):
        return f"headers not signed: {signed}"
    lines = [f"{name}:{' '.join(headers[name].split())}\n" for name in signed]
    payload = hashlib.sha256(body).hexdigest()
    canonical = "\n".join(["POST", path, "", "".join(lines), ";".join(signed), payload])
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    told = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], "/".join(scope), hashed])
    key = b"AWS4" + secret.encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    expected = hmac.digest(key, told.encode(), "sha256").hex()
    return None if hmac.compare_digest(expected, parts["Signature"]) else "SignatureDoesNotMatch"


@contextlib.contextmanager
def otlp_sink(secret=None):
    """Run a sink; its address is `sink.address`."""
    sink = OtlpSink(secret)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_args):
            pass

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = sink.take(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            self.send_response_only(status)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    with running(Handler) as sink.address:
        yield sink


@contextlib.contextmanager
def running(handler):
    """Serve in a thread and yield the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
