"""Ingest: log objects in, a profile for each of their windows out.

Small objects are profiled together, in packets, as most of what each costs is then paid once. What is written has a key
derived from the objects' URIs, and the packet's receipt is written twice: before its profiles and after. So the same
object again changes nothing, a new version of it (another ETag) replaces the profiles of the old one, and a crash in
between is mended by doing it again. Everything is written on the condition that nobody else wrote since it was looked
at; who finds that somebody did begins anew, so that two who ingest at the same time leave what the later one leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

import msgspec
from msgspec import Struct, field

from atalaia.baseline import Baseline
from atalaia.errors import ObjectNotFoundError, PreconditionError
from atalaia.monitor_file import Monitor
from atalaia.monitoring.eras import Eras, as_eras
from atalaia.monitoring.growing import whole_of
from atalaia.monitoring.layout import is_of_several, log_id, packet_id, profile_key, rejects_key
from atalaia.monitoring.reading import Draft, Item, LogDraft, Reader
from atalaia.monitoring.receipts import Ledger, Member, Packet, Receipt
from atalaia.monitoring.sources import LogSource, columnwise_if_sound
from atalaia.ports import ObjectInfo, ObjectStore
from atalaia.profile import pack, profile_to_plain
from atalaia.window import Window, parse_duration

_READERS = "4"  # to be raised when a reader reads the same bytes differently, so that logs are read again
SMALL_BYTES = 2 << 20  # objects of at most this size are profiled together: a profile costs as much as 1,000 rows
_PACKET_LOGS, _PACKET_BYTES = 1000, 16 << 20  # at most, or a little more
_TRIES = 10

_Infos = dict[str, ObjectInfo | None]  # by URI; None where the object is gone
_Outcomes = dict[str, tuple[Receipt, bool]]


class _Task(Struct):
    """A packet to be brought up to date.

    Attributes:
        source: Where its objects are.
        packet: Its id.
        infos: The objects that are asked for.
        draft: What was read of them already.
        begun: The ETag of what an earlier try wrote before its profiles.
        left: Keys that tries which failed have written, perhaps where another had nothing to write.
    """

    source: LogSource
    packet: str
    infos: _Infos
    draft: Draft | None = None
    begun: str = ""
    left: set[str] = field(default_factory=set)


class Ingester:
    """Turns the log objects of one monitor into profiles."""

    def __init__(
        self,
        monitor: Monitor,
        baseline: Baseline | Eras,
        output: ObjectStore,
        tell: Callable[[Iterable[int], str], None] | None = None,
    ) -> None:
        """Prepare the monitor's columns and windows once for many objects.

        *tell* hears the starts of the windows in which the profile of a packet was written or deleted, and the
        packet's id, before it is noted as done: if the process is killed before that, it hears of them again.
        """
        self._tell = tell
        self._name = monitor.name
        self._output = output
        self._eras = as_eras(baseline)
        self._reader = Reader(monitor, self._eras.profiler)
        self._ledger = Ledger(monitor.name, output, parse_duration(monitor.window))
        self._settings = f"{_READERS} {monitor.window} {monitor.lateness}"
        self._written: set[str] = set()  # packets written since `ingest_all` was last called

    def ingest_all(self, source: LogSource, infos: Iterable[ObjectInfo]) -> Iterator[tuple[Receipt, bool]]:
        """Profile objects and store the result.

        Yields:
            Of each object once, large ones first: what became of it, and whether that is news: False if this content
            was ingested before.
        """
        self._written = set()
        few: dict[str, ObjectInfo] = {}
        held = 0
        for info in infos:
            if info.size > SMALL_BYTES:
                yield from self._ingest(source, {source.uri(info.key): info})
                continue
            few[source.uri(info.key)] = info
            held += info.size
            if len(few) >= _PACKET_LOGS or held >= _PACKET_BYTES:
                yield from self._ingest(source, few)
                few, held = {}, 0
        yield from self._ingest(source, few)

    def ingest(self, source: LogSource, info: ObjectInfo) -> tuple[Receipt, bool]:
        """Profile one object, as `ingest_all` does."""
        (outcome,) = self.ingest_all(source, [info])
        return outcome

    def _ingest(self, source: LogSource, infos: dict[str, ObjectInfo]) -> Iterable[tuple[Receipt, bool]]:
        outcomes: _Outcomes = {}
        for _ in range(_TRIES):
            packets: dict[str, _Infos] = {}
            fresh: list[str] = []
            for uri in sorted(infos.keys() - outcomes.keys()):
                packet = self._ledger.packet_of(uri)
                packets.setdefault(packet or log_id(uri), {})[uri] = infos[uri]
                fresh += [uri] if packet is None else []
            outcomes |= self._ingest_fresh(source, {uri: infos[uri] for uri in fresh})
            for packet, some in packets.items():
                if not some.keys() <= outcomes.keys():
                    outcomes |= self._settle(_Task(source, packet, some))
            if len(outcomes) == len(infos):
                return [outcomes[uri] for uri in infos]
        raise self._outrun(next(iter(infos)))

    def _ingest_fresh(self, source: LogSource, infos: dict[str, ObjectInfo]) -> _Outcomes:
        """Profile several objects together that were never read, unless their rows are too far apart in time."""
        if len(infos) < 2:
            return {}
        items = [Item(uri, info) for uri, info in infos.items()]
        draft = self._reader.read(source, items, columnwise=False)
        draft.logs = [log for log in draft.logs if log.etag]
        if len(draft.logs) < 2 or any("too_many_windows" in log.rejected for log in draft.logs):
            return {}
        uris = [log.uri for log in draft.logs]
        packet = packet_id(uris)
        with suppress(PreconditionError):  # if it was begun before, settling it goes on where that ended
            self._ledger.put(packet, Packet(tuple(Receipt(uri) for uri in uris)), None)
        return self._settle(_Task(source, packet, {uri: infos[uri] for uri in uris}, draft))

    def _settle(self, task: _Task) -> _Outcomes:
        """Bring a packet up to date with what its objects hold; return what became of those that are asked for."""
        for _ in range(_TRIES):
            entry, tag = self._ledger.get(task.packet)
            if isinstance(entry, Member):
                return {}
            entry = self._with_members(task, entry)
            if task.left or not self._is_settled(task, entry):
                try:
                    entry = self._renew(task, entry, tag)
                except (PreconditionError, ObjectNotFoundError):
                    task.infos, task.draft = {uri: task.source.present(uri) for uri in task.infos}, None
                    continue
            new = task.packet in self._written
            return {receipt.log: (receipt, new) for receipt in entry.logs if receipt.log in task.infos}
        raise self._outrun(next(iter(task.infos)))

    def _with_members(self, task: _Task, entry: Packet) -> Packet:
        """Return what is known of a packet, with all objects that belong to it and without those that do not."""
        known = {receipt.log for receipt in entry.logs}
        logs = (*entry.logs, *(Receipt(uri, windows=entry.windows) for uri in task.infos if uri not in known))
        if is_of_several(task.packet):
            sure = known if entry.done else set()
            logs = tuple(r for r in logs if r.log in sure or self._ledger.claim(r.log, task.packet))
        return msgspec.structs.replace(entry, logs=logs)

    def _is_settled(self, task: _Task, entry: Packet) -> bool:
        settings = f"{self._settings} {task.source.format}"
        if not entry.done or (entry.baseline, entry.settings) != (self._eras.versions(entry.windows), settings):
            return False
        if entry.overtaken and all(not old.etag or task.source.present(old.log) for old in entry.logs):
            return False
        known = {receipt.log: receipt.etag for receipt in entry.logs}
        asked = {uri: info for uri, info in task.infos.items() if uri in known}
        changed = [uri for uri, info in asked.items() if info is not None and info.etag != known[uri]]
        present = [task.source.present(uri) for uri in changed]  # what was told may be out of date
        return all(info is None or info.etag == known[uri] for uri, info in zip(changed, present, strict=True))

    def _renew(self, task: _Task, entry: Packet, tag: str | None) -> Packet:
        """Read a packet's objects and replace its profiles.

        Raises:
            PreconditionError: Somebody else has written to the packet.
            ObjectNotFoundError: An object was deleted while it was read.
        """
        draft = task.draft
        if draft is None or [log.uri for log in draft.logs] != [receipt.log for receipt in entry.logs]:
            draft = self._read(task, entry)
        if _is_kept(task.packet, entry, draft):
            self._written |= {task.packet} if tag is None else set()
            return Packet((Receipt(entry.logs[0].log, rejected={"log_gone": 1}),)) if tag is None else entry
        receipts = tuple(map(_receipt, draft.logs))
        settings, starts = f"{self._settings} {task.source.format}", tuple(sorted(w.start for w in draft.counters))
        overtaken = () if entry.done else entry.overtaken if tag == task.begun else _windows_of(entry)
        made_on = self._eras.versions(starts)
        done = Packet(receipts, starts, overtaken, done=True, baseline=made_on, settings=settings)
        before = self._held(task, entry)
        tag = task.begun = self._ledger.put(task.packet, _begun(done, entry), tag)
        for key, data in self._outputs(task.packet, done, draft):
            task.left.add(key)
            self._output.put(key, data, if_match=before.get(key), if_absent=key not in before)
            before.pop(key, None)
        for key in before:
            self._output.delete(key)
        if self._tell is not None:
            self._tell(sorted({*_windows_of(entry), *starts}), task.packet)
        self._ledger.put(task.packet, done, tag)
        if not entry.overtaken or entry.logs != done.logs:
            self._written.add(task.packet)
        return done

    def _read(self, task: _Task, entry: Packet) -> Draft:
        infos = task.infos | {old.log: task.source.present(old.log) for old in entry.logs if old.log not in task.infos}
        items = [Item(old.log, infos[old.log], old.etag, old.time, old.counted, old.windows) for old in entry.logs]
        if len(items) > 1:
            return self._reader.read(task.source, items, columnwise=False)
        return columnwise_if_sound(lambda columnwise: self._reader.read(task.source, items, columnwise=columnwise))

    def _held(self, task: _Task, entry: Packet) -> dict[str, str]:
        """Return the keys and ETags of what earlier readings may have left."""
        keys = {*task.left, *(profile_key(self._name, start, task.packet) for start in _windows_of(entry))}
        for receipt in entry.logs:
            starts = receipt.windows if receipt.rejected or not entry.done else ()
            keys |= {rejects_key(self._name, start, receipt.log) for start in (*starts, *entry.overtaken)}
        held = {}
        for key in sorted(keys):
            try:
                held[key] = self._output.head(key).etag
            except ObjectNotFoundError:
                continue
        return held

    def _outputs(self, packet: str, entry: Packet, draft: Draft) -> Iterator[tuple[str, bytes]]:
        """Yield what is stored of a packet: the lists of rejects, and the profiles."""
        logs: Sequence[tuple[Receipt, LogDraft]] = list(zip(entry.logs, draft.logs, strict=True))
        for receipt, log in logs:
            for window, rejects in log.rejects.items():
                yield rejects_key(self._name, window.start, receipt.log), rejects.to_bytes()
        for window in draft.counters:
            content = {
                "kind": "profile",
                "logs": [_in_window(receipt, log, window) for receipt, log in logs if window in log.windows],
                "window": [window.start, window.end],
                "profile": profile_to_plain(draft.profile(window)),
            }
            yield profile_key(self._name, window.start, packet), pack(content)

    def _outrun(self, uri: str) -> PreconditionError:
        msg = f"{uri}: {_TRIES} times it was changed, or ingested by another, while it was ingested. Try again."
        return PreconditionError(msg)


def _is_kept(packet: str, entry: Packet, draft: Draft) -> bool:
    """Tell whether what is known of an object by itself stays as it is: it is gone, and no reading has ended midway."""
    alone = not is_of_several(packet) and not draft.logs[0].etag
    return alone and (entry.done or not entry.logs[0].counted)


def _windows_of(entry: Packet) -> tuple[int, ...]:
    return (*entry.windows, *entry.overtaken)


def _receipt(log: LogDraft) -> Receipt:
    windows = tuple(sorted(window.start for window in log.windows))
    return Receipt(log.uri, log.etag, log.time, log.format, log.why, log.rows.total(), log.rejected, windows)


def _begun(done: Packet, before: Packet) -> Packet:
    """Return what is written before the profiles: where any may lie from now on."""
    logs = tuple(
        msgspec.structs.replace(new, windows=tuple(sorted({*old.windows, *new.windows})))
        for old, new in zip(before.logs, done.logs, strict=True)
    )
    windows = tuple(sorted({*_windows_of(before), *done.windows}))
    return msgspec.structs.replace(done, logs=logs, windows=windows, done=False)


def _in_window(receipt: Receipt, log: LogDraft, window: Window) -> dict[str, str | int]:
    rejected = log.rejects[window].rows.total() if window in log.rejects else 0
    uri, etag = whole_of(receipt.log, receipt.etag)
    about = {"uri": uri, "etag": etag, "format": receipt.format}
    return {**about, "rows": log.rows[window], "rejected": rejected}
