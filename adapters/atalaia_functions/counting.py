"""What calls did, counted with OpenTelemetry and sent to a collector at the end of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from atalaia.errors import AtalaiaError
from atalaia.monitoring.watch import Watch
from atalaia.operations import Operation
from atalaia_functions.deadline import Deadline
from atalaia_otel.json_log import JsonLog

if TYPE_CHECKING:
    from atalaia_otel.exporter import Channel
    from atalaia_otel.operations import Operations

_FLUSH_SECONDS = 1.2  # a collector that does not answer must not cost every call what it costs to send a report


class Counting:
    """The numbers of one process's calls; OpenTelemetry is loaded when there are any.

    Args:
        log: Hears of what could not be sent.
        deadline: Of the call under way.
        channel: Makes the way to the collector.
        process: Names this process, such as `faas.instance`.
    """

    def __init__(
        self, log: JsonLog, deadline: Deadline, channel: Callable[[], Channel], process: Mapping[str, str]
    ) -> None:
        self._log = log
        self._deadline = deadline
        self._channel = channel
        self._process = process
        self._operations: Operations | None = None

    def flush(
        self, measures: Sequence[tuple[Operation, float]], watches: Sequence[Watch], now: int, *, earlier: bool
    ) -> None:
        """Send what a call did, or keep it with the first monitor; the call itself never fails of it."""
        from atalaia_otel.keeping import Home

        home = Home(watches[0].monitor.name, watches[0].output) if watches else None
        try:
            operations = self._counting()
            operations.record(measures)
            operations.flush(home, now, earlier=earlier)
        except AtalaiaError as error:
            self._log.write([{"event": "ml.monitor.telemetry_dropped", "channel": "otlp", "why": str(error)}])

    def _counting(self) -> Operations:
        if self._operations is None:
            from atalaia_otel.exporter import Exporter
            from atalaia_otel.operations import Operations

            exporter = Exporter(self._channel(), lambda: min(self._deadline.seconds(), _FLUSH_SECONDS))
            self._operations = Operations(self._log, exporter, {"service.name": "atalaia", **self._process})
        return self._operations
