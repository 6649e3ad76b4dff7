"""What was decided or found is told everywhere, whatever could not be reached at the time."""

from pasts import moved
from services import MONITOR, Told, make_service
from worlds import lines

from atalaia.errors import JobError, NotSentError
from atalaia.ports import Sent

POLICY = "policies: [{name: retrain, when: drifted > 0.4, pipeline: p}]\n"


class Starter:
    """Starts jobs, unless it is broken."""

    def __init__(self, broken=False):
        self.broken, self.jobs = broken, []

    def start(self, job):
        if self.broken:
            raise JobError("no such pipeline")
        self.jobs.append(job)
        return "job-0"


class Places:
    """Telemetry that tells two places, of which one can be out of reach; `calls` are the places told, by call."""

    def __init__(self):
        self.away, self.topic, self.store, self.asked = True, [], [], []

    def tell(self, events, points, heard=frozenset()):
        self.asked.append(heard)
        if "topic" not in heard:
            self.topic += events
        if self.away:
            raise NotSentError("no answer", frozenset({"topic"}))
        self.store += events
        return Sent(len(points))


def drifted_world(more=POLICY):
    world = make_service(MONITOR + more)
    assert not world.service.ingest([world.put("a.jsonl", lines(moved(2)))]).failed
    return world


def evaluate(world, telemetry, starter):
    return world.service.evaluate(telemetry, lambda *_: starter).evaluated["churn"]


def unsent(world):
    return [info.key for info in world.output.list("churn/state/unsent/")]


def test_each_place_is_told_once_though_one_was_out_of_reach():
    world, places = drifted_world(""), Places()

    evaluate(world, places, Starter())
    away = list(places.store)
    places.away = False
    evaluate(world, places, Starter())
    evaluate(world, places, Starter())

    assert places.asked == [frozenset(), frozenset({"topic"})]
    assert away == []
    assert places.store == places.topic != []
    assert unsent(world) == []


def test_an_action_is_told_once_though_nobody_could_be_reached_when_it_was_taken():
    world, places, starter = drifted_world(), Places(), Starter()

    evaluate(world, places, starter)
    places.away = False
    done = evaluate(world, places, starter)
    evaluate(world, places, starter)

    actions = [event for event in places.store if event["event"] == "ml.monitor.action"]
    assert (len(starter.jobs), [event["job"] for event in actions]) == (1, ["job-0"])
    assert (done.delivered.reports, unsent(world)) == (1, [])


def test_reports_are_told_before_a_job_is_waited_for_and_its_action_after_it():
    world, telemetry = drifted_world(), Told()
    told_before = []

    class Slow(Starter):
        def start(self, job):
            told_before.extend(event["event"] for event in telemetry.events)
            return super().start(job)

    done = evaluate(world, telemetry, Slow())

    assert "ml.monitor.report" in told_before
    assert [event["event"] for event in telemetry.events[len(told_before) :]] == ["ml.monitor.action"]
    assert (done.delivered.reports, done.delivered.left, unsent(world)) == (1, 0, [])


def test_a_job_that_cannot_be_started_is_counted_though_nobody_can_be_told():
    world, places = drifted_world(), Places()

    done = evaluate(world, places, Starter(broken=True))

    assert list(done.counts()["unstarted"].values()) == ["no such pipeline"]


def test_an_action_whose_job_is_not_started_yet_is_not_told():
    world, telemetry = drifted_world(), Told()

    evaluate(world, telemetry, Starter(broken=True))
    waiting = [key for key in unsent(world) if "/actions/" in key]
    world.now += 60_000_000
    evaluate(world, telemetry, Starter())

    told = [event["event"] for event in telemetry.events if "action" in event["event"]]
    assert waiting == []
    assert told == ["ml.monitor.action_failed", "ml.monitor.action"]
    assert unsent(world) == []
