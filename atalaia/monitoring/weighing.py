"""Weighing: whether a window fulfils a condition, and the values in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from operator import ge, gt, le, lt

from msgspec import Struct

from atalaia.conditions import (
    Comparison,
    Condition,
    HasStatus,
    Joined,
    Not,
    Place,
    in_parentheses,
    spell_condition,
    spell_number,
    spell_place,
)
from atalaia.report import Finding, Report
from atalaia.telemetry import drifted_share

_SIGNS: dict[str, Callable[[float, float], bool]] = {">": gt, ">=": ge, "<": lt, "<=": le}


class Weighed(Struct, frozen=True):
    """Whether a condition holds, None if that is undecided, and what was found, in words."""

    holds: bool | None
    told: str


class Facts(Struct, frozen=True):
    """What a condition is held against.

    Attributes:
        report: The window's.
        silent: Tells for how many minutes before the window's end there have been no rows; None if nobody knows.
    """

    report: Report
    silent: Callable[[], float | None]


def weigh(condition: Condition, facts: Facts) -> Weighed:
    """Hold a *condition* against a window; what is undecided leaves undecided all that depends on it.

    `undecided and false` is false and `undecided or true` is true, as neither depends on it.
    """
    match condition:
        case Joined(word=word, parts=parts):
            return _joined(word, parts, facts)
        case Not(inner=inner):
            found = weigh(inner, facts)
            holds = None if found.holds is None else not found.holds
            return Weighed(holds, f"not ({found.told})")
        case HasStatus(status=status, place=place):
            return _status(status, place, facts.report)
        case _:
            return _compared(condition, facts)


def _joined(word: str, parts: Sequence[Condition], facts: Facts) -> Weighed:
    found = [weigh(part, facts) for part in parts]
    settles, results = word == "or", [each.holds for each in found]
    holds = settles if settles in results else None if None in results else not settles
    told = (in_parentheses(part, each.told) for part, each in zip(parts, found, strict=True))
    return Weighed(holds, f" {word} ".join(told))


def _status(status: str, place: Place, report: Report) -> Weighed:
    found = _decided(place, report)
    if not found:
        return Weighed(None, f"{spell_condition(HasStatus(status, place))} is undecided")
    bad = [finding for finding in found if finding.status == status]
    article = "an" if status == "alert" else "a"
    told = f"has {article} {status}{_where(place, bad[0].column)}" if bad else f"has no {status}"
    return Weighed(bool(bad), f"{spell_place(place)} {told}")


def _compared(condition: Comparison, facts: Facts) -> Weighed:
    sign, limit = condition.sign, condition.limit
    found = _value(condition, facts)
    if found is None:
        return Weighed(None, f"{spell_condition(condition)} is undecided")
    name, value = found
    holds = _SIGNS[sign](value, limit)
    told = f"{name} {_shown(value, limit)}{'' if holds else ', not'} {sign} {spell_number(limit)}"
    return Weighed(holds, told)


def _value(condition: Comparison, facts: Facts) -> tuple[str, float] | None:
    """Return what is compared and its value: of several findings the one that goes furthest; None if undecided."""
    if isinstance(condition.value, str):
        value = _of_window(condition.value, facts)
        return None if value is None else (condition.value, value)
    place = condition.value
    values = list(_judged(place, facts.report)) or list(_measured(place, facts.report))
    if not values:
        return None
    furthest = max if condition.sign in (">", ">=") else min
    value, column = furthest(values, key=lambda pair: pair[0])
    return spell_place(place) + _where(place, column), value


def _of_window(name: str, facts: Facts) -> float | None:
    match name:
        case "drifted":
            return drifted_share(facts.report)
        case "silent":
            return facts.silent()
        case "rows":
            return facts.report.rows
        case _:
            return sum(finding.status == name.removesuffix("s") for finding in facts.report.findings)


def _judged(place: Place, report: Report) -> Iterator[tuple[float, str | None]]:
    """Yield the values of decided findings, each with its column."""
    for finding in _decided(place, report):
        if finding.value is not None:
            yield finding.value, finding.column


def _measured(place: Place, report: Report) -> Iterator[tuple[float, str | None]]:
    """Yield the values of a metric that no check judges, from columns with rows enough for those that do."""
    if any(_is_meant(place, finding) for finding in report.findings):
        return
    for column in report.columns:
        value = column.metrics.get(place.metric)
        fits = place.column in (None, column.column) and place.segment == column.segment
        if fits and value is not None and column.status != "undecided":
            yield value, column.column


def _decided(place: Place, report: Report) -> list[Finding]:
    return [finding for finding in report.findings if _is_meant(place, finding) and finding.status != "undecided"]


def _is_meant(place: Place, finding: Finding) -> bool:
    named = finding.metric.partition("[")[0] == place.metric and place.column in (None, finding.column)
    return named and place.segment == finding.segment


def _where(place: Place, column: str | None) -> str:
    return f" ({column})" if place.column is None and column is not None else ""


def _shown(value: float, limit: float) -> str:
    """Write a value with as few digits as show on which side of the limit it is."""
    if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    texts = (f"{value:.{digits}g}" for digits in (3, 6))
    return next((text for text in texts if _side(float(text), limit) == _side(value, limit)), repr(value))


def _side(value: float, limit: float) -> int:
    return (value > limit) - (value < limit)
