from services import MONITOR, make_service
from worlds import content, lines, rows

from atalaia.monitoring.ingesting import SMALL_BYTES
from atalaia.monitoring.service import Arrival


def profiles(world, monitor="churn"):
    return [info.key for info in world.output.list(f"{monitor}/profiles/")]


def told(done, monitor="churn"):
    return {receipt.log: (receipt.rows, new) for receipt, new in done.receipts[monitor]}


def test_what_arrived_is_profiled():
    world = make_service()

    done = world.service.ingest([world.put("a.jsonl", lines(rows(2, 5))), world.put("b.jsonl", lines(rows(3, 7)))])

    assert told(done) == {"mem://logs/a.jsonl": (5, True), "mem://logs/b.jsonl": (7, True)}
    assert not done.failed
    assert not done.unwatched


def test_small_objects_of_one_batch_become_one_profile_a_window():
    world = make_service()

    world.service.ingest([world.put(f"{n}.jsonl", lines([*rows(2, 1), *rows(3, 1)])) for n in range(50)])

    assert len(profiles(world)) == 2


def test_what_arrives_twice_is_counted_once():
    world = make_service()
    arrivals = [world.put(f"{n}.jsonl", lines(rows(2, 3))) for n in range(4)]
    world.service.ingest([*arrivals, *arrivals])
    before = content(world.output)

    world.restart()
    done = world.service.ingest(arrivals[::-1])

    assert {new for _, new in told(done).values()} == {False}
    assert content(world.output) == before


def test_an_event_that_tells_no_size_is_enough():
    world = make_service()
    world.put("a.jsonl", lines(rows(2, 5)))

    done = world.service.ingest([Arrival("mem://logs/a.jsonl")])

    assert told(done) == {"mem://logs/a.jsonl": (5, True)}


def test_a_large_object_is_looked_at_as_it_is_now():
    world = make_service()
    data = lines(rows(2, 32_000))
    arrival = world.put("a.jsonl", data)
    world.put("a.jsonl", lines(rows(2, 32_100)))

    done = world.service.ingest([arrival])

    assert len(data) > SMALL_BYTES
    assert told(done) == {"mem://logs/a.jsonl": (32_100, True)}


def test_what_no_monitor_reads_is_named():
    world = make_service(MONITOR.replace("{source: mem://logs}", "{source: mem://logs, include: ['in/*']}"))
    world.put("in/a.jsonl", lines(rows(2, 5)))
    there = ["mem://logs/in/a.jsonl", "mem://logs/other/b.jsonl", "mem://elsewhere/c.jsonl", "mem://logs/in/_SUCCESS"]

    done = world.service.ingest([Arrival(uri) for uri in there])

    assert list(told(done)) == there[:1]
    assert done.unwatched == sorted(there[1:])


def test_an_object_that_is_gone_is_no_failure():
    world = make_service()

    done = world.service.ingest([Arrival("mem://logs/a.jsonl"), Arrival("mem://logs/b.jsonl", 7, '"e"')])

    assert not done.failed
    assert done.gone == {"mem://logs/a.jsonl"}
    assert [receipt.rejected for receipt, _ in done.receipts["churn"]] == [{"log_gone": 1}]
    assert not profiles(world)


def test_an_object_that_cannot_be_read_holds_up_no_other():
    world = make_service()
    arrivals = [world.put(f"{name}.jsonl", lines(rows(2, 5))) for name in "abc"]
    world.stores.broken.add("b.jsonl")

    done = world.service.ingest(arrivals)

    assert done.failed == {"mem://logs/b.jsonl": "b.jsonl: access was denied."}
    assert sorted(told(done)) == ["mem://logs/a.jsonl", "mem://logs/c.jsonl"]


def test_what_failed_is_ingested_when_it_can_be_read():
    world = make_service()
    arrivals = [world.put(f"{name}.jsonl", lines(rows(2, 5))) for name in "abc"]
    world.stores.broken.add("b.jsonl")
    world.service.ingest(arrivals)
    world.stores.broken.clear()

    done = world.service.ingest(arrivals)

    assert not done.failed
    assert {log: new for log, (_, new) in told(done).items() if new} == {"mem://logs/b.jsonl": True}


def test_one_object_that_cannot_be_read_is_asked_for_once():
    world = make_service()
    world.put("a.jsonl", lines(rows(2, 5)))
    world.stores.broken.add("a.jsonl")

    done = world.service.ingest([Arrival("mem://logs/a.jsonl")])

    assert list(done.failed) == ["mem://logs/a.jsonl"]


def test_without_time_nothing_is_begun_and_all_of_it_failed():
    world = make_service()
    arrivals = [world.put(f"{name}.jsonl", lines(rows(2, 5))) for name in "ab"]

    done = world.service.ingest(arrivals, lambda: False)

    assert sorted(done.failed) == ["mem://logs/a.jsonl", "mem://logs/b.jsonl"]
    assert not profiles(world)


def test_when_the_time_ends_what_was_begun_is_finished():
    world = make_service()
    arrivals = [world.put(f"{name}.jsonl", lines(rows(2, 5))) for name in "abc"]
    left = iter([True, True])

    done = world.service.ingest(arrivals, lambda: next(left, False))

    assert sorted(told(done)) == ["mem://logs/a.jsonl", "mem://logs/b.jsonl"]
    assert list(done.failed) == ["mem://logs/c.jsonl"]


def test_without_a_baseline_all_of_a_monitors_objects_fail():
    world = make_service(MONITOR.replace("baseline: {data: [mem://reference]}\n", ""))

    done = world.service.ingest([world.put("a.jsonl", lines(rows(2, 5)))])

    assert "baseline" in done.failed["mem://logs/a.jsonl"]


def test_reference_data_may_be_a_file_with_its_whole_key():
    world = make_service(MONITOR.replace("[mem://reference]", "[mem://reference/data.jsonl]"))

    done = world.service.ingest([world.put("a.jsonl", lines(rows(2, 5)))])

    assert told(done) == {"mem://logs/a.jsonl": (5, True)}


def test_changed_reference_data_make_a_new_baseline_within_a_minute():
    world = make_service()
    before = world.watches[0].eras.latest.version
    world.stores("mem://reference").put("data.jsonl", lines(rows(1, n=2000, seed=10)))

    assert world.watches[0].eras.latest.version == before
    world.now += 60_000_000
    assert world.watches[0].eras.latest.version != before


def test_each_monitor_that_reads_an_object_profiles_it():
    world = make_service(MONITOR, MONITOR.replace("name: churn\nmodel", "name: second\nmodel"))

    done = world.service.ingest([world.put("a.jsonl", lines(rows(2, 5)))])

    assert told(done) == told(done, "second") == {"mem://logs/a.jsonl": (5, True)}
    assert len(profiles(world)) == len(profiles(world, "second")) == 1


def test_what_a_monitor_writes_triggers_no_monitor():
    inside = MONITOR.replace("output: mem://out", "output: mem://logs/atalaia")
    world = make_service(inside, inside.replace("name: churn\nmodel", "name: second\nmodel"))
    world.service.ingest([world.put("a.jsonl", lines(rows(2, 5)) + b"broken\n")])
    written = [info.key for info in world.stores("mem://logs/atalaia").list("")]

    done = world.service.ingest([Arrival(f"mem://logs/atalaia/{key}") for key in written])

    assert any(key.endswith(".jsonl") for key in written)
    assert not done.receipts
    assert len(done.unwatched) == len(written)
