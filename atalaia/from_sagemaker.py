"""A monitor file from SageMaker Model Monitor's `constraints.json` and `statistics.json`, for who leaves it.

The constraints become part of the baseline, where the six checks are judged from them as the container does. What they
say of columns stands in the monitor file as well, for Atalaia's own metrics: types, missing values, signs, domains.
Only there a negative number is found: the container looks at no such thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from atalaia.constraints_file import Constraints, Feature
from atalaia.infer import NOT_CARRIED, Carried, Carry
from atalaia.infer_columns import Guess
from atalaia.infer_tally import Tally
from atalaia.monitor_columns import UNMEASURED
from atalaia.monitor_yaml import quote
from atalaia.statistics_file import NumericStatistics, Statistics, StringStatistics
from atalaia.wording import listed, plural

_TYPES = {"Integral": "integer", "Fractional": "number", "String": "string", "Unknown": "string"}
_NUMBERS = ("integer", "number")
_BOOLEANS = frozenset({"true", "false"})
_MOST_LISTED = 1000
_ROUNDED = 12  # digits: 1 - 0.98 is to be 0.02


def columns_of(statistics: Statistics | None, constraints: Constraints | None) -> list[Guess]:
    """Return the columns in the order of the constraints; of their types the statistics, which describe the data, know.

    At least one of the two files is given.
    """
    types = {feature.name: feature.inferred_type for feature in (constraints.features if constraints else ())}
    types |= {feature.name: feature.inferred_type for feature in (statistics.features if statistics else ())}
    guesses = [Guess(name, _TYPES[inferred], reasons=[inferred], said="the file") for name, inferred in types.items()]
    known = {feature.name: feature for feature in (statistics.features if statistics else ())}
    for guess in guesses:
        feature = known.get(guess.name)
        if feature is None and statistics is not None:
            guess.role = "ignored"
            guess.reasons.append("not in the statistics, so there is nothing to compare it with")
        elif feature is not None and not feature.present:
            guess.reasons.append("without any value")
        elif isinstance(feature, NumericStatistics) and feature.minimum is not None and feature.maximum is not None:
            guess.reasons.append(f"from {feature.minimum:g} to {feature.maximum:g}")
        elif isinstance(feature, StringStatistics) and feature.distinct is not None:
            guess.reasons.append(plural(feature.distinct, "distinct value"))
    domains = {f.name: f.domains for f in (constraints.features if constraints else ()) if f.domains}
    domains |= {f.name: tuple(text for text, _ in f.counts) for f in known.values() if isinstance(f, StringStatistics)}
    for guess in guesses:
        if guess.type == "string" and {text.lower() for text in domains.get(guess.name) or ("",)} <= _BOOLEANS:
            guess.type = "boolean"
    return guesses


def carry_constraints(constraints: Constraints | None, *, judged: bool) -> Carry:
    """Return what brings *constraints* into a monitor file; they are *judged* if they are part of its baseline."""

    def carry(guesses: list[Guess], tallies: Mapping[str, Tally]) -> Carried:  # noqa: ARG001  # the shape of a `Carry`
        if constraints is None:
            return Carried()
        features = {feature.name: feature for feature in constraints.features}
        found = [(guess, features[guess.name]) for guess in guesses if guess.name in features]
        for guess, feature in found:
            _constrain(guess, feature)
        rules = tuple(_rules(found, sum(guess.role not in UNMEASURED for guess in guesses)))
        told = (*_told(constraints, judged=judged), *_lost(constraints, [guess.name for guess in guesses]))
        return Carried(told, ("checks:", *(f"  - {rule}" for rule in rules)) if rules else ())

    return carry


def _constrain(guess: Guess, feature: Feature) -> None:
    """Put into a column's entry what its constraints say."""
    wanted = _TYPES[feature.inferred_type]
    if guess.type in _NUMBERS and wanted in _NUMBERS:
        guess.type = wanted
    elif guess.type not in (wanted, "boolean") and feature.inferred_type != "Unknown":
        guess.reasons.append(f"its constraint says {feature.inferred_type}")
    if guess.role in UNMEASURED:
        return
    guess.nullable = feature.completeness is None or feature.completeness < 1
    if feature.non_negative and guess.type in _NUMBERS and not guess.categorical and not guess.share:
        guess.range = "[0, null]"
    if feature.domains and guess.type == "string" and not guess.text:
        guess.set = feature.domains if len(feature.domains) <= _MOST_LISTED else ()


def _rules(found: Sequence[tuple[Guess, Feature]], every: int) -> Iterator[str]:
    """Yield checks for the limits, the columns of one limit together; all of *every* column need no names."""
    limits: dict[tuple[str, float], list[str]] = {}
    for guess, feature in found:
        if guess.role in UNMEASURED:
            continue
        settings, name = feature.settings, guess.name
        if feature.completeness is not None and feature.completeness < 1:
            limits.setdefault(("missing", _rest(feature.completeness)), []).append(name)
        limits.setdefault(("type_errors", _rest(settings.type_match)), []).append(name)
        if guess.set:
            limits.setdefault(("out_of_set", _rest(settings.domain_match)), []).append(name)
    for (metric, limit), names in limits.items():
        columns = "" if len(names) == every else f" columns: [{', '.join(map(quote, names))}],"
        yield f"{{metric: {metric},{columns} threshold: {limit:g}, min_rows: 1}}"


def _rest(share: float) -> float:
    return round(1 - share, _ROUNDED)


def _told(constraints: Constraints, *, judged: bool) -> Iterator[str]:
    yield f"Constraints on {plural(len(constraints.features), 'column')}: types, missing values, signs and domains."
    if judged:
        yield "constraints.json is part of the baseline: Model Monitor's six checks are judged from it as its container"
        yield "does, and each window has its constraint_violations.json. Take it out to keep Atalaia's own checks only."
    else:
        yield "Model Monitor's six checks need a baseline: name the data and the constraints.json under baseline.data."


def _lost(constraints: Constraints, names: Sequence[str]) -> Iterator[str]:
    for note in constraints.notes:
        yield f"{NOT_CARRIED}{note}."
    silent = [feature.name for feature in constraints.features if not feature.settings.evaluate]
    if silent and constraints.settings.evaluate:
        yield f"{NOT_CARRIED}that {listed(silent)} is Disabled; only Model Monitor's own checks heed it."
    if not constraints.settings.evaluate:
        yield f"{NOT_CARRIED}that evaluate_constraints is Disabled; Atalaia's own checks go on."
    mute = [feature.name for feature in constraints.features if not feature.settings.emit]
    if mute:
        yield f"{NOT_CARRIED}that emit_metrics is Disabled for {listed(mute)}; what is sent is set where functions run."
    long = [f.name for f in constraints.features if f.domains is not None and len(f.domains) > _MOST_LISTED]
    if long:
        yield f"{NOT_CARRIED}the domains of {listed(long)}, which are too long to be listed here."
    absent = [feature.name for feature in constraints.features if feature.name not in names]
    if absent:
        yield f"{NOT_CARRIED}the constraints on {listed(absent)}, which the data do not have."
