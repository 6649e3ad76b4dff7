"""Ingest: log objects in, one profile for each of their windows out.

Small objects are profiled together, as a group; a large object, or one that was read before, is a group of its own. A
profile's key is derived from the objects behind it, and each object's receipt tells which profiles hold its rows. So
doing it again changes nothing:

- An object is left alone while its receipt names its present content and the profiles are there.
- The receipts of new objects are written before the profiles: after a crash in between a profile is missing, and they
  are read again. The receipt of an object that was read before loses its ETag first and gets the new one last.
- A new version of an object replaces the profiles of the old one. If these hold other objects' rows too, all of them
  are read again; rows of objects that are gone by then are counted as rejected.
- Of two that ingest the same object at once, one loses the race for its receipt and leaves the object out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from atalaia.baseline import Baseline
from atalaia.errors import ObjectNotFoundError
from atalaia.monitor_file import Monitor
from atalaia.monitoring.grouping import Group, Item, LogDraft, Reader
from atalaia.monitoring.layout import group_id, log_id, profile_key, rejects_key
from atalaia.monitoring.receipts import Receipt, Receipts
from atalaia.monitoring.sources import LogSource, columnwise_if_sound
from atalaia.ports import ObjectInfo, ObjectStore
from atalaia.profile import pack, profile_to_plain, unpack
from atalaia.window import parse_duration

_READERS = "2"  # to be raised when a reader reads the same bytes differently, so that logs are read again
_SMALL_BYTES = 256 << 10
_GROUP_BYTES, _GROUP_OBJECTS = 8 << 20, 1000


class Ingester:
    """Turns the log objects of one monitor into profiles."""

    def __init__(self, monitor: Monitor, baseline: Baseline, output: ObjectStore) -> None:
        """Prepare the monitor's columns and windows once for many objects."""
        self._name = monitor.name
        self._output = output
        self._baseline = baseline.version
        self._reader = Reader(monitor, baseline.profiler())
        self._receipts = Receipts(monitor.name, output, parse_duration(monitor.window))
        self._settings = f"{_READERS} {monitor.window} {monitor.lateness}"
        self._held: set[str] = set()

    def ingest(self, source: LogSource, info: ObjectInfo) -> tuple[Receipt, bool]:
        """Profile one object as `ingest_all` does."""
        return next(self.ingest_all(source, [info]))

    def ingest_all(self, source: LogSource, infos: Iterable[ObjectInfo]) -> Iterator[tuple[Receipt, bool]]:
        """Profile objects and store the result.

        Yields:
            For each object what became of it, and whether that is news: False if this content was ingested before. Also
            for objects that had to be read again because another one in their group has changed.
        """
        small: list[Item] = []
        for info in infos:
            item = self._item(source, source.log(info).uri, info)
            if self._is_done(item):
                yield item.before, False
            elif item.before.windows or info.size > _SMALL_BYTES:
                yield from self._ingest_group(source, [item, *self._companions(source, item)])
            else:
                small.append(item)
                if len(small) == _GROUP_OBJECTS or sum([other.log.size for other in small]) > _GROUP_BYTES:
                    yield from self._ingest_group(source, small)
                    small = []
        yield from self._ingest_group(source, small)

    def _item(self, source: LogSource, uri: str, info: ObjectInfo | None) -> Item:
        before, etag = self._receipts.get(uri)
        log = source.gone(uri) if info is None else source.log(info)
        return Item(info, log, before, etag, f"{self._settings} {source.format}")

    def _is_done(self, item: Item) -> bool:
        before = item.before
        same = (before.etag, before.baseline, before.settings) == (item.log.etag, self._baseline, item.settings)
        return same and all(self._is_held(profile_key(self._name, start, before.profile)) for start in before.windows)

    def _is_held(self, key: str) -> bool:
        if key not in self._held:
            try:
                self._output.head(key)
            except ObjectNotFoundError:
                return False
            self._held.add(key)
        return True

    def _companions(self, source: LogSource, item: Item) -> list[Item]:
        """Return the other objects whose rows lie in the same profiles as those of *item*."""
        before = item.before
        if before.profile == log_id(before.log):
            return []
        found: set[str] = set()
        for start in before.windows:
            key = profile_key(self._name, start, before.profile)
            try:
                found |= set(unpack(self._output.get(key)[0], f"{self._output.uri}/{key}")["logs"])
            except ObjectNotFoundError:
                continue
        others = [self._item(source, uri, source.find(uri)) for uri in sorted(found - {item.log.uri})]
        return [other for other in others if other.before.profile == before.profile]

    def _ingest_group(self, source: LogSource, items: list[Item]) -> Iterator[tuple[Receipt, bool]]:
        """Read *items* together; those for whose receipts a race is lost are left out."""
        while items:
            name = log_id(items[0].log.uri) if len(items) == 1 else group_id([item.log.uri for item in items])
            group = columnwise_if_sound(lambda columnwise: self._reader.read(source, items, columnwise=columnwise))  # noqa: B023 - called at once
            receipts = [self._receipt(item, log, name) for item, log in zip(items, group.logs, strict=True)]
            won = [self._receipts.claim(_claim(i, r), i.receipt_etag) for i, r in zip(items, receipts, strict=True)]
            if all(won):
                self._store(group, items, name)
                self._replace(group, items, receipts)
                yield from ((receipt, True) for receipt in receipts)
                return
            items = [self._item(source, i.log.uri, i.info) for i, mine in zip(items, won, strict=True) if mine]

    def _receipt(self, item: Item, log: LogDraft, name: str) -> Receipt:
        return Receipt(
            log=item.log.uri,
            etag=item.log.etag,
            baseline=self._baseline,
            settings=item.settings,
            format=log.format,
            why=log.why,
            rows=log.rows.total(),
            rejected=log.rejected,
            windows=tuple(sorted(window.start for window in log.windows)),
            profile=name,
        )

    def _store(self, group: Group, items: list[Item], name: str) -> None:
        one = items[0].log
        about = {"uri": one.uri, "etag": one.etag, "format": group.logs[0].format}
        for window in group.counters:
            content = {
                "kind": "profile",
                "log": about,
                "logs": [item.log.uri for item in items],
                "window": [window.start, window.end],
                "profile": profile_to_plain(group.profile(window)),
            }
            self._output.put(profile_key(self._name, window.start, name), pack(content))
        for item, log in zip(items, group.logs, strict=True):
            for window, rejects in log.rejects.items():
                self._output.put(rejects_key(self._name, window.start, item.log.uri), rejects.to_bytes())

    def _replace(self, group: Group, items: list[Item], receipts: list[Receipt]) -> None:
        """Remove what earlier versions of the objects left, and say that the new ones hold."""
        written = {profile_key(self._name, window.start, receipts[0].profile) for window in group.counters}
        for item, receipt, log in zip(items, receipts, group.logs, strict=True):
            rejected = {window.start for window in log.rejects}
            for start in item.before.windows:
                key = profile_key(self._name, start, item.before.profile)
                if key not in written:
                    self._output.delete(key)
                    self._held.discard(key)
                if start not in rejected:
                    self._output.delete(rejects_key(self._name, start, item.log.uri))
            if item.before.windows:
                self._receipts.put(receipt)


def _claim(item: Item, receipt: Receipt) -> Receipt:
    """Return what is written before the profiles: for an object that was read before, that its reading is under way."""
    if not item.before.windows:
        return receipt
    written = receipt.windows if item.before.profile == receipt.profile else ()
    return msgspec.structs.replace(item.before, etag="", windows=tuple(sorted({*item.before.windows, *written})))
