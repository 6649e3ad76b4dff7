"""Metrics to CloudWatch as lines of embedded metric format: for networks from which only the logs get out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TextIO

from msgspec import Struct

from atalaia_aws.datums import Datum, datums_of
from atalaia_aws.embedded import directive
from atalaia_otel.exporter import Encoded, Refusal
from atalaia_otel.items import Item

_MOST_METRICS = 100

_Series = tuple[tuple[tuple[str, str], ...], int]


class EmfChannel(Struct, frozen=True):
    """Writes metrics to a stream that CloudWatch Logs collects, such as a function's standard output.

    Attributes:
        stream: Where to.
        namespace: CloudWatch's name for a set of metrics.
    """

    stream: TextIO
    namespace: str = "Atalaia"

    @property
    def name(self) -> str:
        """Name of the form of its requests."""
        return "emf"

    def encode(self, items: Sequence[Item]) -> Encoded:
        """Turn points into lines: one for each set of dimensions and time, or more if it has many metrics."""
        datums, dropped = datums_of(items)
        series: dict[_Series, list[list[Datum]]] = {}
        for datum in datums:
            _place(series.setdefault((datum.dimensions, datum.milliseconds), [[]]), datum)
        lines = [(self._line(key, held), len(held)) for key, parts in series.items() for held in parts]
        return Encoded(lines, dropped)

    def post(self, request: bytes, seconds: float) -> Refusal | None:  # noqa: ARG002 - a stream takes it at once
        """Write one line."""
        self.stream.write(request.decode("ascii") + "\n")
        self.stream.flush()
        return None

    def _line(self, key: _Series, datums: list[Datum]) -> bytes:
        dimensions, milliseconds = key
        units = {datum.name: datum.unit for datum in datums}
        line = directive(self.namespace, milliseconds, [name for name, _ in dimensions], units)
        values = {datum.name: datum.value for datum in datums}
        return json.dumps({**line, **dict(dimensions), **values}, separators=(",", ":")).encode("ascii")


def _place(lines: list[list[Datum]], datum: Datum) -> None:
    """Add *datum* to the first line that has room for it and does not have its name, which can stand there once."""
    for held in _with_room(lines, datum.name):
        held.append(datum)
        return
    lines.append([datum])


def _with_room(lines: list[list[Datum]], name: str) -> Iterator[list[Datum]]:
    return (held for held in lines if len(held) < _MOST_METRICS and all(other.name != name for other in held))
