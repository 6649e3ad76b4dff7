"""Ingest: one log object in, one profile for each of its windows out.

What is written has a key derived from the object's URI, and a receipt is written last: the same object again changes
nothing, a new version of it (another ETag) replaces the profiles of the old one, and a crash in between is mended by
doing it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from atalaia.baseline import Baseline
from atalaia.monitor_file import Monitor
from atalaia.monitoring.layout import profile_key, rejects_key
from atalaia.monitoring.reading import LogDraft, Reader
from atalaia.monitoring.receipts import Receipt, Receipts
from atalaia.monitoring.sources import LogSource, columnwise_if_sound
from atalaia.ports import ObjectInfo, ObjectStore
from atalaia.profile import pack, profile_to_plain
from atalaia.rows import LogObject
from atalaia.window import parse_duration

_READERS = "2"  # to be raised when a reader reads the same bytes differently, so that logs are read again


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

    def ingest_all(self, source: LogSource, infos: Iterable[ObjectInfo]) -> Iterator[tuple[Receipt, bool]]:
        """Profile objects one after the other, as `ingest` does."""
        for info in infos:
            yield self.ingest(source, info)

    def ingest(self, source: LogSource, info: ObjectInfo) -> tuple[Receipt, bool]:
        """Profile one object and store the result.

        Returns:
            What became of it, and whether that is news: False if this content was ingested before.
        """
        log = source.log(info)
        settings = f"{self._settings} {source.format}"
        before = self._receipts.get(log.uri)
        if (before.etag, before.baseline, before.settings) == (log.etag, self._baseline, settings):
            return before, False
        draft = columnwise_if_sound(lambda columnwise: self._reader.read(source, info, columnwise=columnwise))
        receipt = self._receipt(log, draft, settings)
        every = tuple(sorted({*before.windows, *receipt.windows}))
        self._receipts.put(msgspec.structs.replace(before, etag="", windows=every))  # a crash from here on is known of
        self._store(log, draft)
        self._remove_stale(log, draft, before)
        self._receipts.put(receipt)
        return receipt, True

    def _receipt(self, log: LogObject, draft: LogDraft, settings: str) -> Receipt:
        return Receipt(
            log=log.uri,
            etag=log.etag,
            baseline=self._baseline,
            settings=settings,
            format=draft.format,
            why=draft.why,
            rows=draft.rows.total(),
            rejected=draft.rejected,
            windows=tuple(sorted(window.start for window in draft.counters)),
        )

    def _store(self, log: LogObject, draft: LogDraft) -> None:
        for window, rejects in draft.rejects.items():
            self._output.put(rejects_key(self._name, window.start, log.uri), rejects.to_bytes())
        for window in draft.counters:
            content = {
                "kind": "profile",
                "log": {"uri": log.uri, "etag": log.etag, "format": draft.format},
                "window": [window.start, window.end],
                "profile": profile_to_plain(draft.profile(window)),
            }
            self._output.put(profile_key(self._name, window.start, log.uri), pack(content))

    def _remove_stale(self, log: LogObject, draft: LogDraft, before: Receipt) -> None:
        """Remove what an earlier version of the object left where this one has nothing."""
        held, rejected = ({window.start for window in part} for part in (draft.counters, draft.rejects))
        for start in before.windows:
            if start not in held:
                self._output.delete(profile_key(self._name, start, log.uri))
            if start not in rejected:
                self._output.delete(rejects_key(self._name, start, log.uri))
