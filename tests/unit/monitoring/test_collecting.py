"""Objects that grow: each line is read once, whenever it was appended and whoever is killed."""

import json

import pytest
from packets import Died, Interrupted, die
from services import MONITOR, Told, make_service
from worlds import lines, rows

from atalaia.errors import StoreError
from atalaia.monitor_file import LogFormat
from atalaia.monitoring import collecting
from atalaia.monitoring.service import Arrival

HOUR = 3_600_000_000
LINES = lines(rows(2, 60, seed=3)).splitlines(keepends=True)


def growing_world(text=MONITOR):
    return make_service(text, growing=(LogFormat.AUTO,))


def grow(world, key, count, more=b""):
    """Let an object hold so many whole lines, and more."""
    return world.put(key, b"".join(LINES[:count]) + more)


def read(done):
    """Return rows by part of what was new."""
    return {receipt.log: receipt.rows for receipt, new in done.receipts.get("churn", ()) if new}


def report(world):
    world.service.evaluate(Told(), lambda _: None)
    keys = [info.key for info in world.output.list("churn/reports/") if info.key.endswith(".json")]
    return world.output.get(max(keys))[0]


def test_what_was_appended_is_read_and_nothing_twice():
    world = growing_world()
    grow(world, "a.jsonl", 10)
    first = read(world.service.collect())
    again = read(world.service.collect())
    grow(world, "a.jsonl", 25)
    second = read(world.service.collect())

    assert (list(first.values()), again, list(second.values())) == ([10], {}, [15])
    assert json.loads(report(world))["rows"] == 25


def test_a_line_without_its_end_waits_for_it():
    world = growing_world()
    grow(world, "a.jsonl", 10, LINES[10][:7])
    first = read(world.service.collect())
    grow(world, "a.jsonl", 11)
    second = read(world.service.collect())

    assert (list(first.values()), list(second.values())) == ([10], [1])
    assert json.loads(report(world))["rejected"] == {}


def test_a_last_line_that_never_ends_is_read_after_an_hour():
    world = growing_world()
    grow(world, "a.jsonl", 10, LINES[10].rstrip(b"\n"))
    world.service.collect()
    world.now += 2 * HOUR
    done = world.service.collect()

    assert list(read(done).values()) == [1]
    assert json.loads(report(world))["rows"] == 11


def test_a_torn_line_that_never_ends_is_rejected_not_lost():
    world = growing_world()
    grow(world, "a.jsonl", 10, b'{"x": 1, "wo')
    world.service.collect()
    world.now += 2 * HOUR
    world.service.collect()

    assert sum(json.loads(report(world))["rejected"].values()) == 1


def test_the_report_is_the_same_however_an_object_was_cut():
    cut, whole = growing_world(), growing_world()
    for count in (1, 2, 17, 40, 41, 60):
        grow(cut, "a.jsonl", count)
        grow(cut, "b.jsonl", min(count, 20))
        cut.service.collect()
    grow(whole, "a.jsonl", 60)
    grow(whole, "b.jsonl", 20)
    whole.service.collect()

    found = json.loads(report(cut))
    assert report(cut) == report(whole)
    assert [(log["log"], log["rows"]) for log in found["inputs"]] == [
        ("mem://logs/a.jsonl", 60),
        ("mem://logs/b.jsonl", 20),
    ]


def test_objects_that_did_not_change_are_not_asked_for_again():
    world = growing_world()
    for day in range(5):
        grow(world, f"{day}/a.jsonl", 3)
    world.service.collect()
    world.now += HOUR
    grow(world, "5/a.jsonl", 3)
    world.service.collect()
    asked = []
    whole = world.stores.opened["mem://out"]
    world.stores.opened["mem://out"] = Interrupted(whole, 10_000, lambda: None)
    get = whole.get
    whole.get = lambda key: asked.append(key) or get(key)

    world.restart()
    world.service.collect()

    assert len([key for key in asked if "/collected/" in key]) == 1


def test_a_large_object_is_read_in_several_parts(monkeypatch):
    monkeypatch.setattr(collecting, "_PART_BYTES", 1000)
    world = growing_world()
    grow(world, "a.jsonl", 60)

    done = world.service.collect()

    assert sum(read(done).values()) == 60
    assert len(read(done)) > 3
    assert json.loads(report(world))["logs"] == 1


def test_a_line_beyond_any_part_is_cut_and_rejected_and_the_rest_read(monkeypatch):
    monkeypatch.setattr(collecting, "_PART_BYTES", 500)
    world = growing_world()
    world.put("a.jsonl", LINES[0] + b"x" * 2_000 + b"\n" + LINES[1])

    world.service.collect()

    report(world)
    found = [
        json.loads(world.output.get(info.key)[0])
        for info in world.output.list("churn/reports/")
        if info.key.endswith(".json")
    ]
    assert sum(each["rows"] for each in found) == 2
    assert sum(sum(each["rejected"].values()) for each in found) >= 1


def test_an_object_that_became_smaller_is_told():
    world = growing_world()
    grow(world, "a.jsonl", 10)
    world.service.collect()
    grow(world, "a.jsonl", 5)

    done = world.service.collect()

    assert list(done.failed) == ["mem://logs/a.jsonl"]
    assert "may only grow" in done.failed["mem://logs/a.jsonl"]
    assert json.loads(report(world))["rows"] == 10


def test_what_could_not_be_read_is_read_later():
    world = growing_world()
    grow(world, "a.jsonl", 10)
    grow(world, "b.jsonl", 10)
    part = f"a.jsonl#0-{len(b''.join(LINES[:10]))}"
    whole = world.stores.opened["mem://logs"]

    world.stores.opened["mem://logs"] = Unreadable(whole, "a.jsonl")
    world.restart()
    first = world.service.collect()
    world.stores.opened["mem://logs"] = whole
    world.restart()
    second = world.service.collect()

    assert list(first.failed) == [f"mem://logs/{part}"]
    assert list(read(first).values()) == list(read(second).values()) == [10]
    assert second.failed == {}


class Unreadable:
    """A store in which the ranges of one object cannot be read whole."""

    def __init__(self, store, key):
        self._store, self._key, self._times = store, key, 0

    def __getattr__(self, name):
        return getattr(self._store, name)

    def get_range(self, key, start, end):
        self._times += key == self._key
        if key == self._key and self._times > 1:  # the first look is for where its last line ends
            raise StoreError(f"{key}: access was denied.")
        return self._store.get_range(key, start, end)


def test_killed_at_any_call_each_line_is_read_once():
    calm = growing_world()
    grow(calm, "a.jsonl", 40)
    grow(calm, "b.jsonl", 60)
    calm.service.collect()
    expected = report(calm)
    for calls in range(1, 300):
        world = growing_world()
        whole = world.stores.opened["mem://out"]
        world.stores.opened["mem://out"] = world.output = Interrupted(whole, calls, die)
        world.restart()
        grow(world, "a.jsonl", 20)
        grow(world, "b.jsonl", 30)
        died = False
        try:
            world.service.collect()
        except Died:
            died = True
        world.stores.opened["mem://out"] = world.output = whole
        world.restart()
        grow(world, "a.jsonl", 40)
        grow(world, "b.jsonl", 60)
        world.service.collect()  # the part that was under way
        world.service.collect()
        assert report(world) == expected, calls
        if not died:
            break
    assert not died
    assert calls > 10


def test_two_who_collect_at_once_count_nothing_twice():
    calm = growing_world()
    grow(calm, "a.jsonl", 40)
    calm.service.collect()
    for calls in range(1, 40):
        world = growing_world()
        grow(world, "a.jsonl", 40)
        whole = world.stores.opened["mem://out"]
        world.restart()
        other = world.service
        world.stores.opened["mem://out"] = world.output = Interrupted(whole, calls, other.collect)
        world.restart()
        world.service.collect()
        world.stores.opened["mem://out"] = world.output = whole
        world.restart()
        world.service.collect()

        assert json.loads(report(world))["rows"] == 40, calls


def test_what_is_collected_is_not_ingested_when_it_comes():
    world = growing_world()
    arrival = grow(world, "a.jsonl", 10)

    done = world.service.ingest([arrival])

    assert (done.left, done.failed, done.unwatched, done.receipts) == (["mem://logs/a.jsonl"], {}, [], {})


def test_an_object_that_grows_and_is_not_collected_is_refused():
    world = make_service()
    arrival = grow(world, "a.jsonl", 10)

    done = world.service.ingest([Arrival(arrival.uri, arrival.size, arrival.etag, grows=True)])

    assert "format `azureml`" in done.failed["mem://logs/a.jsonl"]


@pytest.mark.parametrize("name", ["a#1-2", "a#b.jsonl", "#0-5"])
def test_names_that_look_like_parts_are_read_as_they_are(name):
    world = growing_world()
    grow(world, name, 10)

    done = world.service.collect()

    assert list(read(done).values()) == [10]
