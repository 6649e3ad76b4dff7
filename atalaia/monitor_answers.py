"""What answers and labels must fulfil, so that how good the answers are can be measured: rules on plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atalaia.monitor_columns import typed
from atalaia.schema import Column, Kind, Role, Type, label_of
from atalaia.wording import plural

CLASS_METRICS = ("accuracy", "precision", "recall", "f1")
NUMBER_METRICS = ("mean_absolute_error", "root_mean_square_error", "r_squared")
AREA = "area_under_roc"
PERFORMANCE: Mapping[str, tuple[Role, Kind]] = {
    **dict.fromkeys(CLASS_METRICS, (Role.PREDICTION, Kind.CATEGORICAL)),
    **dict.fromkeys(NUMBER_METRICS, (Role.PREDICTION, Kind.NUMERIC)),
    AREA: (Role.SCORE, Kind.NUMERIC),
}
"""Metrics of answers beside labels, with the role and the kind of the columns that they are measured on."""

UP_TO_1 = frozenset(PERFORMANCE) - {"mean_absolute_error", "root_mean_square_error"}
"""Of these none is above 1, so that a larger limit would always be passed."""

Why = tuple[str, str]
"""Why there is nothing to measure, and what to do."""


def unmeasurable(metric: str, name: str | None, columns: Mapping[str, dict[str, Any]]) -> Why | None:
    """Return why a metric of performance has nothing to measure; None if it has, and of any other metric.

    Args:
        metric: Its name.
        name: The column that it is to be measured on; None for any.
        columns: The file's columns by name.
    """
    known = [typed(column, of) for of, column in columns.items()]
    whole = [column for column in known if column is not None]
    if metric not in PERFORMANCE or len(whole) < len(known) or (name is not None and name not in columns):
        return None  # or what is wrong is told elsewhere
    if not any(column.role is Role.LABEL for column in whole):
        found = f"no column has the role 'label', so {metric!r} has nothing to check"
        return found, "Give the column that tells what turned out to be true `role: label`."
    return _on_any(metric, whole) if name is None else _on(metric, next(c for c in whole if c.name == name), whole)


def _on_any(metric: str, columns: list[Column]) -> Why | None:
    role, kind = PERFORMANCE[metric]
    reasons = [
        _on(metric, column, columns) for column in columns if (column.role, column.effective_kind) == (role, kind)
    ]
    if not reasons:
        found = f"no column has the role '{role}' and the kind '{kind}', so {metric!r} has nothing to check"
        return found, f"Give a column both, or remove {metric!r}."
    return None if None in reasons else reasons[0]


def _on(metric: str, column: Column, columns: list[Column]) -> Why | None:
    role, kind = PERFORMANCE[metric]
    if column.role is not role:
        found = f"the column {column.name!r} has not the role '{role}', so {metric!r} has nothing to check there"
        return found, f"Give the column `role: {role}`, or remove it here."
    if column.effective_kind is not kind:
        found = (
            f"the column {column.name!r} is of the kind '{column.effective_kind}', so {metric!r} has nothing to check"
        )
        return f"{found} there", f"Give the column and its label `kind: {kind}`, or remove it here."
    labels = [each for each in columns if each.role is Role.LABEL]
    return _score(column, labels) if metric == AREA else _prediction(column, labels, columns)


def _score(score: Column, labels: list[Column]) -> Why | None:
    if len(labels) > 1:
        found = f"there are {len(labels)} labels, so it is not known which of them {score.name!r} tells of"
        return found, "Keep one `role: label`."
    if labels[0].effective_kind is not Kind.CATEGORICAL:
        found = (
            f"the label {labels[0].name!r} is of the kind '{labels[0].effective_kind}', and a score tells classes apart"
        )
        return found, "Give the label `type: boolean`, or `kind: categorical`."
    return None


def _prediction(prediction: Column, labels: list[Column], columns: list[Column]) -> Why | None:
    if prediction.name in label_of(columns):
        return None
    predictions = [each for each in columns if each.role is Role.PREDICTION]
    if len(labels) not in (1, len(predictions)):
        found = f"there are {plural(len(labels), 'label')} for {plural(len(predictions), 'prediction')}"
        return f"{found}, so it is not known which belong together", "Keep one label, or one for each, in their order."
    label = labels[0] if len(labels) == 1 else labels[predictions.index(prediction)]
    found = (
        f"the prediction {prediction.name!r} is {_spelt(prediction)}, but its label {label.name!r} is {_spelt(label)}"
    )
    return found, "Give both the same `type` and `kind`."


def _spelt(column: Column) -> str:
    return "boolean" if column.type is Type.BOOLEAN else f"{column.effective_kind} ({column.type})"
