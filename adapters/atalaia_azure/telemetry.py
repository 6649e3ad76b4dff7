"""The telemetry port on Azure: Application Insights, and a topic of Event Grid if one is given.

Each of them is a part with a name. What one part has heard it is not told again when another could not be reached; and
of Application Insights it is known of each envelope.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from atalaia.errors import AtalaiaError, NotSentError
from atalaia.ports import Point, Sent, Telemetry
from atalaia_azure.envelopes import Envelope, Sender, digest, event, lacks, metric
from atalaia_azure.insights import Ingestion, Result, body_of, packed
from atalaia_otel.exporter import seconds_for
from atalaia_otel.json_log import JsonLog
from atalaia_web.wire import ask

_TOPIC_MOST = 500_000  # bytes of one request; Event Grid takes 1 MB


class Part(Protocol):
    """One place that hears of events and points."""

    @property
    def name(self) -> str:
        """By which it is remembered that this part has heard something; without blanks."""
        ...

    def tell(self, events: Sequence[Mapping[str, Any]], points: Sequence[Point], heard: frozenset[str]) -> Sent:
        """Tell all that it has not heard.

        Raises:
            NotSentError: Not all could be told now; with what else it has heard by now.
        """
        ...


class PartedTelemetry:
    """Tells every part; what they drop is logged."""

    def __init__(self, log: JsonLog, parts: Sequence[Part]) -> None:
        self._log = log
        self._parts = parts

    def tell(
        self, events: Sequence[Mapping[str, Any]], points: Sequence[Point], heard: frozenset[str] = frozenset()
    ) -> Sent:
        """Tell of events and points, each part whatever became of the others.

        Raises:
            NotSentError: Not all could be told now.
        """
        sent, dropped, faults, known = 0, Counter[str](), [], set(heard)
        for part in self._parts:
            if part.name in heard:
                continue
            try:
                told = part.tell(events, points, heard)
            except NotSentError as error:
                faults.append(str(error))
                known |= error.heard
                continue
            known.add(part.name)
            sent += told.points
            dropped.update(told.dropped)
            self._log_dropped(part.name, told)
        if faults:
            raise NotSentError(" ".join(faults), frozenset(known))
        return Sent(sent, dropped)

    def _log_dropped(self, part: str, told: Sent) -> None:
        if told.dropped:
            self._log.write([{"event": "ml.monitor.telemetry_dropped", "channel": part, "dropped": dict(told.dropped)}])


class Insights:
    """Application Insights: events as customEvents and points as customMetrics, together in as few requests as can be.

    Args:
        ingestion: Where to.
        sender: Returns who tells.
        time_left: Tells the seconds that the invocation still has.
    """

    name = "application-insights"

    def __init__(self, ingestion: Ingestion, sender: Callable[[], Sender], time_left: Callable[[], float]) -> None:
        self._ingestion = ingestion
        self._sender = sender
        self._time_left = time_left

    def tell(self, events: Sequence[Mapping[str, Any]], points: Sequence[Point], heard: frozenset[str]) -> Sent:
        """Tell all that it has not heard.

        Raises:
            NotSentError: Not all could be told now; of each envelope that was taken it has the digest.
        """
        envelopes, dropped = self._envelopes(events, points)
        left = {key: made for made in envelopes if (key := digest(made)) not in heard}
        keys, taken = iter(list(left)), set[str]()
        for texts in packed(left.values()):
            these = [next(keys) for _ in texts]
            result = self._post(texts, heard | taken)
            dropped.update({"refused": len(result.refused)} if result.refused else {})
            taken |= {key for place, key in enumerate(these) if place not in result.later}
            if result.later:
                raise NotSentError(result.why, frozenset(heard | taken))
        lost = sum(dropped.values())
        return Sent(max(0, len(points) - lost), dropped)

    def _envelopes(
        self, events: Sequence[Mapping[str, Any]], points: Sequence[Point]
    ) -> tuple[list[Envelope], Counter[str]]:
        sender, dropped = self._sender(), Counter[str]()
        made = [event(sender, told) for told in events]
        for point in points:
            reason = lacks(point.name, point.value, point.attributes)
            if reason is None:
                made.append(metric(sender, point.name, point.value, point.attributes, point.time))
            else:
                dropped[reason] += 1
        return made, dropped

    def _post(self, texts: Sequence[bytes], heard: frozenset[str] | set[str]) -> Result:
        try:
            return self._ingestion.post(body_of(texts), len(texts), seconds_for(self._time_left()))
        except NotSentError as error:
            raise NotSentError(str(error), frozenset(heard)) from error


class Collector(Struct, frozen=True):
    """A collector that takes OTLP hears of points, and the log of events."""

    telemetry: Telemetry

    @property
    def name(self) -> str:
        """By which it is remembered that both have heard."""
        return "otlp"

    def tell(self, events: Sequence[Mapping[str, Any]], points: Sequence[Point], heard: frozenset[str]) -> Sent:
        """Tell all that it has not heard.

        Raises:
            NotSentError: Points could not be sent now.
        """
        return self.telemetry.tell(events, points, heard)


class Topic:
    """A custom topic of Event Grid, which hears of events; who subscribes to it is told of findings as they come.

    Args:
        url: Its address, such as `https://name.region.eventgrid.azure.net/api/events`.
        headers: Return what shows who publishes.
        time_left: Tells the seconds that the invocation still has.
    """

    name = "topic"

    def __init__(self, url: str, headers: Callable[[], Mapping[str, str]], time_left: Callable[[], float]) -> None:
        self._url = url
        self._headers = headers
        self._time_left = time_left

    def tell(self, events: Sequence[Mapping[str, Any]], points: Sequence[Point], heard: frozenset[str]) -> Sent:  # noqa: ARG002 - a part's arguments
        """Publish all events; points are for others.

        Raises:
            NotSentError: Not all were taken now.
        """
        for body in _requests(events):
            self._publish(body)
        return Sent(0)

    def _publish(self, body: bytes) -> None:
        joint = "&" if "?" in self._url else "?"
        try:
            headers = {"Content-Type": "application/json", **self._headers()}
            url = f"{self._url}{joint}api-version=2018-01-01"
            answer = ask("POST", url, body, headers, seconds_for(self._time_left()))
        except AtalaiaError as error:
            msg = f"Event Grid: {error}"
            raise NotSentError(msg) from error
        if not 200 <= answer.status < 300:
            advice = "Correct the key, or give this app the right to publish." if answer.status in (401, 403) else ""
            msg = f"Event Grid: {self._url}: HTTP status {answer.status}. It will be tried again. {advice}".rstrip()
            raise NotSentError(msg)


def _requests(events: Sequence[Mapping[str, Any]]) -> list[bytes]:
    requests: list[list[bytes]] = []
    size = 0
    for told in events:
        text = msgspec.json.encode(_published(told))
        if not requests or size + len(text) > _TOPIC_MOST:
            requests.append([])
            size = 0
        requests[-1].append(text)
        size += len(text) + 1
    return [body_of(texts) for texts in requests]


def _published(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event as Event Grid has it: its subject is what subscriptions filter by, from the monitor downwards."""
    places = (told.get(name) for name in ("monitor", "status", "signal", "metric", "column"))
    about = {"id": told["id"], "eventType": told["event"], "eventTime": told["time"], "dataVersion": "1"}
    return {**about, "subject": "/".join(str(place) for place in places if place), "data": dict(told)}
