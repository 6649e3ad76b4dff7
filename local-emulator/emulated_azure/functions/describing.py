"""What there is of an application, for the admin port."""

from typing import Any

from emulated_azure.functions.host import Host


def describe(host: Host, url: str) -> dict[str, Any]:
    """Its functions, keys, instances and counts."""
    keys = host.keys
    return {
        "name": host.app.name,
        "url": url,
        "functions": {
            each.name: {"trigger": each.trigger, "group": each.group, "key": keys.functions[each.name]}
            for each in host.functions.values()
        },
        "faults": host.faults,
        "keys": {"master": keys.master, "default": keys.default, **keys.system},
        "instances": [
            {
                "id": each.id,
                "name": each.name,
                "process": each.process_id,
                "load": each.load,
                "cold_start_seconds": round(each.cold_start_seconds, 3),
                "peak_mb": each.peak >> 20,
            }
            for each in host.instances()
        ],
        "counts": counts(host),
    }


def counts(host: Host) -> dict[str, Any]:
    """How often what happened."""
    return {
        "succeeded": host.invoker.succeeded,
        "failed": host.invoker.failed,
        "lost": host.invoker.lost,
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
