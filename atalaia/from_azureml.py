"""A monitor file's checks and window from an Azure Machine Learning monitor schedule (YAML), for who leaves it.

Drift is checked by Azure's own convention (`atalaia.conventions.azureml`), so that numbers, limits and verdicts stay
what they were, p-values among them. Which columns are numerical is decided as there: integers with few distinct values
for their rows are not.

Azure's three rates of data quality are metrics here: the null value rate is `missing`, the data type error rate
`type_errors`, and the out-of-bounds rate `out_of_range` of numbers and `out_of_set` of categories, with the bounds that
Azure takes: the reference data's own extremes and values. Each is held to Azure's limit itself, from the first row on.
One difference remains: Azure fills missing values in before it looks for those out of bounds, so its share is of all
rows; ours is of the values, and never smaller.

What has no counterpart is told and left out.

Source: Microsoft, "CLI (v2) schedule YAML schema for model monitoring"; the limits of what is not given are those of
the Python SDK, azure-ai-ml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from atalaia.errors import AtalaiaError
from atalaia.infer import NOT_CARRIED, Carried
from atalaia.infer_columns import Guess, bounds
from atalaia.infer_tally import Tally
from atalaia.monitor_columns import UNMEASURED, is_number, list_of, mapping_of
from atalaia.monitor_yaml import quote, read
from atalaia.window import parse_duration
from atalaia.wording import listed

_OF_BOTH = {"jensenshannondistance": "jensen_shannon", "populationstabilityindex": "psi"}
_OF_DRIFT = {
    "numerical": _OF_BOTH
    | {
        "normalizedwassersteindistance": "wasserstein_normalised",
        "twosamplekolmogorovsmirnovtest": "kolmogorov_smirnov",
    },
    "categorical": _OF_BOTH | {"pearsonschisquaredtest": "chi_square"},
}
_RATES = {"nullvaluerate": "missing", "datatypeerrorrate": "type_errors", "outofboundsrate": "out_of_bounds"}
_DRIFT_DEFAULTS = {
    "numerical": {"normalized_wasserstein_distance": 0.1},
    "categorical": {"jensen_shannon_distance": 0.1},
}
_RATE_DEFAULTS = {"null_value_rate": 0.0, "data_type_error_rate": 0.0, "out_of_bounds_rate": 0.0}
_QUALITY_DEFAULTS = {"numerical": _RATE_DEFAULTS, "categorical": _RATE_DEFAULTS}
_UNITS = {"minute": "m", "hour": "h", "day": "d", "week": "w"}
_LOOKBACK = re.compile(r"P(?:(\d+)([DW])|T(\d+)([HM]))")
_MONTH = 4  # weeks: the nearest window of a fixed width
_MOST_LISTED = 1000
_FEW_DISTINCT = 0.05  # of the rows: fewer distinct integers are categories
_AS_READ = "bounded by what was read, as Azure ML does"
_BY_HAND = {"model_performance": "answers are judged wherever logs hold labels; write limits of your own under checks"}
_AS_TYPED = "numbers, as Azure ML takes so many distinct ones"
_CONVENTION = "convention: azureml"
_OURS = (
    f"  # With `{_CONVENTION}` drift is measured and judged as Azure ML does it: numbers and alarms stay the same.",
    "  # Take such a check out, and Atalaia judges its columns, by limits that know how many rows there are.",
)


class Schedule(Struct, frozen=True):
    """A monitor schedule, as far as it is understood.

    Attributes:
        name: The schedule's name.
        signals: The signals by name, as the file has them.
        window: Width of the windows, as the monitor file writes it.
        lost: What has no counterpart, in words.
    """

    name: str
    signals: Mapping[str, Mapping[str, Any]]
    window: str
    lost: tuple[str, ...]

    def carry(self, guesses: list[Guess], tallies: Mapping[str, Tally]) -> Carried:
        """Bring the schedule into a monitor file with these columns."""
        lost, rules = list(self.lost), list[str]()
        _take_for_numbers(guesses, tallies)
        for name, signal in self.signals.items():
            lost += _of_data(name, signal, parse_duration(self.window))
            rules += _rules(name, signal, guesses, tallies, lost)
        told = (f"Checks and window of the Azure Machine Learning monitor schedule {self.name or 'without a name'}.",)
        keys = [f"window: {self.window}"]
        switch = _OURS if any(_CONVENTION in rule for rule in rules) else ()
        keys += ["checks:", *switch, *(f"  - {rule}" for rule in dict.fromkeys(rules))] if rules else []
        return Carried((*told, *(f"{NOT_CARRIED}{text}" for text in dict.fromkeys(lost))), tuple(keys))


def is_schedule(text: bytes) -> bool:
    """Tell whether a file is a monitor schedule of Azure Machine Learning."""
    return re.search(rb"^create_monitor\s*:", text, re.MULTILINE) is not None


def read_schedule(text: bytes, name: str) -> Schedule:
    """Read a schedule; *name* names the file in errors.

    Raises:
        AtalaiaError: It is no YAML, or no monitor schedule.
    """
    document = read(text, name)
    if document.faults:
        raise AtalaiaError(str(document.faults[0]))
    data = mapping_of(document.data)
    monitor = mapping_of(data.get("create_monitor"))
    if not monitor:
        msg = f"{name}: no create_monitor. Give the YAML of a model monitoring schedule of Azure Machine Learning."
        raise AtalaiaError(msg)
    signals = {str(key): mapping_of(value) for key, value in mapping_of(monitor.get("monitoring_signals")).items()}
    lost: list[str] = []
    if not signals:
        lost.append("no signal is named, so Azure chooses: data drift, prediction drift and data quality by default")
        signals = {kind: {"type": kind} for kind in ("data_drift", "prediction_drift", "data_quality")}
    window = _window(mapping_of(data.get("trigger")), lost)
    lost += _elsewhere(monitor)
    return Schedule(str(data.get("name") or ""), signals, window, tuple(lost))


def _window(trigger: Mapping[str, Any], lost: list[str]) -> str:
    """Return the width of the windows that a schedule's runs stand for."""
    if trigger.get("type") == "cron":
        return _of_cron(str(trigger.get("expression", "")), lost)
    frequency, interval = trigger.get("frequency"), trigger.get("interval", 1)
    count = interval if isinstance(interval, int) and interval > 0 else 1
    if frequency == "month":
        lost.append(f"a month has no fixed width; the window is {_MONTH * count} weeks")
        return f"{_MONTH * count}w"
    if frequency in _UNITS:
        return f"{count}{_UNITS[frequency]}"
    lost.append("the trigger, which says no frequency; the window is a day")
    return "1d"


def _of_cron(expression: str, lost: list[str]) -> str:
    minute, hour, day, month, weekday = ([*expression.split(), *"*****"])[:5]
    fixed = [part.isdecimal() for part in (minute, hour, day, month, weekday)]
    if fixed[:2] == [True, False] and (hour, day, month, weekday) == ("*",) * 4:
        return "1h"
    if fixed[:2] == [True, True] and (day, month, weekday) == ("*",) * 3:
        return "1d"
    if fixed == [True, True, False, False, True] and (day, month) == ("*",) * 2:
        return "1w"
    lost.append(f"the cron trigger {expression!r}, which has no fixed width; the window is a day")
    return "1d"


def _elsewhere(monitor: Mapping[str, Any]) -> Iterator[str]:
    if monitor.get("alert_notification") is not None:
        yield "alert_notification: who is told of alerts is set with the cloud's own alarms"
    if mapping_of(monitor.get("monitoring_target")).get("ml_task") == "question_answering":
        yield "the task question_answering: metrics of generated text"


def _rules(
    name: str, signal: Mapping[str, Any], guesses: list[Guess], tallies: Mapping[str, Tally], lost: list[str]
) -> Iterator[str]:
    kind = signal.get("type", name)
    if kind not in ("data_drift", "prediction_drift", "data_quality"):
        lost.append(f"{name}: {_BY_HAND.get(kind, f'there is no signal {kind} here yet')}")
        return
    scope = _scope(name, signal, kind, guesses, lost)
    defaults = _QUALITY_DEFAULTS if kind == "data_quality" else _DRIFT_DEFAULTS
    given = mapping_of(signal.get("metric_thresholds"))
    for feature_kind in ("numerical", "categorical"):
        columns = [g for g in scope if _is_numerical(g) is (feature_kind == "numerical")]
        limits = mapping_of(given.get(feature_kind)) if given else defaults[feature_kind]
        for metric, limit in limits.items() if columns else ():
            asked = _Asked(name, feature_kind, str(metric), limit, signal.get("alert_enabled", True))
            yield from _rule(asked, columns, tallies, lost)
    others = sorted(given.keys() - {"numerical", "categorical"})
    lost += [f"{name}.metric_thresholds.{other}: not understood" for other in others]


class _Asked(Struct, frozen=True):
    """A metric of a signal, for numerical or categorical columns, with its limit; without alerts it only warns."""

    signal: str
    kind: str
    metric: str
    limit: Any
    alerts: Any


def _take_for_numbers(guesses: list[Guess], tallies: Mapping[str, Tally]) -> None:
    """Type columns as Azure does; where it rests on how many rows there are, say so in the file."""
    for guess in guesses:
        tally = tallies.get(guess.name)
        if guess.role in UNMEASURED or guess.role == "label" or tally is None:
            continue
        guess.categorical = guess.categorical and guess.type == "integer"
        if guess.type == "integer" and len(tally.distinct) >= _FEW_DISTINCT * tally.looked_at:
            guess.numeric = True
            guess.reasons.append(_AS_TYPED)


def _is_numerical(guess: Guess) -> bool:
    return guess.type == "number" or guess.numeric


def _has_range(guess: Guess) -> bool:
    return guess.type in ("number", "integer") and not guess.categorical


def _rule(asked: _Asked, columns: list[Guess], tallies: Mapping[str, Tally], lost: list[str]) -> Iterator[str]:
    """Yield the check that a metric becomes; bounds go into the columns."""
    plain = re.sub(r"[^a-z]", "", asked.metric.lower())
    names = [guess.name for guess in columns]
    drift = _OF_DRIFT[asked.kind].get(plain)
    if not is_number(asked.limit) or (drift is None and plain not in _RATES):
        lost.append(f"{asked.signal}: {asked.metric} {asked.limit}: not understood")
    elif drift is not None:
        texts = [guess.name for guess in columns if guess.text]
        if texts:
            lost.append(f"{asked.signal}: {asked.metric} of {listed(texts)}, of whose texts the lengths are judged")
        if len(texts) < len(columns):
            yield _check(drift, [guess.name for guess in columns if not guess.text], asked, _CONVENTION)
    elif _RATES[plain] != "out_of_bounds":
        yield _check(_RATES[plain], names, asked, _FROM_THE_FIRST)
    else:
        yield from _of_bounds(asked, columns, tallies, lost)


_FROM_THE_FIRST = "min_rows: 1"


def _of_bounds(asked: _Asked, columns: list[Guess], tallies: Mapping[str, Tally], lost: list[str]) -> Iterator[str]:
    """Yield the checks of the columns that have bounds: integers have a range, whatever Azure takes them for."""
    bounded = [guess for guess in columns if _bound(guess, tallies.get(guess.name))]
    unbounded = [guess.name for guess in columns if guess not in bounded]
    if unbounded:
        lost.append(f"{asked.signal}: {asked.metric} of {listed(unbounded)}, whose bounds the data do not tell")
    for metric, ranged in (("out_of_range", True), ("out_of_set", False)):
        names = [guess.name for guess in bounded if _has_range(guess) is ranged]
        if names:
            yield _check(metric, names, asked, _FROM_THE_FIRST)


def _check(metric: str, names: list[str], asked: _Asked, how: str) -> str:
    level = "alert" if asked.alerts else "warning"
    columns, limit = ", ".join(map(quote, names)), f"{{{level}: {asked.limit:g}}}"
    return f"{{metric: {metric}, columns: [{columns}], threshold: {limit}, {how}}}"


def _bound(guess: Guess, tally: Tally | None) -> bool:
    """Give a column the bounds of the reference data, as Azure takes them; tell whether it has some then."""
    if tally is None or guess.text or guess.type in ("boolean", "time"):
        return False
    if _has_range(guess):
        guess.share, guess.range = False, bounds(tally.low, tally.high)
        guess.reasons.append(_AS_READ)
        guess.hints = [hint for hint in guess.hints if not hint.startswith("to bound it")]
        return True
    values = [value for value in tally.distinct if isinstance(value, str | int | float)]
    if not guess.set and not tally.capped and not tally.long_texts and 0 < len(values) <= _MOST_LISTED:
        guess.set = tuple(sorted(values, key=str))
        guess.reasons.append(_AS_READ)
        guess.hints = [hint for hint in guess.hints if not hint.startswith("to allow only")]
    return bool(guess.set)


def _scope(name: str, signal: Mapping[str, Any], kind: str, guesses: Sequence[Guess], lost: list[str]) -> list[Guess]:
    """Return the columns that a signal watches."""
    outputs = ("prediction", "score")
    measured = [guess for guess in guesses if guess.role not in UNMEASURED and guess.role != "label"]
    chosen = [guess for guess in measured if (guess.role in outputs) is (kind == "prediction_drift")]
    chosen = measured if kind == "data_quality" else chosen
    features = signal.get("features")
    if isinstance(features, dict):
        lost.append(f"{name}: features by importance; all columns are watched")
    if isinstance(features, list):
        unknown = [str(feature) for feature in features if feature not in [guess.name for guess in guesses]]
        if unknown:
            lost.append(f"{name}: the features {listed(unknown)}, which the data do not have")
        return [guess for guess in measured if guess.name in features]
    return chosen


def _of_data(name: str, signal: Mapping[str, Any], window: int) -> Iterator[str]:
    for side in ("production_data", "reference_data"):
        for data in list_of(signal.get(side)) or [mapping_of(signal.get(side))]:
            given = mapping_of(data)
            path = mapping_of(given.get("input_data")).get("path")
            if path is not None:
                yield f"{name}: {side} {path}; name the data yourself, under {_PLACES[side]}"
            if given.get("pre_processing_component") is not None:
                yield f"{name}: the preprocessing component {given['pre_processing_component']}"
            lookback = mapping_of(given.get("data_window")).get("lookback_window_size")
            if lookback is not None and side == "production_data" and _width(str(lookback)) != window:
                yield f"{name}: the lookback of {lookback}; windows follow each other, each as wide as `window` says"


def _width(lookback: str) -> int | None:
    """Return the width of an ISO 8601 duration of one unit, in µs."""
    match = _LOOKBACK.fullmatch(lookback)
    if match is None:
        return None
    days, day_unit, hours, hour_unit = match.groups()
    return parse_duration(f"{days or hours}{(day_unit or hour_unit).lower()}")


_PLACES = {"production_data": "logs.source", "reference_data": "baseline.data"}
