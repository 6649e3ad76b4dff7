"""What a finding says of a column that has outgrown the baseline's grid, and what to do about it."""

from __future__ import annotations

import math

from atalaia.profile import NumericGrid, NumericSummary
from atalaia.profile.reconstruction import quantiles
from atalaia.signals.resolution import Crowd, measure_between, most_crowded
from atalaia.window import Window, iso
from atalaia.wording import number

_TENTHS = {"smallest": 0, "10%": 1, "half": 5, "90%": 9, "largest": 10}


def outgrown(grid: NumericGrid, baseline: NumericSummary, current: NumericSummary, window: Window | None) -> str:
    """Say where the values lie now, how they are spread, how far they moved, and how to cut a grid that fits.

    Args:
        grid: The baseline's.
        baseline: The baseline's side.
        current: The current side.
        window: Of the current values; None where they are of no window, so that no baseline can be made of it.

    Returns:
        Text that goes on from a finding's; empty if either side has no finite values.
    """
    moved = measure_between(grid, baseline, current)
    if moved is None:
        return ""
    own = quantiles(grid, current, max(_TENTHS.values()))
    spread = ", ".join(f"{name} {number(float(own[place]))}" for name, place in _TENTHS.items())
    said = f"; they lie {_where(most_crowded(grid, baseline, current))}; its values now: {spread}"
    error = f" ± {number(moved.kolmogorov_smirnov_error)}" if moved.kolmogorov_smirnov_error else ""
    said += f"; by its own quantiles the median went from {number(moved.medians[0])} to {number(moved.medians[1])}"
    said += f" and Kolmogorov-Smirnov is {number(moved.kolmogorov_smirnov)}{error}"
    said += "; the grid no longer fits"
    return said if window is None else f"{said}, cut a new one: {promote_command(window)}"


def promote_command(window: Window) -> str:
    """Return the command that makes a baseline of a window; MONITOR stands for the monitor file."""
    moments = [iso(window.start), iso(window.end)]
    if all(moment.endswith("T00:00:00Z") for moment in moments):
        moments = [moment.removesuffix("T00:00:00Z") for moment in moments]
    return f"`atalaia baseline MONITOR --from-windows {' '.join(moments)}`"


def _where(crowd: Crowd) -> str:
    if math.isinf(crowd.high):
        return f"above {number(crowd.low)}, the baseline's largest value"
    if math.isinf(crowd.low):
        return f"below {number(crowd.high)}, the baseline's smallest value"
    return f"between {number(crowd.low)} and {number(crowd.high)}, two neighbouring edges of the grid"
