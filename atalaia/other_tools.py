"""Findings by the conventions of other tools: what each of them would say of a column, in words."""

from __future__ import annotations

from atalaia.checks import signal_of
from atalaia.conventions import Judged
from atalaia.conventions.asking import asked, limits_of
from atalaia.conventions.sides import Asked
from atalaia.conventions.tools import TOOLS
from atalaia.findings import Pair
from atalaia.monitor_checks import CHOICE
from atalaia.monitor_file import CheckRule
from atalaia.profile import Summary
from atalaia.report import Finding
from atalaia.signals.quality import values_of
from atalaia.wording import number

_ANY_DRIFT = "psi"  # whose signal is that of any metric of drift


def tell_all(rules: tuple[CheckRule, ...], pair: Pair, chunks: tuple[Summary, ...] = ()) -> list[Finding]:
    """Return a finding for each rule by which another tool judges the column.

    Args:
        rules: The monitor's checks, its convention put into them.
        pair: Both sides of the column.
        chunks: The column in consecutive parts of the reference data, where these are at hand.
    """
    return [_tell(rule, pair, chunks) for rule in asked(rules, pair.column)]


def _tell(rule: CheckRule, pair: Pair, chunks: tuple[Summary, ...]) -> Finding:
    judged, status = _verdict(rule, pair, chunks)
    few = _too_few(rule, pair)
    notes = (*judged.notes, *few)
    return Finding(
        signal=signal_of(_ANY_DRIFT, pair.column),
        metric=f"{judged.metric}[{rule.convention}]",
        column=pair.column.name,
        segment=pair.segment,
        value=judged.value,
        threshold=judged.threshold,
        status="undecided" if few else status,
        message=_where(pair) + "; ".join([_explain(TOOLS[str(rule.convention)].title, judged), *notes]),
    )


def _verdict(rule: CheckRule, pair: Pair, chunks: tuple[Summary, ...]) -> tuple[Judged, str]:
    """Judge by the limit of alerts and that of warnings, or by the tool's own where neither is given."""
    alert, warning = limits_of(rule)
    limits = [(alert, "alert")] if alert is not None or warning is None else []
    limits += [(warning, "warning")] if warning is not None else []
    found = [(_judge(rule, pair, chunks, limit), status) for limit, status in limits]
    drifted = [each for each in found if each[0].drifted]
    return drifted[0] if drifted else (found[0][0], _STATUS[found[0][0].drifted])


def _too_few(rule: CheckRule, pair: Pair) -> tuple[str, ...]:
    rows = min(values_of(pair.baseline), values_of(pair.current))
    if rule.min_rows is None or rows >= rule.min_rows:
        return ()
    return (f"but {rows:,} rows are too few to judge: it takes {rule.min_rows:,}",)


_STATUS = {False: "ok", None: "undecided"}


def _judge(rule: CheckRule, pair: Pair, chunks: tuple[Summary, ...], limit: float | None) -> Judged:
    wanted = Asked(None if rule.metric == CHOICE else rule.metric, limit, chunks)
    return TOOLS[str(rule.convention)].judge(pair.column, pair.grid, pair.baseline, pair.current, wanted)


def _where(pair: Pair) -> str:
    return f"{pair.column.name}{f' in {pair.segment}' if pair.segment is not None else ''}: "


def _explain(title: str, judged: Judged) -> str:
    """Say what the tool measures, and what it would make of it."""
    says = {True: "would raise an alarm", False: "would raise no alarm", None: "would give no verdict"}[judged.drifted]
    if judged.value is None:
        return f"{title} {says} by its {judged.metric}"
    told = f"{title} {says}: its {judged.metric} is {number(judged.value)}"
    side = "below" if judged.below else "above"
    return told if judged.threshold is None else f"{told}, and it alarms {side} {number(judged.threshold)}"
