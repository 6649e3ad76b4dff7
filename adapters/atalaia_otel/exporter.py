"""Sending metrics when told to, with a result that can be relied on.

A channel turns points into requests and sends one request; the exporter does the rest alike for all of them: what
cannot be sent is counted, time is limited, and requests that failed for now are handed back, byte for byte, to be kept.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field

from atalaia.errors import NotSentError

if TYPE_CHECKING:  # who only posts requests does not pay for OpenTelemetry
    from opentelemetry.sdk.metrics.export import MetricsData

    from atalaia_otel.items import Item

_MOST_SECONDS = 5.0
_LEAST_SECONDS = 0.2


class Encoded(Struct, frozen=True):
    """What a channel sends: each request with its number of points, and the points that it cannot send, by reason."""

    requests: Sequence[tuple[bytes, int]]
    dropped: Mapping[str, int] = field(default_factory=dict)


class Refusal(Struct, frozen=True):
    """What the receiver did not take of a request.

    Attributes:
        points: So many were refused for good; all of the request if None.
        why: What the receiver said.
        later: What it may take later, as a request, and how many points that are.
    """

    points: int | None
    why: str
    later: tuple[bytes, int] | None = None


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


def seconds_for(time_left: float) -> float:
    """Return the seconds that one request may take, when the invocation has so many left.

    Raises:
        NotSentError: There is no time for it.
    """
    seconds = min(_MOST_SECONDS, time_left - _LEAST_SECONDS)
    if seconds < _LEAST_SECONDS:
        msg = "no time was left to send metrics. Give the function a longer time-out."
        raise NotSentError(msg)
    return seconds


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
        from atalaia_otel.items import items_of

        items, dropped = items_of(data)
        encoded = self.channel.encode(items)
        return self.post(encoded.requests, dropped + Counter(encoded.dropped))

    def post(self, requests: Iterable[tuple[bytes, int]], dropped: Mapping[str, int] | None = None) -> Outcome:
        """Send requests, each with its number of points; after one has failed the others are not tried."""
        sent, counted, why = 0, Counter(dropped or {}), None
        waiting = list(requests)
        for place, (request, points) in enumerate(waiting):
            try:
                refusal = self.channel.post(request, seconds_for(self._time_left()))
            except NotSentError as error:
                return Outcome(sent, counted, tuple(body for body, _ in waiting[place:]), str(error))
            taken, refused, later = _read(refusal, points)
            sent += taken
            counted.update({"refused": refused} if refused else {})
            why = why if refusal is None else refusal.why
            if later is not None:
                return Outcome(sent, counted, (later, *(body for body, _ in waiting[place + 1 :])), why)
        return Outcome(sent, counted, (), why)


def _read(refusal: Refusal | None, points: int) -> tuple[int, int, bytes | None]:
    """Return how many of a request's points were taken, how many refused, and what is to be sent later."""
    if refusal is None:
        return points, 0, None
    later, waiting = refusal.later or (None, 0)
    waiting = min(waiting, points)
    refused = points - waiting if refusal.points is None else min(refusal.points, points - waiting)
    return points - refused - waiting, refused, later
