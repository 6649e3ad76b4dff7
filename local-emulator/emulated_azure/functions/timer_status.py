"""What a timer's status blob says, and what follows from it when the host starts to listen."""

import json
from dataclasses import dataclass
from datetime import datetime

from emulated_azure.functions.cron import Cron, Every
from emulated_azure.instants import iso

SAME_SECONDS = 1.0  # two instants so near each other are one


@dataclass(frozen=True, slots=True)
class Status:
    """When it fired, when it is to fire next, when this was written; times of the emulated clock, 0 for never."""

    last: float
    next: float
    updated: float

    def text(self) -> str:
        """As the host writes it."""
        return json.dumps(
            {name.title() if name != "updated" else "LastUpdated": iso(value) for name, value in self._items()}
        )

    def _items(self) -> list[tuple[str, float]]:
        return [("last", self.last), ("next", self.next), ("updated", self.updated)]


def status_of(text: bytes) -> Status | None:
    """Read a status; None if it is none."""
    try:
        found = json.loads(text)
        last, following, updated = (
            datetime.fromisoformat(found[name][:26] + "+00:00").timestamp() for name in ("Last", "Next", "LastUpdated")
        )
    except (ValueError, KeyError, TypeError):
        return None
    return Status(last, following, updated)


def first_status(before: Status | None, schedule: Cron | Every, now: float) -> tuple[Status, bool]:
    """What holds when a listener starts at *now*, and whether a firing was missed.

    A changed schedule starts anew and has missed nothing. However many firings were missed, one makes up for all.
    """
    if before is None:
        return Status(0, schedule.next_after(now), now), False
    expected = schedule.next_after(before.last or before.updated)
    if abs(expected - before.next) > SAME_SECONDS:
        return Status(before.last, schedule.next_after(before.updated), now), False
    return before, now > before.next
