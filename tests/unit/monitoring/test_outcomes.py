"""What became of jobs: as a cloud tells of them, and as their services say when asked."""

import json

import pytest
from pasts import moved
from services import MONITOR, Told, make_service
from worlds import lines, moment

from atalaia.errors import JobError, StoreError
from atalaia.monitor_file import load_monitor
from atalaia.monitoring.actions import Action, State, all_actions, to_json
from atalaia.monitoring.claims import Claims
from atalaia.monitoring.layout import action_key
from atalaia.monitoring.outcomes import LONGEST_RUN, note_outcome
from atalaia.ports import Course
from atalaia.window import parse_time
from atalaia_local import MemoryStore

START = parse_time("2026-03-02T00:00:00Z")
WATCHED = load_monitor(MONITOR + "policies: [{name: retrain, when: drifted > 0.4, pipeline: p}]\n", "monitor.yaml")
DATABRICKS = (
    "policies: [{name: retrain, when: drifted > 0.4, new_baseline: {windows: 2}, "
    "databricks: {host: 'https://h', job_id: 1, token: 'env:T'}}]\n"
)
NOON = moment("2026-03-20T12:00:00Z")


def an_action(**more):
    store = MemoryStore("mem://out", lambda: START)
    action = Action("id", "retrain", "20260302T000000Z", START, **more)
    store.put(action_key("churn", "retrain", "20260302T000000Z"), to_json(action))
    return store


def test_what_a_policy_began_that_is_no_more_holds_up_no_outcome_of_others():
    store, without = an_action(tries=1), load_monitor(MONITOR, "monitor.yaml")

    assert note_outcome(without, store, "theirs", "Succeeded", 20) is None
    with pytest.raises(JobError, match="not known yet"):
        note_outcome(WATCHED, store, "theirs", "Succeeded", 20)


def test_of_an_action_that_was_written_long_ago_nothing_is_heard():
    store = an_action(job="job-0", state="done")

    late = [note_outcome(WATCHED, store, "job-0", "Succeeded", START + LONGEST_RUN + more) for more in (0, -1)]

    assert [found and found.outcome for found in late] == [None, "Succeeded"]


class Service:
    """Starts jobs, and tells what became of them as `said` has it: a course, or an error."""

    def __init__(self, said=None):
        self.said, self.asked = said, []

    def __call__(self, policy, store):
        return self

    def start(self, job):
        return "1000"

    def course(self, name, job_id):
        self.asked.append(name)
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


def a_world(policies):
    """Return one in which rows have drifted."""
    world = make_service(MONITOR + policies)
    assert not world.service.ingest([world.put("2.jsonl", lines(moved(2)))]).failed
    world.databricks = Service()
    return world


@pytest.fixture
def world():
    """One in which a policy has started a run in Databricks."""
    world = a_world(DATABRICKS)
    evaluate(world)
    return world


def evaluate(world, said=None):
    world.databricks.said = said
    return world.service.evaluate(Told(), world.databricks)


def stored(world):
    (found,) = [json.loads(world.output.get(info.key)[0]) for info in world.output.list("churn/actions/")]
    return found.get("outcome"), found.get("outcome_time")


def renewals(world):
    return list(world.output.list("churn/renewals/"))


def test_a_job_of_which_nobody_tells_is_asked_after_until_it_has_ended(world):
    running = evaluate(world, Course("Running", NOON))
    seen = stored(world)
    ended = evaluate(world, Course("Succeeded", NOON + 60))
    asked = len(world.databricks.asked)
    evaluate(world, Course("Failed", NOON + 90))

    (line,) = ended.ended()
    assert list(running.ended()) == []
    assert seen == ("Running", NOON)
    assert stored(world) == ("Succeeded", NOON + 60)
    assert (line["event"], line["job"], line["state"]) == ("ml.monitor.lifecycle", "1000", "Succeeded")
    assert len(world.databricks.asked) == asked


def test_a_new_baseline_begins_once_a_job_that_was_asked_after_has_ended_well(world):
    evaluate(world, Course("Running"))
    before = renewals(world)
    evaluate(world, Course("Succeeded", NOON))
    evaluate(world)

    assert before == []
    assert len(renewals(world)) == 1


def test_a_job_that_failed_begins_no_new_baseline(world):
    evaluate(world, Course("Failed", NOON))

    assert stored(world)[0] == "Failed"
    assert renewals(world) == []


def test_a_service_that_does_not_say_since_when_is_believed_for_now(world):
    began = world.now
    evaluate(world, Course("Running"))
    world.now += 60
    evaluate(world, Course("Running"))
    running = stored(world)
    evaluate(world, Course("Succeeded"))

    assert running == ("Running", began)
    assert stored(world) == ("Succeeded", world.now)


def test_while_a_run_can_not_be_found_or_asked_after_the_log_says_why_and_it_is_asked_after_again(world):
    nowhere = evaluate(world)
    refused = evaluate(world, JobError("the token has no right"))
    evaluate(world, Course("Succeeded", NOON))

    (why,) = refused.counts()["monitors"]["churn"]["unknown"].values()
    assert why == "the token has no right"
    assert "unknown" not in nowhere.counts()["monitors"]["churn"]
    assert stored(world) == ("Succeeded", NOON)


def test_a_job_that_has_not_ended_in_two_months_is_not_asked_after_any_more(world):
    world.now += LONGEST_RUN
    evaluate(world, Course("Running", NOON))
    asked = len(world.databricks.asked)
    evaluate(world, Course("Succeeded", NOON))

    assert len(world.databricks.asked) == asked


def test_an_action_that_somebody_deleted_is_not_asked_after(world):
    (info,) = world.output.list("churn/actions/")
    world.output.delete(info.key)
    evaluate(world, Course("Succeeded", NOON))

    assert world.databricks.asked == ["1000"]  # when it was started
    assert Claims(world.output, "churn", "retrain").held().running == ()


def test_an_action_that_was_declined_has_no_job_to_ask_after():
    world = a_world(DATABRICKS.replace("new_baseline", "approval: true, new_baseline"))
    world.output.put("churn/approvals/retrain/20260302T000000Z.json", b'{"decision": "decline"}')
    evaluate(world, Course("Succeeded", NOON))

    (action,) = all_actions(world.output, "churn")
    assert action.state is State.DECLINED
    assert world.databricks.asked == []


def test_what_another_evaluator_heard_first_is_no_fault(world):
    def heard_by_both(name, job_id):
        world.service.note_outcome(name, "Succeeded", NOON)
        return Course("Running", NOON - 60)

    world.databricks.course = heard_by_both
    done = world.service.evaluate(Told(), world.databricks)
    again = world.service.evaluate(Told(), world.databricks)

    assert "unknown" not in done.counts()["monitors"]["churn"]
    assert stored(world) == ("Succeeded", NOON)
    assert [line["state"] for line in again.ended()] == ["Succeeded"]


def test_what_was_heard_before_a_crash_is_gone_on_with_after_it(world, monkeypatch):
    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("atalaia.monitoring.rounds.renew_after_run", die)
        with pytest.raises(KeyboardInterrupt):
            evaluate(world, Course("Succeeded", NOON))
    before = renewals(world)
    evaluate(world)

    assert (before, len(renewals(world))) == ([], 1)
    assert stored(world) == ("Succeeded", NOON)


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("outcomes.Claims", {"unknown": {"retrain": "the store is away"}}),
        ("rounds.renew_after_run", {"not_renewed": "the store is away"}),
    ],
)
def test_what_cannot_be_read_or_written_holds_up_no_report(world, part, told, monkeypatch):
    def broken(*_):
        raise StoreError("the store is away")

    with monkeypatch.context() as patch:
        patch.setattr(f"atalaia.monitoring.{part}", broken)
        done = evaluate(world, Course("Succeeded", NOON))
    evaluate(world, Course("Succeeded", NOON))

    counted = done.counts()["monitors"]["churn"]
    assert {key: counted[key] for key in ("unknown", "not_renewed") if key in counted} == told
    assert done.failed == {}
    assert len(renewals(world)) == 1


def test_an_answer_that_nobody_foresaw_is_told_without_its_text(world):
    done = evaluate(world, ValueError("t0ken"))

    (why,) = done.counts()["monitors"]["churn"]["unknown"].values()
    assert why == "What came of the call was not understood (ValueError)."


def test_when_time_is_short_nobody_is_asked(world):
    world.databricks.asked.clear()
    world.databricks.said = Course("Succeeded", NOON)
    world.service.evaluate(Told(), world.databricks, lambda: False)

    assert world.databricks.asked == []
