"""A profile: the mergeable summary of rows, all that is kept of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from atalaia.errors import BaselineError
from atalaia.profile.categorical import CategoricalGrid, CategoricalSummary, places_of, summarise_categories
from atalaia.profile.counts import add_counts, keep_smallest
from atalaia.profile.distinct import Distinct, hash_texts
from atalaia.profile.numeric import NumericGrid, NumericSummary, summarise_numbers
from atalaia.profile.rules import broken_by_categories, broken_by_numbers
from atalaia.profile.segments import segment_name
from atalaia.profile.values import bounded_text, category_texts, read_categories, read_numbers
from atalaia.rows import RowBatch, value_text
from atalaia.schema import Column, Role, profiled

Grid = NumericGrid | CategoricalGrid
Summary = NumericSummary | CategoricalSummary

ID_SIZE = 4096
"""Row ids are told apart exactly up to so many; beyond, an even sample of them is watched for repetition."""

MOST_SEGMENTS = 32
"""At most so many values of a segment column are profiled apart, the baseline's commonest."""

MOST_EXTRA = 100
"""At most so many unknown columns are kept by name, those with the smallest hashes."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Rows of one log object (or several, merged) in one window.

    Attributes:
        baseline: Version of the baseline whose grids these counts are on.
        rows: Rows profiled.
        captured: Of these, how many carried each side.
        rejected: Rows rejected, by reason.
        late: Of `rows`, how many were logged after the window's lateness had passed.
        times: Of `rows`, how many were dated by event, record, path or object time.
        extra: Columns that the monitor does not know, and in how many rows they came; at most `MOST_EXTRA` of them.
        present: In how many rows each known column's key or place was there at all.
        ids: Row ids.
        segments: Rows by segment: `""` for all rows, else a `segment_name`.
        columns: By segment and column, what is kept of the values.
    """

    baseline: str
    rows: int = 0
    captured: Mapping[str, int] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)
    late: int = 0
    times: Mapping[str, int] = field(default_factory=dict)
    extra: Mapping[str, int] = field(default_factory=dict)
    present: Mapping[str, int] = field(default_factory=dict)
    ids: Distinct = field(default_factory=lambda: Distinct.empty(ID_SIZE))
    segments: Mapping[str, int] = field(default_factory=dict)
    columns: Mapping[tuple[str, str], Summary] = field(default_factory=dict)

    def merge(self, other: Profile) -> Profile:
        """Return both together: in any order and grouping the result is the same.

        Raises:
            BaselineError: The two were counted on the grids of different baselines.
        """
        if self.baseline != other.baseline:
            msg = (
                f"cannot merge a profile made on baseline {self.baseline} with one made on baseline {other.baseline}: "
                "their cells differ. Ingest the logs again on one of the two."
            )
            raise BaselineError(msg)
        return Profile(
            baseline=self.baseline,
            rows=self.rows + other.rows,
            captured=add_counts(self.captured, other.captured),
            rejected=add_counts(self.rejected, other.rejected),
            late=self.late + other.late,
            times=add_counts(self.times, other.times),
            extra=keep_smallest(add_counts(self.extra, other.extra), MOST_EXTRA),
            present=add_counts(self.present, other.present),
            ids=self.ids.merge(other.ids),
            segments=add_counts(self.segments, other.segments),
            columns=_merge_columns(self.columns, other.columns),
        )


def _merge_columns(
    one: Mapping[tuple[str, str], Summary], other: Mapping[tuple[str, str], Summary]
) -> dict[tuple[str, str], Summary]:
    merged = dict(one)
    for key, summary in other.items():
        present = merged.get(key)
        merged[key] = summary if present is None else present.merge(summary)  # type: ignore[arg-type]  # one grid, one kind
    return dict(sorted(merged.items()))


@dataclass(frozen=True, slots=True)
class Grids:
    """What rows are counted on: the monitor's columns, a grid for each, and the segments told apart.

    Attributes:
        columns: The monitor's columns in the order of its file.
        grids: A grid for each profiled column, by name.
        segments: The values told apart of each segment column, by its name.
    """

    columns: tuple[Column, ...]
    grids: Mapping[str, Grid]
    segments: Mapping[str, tuple[str, ...]]


class Profiler:
    """Counts rows on the grids of one baseline."""

    def __init__(self, baseline: str, grids: Grids) -> None:
        """Prepare for the baseline of version *baseline* and its *grids*."""
        self._baseline = baseline
        self._grids = grids
        self._known = {c.name for c in grids.columns}
        self._ids = next((c for c in grids.columns if c.role is Role.ID), None)
        self._places = {n: places_of(g) for n, g in grids.grids.items() if isinstance(g, CategoricalGrid)}

    def empty(self) -> Profile:
        """Return the neutral profile."""
        return Profile(self._baseline)

    def profile(self, batch: RowBatch) -> Profile:
        """Summarise *batch*. Late rows and time sources are known to the caller only and left at zero."""
        captured = {side.value: batch.rows for side in sorted(batch.captured)}
        columns = [c for c in profiled(self._grids.columns) if c.side in batch.captured]
        summaries = self._summaries("", columns, batch)
        segments = {"": batch.rows}
        for name, values in self._grids.segments.items():
            if name in batch.columns:
                self._add_segments(name, values, columns, batch, segments, summaries)
        return Profile(
            baseline=self._baseline,
            rows=batch.rows,
            captured=captured,
            extra=self._extra(batch),
            present={n: batch.rows for n in sorted(batch.columns) if n in self._known},
            ids=self._row_ids(batch),
            segments=dict(sorted(segments.items())),
            columns=dict(sorted(summaries.items())),
        )

    def _summaries(self, segment: str, columns: list[Column], batch: RowBatch) -> dict[tuple[str, str], Summary]:
        return {(segment, c.name): self._summary(c, batch.columns.get(c.name), batch.rows) for c in columns}

    def _summary(self, column: Column, array: pa.Array | None, rows: int) -> Summary:
        if array is None:
            array = pa.nulls(rows)
        grid = self._grids.grids[column.name]
        if isinstance(grid, NumericGrid):
            numbers = read_numbers(column, array)
            return replace(summarise_numbers(grid, numbers), **broken_by_numbers(column, numbers))
        categories = read_categories(column, array)
        summary = summarise_categories(self._places[column.name], categories)
        return replace(summary, **broken_by_categories(column, categories))

    def _add_segments(
        self,
        name: str,
        values: tuple[str, ...],
        columns: list[Column],
        batch: RowBatch,
        segments: dict[str, int],
        summaries: dict[tuple[str, str], Summary],
    ) -> None:
        column = next(c for c in self._grids.columns if c.name == name)
        texts = category_texts(column, batch.columns[name])
        for value in values:
            mask = pc.fill_null(pc.equal(texts, value), fill_value=False)
            rows = int(pc.sum(mask).as_py() or 0)
            if rows:
                segment = segment_name(name, value)
                segments[segment] = rows
                summaries.update(self._summaries(segment, columns, select(batch, mask, rows)))

    def _extra(self, batch: RowBatch) -> dict[str, int]:
        unknown = [bounded_text(n) for n in batch.columns if n not in self._known]
        return keep_smallest(dict.fromkeys(unknown, batch.rows), MOST_EXTRA)

    def _row_ids(self, batch: RowBatch) -> Distinct:
        texts: list[str] = []
        side = "+".join(sorted(batch.captured))  # what is logged apart, inputs and outputs, is no repetition
        if self._ids is not None and self._ids.name in batch.columns:
            ids = batch.columns[self._ids.name].drop_null().to_pylist()
            texts = [f"{value_text(value)}\n{side}" for value in ids]
        elif batch.record_ids is not None:
            pairs = zip(batch.record_ids.to_pylist(), batch.record_index.tolist(), strict=True)
            texts = [f"{record}\n{index}\n{side}" for record, index in pairs if record is not None]
        return Distinct.empty(ID_SIZE).add(hash_texts(texts), np.ones(len(texts), np.int64))


def select(batch: RowBatch, mask: pa.Array, rows: int) -> RowBatch:
    """Return the *rows* rows of *batch* whose *mask* is true."""
    chosen = np.asarray(mask.to_numpy(zero_copy_only=False), dtype=bool)
    return RowBatch(
        columns={name: array.filter(mask) for name, array in batch.columns.items()},
        rows=rows,
        captured=batch.captured,
        record_times=batch.record_times[chosen],
        record_ids=None if batch.record_ids is None else batch.record_ids.filter(mask),
        record_index=batch.record_index[chosen],
    )


def reject_profile(baseline: str, reason: str, rows: int) -> Profile:
    """Return the profile of *rows* rejected rows."""
    return Profile(baseline, rejected={reason: rows})


def empty_summary(grid: Grid) -> Summary:
    """Return the neutral element on *grid*."""
    return NumericSummary.empty(grid) if isinstance(grid, NumericGrid) else CategoricalSummary.empty(grid)
