"""Sending metrics when told to, with a result that can be relied on.

A channel turns points into requests and sends one request; the exporter does the rest alike for all of them: what
cannot be sent is counted, time is limited, and requests that failed for now are handed back, byte for byte, to be kept.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct, field
from opentelemetry.sdk.metrics.export import MetricsData

from atalaia.errors import NotSentError
from atalaia_otel.items import Item, items_of

_MOST_SECONDS = 5.0
_LEAST_SECONDS = 0.2


class Encoded(Struct, frozen=True):
    """What a channel sends: each request with its number of points, and the points that it cannot send, by reason."""

    requests: Sequence[tuple[bytes, int]]
    dropped: Mapping[str, int] = field(default_factory=dict)


class Refusal(Struct, frozen=True):
    """What the receiver refused for good: so many points, or all of the request if None; and why."""

    points: int | None
    why: str


class Channel(Protocol):
    """One way to send metrics."""

    @property
    def name(self) -> str:
        """Name of the form of its requests; other channels cannot send them."""
        ...

    def encode(self, items: Sequence[Item]) -> Encoded:
        """Turn points with finite values into requests; the same points give the same bytes."""
        ...

    def post(self, request: bytes, seconds: float) -> Refusal | None:
        """Send one request within *seconds*; sending it twice changes nothing, except that increments add up.

        Raises:
            NotSentError: It was not taken now, but may be later.
        """
        ...


class Outcome(Struct, frozen=True):
    """What became of points.

    Attributes:
        sent: Points that the receiver took.
        dropped: Points that it never will, by reason.
        unsent: Requests that failed for now.
        why: What the receiver said last, if anything failed.
    """

    sent: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    unsent: tuple[bytes, ...] = ()
    why: str | None = None


class Exporter:
    """Sends over a channel, and tells what became of it.

    Args:
        channel: How to send.
        time_left: Tells the seconds that the invocation still has.
    """

    def __init__(self, channel: Channel, time_left: Callable[[], float] = lambda: math.inf) -> None:
        self.channel = channel
        self._time_left = time_left

    def deliver(self, data: MetricsData) -> Outcome:
        """Send *data* and say what became of it."""
        items, dropped = items_of(data)
        encoded = self.channel.encode(items)
        return self.post(encoded.requests, dropped + Counter(encoded.dropped))

    def post(self, requests: Iterable[tuple[bytes, int]], dropped: Mapping[str, int] | None = None) -> Outcome:
        """Send requests, each with its number of points; after one has failed the others are not tried."""
        sent, counted, why = 0, Counter(dropped or {}), None
        waiting = list(requests)
        for place, (request, points) in enumerate(waiting):
            try:
                refusal = self.channel.post(request, self._seconds())
            except NotSentError as error:
                return Outcome(sent, counted, tuple(body for body, _ in waiting[place:]), str(error))
            refused = 0
            if refusal is not None:
                refused = points if refusal.points is None else min(refusal.points, points)
                why = refusal.why
                counted["refused"] += refused
            sent += points - refused
        return Outcome(sent, counted, (), why)

    def _seconds(self) -> float:
        seconds = min(_MOST_SECONDS, self._time_left() - _LEAST_SECONDS)
        if seconds < _LEAST_SECONDS:
            msg = "no time was left to send metrics. Give the function a longer time-out."
            raise NotSentError(msg)
        return seconds
