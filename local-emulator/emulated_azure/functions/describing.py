"""What there is of an application, for the admin port."""

from dataclasses import asdict
from typing import Any

from emulated_azure.functions.host import Host
from emulated_azure.functions.instance import Instance
from emulation.memory import resident_bytes


def describe(host: Host, url: str) -> dict[str, Any]:
    """Its functions, keys, instances and counts."""
    keys = host.keys
    return {
        "name": host.app.name,
        "url": url,
        "functions": {
            each.name: {
                "trigger": each.trigger,
                "group": each.group,
                "key": keys.functions[each.name],
                "calls": asdict(host.invoker.tallies[each.name]),
            }
            for each in host.functions.values()
        },
        "faults": host.faults,
        "keys": {"master": keys.master, "default": keys.default, **keys.system},
        "memory_mb": host.app.memory_mb,
        "groups": {name: {"instances": group.size, "most": group.most} for name, group in host.groups.items()},
        "instances": [_instance(each) for each in host.instances()],
        "counts": counts(host),
    }


def _instance(each: Instance) -> dict[str, Any]:
    return {
        "id": each.id,
        "name": each.name,
        "process": each.process_id,
        "state": "ending" if not each.is_usable else "working" if each.load else "idle",
        "load": each.load,
        "cold_start_seconds": round(each.cold_start_seconds, 3),
        "memory_mb": resident_bytes(each.process_id) >> 20,
        "peak_mb": each.peak >> 20,
    }


def counts(host: Host) -> dict[str, Any]:
    """How often what happened."""
    tallies = host.invoker.tallies.values()
    return {
        "succeeded": sum(each.succeeded for each in tallies),
        "failed": sum(each.failed for each in tallies),
        "lost": sum(each.lost for each in tallies),
        "cold_starts": sum(group.cold_starts for group in host.groups.values()),
        "queues": {
            each.queue: {
                "handled": each.counts.handled,
                "released": each.counts.released,
                "poisoned": each.counts.poisoned,
            }
            for each in host.queues
        },
    }
