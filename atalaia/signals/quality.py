"""Quality and stability metrics: shares of rows that are not what they should be.

Each is a count over the rows that could have been at fault, so it needs nothing but the profile.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from atalaia.profile import NumericSummary, Profile, Summary, TextSummary
from atalaia.schema import Column, Side


class Measured(Struct, frozen=True):
    """A value (None when there was nothing to measure) and the rows that it rests on."""

    value: float | None
    rows: int


def share(part: int, whole: int) -> Measured:
    """Return *part* of *whole* rows as a share, 0..1."""
    return Measured(part / whole if whole else None, whole)


def measure_quality(column: Column, summary: Summary) -> dict[str, Measured]:
    """Measure a column's missing values, type errors, empty texts, and the rules that the monitor file gives it.

    Shares are of the rows in which the column was captured; `empty` and those of rules are of the values that have the
    right type.
    """
    measured = {
        "missing": share(summary.missing, summary.rows),
        "type_errors": share(summary.type_errors, summary.rows),
    }
    broken: dict[str, tuple[object, int]] = {}
    if isinstance(summary, TextSummary):
        measured["empty"] = share(summary.blank, summary.valid)
    else:
        broken["out_of_set"] = (column.set, summary.out_of_set)
    if isinstance(summary, NumericSummary):
        broken["out_of_range"] = (column.range, summary.out_of_range)
    else:
        broken["off_pattern"] = (column.pattern, summary.off_pattern)
    return measured | {name: share(n, values_of(summary)) for name, (rule, n) in broken.items() if rule is not None}


def measure_patterns(column: Column, baseline: TextSummary, current: TextSummary) -> dict[str, Measured]:
    """Measure by how much the share of texts that contain each of the column's patterns has changed, up or down."""
    rows = min(baseline.valid, current.valid)
    changes = {name: Measured(None, rows) for name in column.patterns or ()}
    if rows:
        for name in changes:
            before, now = (side.found.get(name, 0) / side.valid for side in (baseline, current))
            changes[name] = Measured(abs(now - before), rows)
    return changes


def measure_stability(column: Column, summary: Summary) -> dict[str, Measured]:
    """Measure what makes a column numerically unsound.

    `nan`, `infinity`, `denormal` and `overflow` are shares of the rows that hold a number of any kind; `constant` is 1
    for an output column that took a single value, else 0. Of texts neither is known.
    """
    measured = {}
    if isinstance(summary, NumericSummary):
        infinite = summary.positive_infinity + summary.negative_infinity
        numbers = summary.finite + summary.nan + infinite
        measured = {
            "nan": share(summary.nan, numbers),
            "infinity": share(infinite, numbers),
            "denormal": share(summary.denormal, numbers),
            "overflow": share(summary.overflow, numbers),
        }
    values = values_of(summary)
    if column.side is Side.OUTPUT and not isinstance(summary, TextSummary):
        measured["constant"] = Measured(float(is_constant(summary)) if values else None, values)
    return measured


def measure_rest(whole: Summary, rest: Summary) -> Measured:
    """Measure which share of a segment column's values is not told apart, of all those that it has.

    Missing values count on neither side: that they are more is for `missing` to say.
    """
    return share(values_of(rest), values_of(whole))


def is_constant(summary: Summary) -> bool:
    """Tell whether all values are one and the same; of texts it is not known."""
    if isinstance(summary, TextSummary):
        return False
    if isinstance(summary, NumericSummary):
        return summary.minimum == summary.maximum
    return int((summary.counts > 0).sum()) + len(summary.unseen) == 1


def values_of(summary: Summary) -> int:
    """Count the values that drift is measured on: finite numbers, valid categories, or texts."""
    return summary.finite if isinstance(summary, NumericSummary) else summary.valid


def measure_columns_present(columns: Mapping[str, Column], profile: Profile) -> dict[str, Measured]:
    """Measure for each known column whether it is gone: 1 if no captured row had it, else 0."""
    return {
        name: Measured(float(not profile.present.get(name, 0)), rows)
        for name, column in columns.items()
        if (rows := profile.captured.get(column.side.value, 0))
    }


def measure_window(profile: Profile) -> dict[str, Measured]:
    """Measure the window as a whole.

    `row_count` counts rows profiled; `rejected` is a share of the rows read, `late` of the rows profiled, `duplicates`
    of the rows with an id.
    """
    rejected = sum(profile.rejected.values())
    return {
        "row_count": Measured(float(profile.rows), profile.rows),
        "rejected": share(rejected, profile.rows + rejected),
        "late": share(profile.late, profile.rows),
        "duplicates": Measured(profile.ids.repeated_share() if profile.ids.values else None, profile.ids.values),
    }
