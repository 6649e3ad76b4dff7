"""What became of objects before, where they are read from, and who else reads them, leaves no trace in what is told."""

from contextlib import suppress

import pytest
from msgspec.structs import replace
from packets import Died, Interrupted, a_world, alone, die, ingester_of, told
from worlds import lines, make_world, moment, rows

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

    with pytest.raises(StoreError, match="was profiled together with logs in logs/a"):
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


def days(*numbers):
    return lines([row for number in numbers for row in rows(number, 2)]) + b"broken\n"


@pytest.mark.parametrize(
    ("known", "read", "meanwhile"),
    [((), (2, 3, 4), (2,)), ((2, 3, 4), (2,), (2, 3)), ((2, 3), (4,), (3,))],
    ids=["writes", "deletes", "both"],
)
def test_who_dies_after_another_went_past_it_leaves_nothing_for_good(known, read, meanwhile):
    apart = a_world({"a.jsonl": days(*meanwhile)})
    alone(apart)
    expected = told(apart)
    calls, happened = 0, True
    while happened:
        calls, happened = calls + 1, False
        for more in range(1, 5):
            world = a_world({"a.jsonl": days(*known)} if known else {})
            world.ingest()
            world.logs.put("a.jsonl", days(*read))

            def other(world=world):
                nonlocal happened
                happened = True
                world.logs.put("a.jsonl", days(*meanwhile))
                world.ingest()

            output = Interrupted(Interrupted(world.output, calls, other), calls + more, die)
            with suppress(Died):
                list(ingester_of(world, output).ingest_all(world.source, world.source.objects()))
            world.ingest()
            assert not happened or told(world) == expected, (calls, more)
    assert calls > 8


def test_looking_once_more_is_no_news_and_is_done_once(world):
    world.logs.put("a.jsonl", days(2, 3))
    with suppress(Died):
        list(ingester_of(world, Interrupted(world.output, 6, die)).ingest_all(world.source, world.source.objects()))

    assert [new for _, new in world.ingest()] == [True]
    for _ in range(2):
        assert [new for _, new in world.ingest()] == [False]
    quiet = Interrupted(world.output, 3, die)  # two calls: which packet it is, and that this one is settled
    list(ingester_of(world, quiet).ingest_all(world.source, world.source.objects()))


def test_an_object_that_is_gone_after_its_reading_ended_midway_is_told_of_as_rejected(world):
    world.logs.put("a.jsonl", lines(rows(2, 3)))
    with suppress(Died):
        list(ingester_of(world, Interrupted(world.output, 4, die)).ingest_all(world.source, world.source.objects()))
    assert not list(world.output.list("churn/profiles/"))
    infos = list(world.source.objects())
    world.logs.delete("a.jsonl")
    ((receipt, _),) = ingester_of(world).ingest_all(world.source, infos)

    assert (receipt.rows, receipt.rejected) == (0, {"log_gone": 3})
    assert world.evaluate()[0].report.rejected == {"log_gone": 3}


def test_the_same_content_written_again_dates_no_row_anew():
    now = moment("2026-03-02T00:00:00Z")
    world = make_world(clock=lambda: now)
    world.logs.put("a.jsonl", lines([{"x": 1}]))
    world.logs.put("b.jsonl", lines([{"x": 2}]))
    world.ingest()
    now = moment("2026-03-05T00:00:00Z")
    world.logs.put("a.jsonl", lines([{"x": 1}]))
    world.logs.put("b.jsonl", lines([{"x": 2}, {"x": 3}]))
    world.ingest()

    told_of = {item.report.start[8:10]: item.report.rows for item in world.evaluate()}
    assert told_of == {"02": 1, "03": 0, "04": 0, "05": 2}


def test_rows_whose_object_was_deleted_are_not_given_up_to_look_once_more(world):
    world.logs.put("a.jsonl", days(2))
    world.logs.put("b.jsonl", days(3))
    with suppress(Died):
        list(ingester_of(world, Interrupted(world.output, 12, die)).ingest_all(world.source, world.source.objects()))
    world.ingest()
    before = told(world)
    world.logs.delete("a.jsonl")
    world.ingest()

    assert told(world) == before
