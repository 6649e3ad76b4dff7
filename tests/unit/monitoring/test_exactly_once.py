import json

import pytest
from schedules import MOST_QUIET, World

from atalaia_local import MemoryStore

SEEDS, FEW = 1000, 100  # of each kind of target


class Unconditional(MemoryStore):
    """A store that writes whatever the condition is."""

    def put(self, key, data, *, if_match=None, if_absent=False):
        return super().put(key, data)


class Leaseless(MemoryStore):
    """A store that tells everybody that no lease is held."""

    def get(self, key):
        data, info = super().get(key)
        if "/actions/" in key and b'"calling"' in data:
            data = json.dumps({**json.loads(data), "until": 0}).encode()
        return data, info


def ended(seed, knows_ids, store=MemoryStore):
    world = World(seed, knows_ids, store)
    return world, world.run()


@pytest.mark.parametrize("knows_ids", [True, False])
def test_every_schedule_ends_with_one_job_for_each_policy_and_window_that_was_due(knows_ids):
    for seed in range(SEEDS):
        world, rounds = ended(seed, knows_ids)
        assert world.started == world.due, seed
        assert len(world.told) == len(world.due), seed
        assert rounds < MOST_QUIET, seed


@pytest.mark.parametrize("store", [Unconditional, Leaseless])
def test_without_conditions_or_leases_schedules_end_with_two_jobs(store):
    worlds = [ended(seed, False, store)[0] for seed in range(FEW)]

    doubled = [world for world in worlds if len(set(world.started)) < len(world.started)]
    assert len(doubled) > 3


def test_schedules_are_the_same_for_the_same_seed():
    first, second = (ended(7, False)[0].target.running for _ in range(2))

    assert first == second
