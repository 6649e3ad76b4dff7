"""Evidence: why a job is started, as it is told: the report, what it found, the baseline, and what to train on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from atalaia.errors import StoredFormError
from atalaia.monitor_file import Monitor
from atalaia.monitoring.evaluating import latest_report
from atalaia.monitoring.layout import all_reports_prefix, report_key
from atalaia.policies import Policy
from atalaia.ports import ObjectStore
from atalaia.report import Finding, Report
from atalaia.window import Window, iso, window_at_key

MOST_FINDINGS = 20
"""Evidence has so many findings at most, and says how many more there are."""

MOST_WINDOWS = 100
"""What to train on is looked for in so many windows at most."""

_TOLD = ("alert", "warning")
_LISTED = ("signal", "metric", "column", "segment", "value", "threshold", "status")
_IN_WORDS = 5


def evidence_of(monitor: Monitor, output: ObjectStore, window: Window) -> dict[str, Any]:
    """Return why something is started because of *window*, as plain JSON; without a report, just the window.

    `train_on` is the latest final windows with rows, up to this one: as many as hold the baseline's number of rows.
    """
    span = {"start": iso(window.start), "end": iso(window.end)}
    latest = latest_report(monitor.name, output, window)
    if latest is None:
        return {"window": span}
    key = report_key(monitor.name, window, latest.revision)
    told = [each for each in latest.report.findings if each.status in _TOLD]
    fingerprint = hashlib.sha256(output.get(key)[0]).hexdigest()
    return {
        "window": span,
        "report": {"uri": f"{output.uri}/{key}", "revision": latest.revision, "fingerprint": fingerprint},
        "baseline": _name(latest.report),
        "findings": [_listed(each) for each in told[:MOST_FINDINGS]],
        "more": len(told[MOST_FINDINGS:]),
        "train_on": _train_on(monitor, output, window, latest.report.baseline.rows),
    }


def filled(policy: Policy, monitor: Monitor, window: Window, evidence: Mapping[str, Any]) -> dict[str, str]:
    """Return what a policy tells its job, with what stands in braces filled in; other braces stay as they are."""
    report, range_ = evidence.get("report", {}), evidence.get("train_on", {})
    known = {
        "monitor": monitor.name,
        "model": monitor.model.name,
        "policy": policy.name,
        "window": window.key,
        "report": report.get("uri", ""),
        "fingerprint": report.get("fingerprint", ""),
        "baseline": evidence.get("baseline", ""),
        "train_from": range_.get("from", ""),
        "train_to": range_.get("to", ""),
        "findings": in_words(evidence),
    }
    return {key: _filled(text, known) for key, text in policy.parameters.items()}


def _filled(text: str, known: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], found[0]), text)  # at once: values may have braces


def in_words(evidence: Mapping[str, Any]) -> str:
    """Return the first findings in words, short enough for a parameter."""
    found = evidence.get("findings", [])
    words = [f"{each['metric']} of {each['column'] or 'the window'}" for each in found[:_IN_WORDS]]
    more = len(found[_IN_WORDS:]) + evidence.get("more", 0)
    return ", ".join(words + ([f"and {more} more"] if more else []))


def _listed(finding: Finding) -> dict[str, Any]:
    return {name: msgspec.to_builtins(getattr(finding, name)) for name in _LISTED}


def _name(report: Report) -> str:
    return report.baseline.key.rpartition("/")[2].removesuffix(".profile")


def _train_on(monitor: Monitor, output: ObjectStore, window: Window, wanted: int) -> dict[str, Any]:
    first, rows, windows = window, 0, 0
    for earlier, found in _filled_windows(monitor, output, window):
        first, rows, windows = earlier, rows + found, windows + 1
        if rows >= wanted:
            break
    span = {"from": iso(first.start), "to": iso(window.end)}
    return {**span, "windows": windows, "rows": rows, "logs": monitor.logs.source}


def _filled_windows(monitor: Monitor, output: ObjectStore, last: Window) -> Iterator[tuple[Window, int]]:
    """Yield the final windows with rows up to the *last*, the latest first, and how many rows these have."""
    prefix, width = all_reports_prefix(monitor.name), last.end - last.start
    names = {info.key.removeprefix(prefix).partition("/")[0] for info in output.list(prefix)}
    windows = sorted(each for name in names if (each := window_at_key(name, width)) is not None and each <= last)
    for window in windows[: -MOST_WINDOWS - 1 : -1]:
        with suppress(StoredFormError):  # of another release: what to train on is but a suggestion
            latest = latest_report(monitor.name, output, window)
            if latest is not None and latest.report.final and latest.report.rows:
                yield window, latest.report.rows
