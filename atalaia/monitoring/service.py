"""Service: what the functions of a cloud do, whichever cloud it is. They bring the stores, the clock and telemetry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from atalaia.baseline import Baseline
from atalaia.errors import AtalaiaError, ObjectNotFoundError
from atalaia.monitor_file import LogFormat, Monitor
from atalaia.monitoring.baselines import ensure_baseline
from atalaia.monitoring.ingesting import SMALL_BYTES, Ingester
from atalaia.monitoring.layout import current_baseline_key
from atalaia.monitoring.receipts import Receipt
from atalaia.monitoring.sources import LogSource, payload_names
from atalaia.ports import ObjectInfo, ObjectStore

Stores = Callable[[str], ObjectStore]
"""Opens the store of a URI such as `s3://bucket/folder`."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A log object that arrived.

    Attributes:
        uri: Which one.
        size: Its bytes; None if that is not known.
        etag: Its ETag, if the size is known.
    """

    uri: str
    size: int | None = None
    etag: str = ""


@dataclass(slots=True)
class Ingested:
    """What became of arrivals.

    Attributes:
        receipts: By monitor, a receipt for each object, and whether it was news.
        failed: By URI, why an object could not be ingested now.
        unwatched: URIs that no monitor reads.
    """

    receipts: dict[str, list[tuple[Receipt, bool]]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    unwatched: list[str] = field(default_factory=list)


class Watch:
    """One monitor with its stores, kept as long as the function's process lives."""

    def __init__(self, monitor: Monitor, stores: Stores) -> None:
        """Open the stores that the monitor file names."""
        self.monitor = monitor
        self.output = stores(monitor.output)
        self._stores = stores
        self._names = payload_names(monitor.columns)
        self._held: tuple[str, Baseline, Ingester] | None = None
        root = monitor.logs.source.rstrip("/") + "/"
        own = f"{monitor.output.rstrip('/')}/{monitor.name}/"
        exclude = own.removeprefix(root) if own.startswith(root) else None
        self.source = LogSource(
            stores(monitor.logs.source), "", monitor.logs.format, monitor.logs.include, exclude, self._names
        )

    def key_of(self, uri: str) -> str | None:
        """Return the key of a log object of this monitor's; None if it is none."""
        root = f"{self.source.store.uri}/"
        key = uri.removeprefix(root)
        return key if uri.startswith(root) and self.source.holds(key) else None

    @property
    def baseline(self) -> Baseline:
        """The baseline that holds now; it is built if there is none, or none that fits."""
        return self._current()[1]

    @property
    def ingester(self) -> Ingester:
        """Profiles log objects on the baseline that holds now."""
        return self._current()[2]

    def _current(self) -> tuple[str, Baseline, Ingester]:
        tag = self._tag()
        if self._held is None or self._held[0] != tag:
            baseline, _ = ensure_baseline(self.monitor, list(self._reference()), self.output)
            self._held = self._tag(), baseline, Ingester(self.monitor, baseline, self.output)
        return self._held

    def _tag(self) -> str:
        try:
            return self.output.head(current_baseline_key(self.monitor.name)).etag
        except ObjectNotFoundError:
            return ""

    def _reference(self) -> Iterator[LogSource]:
        given = self.monitor.baseline
        for place in () if given is None else given.data:
            folder, _, name = place.rstrip("/").rpartition("/")
            one_file = "." in name
            store = self._stores(folder if one_file else place)
            format_given = LogFormat.AUTO if given is None else given.format
            yield LogSource(store, name if one_file else "", format_given, names=self._names)


class Service:
    """Ingests what arrived for several monitors."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        """Serve these monitors."""
        self._watches = watches

    def ingest(self, arrivals: Sequence[Arrival], enough_time: Callable[[], bool] = lambda: True) -> Ingested:
        """Profile the objects that arrived, each for every monitor that reads it, as long as there is time."""
        done = Ingested()
        known: set[str] = set()
        for watch in self._watches:
            keys = {arrival.uri: watch.key_of(arrival.uri) for arrival in arrivals}
            own = {a.uri: (a, key) for a in arrivals if (key := keys[a.uri]) is not None}
            known |= own.keys()
            if own:
                self._ingest(watch, own, done, enough_time)
        done.unwatched = sorted({arrival.uri for arrival in arrivals} - known)
        return done

    def _ingest(
        self,
        watch: Watch,
        own: Mapping[str, tuple[Arrival, str]],
        done: Ingested,
        enough_time: Callable[[], bool],
    ) -> None:
        receipts = done.receipts.setdefault(watch.monitor.name, [])
        left = dict.fromkeys(own, "no time was left")
        try:
            infos = (info for info in _infos(watch, own, left) if enough_time())
            for receipt, new in watch.ingester.ingest_all(watch.source, infos):
                receipts.append((receipt, new))
                left.pop(receipt.log, None)
        except AtalaiaError as error:
            left = dict.fromkeys(left, str(error))
        done.failed |= left


def _infos(watch: Watch, own: Mapping[str, tuple[Arrival, str]], left: dict[str, Any]) -> Iterator[ObjectInfo]:
    """Describe the objects; what a small one's event tells is enough, as it is fetched with its description."""
    for uri, (arrival, key) in own.items():
        if arrival.size is not None and arrival.size <= SMALL_BYTES:
            yield ObjectInfo(key, arrival.etag, arrival.size, 0)
            continue
        info = watch.source.present(uri)
        if info is None:  # it was deleted since
            left.pop(uri, None)
        else:
            yield info
