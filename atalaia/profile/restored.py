"""Profiles from their stored form; many of them are read as one, which takes a fraction of reading each and merging."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import reduce
from itertools import chain
from typing import Any

import msgspec
import numpy as np

from atalaia.profile import categorical, numeric
from atalaia.profile.answers import added_answers, answers_from_plain
from atalaia.profile.categorical import UNSEEN_SIZE, CategoricalSummary
from atalaia.profile.counts import added, keep_smallest
from atalaia.profile.cross import CrossMoments, cross_from_plain
from atalaia.profile.minutes import Minutes
from atalaia.profile.numeric import NumericSummary
from atalaia.profile.profile import BY_NAME, MOST_EXTRA, Profile, Summary, refuse_other_baselines
from atalaia.profile.stored_arrays import added_arrays, array_from_plain, merged_distinct, rising_from_plain
from atalaia.profile.text import TextSummary


def profile_from_plain(plain: dict[str, Any]) -> Profile:
    """Return the profile behind `profile_to_plain`'s result."""
    return merged_from_plain([plain])


def merged_from_plain(plains: Sequence[dict[str, Any]]) -> Profile:
    """Return what `Profile.merged` makes of the profiles behind *plains* (at least one), in a fraction of the time.

    Column by column, arrays of all profiles are read and added up together.

    Raises:
        BaselineError: They were counted on the grids of different baselines.
    """
    refuse_other_baselines([plain["baseline"] for plain in plains])
    sums = {name: added([plain[name] for plain in plains]) for name in BY_NAME}
    crosses = [cross_from_plain(plain["cross"]) for plain in plains if "cross" in plain]
    answers = [{(s, c): answers_from_plain(found) for s, c, found in plain.get("answers", ())} for plain in plains]
    return Profile(
        **sums | {"extra": keep_smallest(sums["extra"], MOST_EXTRA)},
        baseline=plains[0]["baseline"],
        rows=sum([plain["rows"] for plain in plains]),
        late=sum([plain["late"] for plain in plains]),
        minutes=Minutes.merged(
            [Minutes(rising_from_plain(s), array_from_plain(r)) for s, r in _each(plains, "minutes")]
        ),
        ids=merged_distinct(_each(plains, "ids")),
        columns=_merged_columns(plains),
        cross=reduce(CrossMoments.merge, crosses) if crosses else None,
        answers=added_answers(answers),
    )


def _each(plains: Sequence[dict[str, Any]], name: str) -> list[Any]:
    return [plain[name] for plain in plains]


def _merged_columns(plains: Sequence[dict[str, Any]]) -> dict[tuple[str, str], Summary]:
    held: dict[tuple[str, str], list[bytes]] = {}
    for plain in plains:
        for segment, column, summary in plain["columns"]:
            held.setdefault((segment, column), []).append(summary)
    return {key: _merged_summary([_unfold(part) for part in found]) for key, found in sorted(held.items())}


_unfold = msgspec.msgpack.Decoder(dict[str, Any]).decode


def _merged_summary(parts: Sequence[dict[str, Any]]) -> Summary:
    if "counts" in parts[0]:
        return _merged_categories(parts)
    if "lengths" in parts[0]:
        return _merged_texts(parts)
    return _merged_numbers(parts)


def _merged_numbers(parts: Sequence[dict[str, Any]]) -> NumericSummary:
    intervals, edges = (added_arrays([cells[place] for cells in _each(parts, "cells")]) for place in (0, 1))
    cells = np.empty(len(intervals) + len(edges), np.int64)
    cells[0::2], cells[1::2] = intervals, edges
    wide: Counter[int] = Counter()
    for cell, steps in chain.from_iterable(_each(parts, "wide")):
        wide[cell] += int(steps)
    return NumericSummary(
        **{name: sum(map(int, _each(parts, name))) for name in numeric.ADDED},
        cells=cells,
        inner=added_arrays(_each(parts, "inner")),
        wide=dict(sorted(wide.items())),
        minimum=min(_each(parts, "minimum")),
        maximum=max(_each(parts, "maximum")),
        distinct=merged_distinct(_each(parts, "distinct")),
    )


def _merged_categories(parts: Sequence[dict[str, Any]]) -> CategoricalSummary:
    return CategoricalSummary(
        **{name: sum(_each(parts, name)) for name in categorical.ADDED},
        counts=added_arrays(_each(parts, "counts")),
        unseen=keep_smallest(added(_each(parts, "unseen")), UNSEEN_SIZE),
    )


def _merged_texts(parts: Sequence[dict[str, Any]]) -> TextSummary:
    return TextSummary(
        lengths=_merged_numbers(_each(parts, "lengths")),
        blank=sum(_each(parts, "blank")),
        off_pattern=sum(_each(parts, "off_pattern")),
        found=added(_each(parts, "found")),
    )
