"""Bills against sums done by hand, and what must hold for every bill."""

from functools import cache
from math import inf

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some
from msgspec.structs import replace

from atalaia.monitor_file import LogFormat
from atalaia.telemetry import Detail
from atalaia_cost import CLOUDS, Price, Workload, estimate, plain_shape, price_table

HOURLY = Workload(
    plain_shape(10, 3600), rows=720_000, objects=720, object_bytes=200_000, every_seconds=3600, queue=False
)
"""An object of 1,000 rows and 10 columns an hour, evaluated each hour, in windows of an hour with an hour of lateness.

Each object ends in the window after the one that it began in, so 1,440 profiles change 1,440 windows, and each of the
720 windows has another report when it is over: 2,160 reports of 3 + 10 + 10 · 8 = 93 findings.
"""
STORED = (1440 * (600 + 10 * (150 + 10.5 * 500)) + 2160 * (1500 + 10 * 6760 + 260)) / 1e9
INGEST_SECONDS = 720 / 458 + 720 * (1 / 35 - 1 / 458) * 10 / 50
EVALUATE_SECONDS = 2160 * 10 * 0.002 + 1440 * 10 * 2.61 / 1000 / 50

WRITES = 720 * 6 + 1440 + 2160 * (3 + 2 / 3 / 8)
LISTS = 720 + 720 * 3 + 1080 * 1.001 + 2160 * 3.0025 + 720 * 6.08
READS = 720 * (4 + 3) + 720 * 4 + 1080 + 2160 * (5 + 2 / 3 + 0.5)
REQUESTS = WRITES + LISTS + READS
AWS_SECONDS = (INGEST_SECONDS + EVALUATE_SECONDS + REQUESTS * 0.001) / (1024 / 1769) + REQUESTS * 0.025
AWS_LOGS = (1440 * (900 + 800 + 3 * 26) + 2160 * (386 + 93 * 506)) / 1e9
AWS = {
    "Lambda calls": 1440 * 0.20 / 1e6,
    "Lambda time": AWS_SECONDS * 0.0000133334,
    "Schedule": 720 / 1e6,
    "SQS requests": 0,
    "S3 writes and lists": (WRITES + LISTS) * 0.005 / 1000,
    "S3 reads": READS * 0.0004 / 1000,
    "S3 storage": STORED * 0.023,
    "CloudWatch series": (9 + 10) * 0.30,
    "PutMetricData": 2160 * 0.01 / 1000,
    "CloudWatch OTLP metrics": 0,
    "CloudWatch Logs": AWS_LOGS * 0.50,
    "CloudWatch Logs, kept": AWS_LOGS * 0.03,
    "CloudWatch alarms": 5 * 0.10,
    "CloudWatch dashboards": 3,
}

AZURE_CALLS = 720 + 720
AZURE_POINTS = 2160 * 9 + 5 * AZURE_CALLS
AZURE = {
    "Function calls": AZURE_CALLS * 0.40 / 1e6,
    "Function time": (AZURE_CALLS + 720 * 0.5) * 2 * 0.000026,  # with 2 GB; `evaluate` takes 1.5 s, `ingest` no second
    "Blob writes and lists": (WRITES + LISTS) * 0.05 / 10_000,
    "Blob reads": READS * 0.004 / 10_000,
    "Blob storage": STORED * 0.0208,
    "Queue operations": 0,
    "Event Grid": (2 * 720 + WRITES) * 0.60 / 1e6,
    "Log Analytics": (AZURE_CALLS * 1600 + 2160 * (700 + 93 * 790) + AZURE_POINTS * 457) / 1e9 * 2.30,
    "Alert rules": 5 * 1.50,
}


@pytest.mark.parametrize(("cloud", "by_hand"), [("aws", AWS), ("azure", AZURE)])
def test_every_item_is_what_it_is_by_hand(cloud, by_hand):
    bill = estimate(HOURLY, cloud)

    assert {item.name: item.dollars for item in bill.items} == pytest.approx(by_hand)
    assert bill.dollars == pytest.approx(sum(by_hand.values()))


def test_logs_that_grow_are_looked_for_as_often_as_windows():
    grows = replace(HOURLY, shape=replace(HOURLY.shape, format=LogFormat.AZUREML))

    assert item(estimate(grows, "azure"), "Function calls").quantity == AZURE_CALLS + 720
    assert item(estimate(grows, "aws"), "Lambda calls") == item(estimate(HOURLY, "aws"), "Lambda calls")


def item(bill, name):
    (found,) = [item for item in bill.items if item.name == name]
    return found


DETAILED = Workload(plain_shape(222, 3600), 3_000_000, 3000, 4_000_000, detail=Detail.COLUMNS)
"""222 columns: 2,001 findings."""


def test_two_thousand_series_cost_six_hundred_dollars_in_cloudwatch():
    bill = estimate(DETAILED, "aws")

    assert price_table("aws").prices["custom_metrics"].dollars(2000) == pytest.approx(600)
    assert item(bill, "CloudWatch series").quantity == 2001 + 9 + 10
    assert item(bill, "CloudWatch series").dollars == pytest.approx(606)
    assert bill.dearest.name == "CloudWatch series"


def test_the_same_findings_cost_no_series_as_log_events():
    bill = estimate(DETAILED, "aws")
    summary = estimate(replace(DETAILED, detail=Detail.SUMMARY), "aws")
    told = {saving.change: saving for saving in bill.savings}["--detail summary"]

    assert item(summary, "CloudWatch series").dollars == pytest.approx(19 * 0.30)
    assert item(summary, "CloudWatch Logs") == item(bill, "CloudWatch Logs")
    assert told.dollars == pytest.approx(bill.dollars - summary.dollars)
    assert told.dollars > 600
    assert "2,001 series fewer" in told.why


def test_a_series_counts_in_the_hours_in_which_it_is_sent():
    daily = replace(DETAILED, shape=plain_shape(222, 86_400), objects=30)

    reports = 30 + 30 + 30  # a change each day, in the window before, too, and one when that is over
    expected = 2010 * reports / 720 + 5 + 5 * 30 / 720
    assert item(estimate(daily, "aws"), "CloudWatch series").quantity == pytest.approx(expected)


@pytest.mark.parametrize(
    ("quantity", "dollars"), [(0, 0), (10_000, 3000), (10_001, 3000.10), (250_000, 27_000), (1_250_000, 69_500)]
)
def test_tiers_are_added_up(quantity, dollars):
    assert price_table("aws").prices["custom_metrics"].dollars(quantity) == pytest.approx(dollars)


def test_what_is_free_is_left_out_if_asked():
    price = Price("things", 10, ((inf, 2.0),), "a page", free=100)

    assert [price.dollars(n) for n in (50, 150)] == [10, 30]
    assert [price.dollars(n, with_free=True) for n in (50, 150)] == [0, 10]


def test_points_over_otlp_cost_by_their_size():
    bill = estimate(replace(DETAILED, aws_way="cloudwatch-otlp"), "aws")

    assert item(bill, "CloudWatch series").quantity == 10
    assert item(bill, "PutMetricData").quantity == 0
    assert 0 < item(bill, "CloudWatch OTLP metrics").dollars < 5


def test_a_collector_of_ones_own_costs_cloudwatch_nothing():
    bill = estimate(replace(DETAILED, aws_way="otlp"), "aws")

    assert [item(bill, name).quantity for name in ("CloudWatch series", "CloudWatch OTLP metrics")] == [0, 0]


def test_points_in_log_lines_cost_series_and_lines():
    plain, emf = (estimate(replace(DETAILED, aws_way=way), "aws") for way in ("cloudwatch", "emf"))

    assert item(emf, "CloudWatch series") == item(plain, "CloudWatch series")
    assert item(emf, "PutMetricData").quantity == 0
    assert item(emf, "CloudWatch Logs").dollars > item(plain, "CloudWatch Logs").dollars


def test_without_logs_only_the_schedules_cost_something():
    idle = Workload(plain_shape(10, 3600), 0, 0, 0, alarms=0, dashboards=0)

    for cloud in CLOUDS:
        bill = estimate(idle, cloud)
        assert 0 < bill.dollars < 10
        assert item(bill, "S3 storage" if cloud == "aws" else "Blob storage").quantity == 0


@pytest.mark.parametrize("cloud", CLOUDS)
def test_prices_are_dated_and_have_a_page_of_the_provider(cloud):
    table = price_table(cloud)
    host = {"aws": "https://aws.amazon.com/", "azure": "https://azure.microsoft.com/"}[cloud]

    assert table.as_of.year >= 2026
    assert any(price.seen for price in table.prices.values())
    for name, price in table.prices.items():
        assert price.source.startswith(host), name
        assert price.seen is None or price.seen <= table.as_of, name
        ends, dollars = zip(*price.tiers, strict=True)
        assert ends[-1] == inf, name
        assert list(ends) == sorted(ends), name
        assert list(dollars) == sorted(dollars, reverse=True), name


@cache
def shape_of_columns(columns):
    return plain_shape(columns, 3600)


@some.composite
def workloads(draw):
    shape = shape_of_columns(draw(some.integers(1, 100)))
    shape = shape.with_window(draw(some.sampled_from([900, 3600, 86_400, 604_800])))
    rows_each = draw(some.sampled_from([1, 10, 1000, 100_000]))
    objects = draw(some.just(0) | some.floats(1, 1e7))
    return Workload(
        shape,
        rows=objects * rows_each,
        objects=objects,
        object_bytes=rows_each * shape.columns * 20,
        segments=draw(some.integers(0, 20)),
        detail=draw(some.sampled_from(Detail)),
        aws_way=draw(some.sampled_from(["cloudwatch", "emf", "otlp", "cloudwatch-otlp"])),
        azure_way=draw(some.sampled_from(["application-insights", "otlp"])),
        every_seconds=draw(some.sampled_from([60, 300, 3600])),
        queue=draw(some.booleans()),
        batch=draw(some.sampled_from([1, 10, 1000])),
        aws_memory=draw(some.sampled_from([512, 1024, 3008])),
        azure_memory=draw(some.sampled_from([512, 2048, 4096])),
        kept_months=draw(some.sampled_from([0, 1, 12])),
    )


clouds = some.sampled_from(CLOUDS)


@given(workloads(), clouds)
def test_the_sum_is_that_of_the_items_and_none_is_below_nothing(work, cloud):
    bill = estimate(work, cloud)

    assert bill.dollars == sum(item.dollars for item in bill.items)
    assert all(item.dollars >= 0 and item.quantity >= 0 for item in bill.items)
    assert bill.dearest.dollars == max(item.dollars for item in bill.items)


@given(workloads(), clouds)
def test_what_is_free_never_raises_an_item(work, cloud):
    with_free, without = estimate(work, cloud, with_free=True), estimate(work, cloud)

    assert all(less.dollars <= more.dollars for less, more in zip(with_free.items, without.items, strict=True))


@given(workloads(), clouds, some.floats(1, 50))
@example(HOURLY, "aws", 1.01)
def test_more_logs_never_cost_less(work, cloud, times):
    more = replace(work, rows=work.rows * times, objects=work.objects * times)

    assert estimate(more, cloud).dollars >= estimate(work, cloud).dollars * (1 - 1e-9)


@given(workloads(), clouds, some.integers(1, 100))
def test_more_columns_never_cost_less(work, cloud, added):
    columns = work.shape.columns + added
    shape = shape_of_columns(columns).with_window(work.shape.window_seconds)
    wider = replace(work, shape=shape, object_bytes=work.object_bytes * columns / work.shape.columns)

    assert estimate(wider, cloud).dollars >= estimate(work, cloud).dollars * (1 - 1e-9)


@given(workloads(), clouds)
def test_more_detail_segments_and_months_never_cost_less(work, cloud):
    dollars = estimate(work, cloud).dollars * (1 - 1e-9)

    for more in ({"detail": Detail.COLUMNS}, {"segments": work.segments + 3}, {"kept_months": work.kept_months + 1}):
        assert estimate(replace(work, **more), cloud).dollars >= dollars


@given(workloads(), clouds)
@settings(max_examples=50)
def test_a_saving_is_what_the_bill_would_be_less(work, cloud):
    bill = estimate(work, cloud)
    saved = [saving.dollars for saving in bill.savings]

    assert saved == sorted(saved, reverse=True)
    assert all(0 < dollars <= bill.dollars for dollars in saved)
    for saving in bill.savings:
        if saving.change == "--detail summary":
            less = estimate(replace(work, detail=Detail.SUMMARY), cloud)
            assert saving.dollars == pytest.approx(bill.dollars - less.dollars)
