"""Collecting what instruments have counted, at the end of an invocation.

OpenTelemetry's own readers export from a thread, which a function that is frozen between invocations stops in the
middle; and `MeterProvider.force_flush` answers True whatever became of the export.
"""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.metrics import Counter, Histogram
from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricReader, MetricsData

from atalaia_otel.exporter import Exporter, Outcome

_DELTA: dict[type, AggregationTemporality] = dict.fromkeys((Counter, Histogram), AggregationTemporality.DELTA)
"""Each point says what happened since the last one, as a process that lives for a few calls needs."""


class OnDemandReader(MetricReader):
    """A reader without a thread: give it to a MeterProvider, and call `flush` in the handler's `finally`."""

    def __init__(self, exporter: Exporter) -> None:
        super().__init__(preferred_temporality=_DELTA)
        self._exporter = exporter
        self._collected: MetricsData | None = None

    def flush(self) -> Outcome:
        """Send what was counted since the last time; what could not be sent is in the outcome, and no longer here."""
        self.collect()
        collected, self._collected = self._collected, None
        return Outcome() if collected is None else self._exporter.deliver(collected)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:  # noqa: ARG002 - the exporter knows the time left
        """Refuse to throw away the outcome of a flush.

        Raises:
            RuntimeError: Always; `MeterProvider.force_flush` passes it on.
        """
        msg = "the outcome of a flush must not be lost; call flush() on the reader"
        raise RuntimeError(msg)

    def shutdown(self, timeout_millis: float = 30_000, **_kwargs: Any) -> None:
        """Do nothing: no thread runs here."""

    def _receive_metrics(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **_kwargs: Any) -> None:  # noqa: ARG002 - OpenTelemetry's signature
        self._collected = metrics_data
