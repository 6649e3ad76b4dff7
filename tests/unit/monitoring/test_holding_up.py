"""What fails for one policy holds up no other, nor other monitors."""

import pytest
from pasts import moved
from services import MONITOR, Told, make_service
from worlds import lines, moment, rows

from atalaia.errors import AtalaiaError, JobError, StoreError
from atalaia.monitor_file import load_monitor
from atalaia.monitoring.acting import LEASE
from atalaia.monitoring.actions import all_actions
from atalaia.monitoring.claims import Claims
from atalaia.monitoring.service import NewVersion, Service
from atalaia.monitoring.watch import Watch
from atalaia.window import parse_duration

TWO = """
policies:
  - {name: first, when: drifted > 0.4, pipeline: p}
  - {name: second, when: drifted > 0.4, pipeline: p}
"""
SCHEDULED = """
policies:
  - {name: nightly, schedule: 0 3 * * *, pipeline: p}
  - {name: second, when: drifted > 0.4, pipeline: p}
"""
DAMAGED = b"{"
DAY = parse_duration("1d")


class Starter:
    def __init__(self):
        self.started, self.plan = [], {}

    def __call__(self, policy, store):
        return self

    def start(self, job):
        if job.policy in self.plan:
            raise self.plan[job.policy]
        self.started.append((job.policy, job.window[:8]))
        return job.id


def a_world(*texts):
    world = make_service(*texts)
    world.starter, world.telemetry = Starter(), Told()
    arrive(world, 2)
    return world


def arrive(world, day):
    assert not world.service.ingest([world.put(f"{day}.jsonl", lines(moved(day)))]).failed


def evaluate(world, now=None):
    world.now = moment(now) if now else world.now
    return world.service.evaluate(world.telemetry, world.starter)


def two_monitors():
    return [MONITOR.replace("name: churn\nmodel", f"name: {name}\nmodel") + TWO for name in ("one", "other")]


def stop(*_, **__):
    raise KeyboardInterrupt


def refuse(key):
    if key.startswith("one/"):
        raise StoreError("refused")


def failed(world):
    return [event for event in world.telemetry.events if event["event"] == "ml.monitor.action_failed"]


def test_an_action_that_cannot_be_read_holds_up_no_other():
    world = a_world(MONITOR + TWO)
    world.output.put("churn/actions/first/20260302T000000Z.json", DAMAGED)
    arrive(world, 3)

    evaluate(world)

    assert world.starter.started == [("first", "20260303"), ("second", "20260302"), ("second", "20260303")]
    (event,) = failed(world)
    assert (event["policy"], event["window_start"]) == ("first", "2026-03-02T00:00:00Z")
    assert "not an action" in event["why"]


def test_claims_that_cannot_be_read_hold_up_no_other_policy_and_no_other_monitor():
    world = a_world(MONITOR + TWO, MONITOR.replace("name: churn\nmodel", "name: other\nmodel") + TWO)
    world.output.put("churn/state/policies/first.json", DAMAGED)

    done = evaluate(world)

    assert world.starter.started == [("second", "20260302"), ("first", "20260302"), ("second", "20260302")]
    assert "first.json: no claims" in done.evaluated["churn"].failed["20260302T000000Z"]
    assert "first.json: no claims" in failed(world)[0]["why"]
    with pytest.raises(AtalaiaError, match="no claims"):
        done.demand_all()


def test_decisions_that_cannot_be_read_hold_up_no_actions():
    world = a_world(MONITOR + SCHEDULED)
    evaluate(world, "2026-03-03T23:00:00Z")
    world.output.put("churn/reports/20260302T000000Z/decisions.json", DAMAGED)
    world.starter.plan = {"second": JobError("busy")}
    arrive(world, 3)
    claims = Claims(world.output, "churn", "second")
    evaluate(world, "2026-03-04T02:30:00Z")
    assert len(claims.held().waiting) == 1

    world.starter.plan = {}
    world.output.put("churn/reports/20260303T000000Z/decisions.json", DAMAGED)
    done = evaluate(world, "2026-03-04T03:30:00Z").evaluated["churn"]

    assert claims.held().waiting == ()
    assert "no decisions" in done.failed["schedules"]


def test_a_schedule_whose_claims_cannot_be_read_holds_up_no_other():
    world = a_world(MONITOR + SCHEDULED.replace("second, when: drifted > 0.4", "hourly, schedule: 0 * * * *"))
    evaluate(world, "2026-03-03T23:30:00Z")
    world.output.put("churn/state/policies/nightly.json", DAMAGED)

    done = evaluate(world, "2026-03-04T03:30:00Z").evaluated["churn"]

    assert [policy for policy, _ in world.starter.started] == ["hourly"]
    assert "nightly.json: no claims" in done.failed["schedules"]


@pytest.mark.parametrize("error", [JobError("busy"), KeyError("executionArn")])
def test_whatever_a_target_answers_holds_up_no_other(error):
    world = a_world(MONITOR + TWO)
    world.starter.plan = {"first": error}

    evaluate(world)

    assert world.starter.started == [("second", "20260302")]
    assert [event["policy"] for event in failed(world)] == ["first"]
    world.starter.plan, world.now = {}, world.now + LEASE
    evaluate(world)
    assert world.starter.started == [("second", "20260302"), ("first", "20260302")]


def test_what_one_monitor_cannot_note_holds_up_no_other():
    world = a_world(*two_monitors())
    evaluate(world)
    job = next(all_actions(world.output, "other")).job
    world.output.put("one/actions/first/20260302T000000Z.json", DAMAGED)

    noted = world.service.note_outcome(job, "Succeeded", world.now)
    with pytest.raises(AtalaiaError, match="not an action"):
        world.service.note_outcome("theirs", "Succeeded", world.now)
    assert noted[0] == "other"


def test_what_one_monitor_cannot_begin_holds_up_no_other():
    asking = "model: {name: churn, new_baseline: {windows: 1}}"
    world = a_world(*(text.replace("model: {name: churn}", asking) for text in two_monitors()))
    put = world.output.put
    world.stores.opened["mem://out"].put = lambda key, *args, **kwargs: refuse(key) or put(key, *args, **kwargs)

    with pytest.raises(StoreError, match="refused"):
        world.service.note_model(NewVersion("churn", "8", world.now))

    assert len(list(world.output.list("other/renewals/"))) == 1


def test_a_renewal_that_cannot_be_read_holds_up_no_other_monitor():
    world = a_world(*(text.replace("pipeline: p", "pipeline: p, new_baseline: {}") for text in two_monitors()))
    world.output.put("one/renewals/1.json", DAMAGED)

    done = evaluate(world)

    assert "one/renewals/1.json: no renewal" in done.failed["one"]
    assert list(done.evaluated) == ["other"]


def test_an_action_that_cannot_be_read_keeps_nobody_from_telling_people():
    asking = "  - {name: asking, when: drifted > 0.4, approval: true, pipeline: p}\n"
    world = a_world(MONITOR + TWO.replace("pipeline: p", "webhook: {url: 'https://ci.example'}") + asking)
    world.output.put("churn/actions/asking/20260302T000000Z.json", DAMAGED)

    evaluate(world)

    assert world.starter.started == [("first", "20260302"), ("second", "20260302")]


def test_a_baseline_that_takes_all_the_time_holds_up_no_action():
    world = a_world(MONITOR + TWO)
    evaluate(world)
    asking = [text.replace("pipeline: p", "pipeline: p, new_baseline: {data: mem://train}", 1) for text in [TWO]]
    watch = Watch(load_monitor(MONITOR + asking[0], "monitor.yaml"), world.stores, lambda: world.now)
    world.service = Service([watch], lambda: world.now)
    world.stores("mem://train").put("a.jsonl", lines(rows(2, 300)))
    world.stores("mem://train").get = stop
    world.service.note_outcome(next(all_actions(world.output, "churn")).job, "Succeeded", world.now)
    arrive(world, 3)

    with pytest.raises(KeyboardInterrupt):
        evaluate(world)

    assert world.starter.started[2:] == [("first", "20260303"), ("second", "20260303")]
