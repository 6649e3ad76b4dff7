"""Seeded schedules: several evaluators of one monitor, interleaved at every store operation and every step of a call.

Evaluators are greenlets. Before and after each write, before each read, and before, during and after each call of a
target they let the scheduler choose who goes on, how much time passes, and what goes wrong: the evaluator dies, the
store refuses, its answer is lost, the target refuses, or a job is started and nobody is told. All of it follows from
the seed. When the schedule is over, rounds without faults follow, until nothing is left to do.
"""

from random import Random

from greenlet import getcurrent, greenlet
from reports import a_finding, a_report
from services import MONITOR, Told

from atalaia.errors import AtalaiaError, JobError, StoreError
from atalaia.monitor_file import load_monitor
from atalaia.monitoring.acting import Actor
from atalaia.monitoring.approving import Decision
from atalaia.monitoring.claims import Claims
from atalaia.monitoring.deciding import Decider
from atalaia.monitoring.layout import approval_key, report_key
from atalaia.monitoring.outbox import Outbox
from atalaia.ports import LONGEST_START
from atalaia.report import to_json
from atalaia.window import SECOND, Window, parse_time
from atalaia_local import MemoryStore

DAY = 86_400 * SECOND
FIRST = parse_time("2026-03-02T00:00:00Z")
DAYS = 6
POLICIES = """
policies:
  - {name: each, when: drifted > 0.4, file: true}
  - {name: both, when: drifted > 0.4, windows: 2, of: 3, file: true}
  - {name: asked, when: drifted > 0.4, approval: true, file: true}
"""
WATCHED = load_monitor(MONITOR + POLICIES, "monitor.yaml")
SKEW, LATE = 10, 8  # seconds: by which each clock is wrong; after which a job shows that nobody was told of
MOST_QUIET = 20


class Died(BaseException):
    """The process was killed."""


def window_at(day):
    return Window(FIRST + day * DAY, FIRST + (day + 1) * DAY)


REPORTS = [to_json(a_report([a_finding(status)])) for status in ("ok", "alert")]


class Target:
    """Starts jobs. It is told apart by *knows_ids* whether it knows ours, or just shows what it runs."""

    def __init__(self, world, knows_ids):
        self.world, self.knows_ids = world, knows_ids
        self.running = []  # id, policy and window, and when it shows

    def __call__(self, policy, store):
        return self

    def start(self, job):
        world, began = self.world, self.world.now
        world.pause("call")
        if self._names(job.id):
            return self._names(job.id)[0]
        fault = world.fault(world.unkind, ["refused", "lost", "started late"])
        if not self.knows_ids:
            world.pause("call")  # between looking and starting
        if world.now - began > LONGEST_START * SECOND or fault == "refused":
            raise JobError("not started")
        if self.knows_ids and self._known(job.id):
            return f"job-{job.id}"
        late = world.random.uniform(0, LATE * SECOND) if fault == "started late" else 0
        self.running.append((job.id, (job.policy, job.window), world.now + late))
        if fault:
            raise JobError("no answer came")
        world.pause("call")
        if world.now - began > LONGEST_START * SECOND:
            raise JobError("the answer came too late")
        return f"job-{job.id}"

    def _known(self, wanted):
        return any(each == wanted for each, _, _ in self.running)

    def _names(self, wanted):
        return [f"job-{each}" for each, _, shows in self.running if each == wanted and shows <= self.world.now]


class Watched:
    """The store as an evaluator has it."""

    def __init__(self, world):
        self._world, self._store = world, world.store
        self.uri = world.store.uri

    def get(self, key):
        self._pause("read")
        return self._store.get(key)

    def head(self, key):
        self._pause("read")
        return self._store.head(key)

    def list(self, prefix):
        self._pause("read")
        return self._store.list(prefix)

    def delete(self, key):
        self._pause("write")
        self._store.delete(key)

    def put(self, key, data, **conditions):
        self._pause("write")
        tag = self._store.put(key, data, **conditions)
        self._pause("written")
        return tag

    def _pause(self, kind):
        self._world.pause(kind)
        if self._world.fault(self._world.broken, ["refused"]):
            raise StoreError("refused" if kind != "written" else "the answer was lost")


class World:
    """A monitor's output with a target, and evaluators at work; *store* replaces the one in memory."""

    def __init__(self, seed, knows_ids, store=MemoryStore):
        self.random = Random(seed)
        self.now = FIRST + 20 * DAY
        self.store = store("mem://out", lambda: self.now)
        self.target = Target(self, knows_ids)
        self.telemetry = Told()
        self.deadly, self.broken = (self.random.choice([0, 0.01, 0.05]) for _ in range(2))
        self.unkind = self.random.choice([0, 0.2, 0.6])
        self.drifted = [day for day in range(DAYS) if self.random.random() < 0.5]
        self.answers = {day: self.random.choice([*Decision, None]) for day in self.drifted}
        self.unheard = set(range(DAYS))
        self.quiet = False

    @property
    def due(self):
        """What is to be started, as the policies say in words."""
        both = [day for day in self.drifted if len({day, day - 1, day - 2} & set(self.drifted)) >= 2]
        asked = [day for day in self.drifted if self.answers[day] is Decision.APPROVE]
        named = (("each", self.drifted), ("both", both), ("asked", asked))
        return sorted((name, window_at(day).key) for name, days in named for day in days)

    @property
    def started(self):
        return sorted(about for _, about, _ in self.target.running)

    @property
    def told(self):
        events = [event for event in self.telemetry.events if event["event"] == "ml.monitor.action"]
        return sorted({(event["policy"], event["window_start"], event["job"]) for event in events})

    def pause(self, kind):
        """Let the scheduler choose who goes on."""
        if not self.quiet:
            getcurrent().parent.switch(kind)

    def fault(self, share, kinds):
        """Return one of the kinds of fault in a *share* of all cases, else nothing."""
        return self.random.choice(kinds) if not self.quiet and self.random.random() < share else None

    def run(self):
        """Run the schedule, then rounds without faults; return how many of these it took."""
        deliveries = [day for day in range(DAYS) for _ in range(self.random.choice([1, 1, 2, 3]))]
        self.random.shuffle(deliveries)
        answers = [day for day in self.drifted if self.answers[day]]
        running, more = [], self.random.randint(0, 9)
        while deliveries or running or answers or more:
            if answers and self.random.random() < 0.05:
                self._answer(answers.pop())
            if len(running) < 3 and (not running or self.random.random() < 0.3):
                events = [deliveries.pop() for _ in range(min(len(deliveries), self.random.randint(0, 4)))]
                more -= not events and more > 0
                running.append(self._evaluator(events))
            self._go_on(self.random.choice(running), running)
        return self._calm_down()

    def _go_on(self, one, running):
        self.now += int(self.random.choice([0, 0, 0, 1, 1, 2, 3, self.random.choice([5, 20, 70])]) * SECOND)
        killed = self.fault(self.deadly, ["killed"])
        if not killed:
            one.switch()
        elif one:
            one.throw(Died)
        if one.dead or killed:
            running.remove(one)

    def _evaluator(self, events):
        """Return an evaluator that is to hear of *events*; what these tell of is there by then."""
        for day in events:
            report = REPORTS[day in self.drifted]
            self.store.put(report_key(WATCHED.name, window_at(day), 1), report)
        skew = self.random.randint(-SKEW, SKEW) * SECOND
        who = f"call-{self.random.random()}"
        return greenlet(lambda: self._round(events, skew, who))

    def _round(self, events, skew, who):
        """Do what a call of the function does, as far as it matters here."""
        store, clock = Watched(self), lambda: self.now + skew
        outbox = Outbox(WATCHED.name, store)
        try:
            decider = Decider(WATCHED, store, clock(), outbox.announce)
            for day in events:
                decider.decide(window_at(day))
                self.unheard.discard(day)  # else it comes again
            list(Actor(WATCHED, store, clock, outbox.announce, who).act(self.target))
            outbox.deliver(self.telemetry)
        except (AtalaiaError, Died):
            pass

    def _answer(self, day):
        key = approval_key(WATCHED.name, "asked", window_at(day).key)
        self.store.put(key, f'{{"decision": "{self.answers[day].value}"}}'.encode())

    def _calm_down(self):
        self.quiet = True
        for number in range(MOST_QUIET):
            events, before = sorted(self.unheard), len(list(self.store.list(f"{WATCHED.name}/state/unsent/")))
            self._evaluator(events).switch()
            waiting = [Claims(self.store, WATCHED.name, each.name).held().waiting for each in WATCHED.policies]
            if not any(waiting) and not before:
                return number
            self.now += 2 * DAY
        return MOST_QUIET
