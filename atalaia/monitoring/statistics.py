"""Finding a `statistics.json` of SageMaker Model Monitor among reference data."""

from __future__ import annotations

from collections.abc import Sequence
from posixpath import basename

from atalaia.errors import StatisticsFileError
from atalaia.monitoring.sources import LogSource
from atalaia.ports import ObjectInfo, ObjectStore
from atalaia.statistics_file import is_statistics_file

_BEGINNING = 1024  # bytes
_BESIDE = "constraints.json"  # a baselining job writes it beside its statistics


def statistics_object(sources: Sequence[LogSource]) -> tuple[ObjectStore, str] | None:
    """Return the store and the key of the reference data's `statistics.json`; None if the data are rows.

    Raises:
        StatisticsFileError: There are other reference data beside it.
    """
    objects = [(source.store, info) for source in sources for info in source.objects()]
    objects = [(store, info) for store, info in objects if basename(info.key) != _BESIDE or len(objects) == 1]
    found = [(store, info.key) for store, info in objects if _is_statistics(store, info, alone=len(objects) == 1)]
    if found and len(objects) > 1:
        store, key = found[0]
        msg = (
            f"{store.uri}/{key}: statistics are the whole baseline, but other reference data are given beside them. "
            "Give this file alone, or only files with rows."
        )
        raise StatisticsFileError(msg)
    return found[0] if found else None


def _is_statistics(store: ObjectStore, info: ObjectInfo, *, alone: bool) -> bool:
    if not alone and not info.key.lower().endswith(".json"):
        return False
    return is_statistics_file(store.get_range(info.key, 0, min(info.size, _BEGINNING)))
