import json

import pytest
from msgspec.structs import replace
from worlds import content, lines, make_world, rows

from atalaia.monitor_file import LogFormat
from atalaia.monitoring import ingesting, reading, rejects


def keys(store, part):
    return [info.key for info in store.list("") if f"/{part}/" in info.key]


def test_rows_go_into_the_windows_of_their_events(world):
    world.logs.put("a.jsonl", lines([*rows(2, 5), *rows(3, 7)]))

    ((receipt, new),) = world.ingest()
    assert (receipt.rows, len(receipt.windows), new) == (12, 2, True)
    assert [key.split("/")[2] for key in keys(world.output, "profiles")] == ["20260302T000000Z", "20260303T000000Z"]


def test_the_same_object_again_changes_nothing(world):
    world.logs.put("a.jsonl", lines(rows(2, 5)))
    world.ingest()
    before = content(world.output)

    ((_, new),) = world.ingest()
    assert not new
    assert content(world.output) == before


def test_an_object_that_grew_replaces_its_profiles(world):
    world.logs.put("a.jsonl", lines(rows(2, 5)))
    world.ingest()
    world.logs.put("a.jsonl", lines(rows(2, 8)))

    ((receipt, new),) = world.ingest()
    assert (receipt.rows, new) == (8, True)
    assert sum(e.report.rows for e in world.evaluate()) == 8


def test_an_overwritten_object_leaves_nothing_in_its_old_windows(world):
    world.logs.put("a.jsonl", lines(rows(2, 5)) + b"not json\n")
    world.ingest()
    world.logs.put("a.jsonl", lines(rows(5, 5)))
    world.ingest()

    assert [key.split("/")[2] for key in keys(world.output, "profiles")] == ["20260305T000000Z"]


def test_a_crash_before_the_receipt_is_mended_by_doing_it_again(world):
    world.logs.put("a.jsonl", lines(rows(2, 5)))
    world.ingest()
    whole = content(world.output)
    world.output.delete(keys(world.output, "logs")[0])

    ((_, new),) = world.ingest()
    assert new
    assert content(world.output) == whole


def test_a_crash_between_two_versions_leaves_nothing_behind(world):
    world.logs.put("a.jsonl", lines(rows(2, 5)))
    world.ingest()
    world.logs.put("a.jsonl", lines([*rows(2, 5), *rows(3, 7)]))
    broken = Crashing(world.output, "20260303T000000Z/")
    source, info = world.source, next(world.source.objects())
    with pytest.raises(RuntimeError):
        ingesting.Ingester(world.monitor, world.baseline, broken).ingest(source, info)
    world.logs.put("a.jsonl", lines(rows(2, 5)))
    world.ingest()

    assert [key.split("/")[2] for key in keys(world.output, "profiles")] == ["20260302T000000Z"]


def test_a_crash_in_the_midst_of_a_version_that_is_taken_back_leaves_the_old_one(world):
    world.logs.put("a.jsonl", lines(rows(2, 5)))
    world.ingest()
    before = content(world.output)
    world.logs.put("a.jsonl", lines(rows(2, 9)))
    broken = Crashing(world.output, "20260302T000000Z/")
    source, info = world.source, next(world.source.objects())
    with pytest.raises(RuntimeError):
        ingesting.Ingester(world.monitor, world.baseline, broken).ingest(source, info)
    world.logs.put("a.jsonl", lines(rows(2, 5)))
    world.ingest()
    world.ingest()  # who seemed to have crashed may have written a little more

    assert content(world.output) == before


class Crashing:
    """A store behind which the process dies once it has written a certain profile."""

    def __init__(self, store, place):
        self._store, self._place = store, place

    def __getattr__(self, name):
        return getattr(self._store, name)

    def put(self, key, data, **conditions):
        etag = self._store.put(key, data, **conditions)
        if f"/profiles/{self._place}" in key:
            raise RuntimeError("the process died")
        return etag


def test_another_format_reads_the_log_again(world):
    world.logs.put("a.jsonl", lines(rows(2, 5)))
    world.ingest()
    source = replace(world.source, format=LogFormat.SAGEMAKER)
    ingester = ingesting.Ingester(world.monitor, world.baseline, world.output)

    receipt, new = ingester.ingest(source, next(source.objects()))
    assert new
    assert (receipt.rows, sum(receipt.rejected.values())) == (0, 5)


def test_rejects_that_tell_no_time_count_with_most_of_their_objects_rows(world):
    world.logs.put("a.jsonl", lines([*rows(2, 5), *rows(3, 7)]) + b"broken\n")
    world.ingest()

    assert {e.report.start[:10]: e.report.rejected for e in world.evaluate()} == {
        "2026-03-02": {},
        "2026-03-03": {"not_json": 1},
    }


def test_after_a_receipt_of_another_release_nothing_old_is_left(world):
    world.logs.put("a.jsonl", lines(rows(2, 5)))
    world.ingest()
    world.output.put(keys(world.output, "logs")[0], b'{"other": 1}')
    world.logs.put("a.jsonl", lines(rows(3, 5)))
    world.ingest()

    assert [key.split("/")[2] for key in keys(world.output, "profiles")] == ["20260303T000000Z"]


def test_a_receipt_of_another_release_is_read_as_none(world):
    world.logs.put("a.jsonl", lines(rows(2, 5)))
    world.ingest()
    world.output.put(keys(world.output, "logs")[0], b'{"other": 1}')

    ((_, new),) = world.ingest()
    assert new


def test_rejects_are_listed_by_place_and_reason_and_never_by_value(world):
    good = lines(rows(2, 2))
    world.logs.put("y/2026/03/02/12/a.jsonl", good + b"secret one\nsecret two\n" + lines(rows(2, 1)))

    ((receipt, _),) = world.ingest()
    (key,) = keys(world.output, "rejects")
    data = world.output.get(key)[0]
    assert receipt.rejected == {"not_json": 2}
    assert json.loads(data) == {"reason": "not_json", "start": len(good), "end": len(good) + 21, "rows": 2}
    assert b"secret" not in data


def test_rejects_vanish_with_the_lines_that_were_rejected(world):
    world.logs.put("y/2026/03/02/12/a.jsonl", b"broken\n" + lines(rows(2, 1)))
    world.ingest()
    world.logs.put("y/2026/03/02/12/a.jsonl", lines(rows(2, 1)))
    world.ingest()

    assert keys(world.output, "rejects") == []


def test_too_many_rejects_are_counted_where_they_are_not_listed(world, monkeypatch):
    monkeypatch.setattr(rejects, "MOST_REJECTS", 2)
    world.logs.put("y/2026/03/02/12/a.jsonl", (b"broken\n" + lines(rows(2, 1))) * 5)
    world.ingest()

    (key,) = keys(world.output, "rejects")
    listed = world.output.get(key)[0].splitlines()
    assert len(listed) == 3
    assert json.loads(listed[-1]) == {"omitted_rows": 3}


def test_rows_in_too_many_windows_are_rejected(world, monkeypatch):
    monkeypatch.setattr(reading, "MOST_WINDOWS", 2)
    world.logs.put("a.jsonl", lines([*rows(2, 3), *rows(3, 3), *rows(4, 3), *rows(5, 2)]))

    ((receipt, _),) = world.ingest()
    assert receipt.rows + sum(receipt.rejected.values()) == 11
    assert receipt.rejected == {"too_many_windows": 5}


def test_rows_logged_after_the_lateness_are_late(world):
    world.logs.put("y/2026/03/03/01/on-time.jsonl", lines(rows(2, 4, hour=23)))
    world.logs.put("y/2026/03/03/02/late.jsonl", lines(rows(2, 3, hour=23)))
    world.ingest()

    (evaluated,) = world.evaluate()
    assert (evaluated.report.rows, evaluated.report.late) == (7, 3)


def test_an_object_whose_path_tells_no_time_has_no_late_rows(world):
    world.logs.put("copied.jsonl", lines(rows(2, 4)))
    world.ingest()

    (evaluated,) = world.evaluate()
    assert evaluated.report.late == 0


def test_rows_without_a_time_are_dated_by_path_and_then_by_object(world):
    world.logs.put("y/2026/03/02/12/a.jsonl", b'{"x": 1, "at": "{%s}"}\n')
    world.logs.put("b.jsonl", b'{"x": 1}\n')
    world.ingest()

    reports = {e.report.start: e.report.times for e in world.evaluate() if e.report.rows}
    assert reports == {"2026-03-02T00:00:00Z": {"path": 1}, "2026-03-20T00:00:00Z": {"object": 1}}


def test_another_window_width_reads_every_log_again(world):
    world.logs.put("a.jsonl", lines(rows(2, 5, hour=13)))
    world.ingest()
    narrow = make_world(text=TEXT_12H)
    for key, data in content(world.output).items():
        narrow.output.put(key, data)
    narrow.logs.put("a.jsonl", lines(rows(2, 5, hour=13)))

    ((receipt, new),) = narrow.ingest()
    assert new
    assert keys(narrow.output, "profiles")[0].split("/")[2] == "20260302T120000Z"
    assert receipt.windows == (narrow.evaluate()[0].window.start,)


TEXT_12H = """
name: churn
model: {name: churn}
logs: {source: logs}
output: out
window: 12h
lateness: 2h
columns:
  - {name: at, type: time, role: time}
  - {name: x}
  - {name: word, type: string}
"""


@pytest.mark.parametrize("cut", [1, 250, 599])
def test_a_window_is_the_same_however_its_rows_are_split_over_objects(world, cut):
    entries = rows(2, 600)
    world.logs.put("a.jsonl", lines(entries))
    world.ingest()
    other = make_world()
    other.logs.put("a.jsonl", lines(entries[:cut]))
    other.logs.put("b.jsonl", lines(entries[cut:]))
    other.ingest()

    (one,), (two,) = world.evaluate(), other.evaluate()
    assert one.report.columns == two.report.columns
    assert one.report.findings == two.report.findings
