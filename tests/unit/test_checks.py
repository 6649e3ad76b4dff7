import pytest

from atalaia.checks import (
    METRICS,
    Check,
    Verdict,
    applies,
    check_of,
    default_drift_metric,
    drift_checks,
    judge,
    performance_checks,
    signal_of,
)
from atalaia.monitor_file import CheckRule, Limits
from atalaia.schema import Column, Role, Type

NUMBER = Column("x")
WORD = Column("word", type=Type.STRING)
SCORE = Column("score", role=Role.SCORE)


def check(limits, metric="missing", min_rows=1, relative=False):
    return Check(metric, "x", limits, min_rows, relative)


@pytest.mark.parametrize(
    ("value", "status", "threshold"),
    [(0.0, "ok", 0.1), (0.1, "ok", 0.1), (0.15, "warning", 0.1), (0.2, "warning", 0.1), (0.21, "alert", 0.2)],
)
def test_a_limit_is_the_largest_value_that_is_still_fine(value, status, threshold):
    verdict = judge(check(Limits(warning=0.1, alert=0.2)), value, 10)

    assert (verdict.status, verdict.threshold) == (status, threshold)


def test_a_floor_is_the_smallest_value_that_is_still_fine():
    floor = check(Limits(alert=5.0), metric="row_count", min_rows=0)

    assert [judge(floor, rows, int(rows)).status for rows in (4.0, 5.0, 6.0)] == ["alert", "ok", "ok"]


def test_too_few_rows_are_undecided_however_large_the_value():
    assert judge(check(Limits(alert=0.1), min_rows=100), 1.0, 99).status == "undecided"
    assert judge(check(Limits(alert=0.1)), 1.0, 99, needed=100).status == "undecided"


def test_what_could_not_be_measured_is_undecided():
    assert judge(check(Limits(alert=0.1)), None, 1000).status == "undecided"


def test_a_relative_limit_is_added_to_what_the_baseline_has():
    verdict = judge(check(Limits(alert=0.05), relative=True), 0.14, 100, from_baseline=0.1)

    assert (verdict.status, verdict.threshold) == ("ok", pytest.approx(0.15))


def test_a_relative_limit_below_is_subtracted_from_what_the_baseline_has():
    fall = check(Limits(alert=0.1), "accuracy", relative=True)

    assert [judge(fall, value, 1000, 0.9).status for value in (0.79, 0.8, 1.0)] == ["alert", "ok", "ok"]
    assert judge(fall, 0.5, 1000, 0.9).threshold == pytest.approx(0.8)
    assert judge(check(Limits(alert=0.8), "accuracy"), 0.79, 1000, 0.9).status == "alert"


def test_a_scaled_limit_is_so_many_times_what_the_baseline_has():
    growth = check(Limits(alert=0.5), "mean_absolute_error", relative=True)

    assert [judge(growth, value, 1000, 20.0).status for value in (30.0, 30.1)] == ["ok", "alert"]
    assert judge(growth, 0.1, 1000, 0.0) == Verdict("alert", 0.0)


def test_performance_is_judged_by_the_metrics_named_or_else_by_the_first():
    measured = ("accuracy", "precision", "recall")
    by_name = [CheckRule("recall"), CheckRule("precision", columns=("other",)), CheckRule("psi")]

    def metrics(*rules):
        return [each.metric for each in performance_checks("x", rules, measured)]

    assert metrics() == metrics(CheckRule("f1")) == ["accuracy"]
    assert metrics(*by_name) == ["recall"]
    assert metrics(CheckRule("recall"), CheckRule("accuracy")) == ["recall", "accuracy"]
    assert metrics(CheckRule("recall", enabled=False)) == ["accuracy"]
    assert metrics(CheckRule("accuracy", enabled=False)) == []
    assert performance_checks("x", (), ()) == []


def test_a_check_without_limits_is_ok():
    verdict = judge(check(Limits()), 7.0, 10)

    assert (verdict.status, verdict.threshold) == ("ok", None)


def test_each_kind_of_column_has_one_default_drift_metric():
    assert [c.metric for c in drift_checks(NUMBER, ())] == ["cramer_von_mises"]
    assert [c.metric for c in drift_checks(WORD, ())] == ["cohen_w"]
    assert default_drift_metric(Column("t", type=Type.TIME)) == "cramer_von_mises"


def test_a_drift_rule_replaces_the_default_on_its_columns_only():
    rules = (CheckRule("psi", columns=("x",), threshold=0.3),)

    assert [(c.metric, c.limits.alert) for c in drift_checks(NUMBER, rules)] == [("psi", 0.3)]
    assert [c.metric for c in drift_checks(SCORE, rules)] == ["cramer_von_mises"]


def test_a_drift_rule_that_does_not_apply_to_a_column_leaves_its_default():
    rules = (CheckRule("wasserstein", threshold=3.0),)

    assert [c.metric for c in drift_checks(WORD, rules)] == ["cohen_w"]


def test_several_drift_rules_all_hold():
    rules = (CheckRule("psi"), CheckRule("hellinger", threshold=Limits(warning=0.05)))

    assert [c.metric for c in drift_checks(NUMBER, rules)] == ["psi", "hellinger"]


def test_a_drift_metric_can_be_switched_off():
    assert drift_checks(NUMBER, (CheckRule("cramer_von_mises", enabled=False),)) == []


def test_switching_off_a_metric_that_was_not_judged_leaves_the_default():
    assert [c.metric for c in drift_checks(NUMBER, (CheckRule("psi", enabled=False),))] == ["cramer_von_mises"]


def test_a_relative_limit_leaves_room_above_what_the_baseline_has():
    relative = check(Limits(alert=0.05), relative=True)

    assert judge(relative, 1.0, 100, from_baseline=0.98).status == "alert"
    assert judge(relative, 0.98, 100, from_baseline=0.98).status == "ok"


def test_the_last_rule_that_fits_holds():
    rules = (CheckRule("missing", threshold=0.1), CheckRule("missing", columns=("x",), threshold=0.2))

    assert check_of("missing", "x", rules).limits == Limits(alert=0.2)
    assert check_of("missing", "y", rules).limits == Limits(alert=0.1)


def test_a_rule_may_change_only_the_rows_asked_for():
    amended = check_of("missing", "x", (CheckRule("missing", min_rows=7),))

    assert (amended.min_rows, amended.limits, amended.relative) == (7, METRICS["missing"].limits, True)


def test_a_limit_from_the_monitor_file_is_absolute():
    assert check_of("missing", "x", (CheckRule("missing", threshold=0.2),)).relative is False


def test_drift_of_outputs_is_prediction_drift():
    assert signal_of("psi", SCORE) == "prediction_drift"
    assert signal_of("psi", NUMBER) == "data_drift"
    assert signal_of("missing", SCORE) == "quality"
    assert signal_of("nan", NUMBER) == "stability"


def test_distances_on_the_number_line_apply_to_numbers_only():
    assert applies("wasserstein", NUMBER)
    assert not applies("wasserstein", WORD)
    assert applies("chi_square", WORD)


def test_every_metric_says_what_it_is_and_has_a_limit():
    for name, metric in METRICS.items():
        assert metric.meaning, name
        assert metric.limits != Limits() or metric.floor is not None, name
