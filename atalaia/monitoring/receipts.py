"""Receipts: what became of each log object, so that none is counted twice and none is forgotten."""

from __future__ import annotations

import msgspec

from atalaia.errors import ObjectNotFoundError
from atalaia.monitoring.layout import log_id, profiles_prefix, receipt_key
from atalaia.ports import ObjectStore
from atalaia.window import window_at_key


class Receipt(msgspec.Struct, frozen=True):
    """What became of a log object.

    Attributes:
        log: Its URI.
        etag: The ETag of the content that was read; empty while a reading is under way.
        baseline: The baseline that its rows were counted on.
        settings: What else shapes the profiles: the readers' version, window width, lateness, the format given.
        format: How it was read.
        why: Because of what.
        rows: Rows profiled.
        rejected: Rows rejected, by reason.
        windows: Starts of the windows that its rows or rejects fell into, µs since 1970.
    """

    log: str
    etag: str
    baseline: str
    settings: str
    format: str
    why: str
    rows: int
    rejected: dict[str, int]
    windows: tuple[int, ...]


class Receipts:
    """The receipts of one monitor."""

    def __init__(self, monitor: str, output: ObjectStore, width: int) -> None:
        """Keep them in *output*; windows are *width* µs wide."""
        self._monitor = monitor
        self._output = output
        self._width = width

    def get(self, uri: str) -> Receipt:
        """Return what is known of an object; for one never read, or by another release, an empty receipt."""
        nothing = Receipt(uri, "", "", "", "", "", 0, {}, ())
        try:
            data, _ = self._output.get(receipt_key(self._monitor, uri))
        except ObjectNotFoundError:
            return nothing
        try:
            return msgspec.json.decode(data, type=Receipt)
        except msgspec.DecodeError:
            return msgspec.structs.replace(nothing, windows=self._windows_held(uri))

    def put(self, receipt: Receipt) -> None:
        """Write *receipt* over whatever is there."""
        data = msgspec.json.encode(receipt, order="deterministic") + b"\n"
        self._output.put(receipt_key(self._monitor, receipt.log), data)

    def _windows_held(self, uri: str) -> tuple[int, ...]:
        """Look through all profiles for those of one object."""
        prefix, ending = profiles_prefix(self._monitor), f"/{log_id(uri)}.profile"
        keys = [info.key for info in self._output.list(prefix) if info.key.endswith(ending)]
        windows = (window_at_key(key.removeprefix(prefix).removesuffix(ending), self._width) for key in keys)
        return tuple(window.start for window in windows if window is not None)
