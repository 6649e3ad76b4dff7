"""What a finding of drift rests on, in words: what moved, where its limit comes from, how sure, and what would show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from atalaia.report import ColumnReport, Evidence, Finding, Mover, Report
from atalaia.wording import number, percent, plural

LEAST = 1e-12
"""Smaller probabilities are below what the null distributions are good for."""

_NOTABLE = 0.1  # of the baseline's standard deviation: by less, the mean has hardly moved
_OF_NUMBERS, _OF_SHARES = "cramer_von_mises", "cohen_w"


class Rates(Struct, frozen=True):
    """How often drift may be told of that is none, and how often it was told of.

    Attributes:
        rate: The share of windows without drift that may warn, 0..1; of years without drift that may have an alert.
        told: So many windows warned or alerted, drift or not.
        windows: Of so many.
    """

    rate: float
    told: int
    windows: int


def p_value(value: float) -> str:
    """Write a p-value with its sign.

    Example:
        >>> p_value(0.00823), p_value(2.851e-5), p_value(0.0)
        ('= 0.0082', '= 2.9e-5', '< 1e-12')
    """
    return f"= {number(float(f'{value:.1e}'))}" if value >= LEAST else f"< {number(LEAST)}"


def sizes(evidence: Evidence) -> str:
    """Say how many rows stand against how many."""
    return f"{plural(evidence.rows, 'row')} against {evidence.baseline_rows:,}"


def sureness(evidence: Evidence, sign: str = "p ") -> str:
    """Give the p-value and for how many tests it is corrected; "" where chance has no part in it."""
    if evidence.p_value is None:
        return ""
    several = f", corrected for {evidence.tested:,} tests" if (evidence.tested or 1) > 1 else ""
    return sign + p_value(evidence.p_value) + several


def limit_source(finding: Finding) -> str:
    """Say where a finding's limit comes from; "" for a finding without evidence."""
    evidence = finding.evidence
    if evidence is None:
        return ""
    if finding.threshold is None:
        return f"none, for {sizes(evidence)}"
    if evidence.basis == "given":
        return f"fixed, for any number of rows; here {sizes(evidence)}"
    if evidence.basis == "time":
        return f"chance, over {plural(evidence.windows, 'window')}: {sizes(evidence)}"
    if evidence.past is not None:
        kind = "window" if evidence.past.timed else "equal part"
        return f"history, {plural(evidence.past.windows, kind)} of the baseline; here {sizes(evidence)}"
    what = "floor: less is of no interest; " if _source(finding) == "floor" else "chance, for "
    return what + sizes(evidence)


def sight(metric: str, evidence: Evidence) -> str:
    """Say what drift four windows out of five of this size tell of; "" where that is not known.

    Example:
        >>> sight("cramer_von_mises", Evidence(10_000, 300, "chance", detectable=0.06, shift=0.1812))
        'a shift of 0.18 standard deviations'
        >>> sight("cohen_w", Evidence(10_000, 300, "chance", detectable=0.06, shift=0.0213))
        'a share that moves by 2.1 points'
    """
    if evidence.shift is not None and metric == _OF_NUMBERS:
        return f"a shift of {_rough(evidence.shift)} standard deviations"
    if evidence.shift is not None and metric == _OF_SHARES:
        return f"a share that moves by {_rough(100 * evidence.shift)} points"
    return f"a true value of {number(evidence.detectable)}" if evidence.detectable is not None else ""


def _rough(value: float) -> str:
    return number(float(f"{value:.1e}"))


def sight_of_all(found: Iterable[tuple[str, Evidence]]) -> str:
    """Say what drift of any column four comparisons out of five of this size tell of, by metric; "" if not known."""
    hardest: dict[str, Evidence] = {}
    for metric, evidence in found:
        known = hardest.get(metric)
        if evidence.shift is not None and (known is None or evidence.shift > (known.shift or 0.0)):
            hardest[metric] = evidence
    return ", and ".join(sight(metric, evidence) for metric, evidence in hardest.items())


def what_moved(before: Sequence[float | None], now: Sequence[float | None]) -> tuple[str, float, float] | None:
    """Tell of numbers, from their mean and standard deviation on both sides, which of the two moved, from and to.

    It is the mean, unless that has hardly moved and the standard deviation has.
    """
    (mean, std), (mean_now, std_now) = before, now
    if mean is None or mean_now is None:
        return None
    if std is None or std_now is None or abs(mean_now - mean) >= _NOTABLE * std or abs(std_now - std) < _NOTABLE * std:
        return "mean", mean, mean_now
    return "standard deviation", std, std_now


def in_short(finding: Finding, column: ColumnReport | None) -> str:
    """Explain a finding of one window in a line, from what its *column* was and is; "" where its message says more."""
    evidence = finding.evidence
    if evidence is None or evidence.basis == "time" or finding.status not in ("alert", "warning"):
        return ""
    several = f" in {evidence.tested:,} tests" if (evidence.tested or 1) > 1 else ""
    sure = f"p {p_value(evidence.p_value)}{several}" if evidence.p_value is not None else ""
    seen = sight(finding.metric, evidence).replace("standard deviations", "sd")
    source = "fixed limit" if evidence.basis == "given" else f"limit by {_source(finding)}"
    parts = [_went(evidence, column), sure, f"{source}, {sizes(evidence)}", seen and f"could see {seen}"]
    return "; ".join(filter(None, parts))


def _source(finding: Finding) -> str:
    evidence = finding.evidence
    if evidence is not None and evidence.past is not None:
        return "history"
    return "floor" if evidence is not None and finding.threshold == evidence.floor else "chance"


def _went(evidence: Evidence, column: ColumnReport | None) -> str:
    sides = (column.baseline, column.current) if column is not None else ()
    moved = what_moved(*((side.mean, side.std) for side in sides)) if sides else None
    if moved is None:
        return bar(evidence.moved[0]) if evidence.moved else ""
    what, before, now = moved
    of_lengths = " of lengths" if column is not None and column.kind == "text" else ""
    return f"{what}{of_lengths} {number(before)} → {number(now)}"


def bar(mover: Mover) -> str:
    """Say how the share of a bin or category moved.

    Example:
        >>> bar(Mover("west", 0.1032, 0.2433))
        'west 10.32% → 24.33%'
    """
    return f"{mover.label} {percent(mover.baseline)} → {percent(mover.current)}"


def rates_of(reports: Sequence[Report]) -> Rates | None:
    """Return the rates promised and realised up to the last of the *reports*; None where chance sets no limit."""
    trail = reports[-1].trail
    if trail is None or not any(_is_by_chance(report) for report in reports):
        return None
    return Rates(trail.rate, trail.told, trail.windows)


def _is_by_chance(report: Report) -> bool:
    return any(finding.evidence is not None and finding.evidence.basis == "chance" for finding in report.findings)


def rates_told(rates: Rates) -> str:
    """Say what was promised and what came of it.

    Example:
        >>> rates_told(Rates(0.05, 2, 31))
        '5% of windows without drift may warn of drift; 2 of 31 windows did.'
    """
    windows = plural(rates.windows, "window")
    return f"{percent(rates.rate)} of windows without drift may warn of drift; {rates.told:,} of {windows} did."
