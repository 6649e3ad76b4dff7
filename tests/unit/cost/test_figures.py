"""What the model takes for measured is what the documents and the code say."""

import json
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest
from services import Told, make_service
from worlds import lines, moment

from atalaia.monitor_file import LogFormat
from atalaia.monitoring import ingesting, merging
from atalaia.monitoring.watch import LOOK_AFTER
from atalaia.operations import OPERATIONS, measured
from atalaia.telemetry import Detail, report_points
from atalaia_aws import cloudwatch
from atalaia_aws.embedded import embedded
from atalaia_aws.emf import EmfChannel
from atalaia_azure import draining
from atalaia_azure.envelopes import Sender, event, metric
from atalaia_cost import figures as of
from atalaia_otel.items import items_of, metrics_data
from atalaia_otel.otlp import OtlpChannel

ROOT = Path(__file__).resolve().parents[3]
NUMERIC, OTHER = 12, 6
TEXT = """
name: churn
model: {name: churn}
logs: {source: mem://logs}
baseline: {data: [mem://reference]}
output: mem://out
columns:
  - {name: at, type: time, role: time}
""" + "".join(f"  - {{name: feature_{n}}}\n" for n in range(NUMERIC))
WORDS = "".join(f"  - {{name: word_{n}, type: string}}\n" for n in range(OTHER))


def logged(n, seed):
    random = np.random.default_rng(seed)
    return lines(
        [
            {
                "at": f"2026-03-02T12:00:{place % 60:02}Z",
                **{f"feature_{c}": float(random.normal()) for c in range(NUMERIC)},
                **{f"word_{c}": f"level {random.integers(20)}" for c in range(OTHER)},
            }
            for place in range(n)
        ]
    )


def evaluated(text, n):
    """Return the output store, the report, its events, and what the round counts, of *n* rows in one object."""
    world, telemetry = make_service(text), Told()
    world.now = moment("2026-03-02T13:00:00Z")
    world.stores("mem://reference").put("data.jsonl", logged(2000, 1))
    world.service.ingest([world.put("a.jsonl", logged(n, 2))])
    done = world.service.evaluate(telemetry, None)
    return world.output, done.evaluated["churn"].reports[0].report, telemetry.events, done.counts()


def size(output, prefix):
    (info,) = output.list(f"churn/{prefix}/")
    return info.size


@pytest.mark.parametrize("n", [10, 100, 1000, 10_000])
def test_profiles_are_about_as_large_as_the_model_says(n):
    output, *_ = evaluated(TEXT, n)

    numeric = min(of.PROFILE_NUMERIC_MOST, of.PROFILE_NUMERIC + of.PROFILE_VALUE * n)
    assert size(output, "profiles") == pytest.approx(of.PROFILE_BASE + NUMERIC * numeric, rel=0.3)


def test_categories_take_little_room_in_a_profile():
    output, *_ = evaluated(TEXT + WORDS, 1000)
    plain, *_ = evaluated(TEXT, 1000)

    assert size(output, "profiles") - size(plain, "profiles") < 3 * OTHER * of.PROFILE_OTHER


def test_reports_are_about_as_large_as_the_model_says():
    with_words, *_ = evaluated(TEXT + WORDS, 1000)
    plain, *_ = evaluated(TEXT, 1000)

    numbers = of.REPORT_BASE + NUMERIC * of.REPORT_NUMERIC + of.REPORT_INPUT
    assert size_of_report(plain) == pytest.approx(numbers, rel=0.15)
    assert size_of_report(with_words) == pytest.approx(numbers + OTHER * of.REPORT_OTHER, rel=0.15)


def size_of_report(output):
    return max(info.size for info in output.list("churn/reports/"))


def test_application_insights_items_are_about_as_large_as_the_model_says():
    _, report, events, _ = evaluated(TEXT, 1000)
    sender = Sender("k" * 36, {"ai.cloud.role": "r" * 20, "ai.operation.id": "o" * 32})

    told = [len(msgspec.json.encode(event(sender, each))) for each in events]
    points = [
        len(msgspec.json.encode(metric(sender, point.name, point.value, point.attributes, point.time)))
        for point in report_points(report, 0, Detail.COLUMNS)
        if point.value is not None
    ]

    assert told[0] == pytest.approx(of.REPORT_EVENT, rel=0.15)
    assert np.mean(told[1:]) == pytest.approx(of.FINDING_EVENT, rel=0.15)
    assert np.mean(points) == pytest.approx(of.POINT_EVENT, rel=0.15)


def test_points_are_about_as_large_as_the_model_says():
    _, report, _, _ = evaluated(TEXT, 1000)
    items, _ = items_of(metrics_data(report_points(report, 0, Detail.COLUMNS)))

    emf = EmfChannel(None).encode(items).requests
    otlp = OtlpChannel("http://127.0.0.1", {}).encode(items).requests

    assert sum(len(text) for text, _ in emf) / len(items) == pytest.approx(of.EMF_LINE, rel=0.3)
    assert sum(len(text) for text, _ in otlp) / len(items) <= of.OTLP_POINT


def test_a_calls_line_is_about_as_long_as_the_model_says():
    *_, counts = evaluated(TEXT, 1000)
    told = {"event": "ml.monitor.evaluate", "request": "r" * 36, **counts, "seconds": 0.123456}

    line = told | embedded("Atalaia", 0, measured("evaluate", told))

    assert len(json.dumps(line, separators=(",", ":"))) == pytest.approx(of.CALL_LINE, rel=0.3)


def test_series_and_limits_are_those_of_the_code():
    host = json.loads((ROOT / "functions/azure/host.json").read_text())["extensions"]["queues"]
    interval = host["maxPollingInterval"]

    assert {len(OPERATIONS[name]) for name in ("ingest", "evaluate", "collect")} == {of.CALL_SERIES}
    assert cloudwatch._MOST_DATUMS == of.MOST_DATUMS
    assert (ingesting._PACKET_LOGS, ingesting._PACKET_BYTES) == (of.PACKET_LOGS, of.PACKET_BYTES)
    assert (ingesting.SMALL_BYTES, merging._WORTH_KEEPING) == (of.SMALL_BYTES, of.WORTH_KEEPING)
    assert LOOK_AFTER == of.REFRESH_SECONDS * 1_000_000
    assert draining._BATCH == of.QUEUE_BATCH
    assert interval == f"00:00:{of.QUEUE_SECONDS:02}"


def test_speeds_are_those_of_the_documents():
    pages = {name: (ROOT / "docs" / f"{name}.md").read_text() for name in ("aws", "benchmarks")}
    rates = re.findall(r"\| [\d,]+ objects of .* \| (\d+) \|$", pages["aws"], re.MULTILINE)
    rows = dict(re.findall(r"^\| ([^|]+) \| Atalaia \| [\d,]+ \| ([\d,]+) \|", pages["benchmarks"], re.MULTILINE))

    assert list(map(int, rates)) == [of.OBJECTS_OF_1000_ROWS_PER_SECOND, of.SMALL_OBJECTS_PER_SECOND]
    for name, told in {
        "Parquet (snappy)": LogFormat.PARQUET,
        "CSV": LogFormat.CSV,
        "JSON lines": LogFormat.JSONL,
        "SageMaker capture, CSV payload": LogFormat.SAGEMAKER,
        "Azure ML data collector": LogFormat.AZUREML,
    }.items():
        assert int(rows[name].replace(",", "")) == of.ROWS_PER_SECOND[told], name
    assert "2.61" in pages["benchmarks"]
