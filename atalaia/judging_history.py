"""Judging by history: where a check asks for it, the baseline's own windows set its limit.

What they are like is only as good as they are alike to the window that is judged. So a finding is undecided, and says
why, where the baseline has too few of them, where the window has less than half as many rows as the middle one of them
(the fewer rows, the larger a distance without any drift), and, for `row_count`, as long as the window goes on.
"""

from __future__ import annotations

from msgspec.structs import replace

from atalaia.baseline import Baseline
from atalaia.checks import METRICS, Check
from atalaia.findings import Pair, finding_of
from atalaia.history import FEWEST, History, Values, past_of
from atalaia.monitor_file import Limits
from atalaia.report import Evidence, Finding
from atalaia.signals.quality import Measured
from atalaia.window import Window
from atalaia.wording import plural

_COUNT = "row_count"
_BUILD_AGAIN = "Run `atalaia baseline` again, on rows or on windows"


def with_history_for(baseline: Baseline, window: Window) -> Baseline:
    """Return *baseline* without its history where that is of windows of another width than *window*'s."""
    history = baseline.history
    fits = history is None or history.width in (0, window.end - window.start)
    return baseline if fits else replace(baseline, history=None)


def by_history(check: Check, found: Measured, evidence: Evidence, pair: Pair) -> Finding:
    """Judge what *check* measured on a column, by what the baseline's windows have there; in words, say why.

    Args:
        check: One whose limits come from history.
        found: What was measured.
        evidence: What else the finding rests on.
        pair: The column's two sides.
    """
    values = _values(check, pair.history, pair.segment or "", check.column or "")
    why = _why_not(values, pair.history, check.min_rows)
    if why:
        return _undecided(check, found, pair, why)
    assert pair.history is not None  # noqa: S101  # else there would have been a reason
    return _judged(check, found, evidence, values, pair.history, pair)


def count_by_history(check: Check, found: Measured, baseline: Baseline, *, final: bool) -> Finding:
    """Judge a window's number of rows likewise; one that is not *final* yet may still get more."""
    history = baseline.history
    values = _values(check, history, "", "")
    why = _why_not(values, history, check.min_rows) if final else "the window may still get more rows"
    if history is not None and not history.width:
        why = "the baseline's rows have no times, so it is not known how many of them a window has"
    if why:
        return _undecided(check, found, None, why)
    assert history is not None  # noqa: S101  # as above
    evidence = Evidence(baseline.profile.rows, found.rows, "history")
    return _judged(check, found, evidence, values, history)


def _values(check: Check, history: History | None, segment: str, column: str) -> Values:
    """Return what windows with enough rows have."""
    found = () if history is None else history.values.get((segment, column, check.metric), ())
    return tuple((value, rows) for value, rows in found if rows >= check.min_rows)


def _why_not(values: Values, history: History | None, min_rows: int) -> str:
    """Say why *values* set no limit, if so."""
    if history is None:
        return f"the baseline has no history of such windows. {_BUILD_AGAIN}"
    if len(values) >= FEWEST:
        return ""
    kind = "window" if history.width else "equal part"
    least = f" with {plural(min_rows, 'row')} or more" if min_rows > 1 else ""
    return f"the baseline has {plural(len(values), kind)} of its own{least} to take it from, and it takes {FEWEST}"


def _judged(
    check: Check, found: Measured, evidence: Evidence, values: Values, history: History, pair: Pair | None = None
) -> Finding:
    past = past_of(values, check.limits, below=METRICS[check.metric].below, timed=history.width > 0)
    needed = 0 if check.metric == _COUNT else -(-past.rows // 2)
    told = replace(evidence, basis="history", alert=past.limit, past=past)
    return finding_of(replace(check, limits=Limits(alert=past.limit)), found, pair, needed=needed, evidence=told)


def _undecided(check: Check, found: Measured, pair: Pair | None, why: str) -> Finding:
    finding = finding_of(replace(check, limits=Limits()), found, pair)
    if finding.status == "undecided":  # it could not be measured, or rests on too few rows, which is said
        return finding
    return replace(finding, status="undecided", message=f"{finding.message}, as {why}")
