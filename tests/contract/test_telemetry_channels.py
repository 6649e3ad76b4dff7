"""Metrics through each channel to a real server, read back there; and what becomes of them when it does not answer."""

import io
import json
import math

import pytest
from botocore.credentials import Credentials
from channels import NOW, OWN, points
from faulty import faulty
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from atalaia.errors import AtalaiaError, NotSentError
from atalaia.ports import Point
from atalaia_aws.cloudwatch import CloudWatchChannel
from atalaia_aws.emf import EmfChannel
from atalaia_aws.signing import signed_channel
from atalaia_otel.exporter import Exporter
from atalaia_otel.items import metrics_data
from atalaia_otel.json_log import JsonLog
from atalaia_otel.otlp import OtlpChannel
from atalaia_otel.telemetry import SentTelemetry


def expected(sent):
    return sorted(((point.name, dict(point.attributes), point.value) for point in sent), key=repr)


def test_points_arrive_as_they_are(cloud):
    outcome = cloud.exporter.deliver(metrics_data(points()))

    assert cloud.received() == expected(points())
    assert (outcome.sent, outcome.unsent, dict(outcome.dropped)) == (3, (), {})


def test_sending_again_changes_nothing(cloud):
    for _ in range(2):
        cloud.exporter.deliver(metrics_data(points()))

    assert {repr(value) for value in cloud.received()} == {repr(value) for value in expected(points())}


def test_nan_and_infinity_are_counted_and_never_sent(cloud):
    bad = [Point("ml.monitor.drift", value, OWN, NOW) for value in (math.nan, math.inf, -math.inf)]

    outcome = cloud.exporter.deliver(metrics_data([*points(), *bad]))

    assert dict(outcome.dropped) == {"not_finite": 3}
    assert cloud.received() == expected(points())


def test_no_points_make_no_request(cloud):
    outcome = cloud.exporter.deliver(metrics_data([]))

    assert outcome.sent == 0
    assert cloud.proxy.seen == []


@pytest.mark.parametrize("fault", ["busy", "slow down", "broken", "throttled", "denied", "expired", "cut", "lost"])
def test_what_fails_for_now_is_handed_back_and_can_be_sent_later(cloud, fault):
    cloud.proxy.plan = [fault]

    outcome = cloud.exporter.deliver(metrics_data(points()))
    later = cloud.exporter.post([(body, 3) for body in outcome.unsent])

    assert outcome.sent == 0
    assert outcome.why
    assert later.sent == 3
    assert {repr(value) for value in cloud.received()} == {repr(value) for value in expected(points())}


def test_a_server_that_hangs_costs_no_more_than_the_time_left(cloud):
    cloud.left = 0.7
    cloud.proxy.then = "hang"

    outcome = cloud.exporter.deliver(metrics_data(points()))

    assert len(outcome.unsent) == 1


def test_without_time_nothing_is_sent_and_all_is_handed_back(cloud):
    cloud.left = 0.1

    outcome = cloud.exporter.deliver(metrics_data(points()))

    assert len(outcome.unsent) == 1
    assert cloud.proxy.seen == []


def test_after_one_failure_the_other_requests_wait(cloud):
    cloud.proxy.plan = ["pass", "busy"]

    outcome = cloud.exporter.deliver(metrics_data(points(3_500)))

    assert len(cloud.proxy.seen) == 2
    assert 0 < outcome.sent <= 1_000
    assert len(outcome.unsent) >= 2


def test_a_request_is_the_same_bytes_each_time(cloud):
    from atalaia_otel.items import items_of

    first, second = (cloud.channel.encode(items_of(metrics_data(points(2_500)))[0]) for _ in range(2))

    assert first.requests == second.requests


@pytest.mark.parametrize("width", [1, 1_000])
def test_requests_stay_within_the_limits(cloud, width):
    many = points(2_500, attributes=(*OWN, ("column", "x" * width)))

    outcome = cloud.exporter.deliver(metrics_data(many))

    assert outcome.sent == 2_500
    assert dict(outcome.dropped) == {}


def test_all_but_the_last_request_to_cloudwatch_are_full_or_large(cloudwatch):
    encoded = cloudwatch.channel.encode(items(points(2_002)))

    assert [count for _, count in encoded.requests] == [1_000, 1_000, 2]
    assert sum(len(body) for body, _ in encoded.requests) < 1_000_000


def items(sent):
    from atalaia_otel.items import items_of

    return items_of(metrics_data(sent))[0]


def test_a_refusal_for_good_is_counted_not_kept(otlp, plain_sink):
    otlp.proxy.plan = ["idle"]  # status 400

    outcome = otlp.exporter.deliver(metrics_data(points()))

    assert (outcome.sent, dict(outcome.dropped), outcome.unsent) == (0, {"refused": 3}, ())
    assert "400" in outcome.why


def test_a_partial_success_is_counted(otlp, plain_sink):
    plain_sink.refuse = 2

    outcome = otlp.exporter.deliver(metrics_data(points()))

    assert (outcome.sent, dict(outcome.dropped)) == (1, {"refused": 2})
    assert "too old" in outcome.why


def test_a_collector_is_sent_its_headers_and_no_message_shows_them(plain_sink):
    with faulty(plain_sink.address, ["denied"]) as proxy:
        exporter = Exporter(OtlpChannel(f"{proxy.address}/v1/metrics", {"X-Key": "s3cret"}))
        outcome = exporter.deliver(metrics_data(points()))
        exporter.deliver(metrics_data(points()))

    assert plain_sink.headers[0]["x-key"] == "s3cret"
    assert "s3cret" not in outcome.why


def test_times_are_those_of_the_points(otlp, plain_sink):
    otlp.exporter.deliver(metrics_data(points()))

    assert {time for *_, time in plain_sink.points} == {NOW * 1_000}


def test_a_wrong_signature_is_noticed_and_kept(signed_sink):
    channel = signed_channel("us-east-1", f"{signed_sink.address}/v1/metrics", Credentials("key", "another"))

    outcome = Exporter(channel).deliver(metrics_data(points()))

    assert signed_sink.faults == ["SignatureDoesNotMatch"]
    assert len(outcome.unsent) == 1
    assert "Correct the credentials" in outcome.why


def test_cloudwatch_has_an_address_of_its_own_in_each_region():
    assert signed_channel("eu-west-1").url == "https://monitoring.eu-west-1.amazonaws.com/v1/metrics"


@pytest.mark.parametrize("url", ["collector:4318", "ftp://collector", "", "http://"])
def test_what_is_no_endpoint_is_refused(url):
    with pytest.raises(AtalaiaError, match="OTLP endpoint"):
        OtlpChannel(url)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("Größe", "Gr\\xf6\\xdfe"),
        ("日本", "\\u65e5\\u672c"),
        (" lead", "lead"),
        (":colon", "colon"),
        ("a\nb", "a\\nb"),
    ],
)
def test_names_that_cloudwatch_refuses_are_written_in_ascii(cloudwatch, given, taken):
    cloudwatch.exporter.deliver(metrics_data(points(1, attributes=(*OWN, ("column", given)))))

    assert cloudwatch.received() == [("ml.monitor.drift", {"monitor": "m", "model": "credit", "column": taken}, 0.0)]


def test_long_names_are_cut_but_stay_apart(cloudwatch):
    long = [points(1, attributes=(("column", "x" * 2_000 + end),))[0] for end in "ab"]

    cloudwatch.exporter.deliver(metrics_data(long))

    columns = [attributes["column"] for _, attributes, _ in cloudwatch.received()]
    assert len(set(columns)) == 2
    assert all(len(column) == 1_024 for column in columns)


def test_what_cloudwatch_cannot_hold_is_counted(cloudwatch):
    far = Point("ml.monitor.drift", 1e300, OWN, NOW)
    wide = Point("ml.monitor.drift", 1.0, tuple((f"a{n}", "x") for n in range(31)), NOW)
    tiny = Point("ml.monitor.rows", 5e-324, OWN, NOW)

    outcome = cloudwatch.exporter.deliver(metrics_data([far, wide, tiny]))

    assert dict(outcome.dropped) == {"out_of_range": 1, "too_many_dimensions": 1}
    assert cloudwatch.received() == [("ml.monitor.rows", dict(OWN), 0.0)]


def test_a_refused_call_says_why_and_is_not_kept(cloudwatch):
    channel = CloudWatchChannel(cloudwatch.channel.clients, "AWS/not-ours:")
    bad = b'[{"MetricName":"","Value":1.0}]'

    refusal = channel.post(bad, 5.0)

    assert refusal is not None
    assert "CloudWatch metrics" in refusal.why
    assert "\n" not in refusal.why


def test_emf_is_one_line_for_each_series_of_dimensions():
    stream = io.StringIO()
    sent = [*points(2), Point("ml.monitor.rows", 7, OWN, NOW), Point("ml.monitor.lag", 1.5, OWN, NOW)]

    outcome = Exporter(EmfChannel(stream)).deliver(metrics_data(sent))

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert outcome.sent == 4
    assert lines[-1] == {
        "_aws": {
            "Timestamp": NOW // 1_000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Atalaia",
                    "Dimensions": [["monitor", "model"]],
                    "Metrics": [
                        {"Name": "ml.monitor.rows", "Unit": "Count"},
                        {"Name": "ml.monitor.lag", "Unit": "Seconds"},
                    ],
                }
            ],
        },
        "monitor": "m",
        "model": "credit",
        "ml.monitor.rows": 7.0,
        "ml.monitor.lag": 1.5,
    }
    assert len(lines) == 3


def test_emf_holds_at_most_100_metrics_a_line_and_a_name_once():
    stream = io.StringIO()
    sent = [Point(f"metric.{n}", 1.0, OWN, NOW) for n in range(250)] + [Point("metric.0", 2.0, OWN, NOW)]

    Exporter(EmfChannel(stream)).deliver(metrics_data(sent))

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [len(line["_aws"]["CloudWatchMetrics"][0]["Metrics"]) for line in lines] == [100, 100, 51]
    assert [line["metric.0"] for line in lines if "metric.0" in line] == [1.0, 2.0]


def test_what_instruments_spread_is_counted_and_not_sent_to_cloudwatch(cloudwatch):
    point = HistogramDataPoint({}, 0, NOW * 1_000, 1, 1.0, [1], [], 1.0, 1.0)
    metric = Metric("lag", None, "s", Histogram([point], AggregationTemporality.DELTA))
    scope = ScopeMetrics(InstrumentationScope("t"), [metric], "")

    outcome = cloudwatch.exporter.deliver(MetricsData([ResourceMetrics(Resource.get_empty(), [scope], "")]))

    assert dict(outcome.dropped) == {"distribution": 1}
    assert cloudwatch.received() == []


def test_telemetry_logs_what_it_drops_and_raises_what_it_cannot_send(cloud):
    stream = io.StringIO()
    telemetry = SentTelemetry(JsonLog(stream), cloud.exporter)
    cloud.proxy.plan = ["pass", "busy"]

    sent = telemetry.tell([], [*points(), Point("ml.monitor.drift", math.nan, OWN, NOW)])
    with pytest.raises(NotSentError):
        telemetry.tell([], points())

    told = json.loads(stream.getvalue())
    assert (sent.points, dict(sent.dropped)) == (3, {"not_finite": 1})
    assert (told["event"], told["dropped"]) == ("ml.monitor.telemetry_dropped", {"not_finite": 1})


def test_gauges_keep_every_series(otlp):
    outcome = otlp.exporter.deliver(metrics_data(points(5_000)))

    assert outcome.sent == 5_000
    assert isinstance(metrics_data(points()).resource_metrics[0].scope_metrics[0].metrics[0].data, Gauge)
