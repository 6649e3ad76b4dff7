"""Collecting: what was appended to log objects since they were last looked at, each line once.

Azure ML's collector appends to its blobs and nobody tells of it, so a schedule looks. Where an object's next part ends
is written down, under the condition that nobody else did, before the part is read; a part is then a log object of its
own (see `growing`), which changes nothing if it is ingested again. So killed anywhere, the next round ingests the same
part, and goes on behind it when it is done.

What is known of the objects of one folder lies together: a collector writes one of them for an hour. Objects that have
not changed since the last round but one are passed over.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
from msgspec import Struct, field

from atalaia.errors import ObjectNotFoundError, PreconditionError
from atalaia.monitoring.growing import part_info
from atalaia.monitoring.layout import collected_key, folder_key
from atalaia.monitoring.sources import LogSource
from atalaia.ports import ObjectInfo, ObjectStore
from atalaia.window import SECOND

_PART_BYTES = 64 << 20  # so much of one object is read at once, at most
_BLOCK = 1 << 20
_SLACK = 600 * SECOND  # by so much may our clock differ from the store's, and a listing be late
_SETTLED = 3600 * SECOND  # after so long a last line without its end gets none any more

_T = TypeVar("_T")


class _Folder(Struct, frozen=True):
    """What is known of a folder's objects: by name, up to where each was read, and where the part under way ends."""

    logs: dict[str, tuple[int, int]] = {}


class _Since(Struct, frozen=True):
    """Objects that were last written before this time, in µs since 1970, are read to their ends."""

    since: int = 0


class Found(Struct):
    """What a round has found.

    Attributes:
        parts: By folder, what is to be ingested.
        shrunk: Objects with fewer bytes than were read of them, and why that is a fault; by key.
        busy: Whether somebody else collects at the same time.
        unsettled: When the first object was written whose last line has no end yet; None if there is none.
    """

    parts: dict[str, list[ObjectInfo]] = field(default_factory=dict)
    shrunk: dict[str, str] = field(default_factory=dict)
    busy: bool = False
    unsettled: int | None = None


class Collector:
    """Finds what was appended to the log objects of one monitor.

    Args:
        monitor: Its name.
        source: The objects.
        output: The store that remembers how far they were read.
        now: The time, in µs since 1970.
    """

    def __init__(self, monitor: str, source: LogSource, output: ObjectStore, now: int) -> None:
        self._monitor = monitor
        self._source = source
        self._output = output
        self._now = now
        self._changed: dict[str, list[ObjectInfo]] = {}
        self._known: dict[str, tuple[_Folder, str | None]] = {}
        self._since = self._read(collected_key(monitor), _Since)[0].since
        for info in source.objects():
            if info.time >= self._since:
                self._changed.setdefault(posixpath.dirname(info.key), []).append(info)

    def find(self, enough_time: Callable[[], bool]) -> Found:
        """Fix the next part of each object that has one, as long as there is time; parts fixed before come first."""
        found = Found(busy=not enough_time())
        for folder, infos in self._changed.items():
            if found.busy:
                return found
            known, tag = self._known.get(folder) or self._read(folder_key(self._monitor, folder), _Folder)
            fixed = dict(known.logs)
            for info in infos:
                fixed[posixpath.basename(info.key)] = self._fixed(info, fixed, found)
            try:
                self._known[folder] = self._written(folder, known, _Folder(fixed), tag)
            except PreconditionError:
                self._known.pop(folder, None)
                found.busy = True
                continue
            parts = [
                part_info(posixpath.join(folder, name), *ends) for name, ends in fixed.items() if ends[0] < ends[1]
            ]
            found.parts |= {folder: parts} if parts else {}
            found.busy = found.busy or not enough_time()
        return found

    def note(self, found: Found, undone: Callable[[ObjectInfo], bool]) -> bool:
        """Note which parts are ingested; tell whether all are, and the objects may have more."""
        whole = True
        for folder, parts in found.parts.items():
            left = {posixpath.basename(part.key.rpartition("#")[0]) for part in parts if undone(part)}
            before, tag = self._known[folder]
            ended = {name: ends if name in left else (ends[1], ends[1]) for name, ends in before.logs.items()}
            try:
                self._known[folder] = self._written(folder, before, _Folder(ended), tag)
            except PreconditionError:  # another ingested the same, and was faster
                del self._known[folder]
                whole = False
            whole = whole and not left
        return whole

    def finish(self, found: Found) -> None:
        """Note that every object that is there now was read to its end, but for lines that have none yet."""
        since = min(self._now, self._now if found.unsettled is None else found.unsettled) - _SLACK
        if since - self._since >= _SLACK:
            self._output.put(collected_key(self._monitor), msgspec.json.encode(_Since(since)))

    def _fixed(self, info: ObjectInfo, known: Mapping[str, tuple[int, int]], found: Found) -> tuple[int, int]:
        """Return the part of an object that is to be read: the one under way, or else the next one."""
        done, end = known.get(posixpath.basename(info.key), (0, 0))
        if info.size < end:
            found.shrunk[info.key] = f"it has {info.size:,} bytes, but {end:,} were read. {_ONLY_GROW}"
        if done < end or info.size <= end:
            return done, end
        last = min(info.size, end + _PART_BYTES)
        newline = self._behind_last_line(info.key, end, last)
        if newline == end and last < info.size:
            return end, last  # a line of this length is refused, wherever it is cut
        if last == info.size > newline:
            if self._now - info.time >= _SETTLED:
                return end, last
            found.unsettled = min(info.time, info.time if found.unsettled is None else found.unsettled)
        return end, newline

    def _behind_last_line(self, key: str, start: int, end: int) -> int:
        """Return where the last whole line between *start* and *end* ends; *start* if there is none."""
        while start < end:
            begin = max(start, end - _BLOCK)
            place = self._source.store.get_range(key, begin, end).rfind(b"\n")
            if place >= 0:
                return begin + place + 1
            end = begin
        return start

    def _read(self, key: str, kind: type[_T]) -> tuple[_T, str | None]:
        try:
            data, info = self._output.get(key)
        except ObjectNotFoundError:
            return kind(), None
        return msgspec.json.decode(data, type=kind), info.etag

    def _written(self, folder: str, before: _Folder, after: _Folder, tag: str | None) -> tuple[_Folder, str | None]:
        if before != after:
            key, data = folder_key(self._monitor, folder), msgspec.json.encode(after, order="sorted")
            tag = self._output.put(key, data, if_match=tag, if_absent=tag is None)
        return after, tag


_ONLY_GROW = "Logs that are collected may only grow: write a new one instead of replacing one."
