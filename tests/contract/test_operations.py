"""What calls of functions did, to a collector: sent before the call ends, kept if that fails, and sent later, once."""

import io
import json

import pytest
from channels import NOW, points
from opentelemetry.sdk.metrics import MeterProvider

from atalaia.errors import StoreError
from atalaia.operations import measured
from atalaia_local import MemoryStore
from atalaia_otel.items import metrics_data
from atalaia_otel.json_log import JsonLog
from atalaia_otel.keeping import Home
from atalaia_otel.operations import Operations
from atalaia_otel.reader import OnDemandReader
from atalaia_otel.unsent import UnsentRequests

TOLD = {"event": "ml.monitor.ingest", "objects": 2, "rows": 10, "rejected": 1, "failed": 0, "seconds": 0.25}
COUNTS = {f"ml.monitor.ingest.{name}": TOLD[name] for name in ("objects", "rows", "rejected", "failed")}
ALL = {**COUNTS, "ml.monitor.ingest.duration": 0.25}


class Process:
    """Operations with their log and the output where they are kept."""

    def __init__(self, cloud, instance="one"):
        self.stream, self.output = io.StringIO(), MemoryStore()
        self.home = Home("m", self.output)
        self.operations = Operations(JsonLog(self.stream), cloud.exporter, {"faas.instance": instance})

    def call(self, told=TOLD, function="ingest", earlier=False):
        self.operations.record(measured(function, told))
        self.operations.flush(self.home, NOW, earlier=earlier)

    @property
    def events(self):
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    @property
    def kept(self):
        return [info.key for info in self.output.list("")]


@pytest.fixture
def process(otlp):
    return Process(otlp)


def received(cloud):
    return {name: value for name, _, value in cloud.received()}


def rows_in(cloud):
    return sorted(value for name, _, value in cloud.received() if name == "ml.monitor.ingest.rows")


def test_a_call_is_sent_when_it_ends(otlp, process):
    process.call()

    assert received(otlp) == ALL
    assert (process.events, process.kept) == ([], [])


def test_each_call_is_sent_for_itself(otlp, process, plain_sink):
    process.call()
    process.call(TOLD | {"rows": 7})

    assert rows_in(otlp) == [7, 10]
    assert len(plain_sink.requests) == 2


def test_a_call_that_ended_midway_is_sent_as_far_as_it_came(otlp, process):
    process.call({"event": "ml.monitor.ingest", "error": "StoreError", "seconds": 1.5})

    assert received(otlp) == {"ml.monitor.ingest.duration": 1.5}


def test_sums_and_spreads_are_deltas_and_levels_are_gauges(process, otlp, plain_sink):
    told = {"windows": 1, "reports": 1, "findings": 4, "untold": 3, "seconds": 2.0}

    process.call(told, "evaluate")

    kinds = {metric.name: metric.WhichOneof("data") for metric in plain_sink.metrics()}
    temporal = {
        getattr(metric, kind).aggregation_temporality
        for metric in plain_sink.metrics()
        if (kind := metric.WhichOneof("data")) != "gauge"
    }
    assert kinds == {
        "ml.monitor.evaluate.windows": "sum",
        "ml.monitor.evaluate.reports": "sum",
        "ml.monitor.evaluate.findings": "sum",
        "ml.monitor.evaluate.untold": "gauge",
        "ml.monitor.evaluate.duration": "histogram",
    }
    assert temporal == {1}  # AGGREGATION_TEMPORALITY_DELTA


def test_a_function_without_metrics_sends_nothing(process, otlp):
    process.call({"seconds": 1.0}, "status")

    assert otlp.proxy.seen == []


@pytest.mark.parametrize("fault", ["busy", "denied", "cut", "lost"])
def test_what_cannot_be_sent_is_kept_and_sent_by_a_later_call(otlp, process, fault):
    otlp.proxy.plan = [fault]

    process.call()
    kept = process.kept
    process.call(TOLD | {"rows": 7}, earlier=True)

    assert len(kept) == 1
    assert [event["event"] for event in process.events] == ["ml.monitor.telemetry_unsent"]
    assert process.kept == []
    assert rows_in(otlp) == (
        [7, 10, 10] if fault == "lost" else [7, 10]
    )  # who gets no answer cannot know that it arrived


def test_what_was_kept_is_sent_once(otlp, process):
    otlp.proxy.plan = ["busy"]
    process.call()

    for _ in range(3):
        process.call({}, earlier=True)

    assert received(otlp) == ALL


def test_a_collector_that_hangs_costs_no_more_than_the_time_left(otlp, process):
    otlp.left = 0.7
    otlp.proxy.then = "hang"

    process.call(earlier=True)

    assert len(otlp.proxy.seen) == len(process.kept) == 1


def test_what_can_be_neither_sent_nor_kept_is_told(otlp, process):
    otlp.proxy.then = "busy"

    class Full(MemoryStore):
        def put(self, key, data, **_conditions):
            raise StoreError("the disk is full")

    for home, why in ((None, "no monitor"), (Home("m", Full()), "the disk is full")):
        process.home = home
        process.call()

        assert process.events[-1]["event"] == "ml.monitor.telemetry_dropped"
        assert process.events[-1]["dropped"] == {"not_kept": 1}
        assert why in process.events[-1]["why"]


def test_a_store_that_cannot_be_listed_leaves_what_is_kept(otlp, process):
    class Closed(MemoryStore):
        def list(self, prefix):
            raise StoreError("access was denied")

    process.home = Home("m", Closed())
    process.call(earlier=True)

    assert [(event["event"], event["why"]) for event in process.events] == [
        ("ml.monitor.telemetry_unsent", "access was denied")
    ]
    assert received(otlp) == ALL


def test_what_a_collector_refuses_for_good_is_told_and_not_kept(otlp, process):
    otlp.proxy.plan = ["idle"]  # status 400

    process.call()

    assert process.kept == []
    assert [event["dropped"] for event in process.events] == [{"refused": 5}]


def test_calls_of_several_processes_are_told_apart(otlp, plain_sink):
    for instance in ("one", "two"):
        Process(otlp, instance).call()

    assert plain_sink.resources() == [{"faas.instance": "one"}, {"faas.instance": "two"}]


def test_kept_requests_lie_where_the_monitor_keeps_its_state(otlp):
    output = MemoryStore()
    otlp.proxy.then = "busy"

    UnsentRequests("m", output, otlp.exporter).keep(otlp.exporter.deliver(metrics_data(points())), NOW)

    [info] = output.list("")
    assert info.key.startswith(f"m/state/unsent/otlp/{NOW:020}-0000-")


def test_opentelemetrys_own_flush_cannot_hide_a_failure(otlp):
    provider = MeterProvider([OnDemandReader(otlp.exporter)], shutdown_on_exit=False)

    with pytest.raises(Exception, match="flush"):
        provider.force_flush()
