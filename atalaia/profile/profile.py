"""A profile: the mergeable summary of rows, all that is kept of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

from msgspec import Struct, field

from atalaia.errors import BaselineError
from atalaia.profile.answers import Answers, added_answers
from atalaia.profile.categorical import CategoricalGrid, CategoricalSummary
from atalaia.profile.counts import added, keep_smallest
from atalaia.profile.cross import CrossGrid, CrossMoments
from atalaia.profile.distinct import Distinct
from atalaia.profile.minutes import Minutes
from atalaia.profile.numeric import NumericGrid, NumericSummary
from atalaia.profile.text import TextGrid, TextSummary
from atalaia.schema import Column

Grid = NumericGrid | CategoricalGrid | TextGrid
Summary = NumericSummary | CategoricalSummary | TextSummary

ID_SIZE = 4096
"""Row ids are told apart exactly up to so many; beyond, an even sample of them is watched for repetition."""

MOST_EXTRA = 100
"""At most so many unknown columns are kept by name, those with the smallest hashes."""


class Profile(Struct, frozen=True):
    """Rows of one log object (or several, merged) in one window.

    Attributes:
        baseline: Version of the baseline whose grids these counts are on.
        rows: Rows profiled.
        captured: Of these, how many carried each side.
        rejected: Rows rejected, by reason.
        late: Of `rows`, how many were logged after the window's lateness had passed.
        times: Of `rows`, how many were dated by event, record, path or object time.
        minutes: When they happened.
        extra: Columns that the monitor does not know, and in how many rows they came; at most `MOST_EXTRA` of them.
        present: In how many rows each known column's key or place was there at all.
        ids: Row ids.
        segments: Rows by segment: `""` for all rows, else a `segment_name` or a `rest_name`. Those of one column add up
            to the rows that carried its side.
        columns: By segment and column, what is kept of the values; scores also by the value of a prediction or label,
            named like a segment.
        cross: What is kept of the columns taken together, over all rows; None if nothing is.
        answers: By segment and prediction, how it compares with its label, where rows hold both.
    """

    baseline: str
    rows: int = 0
    captured: Mapping[str, int] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)
    late: int = 0
    times: Mapping[str, int] = field(default_factory=dict)
    minutes: Minutes = field(default_factory=Minutes.empty)
    extra: Mapping[str, int] = field(default_factory=dict)
    present: Mapping[str, int] = field(default_factory=dict)
    ids: Distinct = field(default_factory=lambda: Distinct.empty(ID_SIZE))
    segments: Mapping[str, int] = field(default_factory=dict)
    columns: Mapping[tuple[str, str], Summary] = field(default_factory=dict)
    cross: CrossMoments | None = None
    answers: Mapping[tuple[str, str], Answers] = field(default_factory=dict)

    @classmethod
    def merged(cls, parts: Sequence[Profile]) -> Profile:
        """Return all *parts* (at least one) together: in any order and grouping the result is the same.

        Raises:
            BaselineError: They were counted on the grids of different baselines.
        """
        refuse_other_baselines([part.baseline for part in parts])
        sums = {name: added([getattr(part, name) for part in parts]) for name in BY_NAME}
        return cls(
            **sums | {"extra": keep_smallest(sums["extra"], MOST_EXTRA)},
            baseline=parts[0].baseline,
            rows=sum([part.rows for part in parts]),
            late=sum([part.late for part in parts]),
            minutes=Minutes.merged([part.minutes for part in parts]),
            ids=Distinct.merged([part.ids for part in parts]),
            columns=_merged_columns(parts),
            cross=_merged_cross(parts),
            answers=added_answers([part.answers for part in parts]),
        )

    def merge(self, other: Profile) -> Profile:
        """Return both together, as `merged` does."""
        return Profile.merged((self, other))


BY_NAME = ("captured", "rejected", "times", "extra", "present", "segments")
"""What a profile counts by name."""


def refuse_other_baselines(versions: Sequence[str]) -> None:
    """Accept profiles of one baseline only.

    Raises:
        BaselineError: They were counted on the grids of different baselines.
    """
    first = versions[0]
    other = next((version for version in versions if version != first), None)
    if other is not None:
        msg = (
            f"cannot merge a profile made on baseline {first} with one made on baseline {other}: "
            "their cells differ. Ingest the logs again on one of the two."
        )
        raise BaselineError(msg)


def _merged_columns(parts: Sequence[Profile]) -> dict[tuple[str, str], Summary]:
    held: dict[tuple[str, str], list[Summary]] = {}
    for part in parts:
        for key, summary in part.columns.items():
            held.setdefault(key, []).append(summary)
    return {key: type(found[0]).merged(found) for key, found in sorted(held.items())}  # type: ignore[arg-type]  # one grid, one kind


def _merged_cross(parts: Sequence[Profile]) -> CrossMoments | None:
    held = [part.cross for part in parts if part.cross is not None]
    return reduce(CrossMoments.merge, held) if held else None


def empty_summary(grid: Grid) -> Summary:
    """Return the neutral element on *grid*."""
    if isinstance(grid, TextGrid):
        return TextSummary.empty(grid)
    return NumericSummary.empty(grid) if isinstance(grid, NumericGrid) else CategoricalSummary.empty(grid)


class Grids(Struct, frozen=True):
    """What rows are counted on: the monitor's columns, a grid for each, and the values by which they are told apart.

    Attributes:
        columns: The monitor's columns in the order of its file.
        grids: A grid for each profiled column, by name.
        segments: The values told apart of each segment column, by its name; all its other rows are one segment more,
            unless none is told apart.
        classes: The values of predictions and labels by which scores are told apart, by column.
        cross: The columns taken together; None if none are.
    """

    columns: tuple[Column, ...]
    grids: Mapping[str, Grid]
    segments: Mapping[str, tuple[str, ...]]
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cross: CrossGrid | None = None
