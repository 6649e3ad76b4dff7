"""Verify: compute a report again from what it names as its inputs, and compare the bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec

from atalaia.errors import ObjectNotFoundError, StoredFormError
from atalaia.evaluation import Occasion, evaluate
from atalaia.monitor_file import Monitor
from atalaia.monitoring.baselines import read_baseline
from atalaia.monitoring.evaluating import merge_profiles
from atalaia.monitoring.layout import baseline_key, definition_key, report_key
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
    differences = [*_misplaced(report, key), *_changed_inputs(report, output)]
    if not differences and to_json(_again(report, output)) != stored:
        differences = ["the inputs are unchanged, but the computed report has other bytes: the stored one was altered"]
    return Verification(report, tuple(differences))


def _misplaced(report: Report, key: str) -> list[str]:
    start, end = parse_time(report.start), parse_time(report.end)
    if start is None or end is None:
        return [f"{report.start} … {report.end}: not a window"]
    place = report_key(report.monitor, Window(start, end), report.revision)
    return [] if place == key else [f"the report says that it belongs to {place}, but it lies in {key}"]


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
    window = Window(start or 0, end or 0)  # both are there: `_misplaced` looked
    infos = [ObjectInfo(item.profile, item.profile_etag, 0, 0) for item in report.inputs]
    current, inputs = merge_profiles(baseline, output, infos, window)
    reference = BaselineRef(baseline.version, baseline_key(monitor.name, baseline.version), baseline.profile.rows)
    made_under = definition_key(monitor.name, hashlib.sha256(definition).hexdigest()[:16])
    occasion = Occasion(window, report.revision, report.final, inputs, reference, made_under)
    return evaluate(monitor, baseline, current, occasion)
