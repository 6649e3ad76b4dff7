"""The telemetry port: events as lines of JSON, points through an exporter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from atalaia.errors import NotSentError
from atalaia.ports import Point, Sent
from atalaia_otel.exporter import Exporter
from atalaia_otel.items import metrics_data
from atalaia_otel.json_log import JsonLog


class SentTelemetry:
    """Logs events, and sends points with an exporter; what it drops is logged, too."""

    def __init__(self, log: JsonLog, exporter: Exporter) -> None:
        self._log = log
        self._exporter = exporter

    def log(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Write each event as one line of JSON; once it returns they are written."""
        self._log.write(events)

    def send(self, points: Sequence[Point]) -> Sent:
        """Send all points; sending the same ones again changes nothing.

        Raises:
            NotSentError: Some could not be sent now. Send all of them again later.
        """
        outcome = self._exporter.deliver(metrics_data(points))
        if outcome.dropped:
            told = {"channel": self._exporter.channel.name, "dropped": dict(outcome.dropped), "why": outcome.why}
            self._log.write([{"event": "ml.monitor.telemetry_dropped", **told}])
        if outcome.unsent:
            raise NotSentError(outcome.why)
        return Sent(outcome.sent, outcome.dropped)
