"""Eras: which baseline holds for which window, where a new one began with a new model.

A baseline that `atalaia baseline` or `atalaia promote` makes holds for all windows from then on. One that follows a run
(`atalaia.monitoring.renewing`) holds from a window on: rows of earlier windows, however late they come, are still
counted on the baseline before it, so that no window is ever of two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from msgspec import Struct

from atalaia.baseline import Baseline
from atalaia.monitoring.baselines import CurrentBaseline, current_baseline, read_baseline
from atalaia.monitoring.layout import baseline_key
from atalaia.ports import ObjectStore
from atalaia.profile import Profiler


class _Past(Struct):
    """An earlier era: since which window, whose baseline, which is read when it is asked for."""

    since: int
    read: partial[Baseline]
    baseline: Baseline | None = None


class Eras:
    """The baselines of one monitor, each for the windows from its own first one up to the next's.

    Attributes:
        latest: The baseline that holds for the latest windows.
        version: Of the model behind the latest windows, where a new model began the era; else empty.
    """

    def __init__(self, latest: Baseline, current: CurrentBaseline | None = None, past: Sequence[_Past] = ()) -> None:
        self.latest = latest
        self._current = current
        self._past = list(past)
        self._profilers: dict[str, Profiler] = {}

    def at(self, start: int) -> Baseline:
        """Return the baseline that holds for the window that begins at *start*, µs since 1970.

        Raises:
            BaselineError: It is gone.
        """
        if self._current is None or start >= self._current.since or not self._past:
            return self.latest
        past = max((each for each in self._past if each.since <= start), key=lambda each: each.since)
        if past.baseline is None:
            past.baseline = past.read()
        return past.baseline

    def model_version(self, start: int) -> str:
        """Return the version of the model whose era the window that begins at *start* is in; empty if none is known."""
        if self._current is None:
            return ""
        if start >= self._current.since:
            return self._current.model_version
        return max(
            (era for era in self._current.earlier if era.since <= start), key=lambda era: era.since
        ).model_version

    def profiler(self, start: int) -> Profiler:
        """Return what counts rows of the window that begins at *start*; for windows of one era it is the same one."""
        baseline = self.at(start)
        if baseline.version not in self._profilers:
            self._profilers[baseline.version] = baseline.profiler()
        return self._profilers[baseline.version]

    def versions(self, starts: Iterable[int]) -> str:
        """Return the versions of the baselines of the windows that begin at *starts*; the latest one's if none do."""
        found = dict.fromkeys(self.at(start).version for start in sorted(starts))
        return ",".join(found or [self.latest.version])


def load_eras(monitor: str, output: ObjectStore, latest: Baseline) -> Eras:
    """Return the eras of a monitor, of which the baseline that holds now is the *latest*."""
    return eras_of(monitor, output, latest, current_baseline(monitor, output))


def eras_of(monitor: str, output: ObjectStore, latest: Baseline, current: CurrentBaseline | None) -> Eras:
    """Return the eras of a monitor, of which *current* says which baseline holds now: the *latest*."""
    if current is None or not current.earlier or current.version != latest.version:
        return Eras(latest)
    past = [
        _Past(era.since, partial(read_baseline, baseline_key(monitor, era.name), output)) for era in current.earlier
    ]
    return Eras(latest, current, past)


def as_eras(baseline: Baseline | Eras) -> Eras:
    """Return eras as they are; of one baseline, the one that it holds in for ever."""
    return baseline if isinstance(baseline, Eras) else Eras(baseline)
