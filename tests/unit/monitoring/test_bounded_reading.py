"""What was counted is put away where windows and columns are many: the profiles stay the same."""

import pytest
from worlds import lines, make_world, rows

from atalaia.monitoring import reading
from atalaia.profile import number_counter, unpack


def profiles(world):
    keys = [info.key for info in world.output.list("") if "/profiles/" in info.key]
    return [unpack(world.output.get(key)[0], key)["profile"] for key in keys]


def entries():
    days = (2, 3, 4, 2, 5, 6, 7, 8, 9, 10, 11, 12, 3)
    return [row for place, day in enumerate(days) for row in rows(day, 50, seed=place)]


@pytest.mark.parametrize(("waiting", "most_open"), [(0, 0), (0, 4), (0, 2048), (64 << 20, 0)])
def test_profiles_that_were_settled_or_put_away_meanwhile_are_the_same(world, monkeypatch, waiting, most_open):
    world.logs.put("a.jsonl", lines(entries()))
    world.ingest()
    other = make_world()
    monkeypatch.setattr(reading, "_MOST_WAITING", waiting)
    monkeypatch.setattr(reading, "_MOST_OPEN", most_open)
    other.logs.put("a.jsonl", lines(entries()))
    other.ingest()

    assert profiles(world) == profiles(other)


@pytest.mark.parametrize("waiting", [0, 70, 400])
def test_profiles_are_the_same_however_few_values_may_wait(world, monkeypatch, waiting):
    for name in ("a.jsonl", "b.jsonl"):
        world.logs.put(name, lines(entries()))
    world.ingest()
    other = make_world()
    monkeypatch.setattr(number_counter, "MOST_WAITING", waiting)
    for name in ("a.jsonl", "b.jsonl"):
        other.logs.put(name, lines(entries()))
    other.ingest()

    assert profiles(world) == profiles(other)


def test_rejects_are_kept_where_their_profile_was_put_away(world, monkeypatch):
    monkeypatch.setattr(reading, "_MOST_OPEN", 0)
    world.logs.put("a.jsonl", lines(entries()[:50]) + b"not json\n")
    world.ingest()

    assert [(profile["rows"], profile["rejected"]) for profile in profiles(world)] == [(50, {"not_json": 1})]
