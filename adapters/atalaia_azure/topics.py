"""Telling a custom topic of Event Grid that a policy acts.

Event Grid takes an event as often as it is published, and delivers it at least once. The event's id is the job's, so
that a receiver knows what it has heard before.
"""

from __future__ import annotations

import time

from msgspec import Struct

from atalaia.ports import Job
from atalaia.window import iso
from atalaia_azure.asking import Asked, Asker
from atalaia_azure.identity import Token

_API = "2018-01-01"


class TopicNotifier(Struct, frozen=True):
    """Publishes an event in the schema of Event Grid.

    Attributes:
        url: The topic's address, such as `https://name.region-1.eventgrid.azure.net/api/events`.
        grid: Asks it.
    """

    url: str
    grid: Asker

    def start(self, job: Job) -> str:
        """Publish the event, and return its id.

        Raises:
            JobError: It was not published, or nobody knows; do it again with the same id.
        """
        told = {"id": job.id, "monitor": job.monitor, "policy": job.policy, "window": job.window}
        event = {
            "id": job.id,
            "eventType": "ml.monitor.policy",
            "subject": f"{job.monitor}/{job.policy}",
            "eventTime": iso(time.time_ns() // 1000),
            "dataVersion": "1",
            "data": {**told, "parameters": job.parameters, "evidence": job.evidence},
        }
        self.grid.ask("Event Grid topic", Asked("POST", f"{self.url}?api-version={_API}", [event]))
        return job.id


def grid(token: Token) -> Asker:
    """Return what asks topics."""
    return Asker(
        "https://eventgrid.azure.net",
        token,
        "Give this app's identity the role EventGrid Data Sender on the topic.",
        "Correct the policy's `event_grid_topic`, and let the topic take the schema of Event Grid.",
    )
