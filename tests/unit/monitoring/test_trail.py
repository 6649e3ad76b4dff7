"""What reports carry on from window to window: the same bytes again, proven by `verify`, and final ones stay."""

import pytest
from worlds import content, lines, make_world, moment, rows

from atalaia.errors import ObjectNotFoundError, StoredFormError
from atalaia.monitoring.baselines import make_baseline
from atalaia.monitoring.evaluating import Evaluator, trail_after, trail_before
from atalaia.monitoring.ingesting import Ingester
from atalaia.monitoring.sources import LogSource
from atalaia.monitoring.verifying import verify_report
from atalaia.window import Window
from atalaia_local import MemoryStore


def key(day, revision=1):
    return f"churn/reports/202603{day:02}T000000Z/r{revision}.json"


def report_key_of(evaluated):
    return key(int(evaluated.report.start[8:10]), evaluated.revision)


def log(world, day, n=600, seed=None):
    name = f"{day}-{seed}.jsonl"
    world.logs.put(name, lines(rows(day, n, seed or day)))


@pytest.fixture
def three(world):
    """Three windows with a report each."""
    for day in (2, 3, 4):
        log(world, day)
    world.ingest()
    world.evaluated = world.evaluate()
    return world


def trails(evaluated):
    return [(e.report.trail.after, e.report.trail.windows) for e in evaluated]


def test_each_report_continues_the_one_before(three):
    assert trails(three.evaluated) == [(None, 1), (key(2), 2), (key(3), 3)]
    assert [e.report.trail.columns["x"][0][0] for e in three.evaluated] == [600.0, 1200.0, 1800.0]
    assert list(three.evaluated[0].report.trail.columns) == ["x", "word"]


def test_evaluating_again_changes_nothing(three):
    before = content(three.output)

    assert [e.new for e in three.evaluate()] == [False, False, False]
    assert content(three.output) == before


def test_reports_with_a_trail_verify(three):
    assert [verify_report(key(day), three.output).differences for day in (2, 3, 4)] == [(), (), ()]


def test_a_report_whose_predecessor_is_gone_cannot_be_verified_and_says_why(three):
    three.output.delete(key(2))

    with pytest.raises(StoredFormError, match="the report of the window before, which this one continues, is gone"):
        verify_report(key(3), three.output)
    assert verify_report(key(4), three.output).differences == ()


def test_a_report_whose_predecessor_was_altered_does_not_verify(three):
    stored = three.output.get(key(2))[0]
    assert stored.count(b'"told": 0') == 1
    three.output.put(key(2), stored.replace(b'"told": 0', b'"told": 7'))

    (difference,) = verify_report(key(3), three.output).differences
    assert "the report of the window before" in difference


def test_old_reports_may_be_deleted_without_new_revisions_of_later_ones(three):
    three.output.delete(key(2))
    before = content(three.output)
    evaluator = Evaluator(three.monitor, three.baseline, three.output, moment("2026-03-20T00:00:00Z"))

    again = [evaluator.evaluate(window) for window in evaluator.windows()[1:]]
    assert [(e.new, e.revision) for e in again] == [(False, 1), (False, 1)]
    assert content(three.output) == before


def test_late_rows_for_a_window_whose_predecessor_is_gone_begin_anew(three):
    three.output.delete(key(2))
    log(three, 3, 50, seed=99)
    three.ingest()
    evaluator = Evaluator(three.monitor, three.baseline, three.output, moment("2026-03-20T00:00:00Z"))

    again = [evaluator.evaluate(window) for window in evaluator.windows()[1:]]
    assert trails(again) == [(None, 1), (key(3), 3)]
    assert [e.new for e in again] == [True, False]


def test_rows_that_come_late_revise_their_window_and_no_later_final_one(three):
    log(three, 2, 50, seed=99)
    three.ingest()

    again = three.evaluate()
    assert [(e.new, e.revision) for e in again] == [(True, 2), (False, 1), (False, 1)]
    assert trails(again) == [(None, 1), (key(2), 2), (key(3), 3)]
    assert verify_report(key(3), three.output).differences == ()
    assert verify_report(key(2, 2), three.output).differences == ()


def test_a_window_that_is_not_final_follows_the_latest_revision_of_the_one_before(world):
    log(world, 2)
    log(world, 3)
    world.ingest()
    world.evaluate("2026-03-03T23:00:00Z")
    log(world, 2, 50, seed=99)
    world.ingest()

    _, second = world.evaluate("2026-03-03T23:00:00Z")
    assert (second.report.final, trails([second])) == (False, [(key(2, 2), 2)])
    assert second.report.trail.columns["x"][0][0] == 1250.0


def test_windows_without_rows_carry_on_and_do_not_count(world):
    log(world, 2)
    log(world, 5)
    world.ingest()

    evaluated = world.evaluate()
    assert trails(evaluated) == [(None, 1), (key(2), 1), (key(3), 1), (key(4), 2)]
    assert [verify_report(report_key_of(e), world.output).differences for e in evaluated] == [()] * 4


def test_over_a_long_gap_the_last_report_is_found(world):
    log(world, 1)
    world.logs.put("early.jsonl", lines(rows(1, 600)).replace(b"2026-03-01", b"2025-11-01"))
    world.ingest()

    evaluated = world.evaluate()
    assert [(e.report.start[:10], e.report.trail.windows) for e in evaluated] == [
        ("2025-11-01", 1),
        ("2025-11-02", 1),
        ("2026-03-01", 2),
    ]
    assert evaluated[2].report.trail.after == "churn/reports/20251102T000000Z/r1.json"


def test_without_rows_or_reports_there_is_no_trail(world):
    world.logs.put("y/2026/03/02/12/broken.jsonl", b"broken\n")
    world.ingest()

    (empty,) = world.evaluate()
    assert (empty.report.rows, empty.report.trail) == (0, None)
    assert trail_after(empty.report, world.output) is None
    window = Window(moment("2026-03-02T00:00:00Z"), moment("2026-03-03T00:00:00Z"))
    assert trail_before("churn", MemoryStore("nothing"), window, None) is None


def test_a_new_baseline_begins_a_new_trail(three):
    reference = MemoryStore("newer")
    reference.put("data.jsonl", lines(rows(1, 500, seed=77)))
    newer = make_baseline(three.monitor, [LogSource(reference)], three.output, chosen=False)
    log(three, 5)
    source = three.source
    info = next(info for info in source.objects() if info.key.startswith("5-"))
    Ingester(three.monitor, newer, three.output).ingest(source, info)
    evaluator = Evaluator(three.monitor, newer, three.output, moment("2026-03-20T00:00:00Z"))

    *_, last = [evaluator.evaluate(window) for window in evaluator.windows()]
    assert trails([last]) == [(None, 1)]
    assert verify_report(key(5), three.output).differences == ()


def test_a_report_without_a_trail_continues_nothing(three):
    report = three.evaluated[0].report

    assert trail_after(report, three.output) is None
    three.output.delete(key(2))
    with pytest.raises(ObjectNotFoundError):
        trail_after(three.evaluated[1].report, three.output)


def test_merged_profiles_carry_on_the_same():
    reports = []
    for often in (False, True):
        world = make_world()
        for day in (2, 3, 4):
            log(world, day)
            log(world, day, 200, seed=day + 50)
            world.ingest()
            evaluator = Evaluator(
                world.monitor, world.baseline, world.output, moment(f"2026-03-{day + 1:02}T12:00:00Z"), often=often
            )
            evaluated = [evaluator.evaluate(window) for window in evaluator.windows()]
        assert [verify_report(report_key_of(e), world.output).differences for e in evaluated] == [()] * 3
        reports.append([e.report for e in evaluated])

    assert reports[0] == reports[1]
