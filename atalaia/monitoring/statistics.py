"""Finding the files of SageMaker Model Monitor, `statistics.json` and `constraints.json`, among reference data."""

from __future__ import annotations

from collections.abc import Sequence
from posixpath import basename

from msgspec import Struct
from msgspec.structs import replace

from atalaia.constraints_file import is_constraints_file
from atalaia.errors import StatisticsFileError
from atalaia.monitoring.sources import LogSource
from atalaia.ports import ObjectInfo, ObjectStore
from atalaia.statistics_file import is_statistics_file

_BEGINNING = 1024  # bytes
_WRITTEN_AS = "constraints.json"  # whatever is in it

Place = tuple[ObjectStore, str]
"""A store and a key in it."""


class Reference(Struct, frozen=True):
    """What reference data consist of.

    Attributes:
        rows: Where there are rows, if the baseline is of rows.
        statistics: The `statistics.json` that it is made from instead.
        constraints: The `constraints.json` that windows must fulfil.
    """

    rows: tuple[LogSource, ...]
    statistics: Place | None = None
    constraints: Place | None = None


def described_files(sources: Sequence[LogSource]) -> Reference:
    """Tell by their content which reference data are rows, and which are files of Model Monitor.

    Raises:
        StatisticsFileError: There are several of one kind, rows beside statistics, or constraints alone.
    """
    objects = [(source, info) for source in sources for info in source.objects()]
    beginnings = [_beginning(source.store, info, alone=len(objects) == 1) for source, info in objects]
    statistics = _only([o for o, b in zip(objects, beginnings, strict=True) if is_statistics_file(b)], "statistics")
    constraints = _only([o for o, b in zip(objects, beginnings, strict=True) if _constrains(o[1], b)], "constraints")
    rows = [(source, info) for source, info in objects if (source.store, info.key) not in (statistics, constraints)]
    if statistics is not None and rows:
        told = "statistics are the whole baseline, but other reference data are given beside them."
        raise StatisticsFileError(_told(statistics, f"{told} Give this file alone, or only files with rows."))
    if constraints is not None and statistics is None and not rows:
        told = "constraints alone are no baseline. Give the statistics.json that was written with them, or the data."
        raise StatisticsFileError(_told(constraints, told))
    if constraints is None:
        return Reference(tuple(sources), statistics)
    return Reference(tuple(replace(source, prefix=info.key) for source, info in rows), statistics, constraints)


def _beginning(store: ObjectStore, info: ObjectInfo, *, alone: bool) -> bytes:
    """Return the beginning of what may be one of these files; nothing of any other."""
    if not alone and not info.key.lower().endswith(".json"):
        return b""
    return store.get_range(info.key, 0, min(info.size, _BEGINNING))


def _constrains(info: ObjectInfo, beginning: bytes) -> bool:
    return basename(info.key) == _WRITTEN_AS or is_constraints_file(beginning)


def _only(found: list[tuple[LogSource, ObjectInfo]], kind: str) -> Place | None:
    places = [(source.store, info.key) for source, info in found]
    if len(places) > 1:
        store, key = places[1]
        raise StatisticsFileError(_told(places[0], f"a second file of {kind} is {store.uri}/{key}. Give one of them."))
    return places[0] if places else None


def _told(place: Place, text: str) -> str:
    store, key = place
    return f"{store.uri}/{key}: {text}"
