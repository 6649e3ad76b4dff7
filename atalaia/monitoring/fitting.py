"""Fitting: what of a changed monitor can be judged on profiles that were counted before it was changed.

Rows are gone once they are counted. So checks, limits, policies and the width of windows may change at will, but a
column is what it was when its profiles were made, and one that was not profiled then cannot be judged now.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from atalaia.baseline import Baseline
from atalaia.monitor_file import Monitor, Multivariate
from atalaia.schema import Column, Role, profiled
from atalaia.wording import listed


class Fitted(Struct, frozen=True):
    """A monitor and a baseline that fit each other, and in words what had to be left out or as it was."""

    monitor: Monitor
    baseline: Baseline
    notes: tuple[str, ...] = ()


def fit(monitor: Monitor, baseline: Baseline) -> Fitted:
    """Return *monitor* as far as profiles counted on *baseline* can be judged by it."""
    held = {column.name: column for column in baseline.grids.columns}
    counted = {column.name for column in profiled(baseline.grids.columns)}
    columns: list[Column] = []
    absent: list[str] = []
    kept: list[str] = []
    for column in monitor.columns:
        before = held.get(column.name)
        if column in profiled((column,)) and column.name not in counted:
            absent.append(column.name)
            continue
        as_before = before is None or column.role is Role.IGNORED or replace(column, nullable=before.nullable) == before
        columns.append(column if before is None or as_before else replace(before, nullable=column.nullable))
        kept += [] if as_before else [column.name]
    together = _together(monitor, baseline)
    grids = baseline.grids if together else replace(baseline.grids, cross=None)
    watched = Multivariate(together) if together else False
    fitted = replace(monitor, columns=tuple(columns), multivariate=watched)
    fitted = monitor if fitted.columns == monitor.columns and fitted.together == monitor.together else fitted
    return Fitted(fitted, replace(baseline, grids=grids), tuple(_notes(absent, kept, monitor, together)))


def _together(monitor: Monitor, baseline: Baseline) -> tuple[str, ...]:
    cross = baseline.grids.cross
    return monitor.together if cross is not None and set(cross.columns) == set(monitor.together) else ()


def _notes(absent: list[str], kept: list[str], monitor: Monitor, together: tuple[str, ...]) -> Iterator[str]:
    if absent:
        yield f"left out, as the stored profiles do not have them: {listed(absent)}"
    if kept:
        yield f"declared as they were when their profiles were made: {listed(kept)}"
    if monitor.together and not together:
        yield "left out, as the stored profiles do not have them: relations of the columns under `multivariate`"
