"""Watch: one monitor with its stores, as long as a function's process lives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from atalaia.errors import ObjectNotFoundError
from atalaia.monitor_file import LogFormat, Monitor
from atalaia.monitoring.baselines import ensure_current
from atalaia.monitoring.changes import Changes
from atalaia.monitoring.eras import Eras, eras_of
from atalaia.monitoring.ingesting import Ingester
from atalaia.monitoring.layout import current_baseline_key
from atalaia.monitoring.sources import LogSource, payload_names
from atalaia.ports import ObjectStore
from atalaia.window import Window, parse_duration

LOOK_AFTER = 60_000_000
"""So old, in µs, may be what a process knows of monitor files and reference data."""

Stores = Callable[[str], ObjectStore]
"""Opens the store of a URI such as `s3://bucket/folder`."""


class Gathered(Struct, frozen=True):
    """The healthy windows after a new model began, each with its rows: for which renewal, on which baseline, when."""

    renewal: str
    baseline: str
    time: int
    windows: tuple[tuple[Window, int], ...]


class Watch:
    """One monitor with its stores.

    Args:
        monitor: Its file, whose places are URIs.
        stores: Opens them.
        clock: Tells the time, in µs since 1970.

    Attributes:
        own: What the URIs of all that the monitor writes begin with.
        width: Of its windows, in µs.
        changes: Its windows that are to be evaluated.
        clock: Tells the time, in µs since 1970.
        gathered: What a new baseline can be made of (`atalaia.monitoring.renewing`), until another report is final.
    """

    def __init__(self, monitor: Monitor, stores: Stores, clock: Callable[[], int]) -> None:
        self.monitor = monitor
        self.output = stores(monitor.output)
        self.width = parse_duration(monitor.window)
        self.changes = Changes(monitor.name, self.output, self.width)
        self.clock = clock
        self.gathered: Gathered | None = None
        self.own = f"{self.output.uri}/{monitor.name}/"
        self._stores = stores
        self._names = payload_names(monitor.columns)
        self._held: tuple[str, Eras, Ingester] | None = None
        self._looked = 0
        logs = stores(monitor.logs.source)
        root = f"{logs.uri}/"
        exclude = self.own.removeprefix(root) if self.own.startswith(root) else None
        self.source = LogSource(logs, "", monitor.logs.format, monitor.logs.include, exclude, self._names)

    def key_of(self, uri: str) -> str | None:
        """Return the key of a log object of this monitor's; None if it is none."""
        root = f"{self.source.store.uri}/"
        key = uri.removeprefix(root)
        return key if uri.startswith(root) and self.source.holds(key) else None

    @property
    def eras(self) -> Eras:
        """Which baseline holds for which window; one is built if there is none, or none that fits."""
        return self._current()[1]

    @property
    def ingester(self) -> Ingester:
        """Profiles log objects, each row on the baseline that holds for its window."""
        return self._current()[2]

    def _current(self) -> tuple[str, Eras, Ingester]:
        now = self.clock()
        if self._held is None or self._held[0] != self._tag() or now - self._looked >= LOOK_AFTER:
            held = ensure_current(self.monitor, list(self._reference()), self.output)
            eras = eras_of(self.monitor.name, self.output, *held)
            self._held = self._tag(), eras, Ingester(self.monitor, eras, self.output, self._mark)
            self._looked = now
        return self._held

    def _mark(self, starts: Iterable[int], packet: str) -> None:
        self.changes.mark(starts, f"{self.clock():020}-{packet}")

    def _tag(self) -> str:
        try:
            return self.output.head(current_baseline_key(self.monitor.name)).etag
        except ObjectNotFoundError:
            return ""

    def _reference(self) -> Iterator[LogSource]:
        given = self.monitor.baseline
        for place in () if given is None else given.data:
            yield self.source_at(place, LogFormat.AUTO if given is None else given.format)

    def source_at(self, place: str, format_given: LogFormat = LogFormat.AUTO) -> LogSource:
        """Return the rows in a *place*, a URI: a bucket, a folder or a file."""
        store, prefix = self._place(place)
        return LogSource(store, prefix, format_given, names=self._names)

    def _place(self, place: str) -> tuple[ObjectStore, str]:
        """Return the store of a folder; or of a file's folder, and the file's key."""
        folder, _, name = place.rstrip("/").rpartition("/")
        if folder and not folder.endswith("/"):  # else it is a whole bucket
            store = self._stores(folder)
            try:
                return store, store.head(name).key
            except ObjectNotFoundError:
                pass
        return self._stores(place), ""
