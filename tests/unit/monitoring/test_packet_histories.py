"""What became of objects before, where they are read from, and who else reads them, leaves no trace in what is told."""

from dataclasses import replace

import pytest
from packets import Interrupted, a_world, alone, ingester_of, told
from worlds import lines, rows

from atalaia.errors import StoredFormError, StoreError
from atalaia_local import MemoryStore


def of(world, *keys):
    return [info for info in world.source.objects() if info.key in keys]


def only(world, *keys):
    list(ingester_of(world).ingest_all(world.source, of(world, *keys)))


def test_rejects_without_a_time_lie_where_they_would_if_the_object_had_never_held_anything_else(world):
    world.logs.put("a.jsonl", lines(rows(2, 3)))
    world.ingest()
    world.logs.put("a.jsonl", b"broken\n")
    world.ingest()

    apart = a_world({"a.jsonl": b"broken\n"})
    alone(apart)
    assert told(world) == told(apart)


def test_rows_that_are_gone_are_told_of_where_they_were_even_if_the_path_tells_another_time(world):
    world.logs.put("2026/03/05/12/a.jsonl", lines(rows(2, 3)))
    world.logs.put("b.jsonl", lines(rows(2, 1)))
    world.ingest()
    world.logs.delete("2026/03/05/12/a.jsonl")
    world.logs.put("b.jsonl", lines(rows(2, 2)))
    world.ingest()

    (item,) = world.evaluate()
    assert (item.report.rows, item.report.rejected) == (2, {"log_gone": 3})


def test_an_object_that_another_packet_claimed_is_never_added_to_one_that_was_finished_without_it():
    calls, happened = 0, True
    while happened:
        calls, happened = calls + 1, False
        world = a_world({f"{name}.jsonl": lines(rows(2, place + 1)) for place, name in enumerate("abcd")})

        def third(world=world):
            """Claim *c* between the other's look at the ledger and its packet."""
            nonlocal happened
            happened = True
            second = Interrupted(world.output, 4, lambda: only(world, "c.jsonl", "d.jsonl"))
            list(ingester_of(world, second).ingest_all(world.source, of(world, "a.jsonl", "b.jsonl", "c.jsonl")))

        first = Interrupted(world.output, calls, third)
        list(ingester_of(world, first).ingest_all(world.source, of(world, "a.jsonl", "b.jsonl", "c.jsonl")))
        world.ingest()
        assert sum(item.report.rows for item in world.evaluate()) == 10, calls
    assert calls > 6


def test_companions_outside_of_the_place_that_is_read_are_not_taken_for_gone(world):
    world.logs.put("a/x.jsonl", lines(rows(2, 3)))
    world.logs.put("b/y.jsonl", lines(rows(2, 4)))
    world.ingest()
    part = MemoryStore("logs/a")
    part.put("x.jsonl", lines(rows(2, 5)))
    source = replace(world.source, store=part)

    with pytest.raises(StoreError, match=r"logs/b/y\.jsonl: was profiled together with logs in logs/a"):
        list(ingester_of(world).ingest_all(source, source.objects()))
    assert world.evaluate()[0].report.rows == 7


def test_a_packet_whose_state_is_gone_stops_what_would_forget_its_other_members(world):
    world.logs.put("a.jsonl", lines(rows(2, 3)))
    world.logs.put("b.jsonl", lines(rows(2, 4)))
    world.ingest()
    (info,) = world.output.list("churn/state/packets/")
    world.output.delete(info.key)

    with pytest.raises(StoredFormError, match="gone or damaged"):
        only(world, "a.jsonl")
