"""How a baseline is told: in words, and as JSON."""

from __future__ import annotations

from typing import Any

from atalaia.baseline import Baseline
from atalaia.schema import profiled
from atalaia.wording import by_reason, listed, percent, plural, printable, shortened

_SHOWN = 5


def baseline_lines(baseline: Baseline) -> list[str]:
    """Say which baseline this is, what rows lacked and, if it was not made from rows, from what and at what loss."""
    rejected = dict(baseline.profile.rejected)
    more = f"; rejected: {by_reason(rejected)}" if rejected else ""
    lines = [f"Baseline {baseline.version}: {baseline.profile.rows:,} rows{more}."]
    absent, extra = _absent(baseline), sorted(baseline.profile.extra)
    if absent and not baseline.origin:  # what it was made from tells otherwise
        lines.append(f"The data have no column {listed(absent)}.")
    if extra:
        lines.append(f"The monitor file has no column {listed(extra)}.")
    if baseline.origin:
        lines.append(f"Made {printable(baseline.origin)}.")
        lines.append(_loss(baseline))
    return lines + _constraints(baseline)


def _constraints(baseline: Baseline) -> list[str]:
    """Say what windows must fulfil, and what of it has no effect."""
    constraints = baseline.constraints
    if constraints is None:
        return []
    judged = {column.name for column in profiled(baseline.grids.columns)}
    lines = [f"With constraints on {plural(len(constraints.features), 'column')}."]
    idle = [feature.name for feature in constraints.features if feature.name not in judged]
    if idle:
        lines.append(f"Only looked for, as the monitor file does not measure them: {listed(idle)}.")
    return lines + [f"Constraints {note}." for note in constraints.notes]


def _absent(baseline: Baseline) -> list[str]:
    return [c.name for c in profiled(baseline.grids.columns) if c.name not in baseline.profile.present]


def _loss(baseline: Baseline) -> str:
    worst = sorted(baseline.loss.items(), key=lambda pair: (-pair[1], pair[0]))
    if not worst:
        return "Nothing was lost: its distributions are exact."
    told = ", ".join(f"{shortened(name)} {percent(loss)}" for name, loss in worst[:_SHOWN])
    others = f" and {len(worst) - _SHOWN} columns with less" if len(worst) > _SHOWN else ""
    return f"Ranks may be off by a share of the values of up to: {told}{others}."


def baseline_shape(monitor: str, baseline: Baseline) -> dict[str, Any]:
    """Return what `--json` prints."""
    return {
        "monitor": monitor,
        "version": baseline.version,
        "rows": baseline.profile.rows,
        "rejected": dict(baseline.profile.rejected),
        "absent": _absent(baseline),
        "extra": sorted(baseline.profile.extra),
        "origin": baseline.origin or None,
        "loss": dict(baseline.loss),
    }
