"""CloudWatch's OTLP endpoint: signatures, limits, encodings."""

import gzip
import json
import struct

import pytest
from emulators import fetch

JSON = {"Content-Type": "application/json"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}


def exported(points, attributes=()):
    pairs = [{"key": name, "value": {"stringValue": "x"}} for name in ("column", *attributes)]
    data = [{"timeUnixNano": "1", "asDouble": n, "attributes": pairs} for n in range(points)]
    metric = {"name": "ml.monitor.drift", "unit": "1", "gauge": {"dataPoints": data}}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "atalaia"}}]}
    return json.dumps({"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [metric]}]}]}).encode()


def status(request):
    return fetch(request)[0]


def test_points_that_are_signed_right_can_be_read(aws):
    aws.admin("DELETE", "/otlp")

    answer = status(aws.signed("monitoring", "/v1/metrics", exported(2), JSON))
    points = aws.admin("GET", "/otlp")["points"]

    assert answer == 200
    assert [(point["name"], point["kind"], point["asDouble"]) for point in points] == [
        ("ml.monitor.drift", "gauge", 0.0),
        ("ml.monitor.drift", "gauge", 1.0),
    ]
    assert points[0]["attributes"] == {"column": "x"}
    assert points[0]["resource"] == {"service.name": "atalaia"}


def field(number, content):
    """A length-delimited field of Protocol Buffers, of fewer than 128 bytes."""
    return bytes([number << 3 | 2, len(content)]) + content


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_points_may_come_in_protocol_buffers_and_compressed(aws, encoding):
    aws.admin("DELETE", "/otlp")
    point = b"\x19" + struct.pack("<q", 1) + b"\x21" + struct.pack("<d", 0.25)  # time_unix_nano, as_double
    metric = field(1, b"drift") + field(5, field(1, point))
    body = field(1, field(2, field(2, metric)))
    sent = gzip.compress(body) if encoding == "gzip" else body

    answer = status(aws.signed("monitoring", "/v1/metrics", sent, {**PROTOBUF, "Content-Encoding": encoding}))
    [found] = aws.admin("GET", "/otlp")["points"]

    assert answer == 200
    assert (found["name"], found["asDouble"]) == ("drift", 0.25)


def test_a_wrong_signature_a_foreign_key_and_none_are_refused(aws):
    body = exported(1)
    right = aws.signed("monitoring", "/v1/metrics", body, JSON)
    unsigned = aws.signed("monitoring", "/v1/metrics", body, JSON)
    unsigned.remove_header("Authorization")
    other = aws.signed("monitoring", "/v1/metrics", body, JSON)
    other.data = exported(2)

    assert status(aws.signed("monitoring", "/v1/metrics", body, JSON, secret="guessed")) == 403
    assert status(aws.signed("monitoring", "/v1/metrics", body, JSON, key="AKIAREALLYREAL000000")) == 403
    assert status(unsigned) == 403
    assert status(other) == 403
    assert status(right) == 200


@pytest.mark.parametrize(
    "body",
    [
        exported(1001),
        exported(1, attributes=[f"a{n}" for n in range(150)]),
        b'{"resourceMetrics": [' + b" " * (1 << 20) + b"]}",
        b"{",
    ],
)
def test_what_is_beyond_a_limit_or_cannot_be_read_is_refused_whole(aws, body):
    before = len(aws.admin("GET", "/otlp")["points"])

    assert status(aws.signed("monitoring", "/v1/metrics", body, JSON)) == 400
    assert len(aws.admin("GET", "/otlp")["points"]) == before
