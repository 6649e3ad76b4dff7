"""Checks: which metric is judged where, and how.

Every metric has one default, documented in `METRICS`: fixed limits, or for drift the limit that chance sets
(`atalaia.judging`). An entry under `checks` in the monitor file replaces the default of its metric on its columns; an
entry for a drift metric replaces the default drift metric there.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct
from msgspec.structs import replace

from atalaia.monitor_file import CheckRule, Convention, Limits
from atalaia.schema import Column, Kind, Side
from atalaia.signals.drift import NUMERIC_METRICS
from atalaia.signals.over_time import FLOOR as OVER_TIME_FLOOR
from atalaia.signals.tables import SHARE_METRICS

DATA_DRIFT, PREDICTION_DRIFT, QUALITY, STABILITY = "data_drift", "prediction_drift", "quality", "stability"
MULTIVARIATE_DRIFT = "multivariate_drift"
CHANGE = "change"
OVER_TIME = "drift_over_time"
PERFORMANCE = "performance"

ROWS_PER_CATEGORY = 50
"""With fewer rows than this for each category, a given limit on shares says more about chance than about drift."""

GIVEN_ROWS = 500
"""With fewer rows than this on either side, a given limit of drift says more about chance than about drift."""


class Metric(Struct, frozen=True):
    """How a metric is judged unless the monitor file says otherwise.

    Attributes:
        family: `drift`, `multivariate_drift`, `quality`, `stability`, `performance` or `change`.
        meaning: What the value is, in words.
        limits: The default limits; none where chance sets them.
        floor: Where chance sets the limits: what a value has to exceed at least to be of interest.
        min_rows: With fewer rows the finding is undecided.
        relative: The default limits are added to what the baseline has, or subtracted where they lie below.
        scaled: They are not added as they are, but as so many times what the baseline has.
        below: The limits are the smallest values that are still fine, not the largest.
        of_window: Measured once for the window, not for each column.
        history: The baseline's own windows can set the limit.
    """

    family: str
    meaning: str
    limits: Limits
    min_rows: int = 1
    floor: float | None = None
    relative: bool = False
    scaled: bool = False
    below: bool = False
    of_window: bool = False
    history: bool = False


_DRIFT_ROWS = 500
_CHANCE_ROWS = 30


def _drift(meaning: str, floor: float) -> Metric:
    return Metric("drift", meaning, Limits(), _CHANCE_ROWS, floor, history=True)


def _rate(meaning: str, fall: float = 0.1) -> Metric:
    return Metric(PERFORMANCE, meaning, Limits(alert=fall), _DRIFT_ROWS, relative=True, below=True)


def _error(meaning: str) -> Metric:
    return Metric(PERFORMANCE, meaning, Limits(alert=0.5), _DRIFT_ROWS, relative=True, scaled=True)


def _rule(meaning: str) -> Metric:
    return Metric(QUALITY, meaning, Limits(warning=0.0, alert=0.01))


METRICS: dict[str, Metric] = {
    "cramer_von_mises": _drift("root mean square distance between the distribution functions", 0.02),
    "kolmogorov_smirnov": _drift("largest distance between the distribution functions", 0.03),
    "jensen_shannon": _drift("Jensen-Shannon distance in base 2", 0.02),
    "jensen_shannon_divergence": _drift("Jensen-Shannon divergence in base 2", 0.0004),
    "psi": _drift("population stability index", 0.002),
    "kullback_leibler": _drift("Kullback-Leibler divergence from the baseline", 0.001),
    "hellinger": _drift("Hellinger distance", 0.02),
    "total_variation": _drift("total variation distance", 0.02),
    "l_infinity": _drift("largest difference of a share", 0.02),
    "l_infinity_robust": Metric(
        "drift",
        "largest difference of a share, less what chance makes of it",
        Limits(alert=0.1),
        _CHANCE_ROWS,
        history=True,
    ),
    "wasserstein": _drift("Wasserstein distance in the column's unit", 0.05),
    "wasserstein_normalised": _drift("Wasserstein distance in standard deviations of the baseline", 0.05),
    "cohen_w": _drift("Cohen's w of the counts", 0.05),
    "chi_square": _drift("chi-square statistic of the counts", 0.002),
    "g_test": _drift("likelihood-ratio statistic of the counts", 0.002),
    "drift_over_time": Metric(
        OVER_TIME, "how far the mean rank, or a share, has moved over many windows", Limits(), floor=OVER_TIME_FLOOR
    ),
    "correlation_change": Metric(
        MULTIVARIATE_DRIFT,
        "root mean square change of the correlations between columns",
        Limits(alert=0.1),
        _DRIFT_ROWS,
        of_window=True,
    ),
    "reconstruction_error": Metric(
        MULTIVARIATE_DRIFT,
        "relative change of the reconstruction error on the baseline's principal components",
        Limits(warning=0.25, alert=0.5),
        _DRIFT_ROWS,
        of_window=True,
    ),
    "missing": Metric(
        QUALITY, "share of rows without a value", Limits(alert=0.05), min_rows=100, relative=True, history=True
    ),
    "type_errors": _rule("share of rows with a value of another type"),
    "out_of_range": _rule("share of values outside the range"),
    "out_of_set": _rule("share of values outside the set"),
    "off_pattern": _rule("share of values that do not match the pattern"),
    "empty": Metric(QUALITY, "share of texts that are empty or blank", Limits(alert=0.05), min_rows=100, relative=True),
    "pattern_share": Metric(
        QUALITY, "change of the share of texts that contain the pattern", Limits(alert=0.1), _DRIFT_ROWS
    ),
    "missing_column": Metric(QUALITY, "whether the column is gone from every row (1) or not (0)", Limits(alert=0.0)),
    "extra_column": Metric(QUALITY, "share of rows with a column that the monitor does not know", Limits(warning=0.0)),
    "row_count": Metric(
        QUALITY, "the number of rows in the window", Limits(alert=1.0), 0, below=True, of_window=True, history=True
    ),
    "rejected": Metric(QUALITY, "share of rows rejected", Limits(warning=0.0, alert=0.05), of_window=True),
    "undated": Metric(QUALITY, "share of rows without a believable event time", Limits(warning=0.01), of_window=True),
    "late": Metric(QUALITY, "share of rows logged after the lateness", Limits(warning=0.01), of_window=True),
    "duplicates": Metric(
        QUALITY, "share of rows whose id came before", Limits(warning=0.001, alert=0.05), of_window=True
    ),
    "other_baseline": Metric(
        QUALITY, "log objects left out: profiled on another baseline", Limits(warning=0.0), of_window=True
    ),
    "lost_resolution": Metric(
        QUALITY, "share of values in one cell of the grid, beyond the baseline's", Limits(warning=0.2), _DRIFT_ROWS
    ),
    "segment_rest": Metric(
        QUALITY, "share of values that are no segment of their own", Limits(warning=0.1), _DRIFT_ROWS, relative=True
    ),
    "nan": Metric(STABILITY, "share of numbers that are NaN", Limits(warning=0.0, alert=0.01), relative=True),
    "infinity": Metric(STABILITY, "share of numbers that are infinite", Limits(warning=0.0, alert=0.01), relative=True),
    "denormal": Metric(STABILITY, "share of numbers too small for full precision", Limits(warning=0.01), relative=True),
    "overflow": Metric(
        STABILITY, "share of numbers too large for a float", Limits(warning=0.0, alert=0.01), relative=True
    ),
    "constant": Metric(
        STABILITY, "whether an output column took a single value (1) or more (0)", Limits(alert=0.0), min_rows=100
    ),
    "accuracy": _rate("share of predictions that are right"),
    "precision": _rate("share of positive predictions that are right"),
    "recall": _rate("share of positive labels that are predicted"),
    "f1": _rate("harmonic mean of precision and recall"),
    "area_under_roc": _rate("probability that a positive label has the higher score"),
    "mean_absolute_error": _error("mean distance of predictions from labels"),
    "root_mean_square_error": _error("root mean square distance of predictions from labels"),
    "r_squared": _rate("part of the labels' variance that predictions explain", 0.2),
    "model_versions": Metric(
        CHANGE, "number of versions of the model in the window", Limits(warning=1.0), of_window=True
    ),
}
"""Every metric that can be judged, by name."""


class Check(Struct, frozen=True):
    """A metric with the limits that judge it on one column, or on the window when *column* is None.

    With a *floor* the limits are those that chance sets, above it. *own_rows* tells that the monitor file says
    *min_rows*: then it holds as it is, and nothing else asks for more rows or fewer.
    """

    metric: str
    column: str | None
    limits: Limits
    min_rows: int
    relative: bool
    floor: float | None = None
    own_rows: bool = False


def default_drift_metric(column: Column) -> str:
    """Return the metric that judges a column's drift unless the monitor file names another; of text, its lengths'."""
    return "cohen_w" if column.effective_kind is Kind.CATEGORICAL else "cramer_von_mises"


def signal_of(metric: str, column: Column | None) -> str:
    """Return the signal that a metric on a column belongs to."""
    family = METRICS[metric].family
    if family not in ("drift", OVER_TIME):
        return family
    return PREDICTION_DRIFT if column is not None and column.side is Side.OUTPUT else DATA_DRIFT


def applies(metric: str, column: Column) -> bool:
    """Tell whether a drift metric is defined for the column."""
    return metric in (SHARE_METRICS if column.effective_kind is Kind.CATEGORICAL else NUMERIC_METRICS)


def drift_checks(column: Column, rules: tuple[CheckRule, ...], *, default: bool = True) -> list[Check]:
    """Return the drift checks of *column*: those that the rules name, or else the default, if one is wanted.

    Rules under another tool's convention are not looked at (`atalaia.other_tools`).
    """
    own = [rule for rule in rules if _is_own(rule) and _names(rule, column.name)]
    named = dict.fromkeys(rule.metric for rule in own if METRICS[rule.metric].family == "drift")
    chosen = [check_of(metric, column.name, rules) for metric in named if applies(metric, column)]
    checks = [check for check in chosen if check is not None]
    if not default:
        return checks
    usual = check_of(default_drift_metric(column), column.name, rules)
    return checks or ([usual] if usual is not None else [])


def performance_checks(column: str, rules: tuple[CheckRule, ...], measured: Collection[str]) -> list[Check]:
    """Return the checks of a *column*'s performance: of the metrics *measured* there those named, or else the first."""
    named = dict.fromkeys(rule.metric for rule in rules if rule.metric in measured and _names(rule, column))
    checks = [check for check in (check_of(metric, column, rules) for metric in named) if check is not None]
    usual = [check_of(metric, column, rules) for metric in [*measured][:1]]
    return checks or [check for check in usual if check is not None]


def check_of(metric: str, column: str | None, rules: tuple[CheckRule, ...]) -> Check | None:
    """Return the check of a metric on a column, None where it is switched off; the last rule that fits holds."""
    named = [rule for rule in rules if rule.metric == metric and _is_own(rule)]
    fitting = [rule for rule in named if column is None or _names(rule, column)]
    if not fitting:
        default = METRICS[metric]
        return Check(metric, column, default.limits, default.min_rows, default.relative, default.floor)
    last = fitting[-1]
    if not last.enabled:
        return None
    check = _amended(metric, column, last)
    return check if last.min_rows is None else replace(check, min_rows=last.min_rows, own_rows=True)


def _is_own(rule: CheckRule) -> bool:
    return rule.convention in (None, Convention.ATALAIA)


def _names(rule: CheckRule, column: str) -> bool:
    return not rule.columns or column in rule.columns


def _amended(metric: str, column: str | None, rule: CheckRule) -> Check:
    default = METRICS[metric]
    if rule.threshold is None or isinstance(rule.threshold, str):
        floor = default.floor if rule.floor is None else rule.floor
        return Check(metric, column, default.limits, default.min_rows, default.relative, floor)
    limits = rule.threshold if isinstance(rule.threshold, Limits) else Limits(alert=float(rule.threshold))
    least = GIVEN_ROWS if default.floor is not None and limits.history is None else default.min_rows
    return Check(metric, column, limits, least, relative=False)


class Verdict(Struct, frozen=True):
    """A status, and the limit that decided it: the one passed, or else the next one to come."""

    status: str
    threshold: float | None


def judge(check: Check, value: float | None, rows: int, from_baseline: float = 0.0, needed: int = 0) -> Verdict:
    """Judge a measured value.

    Args:
        check: The limits.
        value: What was measured; None when it could not be.
        rows: On how many rows it rests.
        from_baseline: What the baseline has, for checks relative to it.
        needed: More rows than the check itself asks for, where the data ask for them.
    """
    alert, warning = (_limit(limit, check, from_baseline) for limit in (check.limits.alert, check.limits.warning))
    nearest = alert if warning is None else warning
    if value is None or rows < max(check.min_rows, needed):
        return Verdict("undecided", nearest)
    for status, limit in (("alert", alert), ("warning", warning)):
        if limit is not None and (value < limit if METRICS[check.metric].below else value > limit):
            return Verdict(status, limit)
    return Verdict("ok", nearest)


def _limit(limit: float | None, check: Check, base: float) -> float | None:
    """Take a relative limit from what the baseline has; above a share leave room: not more than halfway to 1."""
    metric = METRICS[check.metric]
    if limit is None or not check.relative:
        return limit
    if metric.scaled:
        return base * (1 + limit)
    if metric.below:
        return base - limit
    return min(base + limit, (base + 1) / 2) if base else limit
