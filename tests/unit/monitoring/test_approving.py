import json

import pytest
from packets import Interrupted
from pasts import shifted
from services import MONITOR, Told, actions, make_service
from worlds import lines, moment

from atalaia.errors import ApprovalError, JobError
from atalaia.monitor_file import load_monitor
from atalaia.monitoring.approving import Approval, Decision, decide, waiting_action
from atalaia.monitoring.decided import page_decisions
from atalaia.monitoring.service import Service
from atalaia.monitoring.watch import Watch
from atalaia.window import SECOND, Window, parse_time

DAY = 86_400 * SECOND
POLICY = "policies: [{name: retrain, when: drifted > 0.4, approval: true, approval_within: 2d, pipeline: p}]\n"
QUIET = 'policies: [{name: retrain, when: drifted > 0.4, quiet_hours: ["22:00-06:00"], pipeline: p}]\n'
KEY = "churn/approvals/retrain/20260302T000000Z.json"
WINDOW = "20260302T000000Z"


class Starter:
    def __init__(self):
        self.calls, self.jobs, self.fails = 0, [], False

    def __call__(self, policy, store):
        return self

    def start(self, job):
        self.calls += 1
        if self.fails:
            raise JobError("busy")
        self.jobs.append(job)
        return job.id


def arrived(world):
    """Let drifted rows arrive, and evaluate them."""
    world.starter, world.telemetry = getattr(world, "starter", None) or Starter(), Told()
    assert not world.service.ingest([world.put("2.jsonl", lines(shifted(2, 5.0)))]).failed
    evaluate(world)
    return world


def evaluate(world):
    return world.service.evaluate(world.telemetry, world.starter)


@pytest.fixture
def world():
    """One in which a policy waits for approval."""
    return arrived(make_service(MONITOR + POLICY))


def waiting(world):
    return waiting_action(world.output, world.watches[0].monitor, "retrain", WINDOW, world.now)


def told(world):
    names = [(event["event"].removeprefix("ml.monitor."), event) for event in world.telemetry.events]
    return [(name, event) for name, event in names if name.startswith(("action", "approval"))]


def test_what_must_be_approved_waits_and_operators_are_told_once(world):
    evaluate(world)

    (action,) = actions(world)
    ((name, event),) = told(world)
    assert (action["state"], world.starter.calls, name) == ("pending-approval", 0, "approval")
    assert (event["policy"], event["until"]) == ("retrain", "2026-03-22T00:00:00Z")
    assert "of x" in event["findings"]


def test_what_is_approved_is_started_once(world):
    decide(world.output, "churn", waiting(world), Approval(Decision.APPROVE, "Ada", "2026-03-20T00:00:00Z"))
    evaluate(world)
    evaluate(world)

    (action,) = actions(world)
    assert (action["state"], action["by"], world.starter.calls) == ("done", "Ada", 1)
    assert [name for name, _ in told(world)] == ["approval", "action"]


def test_what_is_declined_is_never_started(world):
    decide(world.output, "churn", waiting(world), Approval(Decision.DECLINE, "Ada"))
    evaluate(world)
    world.now += 30 * DAY
    evaluate(world)

    (action,) = actions(world)
    assert (action["state"], world.starter.calls) == ("declined", 0)
    assert [(name, event.get("by")) for name, event in told(world)] == [("approval", None), ("action_declined", "Ada")]


def test_what_was_declined_cools_down_as_if_it_had_been_done():
    world = arrived(make_service(MONITOR + POLICY.replace("pipeline: p", "pipeline: p, cool_down: 2d")))
    decide(world.output, "churn", waiting(world), Approval(Decision.DECLINE, "Ada"))
    evaluate(world)
    for day in (3, 4):
        world.service.ingest([world.put(f"{day}.jsonl", lines(shifted(day, 5.0)))])
        evaluate(world)

    assert [(each["window"][:8], each["state"]) for each in actions(world)] == [
        ("20260302", "declined"),
        ("20260304", "pending-approval"),
    ]


def test_what_nobody_approves_runs_out(world):
    world.now += 2 * DAY + 1
    evaluate(world)
    world.output.put(KEY, b'{"decision": "approve"}')
    evaluate(world)

    (action,) = actions(world)
    assert (action["state"], world.starter.calls) == ("expired", 0)
    assert [name for name, _ in told(world)] == ["approval", "action_expired"]


def on_its_page(world):
    start = parse_time("2026-03-02T00:00:00Z")
    ((shown,),) = page_decisions(world.watches[0].monitor, world.output, [Window(start, start + DAY)]).values()
    return shown.outcome.value, shown.why


def test_the_page_says_what_became_of_what_waited(world):
    waited = on_its_page(world)
    decide(world.output, "churn", waiting(world), Approval(Decision.APPROVE, "Ada"))
    evaluate(world)

    assert waited == ("waiting", "for approval, at most 2d")
    assert on_its_page(world) == ("acted", "it waited for approval, at most 2d; approved by Ada")


@pytest.mark.parametrize(
    ("by", "why"), [("Ada", "declined by Ada"), ("", "declined"), (None, "nobody approved it in time")]
)
def test_the_page_says_that_what_waited_was_not_approved(world, by, why):
    if by is None:
        world.now += 2 * DAY + 1
    else:
        decide(world.output, "churn", waiting(world), Approval(Decision.DECLINE, by))
    evaluate(world)

    assert on_its_page(world) == ("held", why)


def test_while_what_was_approved_could_not_be_started_the_page_says_that_it_waits(world):
    world.starter.fails = True
    decide(world.output, "churn", waiting(world), Approval(Decision.APPROVE, "Ada"))
    evaluate(world)

    assert on_its_page(world) == ("waiting", "for approval, at most 2d")


def test_the_page_says_of_what_nobody_had_to_approve_only_how_long_it_waited():
    world = make_service(MONITOR + QUIET)
    world.now = moment("2026-03-03T23:00:00Z")
    arrived(world)
    world.now = moment("2026-03-04T06:00:00Z")
    evaluate(world)

    assert on_its_page(world) == ("acted", "it waited until 2026-03-04T06:00:00Z, when the quiet hours are over")


def test_an_approval_by_hand_may_come_before_the_action():
    world = make_service(MONITOR + POLICY)
    world.output.put(KEY, b'{"decision": "approve"}')
    arrived(world)
    evaluate(world)

    assert world.starter.calls == 1


def test_an_approval_that_cannot_be_read_is_told_and_may_be_corrected(world):
    world.output.put(KEY, b'{"decision": "perhaps"}')
    evaluate(world)
    failed = told(world)[-1]
    world.output.put(KEY, b'{"decision": "approve"}')
    evaluate(world)

    assert failed[0] == "action_failed"
    assert "not an approval" in failed[1]["why"]
    assert world.starter.calls == 1


def test_an_approval_that_cannot_be_read_does_not_wait_for_ever(world):
    world.output.put(KEY, b'{"decision": "perhaps"}')

    world.now += 2 * DAY + 1
    evaluate(world)

    assert [action["state"] for action in actions(world)] == ["expired"]


def test_what_is_approved_in_quiet_hours_waits_until_they_are_over():
    world = make_service(MONITOR + POLICY.replace("pipeline: p", 'pipeline: p, quiet_hours: ["22:00-06:00"]'))
    world.now = moment("2026-03-03T21:00:00Z")
    arrived(world)
    decide(world.output, "churn", waiting(world), Approval(Decision.APPROVE, "Ada"))

    calls = []
    for time in ("2026-03-03T22:00:00Z", "2026-03-04T05:59:00Z", "2026-03-04T06:00:00Z"):
        world.now = moment(time)
        evaluate(world)
        calls.append(world.starter.calls)

    assert calls == [0, 0, 1]
    assert actions(world)[0]["by"] == "Ada"


def test_a_call_that_failed_is_made_again_in_quiet_hours_too():
    """The service may have begun the job, which nobody can be told of before its name is known."""
    world = make_service(MONITOR + QUIET)
    world.now = moment("2026-03-03T21:59:50Z")
    world.starter = Starter()
    world.starter.fails = True
    arrived(world)
    world.now, world.starter.fails = moment("2026-03-03T22:01:00Z"), False

    evaluate(world)

    assert world.starter.calls == 2


def test_a_policy_that_is_made_to_ask_asks_for_what_it_had_begun_to_start():
    world = make_service(MONITOR + POLICY.replace("approval: true, approval_within: 2d, ", ""))
    world.starter = Starter()
    world.starter.fails = True
    arrived(world)
    asking = Watch(load_monitor(MONITOR + POLICY, "monitor.yaml"), world.stores, lambda: world.now)
    world.service = Service([asking], lambda: world.now)
    world.starter.fails, world.now = False, world.now + DAY

    evaluate(world)
    before = world.starter.calls
    names = [name for name, _ in told(world)]
    decide(world.output, "churn", waiting(world), Approval(Decision.APPROVE))
    for _ in range(2):
        evaluate(world)

    assert (before, world.starter.calls) == (1, 2)
    assert names[-1] == "approval"


@pytest.mark.parametrize(("said", "calls", "state"), [("approve", 2, "done"), ("decline", 1, "declined")])
def test_what_was_answered_before_it_was_asked_for_is_heard(said, calls, state):
    world = make_service(MONITOR + POLICY.replace("approval: true, approval_within: 2d, ", ""))
    world.starter = Starter()
    world.starter.fails = True
    arrived(world)
    asking = Watch(load_monitor(MONITOR + POLICY, "monitor.yaml"), world.stores, lambda: world.now)
    world.service = Service([asking], lambda: world.now)
    world.output.put(KEY, json.dumps({"decision": said, "by": "Ada"}).encode())
    evaluate(world)
    soon = world.starter.calls
    world.starter.fails, world.now = False, world.now + 31 * SECOND

    evaluate(world)

    assert (soon, world.starter.calls) == (1, calls)
    assert [(action["state"], action["by"]) for action in actions(world)] == [(state, "Ada")]


def test_what_was_approved_is_tried_again_without_asking_again(world):
    world.starter.fails = True
    decide(world.output, "churn", waiting(world), Approval(Decision.APPROVE, "Ada"))
    evaluate(world)
    world.starter.fails, world.now = False, world.now + 31 * SECOND

    evaluate(world)

    assert world.starter.calls == 2
    assert [(action["state"], action["by"]) for action in actions(world)] == [("done", "Ada")]


def test_the_first_decision_holds(world):
    action = waiting(world)
    decide(world.output, "churn", action, Approval(Decision.APPROVE, "Ada", "2026-03-20T00:00:00Z"))

    with pytest.raises(ApprovalError, match="approved by Ada at 2026-03-20T00:00:00Z already"):
        decide(world.output, "churn", action, Approval(Decision.DECLINE))

    assert json.loads(world.output.get(KEY)[0])["decision"] == "approve"


def test_who_decided_may_not_be_known(world):
    action = waiting(world)
    decide(world.output, "churn", action, Approval(Decision.DECLINE))

    with pytest.raises(ApprovalError, match="declined already"):
        decide(world.output, "churn", action, Approval(Decision.APPROVE))


def test_nothing_is_approved_that_does_not_wait(world):
    with pytest.raises(ApprovalError, match="no such action"):
        waiting_action(world.output, world.watches[0].monitor, "retrain", "20260303T000000Z", world.now)
    with pytest.raises(ApprovalError, match="waited until 2026-03-22"):
        waiting_action(world.output, world.watches[0].monitor, "retrain", WINDOW, world.now + 3 * DAY)

    world.now += 3 * DAY
    evaluate(world)
    with pytest.raises(ApprovalError, match="it is expired"):
        waiting(world)


def test_nothing_is_approved_of_a_policy_that_is_gone(world):
    without = load_monitor(MONITOR + POLICY.replace("name: retrain", "name: renamed"), "monitor.yaml")

    with pytest.raises(ApprovalError, match="no such policy any more"):
        waiting_action(world.output, without, "retrain", WINDOW, world.now)


def test_while_it_waits_outcomes_of_other_jobs_are_nobodys(world):
    assert world.service.note_outcome("theirs", "Succeeded", 20) is None


def test_another_who_settles_it_first_is_left_alone():
    """Two evaluators find that it ran out; the second one's write is refused."""
    raced = 0
    for calls in range(1, 60):
        world = arrived(make_service(MONITOR + POLICY))
        world.now += 3 * DAY
        whole, other = world.stores.opened["mem://out"], []

        def happens(world=world, whole=whole, other=other):
            world.stores.opened["mem://out"] = whole
            world.restart()
            evaluate(world)
            other.append(settled(whole))
            world.now += SECOND

        world.stores.opened["mem://out"] = world.output = Interrupted(whole, calls, happens)
        world.restart()
        began = settled(whole)
        evaluate(world)
        if not other:
            break
        assert settled(whole) == other[0] > began
        raced += 1
    assert raced > 1


def settled(store):
    """When the one action was written last."""
    (info,) = store.list("churn/actions/")
    return info.time


@pytest.mark.parametrize(("target", "count"), [("webhook: {url: 'https://here.example'}", 2), ("pipeline: p", 0)])
def test_who_tells_people_is_told_where_to_approve(target, count):
    tell = f"  - {{name: tell, when: drifted > 0.4, {target}}}\n"
    later = "  - {name: later, when: drifted > 0.9, approval: true, pipeline: p}\n"
    wait = "  - {name: retrain, when: drifted > 0.4, approval: true, pipeline: p}\n"
    world = make_service(MONITOR + "policies:\n" + tell + later + wait)
    world.service = Service(world.watches, lambda: world.now, links=links)
    arrived(world)

    (job,) = world.starter.jobs
    names = {"Approve retrain": "https://here.example/approve", "Decline retrain": "https://here.example/decline"}
    assert job.policy == "tell"
    assert job.evidence.get("links", {}) == (names if count else {})
    assert "links" not in next(each for each in actions(world) if each["policy"] == "tell")["evidence"]
    (event,) = [event for name, event in told(world) if name == "approval"]
    assert event["approve"] == "https://here.example/approve"


def test_who_tells_people_late_does_not_tell_them_to_approve_what_was_declined():
    tell = "  - {name: tell, when: drifted > 0.4, webhook: {url: 'https://here.example'}}\n"
    wait = "  - {name: retrain, when: drifted > 0.4, approval: true, pipeline: p}\n"
    world = make_service(MONITOR + "policies:\n" + tell + wait)
    world.service = Service(world.watches, lambda: world.now, links=links)
    world.output.put(KEY, b'{"decision": "decline"}')
    world.starter = Starter()
    world.starter.fails = True
    arrived(world)
    evaluate(world)
    world.starter.fails, world.now = False, world.now + 31 * SECOND

    evaluate(world)

    (job,) = world.starter.jobs
    assert {each["policy"]: each["state"] for each in actions(world)} == {"retrain": "declined", "tell": "done"}
    assert "links" not in job.evidence


def links(monitor, action):
    return {name: f"https://here.example/{name}" for name in ("approve", "decline")}
