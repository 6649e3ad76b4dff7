"""OTLP over HTTP, in protobuf: to any collector, or signed to a cloud's own endpoint."""

from __future__ import annotations

import gzip
import http.client
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct, field

from atalaia.errors import AtalaiaError, NotSentError
from atalaia_otel.exporter import Encoded, Refusal
from atalaia_otel.items import Item, data_of

Sign = Callable[[str, bytes, dict[str, str]], dict[str, str]]
"""From URL, body and headers to all headers of the signed request."""

_MOST_POINTS = 900  # CloudWatch takes 1,000 points
_MOST_BYTES = 1_000_000  # and 1 MiB before compression
_REFUSED = frozenset({400, 413, 422})  # what is wrong with the request itself will be wrong later


class OtlpChannel(Struct, frozen=True):
    """Sends metrics to an OTLP endpoint.

    Attributes:
        url: The whole address, such as `http://127.0.0.1:4318/v1/metrics`.
        headers: Sent with each request; they may hold a key, so no message shows them.
        sign: Signs a request, where the endpoint asks for that.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    sign: Sign | None = None

    def __post_init__(self) -> None:
        """Refuse what is no address.

        Raises:
            AtalaiaError: The URL is not of a server.
        """
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            msg = f"{self.url}: no address of an OTLP endpoint. Write one such as https://collector:4318/v1/metrics."
            raise AtalaiaError(msg)

    @property
    def name(self) -> str:
        """Name of the form of its requests."""
        return "otlp"

    def encode(self, items: Sequence[Item]) -> Encoded:
        """Turn points into requests that stay within the limits."""
        parts = [items[start : start + _MOST_POINTS] for start in range(0, len(items), _MOST_POINTS)]
        requests: list[tuple[bytes, int]] = []
        too_large = 0
        while parts:
            part = parts.pop(0)
            body = _body(part)
            if len(body) <= _MOST_BYTES:
                requests.append((body, len(part)))
            elif len(part) > 1:
                half = len(part) // 2
                parts[:0] = [part[:half], part[half:]]
            else:
                too_large += 1
        return Encoded(requests, {"too_large": too_large} if too_large else {})

    def post(self, request: bytes, seconds: float) -> Refusal | None:
        """Send one request within *seconds*.

        Raises:
            NotSentError: It was not taken now, but may be later.
        """
        body = gzip.compress(request, mtime=0)
        headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip", **self.headers}
        if self.sign is not None:
            headers = self.sign(self.url, body, headers)
        try:
            status, answer = _exchange(urlsplit(self.url), body, headers, seconds)
        except (OSError, http.client.HTTPException) as error:
            msg = f"{self.url}: no answer ({type(error).__name__}). Look at the endpoint and the network's route to it."
            raise NotSentError(msg) from error
        if status in _REFUSED:
            return Refusal(None, f"{self.url}: refused with HTTP status {status}")
        if not 200 <= status < 300:
            advice = "Correct the credentials or rights." if status in (401, 403) else "It will be tried again."
            msg = f"{self.url}: HTTP status {status}. {advice}"
            raise NotSentError(msg)
        return _partial(answer, self.url)


def _body(items: Sequence[Item]) -> bytes:
    from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics

    body: bytes = encode_metrics(data_of(items)).SerializeToString(deterministic=True)
    return body


def _exchange(url: SplitResult, body: bytes, headers: dict[str, str], seconds: float) -> tuple[int, bytes]:
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=seconds)
    try:
        connection.request("POST", url.path or "/", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _partial(answer: bytes, url: str) -> Refusal | None:
    """Read how many points of a request that was taken were not."""
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

    try:
        partial = ExportMetricsServiceResponse.FromString(answer).partial_success
    except DecodeError:  # the status said that the points were taken; some servers answer in JSON or text
        return None
    if not partial.rejected_data_points:
        return None
    return Refusal(partial.rejected_data_points, f"{url}: {partial.error_message or 'some points were refused'}")
