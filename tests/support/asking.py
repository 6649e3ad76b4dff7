"""How often stores are asked, in the words of `atalaia_cost.requests`."""

from atalaia_cost.requests import Requests

KINDS = {
    "put": Requests(writes=1),
    "list": Requests(lists=1),
    "get": Requests(reads=1),
    "get_range": Requests(reads=1),
    "head": Requests(reads=1),
}


class Asked:
    """What was asked of several stores, deletions aside."""

    def __init__(self):
        self.total = Requests()

    def during(self, work):
        """Return what *work* asks."""
        self.total = Requests()
        work()
        return self.total


class CountedStore:
    """A store of which *asked* hears each request."""

    def __init__(self, store, asked):
        self._store, self._asked = store, asked

    def __getattr__(self, name):
        call = getattr(self._store, name)

        def counted(*args, **kwargs):
            self._asked.total += KINDS.get(name, Requests())
            return call(*args, **kwargs)

        return counted if callable(call) else call


def counting(world):
    """Let a service of `services.make_service` be counted; return what hears of it."""
    asked = Asked()
    world.stores.opened = {uri: CountedStore(store, asked) for uri, store in world.stores.opened.items()}
    world.restart()
    return asked
