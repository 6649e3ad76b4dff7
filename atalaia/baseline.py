"""Baselines: the profile compared against, and the grids that it fixes for every profile after it.

A baseline takes two passes over its reference data, so the data need not fit in memory. The first finds each column's
cells and categories; the second counts every row on them, exactly. The cells' edges are exact quantiles up to
`SAMPLE` values in a column; beyond, they are the quantiles of an even random sample of that size (fixed seed).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from atalaia.batches import joined
from atalaia.errors import BaselineError, StoredFormError
from atalaia.profile import (
    CategoricalGrid,
    Grid,
    Grids,
    NumericGrid,
    Profile,
    Profiler,
    grid_of,
    pack,
    profile_from_plain,
    profile_to_plain,
    unpack,
)
from atalaia.profile.categorical import CAP
from atalaia.profile.cross import CrossGrid, cross_grid
from atalaia.profile.profiler import MOST_CLASSES, MOST_SEGMENTS
from atalaia.profile.values import Categories, Floats, read_categories, read_numbers
from atalaia.rows import Reject, RowBatch
from atalaia.schema import Column, Kind, Role, profiled
from atalaia.wording import by_reason

SAMPLE = 200_000
"""So many values of a numeric column are kept while its cells are looked for: 1.6 MB a column."""

_SEED = 20260301

Batches = Callable[[], Iterable[RowBatch | Reject]]
"""Opens the reference data anew at each call."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What current data is compared against.

    Attributes:
        version: Derived from the content: the same data under the same columns gives the same version.
        grids: The columns, their cells and categories, and the segments told apart.
        profile: The reference data's profile on these grids.
    """

    version: str
    grids: Grids
    profile: Profile

    def profiler(self) -> Profiler:
        """Return what counts rows on this baseline's grids."""
        return Profiler(self.version, self.grids)


def build_baseline(columns: tuple[Column, ...], batches: Batches, together: tuple[str, ...] = ()) -> Baseline:
    """Build a baseline from reference data, in two passes.

    Args:
        columns: What a row holds.
        batches: Opens the reference data.
        together: The numeric columns whose relations to each other are kept, too.

    Raises:
        BaselineError: The data holds no rows.
    """
    grids = find_grids(columns, batches(), together)
    profile = count_rows(Profiler("", grids), batches())
    if not profile.rows:
        reasons = by_reason(profile.rejected)
        rejected = f" (rejected: {reasons})" if reasons else ""
        msg = f"the reference data holds no usable rows{rejected}. Name files with rows under baseline.data."
        raise BaselineError(msg)
    return _versioned(_content(grids, profile))


def count_rows(profiler: Profiler, batches: Iterable[RowBatch | Reject]) -> Profile:
    """Profile every row and count every reject, whatever their time."""
    counter = profiler.counter()
    for batch in joined(batches):
        if isinstance(batch, Reject):
            counter.tally("rejected", {batch.reason: batch.rows})
        else:
            profiler.count(batch, [(counter, slice(None))])
    return counter.profile()


@dataclass(slots=True)
class _NumericDraft:
    """The extremes of a numeric column, and an even random sample of its finite values."""

    sample: Floats = field(default_factory=lambda: np.empty(0))
    seen: int = 0
    low: float = np.inf
    high: float = -np.inf
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(_SEED))

    def add(self, values: Floats) -> None:
        """Take in *values*; Vitter's algorithm R once the sample is full."""
        values = values[np.isfinite(values)]
        if not len(values):
            return
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
        room = max(SAMPLE - len(self.sample), 0)
        self.sample = np.concatenate((self.sample, values[:room]))
        rest = values[room:]
        ranks = np.arange(self.seen + len(values) - len(rest), self.seen + len(values)) + 1
        places = self.random.integers(0, ranks) if len(rest) else np.empty(0, np.int64)
        chosen = places < SAMPLE
        self.sample[places[chosen]] = rest[chosen]
        self.seen += len(values)

    def grid(self) -> NumericGrid:
        """Cut what was seen into cells."""
        return grid_of(self.sample, self.low, self.high)


@dataclass(slots=True)
class _CategoricalDraft:
    """A categorical column's values and how often they occurred; when too many, the rarest are let go."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, categories: Categories) -> None:
        """Take in a batch."""
        counts, _, _ = categories.count()
        for value, count in zip(categories.texts, counts.tolist(), strict=True):
            self.counts[value] = self.counts.get(value, 0) + count
        if len(self.counts) > 4 * CAP:
            self.counts = dict(self.commonest(2 * CAP))

    def commonest(self, most: int) -> list[tuple[str, int]]:
        """Return the *most* commonest values with their counts, ties in the order of their text."""
        return sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most]

    def grid(self) -> CategoricalGrid:
        """Keep what is counted by name."""
        return CategoricalGrid(tuple(value for value, _ in self.commonest(CAP)))


def find_grids(
    columns: tuple[Column, ...], batches: Iterable[RowBatch | Reject], together: tuple[str, ...] = ()
) -> Grids:
    """Read the reference data once and find each column's cells or categories, and the segments."""
    kept = profiled(columns)
    numeric = {c.name: _NumericDraft() for c in kept if c.effective_kind is Kind.NUMERIC}
    categorical = {c.name: _CategoricalDraft() for c in kept if c.effective_kind is Kind.CATEGORICAL}
    for batch in batches:
        if isinstance(batch, Reject):
            continue
        for column in kept:
            array = batch.columns.get(column.name)
            if array is not None and column.name in numeric:
                numeric[column.name].add(read_numbers(column, array).values)
            elif array is not None:
                categorical[column.name].add(read_categories(column, array))
    grids: dict[str, Grid] = {n: d.grid() for n, d in numeric.items()}
    grids |= {n: d.grid() for n, d in categorical.items()}
    segments = {c.name: _commonest(grids[c.name], MOST_SEGMENTS) for c in kept if c.role is Role.SEGMENT}
    scored = any(c.role is Role.SCORE and c.name in numeric for c in kept)
    telling = [c for c in kept if scored and c.role in (Role.PREDICTION, Role.LABEL) and c.name in categorical]
    classes = {c.name: _commonest(grids[c.name], MOST_CLASSES) for c in telling}
    cross = cross_grid({name: numeric[name].sample for name in together}) if together else None
    return Grids(columns, grids, segments, classes, cross)


def _commonest(grid: Grid, most: int) -> tuple[str, ...]:
    return grid.categories[:most] if isinstance(grid, CategoricalGrid) else ()


def _content(grids: Grids, profile: Profile) -> dict[str, Any]:
    plain = {
        name: list(grid.categories) if isinstance(grid, CategoricalGrid) else grid.edges.astype("<f8").tobytes()
        for name, grid in grids.grids.items()
    }
    content = {
        "columns": msgspec.to_builtins(grids.columns),
        "grids": plain,
        "segments": {name: list(values) for name, values in grids.segments.items()},
        "classes": {name: list(values) for name, values in grids.classes.items()},
        "profile": profile_to_plain(profile),
    }
    return content if grids.cross is None else content | {"cross": msgspec.to_builtins(grids.cross)}


def _versioned(content: dict[str, Any]) -> Baseline:
    plain = msgspec.msgpack.encode(content, order="deterministic")
    version = hashlib.blake2b(plain, digest_size=8).hexdigest()
    columns = msgspec.convert(content["columns"], tuple[Column, ...])
    grids: dict[str, Grid] = {
        name: NumericGrid(np.frombuffer(grid, "<f8")) if isinstance(grid, bytes) else CategoricalGrid(tuple(grid))
        for name, grid in content["grids"].items()
    }
    segments, classes = (
        {name: tuple(values) for name, values in content[kind].items()} for kind in ("segments", "classes")
    )
    cross = msgspec.convert(content["cross"], CrossGrid) if "cross" in content else None
    profile = profile_from_plain(content["profile"] | {"baseline": version})
    return Baseline(version, Grids(columns, grids, segments, classes, cross), profile)


def baseline_to_bytes(baseline: Baseline) -> bytes:
    """Return the stored form."""
    content = _content(baseline.grids, baseline.profile)
    content["profile"]["baseline"] = ""  # the version is derived from the content, so it can't be part of it
    return pack({"kind": "baseline", **content})


def baseline_from_bytes(data: bytes, where: str) -> Baseline:
    """Read the stored form of the object *where*.

    Raises:
        StoredFormError: The bytes are no baseline.
    """
    content = unpack(data, where)
    if content.pop("kind", None) != "baseline":
        msg = f"{where}: not a baseline. Build one with `atalaia baseline`."
        raise StoredFormError(msg)
    return _versioned(content)
