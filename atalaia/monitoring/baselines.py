"""Which baseline holds now: found in the output store, or built and stored there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from atalaia.baseline import Baseline, baseline_from_bytes, baseline_to_bytes, build_baseline, constrained
from atalaia.constraints_file import read_constraints
from atalaia.errors import BaselineError, ObjectNotFoundError
from atalaia.monitor_file import ConstraintThresholds, Monitor
from atalaia.monitoring.layout import baseline_key, current_baseline_key
from atalaia.monitoring.sources import LogSource, columnwise_if_sound
from atalaia.ports import ObjectStore
from atalaia.rows import Reject, RowBatch
from atalaia.wording import listed


class CurrentBaseline(msgspec.Struct, frozen=True):
    """Which baseline holds, and what it was made from.

    Attributes:
        version: The baseline's version.
        columns: Fingerprint of the monitor's columns when it was built, and of those taken together.
        data: URI and ETag of each reference object.
        chosen: Whether it was built by hand, from other data than the monitor file names.
    """

    version: str
    columns: str
    data: tuple[tuple[str, str], ...]
    chosen: bool = False


def columns_fingerprint(monitor: Monitor) -> str:
    """Return what changes when any column's declaration changes, or which columns are taken together."""
    kept = (monitor.columns, monitor.together) if monitor.together else monitor.columns
    return hashlib.sha256(msgspec.json.encode(kept, order="deterministic")).hexdigest()[:16]


def load_baseline(monitor: Monitor, output: ObjectStore) -> Baseline:
    """Return the baseline that holds.

    Raises:
        BaselineError: There is none yet, or the monitor's columns have changed since it was built.
    """
    current = _current(monitor, output)
    if current is None:
        msg = f"{monitor.name}: there is no baseline yet. Run `atalaia baseline` or `atalaia check` first."
        raise BaselineError(msg)
    if current.columns != columns_fingerprint(monitor):
        msg = (
            f"{monitor.name}: the columns have changed since the baseline was built, or which of them are taken "
            "together under `multivariate`. Run `atalaia baseline` again."
        )
        raise BaselineError(msg)
    return read_baseline(baseline_key(monitor.name, current.version), output)


def read_baseline(key: str, output: ObjectStore) -> Baseline:
    """Read a stored baseline.

    Raises:
        BaselineError: It is gone.
    """
    try:
        data, _ = output.get(key)
    except ObjectNotFoundError as error:
        msg = f"{output.uri}/{key}: the baseline is gone. Build it again with `atalaia baseline`."
        raise BaselineError(msg) from error
    return baseline_from_bytes(data, f"{output.uri}/{key}")


def ensure_baseline(monitor: Monitor, sources: list[LogSource], output: ObjectStore) -> tuple[Baseline, bool]:
    """Return the baseline that holds, built from the monitor file's reference data if need be.

    It is built when there is none, when the columns or those taken together have changed, or when the reference data
    have changed, unless it was chosen by hand with `atalaia baseline`.

    Returns:
        The baseline, and whether it was built just now.

    Raises:
        BaselineError: There is none and the monitor file names no reference data, or these hold no rows.
    """
    current = _current(monitor, output)
    if current is not None and current.columns == columns_fingerprint(monitor):
        holds = current.chosen or not sources or current.data == _data(sources)
        if holds:
            return read_baseline(baseline_key(monitor.name, current.version), output), False
    if not sources:
        msg = (
            f"{monitor.name}: there is no baseline for these columns, and the monitor file names no reference data. "
            "Add baseline.data to it, or run `atalaia baseline` with the data."
        )
        raise BaselineError(msg)
    return make_baseline(monitor, sources, output, chosen=False), True


def make_baseline(monitor: Monitor, sources: list[LogSource], output: ObjectStore, *, chosen: bool) -> Baseline:
    """Build a baseline from *sources*, store it, and let it hold from now on.

    What is found may also be a `statistics.json` of SageMaker Model Monitor, and beside it or beside rows a
    `constraints.json`, both told by their content.

    Raises:
        BaselineError: The sources hold no rows, or none of the monitor's columns.
        StatisticsFileError: They hold such a file that has faults, does not fit the monitor's columns, or is not alone.
    """
    from atalaia.monitoring.statistics import described_files  # noqa: PLC0415 - who only loads a baseline saves it

    data = _data(sources)
    if not data:
        msg = f"{_places(sources)}: there are no reference data. Name files, or folders with files, that hold rows."
        raise BaselineError(msg)
    found = described_files(sources)
    baseline = _built(monitor, found.rows) if found.statistics is None else _of_statistics(monitor, found.statistics)
    if found.constraints is not None:
        baseline = _constrained(monitor, baseline, found.constraints)
    return hold_baseline(monitor, baseline, output, data, chosen=chosen)


def _of_statistics(monitor: Monitor, place: tuple[ObjectStore, str]) -> Baseline:
    from atalaia.statistics_baseline import baseline_of_statistics  # noqa: PLC0415 - most baselines are of rows
    from atalaia.statistics_file import read_statistics  # noqa: PLC0415 - as above

    store, key = place
    where = f"{store.uri}/{key}"
    return baseline_of_statistics(monitor.columns, read_statistics(store.get(key)[0], where), where)


def _constrained(monitor: Monitor, baseline: Baseline, place: tuple[ObjectStore, str]) -> Baseline:
    store, key = place
    meant = ConstraintThresholds.CONTAINER if monitor.baseline is None else monitor.baseline.constraint_thresholds
    return constrained(baseline, read_constraints(store.get(key)[0], f"{store.uri}/{key}", meant))


def _built(monitor: Monitor, sources: Sequence[LogSource]) -> Baseline:
    try:
        return columnwise_if_sound(
            lambda columnwise: build_baseline(monitor.columns, partial(_rows, sources, columnwise), monitor.together)
        )
    except BaselineError as error:
        msg = f"{_places(sources)}: {error}"
        raise BaselineError(msg) from error


def _places(sources: Sequence[LogSource]) -> str:
    return listed([f"{source.store.uri}/{source.prefix}".rstrip("/") for source in sources])


def hold_baseline(
    monitor: Monitor, baseline: Baseline, output: ObjectStore, data: tuple[tuple[str, str], ...], *, chosen: bool
) -> Baseline:
    """Store a baseline made from *data* (URIs and ETags), and let it hold from now on."""
    output.put(baseline_key(monitor.name, baseline.version), baseline_to_bytes(baseline))
    current = CurrentBaseline(baseline.version, columns_fingerprint(monitor), data, chosen)
    output.put(current_baseline_key(monitor.name), msgspec.json.encode(current) + b"\n")
    return baseline


def _current(monitor: Monitor, output: ObjectStore) -> CurrentBaseline | None:
    try:
        data, _ = output.get(current_baseline_key(monitor.name))
    except ObjectNotFoundError:
        return None
    try:
        return msgspec.json.decode(data, type=CurrentBaseline)
    except msgspec.DecodeError as error:
        msg = (
            f"{output.uri}/{current_baseline_key(monitor.name)}: damaged. Delete it; the baseline is then built again."
        )
        raise BaselineError(msg) from error


def _data(sources: list[LogSource]) -> tuple[tuple[str, str], ...]:
    return tuple((source.log(info).uri, info.etag) for source in sources for info in source.objects())


def _rows(sources: Sequence[LogSource], columnwise: bool) -> Iterator[RowBatch | Reject]:
    for source in sources:
        yield from source.batches(columnwise=columnwise)
