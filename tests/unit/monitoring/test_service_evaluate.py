import json
import random
from collections import Counter

import pytest
from packets import Died, Interrupted, die
from services import MONITOR, Told, make_service
from worlds import content, lines, moment, rows

from atalaia.errors import AtalaiaError
from atalaia.monitoring.evaluating import Evaluator
from atalaia.monitoring.service import Arrival
from atalaia.report import report_from_json


def evaluate(world, telemetry=None, **options):
    return world.service.evaluate(telemetry or Told(), no_starter, **options).evaluated["churn"]


def no_starter(policy):
    raise AssertionError(f"{policy.name} starts something")


def starts(done):
    return [item.report.start[:10] for item in done.reports]


def ingest(world, name, *days, n=5):
    data = lines([row for day in days for row in rows(day, n)])
    assert not world.service.ingest([world.put(name, data)]).failed


def marks(world):
    return [info.key for info in world.output.list("churn/state/changed/")]


def final_reports(world):
    """The latest report of each window, as stored."""
    latest = {}
    for info in world.output.list("churn/reports/"):
        data = world.output.get(info.key)[0]
        latest[report_from_json(data, "r").start] = data
    return latest


def test_what_was_ingested_is_evaluated_and_told():
    world, telemetry = make_service(), Told()
    ingest(world, "a.jsonl", 2, 3)

    done = evaluate(world, telemetry)

    assert starts(done) == ["2026-03-02", "2026-03-03"]
    assert [e["window_start"][:10] for e in telemetry.events if e["event"] == "ml.monitor.report"] == starts(done)
    assert telemetry.points
    assert not marks(world)


def test_nothing_new_is_not_looked_at():
    world, telemetry = make_service(), Told()
    ingest(world, "a.jsonl", 2, 3)
    evaluate(world)
    before = content(world.output)

    done = evaluate(world, telemetry)

    assert (done.reports, done.same, telemetry.events, telemetry.points) == ([], 0, [], [])
    assert content(world.output) == before


def test_late_rows_make_a_new_revision_of_their_window_alone():
    world = make_service()
    ingest(world, "a.jsonl", 2, 3)
    evaluate(world)
    ingest(world, "late.jsonl", 2)

    done = evaluate(world)

    assert [(item.report.start[:10], item.revision) for item in done.reports] == [("2026-03-02", 2)]
    assert done.same == 0


def test_a_window_that_goes_on_is_evaluated_again_when_it_is_over():
    world = make_service()
    world.now = moment("2026-03-02T13:00:00Z")
    ingest(world, "a.jsonl", 2)

    first = evaluate(world)
    quiet = evaluate(world)
    world.now = moment("2026-03-03T02:00:00Z")
    last = evaluate(world)

    assert [item.report.final for item in first.reports] == [False]
    assert (quiet.reports, quiet.same) == ([], 1)
    assert [(item.report.final, item.revision) for item in last.reports] == [(True, 2)]
    assert not marks(world)


def test_rows_of_a_window_that_goes_on_make_new_revisions():
    world = make_service()
    world.now = moment("2026-03-02T13:00:00Z")
    ingest(world, "a.jsonl", 2)
    evaluate(world)
    ingest(world, "b.jsonl", 2)

    done = evaluate(world)

    assert [(item.report.rows, item.revision) for item in done.reports] == [(10, 2)]
    assert marks(world) == ["churn/state/changed/20260302T000000Z/open"]


@pytest.mark.parametrize(("before", "more", "told"), [(9, 1, True), (10, 1, True), (11, 1, False), (100, 9, False)])
def test_of_a_window_that_goes_on_a_tenth_of_its_rows_more_is_news(before, more, told):
    world = make_service()
    world.now = moment("2026-03-02T13:00:00Z")
    ingest(world, "a.jsonl", 2, n=before)
    evaluate(world)
    ingest(world, "b.jsonl", 2, n=more)

    assert len(evaluate(world).reports) == told
    assert not evaluate(world).reports

    world.now = moment("2026-03-03T02:00:00Z")
    (last,) = evaluate(world).reports
    assert (last.report.rows, last.report.final) == (before + more, True)


@pytest.mark.parametrize(("minutes", "told"), [(50, False), (65, True)])
def test_of_a_window_that_goes_on_something_is_told_each_24th_of_it(minutes, told):
    world = make_service()
    world.now = moment("2026-03-02T13:00:00Z")
    ingest(world, "a.jsonl", 2, n=100)
    evaluate(world)
    world.now += minutes * 60_000_000
    ingest(world, "b.jsonl", 2, n=1)

    assert bool(evaluate(world).reports) == told


def test_an_outcome_that_changes_is_told_at_once():
    world = make_service(MONITOR + "checks: [{metric: rejected, threshold: 0}]\n")
    world.now = moment("2026-03-02T13:00:00Z")
    ingest(world, "a.jsonl", 2, n=100)
    evaluate(world)
    world.service.ingest([world.put("b.jsonl", lines(rows(2, 1)) + b"no json\n")])

    (news,) = evaluate(world).reports

    assert {"rejected": "alert"}.items() <= {told.metric: told.status for told in news.report.findings}.items()


def test_a_changed_monitor_file_is_applied_to_windows_that_go_on():
    world = make_service()
    world.now = moment("2026-03-02T13:00:00Z")
    ingest(world, "a.jsonl", 2)
    evaluate(world)
    again = make_service(MONITOR + "checks: [{metric: row_count, threshold: 50}]\n")
    again.stores.opened.update(world.stores.opened)
    again.now = world.now
    again.restart()

    assert [item.revision for item in evaluate(again).reports] == [2]


def test_rows_moved_to_another_window_leave_both_marked():
    world = make_service()
    ingest(world, "a.jsonl", 2, n=5)
    evaluate(world)
    ingest(world, "a.jsonl", 3, n=7)

    done = evaluate(world)

    assert [(item.report.start[:10], item.report.rows) for item in done.reports] == [
        ("2026-03-02", 0),
        ("2026-03-03", 7),
    ]


def test_empty_windows_between_are_told_of_too():
    world = make_service()
    ingest(world, "a.jsonl", 2)
    evaluate(world)
    ingest(world, "b.jsonl", 5)

    assert starts(evaluate(world)) == ["2026-03-03", "2026-03-04", "2026-03-05"]


@pytest.mark.parametrize("seed", range(6))
def test_in_whatever_order_logs_come_the_reports_are_those_of_all_at_once(seed):
    chance = random.Random(seed)
    text = MONITOR.replace("window: 1d", f"window: {chance.choice(['1h', '1d'])}")
    world = make_service(text)
    objects = [(f"{n}.jsonl", lines(rows(chance.randrange(2, 12), 3, seed=n))) for n in range(12)]
    for key, data in objects:
        world.service.ingest([world.put(key, data)])
        if chance.random() < 0.5:
            evaluate(world)
    evaluate(world)

    watch = make_service(text)
    watch.service.ingest([watch.put(key, data) for key, data in objects])
    one = watch.watches[0]
    evaluator = Evaluator(one.monitor, one.eras, watch.output, watch.now)
    for window in evaluator.windows():
        evaluator.evaluate(window)
    assert without_trails(world) == without_trails(watch)


def without_trails(world):
    """Return the final reports without what windows carry on to the next: that depends on when these were looked at."""
    reports = {start: json.loads(data) for start, data in final_reports(world).items()}
    return {start: report | {"trail": None} for start, report in reports.items()}


def test_a_window_that_has_not_begun_waits():
    world = make_service()
    world.now = moment("2026-03-02T12:00:00Z")
    ingest(world, "a.jsonl", 2, 3)

    assert starts(evaluate(world)) == ["2026-03-02"]
    world.now = moment("2026-03-03T12:00:00Z")
    assert starts(evaluate(world)) == ["2026-03-02", "2026-03-03"]


def test_when_time_is_short_the_next_round_goes_on():
    world = make_service()
    ingest(world, "a.jsonl", 2, 3, 4)
    times = iter([True, True])

    first = evaluate(world, enough_time=lambda: next(times, False))
    second = evaluate(world)

    assert (starts(first), first.left) == (["2026-03-02", "2026-03-03"], 1)
    assert starts(second) == ["2026-03-04"]
    assert second.delivered.reports == 3


def test_a_damaged_profile_holds_up_no_other_window():
    world = make_service()
    ingest(world, "a.jsonl", 2, 3)
    damaged = next(info.key for info in world.output.list("churn/profiles/20260302"))
    world.output.put(damaged, b"rubbish")

    done = evaluate(world)

    assert list(done.failed) == ["20260302T000000Z"]
    assert starts(done) == ["2026-03-03"]
    assert all("20260302" in key for key in marks(world))


def test_one_monitor_that_cannot_be_evaluated_holds_up_no_other():
    without = MONITOR.replace("baseline: {data: [mem://reference]}\n", "").replace(
        "name: churn\nmodel", "name: a\nmodel"
    )
    world = make_service(without, MONITOR)
    world.service.ingest([world.put("a.jsonl", lines(rows(2, 5)))])

    done = world.service.evaluate(Told(), no_starter)

    assert "baseline" in done.failed["a"]
    assert starts(done.evaluated["churn"]) == ["2026-03-02"]
    with pytest.raises(AtalaiaError, match=r"a: .*baseline"):
        done.demand_all()


def test_profiles_of_other_programs_are_found_when_all_is_looked_at():
    world = make_service()
    ingest(world, "a.jsonl", 2, 4)
    for key in marks(world):
        world.output.delete(key)

    assert starts(evaluate(world)) == []
    assert starts(evaluate(world, everything=True)) == ["2026-03-02", "2026-03-03", "2026-03-04"]
    assert not marks(world)


def test_what_could_not_be_sent_is_sent_later_once():
    world, telemetry = make_service(), Told(failing=1)
    ingest(world, "a.jsonl", 2, 3)

    first = evaluate(world, telemetry)
    second = evaluate(world, telemetry)
    third = evaluate(world, telemetry)

    assert (first.delivered.left, second.delivered.reports, third.delivered.reports) == (2, 2, 0)
    ids = [event["id"] for event in telemetry.events]
    assert len(ids) == len(set(ids))
    assert len(telemetry.points) == len({(point.name, point.attributes, point.time) for point in telemetry.points}) * 2


def test_reports_are_told_of_in_their_own_time():
    world, telemetry = make_service(), Told(failing=1)
    ingest(world, "a.jsonl", 2)
    evaluate(world, telemetry)
    stored = world.now
    world.now += 3_600_000_000

    evaluate(world, telemetry)

    assert {point.time for point in telemetry.points} == {stored}


def test_killed_at_any_call_nothing_is_lost():
    undisturbed, calm = make_service(), Told()
    ingest(undisturbed, "a.jsonl", 2, 4)
    evaluate(undisturbed, calm)
    for calls in range(1, 400):
        world, telemetry = make_service(), Told()
        whole = world.stores.opened["mem://out"]
        world.stores.opened["mem://out"] = world.output = Interrupted(whole, calls, die)
        world.restart()
        world.put("a.jsonl", lines([*rows(2, 5), *rows(4, 5)]))
        try:
            world.service.ingest([Arrival("mem://logs/a.jsonl")])
            evaluate(world, telemetry)
            break
        except Died:
            world.stores.opened["mem://out"] = world.output = whole
            world.restart()
            world.service.ingest([Arrival("mem://logs/a.jsonl")])
            evaluate(world, telemetry)
        assert final_reports(world) == final_reports(undisturbed)
        assert {event["id"] for event in telemetry.events} == {event["id"] for event in calm.events}
        assert repeated(telemetry) <= 1
        assert not marks(world)
    assert calls > 30


def repeated(telemetry):
    """How many reports were told twice; what is told under one id is the same each time."""
    lines = Counter(json.dumps(event) for event in telemetry.events)
    assert len(lines) == len({event["id"] for event in telemetry.events})
    assert max(lines.values()) <= 2
    return sum(times - 1 for line, times in lines.items() if json.loads(line)["event"] == "ml.monitor.report")


def test_killed_while_points_are_sent_no_line_is_told_twice():
    class Killed(Told):
        def tell(self, events, points, heard=frozenset()):
            raise Died

    world, killed, telemetry = make_service(), Killed(), Told()
    ingest(world, "a.jsonl", 2)
    with pytest.raises(Died):
        evaluate(world, killed)
    evaluate(world, telemetry)

    assert killed.events == []
    assert len({event["id"] for event in telemetry.events}) == len(telemetry.events) > 1


def test_compacted_profiles_give_the_same_reports():
    world, plain = make_service(), make_service()
    for round_ in range(4):
        for n in range(10):
            data = lines(rows(2, 40, seed=100 * round_ + n))
            for each in (world, plain):
                each.service.ingest([each.put(f"{round_}-{n}.jsonl", data)])
        evaluate(world)
    evaluate(plain)

    assert len(list(world.output.list("churn/state/merged/"))) == 1
    assert final_reports(world) == final_reports(plain)


def test_what_is_compacted_is_not_read_again():
    world = make_service()
    for n in range(12):
        ingest(world, f"{n}.jsonl", 2)
    evaluate(world)
    world.stores.broken.update(info.key for info in world.output.list("churn/profiles/"))
    ingest(world, "late.jsonl", 2)

    done = evaluate(world)

    assert [item.report.rows for item in done.reports] == [65]


def test_a_profile_that_was_replaced_is_counted_as_it_is_now():
    world = make_service()
    for n in range(12):
        ingest(world, f"{n}.jsonl", 2)
    evaluate(world)
    ingest(world, "3.jsonl", 2, n=50)

    assert [item.report.rows for item in evaluate(world).reports] == [105]


def test_a_compacted_profile_that_is_damaged_or_gone_changes_nothing():
    world = make_service()
    for n in range(12):
        ingest(world, f"{n}.jsonl", 2)
    evaluate(world)
    (kept,) = world.output.list("churn/state/merged/")
    world.output.put(kept.key, b"rubbish")
    ingest(world, "late.jsonl", 2)

    assert [item.report.rows for item in evaluate(world).reports] == [65]
