"""What a monitor file must fulfil in its policies: when each acts, and the one thing that it starts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from atalaia.conditions import ConditionError, comparisons, condition_faults, parse_condition, places
from atalaia.monitor_answers import AREA, unmeasurable
from atalaia.monitor_azure import broken_azure, broken_maps
from atalaia.monitor_checks import CONSTRAINT_CHECKS, Metrics
from atalaia.monitor_columns import is_number, list_of
from atalaia.monitor_targets import broken_targets
from atalaia.monitor_yaml import Issue, Path
from atalaia.policies import ASKED, FILLED_IN, HEARD, MOST_EMPTY, TARGETS, TRAFFIC, Policy
from atalaia.quiet_hours import parse_quiet, quiet_until
from atalaia.schedules import parse_schedule
from atalaia.schema import Role
from atalaia.spelling import nearest
from atalaia.window import parse_duration

MOST_LOOKED_AT = 100
"""A policy looks at so many windows at most."""

LONGEST = "520w"
"""No time that a policy names is longer."""

Times = tuple[object, object]
"""A monitor's `window` and `lateness`, as they stand in the file."""

_SHOWN = 80
_MINUTE = parse_duration("1m")
_WITHIN = Policy("").within
_BY_CONSTRAINTS = dict.fromkeys(CONSTRAINT_CHECKS, False)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def broken_policies(
    policies: list[Any], known_metrics: Metrics | None, columns: Mapping[str, dict[str, Any]], times: Times
) -> Iterator[Issue]:
    """Yield what is wrong with the list `policies`; parts of a wrong type are passed over.

    Args:
        policies: As they stand in the file.
        known_metrics: The metrics that conditions may name; None to accept any name.
        columns: The monitor's, by name.
        times: Of the monitor.
    """
    names: dict[str, int] = {}
    for place, policy in enumerate(policies):
        if isinstance(policy, dict):
            path: Path = ("policies", place)
            yield from _name(policy.get("name"), place, names)
            yield from _occasion(policy, path)
            yield from _when(policy.get("when"), path, known_metrics, columns)
            yield from _schedule(policy.get("schedule"), path)
            yield from _counts(policy, path)
            yield from _durations(policy, path)
            yield from _too_late(policy, times[1], path)
            yield from _too_silent(policy, times[0], path)
            yield from _quiet_hours(policy.get("quiet_hours"), path)
            yield from _target(policy, path)
            yield from _parameters(policy.get("parameters"), (*path, "parameters"))
            yield from broken_targets(policy, path)
            yield from broken_new_baseline(policy.get("new_baseline"), (*path, "new_baseline"))
            yield from _unheard(policy, path)


def broken_new_baseline(new: object, path: Path) -> Iterator[Issue]:
    """Yield what is wrong with where a new baseline is to come from, which stands at *path*."""
    if not isinstance(new, dict):
        return
    for key, most in (("windows", MOST_LOOKED_AT), ("rows", None)):
        count = new.get(key)
        if is_number(count) and new.get("data") is not None:
            yield Issue((*path, key), f"`{key}` has no effect beside `data`", "Remove one of the two.")
        elif is_number(count) and (count < 1 or (most is not None and count > most)):
            limits = "above 0" if most is None else f"from 1 to {most}"
            yield Issue(
                (*path, key),
                f"{count} is not {limits}",
                f"Write {key}: {3 if key == 'windows' else 1000}, for example.",
            )
    if new.get("data") == "":
        yield Issue((*path, "data"), "the text is empty", "Name where the new model's training data are.")


def _name(name: object, place: int, names: dict[str, int]) -> Iterator[Issue]:
    path: Path = ("policies", place, "name")
    if not isinstance(name, str):
        return
    if not _NAME.fullmatch(name):
        found = f"{name!r} is not a name of small letters, digits and hyphens, at most 63, not beginning with a hyphen"
        yield Issue(path, found, "Write 'retrain', for example.")
    elif place != names.setdefault(name, place):
        yield Issue(path, f"the name {name!r} already stands at policies[{names[name]}]", "Give each its own name.")


def _occasion(policy: Mapping[str, Any], path: Path) -> Iterator[Issue]:
    """Yield that a policy never acts, or that a key of it has no effect."""
    when, schedule = policy.get("when"), policy.get("schedule")
    if when is None and schedule is None:
        fix = "Write `when: drifted > 0.3`, for example, or a `schedule` such as `0 3 * * 1`."
        yield Issue(path, "nothing says when it acts", fix)
        return
    idle = {"when": ("windows", "of"), "schedule": ("only_if_changed",), "approval": ("approval_within",)}
    for key, others in idle.items():
        for other in others:
            if policy.get(key) in (None, False) and policy.get(other) not in (None, False):
                yield Issue((*path, other), f"`{other}` has no effect without `{key}`", f"Remove it, or add `{key}`.")


def _when(
    text: object, path: Path, known_metrics: Metrics | None, columns: Mapping[str, dict[str, Any]]
) -> Iterator[Issue]:
    if not isinstance(text, str):
        return
    metrics = None
    if known_metrics is not None:
        metrics = {name: rules.of_window for name, rules in known_metrics.items()} | _BY_CONSTRAINTS
    divides = {name: column.get("role") == Role.SEGMENT for name, column in columns.items()}
    faults = list(condition_faults(text, metrics, divides))
    for error in faults:
        yield Issue(
            (*path, "when"), f"at character {error.place} of {_around(text, error.place)}: {error.found}", error.fix
        )
    if metrics is not None and not faults:
        yield from _never_measured(text, (*path, "when"), columns)


def _never_measured(text: str, path: Path, columns: Mapping[str, dict[str, Any]]) -> Iterator[Issue]:
    """Yield which metrics of performance a condition waits for in vain."""
    for place in dict.fromkeys(places(parse_condition(text))):
        why = unmeasurable(place.metric, place.column, columns)
        if why is not None:
            yield Issue(path, *why)
        elif place.metric == AREA and place.segment is not None:
            yield Issue(path, f"{AREA!r} is measured on all rows only, not in segments", "Leave the segment out.")


def _around(text: str, place: int) -> str:
    """Return the text or, of a long one, what stands around a place."""
    start = max(0, min(place - _SHOWN // 2, len(text) - _SHOWN))
    end = start + _SHOWN
    return repr("..." * (start > 0) + text[start:end] + "..." * (end < len(text)))


def _schedule(text: object, path: Path) -> Iterator[Issue]:
    if isinstance(text, str):
        try:
            parse_schedule(text)
        except ValueError as error:
            fix = "Write minute, hour, day, month and day of the week: `0 3 * * mon` is Monday, 3:00 UTC."
            yield Issue((*path, "schedule"), str(error), fix)


def _quiet_hours(hours: object, path: Path) -> Iterator[Issue]:
    texts = [text for text in list_of(hours) if isinstance(text, str)]
    sound = []
    for place, text in enumerate(texts):
        try:
            parse_quiet(text)
        except ValueError as error:
            yield Issue((*path, "quiet_hours", place), str(error), "Write 22:00-06:00, Sat-Sun or Fri 18:00-24:00.")
        else:
            sound.append(text)
    if sound and quiet_until(0, sound) is None:
        yield Issue((*path, "quiet_hours"), "they leave no time of the week", "Leave some hours in which it may act.")


def _counts(policy: Mapping[str, Any], path: Path) -> Iterator[Issue]:
    windows, looked_at = policy.get("windows", 1), policy.get("of")
    if is_number(windows) and not 1 <= windows <= MOST_LOOKED_AT:
        yield Issue((*path, "windows"), f"{windows} is not from 1 to {MOST_LOOKED_AT}", "Give the number of windows.")
    if is_number(looked_at) and is_number(windows) and not windows <= looked_at <= MOST_LOOKED_AT:
        found = f"{looked_at} is not from {windows}, which is `windows`, to {MOST_LOOKED_AT}"
        yield Issue((*path, "of"), found, "Give how many of the latest windows are looked at.")
    rows, most = policy.get("min_rows", 0), policy.get("most_per_week")
    if is_number(rows) and rows < 0:
        yield Issue((*path, "min_rows"), f"{rows} is below 0", "Give the number of rows that are enough to act on.")
    if is_number(most) and most < 1:
        yield Issue((*path, "most_per_week"), f"{most} is below 1", "Give a number of times, or remove the policy.")


def _durations(policy: Mapping[str, Any], path: Path) -> Iterator[Issue]:
    for key, least in (("cool_down", 0), ("within", 1), ("approval_within", 1)):
        text = policy.get(key)
        if isinstance(text, str):
            length, fix = _length(text), "Write it as 12h or 7d."
            if length is None:
                yield Issue((*path, key), f"{text!r} is not a whole number with a unit (s, m, h, d, w)", fix)
            elif length < least:
                yield Issue((*path, key), f"{text!r} is not above 0", fix)
            elif length > parse_duration(LONGEST):
                yield Issue((*path, key), f"{text!r} is longer than {LONGEST}", fix)


def _too_late(policy: Mapping[str, Any], lateness: object, path: Path) -> Iterator[Issue]:
    """Yield that every window is too old by the time it is final."""
    within = policy.get("within", _WITHIN)
    latest, longest = _length(lateness), _length(within)
    if policy.get("schedule") is None and latest and longest and longest <= latest:
        found = f"windows are final {lateness} after they end, which is too late for `within`, {within}: it never acts"
        yield Issue((*path, "within"), found, f"Give `within` a longer time than {lateness}, the `lateness`.")


def _too_silent(policy: Mapping[str, Any], window: object, path: Path) -> Iterator[Issue]:
    """Yield that longer silence is asked for than windows without rows tell of."""
    try:
        asked = [c.limit for c in comparisons(parse_condition(policy["when"])) if c.value == "silent" and ">" in c.sign]
    except (KeyError, TypeError, ConditionError):  # which is told of
        return
    most = (_length(window) or 0) * (MOST_EMPTY + 1) // _MINUTE
    if asked and 0 < most <= max(asked):
        found = f"`silent` is never above {most}: after the last logs {MOST_EMPTY} windows without rows are evaluated"
        yield Issue((*path, "when"), found, "Ask for fewer minutes, or give the monitor wider windows.")


def _length(text: object) -> int | None:
    try:
        return parse_duration(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _target(policy: Mapping[str, Any], path: Path) -> Iterator[Issue]:
    given = [key for key in TARGETS if policy.get(key) is not None]
    if len(given) != 1:
        named = " and ".join(f"`{key}`" for key in given)
        found = f"both {named} are given" if given else "nothing is named that it starts"
        *others, last = (f"`{key}`" for key in TARGETS)
        yield Issue(path, found, f"Give one of {', '.join(others)} and {last}.")
    for key in given:
        if policy[key] is False:
            yield Issue((*path, key), f"`{key}` is off", f"Write `{key}: true`, or name another target.")
        elif not policy[key]:
            yield Issue((*path, key), f"`{key}` is empty", "Fill it in.")
        if key in TRAFFIC and policy.get("approval") is not True:
            fix = "Add `approval: true`, so that somebody decides each time."
            yield Issue((*path, key), f"`{key}` changes what users are served, without approval", fix)
    yield from broken_azure(policy, path)
    yield from broken_maps(policy.get("training_job"), (*path, "training_job"), ("HyperParameters", "Environment"))


def _unheard(policy: Mapping[str, Any], path: Path) -> Iterator[Issue]:
    """Yield that a new baseline is to follow a job of which nobody hears how it ended."""
    unheard = [key for key in TARGETS if policy.get(key) is not None and key not in (*HEARD, *ASKED)]
    if unheard and policy.get("new_baseline") is not None:
        found = f"no new baseline would follow, as nobody tells how `{unheard[0]}` ends"
        fix = "Remove it, or put `new_baseline` under `model`: then a new version of the model begins one."
        yield Issue((*path, "new_baseline"), found, fix)


def _parameters(parameters: object, path: Path) -> Iterator[Issue]:
    """Yield what is probably a slip in braces; other braces are the job's own."""
    texts = parameters.items() if isinstance(parameters, dict) else ()
    for key, text in texts:
        for word in re.findall(r"\{(\w+)\}", text) if isinstance(text, str) else ():
            meant = None if word in FILLED_IN else nearest(word, FILLED_IN)
            if meant is not None:
                found = f"nothing is filled in for {{{word}}}"
                yield Issue((*path, key), found, f"Did you mean {{{meant}}}?")
