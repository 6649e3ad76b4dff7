"""The monitor file: one model's logs, columns, baseline, windows, checks and output, as YAML."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from atalaia.schema import Column


class LogFormat(StrEnum):
    """How the log objects are written."""

    AUTO = "auto"
    SAGEMAKER = "sagemaker"
    AZUREML = "azureml"
    KSERVE = "kserve"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


class Model(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The model whose logs these are."""

    name: str
    version: str | None = None


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


class BaselineSource(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The reference data that the baseline is made from: files or folders, relative to the monitor file."""

    data: tuple[str, ...]
    format: LogFormat = LogFormat.AUTO


class Limits(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The largest values that are still fine: above `warning` a finding is a warning, above `alert` an alert."""

    warning: float | None = None
    alert: float | None = None


class CheckRule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One entry of `checks`: it replaces the default of its metric (of its signal, for a drift metric) on its columns.

    Attributes:
        metric: A metric's name.
        columns: Where it is checked; by default on every column that it applies to.
        threshold: The alert limit, or a limit each for warning and alert.
        min_rows: With fewer rows than this the finding is `undecided`.
        enabled: False switches the check off on these columns.
    """

    metric: str
    columns: tuple[str, ...] = ()
    threshold: float | Limits | None = None
    min_rows: int | None = None
    enabled: bool = True


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
