"""Events as lines of JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import msgspec


class Lines(Protocol):
    """What takes lines of text, such as a stream."""

    def write(self, text: str, /) -> object:
        """Take text that ends with its line."""
        ...

    def flush(self) -> object:
        """Hold nothing back."""
        ...


class JsonLog:
    """Writes events to a stream, such as standard output, which both clouds collect."""

    def __init__(self, stream: Lines) -> None:
        self._stream = stream

    def write(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Write each event as one line of strict JSON."""
        for event in events:
            self._stream.write(msgspec.json.encode(event).decode() + "\n")
        self._stream.flush()
