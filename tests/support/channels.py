"""Channels to real servers, with a proxy before each that can fail, and what was received behind it."""

import math
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from botocore.credentials import Credentials
from faulty import faulty

from atalaia.ports import Point
from atalaia_aws.clients import BotoClients
from atalaia_aws.cloudwatch import CloudWatchChannel
from atalaia_aws.signing import signed_channel
from atalaia_azure.identity import Identity
from atalaia_azure.insights import InsightsChannel, connection_of
from atalaia_azure.library import Exporters, LibraryChannel
from atalaia_otel.exporter import Exporter
from atalaia_otel.otlp import OtlpChannel

NOW = time.time_ns() // 1_000_000_000 * 1_000_000
OWN = (("monitor", "m"), ("model", "credit"))
SECRET = "the-secret-of-the-sink"


def points(count=3, **changes):
    made = [Point("ml.monitor.drift", n / 8, (*OWN, ("column", f"c{n}")), NOW) for n in range(count)]
    return [Point(**{**dict(zip(Point.__slots__, _values(p), strict=True)), **changes}) for p in made]


def _values(point):
    return [getattr(point, name) for name in Point.__slots__]


class Cloud:
    """One channel with what stands behind it; `left` is how many seconds there are."""

    def __init__(self, channel, proxy, received):
        self.channel, self.proxy, self.received = channel, proxy, received
        self.left = math.inf
        self.exporter = Exporter(channel, lambda: self.left)


@contextmanager
def to_cloudwatch(server, namespace):
    client = server.client("cloudwatch")
    with faulty(server.address) as proxy:
        clients = BotoClients({"endpoint_url": proxy.address, **server.boto})
        channel = CloudWatchChannel(clients, namespace)
        yield Cloud(channel, proxy, lambda: _in_cloudwatch(client, namespace))


@contextmanager
def to_sink(sink):
    with faulty(sink.address) as proxy:
        yield Cloud(OtlpChannel(f"{proxy.address}/v1/metrics"), proxy, lambda: _in_sink(sink))


@contextmanager
def to_insights(sink):
    with faulty(sink.address) as proxy:
        settings = {"APPLICATIONINSIGHTS_CONNECTION_STRING": sink.connection.replace(sink.address, proxy.address)}
        channel = InsightsChannel(connection_of(settings, Identity({})))
        yield Cloud(channel, proxy, lambda: sorted(sink.points(), key=repr))


@contextmanager
def to_library(sink):
    with faulty(sink.address) as proxy:
        settings = {"APPLICATIONINSIGHTS_CONNECTION_STRING": sink.connection.replace(sink.address, proxy.address)}
        channel = LibraryChannel(Exporters(settings, Identity({}), {}))
        yield Cloud(channel, proxy, lambda: sorted(sink.points(), key=repr))


@contextmanager
def to_signed_sink(sink):
    with faulty(sink.address) as proxy:
        credentials = Credentials("key", SECRET, "session")
        channel = signed_channel("us-east-1", f"{proxy.address}/v1/metrics", credentials)
        yield Cloud(channel, proxy, lambda: _in_sink(sink))


def _in_cloudwatch(client, namespace):
    """Return `(name, dimensions, maximum)` of every series in CloudWatch."""
    found, hours, now = [], timedelta(hours=2), datetime.fromtimestamp(NOW / 1e6, UTC)
    for metric in client.list_metrics(Namespace=namespace)["Metrics"]:
        got = client.get_metric_statistics(
            Namespace=namespace, MetricName=metric["MetricName"], Dimensions=metric["Dimensions"],
            StartTime=now - hours, EndTime=now + hours, Period=60, Statistics=["Maximum"],
        )  # fmt: skip
        pairs = {pair["Name"]: pair["Value"] for pair in metric["Dimensions"]}
        found += [(metric["MetricName"], pairs, point["Maximum"]) for point in got["Datapoints"]]
    return sorted(found, key=repr)


def _in_sink(sink):
    return sorted(((name, attributes, value) for name, attributes, value, _ in sink.points), key=repr)
