"""The telemetry port: events as lines of JSON, points through an exporter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atalaia.errors import NotSentError
from atalaia.ports import Point, Sent
from atalaia_otel.exporter import Exporter
from atalaia_otel.items import metrics_data
from atalaia_otel.json_log import JsonLog

_LOG = "log"


class SentTelemetry:
    """Logs events, and sends points with an exporter; what it drops is logged, too."""

    def __init__(self, log: JsonLog, exporter: Exporter) -> None:
        self._log = log
        self._exporter = exporter

    def tell(
        self, events: Sequence[Mapping[str, Any]], points: Sequence[Point], heard: frozenset[str] = frozenset()
    ) -> Sent:
        """Send the points, then write each event as one line of JSON, whatever became of the points.

        Raises:
            NotSentError: Points could not be sent now; the log has heard of the events.
        """
        outcome = self._exporter.deliver(metrics_data(points))
        if _LOG not in heard:
            self._log.write(events)
        if outcome.dropped:
            told = {"channel": self._exporter.channel.name, "dropped": dict(outcome.dropped), "why": outcome.why}
            self._log.write([{"event": "ml.monitor.telemetry_dropped", **told}])
        if outcome.unsent:
            raise NotSentError(outcome.why or "", frozenset({_LOG}))
        return Sent(outcome.sent, outcome.dropped)
