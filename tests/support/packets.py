"""Worlds whose log objects are ingested together, alone, or with something happening in between."""

from worlds import make_world

from atalaia.monitoring.ingesting import Ingester
from atalaia.report import to_json


def a_world(objects):
    world = make_world()
    for key, data in objects.items():
        world.logs.put(key, data)
    return world


def ingester_of(world, output=None):
    return Ingester(world.monitor, world.baseline, output or world.output)


def alone(world):
    """Ingest each object by itself."""
    return [ingester_of(world).ingest(world.source, info) for info in world.source.objects()]


def told(world):
    """Everything that a user sees: reports, byte for byte, and the lists of rejects."""
    rejects = {i.key: world.output.get(i.key)[0] for i in world.output.list("") if "/rejects/" in i.key}
    return [to_json(item.report) for item in world.evaluate()], rejects


class Interrupted:
    """A store at whose n-th call something else happens first."""

    def __init__(self, store, calls, happens):
        self._store, self._left, self._happens = store, calls, happens

    def __getattr__(self, name):
        call = getattr(self._store, name)

        def interrupted(*args, **kwargs):
            self._left -= 1
            if self._left == 0:
                self._happens()
            return call(*args, **kwargs)

        return interrupted if callable(call) else call


class Died(BaseException):
    """The process was killed."""


def die():
    raise Died
