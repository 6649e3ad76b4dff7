"""Which baseline holds now: found in the output store, or built and stored there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial

import msgspec
from msgspec.structs import replace

from atalaia.baseline import Baseline, Batches, baseline_from_bytes, baseline_to_bytes, build_baseline, constrained
from atalaia.constraints_file import read_constraints
from atalaia.errors import BaselineError, ObjectNotFoundError
from atalaia.monitor_file import CheckRule, ConstraintThresholds, Limits, Monitor
from atalaia.monitoring.layout import baseline_key, current_baseline_key
from atalaia.monitoring.sources import LogSource, columnwise_if_sound
from atalaia.ports import ObjectStore
from atalaia.rows import Reject, RowBatch
from atalaia.window import parse_duration
from atalaia.wording import listed

Data = tuple[tuple[str, str], ...]
"""URI and ETag of each object that a baseline was made from."""


class Era(msgspec.Struct, frozen=True, omit_defaults=True):
    """An earlier baseline, and for which windows it still holds.

    Attributes:
        name: What it is stored under.
        since: The start of the first of its windows, µs since 1970; 0 for all before the next one's.
        model_version: Of the model behind these windows, if that began them.
    """

    name: str
    since: int = 0
    model_version: str = ""


class CurrentBaseline(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which baseline holds, and what it was made from.

    Attributes:
        version: The baseline's version.
        columns: Fingerprint of the monitor's columns when it was built, and of those taken together.
        data: URI and ETag of each reference object.
        chosen: Whether it was built by hand, from other data than the monitor file names.
        history: What its history was asked for: the width of windows, and metrics; nothing if it was not.
        name: What it is stored under; its version if this is empty.
        since: The start of the first window that it holds for, µs since 1970; 0 for all.
        earlier: The baselines of the windows before, in order of time.
        renewal: The id of what it followed (`atalaia.monitoring.renewing`).
        model_version: Of the model behind the windows since then, if that began them.
    """

    version: str
    columns: str
    data: Data
    chosen: bool = False
    history: tuple[str, ...] = ()
    name: str = ""
    since: int = 0
    earlier: tuple[Era, ...] = ()
    renewal: str = ""
    model_version: str = ""


def columns_fingerprint(monitor: Monitor) -> str:
    """Return what changes when any column's declaration changes, or which columns are taken together."""
    kept = (monitor.columns, monitor.together) if monitor.together else monitor.columns
    return hashlib.sha256(msgspec.json.encode(kept, order="deterministic")).hexdigest()[:16]


def history_asked(monitor: Monitor) -> tuple[str, ...]:
    """Return the width of windows, and the metrics whose checks ask for their history; nothing if none do."""
    metrics = {rule.metric for rule in monitor.checks if rule.enabled and _is_from_history(rule)}
    return (monitor.window, *sorted(metrics)) if metrics else ()


def _is_from_history(rule: CheckRule) -> bool:
    return isinstance(rule.threshold, Limits) and rule.threshold.history is not None


def load_baseline(monitor: Monitor, output: ObjectStore) -> Baseline:
    """Return the baseline that holds.

    Raises:
        BaselineError: There is none yet, or the monitor's columns have changed since it was built.
    """
    current = current_baseline(monitor.name, output)
    if current is None:
        msg = f"{monitor.name}: there is no baseline yet. Run `atalaia baseline` or `atalaia check` first."
        raise BaselineError(msg)
    if current.columns != columns_fingerprint(monitor):
        msg = (
            f"{monitor.name}: the columns have changed since the baseline was built, or which of them are taken "
            "together under `multivariate`. Run `atalaia baseline` again."
        )
        raise BaselineError(msg)
    return _read(monitor, current, output)


def _read(monitor: Monitor, current: CurrentBaseline, output: ObjectStore) -> Baseline:
    return read_baseline(baseline_key(monitor.name, current.name or current.version), output)


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

    It is built when there is none, or when the columns or those taken together have changed. One that was not chosen by
    hand with `atalaia baseline` is also built again when the reference data have changed, or when checks ask for a
    history that it lacks.

    Returns:
        The baseline, and whether it was built just now.

    Raises:
        BaselineError: There is none and the monitor file names no reference data, or these hold no rows.
    """
    baseline, current = ensure_current(monitor, sources, output)
    return baseline, current is None


def ensure_current(
    monitor: Monitor, sources: list[LogSource], output: ObjectStore
) -> tuple[Baseline, CurrentBaseline | None]:
    """Do as `ensure_baseline`, and return the baseline with what says that it holds; with None if it was built."""
    current = current_baseline(monitor.name, output)
    if current is not None and current.columns == columns_fingerprint(monitor):
        is_known = set(history_asked(monitor)) <= set(current.history)
        holds = current.chosen or not sources or (is_known and current.data == _data(sources))
        if holds:
            return _read(monitor, current, output), current
    if not sources:
        msg = (
            f"{monitor.name}: there is no baseline for these columns, and the monitor file names no reference data. "
            "Add baseline.data to it, or run `atalaia baseline` with the data."
        )
        raise BaselineError(msg)
    return make_baseline(monitor, sources, output, chosen=False), None


def make_baseline(monitor: Monitor, sources: list[LogSource], output: ObjectStore, *, chosen: bool) -> Baseline:
    """Build a baseline from *sources*, store it, and let it hold from now on.

    What is found may also be a `statistics.json` of SageMaker Model Monitor, and beside it or beside rows a
    `constraints.json`, both told by their content.

    Raises:
        BaselineError: The sources hold no rows, or none of the monitor's columns.
        StatisticsFileError: They hold such a file that has faults, does not fit the monitor's columns, or is not alone.
    """
    baseline, data = built_baseline(monitor, sources)
    return hold_baseline(monitor, baseline, output, data, chosen=chosen)


def built_baseline(monitor: Monitor, sources: list[LogSource]) -> tuple[Baseline, Data]:
    """Build a baseline from *sources*, as `make_baseline` does; return it with what it was made from."""
    from atalaia.monitoring.statistics import described_files  # noqa: PLC0415 - who only loads a baseline saves it

    data = _data(sources)
    if not data:
        msg = f"{_places(sources)}: there are no reference data. Name files, or folders with files, that hold rows."
        raise BaselineError(msg)
    found = described_files(sources)
    baseline = _built(monitor, found.rows) if found.statistics is None else _of_statistics(monitor, found.statistics)
    if found.constraints is not None:
        baseline = _constrained(monitor, baseline, found.constraints)
    return baseline, data


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
        return columnwise_if_sound(lambda columnwise: _with_history(monitor, partial(_rows, sources, columnwise)))
    except BaselineError as error:
        msg = f"{_places(sources)}: {error}"
        raise BaselineError(msg) from error


def _with_history(monitor: Monitor, batches: Batches) -> Baseline:
    """Build a baseline, with its history if a check asks for that."""
    baseline = build_baseline(monitor.columns, batches, monitor.together)
    width, *metrics = history_asked(monitor) or ("",)
    if not metrics:
        return baseline
    from atalaia.monitoring.history import measure_history  # noqa: PLC0415 - most baselines have none

    return replace(baseline, history=measure_history(baseline, batches, parse_duration(width), metrics))


def _places(sources: Sequence[LogSource]) -> str:
    return listed([f"{source.store.uri}/{source.prefix}".rstrip("/") for source in sources])


def hold_baseline(monitor: Monitor, baseline: Baseline, output: ObjectStore, data: Data, *, chosen: bool) -> Baseline:
    """Store a baseline made from *data* (URIs and ETags), and let it hold from now on."""
    current = _stored(monitor, baseline, output, data, chosen=chosen)
    output.put(current_baseline_key(monitor.name), msgspec.json.encode(current) + b"\n")
    return baseline


def _stored(monitor: Monitor, baseline: Baseline, output: ObjectStore, data: Data, *, chosen: bool) -> CurrentBaseline:
    output.put(baseline_key(monitor.name, baseline.name), baseline_to_bytes(baseline))
    fingerprint, asked = columns_fingerprint(monitor), history_asked(monitor)
    return CurrentBaseline(baseline.version, fingerprint, data, chosen, asked, baseline.name)


def begin_era(monitor: Monitor, baseline: Baseline, output: ObjectStore, data: Data, era: Era, renewal: str) -> None:
    """Store a baseline made from *data*, and let it hold for the windows since *era*; others keep theirs.

    Raises:
        PreconditionError: Somebody else has let another baseline hold meanwhile.
    """
    place = current_baseline_key(monitor.name)
    tag = output.head(place).etag
    held = current_baseline(monitor.name, output)
    assert held is not None  # noqa: S101  # else there were no tag
    before = (*held.earlier, Era(held.name or held.version, held.since, held.model_version))
    current = msgspec.structs.replace(
        _stored(monitor, baseline, output, data, chosen=True),
        since=era.since,
        earlier=tuple(each for each in before if each.since < era.since),
        renewal=renewal,
        model_version=era.model_version,
    )
    output.put(place, msgspec.json.encode(current) + b"\n", if_match=tag)


def current_baseline(monitor: str, output: ObjectStore) -> CurrentBaseline | None:
    """Return which baseline of a monitor holds; None if there is none yet.

    Raises:
        BaselineError: What says so is damaged.
    """
    try:
        data, _ = output.get(current_baseline_key(monitor))
    except ObjectNotFoundError:
        return None
    try:
        return msgspec.json.decode(data, type=CurrentBaseline)
    except msgspec.DecodeError as error:
        msg = f"{output.uri}/{current_baseline_key(monitor)}: damaged. Delete it; the baseline is then built again."
        raise BaselineError(msg) from error


def _data(sources: list[LogSource]) -> Data:
    return tuple((source.log(info).uri, info.etag) for source in sources for info in source.objects())


def _rows(sources: Sequence[LogSource], columnwise: bool) -> Iterator[RowBatch | Reject]:
    for source in sources:
        yield from source.batches(columnwise=columnwise)
