"""Small objects are profiled together: what that must not change."""

import pytest
from worlds import content, lines, make_world, rows

from atalaia.errors import StoredFormError
from atalaia.monitoring import grouping
from atalaia.monitoring.ingesting import Ingester
from atalaia.profile import profile_to_plain, unpack


def profiles(world):
    return [info.key for info in world.output.list("") if "/profiles/" in info.key]


def window_rows(world):
    return {e.report.start[:10]: (e.report.rows, dict(e.report.rejected)) for e in world.evaluate()}


def merged(world):
    (only,) = profiles(world)
    return unpack(world.output.get(only)[0], only)["profile"]


def fill(world, count=3, day=2):
    for place in range(count):
        world.logs.put(f"{place}.jsonl", lines(rows(day, 40, seed=place)))


def test_small_objects_of_a_window_become_one_profile(world):
    fill(world)

    assert [(receipt.rows, new) for receipt, new in world.ingest()] == [(40, True)] * 3
    assert len(profiles(world)) == 1


def test_a_group_holds_what_one_object_with_all_the_rows_would(world):
    fill(world)
    world.ingest()
    other = make_world()
    other.logs.put("all.jsonl", lines([row for place in range(3) for row in rows(2, 40, seed=place)]))
    other.ingest()

    assert merged(world) == merged(other)


def test_the_same_objects_again_change_nothing(world):
    fill(world)
    world.ingest()
    before = content(world.output)

    assert [new for _, new in world.ingest()] == [False] * 3
    assert content(world.output) == before


def test_objects_that_came_later_leave_the_group_alone(world):
    fill(world)
    world.ingest()
    world.logs.put("later.jsonl", lines(rows(2, 7)))

    assert sorted(receipt.rows for receipt, new in world.ingest() if new) == [7]
    assert window_rows(world) == {"2026-03-02": (127, {})}


def test_when_one_object_changes_the_others_in_its_group_are_read_again(world):
    fill(world)
    world.ingest()
    world.logs.put("1.jsonl", lines(rows(3, 5)))
    world.ingest()

    assert window_rows(world) == {"2026-03-02": (80, {}), "2026-03-03": (5, {})}
    assert [new for _, new in world.ingest()] == [False] * 3


def test_rows_that_cannot_be_read_again_are_counted_as_rejected(world):
    fill(world)
    world.ingest()
    world.logs.delete("0.jsonl")
    world.logs.put("1.jsonl", lines(rows(2, 5)))
    world.ingest()

    assert window_rows(world) == {"2026-03-02": (45, {"log_gone": 40})}


def test_an_object_that_comes_back_is_read_again(world):
    fill(world)
    world.ingest()
    gone = world.logs.get("0.jsonl")[0]
    world.logs.delete("0.jsonl")
    world.logs.put("1.jsonl", lines(rows(2, 5)))
    world.ingest()
    world.logs.put("0.jsonl", gone)
    world.ingest()

    assert window_rows(world) == {"2026-03-02": (85, {})}


def test_rejects_are_listed_for_their_own_object(world):
    fill(world)
    world.logs.put("1.jsonl", b"not json\n" + lines(rows(2, 5)))
    receipts = {receipt.log: receipt for receipt, _ in world.ingest()}

    assert receipts["logs/1.jsonl"].rejected == {"not_json": 1}
    assert receipts["logs/0.jsonl"].rejected == {}
    assert len([info for info in world.output.list("") if "/rejects/" in info.key]) == 1


class Dying:
    """A store behind which the process dies before it writes what a word in its key tells."""

    def __init__(self, store, word):
        self._store, self._word = store, word

    def __getattr__(self, name):
        return getattr(self._store, name)

    def put(self, key, data, **conditions):
        if self._word in key:
            raise RuntimeError("the process died")
        return self._store.put(key, data, **conditions)


def test_a_crash_between_receipts_and_profile_is_mended_by_doing_it_again(world):
    fill(world)
    source, infos = world.source, list(world.source.objects())
    with pytest.raises(RuntimeError):
        list(Ingester(world.monitor, world.baseline, Dying(world.output, "/profiles/")).ingest_all(source, infos))
    world.ingest()

    assert window_rows(world) == {"2026-03-02": (120, {})}


def test_a_crash_while_a_group_is_replaced_is_mended_by_doing_it_again(world):
    fill(world)
    world.ingest()
    world.logs.put("1.jsonl", lines(rows(3, 5)))
    source, infos = world.source, list(world.source.objects())
    dying = Dying(world.output, "/profiles/20260303T000000Z/")
    with pytest.raises(RuntimeError):
        list(Ingester(world.monitor, world.baseline, dying).ingest_all(source, infos))
    world.ingest()

    assert window_rows(world) == {"2026-03-02": (80, {}), "2026-03-03": (5, {})}


def test_an_object_that_another_run_takes_first_is_left_out(world):
    fill(world)
    source, infos = world.source, list(world.source.objects())

    class Raced:
        """A store in which another run ingests the first object just before our first receipt is written."""

        def __init__(self, store):
            self._store, self._fresh = store, True

        def __getattr__(self, name):
            return getattr(self._store, name)

        def put(self, key, data, **conditions):
            if "/state/logs/" in key and self._fresh:
                self._fresh = False
                Ingester(world.monitor, world.baseline, self._store).ingest(source, infos[0])
            return self._store.put(key, data, **conditions)

    receipts = list(Ingester(world.monitor, world.baseline, Raced(world.output)).ingest_all(source, infos))

    assert len(receipts) == 2
    assert window_rows(world) == {"2026-03-02": (120, {})}


def test_an_object_in_two_profiles_of_a_window_is_refused(world):
    fill(world)
    world.ingest()
    (only,) = profiles(world)
    world.output.put(only.replace(only[-12:-8], "zzzz"), world.output.get(only)[0])

    with pytest.raises(StoredFormError, match=r"logs/0\.jsonl is counted in"):
        world.evaluate()


@pytest.mark.parametrize("most_open", [0, 2048])
def test_profiles_that_were_settled_or_put_away_meanwhile_are_the_same(world, monkeypatch, most_open):
    entries = [*rows(2, 300), *rows(3, 300), *rows(4, 300)]
    world.logs.put("a.jsonl", lines(entries))
    world.ingest()
    other = make_world()
    monkeypatch.setattr(grouping, "_MOST_WAITING", 0)
    monkeypatch.setattr(grouping, "_MOST_OPEN", most_open)
    other.logs.put("a.jsonl", lines(entries))
    other.ingest()

    assert [world.output.get(key) for key in profiles(world)] == [other.output.get(key) for key in profiles(other)]


def test_all_of_the_profile_is_kept_when_it_is_put_away(world, monkeypatch):
    monkeypatch.setattr(grouping, "_MOST_WAITING", 0)
    monkeypatch.setattr(grouping, "_MOST_OPEN", 0)
    fill(world)
    world.ingest()

    profile = merged(world)
    assert (profile["rows"], profile["times"], sum(profile["captured"].values())) == (120, {"event": 120}, 360)
    assert profile_to_plain(world.baseline.profile)["columns"][0][:2] == profile["columns"][0][:2]
