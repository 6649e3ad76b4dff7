"""SageMaker Model Monitor's `constraints.json`: what a window must fulfil, and how strictly it is judged.

What the file leaves out has the value that the prebuilt container uses: 1.0 as the share of values that must have the
expected type or lie in the domain, 0.1 as the largest distance, `Robust`. The documents define the two shares the other
way round, as the largest share of values that may *not* fit, 0.1 by default; read so, they are kept as what must fit.

Source of the schema: AWS, "Schema for Constraints (constraints.json file)"; of the container's values, files that it
wrote.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from atalaia.errors import StatisticsFileError
from atalaia.json_nodes import Log, Node, decode, faults_text
from atalaia.monitor_file import ConstraintThresholds
from atalaia.wording import listed, shortened

_MOST_FEATURES, _MOST_DOMAINS = 10_000, 100_000
_TYPES = ("Integral", "Fractional", "String", "Unknown")
_SWITCH = ("Enabled", "Disabled")
_FILE = ("version", "features", "monitoring_config")
_FEATURE = ("name", "inferred_type", "completeness", "num_constraints", "string_constraints")
_OVERRIDES = ("monitoringConfigOverrides", "monitoring_config_overrides")
_DISTRIBUTION = (
    "perform_comparison", "comparison_threshold", "comparison_method", "categorical_comparison_threshold",
    "categorical_drift_method",
)  # fmt: skip
_CONFIG = (
    "evaluate_constraints", "emit_metrics", "datatype_check_threshold", "domain_content_threshold",
    "distribution_constraints",
)  # fmt: skip
_KEY = re.compile(rb'"(completeness|num_constraints|string_constraints|monitoring_config)"\s*:')
_DOCUMENTED = 0.1
_FIX = "Correct it, or run the baselining job again."

Method = Literal["Robust", "Simple"]
CategoricalMethod = Literal["LInfinity", "ChiSquared"]

_METHODS: dict[str, Method] = {"Robust": "Robust", "Simple": "Simple"}
_CATEGORICAL: dict[str, CategoricalMethod] = {"LInfinity": "LInfinity", "ChiSquared": "ChiSquared"}


class Rule(Struct, frozen=True):
    """How drift is judged; the defaults are the container's.

    Attributes:
        threshold: A distance above it is drift.
        method: `Robust` subtracts what chance may do; `Simple` does not.
        categorical_threshold: That of categories; None for `threshold`.
        categorical_method: The distance of categories.
    """

    threshold: float = 0.1
    method: Method = "Robust"
    categorical_threshold: float | None = None
    categorical_method: CategoricalMethod = "LInfinity"


class Settings(Struct, frozen=True):
    """What is judged, and how strictly.

    Attributes:
        evaluate: Whether anything is judged at all.
        emit: Whether Model Monitor would send metrics; here that is for the monitor to say.
        type_match: Share of the values, 0..1, that must be of the expected type.
        domain_match: Share of the values, 0..1, that must lie in the domain.
        compare: Whether drift is judged.
        rule: How.
    """

    evaluate: bool = True
    emit: bool = True
    type_match: float = 1.0
    domain_match: float = 1.0
    compare: bool = True
    rule: Rule = Rule()


class Feature(Struct, frozen=True):
    """One column's constraints; None stands for one that the file does not have.

    Attributes:
        name: The column's name.
        inferred_type: `Integral`, `Fractional`, `String` or `Unknown`.
        completeness: The smallest share of rows with a value, 0..1.
        non_negative: Whether the baseline held no number below 0.
        domains: The known texts.
        settings: The file's, with what this column overrides.
    """

    name: str
    inferred_type: str
    completeness: float | None
    non_negative: bool | None
    domains: tuple[str, ...] | None
    settings: Settings


class Constraints(Struct, frozen=True):
    """A whole file; `notes` are plain sentences on what in it was not understood."""

    features: tuple[Feature, ...]
    settings: Settings = Settings()
    notes: tuple[str, ...] = ()


def is_constraints_file(beginning: bytes) -> bool:
    """Tell by its *beginning*, a few hundred bytes, whether a file is a `constraints.json`."""
    is_object = beginning.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    return is_object and b'"features"' in beginning and _KEY.search(beginning) is not None


def read_constraints(
    data: bytes, where: str, thresholds: ConstraintThresholds = ConstraintThresholds.CONTAINER
) -> Constraints:
    """Read the file *data*; *where* names it in errors.

    Raises:
        StatisticsFileError: The file has faults; the text lists them with their JSON paths.
    """
    root = Node(decode(data, where, "constraints.json"), "", Log())
    features = root.at("features")
    if not features.value:
        fix = "Give the constraints.json of a data quality baseline; those of model quality are of another kind."
        features.fault("no columns", fix)
    unknown = _unknown(root, _FILE)
    share = 1.0 if thresholds is ConstraintThresholds.CONTAINER else 1 - _DOCUMENTED
    defaults = Settings(type_match=share, domain_match=share)
    settings = _settings(root.at("monitoring_config"), defaults, thresholds, unknown)
    read = tuple(_feature(node, settings, thresholds, unknown) for node in features.items(_MOST_FEATURES))
    seen: set[str] = set()
    for node, feature in zip(features.items(_MOST_FEATURES), read, strict=True):
        if feature.name in seen:
            node.at("name").fault("a second column of this name", _FIX)
        seen.add(feature.name)
    if root.log.faults:
        raise StatisticsFileError(faults_text(root.log.faults, where))
    notes = (f"not understood, and without effect: {listed(sorted(set(unknown)))}",) if unknown else ()
    return Constraints(read, settings, notes)


def _unknown(node: Node, known: tuple[str, ...]) -> list[str]:
    keys = node.value if isinstance(node.value, dict) else ()
    return [shortened(node.at(key).path) for key in keys if key not in known]


def _feature(node: Node, settings: Settings, thresholds: ConstraintThresholds, unknown: list[str]) -> Feature:
    numbers, strings = node.at("num_constraints"), node.at("string_constraints")
    unknown += _unknown(node, _FEATURE + _OVERRIDES)
    unknown += _unknown(numbers, ("is_non_negative", *_OVERRIDES)) + _unknown(strings, ("domains", *_OVERRIDES))
    for place in (node, numbers, strings):  # AWS's own client writes overrides into the inner ones
        for key in _OVERRIDES:
            settings = _settings(place.at(key), settings, thresholds, unknown)
    domains = strings.at("domains")
    return Feature(
        node.at("name").text(),
        node.at("inferred_type").text(_TYPES) if node.at("inferred_type").value is not None else "Unknown",
        _share(node.at("completeness")),
        _flag(numbers.at("is_non_negative")),
        None if domains.value is None else tuple(item.text() for item in domains.items(_MOST_DOMAINS)),
        settings,
    )


def _settings(node: Node, given: Settings, thresholds: ConstraintThresholds, unknown: list[str]) -> Settings:
    """Return *given* with what the place says."""
    compared, rule = node.at("distribution_constraints"), given.rule
    unknown += _unknown(node, _CONFIG) + _unknown(compared, _DISTRIBUTION)
    limits = [compared.at(key) for key in ("comparison_threshold", "categorical_comparison_threshold")]
    return replace(
        given,
        evaluate=_switch(node.at("evaluate_constraints"), given.evaluate),
        emit=_switch(node.at("emit_metrics"), given.emit),
        type_match=_match(node.at("datatype_check_threshold"), given.type_match, thresholds),
        domain_match=_match(node.at("domain_content_threshold"), given.domain_match, thresholds),
        compare=_switch(compared.at("perform_comparison"), given.compare),
        rule=Rule(
            rule.threshold if (limit := _limit(limits[0])) is None else limit,
            _METHODS.get(_choice(compared.at("comparison_method"), _METHODS), rule.method),
            rule.categorical_threshold if (limit := _limit(limits[1])) is None else limit,
            _CATEGORICAL.get(_choice(compared.at("categorical_drift_method"), _CATEGORICAL), rule.categorical_method),
        ),
    )


def _choice(node: Node, choices: Collection[str]) -> str:
    return "" if node.value is None else node.text(tuple(choices))


def _switch(node: Node, default: bool) -> bool:
    return default if node.value is None else node.text(_SWITCH) == _SWITCH[0]


def _flag(node: Node) -> bool | None:
    if node.value is not None and not isinstance(node.value, bool):
        node.fault("not true or false", _FIX)
        return None
    return node.value


def _share(node: Node) -> float | None:
    number = node.number()
    if number is not None and not 0 <= number <= 1:
        node.fault(f"{number:g} is not a share from 0 to 1", _FIX)
    elif number is None and node.value is not None and node.value == node.value:
        node.fault("not a number", _FIX)
    return number


def _match(node: Node, default: float, thresholds: ConstraintThresholds) -> float:
    number = _share(node)
    if number is None:
        return default
    return number if thresholds is ConstraintThresholds.CONTAINER else 1 - number


def _limit(node: Node) -> float | None:
    number = node.number()
    if number is not None and number < 0:
        node.fault(f"{number:g} is below 0", _FIX)
    return number
