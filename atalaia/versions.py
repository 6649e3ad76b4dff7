"""Versions: which model the rows of a window come from, as far as the logs tell, and that its baseline is to change.

A column with the role `version` tells it for each row. Else the place of a log does, where a cloud wrote it: SageMaker
captures lie under `<endpoint>/<variant>/`, collected data of Azure Machine Learning under `<endpoint>/<deployment>/`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from atalaia.checks import CHANGE, check_of
from atalaia.findings import finding_of
from atalaia.monitor_file import CheckRule
from atalaia.profile import CategoricalGrid, CategoricalSummary, Grids, Profile
from atalaia.profile.segments import segment_name
from atalaia.report import Finding, Gathering, Input
from atalaia.schema import Role
from atalaia.signals.quality import Measured
from atalaia.wording import plural, shortened

_HOUR = r"\d{4}/\d{2}/\d{2}/\d{2}/[^/]+"
_PLACES = {
    "sagemaker": re.compile(rf"([^/]+/[^/]+)/{_HOUR}"),
    "azureml": re.compile(rf"([^/]+/[^/]+)/[^/]+/{_HOUR}"),
}
_MOST_NAMED = 5


def model_versions(grids: Grids, current: Profile, inputs: Iterable[Input]) -> dict[str, int]:
    """Return the rows of a window by version of the model; none where the logs do not tell it."""
    column = _column(grids)
    if column is not None:
        return _by_column(grids, current, column)
    rows: Counter[str] = Counter()
    for log in inputs:
        pattern = _PLACES.get(log.format)
        place = pattern and pattern.search(log.log)
        if place and log.rows and log.used:
            rows[place[1]] += log.rows
    return dict(sorted(rows.items()))


def version_segments(grids: Grids, current: Profile) -> list[str]:
    """Return the segments by version of a window whose rows are of several; none if not all of them were told apart."""
    column = _column(grids)
    if column is None:
        return []
    rows = {segment_name(column, version): rows for version, rows in _by_column(grids, current, column).items()}
    are_whole = all(current.segments.get(segment) == count for segment, count in rows.items())
    return sorted(rows) if len(rows) > 1 and are_whole else []


def _column(grids: Grids) -> str | None:
    return next((column.name for column in grids.columns if column.role is Role.VERSION), None)


def _by_column(grids: Grids, current: Profile, column: str) -> dict[str, int]:
    grid, summary = grids.grids[column], current.columns.get(("", column))
    if not isinstance(grid, CategoricalGrid) or not isinstance(summary, CategoricalSummary):
        return {}
    named = Counter(dict(zip(grid.categories, summary.counts.tolist(), strict=True))) + Counter(summary.unseen)
    return dict(sorted(named.items()))


def change_findings(
    rules: tuple[CheckRule, ...], versions: dict[str, int], gathering: Gathering | None
) -> Iterator[Finding]:
    """Tell that a window mixes several versions of the model, and that a new baseline is to come."""
    check = check_of("model_versions", None, rules)
    if check is not None and len(versions) > 1:
        finding = finding_of(check, Measured(float(len(versions)), sum(versions.values())))
        yield replace(finding, message=f"{finding.message}: {_listed(versions)}")
    if gathering is not None:
        needed = float(gathering.windows) if gathering.windows else None
        told = _in_words(gathering)
        yield Finding(CHANGE, "new_baseline", None, None, float(gathering.healthy), needed, "ok", told)


def _listed(versions: dict[str, int]) -> str:
    most = sorted(versions.items(), key=lambda pair: (-pair[1], pair[0]))
    told = [f"{shortened(name)} with {plural(rows, 'row')}" for name, rows in most[:_MOST_NAMED]]
    others = f" and {len(most) - _MOST_NAMED} more" if len(most) > _MOST_NAMED else ""
    return f"{', '.join(told)}{others}"


def _in_words(gathering: Gathering) -> str:
    begun = f"{gathering.because} at {gathering.since}; this window is still judged by the old baseline"
    if gathering.data:
        return f"{begun}, as the new one is not made yet of {gathering.data}"
    return f"{begun}: for the new one there were {gathering.healthy} of {gathering.windows} healthy windows before it"
