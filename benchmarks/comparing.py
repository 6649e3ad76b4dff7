"""A window compared with its baseline: every drift metric of every column, judged. Kept apart, as ingest needs none."""

from __future__ import annotations

import truth
from atalaia.baseline import Baseline
from atalaia.evaluation import Occasion, evaluate
from atalaia.monitor_file import Monitor
from atalaia.profile import Profile
from atalaia.report import BaselineRef, Report
from atalaia.window import Window


def compare(monitor: Monitor, baseline: Baseline, profile: Profile) -> Report:
    """Evaluate *profile*.

    Raises:
        WrongProfileError: The report does not tell of every column.
    """
    reference = BaselineRef(baseline.version, "baseline", baseline.profile.rows)
    occasion = Occasion(Window(0, 1), True, (), reference, "definition")
    report = evaluate(monitor, baseline, profile, occasion)
    if len(report.columns) != len(baseline.grids.grids):
        msg = f"{len(report.columns)} columns were compared of {len(baseline.grids.grids)}"
        raise truth.WrongProfileError(msg)
    return report
