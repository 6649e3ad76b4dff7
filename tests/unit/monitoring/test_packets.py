"""Small objects are profiled together: what is reported must be what profiling each alone reports."""

import gzip
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packets import Died, Interrupted, a_world, alone, ingester_of, told
from worlds import lines, make_world, rows

from atalaia.errors import StoreError
from atalaia.monitoring import reading
from atalaia.profile import unpack


def profiles(world):
    return [info.key for info in world.output.list("") if "/profiles/" in info.key]


def capture(day, cells):
    data = {"endpointInput": {"data": "\n".join(cells), "encoding": "CSV", "mode": "INPUT"}}
    meta = {"eventId": f"{day}-{len(cells)}", "inferenceTime": f"2026-03-{day:02}T01:00:00Z"}
    return {"captureData": data, "eventMetadata": meta}


def event(day, data):
    about = {"specversion": "1.0", "type": "azureml.inference.inputs", "id": str(day)}
    return about | {"time": f"2026-03-{day:02}T00:00:00Z", "data": data}


def table(entries):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(entries), sink)
    return sink.getvalue().to_pybytes()


PLAIN = lines(rows(2, 3))
CAPTURES = lines([capture(2, ["2026-03-02T00:00:00Z,1,007", "2026-03-04T00:00:00Z,2.5,a"]), capture(3, ["?,x,3"])])
MIXTURES = {
    "formats": {
        "a.jsonl": PLAIN,
        "b.csv": b"at,x,word\n2026-03-02T00:00:00Z,1,a\n",
        "c.json": b'[{"x":1},{"x":2,"word":"z"}]',
        "d.jsonl": CAPTURES,
        "e.jsonl": lines([event(3, [{"x": 5, "word": "q"}])]),
        "f.jsonl.gz": gzip.compress(PLAIN),
        "g.parquet": table(rows(4, 3)),
        "h.jsonl": b"",
    },
    "rejects": {
        "a.jsonl": PLAIN + b"not json\n" + PLAIN,
        "b.jsonl": b"{\n" + PLAIN + b'{"x": 1',
        "c.jsonl": lines([capture(2, ["2026-03-02T00:00:00Z,1"]), capture(5, ["?,1,b"])]),
    },
    "captures": {f"{place}.jsonl": CAPTURES for place in range(3)},
    "dates": {
        "a.jsonl": lines([{"x": 1}, {"x": 2, "at": "2026-03-02T00:00:00Z"}]),
        "2026/03/05/12/b.jsonl": lines([{"x": 1}, {"x": 2, "at": "2026-03-02T00:00:00Z"}]),
        "2026/03/06/c.jsonl": b"not json\n",
        "2026/03/07/d.jsonl": lines([{"x": 3, "at": "?"}]),
    },
    "types": {
        str(place): lines([{"at": "2026-03-02T00:00:00Z", "x": value, "word": value}])
        for place, value in enumerate([1, 2.5, None, True, "1", "1.0", "", 2**53 + 1, 2**63, -(2**63), 10**30, 1e300])
    },
    "cells": {
        str(place): lines([capture(2, [f"2026-03-02T00:00:00Z,{cell},{cell}"])])
        for place, cell in enumerate(["1", "1.0", "007", "a", "", " 3", "+5", "nan", "9007199254740993", "1e400"])
    },
    "large whole numbers": {
        str(place): lines([{"at": "2026-03-02T00:00:00Z", "x": 1, "word": value}])
        for place, value in enumerate([2**53 + 1, 2.5])
    },
    "large whole cells": {
        str(place): lines([capture(2, [f"2026-03-02T00:00:00Z,1,{value}"])])
        for place, value in enumerate([2**53 + 1, 2.5])
    },
    "columns": {
        "a.jsonl": lines([{"x": 1, "new": 1}]),
        "b.jsonl": lines([{"x": 1}, {"word": "a"}]),
        "c.jsonl": lines([{"word": "a"}, {"x": 1}]),
        "d.jsonl": lines([{"id": 7}]),
    },
}


@pytest.mark.parametrize("name", MIXTURES)
def test_objects_profiled_together_are_told_of_as_if_each_were_profiled_alone(name):
    together, apart = a_world(MIXTURES[name]), a_world(MIXTURES[name])

    assert together.ingest() == alone(apart)
    assert told(together) == told(apart)
    assert len(profiles(together)) <= len(profiles(apart))


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4), st.sampled_from(["1", "7."])
)
ROW = st.fixed_dictionaries(
    {}, optional={"x": VALUES, "word": VALUES, "at": st.sampled_from(["2026-03-02T00:00:00Z", "?"])}
)
OBJECTS = st.lists(st.lists(ROW, max_size=3), max_size=8)


@settings(max_examples=40, deadline=None)
@given(objects=OBJECTS)
def test_whatever_the_values_are_profiling_together_changes_nothing(objects):
    content = {f"{place}.jsonl": lines(entries) for place, entries in enumerate(objects)}
    together, apart = a_world(content), a_world(content)

    assert together.ingest() == alone(apart)
    assert told(together) == told(apart)


def test_small_objects_share_one_profile_for_each_window(world):
    for place in range(20):
        world.logs.put(f"{place:02}.jsonl", lines(rows(2 + place % 2, 3)))
    outcomes = world.ingest()

    assert [receipt.rows for receipt, _ in outcomes] == [3] * 20
    assert len(profiles(world)) == 2
    assert [len(item.report.inputs) for item in world.evaluate()] == [10, 10]


def test_objects_whose_rows_lie_in_too_many_windows_are_profiled_alone(monkeypatch):
    monkeypatch.setattr(reading, "MOST_WINDOWS", 2)
    content = {f"{place}.jsonl": lines(rows(day, 5)) for place, day in enumerate([4, 3, 2])}
    together, apart = a_world(content), a_world(content)

    assert [receipt.rejected for receipt, _ in together.ingest()] == [{}, {}, {}]
    alone(apart)
    assert told(together) == told(apart)


def test_late_rows_are_those_of_the_objects_that_came_late(world):
    world.logs.put("2026/03/02/12/on_time.jsonl", lines(rows(2, 3)))
    world.logs.put("2026/03/05/12/late.jsonl", lines(rows(2, 4)))
    world.ingest()

    (key,) = profiles(world)
    assert unpack(world.output.get(key)[0], key)["profile"]["late"] == 4


def test_the_same_objects_in_another_order_and_company_change_nothing(world):
    for place in range(6):
        world.logs.put(f"{place}.jsonl", lines(rows(2, place + 1)))
    infos = list(world.source.objects())
    list(ingester_of(world).ingest_all(world.source, infos[:4]))
    again = list(ingester_of(world).ingest_all(world.source, [*infos[::-1], infos[2]]))

    assert {receipt.log: new for receipt, new in again} == {f"logs/{n}.jsonl": n >= 4 for n in range(6)}
    assert world.evaluate()[0].report.rows == 21


def test_a_member_that_changed_is_counted_anew_and_its_companions_once(world):
    for place in range(3):
        world.logs.put(f"{place}.jsonl", lines(rows(2, 3)))
    world.ingest()
    world.logs.put("1.jsonl", lines([*rows(2, 5), *rows(3, 7)]) + b"broken")
    (changed,) = [info for info in world.source.objects() if info.key == "1.jsonl"]
    ingester_of(world).ingest(world.source, changed)

    apart = a_world({info.key: world.logs.get(info.key)[0] for info in world.logs.list("")})
    alone(apart)
    assert told(world) == told(apart)


def test_companions_that_are_gone_when_one_changed_are_told_of_as_rejected(world):
    for place in range(3):
        world.logs.put(f"{place}.jsonl", lines(rows(2 + place, 3)))
    world.ingest()
    world.logs.delete("0.jsonl")
    world.logs.put("1.jsonl", lines(rows(3, 5)))
    for _ in range(2):  # it is not forgotten by the time of the next change
        world.logs.put("2.jsonl", lines(rows(4, 4)))
        world.ingest()
        assert {e.report.start[8:10]: (e.report.rows, e.report.rejected) for e in world.evaluate()} == {
            "02": (0, {"log_gone": 3}),
            "03": (5, {}),
            "04": (4, {}),
        }
        world.logs.put("1.jsonl", lines(rows(3, 5, seed=2)))


def test_an_object_that_is_gone_before_it_was_read_is_told_of_and_does_not_stop_the_others(world):
    world.logs.put("a.jsonl", lines(rows(2, 3)))
    world.logs.put("b.jsonl", lines(rows(2, 4)))
    infos = list(world.source.objects())
    world.logs.delete("a.jsonl")
    outcomes = ingester_of(world).ingest_all(world.source, infos)

    assert [(receipt.rows, receipt.rejected) for receipt, _ in outcomes] == [(0, {"log_gone": 1}), (4, {})]


def test_an_object_that_is_gone_after_it_was_read_stays_counted(world):
    world.logs.put("a.jsonl", lines(rows(2, 3)))
    world.ingest()
    infos = list(world.source.objects())
    world.logs.delete("a.jsonl")

    ((receipt, new),) = ingester_of(world).ingest_all(world.source, infos)
    assert (receipt.rows, new) == (3, False)


def test_news_that_is_out_of_date_changes_nothing(world):
    world.logs.put("a.jsonl", lines(rows(2, 3)))
    world.logs.put("b.jsonl", lines(rows(2, 3)))
    old = list(world.source.objects())
    world.logs.put("a.jsonl", lines(rows(2, 4)))
    world.ingest()

    assert [new for _, new in ingester_of(world).ingest_all(world.source, old)] == [False, False]
    assert world.evaluate()[0].report.rows == 7


class Dying:
    """A store behind which the process dies at its n-th call that writes: before it, or after it."""

    def __init__(self, store, calls, after):
        self._store, self._left, self._after = store, calls, after

    def __getattr__(self, name):
        return getattr(self._store, name)

    def put(self, *args, **conditions):
        return self._call(self._store.put, *args, **conditions)

    def delete(self, key):
        self._call(self._store.delete, key)

    def _call(self, call, *args, **conditions):
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Died
        done = call(*args, **conditions)
        if self._left == 0:
            raise Died
        return done


VERSIONS = [
    {f"{n}.jsonl": lines(rows(2 + n % 2, n + 1)) for n in range(4)},
    {f"{n}.jsonl": lines(rows(2 + n % 3, n + 2)) + b"broken" for n in range(1, 6)},
]


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_moment_is_mended_by_ingesting_again(after):
    crashes, calls = 0, 0
    while crashes == calls:  # until one run came to its end
        calls += 1
        world = make_world()
        died = False
        for number, version in enumerate(VERSIONS):
            for key, data in version.items():
                world.logs.put(key, data)
            dying = Dying(world.output, calls if number == len(VERSIONS) - 1 or calls < 8 else 0, after)
            try:
                list(ingester_of(world, dying).ingest_all(world.source, world.source.objects()))
            except Died:
                died = True
        crashes += died
        world.ingest()
        apart = a_world(VERSIONS[0] | VERSIONS[1])
        alone(apart)
        assert told(world) == told(apart), calls
    assert crashes > 15


@pytest.mark.parametrize("keys", [["a.jsonl"], ["a.jsonl", "b.jsonl"]])
@pytest.mark.parametrize("seen", [False, True])
def test_who_read_an_old_version_never_overwrites_what_another_counted_of_the_new(keys, seen):
    calls, happened = 0, True
    while happened:
        calls, happened = calls + 1, False
        world = a_world({key: lines(rows(2, 3)) + b"broken" for key in keys})
        if seen:
            world.ingest()
            world.logs.put("a.jsonl", lines(rows(2, 4)))

        def newer(world=world):
            nonlocal happened
            happened = True
            world.logs.put("a.jsonl", lines([*rows(2, 5), *rows(3, 2)]))
            world.ingest()

        interrupted = Interrupted(world.output, calls, newer)
        list(ingester_of(world, interrupted).ingest_all(world.source, world.source.objects()))
        apart = a_world({key: world.logs.get(key)[0] for key in keys})
        alone(apart)
        assert told(world) == told(apart), calls
    assert calls > 6


class Baton:
    """Lets several threads take turns at their calls of a store, in an order given beforehand."""

    def __init__(self, turns, names):
        self._turns, self._names = list(turns), list(names)
        self._condition = threading.Condition()
        self._turn = self._next()

    def _next(self):
        number = self._turns.pop(0) if self._turns else 0
        return self._names[number % len(self._names)] if self._names else None

    def wait(self, name):
        with self._condition:
            assert self._condition.wait_for(lambda: self._turn == name, timeout=30)

    def hand_on(self):
        with self._condition:
            self._turn = self._next()
            self._condition.notify_all()

    def leave(self, name):
        with self._condition:
            self._names.remove(name)
            if self._turn == name:
                self._turn = self._next()
            self._condition.notify_all()


class Shared:
    """A store all of whose calls wait for their thread's turn."""

    def __init__(self, store, baton, name):
        self._store, self._baton, self._name = store, baton, name

    def __getattr__(self, name):
        call = getattr(self._store, name)

        def in_turn(*args, **kwargs):
            self._baton.wait(self._name)
            try:
                return call(*args, **kwargs)
            finally:
                self._baton.hand_on()

        return in_turn if callable(call) else call


OTHER = {"1.jsonl": lines([*rows(2, 9), *rows(5, 2)]), "7.jsonl": lines(rows(2, 2))}


@settings(max_examples=60, deadline=None)
@given(
    turns=st.lists(st.integers(0, 2), max_size=120),
    parts=st.lists(st.lists(st.sampled_from("01234567"), min_size=1, max_size=4, unique=True), min_size=2, max_size=3),
)
def test_several_who_ingest_at_the_same_time_count_every_object_once(turns, parts):
    world = a_world({f"{n}.jsonl": lines(rows(2 + n % 2, n + 1)) for n in range(8)})
    infos = {info.key: info for info in world.source.objects()}
    baton = Baton(turns, range(len(parts)))
    faults = []

    def work(name):
        try:
            output = Shared(world.output, baton, name)
            asked = [infos[f"{key}.jsonl"] for key in parts[name]]
            list(ingester_of(world, output).ingest_all(world.source, asked))
            if name == 0:
                for key, data in OTHER.items():
                    world.logs.put(key, data)
                changed = [info for info in world.source.objects() if info.key in OTHER]
                list(ingester_of(world, output).ingest_all(world.source, changed))
        except Exception as fault:  # noqa: BLE001 - it is told below, in the test's own thread
            faults.append(fault)
        finally:
            baton.leave(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(len(parts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not faults
    seen = {f"{key}.jsonl" for part in parts for key in part} | OTHER.keys()
    apart = a_world({key: world.logs.get(key)[0] for key in sorted(seen)})
    alone(apart)
    assert told(world) == told(apart)


def test_a_store_that_refuses_is_told_of_and_what_it_refused_can_be_ingested_later(world):
    world.logs.put("a.jsonl", lines(rows(2, 3)))
    world.logs.put("b.jsonl", lines(rows(2, 3)))

    class Refusing:
        def __getattr__(self, name):
            return getattr(world.output, name)

        def put(self, key, data, **conditions):
            if "/profiles/" in key:
                raise StoreError("no room")
            return world.output.put(key, data, **conditions)

    with pytest.raises(StoreError, match="no room"):
        list(ingester_of(world, Refusing()).ingest_all(world.source, world.source.objects()))
    world.ingest()
    assert world.evaluate()[0].report.rows == 6
