"""Baselines: the profile compared against, and the grids that it fixes for every profile after it.

A baseline is built in passes over its reference data, so the data need not fit in memory. The first finds each column's
cells and categories; the second counts every row on them, exactly. These two are all as long as each column's values
fit into its sample (`atalaia.drafts`): then the cells' edges are exact quantiles.

Where a column has more values, the edges are the quantiles of an even random sample (fixed seed), and two more passes
make the deciles exact, on which the metrics on shares are measured: the third collects the values of those cells in
which a decile lies (`atalaia.deciles`), the fourth counts every row again. Cells that hold more values than a sample
may, which takes columns of about a hundred times as many, keep the sample's edges: the bins at such a decile then hold
a tenth of the baseline as nearly as the sample tells, and their counts stay exact.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from atalaia.batches import joined
from atalaia.constraints_file import Constraints
from atalaia.deciles import Search, search_of, with_deciles
from atalaia.drafts import CategoricalDraft, NumericDraft, sample_size
from atalaia.errors import BaselineError, StoredFormError
from atalaia.history import History, history_from_plain, history_to_plain
from atalaia.profile import (
    CategoricalGrid,
    Grid,
    Grids,
    NumericGrid,
    NumericSummary,
    Profile,
    Profiler,
    TextGrid,
    pack,
    profile_from_plain,
    profile_to_plain,
    unpack,
)
from atalaia.profile.cross import CrossGrid, cross_grid
from atalaia.profile.profiler import MOST_CLASSES
from atalaia.profile.text_counter import read_lengths
from atalaia.profile.values import read_categories, read_numbers
from atalaia.rows import Reject, RowBatch
from atalaia.schema import Column, Kind, Role, profiled
from atalaia.wording import by_reason, listed

Batches = Callable[[], Iterable[RowBatch | Reject]]
"""Opens the reference data anew at each call."""


class Baseline(Struct, frozen=True, dict=True):
    """What current data is compared against.

    Attributes:
        version: Derived from the grids and the profile: the same data under the same columns gives the same version,
            with a history or without, as whatever was counted on these grids can still be compared.
        grids: The columns, their cells and categories, and the segments told apart.
        profile: The reference data's profile on these grids.
        origin: What it was made from, if not from rows, and what that lacks, in words.
        loss: By column, how far ranks (of categories: shares) may be off as shares 0..1, where they are not exact.
        constraints: What a `constraints.json` says that windows must fulfil; None without one.
        history: What its own windows are like; None if no check asks for that, or it can't be known.
    """

    version: str
    grids: Grids
    profile: Profile
    origin: str = ""
    loss: Mapping[str, float] = field(default_factory=dict)
    constraints: Constraints | None = None
    history: History | None = None

    @cached_property
    def name(self) -> str:
        """What it is stored under: its version, and a digest of its history if it has one: that never changes."""
        if self.history is None:
            return self.version
        plain = msgspec.msgpack.encode(history_to_plain(self.history))
        return f"{self.version}-{hashlib.blake2b(plain, digest_size=4).hexdigest()}"

    @classmethod
    def from_pandas(cls, frame: Any, columns: Sequence[Column] | None = None) -> Baseline:
        """Build a baseline from a pandas DataFrame: the one that a Parquet file with the same rows gives.

        Args:
            frame: The DataFrame; its index is ignored. Missing values are what pandas takes for missing, NaN included.
                Categories count as their values, and a column of objects of several types as text.
            columns: What the columns are for; None for what `atalaia init` would find out.

        Raises:
            BaselineError: The frame holds no rows or none of *columns*, two columns share a name, or a column holds
                values of a type that no log can hold, such as complex numbers.
        """
        from atalaia.frames import declared_columns, frame_batches, frame_columns  # noqa: PLC0415  # ingest has no use for inferring

        found = frame_columns(frame) if columns is None else declared_columns(columns)
        return build_baseline(found, partial(frame_batches, frame))

    def profiler(self) -> Profiler:
        """Return what counts rows on this baseline's grids."""
        return Profiler(self.version, self.grids)


def build_baseline(
    columns: tuple[Column, ...], batches: Batches, together: tuple[str, ...] = (), sample: int | None = None
) -> Baseline:
    """Build a baseline from reference data: in two passes, or four if a numeric column has more values than *sample*.

    Args:
        columns: The monitor's.
        batches: Opens the data anew for each pass.
        together: The numeric columns whose relations to each other are kept, too.
        sample: How many values of each numeric column may be held; None for as many as 32 MB hold, but at least
            200,000.

    Raises:
        BaselineError: The data holds no rows, or none of the columns.
    """
    sample = sample_size(profiled(columns)) if sample is None else sample
    grids = find_grids(columns, batches(), sample, together)
    profile = count_rows(Profiler("", grids), batches())
    searches = _searches(grids, profile, sample)
    if searches:
        numeric = {name: grid for name, grid in grids.grids.items() if isinstance(grid, NumericGrid)}
        exact = with_deciles(numeric, searches, columns, batches())
        grids = replace(grids, grids={**grids.grids, **exact})
        profile = count_rows(Profiler("", grids), batches())
    _refuse_nothing(columns, profile)
    return baseline_of(grids, profile)


def _refuse_nothing(columns: tuple[Column, ...], profile: Profile) -> None:
    if not profile.rows:
        reasons = by_reason(profile.rejected)
        rejected = f" (rejected: {reasons})" if reasons else ""
        msg = f"the reference data holds no usable rows{rejected}. Name files with rows under baseline.data."
        raise BaselineError(msg)
    kept = [column.name for column in profiled(columns)]
    if kept and profile.present.keys().isdisjoint(kept):
        found = listed(sorted({*profile.present, *profile.extra})) or "no column"
        msg = f"the reference data has none of the columns {listed(kept)}; it has {found}. Name other data."
        raise BaselineError(msg)


def _searches(grids: Grids, profile: Profile, sample: int) -> dict[str, Search]:
    """Tell where deciles must be looked for: in columns with more values than were held of them."""
    searches = {}
    for name, grid in grids.grids.items():
        summary = profile.columns.get(("", name))
        if isinstance(grid, NumericGrid) and isinstance(summary, NumericSummary) and summary.finite > sample:
            searches[name] = search_of(grid, summary, sample)
    return {name: search for name, search in searches.items() if search is not None}


def count_rows(profiler: Profiler, batches: Iterable[RowBatch | Reject]) -> Profile:
    """Profile every row and count every reject, whatever their time."""
    counter = profiler.counter()
    for batch in joined(batches):
        if isinstance(batch, Reject):
            counter.tally("rejected", {batch.reason: batch.rows})
        else:
            profiler.count(batch, [(counter, slice(None))])
    return counter.profile()


def find_grids(
    columns: tuple[Column, ...], batches: Iterable[RowBatch | Reject], sample: int, together: tuple[str, ...] = ()
) -> Grids:
    """Read the reference data once and find each column's cells or categories, and the segments."""
    kept = profiled(columns)
    numeric = {c.name: NumericDraft(sample) for c in kept if c.effective_kind is Kind.NUMERIC}
    categorical = {c.name: CategoricalDraft() for c in kept if c.effective_kind is Kind.CATEGORICAL}
    lengths = {c.name: NumericDraft(sample) for c in kept if c.effective_kind is Kind.TEXT}
    for batch in batches:
        if isinstance(batch, Reject):
            continue
        for column in kept:
            array = batch.columns.get(column.name)
            if array is not None and column.name in numeric:
                numeric[column.name].add(read_numbers(column, array).values)
            elif array is not None and column.name in lengths:
                lengths[column.name].add(read_lengths(column, array).values)
            elif array is not None:
                categorical[column.name].add(read_categories(column, array))
    grids: dict[str, Grid] = {n: d.grid() for n, d in numeric.items()}
    grids |= {n: d.grid() for n, d in categorical.items()} | {n: TextGrid(d.grid()) for n, d in lengths.items()}
    segments = {c.name: _commonest(grids[c.name], c.most_segments) for c in kept if c.role is Role.SEGMENT}
    scored = any(c.role is Role.SCORE and c.name in numeric for c in kept)
    telling = [c for c in kept if scored and c.role in (Role.PREDICTION, Role.LABEL) and c.name in categorical]
    classes = {c.name: _commonest(grids[c.name], MOST_CLASSES) for c in telling}
    cross = cross_grid({name: numeric[name].sample for name in together}) if together else None
    return Grids(columns, grids, segments, classes, cross)


def _commonest(grid: Grid, most: int) -> tuple[str, ...]:
    return grid.categories[:most] if isinstance(grid, CategoricalGrid) else ()


def baseline_of(grids: Grids, profile: Profile, origin: str = "", loss: Mapping[str, float] | None = None) -> Baseline:
    """Return the baseline of a *profile* counted on *grids*, with the version that its content has."""
    return _versioned(_content(grids, profile) | _told(origin, loss or {}))


def constrained(baseline: Baseline, constraints: Constraints) -> Baseline:
    """Return the baseline with *constraints*, under another version."""
    told = _told(baseline.origin, baseline.loss, constraints)
    return _versioned(_content(baseline.grids, replace(baseline.profile, baseline="")) | told)


def _told(origin: str, loss: Mapping[str, float], constraints: Constraints | None = None) -> dict[str, Any]:
    told = {"origin": origin, "loss": dict(sorted(loss.items()))} if origin else {}
    return told if constraints is None else told | {"constraints": msgspec.to_builtins(constraints)}


def _content(grids: Grids, profile: Profile) -> dict[str, Any]:
    content = {
        "columns": msgspec.to_builtins(grids.columns),
        "grids": {name: _grid_to_plain(grid) for name, grid in grids.grids.items()},
        "segments": {name: list(values) for name, values in grids.segments.items()},
        "classes": {name: list(values) for name, values in grids.classes.items()},
        "profile": profile_to_plain(profile),
    }
    return content if grids.cross is None else content | {"cross": msgspec.to_builtins(grids.cross)}


def _grid_to_plain(grid: Grid) -> Any:
    if isinstance(grid, TextGrid):
        return {"lengths": _grid_to_plain(grid.lengths)}
    return grid.edges.astype("<f8").tobytes() if isinstance(grid, NumericGrid) else list(grid.categories)


def _grid_from_plain(plain: Any) -> Grid:
    if isinstance(plain, dict):
        return TextGrid(NumericGrid(np.frombuffer(plain["lengths"], "<f8")))
    return NumericGrid(np.frombuffer(plain, "<f8")) if isinstance(plain, bytes) else CategoricalGrid(tuple(plain))


def _versioned(content: dict[str, Any], history: History | None = None) -> Baseline:
    plain = msgspec.msgpack.encode(content, order="deterministic")
    version = hashlib.blake2b(plain, digest_size=8).hexdigest()
    columns = msgspec.convert(content["columns"], tuple[Column, ...])
    grids = {name: _grid_from_plain(grid) for name, grid in content["grids"].items()}
    segments, classes = (
        {name: tuple(values) for name, values in content[kind].items()} for kind in ("segments", "classes")
    )
    cross = msgspec.convert(content["cross"], CrossGrid) if "cross" in content else None
    profile = profile_from_plain(content["profile"] | {"baseline": version})
    told: dict[str, Any] = {name: content[name] for name in ("origin", "loss") if name in content}
    constraints = msgspec.convert(content["constraints"], Constraints) if "constraints" in content else None
    told |= {"constraints": constraints, "history": history}
    return Baseline(version, Grids(columns, grids, segments, classes, cross), profile, **told)


def baseline_to_bytes(baseline: Baseline) -> bytes:
    """Return the stored form."""
    content = _content(baseline.grids, baseline.profile)
    content["profile"]["baseline"] = ""  # the version is derived from the content, so it can't be part of it
    past = {} if baseline.history is None else {"history": history_to_plain(baseline.history)}
    told = _told(baseline.origin, baseline.loss, baseline.constraints)
    return pack({"kind": "baseline", **content, **told, **past})


def baseline_from_bytes(data: bytes, where: str) -> Baseline:
    """Read the stored form of the object *where*.

    Raises:
        StoredFormError: The bytes are no baseline, are of another version, or are damaged.
    """
    content = unpack(data, where, "Build the baseline again with `atalaia baseline`.")
    if content.pop("kind", None) != "baseline":
        msg = f"{where}: not a baseline. Build one with `atalaia baseline`."
        raise StoredFormError(msg)
    past = content.pop("history", None)
    return _versioned(content, None if past is None else history_from_plain(past))
