"""What a monitor's checks ask of other tools. The tools themselves are imported when one is asked (cold start)."""

from __future__ import annotations

from msgspec.structs import replace

from atalaia.monitor_checks import BY_CONVENTION, CHOICE, DRIFT_METRICS
from atalaia.monitor_file import CheckRule, Convention, Limits
from atalaia.schema import Column, Kind

_OF_NUMBERS = ("kolmogorov_smirnov", "wasserstein", "wasserstein_normalised")
_OF_CATEGORIES = ("chi_square", "l_infinity")


def metrics_of(convention: str, kind: Kind) -> tuple[str, ...]:
    """Return the metrics that a tool has for columns of a kind, by our names; none for free text."""
    barred = {Kind.NUMERIC: _OF_CATEGORIES, Kind.CATEGORICAL: _OF_NUMBERS}.get(kind)
    return () if barred is None else tuple(name for name in BY_CONVENTION[convention] if name not in barred)


def under_convention(rules: tuple[CheckRule, ...], convention: Convention) -> tuple[CheckRule, ...]:
    """Return a monitor's rules, its convention put into those for drift that name none, its choice in front."""
    if convention is Convention.ATALAIA:
        return rules
    named = [replace(r, convention=convention) if _is_drift(r) and r.convention is None else r for r in rules]
    return (CheckRule(CHOICE, convention=convention), *named)


def _is_drift(rule: CheckRule) -> bool:
    return rule.metric == CHOICE or rule.metric in DRIFT_METRICS


def asked(rules: tuple[CheckRule, ...], column: Column) -> list[CheckRule]:
    """Return the rules by which other tools judge a column's drift: of each tool those that are named, or its choice.

    The last rule for a tool's metric holds, and none is returned that is switched off.
    """
    chosen: dict[tuple[str, str], CheckRule] = {}
    for rule in rules:
        if rule.convention in BY_CONVENTION and (not rule.columns or column.name in rule.columns):
            known = (CHOICE, *metrics_of(str(rule.convention), column.effective_kind))
            chosen |= {(str(rule.convention), rule.metric): rule} if rule.metric in known else {}
    held = {key: rule for key, rule in chosen.items() if rule.enabled}
    naming = {convention for convention, metric in held if metric != CHOICE}
    return [rule for (convention, metric), rule in held.items() if metric != CHOICE or convention not in naming]


def limits_of(rule: CheckRule) -> tuple[float | None, float | None]:
    """Return the limits of an alert and of a warning that a rule gives; None for the tool's own, or for no warning."""
    match rule.threshold:
        case Limits(warning=warning, alert=alert):
            return alert, warning
        case int() | float() as limit:
            return float(limit), None
        case _:
            return None, None
