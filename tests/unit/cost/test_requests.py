"""The model's requests are those that the code makes: of one call exactly, of half a day within a tenth."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from asking import counting
from services import MONITOR, Told, make_service
from worlds import lines, moment, rows

from atalaia.monitor_file import LogFormat
from atalaia.window import SECOND
from atalaia_cost.activity import activity_of
from atalaia_cost.requests import IDLE_ROUND, REFRESH, Batch, Requests, of_ingest, of_open_window
from atalaia_cost.workload import Workload, plain_shape

MINUTE = 60 * SECOND


@pytest.fixture
def world():
    """A service that has ingested and evaluated something on the 2nd at noon, and has just looked."""
    world = make_service()
    world.now = moment("2026-03-02T12:00:00Z")
    world.asked = counting(world)
    ingest(world, "first.jsonl")
    evaluate(world)
    return world


def put(world, name, *days):
    return world.put(name, lines([row for day in days or (2,) for row in rows(day, 5)]))


def ingest(world, *names):
    assert not world.service.ingest([put(world, name) for name in names]).failed


def evaluate(world):
    world.service.evaluate(Told(), None)


def asked_by_ingesting(world, arrivals):
    return world.asked.during(lambda: world.service.ingest(arrivals))


@pytest.mark.parametrize("count", [1, 2, 10, 200])
def test_a_call_of_ingest_asks_what_the_model_says(world, count):
    arrivals = [put(world, f"{place}.jsonl") for place in range(count)]

    assert asked_by_ingesting(world, arrivals) == of_ingest(Batch(count, 500))


@pytest.mark.parametrize("count", [1, 5])
def test_each_window_of_a_packet_costs_two_writes(world, count):
    arrivals = [put(world, f"{place}.jsonl", 1, 2) for place in range(count)]

    assert asked_by_ingesting(world, arrivals) == of_ingest(Batch(count, 500, windows=2))


def test_more_than_a_thousand_objects_are_several_packets(world):
    arrivals = [put(world, f"{place}.jsonl") for place in range(2000)]

    assert asked_by_ingesting(world, arrivals) == of_ingest(Batch(2000, 500))


def test_large_objects_are_ingested_one_by_one(world):
    data = lines(rows(2, 20_000))
    data *= 9 * 2**20 // len(data) + 1
    arrivals = [world.put(f"{place}.jsonl", data) for place in range(2)]

    assert asked_by_ingesting(world, arrivals) == of_ingest(Batch(2, len(data)))


@pytest.mark.parametrize("count", [400_000, 2_000_000])
def test_a_large_parquet_object_asks_no_more_than_the_model_says(world, count):
    file = io.BytesIO()
    numbers = np.random.default_rng(1).normal(size=count)
    pq.write_table(pa.table({"at": ["2026-03-02T12:00:00Z"] * count, "x": numbers}), file, row_group_size=200_000)
    data = file.getvalue()

    asked = asked_by_ingesting(world, [world.put("a.parquet", data)])

    told = of_ingest(Batch(1, len(data), format=LogFormat.PARQUET))
    assert (asked.writes, asked.lists) == (told.writes, told.lists)
    assert 0.6 * told.reads <= asked.reads <= told.reads


def test_after_a_minute_a_call_looks_again(world):
    arrivals = [put(world, "a.jsonl")]
    world.now += MINUTE

    assert asked_by_ingesting(world, arrivals) == of_ingest(Batch(1, 500)) + REFRESH


def test_a_round_with_nothing_to_do_asks_what_the_model_says(world):
    open_window = world.asked.during(lambda: evaluate(world))
    world.now = moment("2026-03-03T02:00:00Z")
    evaluate(world)
    over = world.asked.during(lambda: evaluate(world))

    assert over == IDLE_ROUND
    assert open_window == IDLE_ROUND + of_open_window(0)


WARM, MEASURED = 180, 420  # minutes


@pytest.mark.parametrize(("window", "minutes", "count"), [("1h", 5, 3), ("1h", 2, 1), ("1h", 70, 1)])
def test_hours_of_work_ask_what_the_model_says(window, minutes, count):
    """`ingest` every few minutes with so many objects of the time since; in another process `evaluate` each minute."""
    text = MONITOR.replace("window: 1d", f"window: {window}").replace("lateness: 2h", "lateness: 1h")
    world, other = make_service(text), make_service(text)
    asked = counting(world)
    other.stores.opened = world.stores.opened
    other.restart()
    by_ingest, by_evaluate = Requests(), Requests()
    for minute in range(WARM + MEASURED):
        world.now = other.now = moment("2026-03-02T04:00:00Z") + minute * MINUTE
        told = Requests()
        if minute % minutes == minutes - 1:  # not when windows end
            arrivals = [world.put(f"{minute}-{place}.jsonl", logged(minute, minutes)) for place in range(count)]
            told = asked.during(lambda arrivals=arrivals: world.service.ingest(arrivals))
        evaluated = asked.during(lambda: evaluate(other))
        if minute >= WARM:  # by then as many windows go on as always
            by_ingest, by_evaluate = by_ingest + told, by_evaluate + evaluated

    objects = count * 30 * 24 * 60 / minutes
    work = Workload(plain_shape(2, 3600 * int(window[:-1])), objects, objects, 100)
    month = activity_of(work, count, minutes * 60)
    share = MEASURED / (30 * 24 * 60)
    assert_near(by_ingest, month.ingest.times(share))
    assert_near(by_evaluate, month.evaluate.times(share))


def logged(minute, minutes):
    """An object with rows of the time since the one before, on a day that has begun four hours ago."""
    times = [4 * 3600 + 60 * minute - round(minutes * part) for part in (59, 40, 20, 1)]
    return lines([{"at": f"2026-03-02T{t // 3600:02}:{t // 60 % 60:02}:{t % 60:02}Z", "x": 1.0} for t in times])


def assert_near(asked, told):
    for name in ("writes", "lists", "reads"):
        assert getattr(asked, name) == pytest.approx(getattr(told, name), rel=0.1, abs=4), (
            name
        )  # one window more or less
