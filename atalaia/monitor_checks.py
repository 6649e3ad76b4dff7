"""What a monitor file must fulfil in its checks, and in its choice of the columns taken together.

Rules on plain data; each looks only at values of the right type.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Protocol

from atalaia.monitor_answers import UP_TO_1, unmeasurable
from atalaia.monitor_columns import UNMEASURED, is_number, kind_of, list_of, mapping_of
from atalaia.monitor_yaml import Issue, Path
from atalaia.schema import MOST_TOGETHER, Kind, Role
from atalaia.spelling import suggest

RULE_METRICS = {"out_of_range": "range", "out_of_set": "set", "off_pattern": "pattern", "pattern_share": "patterns"}
"""Metrics that rest on a rule of the column, with the key of that rule."""


RELATIONS = ("correlation_change", "reconstruction_error")
"""Metrics of columns taken together."""


SHORT_NAMES = {
    "ks": "kolmogorov_smirnov",
    "cvm": "cramer_von_mises",
    "js": "jensen_shannon",
    "jsd": "jensen_shannon",
    "jsdivergence": "jensen_shannon_divergence",
    "kl": "kullback_leibler",
    "kld": "kullback_leibler",
    "h": "hellinger",
    "tv": "total_variation",
    "tvd": "total_variation",
    "linf": "l_infinity",
    "linfrobust": "l_infinity_robust",
    "w": "wasserstein",
    "emd": "wasserstein",
    "wn": "wasserstein_normalised",
    "wnorm": "wasserstein_normalised",
    "cohensw": "cohen_w",
    "chi2": "chi_square",
    "g": "g_test",
    "χ": "chi_square",
    "χ2": "chi_square",
    "acc": "accuracy",
    "auc": "area_under_roc",
    "rocauc": "area_under_roc",
    "f1score": "f1",
    "mae": "mean_absolute_error",
    "rmse": "root_mean_square_error",
    "r2": "r_squared",
}
"""What metrics are called in short, in small letters and digits only."""


CHOICE = "drift"
"""What a check under a tool's convention names for the metric that the tool itself would choose."""

CONSTRAINT_CHECKS = (
    "data_type_check", "completeness_check", "baseline_drift_check", "missing_column_check", "extra_column_check",
    "categorical_values_check",
)  # fmt: skip
"""The checks of a `constraints.json`, by the names of Model Monitor, which are those of the findings' metrics."""

BY_CONVENTION: Mapping[str, tuple[str, ...]] = {
    "azureml": ("wasserstein_normalised", "jensen_shannon", "psi", "kolmogorov_smirnov", "chi_square"),
    "evidently": (
        "wasserstein_normalised",
        "jensen_shannon",
        "psi",
        "kullback_leibler",
        "hellinger",
        "kolmogorov_smirnov",
        "chi_square",
    ),
    "nannyml": ("jensen_shannon", "hellinger", "kolmogorov_smirnov", "wasserstein", "l_infinity", "chi_square"),
    "sagemaker": ("kolmogorov_smirnov", "l_infinity", "chi_square"),
}
"""The drift metrics that each tool has a definition of, by our names."""

DRIFT_METRICS = frozenset(name for names in BY_CONVENTION.values() for name in names) | {"total_variation"}
"""What a convention of the whole monitor applies to."""


class MetricRules(Protocol):
    """What there is to know of a metric before it may stand in a check."""

    @property
    def below(self) -> bool:
        """Whether its limits are the smallest values that are still fine."""

    @property
    def of_window(self) -> bool:
        """Whether it is measured once for the window, not for each column."""

    @property
    def floor(self) -> float | None:
        """What a value has to exceed at least, where chance sets the limits."""

    @property
    def history(self) -> bool:
        """Whether the baseline's own windows can set its limit."""


Metrics = Mapping[str, MetricRules]
"""The metrics that a check may name."""


def _suggest_metric(word: str, known: Collection[str]) -> str:
    plain = "".join(character for character in word.lower().replace("²", "2") if character.isalnum())
    meant = SHORT_NAMES.get(plain)
    if meant in known:
        return f"Did you mean {meant!r}?"
    return suggest(word, known, "metrics", most=len(known))


def broken_check_rules(
    check: dict[str, Any], path: Path, columns: Mapping[str, dict[str, Any]], known_metrics: Metrics | None
) -> Iterator[Issue]:
    """Yield what breaks a rule in one check.

    Args:
        check: As it stands in the file.
        path: Where it stands.
        columns: The file's columns by name.
        known_metrics: The metrics that it may name; None to accept any name.
    """
    convention = check.get("convention")
    if isinstance(convention, str) and convention in BY_CONVENTION:
        yield from _under(convention, check.get("metric"), (*path, "metric"))
        yield from _threshold(check.get("threshold"), (*path, "threshold"), None)
        yield from _min_rows(check.get("min_rows"), (*path, "min_rows"))
        yield from _checked(check, (*path, "columns"), columns, None)
        return
    name = check.get("metric")
    metric = known_metrics.get(name) if known_metrics is not None and isinstance(name, str) else None
    if known_metrics is not None and isinstance(name, str) and metric is None:
        yield Issue((*path, "metric"), f"there is no metric {name!r}", _suggest_metric(name, known_metrics))
    yield from _threshold(check.get("threshold"), (*path, "threshold"), metric)
    if metric is not None and name in UP_TO_1:
        yield from _percents(check.get("threshold"), (*path, "threshold"))
    yield from _floor(check, (*path, "floor"), metric)
    yield from _min_rows(check.get("min_rows"), (*path, "min_rows"))
    yield from _checked(check, (*path, "columns"), columns, metric)


AUTO = "auto"
"""The threshold that is not given: the metric's own, which for drift knows the size of the window."""


def _under(convention: str, metric: object, path: Path) -> Iterator[Issue]:
    """Yield why a tool has no such metric."""
    known = (CHOICE, *BY_CONVENTION[convention])
    if isinstance(metric, str) and metric not in known:
        fix = f"{_suggest_metric(metric, known)} `convention: atalaia` takes our own definition."
        yield Issue(path, f"{convention!r} has no metric {metric!r}", fix)


def _threshold(threshold: object, path: Path, metric: MetricRules | None) -> Iterator[Issue]:
    yield from _limit(threshold, path)
    if isinstance(threshold, str) and threshold != AUTO:
        fix = "Give a number, limits for `warning` and `alert`, or `auto`."
        yield Issue(path, f"{threshold!r} is not a threshold", fix)
    if not isinstance(threshold, dict):
        return
    yield from _history(threshold, path, metric)
    warning, alert = threshold.get("warning"), threshold.get("alert")
    if not any(value is not None for value in threshold.values()) and threshold.keys() <= _LIMITS:
        fix = "Give `warning`, `alert` or both; `enabled: false` switches a check off."
        yield Issue(path, "no limit is given, so every value would be fine", fix)
    yield from _limit(warning, (*path, "warning"))
    yield from _limit(alert, (*path, "alert"))
    if metric is not None and is_number(warning) and is_number(alert):
        yield from _order(warning, alert, metric.below, path)


_LIMITS = {"warning", "alert", "history", "k", "quantile"}
_OF_HISTORY = {"k": "sd", "quantile": "quantile"}
"""Keys that say more about a limit from history, each with the `history` that it belongs to."""


def _history(threshold: dict[str, Any], path: Path, metric: MetricRules | None) -> Iterator[Issue]:
    """Yield what is wrong with a limit that the baseline's own windows are to set."""
    history = threshold.get("history")
    yield from _how(threshold, path)
    if history is not None and metric is not None and not metric.history:
        fix = "Give limits instead; drift metrics, `missing` and `row_count` can take theirs from history."
        yield Issue((*path, "history"), "this metric has no history in the baseline", fix)
    for key in ("warning", "alert"):
        if history is not None and threshold.get(key) is not None:
            yield Issue((*path, key), "a limit has no meaning beside `history`, which sets it", "Remove one of them.")


def _how(threshold: dict[str, Any], path: Path) -> Iterator[Issue]:
    for key, way in _OF_HISTORY.items():
        if threshold.get(key) is not None and threshold.get("history") != way:
            yield Issue((*path, key), f"`{key}` has no meaning without `history: {way}`", "Remove it, or add that.")
    k, quantile = threshold.get("k"), threshold.get("quantile")
    if is_number(k) and k <= 0:
        yield Issue((*path, "k"), f"{k} is not above 0", "Give how many standard deviations are fine, such as 3.")
    if is_number(quantile) and not _MIDDLE < quantile <= 1:
        fix = "Give the share of the baseline's windows that are to be fine, such as 0.99."
        yield Issue((*path, "quantile"), f"{quantile} is not above 0.5 and up to 1", fix)


_MIDDLE = 0.5


def _order(warning: float, alert: float, floor: bool, path: Path) -> Iterator[Issue]:
    if warning < alert if floor else warning > alert:
        side, limit = ("below", "larger") if floor else ("above", "smaller")
        found = f"the warning limit {warning} is {side} the alert limit {alert}"
        yield Issue(path, found, f"A warning comes before an alert: give it the {limit} limit.")


def _limit(value: object, path: Path) -> Iterator[Issue]:
    if is_number(value) and value < 0:
        yield Issue(path, f"{value} is below 0", "Give the largest value you accept, such as 0.2.")


def _percents(threshold: object, path: Path) -> Iterator[Issue]:
    """Yield limits of a share that are above it, as percentages are."""
    limits = {(*path, key): threshold.get(key) for key in ("warning", "alert")} if isinstance(threshold, dict) else {}
    for place, value in (limits or {path: threshold}).items():
        if is_number(value) and value > 1:
            yield Issue(place, f"{value} is above 1, so every value would be below it", "Write 0.8 for 80 %.")


def _floor(check: dict[str, Any], path: Path, metric: MetricRules | None) -> Iterator[Issue]:
    floor = check.get("floor")
    yield from _limit(floor, path)
    if floor is None:
        return
    if metric is not None and metric.floor is None:
        yield Issue(path, f"{check['metric']!r} is not judged by chance, so it has no floor", "Remove it.")
    elif check.get("threshold") not in (None, AUTO):
        yield Issue(path, "a floor has no meaning beside a given threshold", "Remove one of the two.")


def _min_rows(least: object, path: Path) -> Iterator[Issue]:
    if isinstance(least, int) and not isinstance(least, bool) and least < 1:
        fix = "Give the number of rows from which the metric can be trusted, such as 100."
        yield Issue(path, f"{least} is not above 0", fix)


def _checked(
    check: dict[str, Any], path: Path, columns: Mapping[str, dict[str, Any]], metric: MetricRules | None
) -> Iterator[Issue]:
    """Yield what is wrong with the columns of a check."""
    listed = list_of(check.get("columns"))
    if listed and metric is not None and metric.of_window:
        found = f"{check['metric']!r} is measured once for the whole window, not for columns"
        yield Issue(path, found, "Remove `columns`.")
        return
    if metric is not None and not listed:
        yield from _unmeasured(str(check["metric"]), None, columns, (*path[:-1], "metric"))
    for place, name in enumerate(listed):
        if isinstance(name, str) and name not in columns:
            yield Issue((*path, place), f"there is no column {name!r}", suggest(name, columns, "columns"))
        elif isinstance(name, str) and metric is not None:
            yield from _idle(str(check["metric"]), columns[name], (*path, place))
            yield from _unmeasured(str(check["metric"]), name, columns, (*path, place))


def _unmeasured(metric: str, name: str | None, columns: Mapping[str, dict[str, Any]], path: Path) -> Iterator[Issue]:
    why = unmeasurable(metric, name, columns)
    if why is not None and (name is None or columns[name].get("role") not in UNMEASURED):
        yield Issue(path, *why)


def _idle(metric: str, column: dict[str, Any], path: Path) -> Iterator[Issue]:
    """Yield why there is nothing that *metric* could measure on the column."""
    name, rule = column["name"], RULE_METRICS.get(metric, "name")
    if column.get("role") in UNMEASURED:
        found = f"the column {name!r} has the role {column['role']!r}, so nothing is measured on it"
        yield Issue(path, found, "Remove it here, or give the column another role.")
    elif metric == "empty" and kind_of(column) is not Kind.TEXT:
        found = f"the column {name!r} is not of the kind 'text', so {metric!r} has nothing to check there"
        yield Issue(path, found, "Give the column `kind: text`, or remove it here.")
    elif metric == "segment_rest" and column.get("role") != Role.SEGMENT:
        found = f"the column {name!r} has not the role 'segment', so {metric!r} has nothing to check there"
        yield Issue(path, found, "Give the column `role: segment`, or remove it here.")
    elif column.get(rule) is None:
        found = f"the column {name!r} has no `{rule}`, so {metric!r} has nothing to check there"
        yield Issue(path, found, f"Give the column a `{rule}`, or remove it here.")


_FEWEST_TOGETHER = 2


def broken_relation_rules(multivariate: object, columns: Mapping[str, dict[str, Any]]) -> Iterator[Issue]:
    """Yield what is wrong with the choice of the columns taken together."""
    if multivariate is True:
        yield from _how_many([name for name, column in columns.items() if _is_feature(column)], ("multivariate",))
    listed = mapping_of(multivariate).get("columns")
    if not isinstance(listed, list):
        return
    path: Path = ("multivariate", "columns")
    for place, name in enumerate(listed):
        if isinstance(name, str):
            yield from _taken(name, listed.index(name) < place, columns, (*path, place))
    yield from _how_many(listed, path)


def _is_feature(column: dict[str, Any]) -> bool:
    return column.get("role", Role.FEATURE) == Role.FEATURE and kind_of(column) is Kind.NUMERIC


def _how_many(names: list[Any], path: Path) -> Iterator[Issue]:
    fix = "Name the columns that matter under multivariate.columns."
    if len(names) > MOST_TOGETHER:
        found = f"{len(names)} columns are to be taken together, but {MOST_TOGETHER} are the most"
        yield Issue(path, found, f"{fix} The cost grows with the square of their number.")
    if len(names) < _FEWEST_TOGETHER:
        there = "only 1 column is" if names else "no columns are"
        found = f"{there} to be taken together, so there is no relation to watch"
        yield Issue(path, found, "Name two or more under multivariate.columns, or remove `multivariate`.")


def _taken(name: str, repeated: bool, columns: Mapping[str, dict[str, Any]], path: Path) -> Iterator[Issue]:
    column = columns.get(name)
    if column is None:
        yield Issue(path, f"there is no column {name!r}", suggest(name, columns, "columns"))
    elif repeated:
        yield Issue(path, f"the column {name!r} is listed twice", "Remove it here.")
    elif column.get("role") in UNMEASURED:
        found = f"the column {name!r} has the role {column['role']!r}, so nothing is measured on it"
        yield Issue(path, found, "Remove it here, or give the column another role.")
    elif kind_of(column) is Kind.CATEGORICAL:
        found = f"the column {name!r} is compared by its categories, and only numbers correlate"
        yield Issue(path, found, "Remove it here, or give the column `kind: numeric`.")
