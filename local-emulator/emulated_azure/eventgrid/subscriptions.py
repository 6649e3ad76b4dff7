"""What a subscription is: where from, which events, where to, how patiently."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

LONGEST_BATCH = 5000
MOST_ATTEMPTS = 30
LONGEST_MINUTES = 1440


@dataclass(frozen=True, slots=True)
class Subscription:
    """As the admin port is given it.

    Attributes:
        source: "storage", "machine-learning", or a custom topic's name.
        endpoint: The URL of a webhook, {"app", "function"} or {"queue"}.
        event_types: Empty for all.
        subject_begins: Compared without regard to case, as by default in Event Grid.
        subject_ends: Likewise.
        dead_letter: A container; empty if what cannot be delivered is dropped.
        attempts: At most so many, 1 to 30.
        minutes: The longest that an event is tried, 1 to 1440, on the emulated clock.
        batch: At most so many events in one request, 1 to 5000.
    """

    name: str
    source: str
    endpoint: str | Mapping[str, str]
    event_types: tuple[str, ...] = ()
    subject_begins: str = ""
    subject_ends: str = ""
    dead_letter: str = ""
    attempts: int = MOST_ATTEMPTS
    minutes: int = LONGEST_MINUTES
    batch: int = 1

    def wants(self, event: Mapping[str, Any]) -> bool:
        """Whether *event*, of its source, passes the filters."""
        kind, subject = event.get("eventType", event.get("type")), str(event.get("subject", "")).lower()
        fits = subject.startswith(self.subject_begins.lower()) and subject.endswith(self.subject_ends.lower())
        return fits and (not self.event_types or kind in self.event_types)


def subscription_of(request: Mapping[str, Any]) -> Subscription:
    """Read a request to subscribe.

    Raises:
        ValueError: A field is unknown, absent or out of its range.
    """
    known = {each.name for each in fields(Subscription)}
    if unknown := sorted(set(request) - known):
        message = f"unknown {', '.join(unknown)}; there are: {', '.join(sorted(known))}"
        raise ValueError(message)
    if absent := sorted({"name", "source", "endpoint"} - set(request)):
        message = f"{', '.join(absent)} is missing"
        raise ValueError(message)
    made = Subscription(**{**request, "event_types": tuple(request.get("event_types") or ())})
    for name, most in (("attempts", MOST_ATTEMPTS), ("minutes", LONGEST_MINUTES), ("batch", LONGEST_BATCH)):
        if not 1 <= getattr(made, name) <= most:
            message = f"{name} is {getattr(made, name)}, not 1 to {most}"
            raise ValueError(message)
    return made
