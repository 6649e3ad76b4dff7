"""Requests that could not be sent, kept in the output store and sent later.

This is for what instruments counted. (Points of reports are made again from the report, see
`atalaia.monitoring.outbox`.) A request is sent at least once. If a process is killed after its request arrived and
before it was removed here, it arrives a second time, with the same bytes: levels stay as they are, increments add up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from atalaia.errors import ObjectNotFoundError
from atalaia.monitoring.layout import unsent_prefix
from atalaia.ports import ObjectStore
from atalaia_otel.exporter import Exporter, Outcome


class UnsentRequests:
    """The requests of one monitor that one channel could not send."""

    def __init__(self, monitor: str, output: ObjectStore, exporter: Exporter) -> None:
        """Keep them in *output* and send them with *exporter*."""
        self._prefix = unsent_prefix(monitor, exporter.channel.name)
        self._output = output
        self._exporter = exporter

    def keep(self, outcome: Outcome, time: int) -> None:
        """Store what an outcome left unsent at *time*, in µs since 1970."""
        for place, request in enumerate(outcome.unsent):
            name = f"{time:020}-{place:04}-{hashlib.sha256(request).hexdigest()[:16]}"
            self._output.put(self._prefix + name, request)

    def send(self) -> Outcome:
        """Send what is kept, oldest first, and remove it; stop at the first that fails again."""
        sent, dropped = 0, 0
        for key, request in self._kept():
            outcome = self._exporter.post([(request, 1)])
            if outcome.unsent:
                if outcome.unsent != (request,):  # the rest was taken
                    self._output.put(key, outcome.unsent[0])
                return Outcome(sent, {"refused": dropped} if dropped else {}, outcome.unsent, outcome.why)
            sent, dropped = sent + outcome.sent, dropped + sum(outcome.dropped.values())
            self._output.delete(key)
        return Outcome(sent, {"refused": dropped} if dropped else {})

    def _kept(self) -> Iterator[tuple[str, bytes]]:
        for info in self._output.list(self._prefix):
            try:
                yield info.key, self._output.get(info.key)[0]
            except ObjectNotFoundError:  # another process sent it meanwhile
                continue
