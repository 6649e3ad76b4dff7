"""The lease of an action, step by step; many schedules of it are in test_exactly_once."""

import json

import pytest
from msgspec.structs import replace
from services import MONITOR

from atalaia.errors import JobError, StoredFormError, StoreError
from atalaia.monitor_file import load_monitor
from atalaia.monitoring.acting import LEASE, Actor
from atalaia.monitoring.actions import Action, State, action_from_json, all_actions, to_json
from atalaia.monitoring.claims import Claim, Claims
from atalaia.monitoring.layout import action_key, approval_key
from atalaia.monitoring.outcomes import note_outcome
from atalaia.ports import LONGEST_START
from atalaia.window import SECOND, parse_time
from atalaia_local import MemoryStore

START = parse_time("2026-03-02T00:00:00Z")
DAY = 86_400 * SECOND
ASKING = MONITOR + "policies: [{name: retrain, when: drifted > 0.4, approval: true, approval_within: 2d, file: true}]\n"
WATCHED = load_monitor(MONITOR + "policies: [{name: retrain, when: drifted > 0.4, file: true}]\n", "monitor.yaml")


class Place:
    """An output in which one window is claimed, a clock, and a target."""

    def __init__(self, monitor=WATCHED):
        self.now, self.calls, self.plan = START, [], lambda: "job-0"
        self.monitor = monitor
        self.store = MemoryStore("mem://out", lambda: self.now)
        Claims(self.store, "churn", "retrain").claim(Claim(START, START, START), lambda acted: "", 0)

    def start(self, job):
        self.calls.append(job)
        return self.plan()

    def act(self, who="one", enough_time=lambda: True):
        actor = Actor(self.monitor, self.store, lambda: self.now, lambda key: None, who)
        return list(actor.act(lambda policy, store: self, enough_time))

    @property
    def action(self):
        (found,) = all_actions(self.store, "churn")
        return found


@pytest.fixture
def place():
    return Place()


def stop():
    raise KeyboardInterrupt


def throttled():
    raise JobError("throttled")


def test_while_a_target_is_called_the_action_says_by_whom_and_until_when(place):
    seen = []
    place.plan = lambda: seen.append(place.action) or "job-0"

    place.act("call-1")

    (held,) = seen
    assert (held.state, held.who, held.until) == (State.CALLING, "call-1", START + LEASE)
    assert (place.action.state, place.action.until, place.action.job) == (State.DONE, 0, "job-0")


def test_nobody_else_calls_before_the_lease_has_run_out(place):
    place.plan = stop
    with pytest.raises(KeyboardInterrupt):
        place.act()
    place.plan = lambda: "job-0"

    place.now += LEASE - 1
    place.act("two")
    before = len(place.calls)
    place.now += 1
    place.act("two")

    assert (before, len(place.calls)) == (1, 2)
    assert (place.action.who, place.action.tries, place.action.job) == ("two", 2, "job-0")
    assert len({job.id for job in place.calls}) == 1


def test_who_took_the_lease_too_slowly_does_not_call(place):
    put = place.store.put

    def slowly(key, data, **conditions):
        tag = put(key, data, **conditions)
        place.now += (LONGEST_START + 1) * SECOND if b"calling" in data else 0
        return tag

    place.store.put = slowly
    place.act()
    before, held = len(place.calls), place.action.state
    place.store.put, place.now = put, place.now + LEASE
    place.act()

    assert (before, held) == (0, State.CALLING)
    assert (len(place.calls), place.action.state) == (1, State.DONE)


def test_a_failed_call_is_told_though_it_cannot_be_noted(place):
    put = place.store.put

    def away(key, data, **conditions):
        if b"throttled" in data:
            raise StoreError("away")
        return put(key, data, **conditions)

    place.store.put = away
    place.plan = throttled

    (event,) = place.act()

    assert (event["event"], event["why"]) == ("ml.monitor.action_failed", "throttled")
    assert place.action.state is State.CALLING


def test_a_failed_call_says_why_and_when_it_is_made_again(place):
    place.plan = throttled

    place.act()

    assert (place.action.state, place.action.why) == (State.PENDING, "throttled")
    assert place.action.until == START + 30 * SECOND


def test_what_seems_to_have_run_out_is_not_settled_while_another_calls(place):
    place.monitor = load_monitor(ASKING, "monitor.yaml")
    place.act()
    get, place.now = place.store.get, place.now + 3 * DAY

    def late(key):
        if key == approval_key("churn", "retrain", "20260302T000000Z"):
            action = action_key("churn", "retrain", "20260302T000000Z")
            place.store.put(action, to_json(replace(place.action, state=State.CALLING, tries=1)))
        return get(key)

    place.store.get = late
    place.act()

    assert place.action.state is State.CALLING
    assert Claims(place.store, "churn", "retrain").held().waiting == (START,)


def test_what_waits_is_told_of_once_and_then_not_looked_at_again(place):
    place.monitor = load_monitor(ASKING, "monitor.yaml")
    told = []
    actor = Actor(place.monitor, place.store, lambda: place.now, told.append, "one")
    for _ in range(3):
        list(actor.act(lambda policy, store: place))
    place.now += 3 * DAY
    list(actor.act(lambda policy, store: place))

    window = "retrain", "20260302T000000Z"
    assert told == [approval_key("churn", *window), action_key("churn", *window)]


def test_without_time_nothing_is_begun(place):
    assert place.act(enough_time=lambda: False) == []
    assert not place.calls


def test_what_is_done_but_not_settled_is_settled_without_a_call(place):
    place.act()
    key = "churn/state/policies/retrain.json"
    told = json.loads(place.store.get(key)[0])
    place.store.put(key, json.dumps({**told, "waiting": [START]}).encode())

    place.act()

    assert len(place.calls) == 1
    assert Claims(place.store, "churn", "retrain").held().waiting == ()


def test_what_is_no_action_is_told(place):
    with pytest.raises(StoredFormError, match="not an action"):
        action_from_json(b'{"id": 1}', "x.json")


def test_an_outcome_that_is_known_tells_what_is_noted(place):
    place.act()

    found = note_outcome(WATCHED, place.store, "job-0", "Executing", 10)

    assert found.noted()["outcome"] == "Executing"
    assert place.action == found
    assert isinstance(found, Action)


def test_a_target_that_timed_out_after_it_had_started_the_job_is_asked_for_it(place):
    running = []

    def start():
        if running:
            return running[0]
        running.append("job-0")
        raise JobError("no answer within 5 s")

    place.plan = start
    place.act()
    place.now += 60 * SECOND
    place.act()

    assert running == ["job-0"]
    assert (place.action.state, place.action.job, len(place.calls)) == (State.DONE, "job-0", 2)


def test_monitors_of_one_name_with_other_outputs_start_jobs_of_their_own():
    ids = []
    for output in ("s3://test/atalaia", "s3://production/atalaia"):
        place = Place(replace(WATCHED, output=output))
        place.act()
        ids += [place.action.id, *{job.id for job in place.calls}]

    assert ids[0] == ids[1] != ids[2] == ids[3]
