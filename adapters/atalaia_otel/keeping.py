"""What becomes of numbers that were to be sent: what could not be is kept in a monitor's output store, and sent later.

It loads no OpenTelemetry, for the sake of cold starts.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from atalaia.errors import AtalaiaError
from atalaia.ports import ObjectStore
from atalaia_otel.exporter import Exporter, Outcome
from atalaia_otel.json_log import JsonLog
from atalaia_otel.unsent import UnsentRequests


class Home(Struct, frozen=True):
    """Where a call may keep what it could not send: a monitor and its output."""

    monitor: str
    output: ObjectStore


class Keeper:
    """Keeps what an exporter could not send.

    Args:
        log: Hears of what could not be sent.
        exporter: Sends it later.
    """

    def __init__(self, log: JsonLog, exporter: Exporter) -> None:
        self._log = log
        self._exporter = exporter

    def settle(self, outcome: Outcome, home: Home | None, time: int, *, earlier: bool) -> None:
        """Keep at *home*, as of *time*, in µs since 1970, what could not be sent now.

        What *earlier* calls have kept is sent if that is wanted, unless sending fails anyway.
        """
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
