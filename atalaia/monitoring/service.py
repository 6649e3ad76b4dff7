"""Service: what the functions of a cloud do, whichever cloud it is. They bring the stores, the clock and telemetry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from atalaia.errors import AtalaiaError
from atalaia.monitor_file import LogFormat
from atalaia.monitoring.growing import PartStore
from atalaia.monitoring.ingesting import SMALL_BYTES, Ingester
from atalaia.monitoring.receipts import Receipt
from atalaia.monitoring.sources import LogSource
from atalaia.monitoring.watch import Watch
from atalaia.ports import ObjectInfo, Telemetry
from atalaia.telemetry import Detail

if TYPE_CHECKING:
    from atalaia.monitoring.acting import StarterOf
    from atalaia.monitoring.actions import Action, Links
    from atalaia.monitoring.collecting import Collector
    from atalaia.monitoring.rounds import Evaluations

EnoughTime = Callable[[], bool]
"""Tells whether there is time left to begin something."""

_GROWS = (
    "More is appended to it later, of which nobody tells. Give the monitor's logs the format `azureml`, if they are."
)
_NO_TIME = "No time was left. Give the function a longer time-out, or fewer objects at once."


class Arrival(Struct, frozen=True):
    """A log object that arrived.

    Attributes:
        uri: Which one.
        size: Its bytes; None if that is not known.
        etag: Its ETag, if the size is known.
        grows: Whether more is appended to it later, of which nobody tells.
    """

    uri: str
    size: int | None = None
    etag: str = ""
    grows: bool = False


class NewVersion(Struct, frozen=True):
    """What a cloud tells of a new version of a model: the model's name, the version, and since when, µs since 1970."""

    model: str
    version: str
    time: int


class Ingested(Struct):
    """What became of arrivals.

    Attributes:
        receipts: By monitor, a receipt for each object, and whether it was news.
        failed: By URI, why an object could not be ingested now.
        unwatched: URIs that no monitor reads.
        gone: URIs of objects that were deleted before they were read.
        left: URIs of objects that `collect` reads.
    """

    receipts: dict[str, list[tuple[Receipt, bool]]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    unwatched: list[str] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    left: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Return how much it was, for a log line."""
        every = [told for receipts in self.receipts.values() for told in receipts]
        new = [receipt for receipt, is_new in every if is_new]
        rows, rejected = sum(r.rows for r in new), sum(r.counted - r.rows for r in new)
        counted = {"objects": len(every), "new": len(new), "rows": rows, "rejected": rejected}
        counted |= {"failed": len(self.failed), "unwatched": len(self.unwatched), "gone": len(self.gone)}
        return counted | ({"left": len(self.left)} if self.left else {})


class Rounds(Struct):
    """What became of the monitors that were to be evaluated, by name: what was done, or why nothing could be."""

    evaluated: dict[str, Evaluations] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def counts(self) -> dict[str, Any]:
        """Return how much it was, for a log line: of each monitor, and of all together."""
        every = list(self.evaluated.values())
        new = [evaluated.report for done in every for evaluated in done.reports]
        return {
            "monitors": {name: done.counts() for name, done in self.evaluated.items()},
            "windows": sum(len(done.reports) + done.same + len(done.failed) for done in every),
            "reports": len(new),
            "findings": sum(len(report.findings) for report in new),
            "untold": sum(done.delivered.left for done in every),
            "failed": self.failed,
        }

    def ended(self) -> Iterator[dict[str, str]]:
        """Yield a log line for each job that was asked after and has ended, as of one that a cloud tells of."""
        for name, done in self.evaluated.items():
            for action in done.ended:
                told = {"event": "ml.monitor.lifecycle", "job": action.job, "state": action.outcome, "monitor": name}
                yield told | action.noted()

    def demand_all(self) -> None:
        """Do nothing if all went well.

        Raises:
            AtalaiaError: A monitor or a window could not be evaluated.
        """
        windows = [f"{name}, {key}: {why}" for name, done in self.evaluated.items() for key, why in done.failed.items()]
        for why in [*(f"{name}: {why}" for name, why in self.failed.items()), *windows]:
            raise AtalaiaError(why)


class Service:
    """Serves several monitors.

    Args:
        watches: One for each.
        clock: Tells the time, in µs since 1970.
        detail: How much of a report goes into metrics.
        growing: Formats whose objects grow where these functions run: they are collected, not ingested when they come.
        who: Names this call to others that act at the same time.
        links: Where actions can be approved; None if nowhere.
    """

    def __init__(
        self,
        watches: Sequence[Watch],
        clock: Callable[[], int],
        detail: Detail = Detail.SUMMARY,
        growing: Collection[LogFormat] = (),
        who: str = "",
        links: Links | None = None,
    ) -> None:
        self.watches = watches
        self._who = who
        self._links = links
        self._growing = growing
        self._clock = clock
        self._detail = detail
        self._own = tuple(watch.own for watch in watches)

    def ingest(self, arrivals: Iterable[Arrival], enough_time: EnoughTime = lambda: True) -> Ingested:
        """Profile the objects that arrived, each for every monitor that reads it, as long as there is time.

        What any of the monitors has written is nobody's log: else two of them could keep each other busy for ever.
        """
        done = Ingested()
        by_uri = {arrival.uri: arrival for arrival in arrivals}
        unwatched = set(by_uri)
        for watch in self.watches:
            keys = {uri: watch.key_of(uri) for uri in by_uri if not uri.startswith(self._own)}
            own = {uri: (by_uri[uri], key) for uri, key in keys.items() if key is not None}
            unwatched -= own.keys()
            if self._is_collected(watch):
                done.left += own
                continue
            done.failed |= {uri: _GROWS for uri, (arrival, _) in own.items() if arrival.grows}
            _Ingestion(watch, watch.source, done, enough_time).run(
                {uri: told for uri, told in own.items() if not told[0].grows}
            )
        done.unwatched = sorted(unwatched)
        return done

    def collect(self, enough_time: EnoughTime = lambda: True) -> Ingested:
        """Profile what was appended to the objects that grow, up to the last whole line, as long as there is time."""
        from atalaia.monitoring.collecting import Collector  # noqa: PLC0415 - who only ingests does not pay for it

        done = Ingested()
        for watch in filter(self._is_collected, self.watches):
            try:
                collector = Collector(watch.monitor.name, watch.source, watch.output, self._clock())
                while self._collect(watch, collector, done, enough_time):
                    pass
            except AtalaiaError as error:
                done.failed[watch.source.store.uri] = str(error)
        return done

    def _collect(self, watch: Watch, collector: Collector, done: Ingested, enough_time: EnoughTime) -> bool:
        """Do one round; tell whether there may be more to do."""
        found = collector.find(enough_time)
        done.failed |= {watch.source.uri(key): why for key, why in found.shrunk.items()}
        source = replace(watch.source, store=PartStore(watch.source.store))
        parts = {source.uri(part.key): part for parts in found.parts.values() for part in parts}
        own = {uri: (Arrival(uri, part.size, part.etag), part.key) for uri, part in parts.items()}
        _Ingestion(watch, source, done, enough_time).run(own)
        whole = collector.note(found, lambda part: source.uri(part.key) in done.failed)
        if whole and not parts and not found.busy:
            collector.finish(found)
        return whole and bool(parts)

    def _is_collected(self, watch: Watch) -> bool:
        return watch.monitor.logs.format in self._growing

    def evaluate(
        self,
        telemetry: Telemetry,
        starter_of: StarterOf,
        enough_time: EnoughTime = lambda: True,
        *,
        everything: bool = False,
    ) -> Rounds:
        """Evaluate the windows of each monitor in which something has changed, and tell of new reports.

        Args:
            telemetry: Hears of the reports, and of those that could not be told before.
            starter_of: Starts what policies ask for.
            enough_time: Nothing is begun when it says no.
            everything: Look at all windows that have profiles, as those that other programs made are not marked.
        """
        from atalaia.monitoring.actions import no_links  # noqa: PLC0415 - who only ingests does not pay for measuring
        from atalaia.monitoring.rounds import Round  # noqa: PLC0415

        done = Rounds()
        for watch in self.watches:
            try:
                this = Round(watch, self._clock(), self._detail, self._who, self._links or no_links)
                if everything:
                    this.mark_all()
                done.evaluated[watch.monitor.name] = this.run(telemetry, starter_of, enough_time)
            except AtalaiaError as error:
                done.failed[watch.monitor.name] = str(error)
        return done

    def note_outcome(self, job: str, outcome: str, time: int) -> tuple[str, Action] | None:
        """Note what became of a job at *time*, in µs since 1970; return the monitor that started it, and its action.

        Raises:
            JobError: It is not known yet whether any did.
            AtalaiaError: One of them could not look, or another noted something at the same time.
        """
        from atalaia.monitoring.outcomes import note_outcome  # noqa: PLC0415 - as above
        from atalaia.monitoring.renewing import renew_after_run  # noqa: PLC0415 - as above

        errors: list[AtalaiaError] = []
        for watch in self.watches:
            try:
                action = note_outcome(watch.monitor, watch.output, job, outcome, time)
            except AtalaiaError as error:  # of what is not known yet, or can't be read
                errors.append(error)
                continue
            if action is not None:
                renew_after_run(watch.monitor, watch.output, action)
                return watch.monitor.name, action
        if errors:
            raise errors[0]
        return None

    def note_model(self, new: NewVersion) -> list[str]:
        """Note a *new* version of a model; return the names of the monitors that make a new baseline for it.

        Raises:
            AtalaiaError: One of them can't; the others do.
        """
        from atalaia.monitoring.renewing import renew_for_version  # noqa: PLC0415 - as above

        errors, names = [], []
        for watch in self.watches:
            try:
                names += [watch.monitor.name] if renew_for_version(watch.monitor, watch.output, new) else []
            except AtalaiaError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return names


_Own = Mapping[str, tuple[Arrival, str]]


class _Ingestion(Struct, frozen=True):
    """The objects of one monitor among those that arrived."""

    watch: Watch
    source: LogSource
    done: Ingested
    enough_time: EnoughTime

    def run(self, own: _Own) -> None:
        """Ingest all together; if that fails, one by one, so that those that can't be read hold up no others."""
        if not own:
            return
        left = dict.fromkeys(own, _NO_TIME)
        try:
            ingester = self.watch.ingester
        except AtalaiaError as error:
            self.done.failed |= dict.fromkeys(own, str(error))
            return
        why = self._ingest(ingester, own, left)
        if why is not None:
            left |= dict.fromkeys(left, why)
            alone = sorted(left) if len(own) > 1 else ()
            for uri in takewhile(lambda _: self.enough_time(), alone):
                why = self._ingest(ingester, {uri: own[uri]}, left)
                left |= {} if why is None else {uri: why}
        self.done.failed |= left

    def _ingest(self, ingester: Ingester, own: _Own, left: dict[str, str]) -> str | None:
        """Ingest objects, and take those that are done out of *left*; return why it ended midway, if it did."""
        receipts = self.done.receipts.setdefault(self.watch.monitor.name, [])
        infos = takewhile(lambda _: self.enough_time(), self._infos(own, left))
        try:
            for receipt, new in ingester.ingest_all(self.source, infos):
                receipts.append((receipt, new))
                left.pop(receipt.log, None)
        except AtalaiaError as error:
            return str(error)
        return None

    def _infos(self, own: _Own, left: dict[str, str]) -> Iterator[ObjectInfo]:
        """Describe the objects; what a small one's event tells is enough, as it is fetched with its description."""
        for uri, (arrival, key) in own.items():
            if arrival.size is not None and arrival.size <= SMALL_BYTES:
                yield ObjectInfo(key, arrival.etag, arrival.size, 0)
                continue
            info = self.source.present(uri)
            if info is None:
                left.pop(uri, None)
                self.done.gone.add(uri)
            else:
                yield info
