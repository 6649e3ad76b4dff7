"""Verify: compute a report again from what it names as its inputs, and compare the bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec

from atalaia.errors import ObjectNotFoundError, StoredFormError
from atalaia.evaluation import Occasion, evaluate
from atalaia.monitor_file import Monitor
from atalaia.monitoring.baselines import read_baseline
from atalaia.monitoring.evaluating import content_of, merge_profiles
from atalaia.monitoring.layout import baseline_key, definition_key, report_key, window_prefix
from atalaia.ports import ObjectInfo, ObjectStore
from atalaia.report import BaselineRef, Report, report_from_json, to_json
from atalaia.window import Window, parse_time


@dataclass(frozen=True, slots=True)
class Verification:
    """What came out: the report, and in words every difference; none means the bytes are the same."""

    report: Report
    differences: tuple[str, ...]


def verify_report(key: str, output: ObjectStore) -> Verification:
    """Compute the report stored under *key* again.

    Whether the window was final is taken from the report: it depends on when it was evaluated.

    Raises:
        StoredFormError: The object is no report.
        BaselineError: Its baseline is gone, or no longer the one its profiles were made on.
        ObjectNotFoundError: There is nothing under the key.
    """
    stored, _ = output.get(key)
    report = report_from_json(stored, f"{output.uri}/{key}")
    differences = _misplaced(report, key)
    if not differences:
        infos, differences = _inputs(report, output)
        if not differences and to_json(_again(report, infos, output)) != stored:
            differences = [_ALTERED]
    return Verification(report, tuple(differences))


_ALTERED = "the inputs are unchanged, but the computed report has other bytes: the stored one was altered"


def _misplaced(report: Report, key: str) -> list[str]:
    start, end = parse_time(report.start), parse_time(report.end)
    if start is None or end is None:
        return [f"{report.start} … {report.end}: not a window"]
    place = report_key(report.monitor, Window(start, end), report.revision)
    return [] if place == key else [f"the report says that it belongs to {place}, but it lies in {key}"]


def _inputs(report: Report, output: ObjectStore) -> tuple[list[ObjectInfo], list[str]]:
    """Find the stored profiles of the report's log objects, and say in words which of these were changed since."""
    window = _window(report)
    infos, found = [], []
    listed = {item.log for item in report.inputs}
    for info in output.list(window_prefix(report.monitor, window)):
        _, logs = content_of(output.get(info.key)[0], f"{output.uri}/{info.key}", window)
        if report.logs > len(report.inputs) or any(log["uri"] in listed for log in logs):
            infos.append(info)
            found += logs
    now = {log["uri"]: log["etag"] for log in found}
    gone = [f"the profile of {item.log} is gone" for item in report.inputs if item.log not in now]
    changed = [i.log for i in report.inputs if now.get(i.log, i.etag) != i.etag]
    return infos, [*gone, *(f"the profile of {log} has changed since" for log in changed)]


def _window(report: Report) -> Window:
    start, end = parse_time(report.start), parse_time(report.end)
    return Window(start or 0, end or 0)  # both are there: `_misplaced` looked


def _again(report: Report, infos: list[ObjectInfo], output: ObjectStore) -> Report:
    try:
        definition, _ = output.get(report.definition)
        monitor = msgspec.json.decode(definition, type=Monitor)
    except (ObjectNotFoundError, msgspec.DecodeError) as error:
        msg = f"{output.uri}/{report.definition}: the monitor file behind the report is gone or damaged."
        raise StoredFormError(msg) from error
    baseline = read_baseline(report.baseline.key, output)
    window = _window(report)
    merged = merge_profiles(baseline, output, infos, window)
    reference = BaselineRef(baseline.version, baseline_key(monitor.name, baseline.version), baseline.profile.rows)
    made_under = definition_key(monitor.name, hashlib.sha256(definition).hexdigest()[:16])
    occasion = Occasion(window, report.revision, report.final, merged.inputs, reference, made_under)
    return evaluate(monitor, baseline, merged.profile, occasion)
