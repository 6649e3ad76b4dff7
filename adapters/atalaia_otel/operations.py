"""What calls of functions did, counted with OpenTelemetry's instruments and sent before a call ends.

What could not be sent exists nowhere else, so it is kept in a monitor's output store, and sent by a later call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource

from atalaia.operations import Kind, Operation
from atalaia_otel.exporter import Exporter
from atalaia_otel.json_log import JsonLog
from atalaia_otel.keeping import Home, Keeper
from atalaia_otel.reader import OnDemandReader


class Operations:
    """Counts what the calls of one process do.

    Args:
        log: Hears of what could not be sent.
        exporter: Sends.
        resource: Names this process, so that nobody takes its numbers for those of another, such as `faas.instance`.
    """

    def __init__(self, log: JsonLog, exporter: Exporter, resource: Mapping[str, str]) -> None:
        self._keeper = Keeper(log, exporter)
        self._reader = OnDemandReader(exporter)
        provider = MeterProvider([self._reader], Resource(dict(resource)), shutdown_on_exit=False)
        self._meter = provider.get_meter("atalaia")

    def record(self, measures: Sequence[tuple[Operation, float]]) -> None:
        """Count what one call did."""
        for operation, value in measures:
            name, unit = operation.name, operation.unit
            match operation.kind:
                case Kind.SUM:
                    self._meter.create_counter(name, unit).add(value)
                case Kind.LEVEL:
                    self._meter.create_gauge(name, unit).set(value)
                case Kind.SPREAD:
                    self._meter.create_histogram(name, unit).record(value)

    def flush(self, home: Home | None, time: int, *, earlier: bool) -> None:
        """Send what was counted; keep it at *home* as of *time*, in µs since 1970, if it cannot be sent now.

        What *earlier* calls have kept is sent as well if that is wanted, unless sending fails anyway.
        """
        self._keeper.settle(self._reader.flush(), home, time, earlier=earlier)
