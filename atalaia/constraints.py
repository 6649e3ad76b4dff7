"""SageMaker Model Monitor's six constraint checks on our profiles, and what they found in the form of its files.

The checks judge what the container judges, by its rules: any amount of rows will do, and no limit is relative. Columns
are compared by name, all that the window carries with all that have constraints. Where a profile can't tell what the
container looks at, the finding is undecided and says why; the two places where it is more lenient are known:

- A number written without a point counts as Fractional, too: profiles keep values, not how they were written.
- Booleans count as Strings and as Integrals, whether they were written as true or as 1.
- Texts that look like numbers are no Strings, as in the container, but those that a profile does not name are.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pyarrow as pa
from msgspec import Struct

from atalaia.baseline import Baseline
from atalaia.checks import QUALITY
from atalaia.constraints_file import Constraints, Feature
from atalaia.conventions import Judged
from atalaia.conventions.sagemaker import judge, judged_distance, named_counts, numeric_distance
from atalaia.findings import Pair, pair_of
from atalaia.monitor_checks import CONSTRAINT_CHECKS
from atalaia.profile import CategoricalGrid, CategoricalSummary, Profile, Summary
from atalaia.profile.values import Floats, Ints, read_categories
from atalaia.report import Finding
from atalaia.schema import Column, Side, Type, profiled
from atalaia.wording import listed

_INTEGRAL, _FRACTIONAL = re.compile(r"[-+]?\s?\d+"), re.compile(r"[-+]?\s?\d*\.\d*")
_GOOD, _BAD = "good", "bad"
_MEANT = {"Integral": "integer", "Fractional": "number", "String": "string"}
_OF_TYPE = {
    (Type.INTEGER, "Integral"): _GOOD,
    (Type.INTEGER, "Fractional"): _GOOD,
    (Type.INTEGER, "String"): _BAD,
    (Type.NUMBER, "Fractional"): _GOOD,
    (Type.NUMBER, "String"): _BAD,
    (Type.BOOLEAN, "Integral"): _GOOD,
    (Type.BOOLEAN, "String"): _GOOD,
}
"""Which of a column's values count as of the inferred type: those of its own type, or the others."""

_CLEAN_ONLY = {(Type.INTEGER, "Fractional"), (Type.INTEGER, "String")}  # of its errors it is not known what they are


class _Share(Struct, frozen=True):
    """How many of the values fit; None where it can't be told, for the reason in `note`."""

    fitting: int | None
    values: int
    note: str = ""


def constraint_findings(baseline: Baseline, current: Profile) -> Iterator[Finding]:
    """Judge a window by the baseline's constraints, if it has any: a finding for each check that the file asks for."""
    constraints = baseline.constraints
    if constraints is None or not constraints.settings.evaluate or not current.rows:
        return
    yield from _columns_there(constraints, baseline.grids.columns, current)
    columns = {column.name: column for column in profiled(baseline.grids.columns)}
    for feature in constraints.features:
        column = columns.get(feature.name)
        if column is not None and feature.settings.evaluate and current.captured.get(column.side.value, 0):
            yield from _of_feature(feature, pair_of(baseline, current, column))


def _columns_there(constraints: Constraints, columns: tuple[Column, ...], current: Profile) -> Iterator[Finding]:
    """Compare the columns of the window's inputs and outputs with those that have constraints."""
    sides = {column.name: column.side for column in columns}
    captured = {side for side in Side if current.captured.get(side.value, 0)}
    known = {feature.name for feature in constraints.features}
    wanted = {name for name in known if sides.get(name, Side.INPUT) in captured}
    held = {name for name, rows in (*current.present.items(), *current.extra.items()) if rows}
    held = {name for name in held if sides.get(name) is not Side.LABEL or name in known}
    counted = f"Number of columns in current dataset: {len(held)}, "
    counted += f"Number of columns in baseline constraints: {len(known)}"
    for kind, names in (("missing", wanted - held), ("extra", held - known)):
        told = f"no column is {kind}"
        if names:
            told = f"There are {kind} columns in current dataset. {counted}: {listed(sorted(names))}"
        yield _finding(f"{kind}_column_check", None, float(len(names)), 0.0, bool(names), told)


def _finding(
    check: str, column: str | None, value: float | None, threshold: float | None, violated: bool | None, told: str
) -> Finding:
    status = "undecided" if violated is None else "alert" if violated else "ok"
    return Finding(QUALITY, check, column, None, value, threshold, status, f"{column}: {told}" if column else told)


def _of_feature(feature: Feature, pair: Pair) -> Iterator[Finding]:
    now, settings = pair.current, feature.settings
    if feature.inferred_type != "Unknown":
        found, expected = _of_type(pair, feature.inferred_type), f"Expected data type: {feature.inferred_type}, "
        told = f"Data type match requirement is not met. {expected}", f"of data is {feature.inferred_type}."
        yield _share_finding("data_type_check", pair, found, settings.type_match, told)
    if feature.completeness is not None:
        present = _Share(now.rows - now.missing, now.rows)
        told = "Data completeness requirement is not met. ", "of the values are there."
        yield _share_finding("completeness_check", pair, present, feature.completeness, told)
    if feature.domains is not None:
        told = "Categorical values requirement is not met. ", "of the values are in the domain."
        inside = _in_domain(pair, feature.domains)
        yield _share_finding("categorical_values_check", pair, inside, settings.domain_match, told)
    if settings.compare and feature.inferred_type != "Unknown":
        yield _drift_finding(pair, _judged(feature, pair))


def _share_finding(check: str, pair: Pair, found: _Share, least: float, told: tuple[str, str]) -> Finding:
    name = pair.column.name
    if found.fitting is None or not found.values:
        return _finding(check, name, None, least, None, f"not judged: {found.note or 'there are no values'}")
    share = found.fitting / found.values
    note = f" ({found.note})" if found.note else ""
    if share < least:
        words = f"{told[0]}Expected match: {least:.1%}. Observed: Only {share * 100!r}% {told[1]}{note}"
        return _finding(check, name, share, least, True, words)
    return _finding(check, name, share, least, False, f"{share:.4%} {told[1][:-1]}, as at least {least:.4%} must{note}")


def _of_type(pair: Pair, inferred: str) -> _Share:
    column, now = pair.column, pair.current
    values = now.rows - now.missing
    if column.type is Type.STRING:
        return _texts_of_type(pair.grid, now, inferred, values)
    which, wrong = _OF_TYPE.get((column.type, inferred)), now.type_errors
    if which is None or (wrong and (column.type, inferred) in _CLEAN_ONLY):
        told = f"the profile of a column of the type {column.type} does not tell; give it the type {_MEANT[inferred]}"
        return _Share(None, values, told)
    return _Share(values - wrong if which == _GOOD else wrong, values)


def _texts_of_type(grid: object, now: Summary, inferred: str, values: int) -> _Share:
    if not isinstance(now, CategoricalSummary) or not isinstance(grid, CategoricalGrid):
        return _Share(values if inferred == "String" else 0, values)  # free text is no number
    counts = _by_name(grid, now)
    found = sum(count for text, count in counts.items() if _type_of(text) == inferred)
    nameless = now.valid - sum(counts.values())
    note = f"{nameless:,} values were not kept by name; they count as String" if nameless else ""
    return _Share(found + (nameless if inferred == "String" else 0), values, note)


def _type_of(text: str) -> str:
    """Return a text's type by the patterns that Deequ tells them by."""
    if _INTEGRAL.fullmatch(text):
        return "Integral"
    return "Fractional" if _FRACTIONAL.fullmatch(text) else "String"


def _by_name(grid: CategoricalGrid, now: CategoricalSummary) -> dict[str, int]:
    return {**dict(zip(grid.categories, now.counts.tolist(), strict=True)), **now.unseen}


def _in_domain(pair: Pair, domains: tuple[str, ...]) -> _Share:
    now, grid = pair.current, pair.grid
    if not isinstance(now, CategoricalSummary) or not isinstance(grid, CategoricalGrid):
        kind = pair.column.effective_kind.value
        return _Share(None, 0, f"a column compared as {kind} keeps no values by name; give it `kind: categorical`")
    allowed = set(read_categories(pair.column, pa.array(domains, pa.string())).texts)
    counts = _by_name(grid, now)
    nameless = now.valid - sum(counts.values())
    note = f"{nameless:,} values were not kept by name; they count as outside" if nameless else ""
    return _Share(sum(count for text, count in counts.items() if text in allowed), now.rows - now.missing, note)


def _judged(feature: Feature, pair: Pair) -> Judged:
    rule = feature.settings.rule
    match pair.grid, pair.baseline, pair.current:
        case CategoricalGrid() as grid, CategoricalSummary() as before, CategoricalSummary() as now if (
            feature.inferred_type != "String" and before.valid and now.valid
        ):  # numbers that we count as categories; there they are compared as amounts
            *sides, notes = named_counts(grid, before, now)
            known, held = (_as_numbers(side) for side in sides)
            if known is not None and held is not None:
                sizes = int(known[1].sum()), int(held[1].sum())
                return judged_distance(numeric_distance(known, held), notes, sizes, rule)
    return judge(pair.column, pair.grid, pair.baseline, pair.current, rule)


def _as_numbers(counts: Mapping[str, int]) -> tuple[Floats, Ints] | None:
    try:
        pairs = sorted((float(text), count) for text, count in counts.items())
    except ValueError:
        return None
    if not pairs or not all(math.isfinite(value) for value, _ in pairs):
        return None
    return np.array([value for value, _ in pairs]), np.array([count for _, count in pairs], np.int64)


def _drift_finding(pair: Pair, judged: Judged) -> Finding:
    notes = "; ".join(judged.notes)
    if judged.value is None or judged.drifted is None:
        told = f"not judged: {notes}"
    else:
        what = "p-value" if judged.below else "distance"
        side = ("is below" if judged.below else "exceeds") if judged.drifted else "is on the right side of the"
        told = f"Baseline drift {what}: {judged.value!r} {side} threshold: {judged.threshold!r}"
        told += f" ({notes})" if notes else ""
    name = pair.column.name
    return _finding("baseline_drift_check", name, judged.value, judged.threshold, judged.drifted, told)


_WHOLE = {"missing_column_check": "Missing columns", "extra_column_check": "Extra columns"}


def violations_text(findings: Iterable[Finding]) -> bytes:
    """Return a `constraint_violations.json`: the alerts of the constraint checks among the *findings*, in order."""
    violations = [
        {
            "feature_name": finding.column or _WHOLE[finding.metric],
            "constraint_check_type": finding.metric,
            "description": finding.message.removeprefix(f"{finding.column}: ") if finding.column else finding.message,
        }
        for finding in findings
        if finding.metric in CONSTRAINT_CHECKS and finding.status == "alert"
    ]
    return json.dumps({"violations": violations}, indent=2).encode() + b"\n"
