"""The monitor file: one model's logs, columns, baseline, windows, checks and output, as YAML.

Its JSON Schema, `atalaia/monitor.schema.json`, is made from the types below; `schema_text` gives it anew.
"""

from __future__ import annotations

import inspect
import json
import re
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct, field

from atalaia import policies
from atalaia.errors import MonitorFileError
from atalaia.monitor_checks import Metrics
from atalaia.monitor_rules import broken_rules
from atalaia.monitor_yaml import Document, Fault, read
from atalaia.schema import Column, relatable


class LogFormat(StrEnum):
    """How the log objects are written."""

    AUTO = "auto"
    SAGEMAKER = "sagemaker"
    AZUREML = "azureml"
    KSERVE = "kserve"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


class Convention(StrEnum):
    """Whose metrics, limits and verdicts hold for drift."""

    ATALAIA = "atalaia"
    AZUREML = "azureml"
    EVIDENTLY = "evidently"
    NANNYML = "nannyml"
    SAGEMAKER = "sagemaker"


class Model(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The model whose logs these are.

    Attributes:
        name: The model's name; any text.
        version: The version that the logs come from, as text: `"1.10"` needs its quotes.
        new_baseline: Where a new baseline comes from when the cloud tells that another version of a model of this name
            was approved (SageMaker) or registered (Azure Machine Learning).
    """

    name: str
    version: str | None = None
    new_baseline: policies.NewBaseline | None = None


class Logs(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where the logs are and how they are written.

    Attributes:
        source: A folder or file (relative to the monitor file), or in later releases an `s3://` or `az://` prefix.
        format: `auto` looks into each object; anything else is taken at its word.
        include: Only keys that match one of these glob patterns are logs.
    """

    source: str
    format: LogFormat = LogFormat.AUTO
    include: tuple[str, ...] = ()


class ConstraintThresholds(StrEnum):
    """What the shares in a `constraints.json` mean: what must fit, as the container has it, or what may differ."""

    CONTAINER = "container"
    DOCUMENTS = "documents"


class BaselineSource(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The reference data that the baseline is made from.

    Attributes:
        data: Files or folders, relative to the monitor file; or one `statistics.json` of SageMaker Model Monitor. A
            `constraints.json` beside either says what windows must fulfil.
        format: `auto` looks into each object; anything else is taken at its word.
        constraint_thresholds: What the shares in a `constraints.json` mean.
    """

    data: tuple[str, ...]
    format: LogFormat = LogFormat.AUTO
    constraint_thresholds: ConstraintThresholds = ConstraintThresholds.CONTAINER


class FromHistory(StrEnum):
    """How a limit follows from the baseline's own windows."""

    SD = "sd"
    QUANTILE = "quantile"


class Limits(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The largest values that are still fine; for `row_count`, the smallest. Or that the baseline's windows set them.

    Attributes:
        warning: Beyond it, a finding is a warning.
        alert: Beyond it, a finding is an alert.
        history: Instead of both: the alert limit is the median over the baseline's own windows and `k` robust standard
            deviations (`sd`), or a quantile of them (`quantile`).
        k: With `sd`, how many; 3 if it is not given.
        quantile: With `quantile`, which one, above 0.5 and up to 1; 0.99 if it is not given. For `row_count`, whose
            limit is the smallest value, it counts from the other end.
    """

    warning: float | None = None
    alert: float | None = None
    history: FromHistory | None = None
    k: float | None = None
    quantile: float | None = None


class CheckRule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One entry of `checks`: it replaces the default of its metric (of its signal, for a drift metric) on its columns.

    Attributes:
        metric: A metric's name; with a convention, `drift` for the metric that the tool itself would choose.
        columns: Where it is checked; by default on every column that it applies to.
        threshold: The alert limit, or a limit each for warning and alert, or `history`; or `auto`, the default: for
            drift what chance alone exceeds too rarely in windows of this size, for all else the metric's own limits.
        floor: With `auto`, for drift: values up to this are of no interest, however sure they are.
        min_rows: With fewer rows than this the finding is `undecided`.
        enabled: False switches the check off on these columns.
        convention: For drift: the tool whose definition, limit and verdict hold; by default the monitor's.
    """

    metric: str
    columns: tuple[str, ...] = ()
    threshold: float | str | Limits | None = None
    floor: float | None = None
    min_rows: int | None = None
    enabled: bool = True
    convention: Convention | None = None


class Multivariate(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which columns are taken together, to watch their relations to each other.

    Attributes:
        columns: Numeric columns, 2 to 100 of them.
    """

    columns: tuple[str, ...]


class Monitor(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A whole monitor file.

    Attributes:
        name: The monitor's name, as it stands in storage keys: small letters, digits and hyphens.
        model: The model whose logs these are.
        logs: Where the logs are.
        columns: What a row holds; the order counts for logs without names.
        output: The root folder (relative to the monitor file) or bucket for everything that Atalaia writes.
        baseline: The reference data.
        window: Width of the tumbling windows of event time, such as `1h` or `1d`.
        lateness: How long after a window's end rows may arrive before it is final.
        checks: What differs from the default checks.
        alarm_rate: With what probability at most, 0 to 1, drift is told of that is none: in a window as a warning, in
            a year as an alert.
        multivariate: Whether the relations of columns to each other are watched: true for those of all numeric
            features, or a list of columns.
        policies: When something is done because of what was found.
        convention: Whose metrics, limits and verdicts hold for drift, unless a check says otherwise.
    """

    name: str
    model: Model
    logs: Logs
    columns: tuple[Column, ...]
    output: str
    baseline: BaselineSource | None = None
    window: str = "1d"
    lateness: str = "1h"
    checks: tuple[CheckRule, ...] = field(default=())
    alarm_rate: float = 0.05
    multivariate: bool | Multivariate = False
    policies: tuple[policies.Policy, ...] = field(default=())
    convention: Convention = Convention.ATALAIA

    @property
    def together(self) -> tuple[str, ...]:
        """The columns taken together, in the order of the file; none if their relations are not watched."""
        if isinstance(self.multivariate, Multivariate):
            return tuple(column.name for column in self.columns if column.name in self.multivariate.columns)
        return tuple(column.name for column in self.columns if relatable(column)) if self.multivariate else ()


def load_monitor(text: str | bytes, name: str, known_metrics: Metrics | None = None) -> Monitor:
    """Read a monitor file.

    Args:
        text: Its content, UTF-8 if it is bytes.
        name: How errors name the file, such as `monitor.yaml`.
        known_metrics: The metrics that checks may name, such as `atalaia.checks.METRICS`; None to accept any name.

    Raises:
        MonitorFileError: It has faults; the error names all of them.
    """
    document = read(text, name)
    try:
        monitor = _convert(document)
    except msgspec.ValidationError as error:
        raise _error(document, known_metrics, str(error)) from None  # it may show a secret that is no value
    for issue in broken_rules(document.data, known_metrics):
        raise _error(document, known_metrics, issue.found)
    return monitor


def find_faults(text: str | bytes, name: str, known_metrics: Metrics | None = None) -> list[Fault]:
    """Return every fault of a monitor file, in the order of its lines; arguments as for `load_monitor`."""
    return _all_faults(read(text, name), known_metrics)


def _convert(document: Document) -> Monitor:
    if document.faults:
        raise msgspec.ValidationError(document.faults[0].found)
    return msgspec.convert(document.data, Monitor)


def _error(document: Document, known_metrics: Metrics | None, reason: str) -> MonitorFileError:
    faults = [str(fault) for fault in _all_faults(document, known_metrics)]
    return MonitorFileError(document.name, faults or [f"{document.name}: {reason}"])


def _all_faults(document: Document, known_metrics: Metrics | None) -> list[Fault]:
    from atalaia.monitor_faults import faults_of  # noqa: PLC0415  # only where there is something to tell

    return faults_of(document, json_schema(), known_metrics)


_TYPES = (Monitor, Model, Logs, BaselineSource, Limits, CheckRule, Multivariate, *policies.TYPES, Column)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a monitor file, with the docstrings' texts for editors to show."""
    (top,), definitions = msgspec.json.schema_components([Monitor], ref_template="#/$defs/{name}")
    types = {type_.__name__: type_ for type_ in _TYPES}
    for name, definition in definitions.items():
        if name in types:
            _describe(definition, inspect.getdoc(types[name]) or "")
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Atalaia monitor file",
        **top,
        "$defs": {name: definitions[name] for name in sorted(definitions)},
    }
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(schema))  # defaults are tuples until then
    return plain


def schema_text() -> str:
    """Return the JSON Schema as text: the content of `atalaia/monitor.schema.json`."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


def _describe(definition: dict[str, Any], docstring: str) -> None:
    """Split a docstring into the description of a type and those of its properties."""
    summary, _, attributes = docstring.partition("\n\nAttributes:\n")
    definition["description"] = summary
    for match in re.finditer(r"^    (\w+): (.+(?:\n {8}.+)*)$", attributes, re.MULTILINE):
        definition["properties"][match[1]]["description"] = re.sub(r"\s+", " ", match[2])
