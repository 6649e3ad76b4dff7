"""Drift of all columns and segments of a window: measured, judged together, and told with what it rests on."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from atalaia.checks import GIVEN_ROWS, OVER_TIME, ROWS_PER_CATEGORY, Check, check_of, drift_checks
from atalaia.conventions.asking import asked
from atalaia.findings import Pair, finding_of
from atalaia.judging import Judged, Promise, Suspect, judge_together
from atalaia.judging_history import by_history
from atalaia.monitor_file import CheckRule, Limits
from atalaia.pictures import bars_of
from atalaia.profile import CategoricalSummary, NumericGrid, NumericSummary
from atalaia.report import Bars, Evidence, Finding, Mover, Trail
from atalaia.signals.drift import Measures, measure_all, of_lengths
from atalaia.signals.over_time import Moved, Sums, carried_on, fits, followed, furthest, gathered, nothing
from atalaia.signals.quality import Measured, values_of
from atalaia.signals.tails import first_above
from atalaia.wording import number, percent

_MOST_MOVED = 3
_FURTHEST = 10.0  # standard deviations that a shift is looked for in
_SHIFTS = 1 << 24  # as so many steps
_GAP_OF_NORMAL = 0.3  # about so far a normal column is for each that it moved by


class Drift(Struct, frozen=True):
    """What was measured of one column or segment, its findings, its picture, and whether we judge it or other tools."""

    measures: Measures
    findings: tuple[Finding, ...]
    bars: Bars
    ours: bool


def drift_of(rules: tuple[CheckRule, ...], pairs: Sequence[Pair], promise: Promise) -> list[Drift]:
    """Measure all *pairs* and judge what their checks name; where chance sets the limits, for all of them together."""
    measured = measure_all([(pair.grid, pair.baseline, pair.current) for pair in pairs])
    theirs = [_by_others(rules, pair) for pair in pairs]
    wanted = [
        (place, check, Measured(measured[place].metrics.get(check.metric), _rows(pair)))
        for place, pair in enumerate(pairs)
        for check in drift_checks(pair.column, rules, default=not theirs[place])
    ]
    by_chance = [each for each in wanted if _is_chances(pairs[each[0]], *each[1:])]
    judged = judge_together([_suspect(pairs[place], check, found) for place, check, found in by_chance], promise)
    limits = {(place, check.metric): limit for (place, check, _), limit in zip(by_chance, judged, strict=True)}
    drawn = [bars_of(pair.grid, pair.baseline, pair.current) for pair in pairs]
    findings: list[list[Finding]] = [list(told) for told in theirs]
    for place, check, found in wanted:
        told = _finding(check, found, pairs[place], limits.get((place, check.metric)), drawn[place])
        findings[place].append(told)
    ours = [not told for told in theirs]
    return [Drift(*each) for each in zip(measured, map(tuple, findings), drawn, ours, strict=True)]


def _by_others(rules: tuple[CheckRule, ...], pair: Pair) -> list[Finding]:
    if not asked(rules, pair.column):
        return []
    from atalaia.other_tools import tell_all  # noqa: PLC0415  # other tools are imported where one is asked

    return tell_all(rules, pair)


def _rows(pair: Pair) -> int:
    return min(values_of(pair.baseline), values_of(pair.current))


def _is_chances(pair: Pair, check: Check, found: Measured) -> bool:
    judged = check.floor is not None and found.value is not None and found.rows >= check.min_rows
    return judged and not (found.value and _has_no_scale(check.metric, pair))


def _has_no_scale(metric: str, pair: Pair) -> bool:
    """Tell whether neither chance nor a floor says what is far, as the baseline has one value alone."""
    match metric, *of_lengths((pair.grid, pair.baseline, pair.current)):
        case "wasserstein", NumericGrid() as grid, NumericSummary() as baseline, _:
            return not baseline.std(grid)
        case _:
            return False


_NO_SCALE = ", as the baseline's values do not vary: take another metric, or give a threshold"


def _suspect(pair: Pair, check: Check, found: Measured) -> Suspect:
    return Suspect(check, found.value, (pair.grid, pair.baseline, pair.current))


def _finding(check: Check, found: Measured, pair: Pair, judged: Judged | None, bars: Bars) -> Finding:
    rows = values_of(pair.baseline), values_of(pair.current)
    if check.floor is not None and judged is None:
        finding = finding_of(check, found, pair, evidence=Evidence(*rows, "chance"))
        if finding.status == "undecided":  # too few rows, or no value
            return finding
        return replace(finding, status="undecided", message=f"{finding.message}{_NO_SCALE}")
    sizes = Evidence(*rows, "given", check.limits.alert, moved=_movers(bars))
    if check.limits.history is not None:
        return by_history(check, found, sizes, pair)
    if judged is None:
        by_default = check.min_rows == GIVEN_ROWS and not check.own_rows
        needed = ROWS_PER_CATEGORY * _categories(pair) if by_default else 0
        return finding_of(check, found, pair, needed=needed, evidence=sizes)
    evidence = replace(
        sizes,
        basis="chance",
        alert=judged.limits.alert,
        floor=judged.floor,
        p_value=judged.p_value,
        tested=judged.tested,
        detectable=judged.detectable,
        shift=_shift(check.metric, pair, judged.detectable),
    )
    return finding_of(replace(check, limits=judged.limits), found, pair, evidence=evidence)


def _categories(pair: Pair) -> int:
    return int((pair.baseline.counts > 0).sum()) if isinstance(pair.baseline, CategoricalSummary) else 0


def _movers(bars: Bars) -> tuple[Mover, ...]:
    """Return the bars whose share changed most."""
    changes = [abs(now - before) for before, now in zip(bars.baseline, bars.current, strict=False)]
    order = sorted(range(len(changes)), key=lambda place: -changes[place])[:_MOST_MOVED]
    return tuple(
        Mover(bars.labels[place], bars.baseline[place], bars.current[place]) for place in order if changes[place]
    )


def _shift(metric: str, pair: Pair, detectable: float | None) -> float | None:
    """Say what a value of a default metric means in a column: a shift of numbers, or of a category's share."""
    grid, baseline, _ = of_lengths((pair.grid, pair.baseline, pair.current))
    match metric, grid, baseline:
        case "cramer_von_mises", NumericGrid() as numbers, NumericSummary() as summary if detectable is not None:
            return _shift_of_gap(numbers, summary, detectable)
        case "cohen_w", _, CategoricalSummary() as summary if detectable is not None:
            return _share_of_effect(summary, detectable)
        case _:
            return None


def _shift_of_gap(grid: NumericGrid, baseline: NumericSummary, gap: float) -> float | None:
    """Return by how many of its standard deviations a column must move to be this far from where it was."""
    unit = baseline.std(grid)
    if not unit:
        return None
    reached = baseline.reached[1::2] / baseline.finite
    weights = np.diff(np.concatenate(([0.0], reached)))

    def excess(steps: int) -> float:
        moved = np.interp(grid.edges - _FURTHEST * steps / _SHIFTS * unit, grid.edges, reached, left=0.0)
        return float(weights @ (moved - reached) ** 2) - gap * gap

    steps = first_above(excess, _SHIFTS, int(gap / _GAP_OF_NORMAL / _FURTHEST * _SHIFTS))
    return _FURTHEST * steps / _SHIFTS if steps < _SHIFTS else None


def _share_of_effect(baseline: CategoricalSummary, effect: float) -> float | None:
    """Return how much share must go from the commonest category to the next for such a Cohen's w, if it is small."""
    shares = np.sort(baseline.counts)[::-1][:2] / baseline.valid
    if len(shares) < 2 or not shares[1]:
        return None
    return min(effect / math.sqrt(float((1 / shares).sum())), float(shares[0]))


class OverTime(Struct, frozen=True):
    """What is carried on to the next window, and what has drifted over time."""

    trail: Trail | None
    findings: tuple[Finding, ...]


def over_time_of(
    rules: tuple[CheckRule, ...],
    pairs: Sequence[Pair],
    drift: Sequence[Drift],
    before: Trail | None,
    promise: Promise,
) -> OverTime:
    """Add a window to the *before* of its monitor, and judge what all windows together say.

    A window that alerts by itself has been told of: its values of that column are not added.

    Args:
        rules: The monitor's checks.
        pairs: All columns, and segments.
        drift: What was found of each in this window by itself.
        before: What the window before carried on, with the key of its report as `after`; None for the first.
        promise: For this window.
    """
    window = before.windows + 1 if before is not None else 1
    columns: dict[str, tuple[Sums, ...]] = {}
    findings = []
    whole = [(pair, each) for pair, each in zip(pairs, drift, strict=True) if pair.segment is None]
    checks = {pair.column.name: check_of(OVER_TIME, pair.column.name, rules) for pair, _ in whole}
    rate = promise.over_time / max(sum(check is not None for check in checks.values()), 1)
    for pair, found in whole:
        name, check = pair.column.name, checks[pair.column.name]
        statistics = followed(pair.grid, pair.baseline)
        if statistics is None or check is None or not found.ours:
            continue
        held = _held(before, name)
        goes_on = fits(held, window - 1, statistics)
        alone = _told(found, "alert")
        now = nothing(statistics) if alone else gathered(pair.baseline, pair.current, statistics)
        columns[name] = carried_on(held if goes_on else (), window, now)
        if not goes_on:
            findings.append(_anew(check, pair))
            continue
        moved = None if alone else furthest(statistics, columns[name], window, rate, check.floor or 0.0)
        if moved is not None and abs(moved.value) > moved.limit:
            findings.append(_over_time(check, pair, moved))
    carried = {name: tuple((float(each.rows), *each.sums) for each in sums) for name, sums in columns.items()}
    after, told = (before.after, before.told) if before is not None else (None, 0)
    told += any(_told(each, "alert", "warning") for each in drift)
    return OverTime(Trail(after, window, told, promise.rate, carried), tuple(findings))


def _held(before: Trail | None, column: str) -> tuple[Sums, ...]:
    stored = before.columns.get(column, ()) if before is not None else ()
    return tuple(Sums(int(rows), tuple(sums)) for rows, *sums in stored)


def _anew(check: Check, pair: Pair) -> Finding:
    """Say that what was carried on is of no use: of other statistics, or of other spans of windows."""
    finding = finding_of(check, Measured(None, 0), pair)
    why = "what the report before carries on was added up in another way, by another release"
    return replace(
        finding, message=f"{pair.column.name}: drift over time is looked for anew from this window on: {why}"
    )


def _told(drift: Drift, *statuses: str) -> bool:
    return any(
        finding.status in statuses and finding.evidence is not None and finding.evidence.basis == "chance"
        for finding in drift.findings
    )


def _over_time(check: Check, pair: Pair, moved: Moved) -> Finding:
    evidence = Evidence(values_of(pair.baseline), moved.rows, "time", moved.limit, check.floor, windows=moved.windows)
    judged = replace(check, limits=Limits(alert=moved.limit))
    finding = finding_of(judged, Measured(abs(moved.value), moved.rows), pair, evidence=evidence)
    return replace(finding, message=f"{finding.message}; {_in_words(moved, pair)}")


def _in_words(moved: Moved, pair: Pair) -> str:
    if isinstance(pair.baseline, CategoricalSummary):
        more = "higher" if moved.value > 0 else "lower"
        return f"the share of {moved.statistic!r} is {number(abs(moved.value) * 100)} points {more}"
    if moved.statistic == "rank":
        return f"its values rank at {percent(0.5 + moved.value)} of the baseline's on average, instead of 50%"
    where = "further from" if moved.value > 0 else "nearer to"
    return f"its values lie {where} the middle than the baseline's on average"
