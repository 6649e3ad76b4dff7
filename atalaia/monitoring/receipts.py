"""Receipts: what became of each log object, so that none is counted twice and none is forgotten.

Log objects that are profiled together are a *packet*; mostly it is one object. An object belongs to the packet that
first claimed it, for ever: that is written once, under a condition, so that two who ingest at the same time agree.
"""

from __future__ import annotations

import msgspec

from atalaia.errors import ObjectNotFoundError, PreconditionError, StoredFormError
from atalaia.monitoring.layout import is_of_several, log_id, profiles_prefix, state_key
from atalaia.ports import ObjectStore
from atalaia.window import window_at_key


class Receipt(msgspec.Struct, frozen=True):
    """What became of a log object.

    Attributes:
        log: Its URI.
        etag: The ETag of the content that was read; empty if nothing was.
        time: When the object was written that this content was first read from, µs since 1970.
        format: How it was read.
        why: Because of what.
        rows: Rows profiled.
        rejected: Rows rejected, by reason.
        windows: Starts of the windows that its rows or rejects fell into, µs since 1970.
    """

    log: str
    etag: str = ""
    time: int = 0
    format: str = ""
    why: str = ""
    rows: int = 0
    rejected: dict[str, int] = {}
    windows: tuple[int, ...] = ()

    @property
    def counted(self) -> int:
        """How many rows were read."""
        return self.rows + sum(self.rejected.values())


class Packet(msgspec.Struct, frozen=True, tag="packet", tag_field="kind"):
    """Log objects that are profiled together.

    Attributes:
        logs: Their receipts.
        windows: Starts of the windows in which a profile of them may lie, µs since 1970.
        overtaken: Likewise of windows in which another, whose reading had begun before and not ended, may write or
            delete something even after this one ended; when these objects are next ingested, they are read again.
        done: Whether these profiles are what the receipts say; else a reading is under way, or has ended midway.
        baseline: The baseline that their rows were counted on; of several eras, each, with commas in between.
        settings: What else shapes the profiles: the readers' version, window width, lateness, the format given.
    """

    logs: tuple[Receipt, ...]
    windows: tuple[int, ...] = ()
    overtaken: tuple[int, ...] = ()
    done: bool = False
    baseline: str = ""
    settings: str = ""


class Member(msgspec.Struct, frozen=True, tag="member", tag_field="kind"):
    """Says that a log object belongs to a packet with others."""

    packet: str


class Ledger:
    """The receipts of one monitor."""

    def __init__(self, monitor: str, output: ObjectStore, width: int) -> None:
        """Keep them in *output*; windows are *width* µs wide."""
        self._monitor = monitor
        self._output = output
        self._width = width

    def packet_of(self, uri: str) -> str | None:
        """Return the id of the packet that an object belongs to; None if it was never read."""
        entry, tag = self.get(log_id(uri))
        if isinstance(entry, Member):
            return entry.packet
        return None if tag is None else log_id(uri)

    def get(self, packet: str) -> tuple[Packet | Member, str | None]:
        """Return what is known of a packet, and the ETag of that.

        Of an object by itself it may be that it belongs to another packet. If it was never heard of, or by another
        release, it is empty; in the latter case it is known where its profiles are.

        Raises:
            StoredFormError: What is written of a packet of several is gone, or not to be understood.
        """
        key = state_key(self._monitor, packet)
        try:
            data, info = self._output.get(key)
            return msgspec.json.decode(data, type=Packet | Member), info.etag
        except (ObjectNotFoundError, msgspec.DecodeError) as error:
            if is_of_several(packet):
                msg = (
                    f"{self._output.uri}/{key}: gone or damaged. Delete {self._monitor}/ there to read all logs again."
                )
                raise StoredFormError(msg) from error
            if isinstance(error, ObjectNotFoundError):
                return Packet(()), None
            return Packet((), windows=self._windows_held(packet)), info.etag

    def put(self, packet: str, entry: Packet, tag: str | None) -> str:
        """Write what became of a packet over what has the ETag *tag*, None for nothing; return the new ETag.

        Raises:
            PreconditionError: Something else was written there.
        """
        return self._put(packet, entry, tag)

    def claim(self, uri: str, packet: str) -> bool:
        """Let an object belong to a packet of several, unless it belongs to one; tell whether it is this one."""
        try:
            self._put(log_id(uri), Member(packet), None)
        except PreconditionError:
            return self.packet_of(uri) == packet
        return True

    def _put(self, packet: str, entry: Packet | Member, tag: str | None) -> str:
        data = msgspec.json.encode(entry, order="deterministic") + b"\n"
        return self._output.put(state_key(self._monitor, packet), data, if_match=tag, if_absent=tag is None)

    def _windows_held(self, packet: str) -> tuple[int, ...]:
        """Look through all profiles for those of one packet."""
        prefix, ending = profiles_prefix(self._monitor), f"/{packet}.profile"
        keys = [info.key for info in self._output.list(prefix) if info.key.endswith(ending)]
        windows = (window_at_key(key.removeprefix(prefix).removesuffix(ending), self._width) for key in keys)
        return tuple(window.start for window in windows if window is not None)
