"""Verify: compute a report again from what it names as its inputs, and compare the bytes."""

from __future__ import annotations

import hashlib

import msgspec
from msgspec import Struct

from atalaia.errors import ObjectNotFoundError, StoredFormError
from atalaia.evaluation import Occasion, evaluate
from atalaia.monitor_file import Monitor
from atalaia.monitoring.baselines import read_baseline
from atalaia.monitoring.evaluating import trail_after
from atalaia.monitoring.layout import baseline_key, definition_key, report_key, revision_of, window_prefix
from atalaia.monitoring.merging import content_of, merge_profiles
from atalaia.ports import ObjectInfo, ObjectStore
from atalaia.report import BaselineRef, Input, Report, Trail, digest_of, report_from_json, to_json
from atalaia.window import Window, parse_time


class Verification(Struct, frozen=True):
    """What came out: the report, and in words every difference; none means the bytes are the same."""

    report: Report
    differences: tuple[str, ...]


def verify_report(key: str, output: ObjectStore) -> Verification:
    """Compute the report stored under *key* again.

    Whether the window was final, and what new baseline was to come, is taken from the report: it depends on when it
    was evaluated.

    Raises:
        StoredFormError: The object is no report, or the monitor file behind it is gone.
        BaselineError: Its baseline is gone, or no longer the one its profiles were made on.
        ObjectNotFoundError: There is nothing under the key.
    """
    stored, _ = output.get(key)
    report = report_from_json(stored, f"{output.uri}/{key}")
    differences = _misplaced(report, key)
    if not differences:
        again, inputs = _again(report, output)
        differences = _changed(report, inputs)
        if not differences and to_json(again) != stored:
            differences = [_ALTERED]
    return Verification(report, tuple(differences))


_ALTERED = (
    "its log objects are the same, but the computed report has other bytes: the stored one was altered, or a profile "
    "was, or the report of the window before, which it continues; or it was made anew under other settings"
)
_UNLISTED = "log objects that the report counts but does not list, as there are too many, have changed or been joined"


def _misplaced(report: Report, key: str) -> list[str]:
    start, end = parse_time(report.start), parse_time(report.end)
    if start is None or end is None:
        return [f"{report.start} … {report.end}: not a window"]
    place = report_key(report.monitor, Window(start, end), revision_of(key))
    return [] if place == key else [f"the report says that it belongs to {place}, but it lies in {key}"]


def _changed(report: Report, inputs: tuple[Input, ...]) -> list[str]:
    """Say in words which of the report's log objects were profiled otherwise since, or with others."""
    then, now = ({item.log: item for item in items} for items in (report.inputs, inputs))
    gone = [f"the profile of {log} is gone" for log in then if log not in now]
    changed = [f"the profile of {log} has changed since" for log in then if now.get(log, then[log]) != then[log]]
    if report.logs > len(then):
        return [*gone, *changed] or [_UNLISTED] * (report.inputs_digest != digest_of(inputs))
    come = [f"the profile of {log} has come since, within one that the report was made of" for log in now.keys() - then]
    return [*gone, *changed, *sorted(come)]


def _window(report: Report) -> Window:
    start, end = parse_time(report.start), parse_time(report.end)
    return Window(start or 0, end or 0)  # both are there: `_misplaced` looked


def _profiles(report: Report, output: ObjectStore) -> list[ObjectInfo]:
    """Find the stored profiles that the report was made of, among those that its window has now.

    They are those that hold a log object it lists; if it lists not all of them, also the oldest others, as many as it
    takes: the digest tells whether these are the right ones.
    """
    window = _window(report)
    listed = {item.log for item in report.inputs}
    named, others = [], []
    held: set[str] = set()
    for info in output.list(window_prefix(report.monitor, window)):
        _, logs = content_of(output.get(info.key)[0], f"{output.uri}/{info.key}", window)
        uris = {log["uri"] for log in logs}
        if uris & listed:
            named.append(info)
            held |= uris
        else:
            others.append((info.time, info.key, uris, info))
    for _, _, uris, info in sorted(others, key=lambda other: other[:2]) if report.logs > len(listed) else ():
        if len(held | uris) <= report.logs:
            named.append(info)
            held |= uris
    return named


def _before(report: Report, output: ObjectStore) -> Trail | None:
    try:
        return trail_after(report, output)
    except ObjectNotFoundError as error:
        msg = f"{output.uri}: the report of the window before, which this one continues, is gone."
        raise StoredFormError(msg) from error


def _again(report: Report, output: ObjectStore) -> tuple[Report, tuple[Input, ...]]:
    """Compute the report again; return it with all its inputs."""
    try:
        definition, _ = output.get(report.definition)
        monitor = msgspec.json.decode(definition, type=Monitor)
    except (ObjectNotFoundError, msgspec.DecodeError) as error:
        msg = f"{output.uri}/{report.definition}: the monitor file behind the report is gone or damaged."
        raise StoredFormError(msg) from error
    baseline = read_baseline(report.baseline.key, output)
    window = _window(report)
    merged = merge_profiles(baseline, output, _profiles(report, output), window)
    reference = BaselineRef(baseline.version, baseline_key(monitor.name, baseline.name), baseline.profile.rows)
    made_under = definition_key(monitor.name, hashlib.sha256(definition).hexdigest()[:16])
    before = _before(report, output)
    occasion = Occasion(window, report.final, merged.inputs, reference, made_under, before, report.gathering)
    return evaluate(monitor, baseline, merged.profile, occasion), merged.inputs
