import json

import pytest
from pasts import moved
from services import MONITOR, Told, make_service
from worlds import lines, moment, rows

from atalaia.decisions import Outcome
from atalaia.errors import ObjectNotFoundError, PreconditionError, StoredFormError
from atalaia.monitor_file import load_monitor
from atalaia.monitoring.claims import Acted, Claim, Claims
from atalaia.monitoring.decided import action_of, decisions_of
from atalaia.monitoring.deciding import Decider
from atalaia.monitoring.evaluating import Evaluator
from atalaia.monitoring.service import Service
from atalaia.monitoring.watch import Watch
from atalaia.window import Window, parse_duration
from atalaia_local import MemoryStore, StoredJobs

DAY = parse_duration("1d")


def a_world(policy, drifting=(), calm=(), rows_each=600):
    world = make_service(MONITOR + f"policies: [{{name: retrain, file: true, {policy}}}]\n")
    world.telemetry = Told()
    arrive(world, [moved(day, rows_each) for day in drifting] + [rows(day, rows_each, seed=day) for day in calm])
    return world


def arrive(world, every):
    for entries in every:
        name = f"{entries[0]['at']}-{len(entries)}.jsonl"
        assert not world.service.ingest([world.put(name, lines(entries))]).failed


def evaluate(world, now=None):
    world.now = moment(now) if now else world.now
    done = world.service.evaluate(world.telemetry, lambda _, output: StoredJobs(output)).evaluated["churn"]
    assert not done.failed
    return done


def window(day):
    return Window(moment(f"2026-03-{day:02}T00:00:00Z"), moment(f"2026-03-{day + 1:02}T00:00:00Z"))


def decision(world, day, policy="retrain"):
    return next(each for each in decisions_of("churn", world.output, window(day)) if each.policy == policy)


def outcomes(world, days=(2, 3, 4, 5)):
    found = {day: decisions_of("churn", world.output, window(day)) for day in days}
    return {day: each.outcome.value for day, decisions in found.items() for each in decisions}


def started(world):
    return sorted(json.loads(world.output.get(info.key)[0])["window"][:13] for info in world.output.list("jobs/"))


def test_every_decision_is_stored_with_its_reason():
    world = a_world("when: drifted > 0.4, cool_down: 3d", [2, 3], [4])

    evaluate(world)

    assert outcomes(world) == {2: "acted", 3: "held", 4: "no"}
    told = [decision(world, day).told for day in (2, 3, 4)]
    assert told == [
        "retrain: acted, drifted 1 > 0.4",
        "retrain: held back, it cools down: it acted because of 2 Mar 2026, less than 3d apart (drifted 1 > 0.4)",
        "retrain: nothing to do, drifted 0, not > 0.4",
    ]


def test_what_was_decided_is_told_to_operators_when_it_changes():
    world = a_world("when: drifted > 0.4", [2], [3])
    evaluate(world)
    world.service.evaluate(world.telemetry, lambda _, output: StoredJobs(output), everything=True)

    told = [event for event in world.telemetry.events if event["event"] == "ml.monitor.decision"]

    assert [(event["window_start"], event["outcome"], event["why"]) for event in told] == [
        ("2026-03-02T00:00:00Z", "acted", "drifted 1 > 0.4"),
        ("2026-03-03T00:00:00Z", "no", "drifted 0, not > 0.4"),
    ]
    assert len({event["id"] for event in told}) == 2


def test_the_reports_are_the_same_with_and_without_decisions():
    worlds = [a_world("when: drifted > 0.4", [2]), a_world("when: drifted > 0.9, cool_down: 1w", [2])]
    for world in worlds:
        evaluate(world)

    one, other = (json.loads(world.output.get("churn/reports/20260302T000000Z/r1.json")[0]) for world in worlds)

    assert {**one, "definition": ""} == {**other, "definition": ""}


def test_too_few_windows_that_count_hold_it_back():
    world = a_world("when: drifted > 0.4, windows: 2, of: 3", [2, 4], [3])

    evaluate(world)

    assert outcomes(world) == {2: "held", 3: "no", 4: "acted"}
    assert decision(world, 2).why == "1 of the last 3 windows counts, 2 must"


def test_a_later_window_counts_only_when_it_is_final():
    world = a_world("when: drifted > 0.4, windows: 2", [2, 3])
    evaluate(world, "2026-03-03T12:00:00Z")
    arrive(world, [moved(2, 50)])
    evaluate(world, "2026-03-04T01:00:00Z")
    before = started(world)

    evaluate(world, "2026-03-04T02:00:00Z")

    assert (before, started(world)) == ([], ["20260303T0000"])


def test_a_window_with_few_rows_does_not_count():
    world = a_world("when: drifted > 0.4, min_rows: 700", [2])
    evaluate(world)
    before = decision(world, 2)
    arrive(world, [moved(2, 100)])

    evaluate(world)

    assert (before.outcome, before.why) == (Outcome.NO, "600 rows, fewer than the 700 needed")
    assert decision(world, 2).outcome is Outcome.ACTED


def test_what_is_undecided_is_never_a_reason_to_act():
    world = a_world('when: "not psi[word] > 100 or psi[x] < 1"', [], [2], rows_each=20)

    evaluate(world)

    assert decision(world, 2).outcome is Outcome.NO
    assert "undecided" in decision(world, 2).why


def test_old_windows_start_nothing():
    world = a_world("when: drifted > 0.4, within: 3d", [2])

    evaluate(world)

    assert decision(world, 2).why == "its time, 2026-03-03T00:00:00Z, is longer ago than 3d"
    assert not started(world)


def test_the_budget_of_a_week_is_kept_and_rolls_on():
    world = a_world("when: drifted > 0.4, most_per_week: 2", [2, 3, 4])
    evaluate(world)
    before = started(world)
    arrive(world, [moved(19)])

    evaluate(world, "2026-03-26T23:00:00Z")
    spent = decision(world, 19)
    arrive(world, [moved(20)])
    evaluate(world, "2026-03-27T01:00:00Z")

    assert before == ["20260302T0000", "20260303T0000"]
    assert (spent.outcome, spent.why) == (
        Outcome.SPENT,
        "it acted 2 times in seven days, and 2 is the most per week",
    )
    assert started(world) == [*before, "20260320T0000"]


def test_a_window_that_ended_just_so_long_ago_still_counts():
    world = a_world("when: drifted > 0.4, within: 3d", [2])

    evaluate(world, "2026-03-06T00:00:00Z")

    assert started(world) == ["20260302T0000"]


def test_after_seven_days_to_the_microsecond_there_is_a_budget_again():
    world = a_world("when: drifted > 0.4, most_per_week: 1", [2])
    evaluate(world)
    arrive(world, [moved(3)])
    world.now += 7 * DAY

    evaluate(world)

    assert started(world) == ["20260302T0000", "20260303T0000"]


def test_a_window_that_comes_late_cools_down_after_one_of_long_ago():
    world = a_world("when: drifted > 0.4, cool_down: 10d, within: 2w", [2])
    evaluate(world, "2026-03-03T03:00:00Z")
    arrive(world, [moved(24)])
    evaluate(world, "2026-03-25T12:00:00Z")
    arrive(world, [moved(11)])

    evaluate(world)

    assert started(world) == ["20260302T0000", "20260324T0000"]
    assert decision(world, 11).why == "it cools down: it acted because of 2 Mar 2026, less than 10d apart"


def test_a_spent_budget_is_no_debt_but_new_rows_are_a_new_reason():
    world = a_world("when: drifted > 0.4, most_per_week: 1", [2, 3])
    evaluate(world)
    world.now += 8 * DAY
    for _ in range(2):
        world.service.evaluate(world.telemetry, lambda _, output: StoredJobs(output), everything=True)
    before = started(world)
    arrive(world, [moved(3, 50)])

    evaluate(world)

    assert before == ["20260302T0000"]
    assert started(world) == ["20260302T0000", "20260303T0000"]


def test_in_quiet_hours_an_action_waits_until_they_are_over():
    world = a_world('when: drifted > 0.4, quiet_hours: ["22:00-06:00"]', [2])
    evaluate(world, "2026-03-03T23:00:00Z")
    found = decision(world, 2)
    before = started(world)
    evaluate(world, "2026-03-04T05:59:00Z")
    still = started(world)

    evaluate(world, "2026-03-04T06:00:00Z")

    assert (found.outcome, found.why) == (Outcome.WAITING, "until 2026-03-04T06:00:00Z, when the quiet hours are over")
    assert (before, still, started(world)) == ([], [], ["20260302T0000"])
    assert decision(world, 2) == found


def test_quiet_hours_that_last_too_long_hold_it_back():
    world = a_world("when: drifted > 0.4, within: 1d, quiet_hours: [Tue-Fri]", [2])

    evaluate(world, "2026-03-03T12:00:00Z")

    assert decision(world, 2).why == (
        "the quiet hours are over at 2026-03-07T00:00:00Z, more than 1d after its time, 2026-03-03T00:00:00Z"
    )


def test_what_needs_approval_waits_for_it():
    world = a_world("when: drifted > 0.4, approval: true, approval_within: 2d", [2])

    evaluate(world)

    assert (decision(world, 2).outcome, decision(world, 2).why) == (Outcome.WAITING, "for approval, at most 2d")


def test_what_was_done_stays_done_though_late_rows_say_otherwise():
    world = a_world("when: drifted > 0.4", [2])
    evaluate(world)
    arrive(world, [rows(2, 20_000, seed=3)])

    evaluate(world)

    assert decision(world, 2).outcome is Outcome.ACTED
    assert started(world) == ["20260302T0000"]


def test_silence_is_noticed_though_nothing_comes_any_more():
    world = a_world("when: silent > 1500, cool_down: 4w", [], [2])
    evaluate(world, "2026-03-03T03:00:00Z")
    before = decision(world, 2)

    evaluate(world, "2026-03-04T03:00:00Z")

    assert (before.outcome, before.why) == (Outcome.NO, "silent 719, not > 1500")
    assert (decision(world, 3).outcome, decision(world, 3).why) == (Outcome.ACTED, "silent 2159 > 1500")


def test_silence_makes_no_windows_without_end_nor_for_those_who_do_not_ask():
    asking, other = (a_world(f"when: {value} > 1, within: 1d", [], [2]) for value in ("silent", "alerts"))
    for world in (asking, other):
        evaluate(world, "2026-09-01T00:00:00Z")
        evaluate(world, "2026-03-10T03:00:00Z")

    assert len({info.key.split("/")[2] for info in asking.output.list("churn/reports/")}) == 8
    assert len({info.key.split("/")[2] for info in other.output.list("churn/reports/")}) == 1


def test_of_silence_before_the_first_row_nobody_knows():
    world = a_world("when: silent > 1", [], [2])
    evaluate(world)
    report = json.loads(world.output.get("churn/reports/20260302T000000Z/r1.json")[0])
    world.output.put("churn/reports/20260302T000000Z/r2.json", json.dumps({**report, "last_row": None}).encode())

    world.output.delete("churn/reports/20260303T000000Z/decisions.json")
    Decider(world.watches[0].monitor, world.output, world.now).decide(window(3))

    assert decision(world, 3).why == "silent > 1 is undecided"


SCHEDULED = "schedule: 0 3 * * *"


def test_a_schedule_begins_with_the_first_moment_after_it_was_seen():
    world = a_world(SCHEDULED, [], [2])
    evaluate(world, "2026-03-04T10:00:00Z")
    before = started(world)

    evaluate(world, "2026-03-05T02:59:00Z")
    still = started(world)
    evaluate(world, "2026-03-05T03:00:00Z")
    evaluate(world, "2026-03-05T09:00:00Z")

    assert (before, still, started(world)) == ([], [], ["20260305T0300"])
    assert decision(world, 2).why == "the schedule names 2026-03-05T03:00:00Z"


def test_a_schedule_that_was_changed_begins_anew():
    world = a_world("schedule: 0 3 * * mon", [], [2])
    evaluate(world, "2026-03-04T10:00:00Z")
    text = MONITOR + "policies: [{name: retrain, file: true, schedule: 0 3 * * *}]\n"
    watch = Watch(load_monitor(text, "monitor.yaml"), world.stores, lambda: world.now)
    world.service = Service([watch], lambda: world.now)

    evaluate(world, "2026-03-05T10:00:00Z")
    at_once = started(world)
    evaluate(world, "2026-03-06T03:00:00Z")

    assert (at_once, started(world)) == ([], ["20260306T0300"])


def test_a_window_that_begins_when_a_schedule_acted_is_not_said_to_be_acted_on():
    world = a_world("schedule: 0 0 * * *", [4], [2, 3])
    evaluate(world, "2026-03-03T23:00:00Z")
    evaluate(world, "2026-03-04T00:05:00Z")
    text = MONITOR + "policies: [{name: retrain, file: true, when: drifted > 0.4}]\n"
    watch = Watch(load_monitor(text, "monitor.yaml"), world.stores, lambda: world.now)
    world.service = Service([watch], lambda: world.now)

    evaluate(world, "2026-03-05T03:00:00Z")

    assert started(world) == ["20260304T0000"]
    assert decision(world, 4).told == "retrain: held back, it acted at its start by a schedule (drifted 1 > 0.4)"


def test_what_a_schedule_names_is_not_taken_from_those_to_whom_it_is_left():
    world = a_world(SCHEDULED, [], [2])
    evaluate(world, "2026-03-04T02:00:00Z")

    Decider(world.watches[0].monitor, world.output, moment("2026-03-04T03:00:00Z"), elsewhere=lambda _: "left").tick()
    left = decision(world, 2)
    evaluate(world, "2026-03-04T03:01:00Z")

    assert (left.outcome, left.why) == (Outcome.HELD, "left")
    assert started(world) == ["20260304T0300"]


def test_of_moments_that_were_missed_only_the_latest_counts():
    world = a_world(SCHEDULED, [], [2, 3])
    evaluate(world, "2026-03-04T02:30:00Z")

    evaluate(world, "2026-03-09T02:59:00Z")

    assert started(world) == ["20260308T0300"]
    assert decision(world, 3).occasion == moment("2026-03-08T03:00:00Z")


def test_a_schedule_that_was_missed_acts_on_what_was_over_when_it_was_due():
    world = a_world("schedule: 0 3 * * mon", [], [2, 9])
    evaluate(world, "2026-03-08T00:00:00Z")
    monitor = make_service(MONITOR).watches[0].monitor
    evaluator = Evaluator(monitor, world.watches[0].eras, world.output, moment("2026-03-11T00:00:00Z"))
    evaluator.evaluate(window(9))

    Decider(world.watches[0].monitor, world.output, moment("2026-03-11T00:00:00Z")).tick()

    assert [(claim.start, claim.window) for claim in Claims(world.output, "churn", "retrain").held().claims] == [
        (moment("2026-03-09T03:00:00Z"), window(2).start)
    ]


def test_a_schedule_waits_for_the_first_final_window():
    world = a_world(SCHEDULED)
    evaluate(world, "2026-03-02T02:00:00Z")
    evaluate(world, "2026-03-03T04:00:00Z")
    arrive(world, [rows(2)])

    evaluate(world, "2026-03-03T05:00:00Z")

    assert started(world) == ["20260303T0300"]


def test_without_changes_a_schedule_that_asks_for_some_does_nothing():
    world = a_world(f"{SCHEDULED}, only_if_changed: true", [], [2])
    evaluate(world, "2026-03-04T02:00:00Z")
    evaluate(world, "2026-03-04T03:00:00Z")
    evaluate(world, "2026-03-05T03:00:00Z")
    unchanged = decision(world, 2)
    arrive(world, [rows(2, 10)])

    evaluate(world, "2026-03-06T03:00:00Z")
    evaluate(world, "2026-03-07T03:00:00Z")

    assert (unchanged.outcome, unchanged.why) == (Outcome.HELD, "there is no new report since it last acted")
    assert started(world) == ["20260304T0300", "20260306T0300"]


def test_a_schedule_may_ask_for_a_condition_and_rest():
    world = a_world(f"{SCHEDULED}, when: drifted > 0.4, cool_down: 2d", [3, 4, 5], [2])
    for day in (3, 4, 5, 6):
        evaluate(world, f"2026-03-{day:02}T02:30:00Z")
        evaluate(world, f"2026-03-{day:02}T03:30:00Z")

    assert outcomes(world) == {2: "no", 3: "acted", 4: "held", 5: "acted"}
    assert started(world) == ["20260304T0300", "20260306T0300"]


def test_what_a_schedule_names_is_decided_once_though_late_rows_say_otherwise():
    world = a_world(f"{SCHEDULED}, when: rows > 650", [], [2])
    evaluate(world, "2026-03-04T02:00:00Z")
    evaluate(world, "2026-03-04T03:00:00Z")
    arrive(world, [rows(2, 100)])

    evaluate(world, "2026-03-04T09:00:00Z")
    before = started(world)
    evaluate(world, "2026-03-05T03:00:00Z")

    assert (before, started(world)) == ([], ["20260305T0300"])


def test_a_job_of_a_schedule_is_told_of_the_window_and_named_by_the_moment():
    world = a_world(f'{SCHEDULED}, parameters: {{since: "{{window}}"}}', [], [2])
    evaluate(world, "2026-03-04T02:00:00Z")
    evaluate(world, "2026-03-04T03:00:00Z")

    (job,) = (json.loads(world.output.get(info.key)[0]) for info in world.output.list("jobs/"))

    assert job["parameters"] == {"since": "20260302T000000Z"}
    assert action_of("churn", world.output, window(2), decision(world, 2)).id == job["id"]


def test_what_cannot_be_started_here_is_left_to_others_and_claims_nothing():
    world = a_world("when: drifted > 0.4", [2])
    elsewhere = make_service(MONITOR + "policies: [{name: other, pipeline: p, when: drifted > 0.4}]\n")
    evaluate(world)

    decider = Decider(elsewhere.watches[0].monitor, world.output, world.now, elsewhere=lambda _: "left to others")
    decider.decide(window(2))

    assert decision(world, 2, "other").why == "left to others"
    assert decider.changed == {window(2)}
    assert Claims(world.output, "churn", "other").held() == Acted()


def test_nothing_is_told_of_an_action_that_was_not_started():
    world = a_world("when: drifted > 0.4, approval: true", [2], [3])
    Decider(world.watches[0].monitor, world.output, world.now).decide(window(2))
    evaluate(world)

    quiet = a_world("when: drifted > 0.4, quiet_hours: [Fri]", [2])
    evaluate(quiet)

    assert decision(quiet, 2).outcome is Outcome.WAITING
    assert action_of("churn", quiet.output, window(2), decision(quiet, 2)) is None
    assert action_of("churn", world.output, window(3), decision(world, 3)) is None


def test_a_stored_decision_that_is_none_is_an_error():
    world = a_world("when: drifted > 0.4", [2])
    world.output.put("churn/reports/20260302T000000Z/decisions.json", b"{}")

    with pytest.raises(StoredFormError, match="no decisions"):
        decisions_of("churn", world.output, window(2))


class Racing:
    """A store in which somebody else writes before each conditional write."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    def put(self, key, data, **conditions):
        if key.endswith("decisions.json"):
            raise PreconditionError(key)
        return self._store.put(key, data, **conditions)


def test_whoever_is_always_too_late_says_so():
    world = a_world("when: drifted > 0.4", [2])
    evaluate(world)
    world.output.delete("churn/reports/20260302T000000Z/decisions.json")

    with pytest.raises(PreconditionError, match="another evaluator decided on"):
        Decider(world.watches[0].monitor, Racing(world.output), world.now).decide(window(2))


def test_claims_that_can_have_no_effect_any_more_are_forgotten():
    claims = Claims(MemoryStore("out", lambda: 0), "churn", "retrain")
    for start in (1, 2, 3):
        claims.claim(Claim(start, start, time=start), lambda _: "")
    claims.settle(1)
    claims.settle(3)

    assert not claims.claim(Claim(9, 9, time=9), lambda _: "", forget_before=3)

    assert [claim.start for claim in claims.held().claims] == [2, 3, 9]
    assert claims.held().waiting == (2, 9)


def test_a_job_that_has_ended_is_not_asked_after_again_because_who_started_it_says_late_that_it_did():
    claims = Claims(MemoryStore("out", lambda: 0), "churn", "retrain")
    claims.claim(Claim(1, 1, time=1), lambda _: "")
    claims.settle(1, runs=True)
    before = claims.held().running
    claims.ended(1)

    claims.settle(1, runs=True)

    assert (before, claims.held().running) == ((1,), ())


def test_a_moment_that_was_decided_late_does_not_take_a_schedule_back():
    claims = Claims(MemoryStore("out", lambda: 0), "churn", "retrain")
    claims.since("0 3 * * *", 1)
    for moment_decided in (5, 3):
        claims.seen(moment_decided)

    assert claims.since("0 3 * * *", 9) == 5


def test_who_sees_a_changed_schedule_second_takes_what_the_first_one_wrote():
    store = MemoryStore("out", lambda: 0)
    claims = Claims(store, "churn", "retrain")
    held = store.get

    def late(key):
        store.get = held
        Claims(store, "churn", "retrain").since("0 3 * * *", 1)
        raise ObjectNotFoundError(key)

    store.get = late
    claims.since("0 3 * * *", 2)

    assert claims.since("0 3 * * *", 9) == 1


def test_a_claim_is_due_when_its_time_has_come():
    acted = Acted((Claim(1, 1, 1), Claim(2, 2, 1, after=10), Claim(3, 3, 1)), (1, 2))

    assert [claim.start for claim in acted.due(9)] == [1]
    assert [claim.start for claim in acted.due(10)] == [1, 2]
    assert acted.of(4) is None


def test_whoever_claims_what_is_claimed_hears_no_refusal():
    claims = Claims(MemoryStore("out", lambda: 0), "churn", "retrain")
    claims.claim(Claim(1, 1, 1), lambda _: "")

    assert claims.claim(Claim(1, 1, 5), lambda _: "too late") == ""
    assert claims.claim(Claim(2, 2, 5), lambda _: "too late") == "too late"
    assert claims.held().claims == (Claim(1, 1, 1),)
