"""Changes: marks in the output store that tell which windows are to be evaluated, so that no others are looked at.

Who ingests marks each window after its profile is written and before that is noted as done: killed in between, it does
both again. Each mark has a name of its own, and who evaluates removes those it saw before it looked for profiles; so no
change is overlooked, whoever does what at the same time. A window that is not over keeps one mark, `open`, which holds
what its report was made of: it is evaluated again when that has changed, and last of all when it is over.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from atalaia.errors import ObjectNotFoundError
from atalaia.monitoring.layout import changed_prefix
from atalaia.ports import ObjectStore
from atalaia.window import Window, window_at_key

_OPEN = "open"


class Marked(Struct):
    """A window with its marks: their keys, and what its report was made of, if it has one and was not over."""

    window: Window
    keys: list[str] = field(default_factory=list)
    basis: str | None = None


class Changes:
    """The marks of one monitor.

    Args:
        monitor: Its name.
        output: The store that holds them.
        width: Of its windows, in µs.
    """

    def __init__(self, monitor: str, output: ObjectStore, width: int) -> None:
        self._prefix = changed_prefix(monitor)
        self._output = output
        self._width = width

    def mark(self, starts: Iterable[int], name: str) -> None:
        """Mark the windows that begin at *starts* with a *name* that nobody else uses."""
        for start in starts:
            self._output.put(f"{self._prefix}{Window(start, start).key}/{name}", b"")

    def marked(self) -> list[Marked]:
        """Return the windows that are marked, in order of time."""
        found: dict[Window, Marked] = {}
        for info in self._output.list(self._prefix):
            start, _, name = info.key.removeprefix(self._prefix).partition("/")
            window = window_at_key(start, self._width)
            if window is None:
                continue
            marked = found.setdefault(window, Marked(window))
            marked.keys.append(info.key)
            if name == _OPEN:
                marked.basis = self._content(info.key)
        return sorted(found.values(), key=lambda marked: marked.window)

    def keep_open(self, marked: Marked, basis: str) -> None:
        """Note what the report of a window that is not over was made of, and remove its other marks."""
        key = f"{self._prefix}{marked.window.key}/{_OPEN}"
        if marked.basis != basis:
            self._output.put(key, basis.encode())
        self._remove(other for other in marked.keys if other != key)

    def close(self, marked: Marked) -> None:
        """Remove the marks of a window that is over."""
        self._remove(marked.keys)

    def _remove(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._output.delete(key)

    def _content(self, key: str) -> str | None:
        try:
            return self._output.get(key)[0].decode(errors="replace")
        except ObjectNotFoundError:  # another evaluation has closed the window meanwhile
            return None
