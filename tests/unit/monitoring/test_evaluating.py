import pytest
from worlds import content, lines, make_world, moment, rows

from atalaia.errors import PreconditionError, StoredFormError
from atalaia.monitoring.baselines import make_baseline
from atalaia.monitoring.evaluating import Evaluator, latest_report, latest_revision
from atalaia.monitoring.ingesting import Ingester
from atalaia.monitoring.sources import LogSource
from atalaia.report import to_json
from atalaia.window import window_of
from atalaia_local import MemoryStore


def test_a_window_is_final_once_its_lateness_has_passed(world):
    world.logs.put("a.jsonl", lines(rows(2)))
    world.ingest()

    assert [e.report.final for e in world.evaluate("2026-03-03T01:59:59Z")] == [False]
    assert [e.report.final for e in world.evaluate("2026-03-03T02:00:00Z")] == [True]


def test_nothing_new_makes_no_new_revision(world):
    world.logs.put("a.jsonl", lines(rows(2)))
    world.ingest()
    (first,) = world.evaluate()
    before = content(world.output)

    (again,) = world.evaluate()
    assert (first.new, again.new, again.revision) == (True, False, 1)
    assert content(world.output) == before


def test_later_rows_make_the_next_revision_and_keep_the_first(world):
    world.logs.put("a.jsonl", lines(rows(2)))
    world.ingest()
    (first,) = world.evaluate()
    world.logs.put("b.jsonl", lines(rows(2, 5)))
    world.ingest()

    (second,) = world.evaluate()
    assert (second.revision, second.report.rows) == (2, 605)
    assert world.output.get("churn/reports/20260302T000000Z/r1.json")[0] == to_json(first.report)


def test_the_same_logs_give_the_same_bytes_everywhere():
    stores = []
    for _ in range(2):
        world = make_world()
        world.logs.put("a.jsonl", lines(rows(2)) + b"broken\n")
        world.ingest()
        world.evaluate()
        stores.append(content(world.output))

    assert stores[0] == stores[1]


def test_windows_without_logs_between_others_are_evaluated(world):
    world.logs.put("a.jsonl", lines([*rows(2, 5), *rows(5, 5)]))
    world.ingest()

    assert [e.report.rows for e in world.evaluate()] == [5, 0, 0, 5]


def test_of_a_gap_of_years_the_first_window_alone_is_evaluated(world):
    world.logs.put("a.jsonl", lines(rows(2, 5)) + b'{"at": "2020-01-01T00:00:00Z", "x": 1}\n')
    world.ingest()

    assert [(e.report.start[:10], e.report.rows) for e in world.evaluate()] == [
        ("2020-01-01", 1),
        ("2020-01-02", 0),
        ("2026-03-02", 5),
    ]


def newer_baseline(world):
    reference = MemoryStore("newer")
    reference.put("data.jsonl", lines(rows(1, 50)))
    return make_baseline(world.monitor, [LogSource(reference)], world.output, chosen=False)


def test_profiles_of_another_baseline_are_left_out_and_the_report_says_so(world):
    world.logs.put("a.jsonl", lines(rows(2, 5)))
    world.ingest()
    newer = newer_baseline(world)
    world.logs.put("b.jsonl", lines(rows(2, 7)))
    source = world.source
    info = next(info for info in source.objects() if info.key == "b.jsonl")
    Ingester(world.monitor, newer, world.output).ingest(source, info)
    evaluator = Evaluator(world.monitor, newer, world.output, moment("2026-03-20T00:00:00Z"))
    (window,) = evaluator.windows()

    report = evaluator.evaluate(window).report
    assert report.rows == 7
    assert {item.log: item.used for item in report.inputs} == {"logs/a.jsonl": False, "logs/b.jsonl": True}
    assert [(f.status, f.value) for f in report.findings if f.metric == "other_baseline"] == [("warning", 1.0)]


def test_a_window_of_another_baseline_keeps_its_report(world):
    world.logs.put("a.jsonl", lines(rows(2, 5)))
    world.ingest()
    (before,) = world.evaluate()
    evaluator = Evaluator(world.monitor, newer_baseline(world), world.output, moment("2026-03-20T00:00:00Z"))
    (window,) = evaluator.windows()

    after = evaluator.evaluate(window)
    assert (after.report, after.new) == (before.report, False)


def test_a_window_of_another_baseline_without_a_report_has_none(world):
    world.logs.put("a.jsonl", lines(rows(2, 5)))
    world.ingest()
    evaluator = Evaluator(world.monitor, newer_baseline(world), world.output, moment("2026-03-20T00:00:00Z"))
    (window,) = evaluator.windows()

    assert evaluator.evaluate(window) is None


def test_windows_that_have_not_begun_are_not_evaluated(world):
    world.logs.put("a.jsonl", lines([*rows(2, 5), *rows(3, 5)]))
    world.ingest()

    assert [e.report.start for e in world.evaluate("2026-03-02T12:00:00Z")] == ["2026-03-02T00:00:00Z"]


def test_a_profile_of_another_window_is_refused(world):
    world.logs.put("a.jsonl", lines(rows(2, 5)))
    world.ingest()
    (info,) = world.output.list("churn/profiles/")
    world.output.put(info.key.replace("20260302", "20260303"), world.output.get(info.key)[0])

    with pytest.raises(StoredFormError, match="not a profile of this window"):
        world.evaluate()


def test_what_is_advised_for_a_damaged_profile_brings_its_window_back(world):
    world.logs.put("a.jsonl", lines(rows(2, 500)))
    world.logs.put("b.jsonl", lines(rows(3, 500)))
    world.ingest()
    before = [e.report for e in world.evaluate()]
    info, _ = world.output.list("churn/profiles/")
    world.output.put(info.key, world.output.get(info.key)[0][:-1])

    with pytest.raises(
        StoredFormError, match=r"damaged\. Delete this monitor's profiles/, state/logs/ and state/packets/"
    ):
        world.evaluate()
    for folder in ("profiles", "state/logs", "state/packets"):
        for stored in list(world.output.list(f"churn/{folder}/")):
            world.output.delete(stored.key)
    world.ingest()
    assert [e.report for e in world.evaluate()] == before


def test_keys_that_name_no_window_are_left_alone(world):
    world.output.put("churn/profiles/notes.txt", b"mine")

    assert world.evaluate() == []


def test_an_evaluator_that_lost_the_race_writes_the_next_revision(world):
    world.logs.put("a.jsonl", lines(rows(2, 5)))
    world.ingest()
    evaluator = Evaluator(world.monitor, world.baseline, Racing(world.output, times=1), moment("2026-03-20T00:00:00Z"))
    (window,) = evaluator.windows()

    assert evaluator.evaluate(window).revision == 2


def test_an_evaluator_that_always_loses_gives_up(world):
    world.logs.put("a.jsonl", lines(rows(2, 5)))
    world.ingest()
    evaluator = Evaluator(world.monitor, world.baseline, Racing(world.output, times=99), moment("2026-03-20T00:00:00Z"))
    (window,) = evaluator.windows()

    with pytest.raises(PreconditionError, match="Try again"):
        evaluator.evaluate(window)


class Racing:
    """A store in which somebody else writes another report a moment before."""

    def __init__(self, store, times):
        self._store = store
        self._left = times

    def __getattr__(self, name):
        return getattr(self._store, name)

    def put(self, key, data, *, if_match=None, if_absent=False):
        if if_absent and self._left:
            self._left -= 1
            self._store.put(key, data.replace(b'"late": 0', b'"late": 1'))
        return self._store.put(key, data, if_match=if_match, if_absent=if_absent)


def test_the_latest_report_is_read_back(world):
    world.logs.put("a.jsonl", lines(rows(2, 5)))
    world.ingest()
    (evaluated,) = world.evaluate()

    assert latest_report("churn", world.output, evaluated.window).report == evaluated.report
    nowhere = window_of(moment("2026-04-01T00:00:00Z"), world.day)
    assert latest_report("churn", world.output, nowhere) is None
    assert latest_revision("churn", world.output, nowhere) == 0


def test_a_window_that_was_final_stays_final(world):
    world.logs.put("a.jsonl", lines(rows(2)))
    world.ingest()
    world.evaluate("2026-03-20T00:00:00Z")

    (again,) = world.evaluate("2026-03-02T23:00:00Z")
    assert (again.new, again.report.final) == (False, True)


def test_a_page_that_is_gone_is_drawn_again(world):
    world.logs.put("a.jsonl", lines(rows(2)))
    world.ingest()
    for _ in range(2):
        evaluator = Evaluator(world.monitor, world.baseline, world.output, moment("2026-03-20T00:00:00Z"))
        evaluated = [evaluator.evaluate(window) for window in evaluator.windows()]
        evaluator.store_pages(evaluated)
        page = world.output.get("churn/reports/20260302T000000Z/r1.html")[0]
        world.output.delete("churn/reports/20260302T000000Z/r1.html")

    assert page.startswith(b"<!doctype html>")


def test_pages_are_drawn_for_new_reports_and_for_all(world):
    world.logs.put("a.jsonl", lines([*rows(2), *rows(3)]))
    world.ingest()
    evaluator = Evaluator(world.monitor, world.baseline, world.output, moment("2026-03-20T00:00:00Z"))
    evaluated = [evaluator.evaluate(window) for window in evaluator.windows()]

    page = world.output.get(evaluator.store_pages(evaluated))[0].decode()
    assert 'href="reports/20260302T000000Z/r1.html"' in page
    assert b"../../reports/20260302T000000Z/r1.html" in world.output.get("churn/reports/20260303T000000Z/r1.html")[0]
