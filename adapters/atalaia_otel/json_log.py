"""Events as lines of JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TextIO

import msgspec


class JsonLog:
    """Writes events to a stream, such as standard output, which both clouds collect."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Write each event as one line of strict JSON."""
        for event in events:
            self._stream.write(msgspec.json.encode(event).decode() + "\n")
        self._stream.flush()
