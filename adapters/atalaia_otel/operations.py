"""What calls of functions did, counted with OpenTelemetry's instruments and sent before a call ends.

What could not be sent exists nowhere else, so it is kept in a monitor's output store, and sent by a later call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource

from atalaia.errors import AtalaiaError
from atalaia.operations import Kind, Operation
from atalaia.ports import ObjectStore
from atalaia_otel.exporter import Exporter, Outcome
from atalaia_otel.json_log import JsonLog
from atalaia_otel.reader import OnDemandReader
from atalaia_otel.unsent import UnsentRequests


class Home(Struct, frozen=True):
    """Where a call may keep what it could not send: a monitor and its output."""

    monitor: str
    output: ObjectStore


class Operations:
    """Counts what the calls of one process do.

    Args:
        log: Hears of what could not be sent.
        exporter: Sends.
        resource: Names this process, so that nobody takes its numbers for those of another, such as `faas.instance`.
    """

    def __init__(self, log: JsonLog, exporter: Exporter, resource: Mapping[str, str]) -> None:
        self._log = log
        self._exporter = exporter
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
        outcome = self._reader.flush()
        self._tell(outcome)
        kept = None if home is None else UnsentRequests(home.monitor, home.output, self._exporter)
        if outcome.unsent:
            self._keep(outcome, kept, time)
        elif earlier and kept is not None:
            self._send(kept)

    def _keep(self, outcome: Outcome, kept: UnsentRequests | None, time: int) -> None:
        why: object = "no monitor has a place for them"
        if kept is not None:
            try:
                kept.keep(outcome, time)
            except AtalaiaError as error:
                why = error
            else:
                return
        self._write("dropped", {"dropped": {"not_kept": len(outcome.unsent)}, "why": str(why)})

    def _send(self, kept: UnsentRequests) -> None:
        try:
            self._tell(kept.send())
        except AtalaiaError as error:  # they stay where they are
            self._write("unsent", {"why": str(error)})

    def _tell(self, outcome: Outcome) -> None:
        if outcome.dropped:
            self._write("dropped", {"dropped": dict(outcome.dropped), "why": outcome.why})
        if outcome.unsent:
            self._write("unsent", {"requests": len(outcome.unsent), "why": outcome.why})

    def _write(self, what: str, told: Mapping[str, object]) -> None:
        event = {"event": f"ml.monitor.telemetry_{what}", "channel": self._exporter.channel.name}
        self._log.write([event | dict(told)])
