"""Challenging: what a challenger answers against what the champion does, on the windows in which both logged.

Two monitors whose profiles were counted on one baseline, or two versions in the logs of one. The champion's rows take
the baseline's place, and drift is judged as it is of any window: how far the challenger's rows lie from the champion's,
and whether chance could have done that. Where both see the same requests, as a shadow does, the inputs must agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from atalaia.baseline import Baseline
from atalaia.checks import PREDICTION_DRIFT, signal_of
from atalaia.drifting import drift_of
from atalaia.errors import BaselineError, LogError
from atalaia.evaluation import column_report
from atalaia.findings import pair_of
from atalaia.judging import Promise
from atalaia.monitor_file import Monitor
from atalaia.monitoring.baselines import load_baseline
from atalaia.monitoring.comparing import ALARM_RATE
from atalaia.monitoring.eras import load_eras
from atalaia.monitoring.layout import profiles_prefix, window_prefix
from atalaia.monitoring.merging import merge_profiles
from atalaia.performance import measure_answers
from atalaia.ports import ObjectStore
from atalaia.profile import Profile
from atalaia.profile.segments import segment_name
from atalaia.schema import Role, profiled
from atalaia.window import END_TIME, FIRST_TIME, Window, iso, parse_duration, window_at_key
from atalaia.wording import listed, measured, metric_name, plural

_MOST_FINE = 5
"""Of so many columns at most that do not differ each is told by itself."""


class Side(Struct, frozen=True):
    """One of the two: a monitor with its output, and perhaps a version of the model in its logs."""

    monitor: Monitor
    output: ObjectStore
    version: str | None = None

    @property
    def name(self) -> str:
        """How it is called in words."""
        return self.monitor.name if self.version is None else f"{self.monitor.name} version {self.version}"


class Span(Struct, frozen=True):
    """Windows that begin within these moments, µs since 1970, are looked at."""

    start: int = FIRST_TIME
    end: int = END_TIME


def challenge(champion: Side, challenger: Side, span: Span | None = None) -> dict[str, Any]:
    """Measure the drift of every column of the *challenger*'s rows against the *champion*'s, as `--json` prints it.

    Raises:
        BaselineError: The profiles of the two can't be compared: other windows, or another baseline.
        LogError: There is no window in which both have rows.
    """
    if champion.monitor.window != challenger.monitor.window:
        msg = (
            f"the windows of {champion.monitor.name} are {champion.monitor.window} wide and those of "
            f"{challenger.monitor.name} {challenger.monitor.window}. Give both monitors the same `window`."
        )
        raise BaselineError(msg)
    windows = sorted(set(_windows(champion, span or Span())) & set(_windows(challenger, span or Span())))
    baseline, used, sides = _merged(champion, challenger, windows)
    whole = [_of_version(profile, side) for profile, side in zip(sides, (champion, challenger), strict=True)]
    return {
        "champion": {"name": champion.name, "rows": whole[0].rows},
        "challenger": {"name": challenger.name, "rows": whole[1].rows},
        "windows": [iso(window.start) for window in used],
        "baseline": baseline.version,
        "columns": _columns(replace(baseline, profile=whole[0]), whole[1]),
    }


def _windows(side: Side, span: Span) -> list[Window]:
    prefix, width = profiles_prefix(side.monitor.name), parse_duration(side.monitor.window)
    names = {info.key.removeprefix(prefix).partition("/")[0] for info in side.output.list(prefix)}
    found = [window for name in names if (window := window_at_key(name, width)) is not None]
    return [window for window in found if span.start <= window.start < span.end]


def _merged(
    champion: Side, challenger: Side, windows: list[Window]
) -> tuple[Baseline, list[Window], tuple[Profile, Profile]]:
    """Merge the windows in which both have rows on the latest baseline that they have in common."""
    eras = [load_eras(s.monitor.name, s.output, load_baseline(s.monitor, s.output)) for s in (champion, challenger)]
    baseline: Baseline | None = None
    profiles, others = (Profile(""), Profile("")), 0
    used: list[Window] = []
    for window in reversed(windows):
        ours, theirs = (each.at(window.start) for each in eras)
        if ours.version != theirs.version or (baseline is not None and baseline.version != ours.version):
            others += 1
            continue
        parts = [_profile(side, ours, window) for side in (champion, challenger)]
        if all(_of_version(part, side).rows for part, side in zip(parts, (champion, challenger), strict=True)):
            held = profiles if baseline is not None else (Profile(ours.version), Profile(ours.version))
            profiles = held[0].merge(parts[0]), held[1].merge(parts[1])
            baseline, used = ours, [window, *used]
    if baseline is None:
        raise _nothing(champion, challenger, others)
    return baseline, used, profiles


def _profile(side: Side, baseline: Baseline, window: Window) -> Profile:
    infos = side.output.list(window_prefix(side.monitor.name, window))
    return merge_profiles(baseline, side.output, infos, window).profile


def _nothing(champion: Side, challenger: Side, others: int) -> BaselineError | LogError:
    names = f"{champion.name} and {challenger.name}"
    if others:
        return BaselineError(
            f"{names}: in {plural(others, 'window')} both have rows, but counted on different baselines. Give both "
            "monitors the same columns and baseline.data, and run `atalaia ingest` on the logs again."
        )
    ours, theirs = (plural(len(_windows(side, Span())), "window") for side in (champion, challenger))
    known = f"{champion.name} has profiles of {ours}, {challenger.name} of {theirs}"
    fix = "Ingest the logs of both first, or look at other windows."
    return LogError(f"{names}: there is no window in which both have rows; {known}. {fix}")


def _of_version(profile: Profile, side: Side) -> Profile:
    """Return the part of a profile that is of the side's version, if it names one.

    Raises:
        LogError: No column tells versions.
    """
    if side.version is None:
        return profile
    column = next((column.name for column in side.monitor.columns if column.role is Role.VERSION), None)
    if column is None:
        msg = f"{side.monitor.name}: no column has the role `version`, so its rows can't be told apart by that."
        raise LogError(msg)
    segment = segment_name(column, side.version)
    kept = {("", name): summary for (of, name), summary in profile.columns.items() if of == segment}
    answers = {("", name): found for (of, name), found in profile.answers.items() if of == segment}
    return replace(profile, rows=profile.segments.get(segment, 0), columns=kept, answers=answers)


def _columns(baseline: Baseline, current: Profile) -> list[dict[str, Any]]:
    """Judge each column by what chance allows, those that the model answers with first."""
    kept = [column for column in profiled(baseline.grids.columns) if column.role not in (Role.LABEL, Role.VERSION)]
    ordered = sorted(kept, key=lambda column: signal_of("psi", column) != PREDICTION_DRIFT)
    pairs = [pair_of(baseline, current, column) for column in ordered]
    told = []
    for pair, drift in zip(pairs, drift_of((), pairs, Promise(ALARM_RATE)), strict=True):
        report, findings = column_report((), pair, drift)
        sides = (baseline.profile, ""), (current, "")
        ours, theirs = (each for each, _ in measure_answers(pair.column, baseline.grids, sides))
        finding = next(each for each in findings if each.signal.endswith("drift"))
        told.append(
            {
                "column": report.column,
                "role": report.role,
                "kind": report.kind,
                "metrics": report.metrics,
                "champion": msgspec.to_builtins(report.baseline),
                "challenger": msgspec.to_builtins(report.current),
                "performance": {
                    metric: {"champion": msgspec.to_builtins(ours[metric]), "challenger": msgspec.to_builtins(found)}
                    for metric, found in theirs.items()
                    if metric in ours
                },
                "finding": msgspec.to_builtins(finding),
            }
        )
    return told


def in_words(result: dict[str, Any]) -> list[str]:
    """Say what came out, line by line, the answers first."""
    ours, theirs = result["champion"], result["challenger"]
    sizes = f"{plural(theirs['rows'], 'row')} of {theirs['name']} against {ours['rows']:,} of {ours['name']}"
    moved = [each["column"] for each in result["columns"] if each["finding"]["status"] == "alert"]
    inputs = [each["column"] for each in result["columns"] if each["column"] in moved and not _is_answer(each)]
    lines = [f"{plural(len(result['windows']), 'window')}, {sizes}: {_verdict(moved)}."]
    fine = [each["column"] for each in result["columns"] if each["finding"]["status"] == "ok"]
    kept = [each for each in result["columns"] if len(fine) <= _MOST_FINE or each["finding"]["status"] != "ok"]
    lines += [f"  {each['finding']['status']}: {each['finding']['message']}" for each in kept]
    lines += [f"  {told}" for each in result["columns"] for told in _performance(each)]
    if len(fine) > _MOST_FINE:
        lines.append(f"  ok: {plural(len(fine), 'column')}: {listed(fine, most=20)}")
    if inputs:
        named = listed(inputs)
        lines.append(f"Inputs differ ({named}), so these were other requests: answers may differ because of that.")
    return lines


def _performance(column: dict[str, Any]) -> Iterator[str]:
    """Say how good both sides' answers are, by the metric that would judge them."""
    known = (
        (m, sides) for m, sides in column["performance"].items() if any(s["value"] is not None for s in sides.values())
    )
    for metric, sides in [*known][:1]:
        ours, theirs = (
            f"{measured(metric, sides[side]['value'])} of {plural(sides[side]['rows'], 'row')}"
            for side in ("champion", "challenger")
        )
        yield f"{column['column']}: {metric_name(metric)} {theirs} with labels, the champion's {ours}"


def _is_answer(column: dict[str, Any]) -> bool:
    return column["role"] in (Role.PREDICTION, Role.SCORE)


def _verdict(moved: list[str]) -> str:
    return f"more than chance differs in {listed(moved)}" if moved else "no column differs by more than chance"
