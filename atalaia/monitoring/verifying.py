"""Verify: compute a report again from what it names as its inputs, and compare the bytes."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from atalaia.errors import ObjectNotFoundError, StoredFormError
from atalaia.evaluation import Occasion, evaluate
from atalaia.monitor_file import Monitor
from atalaia.monitoring.baselines import read_baseline
from atalaia.monitoring.evaluating import merge_profiles
from atalaia.ports import ObjectInfo, ObjectStore
from atalaia.report import Report, report_from_json, to_json
from atalaia.window import Window, parse_time


@dataclass(frozen=True, slots=True)
class Verification:
    """What came out: the report, and in words every difference; none means the bytes are the same."""

    report: Report
    differences: tuple[str, ...]


def verify_report(key: str, output: ObjectStore) -> Verification:
    """Compute the report stored under *key* again.

    Raises:
        StoredFormError: The object is no report.
        BaselineError: Its baseline is gone, or no longer the one its profiles were made on.
        ObjectNotFoundError: There is nothing under the key.
    """
    stored, _ = output.get(key)
    report = report_from_json(stored, f"{output.uri}/{key}")
    differences = _changed_inputs(report, output)
    if not differences and to_json(_again(report, output)) != stored:
        differences = ["the inputs are unchanged, but the computed report has other bytes: the stored one was altered"]
    return Verification(report, tuple(differences))


def _changed_inputs(report: Report, output: ObjectStore) -> list[str]:
    changed = []
    for item in report.inputs:
        try:
            etag = output.head(item.profile).etag
        except ObjectNotFoundError:
            changed.append(f"{item.profile}: the profile of {item.log} is gone")
            continue
        if etag != item.profile_etag:
            changed.append(f"{item.profile}: the profile of {item.log} has changed since")
    return changed


def _again(report: Report, output: ObjectStore) -> Report:
    try:
        definition, _ = output.get(report.definition)
        monitor = msgspec.json.decode(definition, type=Monitor)
    except (ObjectNotFoundError, msgspec.DecodeError) as error:
        msg = f"{output.uri}/{report.definition}: the monitor file behind the report is gone or damaged."
        raise StoredFormError(msg) from error
    baseline = read_baseline(report.baseline.key, output)
    start, end = parse_time(report.start), parse_time(report.end)
    if start is None or end is None:
        msg = f"{report.start} … {report.end}: not a window"
        raise StoredFormError(msg)
    window = Window(start, end)
    infos = [ObjectInfo(item.profile, item.profile_etag, 0, 0) for item in report.inputs]
    current, inputs = merge_profiles(baseline, output, infos, window)
    occasion = Occasion(window, report.revision, report.final, inputs, report.baseline, report.definition)
    return evaluate(monitor, baseline, current, occasion)
