"""A service over stores in memory, with the monitor of `worlds`, a clock that is set, and telemetry that is kept."""

import json
from types import SimpleNamespace

from worlds import TEXT, lines, moment, rows

from atalaia.errors import NotSentError, StoreError
from atalaia.monitor_file import load_monitor
from atalaia.monitoring.service import Arrival, Service
from atalaia.monitoring.watch import Watch
from atalaia.ports import Sent
from atalaia_local import MemoryStore

MONITOR = TEXT.replace("{source: logs}", "{source: mem://logs}\nbaseline: {data: [mem://reference]}").replace(
    "output: out", "output: mem://out"
)


class Stores:
    """Opens stores by URI, each once; `broken` lists keys that cannot be read."""

    def __init__(self, clock):
        self.opened, self.broken, self._clock = {}, set(), clock

    def __call__(self, uri):
        if uri not in self.opened:
            self.opened[uri] = Broken(MemoryStore(uri, self._clock), self.broken)
        return self.opened[uri]


class Told:
    """Telemetry that is kept; `failing` says how many sendings fail, or for ever with None."""

    def __init__(self, failing=0):
        self.events, self.points, self.failing = [], [], failing

    def tell(self, events, points, heard=frozenset()):
        self.send(points, lambda: [] if "log" in heard else self.events.extend(events))
        return Sent(len(points))

    def send(self, points, log):
        if self.failing != 0 and points:
            self.failing = None if self.failing is None else self.failing - 1
            log()
            raise NotSentError("throttled", frozenset({"log"}))
        self.points += points
        log()


class Broken:
    """A store that refuses to read some keys."""

    def __init__(self, store, broken):
        self._store, self._broken = store, broken

    def __getattr__(self, name):
        call = getattr(self._store, name)

        def refusing(key, *args, **kwargs):
            if key in self._broken and name in ("get", "head", "get_range"):
                raise StoreError(f"{key}: access was denied.")
            return call(key, *args, **kwargs)

        return refusing if callable(call) else call


def make_service(*texts, growing=()):
    """Return a service for monitor files (by default one), with `now` that can be moved on and its stores.

    Objects in the formats that are *growing* are collected.
    """
    world = SimpleNamespace(now=moment("2026-03-20T00:00:00Z"))

    def clock():
        return world.now

    world.stores = Stores(clock)
    world.logs, world.output = world.stores("mem://logs"), world.stores("mem://out")
    world.stores("mem://reference").put("data.jsonl", lines(rows(1, n=2000, seed=9)))

    def restart():
        world.watches = [Watch(load_monitor(text, "monitor.yaml"), world.stores, clock) for text in texts or (MONITOR,)]
        world.service = Service(world.watches, clock, growing=growing)

    def put(key, data):
        return Arrival(f"mem://logs/{key}", len(data), world.logs.put(key, data))

    world.restart, world.put = restart, put
    restart()
    return world


def actions(world):
    """The actions of the monitor `churn`, as they are stored."""
    return [json.loads(world.output.get(info.key)[0]) for info in world.output.list("churn/actions/")]
