"""Export: what Atalaia knows of a baseline or of a window, as the files of SageMaker Model Monitor."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from atalaia.baseline import Baseline
from atalaia.constraints import constraint_findings, violations_text
from atalaia.errors import ObjectNotFoundError
from atalaia.monitor_file import Monitor
from atalaia.monitoring.layout import window_prefix
from atalaia.monitoring.merging import merge_profiles
from atalaia.ports import ObjectStore
from atalaia.sagemaker_files import constraints_text, statistics_text, suggested_constraints
from atalaia.window import iso, parse_duration, window_of


def sagemaker_files(
    monitor: Monitor, baseline: Baseline, output: ObjectStore, moment: int | None = None
) -> Mapping[str, bytes]:
    """Return the files by name: `statistics.json`, `constraints.json`, of a window `constraint_violations.json`, too.

    A baseline without constraints is given those that a baselining job would suggest for it.

    Args:
        monitor: The monitor.
        baseline: The one that holds.
        output: Where the profiles are.
        moment: One within the window, in µs since 1970; None for the baseline itself.

    Raises:
        ObjectNotFoundError: The window has no profiles of this baseline.
    """
    constraints = baseline.constraints or suggested_constraints(baseline)
    files = {"constraints.json": constraints_text(constraints)}
    if moment is None:
        return files | {"statistics.json": statistics_text(baseline, baseline.profile)}
    window = window_of(moment, parse_duration(monitor.window))
    merged = merge_profiles(baseline, output, list(output.list(window_prefix(monitor.name, window))), window)
    if not merged.profile.rows:
        msg = f"{monitor.name}: no rows in the window from {iso(window.start)}. Run `atalaia ingest`, or name another."
        raise ObjectNotFoundError(msg)
    found = constraint_findings(replace(baseline, constraints=constraints), merged.profile)
    return files | {
        "statistics.json": statistics_text(baseline, merged.profile),
        "constraint_violations.json": violations_text(found),
    }
