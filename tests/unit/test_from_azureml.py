import numpy as np
import pytest
from profiling import baseline_of_rows, profile_of_rows, rows_of
from scipy.spatial.distance import jensenshannon
from scipy.stats import chisquare, ks_2samp, wasserstein_distance

from atalaia.checks import METRICS
from atalaia.errors import AtalaiaError
from atalaia.evaluation import Occasion, evaluate
from atalaia.from_azureml import is_schedule, read_schedule
from atalaia.infer import Found, infer_monitor, not_carried
from atalaia.monitor_file import Convention, Limits, load_monitor
from atalaia.report import BaselineRef
from atalaia.schema import Kind
from atalaia.window import Window

HEAD = "name: loans\ntrigger: {type: recurrence, frequency: day, interval: 1}\n"
FOUND = Found("loans", "logs", ("reference.csv",), "csv", "it has commas")
N = 400
ROWS = {
    "age": [20 + i % 60 for i in range(N)],
    "fee": [i / 7 for i in range(N)],
    "plan": ["basic", "gold", "silver", "gold"] * (N // 4),
    "grade": [1, 2, 3, 4] * (N // 4),
    "vip": [True, False] * (N // 2),
    "prediction": [i % 90 / 7 for i in range(N)],
}


def text_of(signals, head=HEAD, rows=ROWS):
    indented = "".join(f"    {line}\n" for line in signals.strip().splitlines())
    body = f"create_monitor:\n  monitoring_signals:\n{indented}" if signals else "create_monitor:\n  compute: {a: b}\n"
    carry = read_schedule((head + body).encode(), "schedule.yaml").carry
    return infer_monitor([rows_of(**rows)], FOUND, carry=carry)


def monitor_of(signals, head=HEAD, rows=None, **more):
    text = text_of(signals, head, (ROWS if rows is None else rows) | more)
    return load_monitor(text, "monitor.yaml", METRICS), [line.split(": ", 1)[1] for line in not_carried(text)]


def rules(monitor):
    return {(rule.metric, rule.columns): rule.threshold for rule in monitor.checks}


QUALITY = """
quality:
  type: data_quality
  features: [age, plan, grade, vip]
  metric_thresholds:
    numerical: {null_value_rate: 0.05, data_type_error_rate: 0.01, out_of_bounds_rate: 0.02}
    categorical: {NullValueRate: 0.04, outOfBoundsRate: 0.03}
"""


def test_the_three_rates_of_data_quality_become_checks_with_azures_limits():
    monitor, lost = monitor_of(QUALITY)

    assert rules(monitor) == {
        ("missing", ("age",)): Limits(alert=0.05),
        ("type_errors", ("age",)): Limits(alert=0.01),
        ("out_of_range", ("age",)): Limits(alert=0.02),
        ("missing", ("plan", "grade", "vip")): Limits(alert=0.04),
        ("out_of_set", ("plan", "grade")): Limits(alert=0.03),
    }
    assert {rule.min_rows for rule in monitor.checks} == {1}
    assert lost == ["quality: outOfBoundsRate of vip, whose bounds the data do not tell"]


SHIFTED = ROWS | {"fee": [i / 7 + 4 for i in range(N)], "plan": ["basic", "gold", "silver", "basic"] * (N // 4)}
DRIFT = """
one:
  type: data_drift
  features: [fee, plan]
  metric_thresholds:
    numerical: {two_sample_kolmogorov_smirnov_test: 0.01}
    categorical: {pearsons_chi_squared_test: 0.02}
two: {type: data_drift, features: [fee, plan]}
"""


def test_drift_has_the_numbers_limits_and_verdicts_of_azure():
    fees, moved = (np.array(side["fee"]) for side in (ROWS, SHIFTED))
    wanted = {
        "normalized_wasserstein_distance": (wasserstein_distance(fees, moved) / np.std(fees, ddof=1), 0.1, "alert"),
        "two_sample_kolmogorov_smirnov_test": (ks_2samp(fees, moved).pvalue, 0.01, "ok"),
        "jensen_shannon_distance": (jensenshannon([1, 2, 1], [2, 1, 1], 2), 0.1, "alert"),
        "pearsons_chi_squared_test": (chisquare([200, 100, 100], [100, 200, 100]).pvalue, 0.02, "alert"),
    }
    monitor, lost = monitor_of(DRIFT)
    found = {
        finding.metric: finding for finding in findings_of(monitor, SHIFTED) if finding.metric.endswith("[azureml]")
    }

    assert lost == []
    assert found.keys() == {f"{metric}[azureml]" for metric in wanted}
    for metric, (value, limit, status) in wanted.items():
        finding = found[f"{metric}[azureml]"]
        assert (finding.threshold, finding.status) == (limit, status), metric
        assert finding.value == pytest.approx(value, rel=1e-9), metric


def findings_of(monitor, rows, before=ROWS):
    """Return what is found in a window of these *rows*, against those *before*."""
    baseline = baseline_of_rows(monitor.columns, **before)
    occasion = Occasion(Window(0, 1), True, (), BaselineRef(baseline.version, "k", N), "d")
    return evaluate(monitor, baseline, profile_of_rows(baseline, **rows), occasion).findings


def test_a_p_value_is_a_limit_too():
    monitor, lost = monitor_of(DRIFT)

    assert rules(monitor)["kolmogorov_smirnov", ("fee",)] == Limits(alert=0.01)
    assert rules(monitor)["chi_square", ("plan",)] == Limits(alert=0.02)
    assert lost == []


def test_integers_with_few_distinct_values_for_their_rows_are_categories_as_there():
    signals = "drift: {type: data_drift}\nquality: {type: data_quality, metric_thresholds: {categorical: {oobr: 0}}}"
    few, many = [20 + i % 19 for i in range(N)], [20 + i % 20 for i in range(N)]
    monitor, _ = monitor_of(signals.replace("oobr", "out_of_bounds_rate"), few=few, many=many, flag=[0.0, 1.0] * 200)
    kinds = {column.name: column.kind for column in monitor.columns}

    assert rules(monitor)["wasserstein_normalised", ("age", "fee", "many", "flag")] == Limits(alert=0.1)
    assert rules(monitor)["jensen_shannon", ("plan", "grade", "vip", "few")] == Limits(alert=0.1)
    assert (kinds["many"], kinds["few"], kinds["flag"]) == (Kind.NUMERIC, Kind.CATEGORICAL, None)


def test_integers_that_are_categories_there_have_a_range_all_the_same():
    before = {"age": [20 + i % 25 for i in range(1000)], "plan": ["basic", "gold"] * 500}
    now = before | {"age": [20 + i % 26 for i in range(1000)]}
    quality = (
        "q: {type: data_quality, features: [age, plan], metric_thresholds: {categorical: {out_of_bounds_rate: 0}}}"
    )
    monitor, _ = monitor_of(f"drift: {{type: data_drift}}\n{quality}", rows=before)
    found = {f.metric: f.value for f in findings_of(monitor, now, before) if f.column == "age"}

    assert rules(monitor) == {
        ("jensen_shannon", ("age", "plan")): Limits(alert=0.1),
        ("out_of_range", ("age",)): Limits(alert=0.0),
        ("out_of_set", ("plan",)): Limits(alert=0.0),
    }
    assert found["out_of_range"] == now["age"].count(45) / 1000
    shares = [np.bincount(side["age"], minlength=46) for side in (before, now)]
    assert found["jensen_shannon_distance[azureml]"] == pytest.approx(jensenshannon(*shares, 2), rel=1e-9)


def test_of_free_text_it_is_told_that_lengths_are_judged():
    remarks = [f"the customer number {i} called again" for i in range(N)]
    monitor, lost = monitor_of("drift: {type: data_drift, features: [fee, remark]}", remark=remarks)
    alone, _ = monitor_of("drift: {type: data_drift, features: [remark]}", remark=remarks)

    assert lost == ["drift: jensen_shannon_distance of remark, of whose texts the lengths are judged"]
    assert rules(monitor) == {("wasserstein_normalised", ("fee",)): Limits(alert=0.1)}
    assert alone.checks == ()


def test_the_file_says_how_to_have_our_own_limits():
    switch = "# Take such a check out, and Atalaia judges its columns"

    assert switch in text_of("drift: {type: data_drift}")
    assert switch not in text_of(QUALITY)


def test_the_bounds_are_those_of_the_reference_data():
    monitor, _ = monitor_of(QUALITY)
    columns = {column.name: column for column in monitor.columns}

    assert columns["age"].range == (20, 79)
    assert columns["plan"].set == ("basic", "gold", "silver")
    assert columns["grade"].set == (1, 2, 3, 4)
    assert columns["fee"].range is None


def test_a_score_is_bounded_by_the_reference_data_too():
    signal = "q: {type: data_quality, features: [score], metric_thresholds: {numerical: {out_of_bounds_rate: 0.1}}}"
    monitor, _ = monitor_of(signal, score=[0.2 + i / 1000 for i in range(N)])

    assert monitor.columns[-1].range == pytest.approx((0.2, 0.599))


def test_distances_become_drift_checks_of_the_columns_of_their_kind():
    monitor, lost = monitor_of("""
drift:
  type: data_drift
  metric_thresholds:
    numerical: {jensen_shannon_distance: 0.01}
    categorical: {population_stability_index: 0.3}
out:
  type: prediction_drift
  metric_thresholds: {numerical: {normalized_wasserstein_distance: 0.2}}
""")

    assert rules(monitor) == {
        ("jensen_shannon", ("age", "fee")): Limits(alert=0.01),
        ("psi", ("plan", "grade", "vip")): Limits(alert=0.3),
        ("wasserstein_normalised", ("prediction",)): Limits(alert=0.2),
    }
    assert {(rule.min_rows, rule.convention) for rule in monitor.checks} == {(None, Convention.AZUREML)}
    assert lost == []


def test_without_thresholds_those_of_the_sdk_hold():
    monitor, _ = monitor_of("drift: {type: data_drift}\nquality: {type: data_quality, features: [fee]}")

    assert rules(monitor) == {
        ("wasserstein_normalised", ("age", "fee")): Limits(alert=0.1),
        ("jensen_shannon", ("plan", "grade", "vip")): Limits(alert=0.1),
        ("missing", ("fee",)): Limits(alert=0.0),
        ("type_errors", ("fee",)): Limits(alert=0.0),
        ("out_of_range", ("fee",)): Limits(alert=0.0),
    }


def test_without_signals_azures_own_choice_is_taken_and_told():
    monitor, lost = monitor_of("")

    assert ("wasserstein_normalised", ("prediction",)) in rules(monitor)
    assert ("missing", ("age", "fee", "prediction")) in rules(monitor)
    assert "no signal is named" in lost[0]


def test_a_signal_without_alerts_warns():
    monitor, _ = monitor_of("drift: {type: data_drift, features: [fee], alert_enabled: false}")

    assert rules(monitor) == {("wasserstein_normalised", ("fee",)): Limits(warning=0.1)}


def test_what_has_no_counterpart_is_told():
    _, lost = monitor_of("""
drift:
  type: data_drift
  features: {top_n_feature_importance: 10}
  production_data:
    input_data: {path: "azureml:served:1"}
    pre_processing_component: azureml:clean:1
    data_window: {lookback_window_size: P7D}
  metric_thresholds:
    numerical: {two_sample_kolmogorov_smirnov_test: 0.05, my_metric: 1, pearsons_chi_squared_test: 0.02}
    categorical: {null_value_rate: much}
    groups: {}
some:
  type: data_drift
  features: [fee, nosuch]
attribution: {type: feature_attribution_drift}
performance: {type: model_performance}
""")

    assert lost == [
        "drift: production_data azureml:served:1; name the data yourself, under logs.source",
        "drift: the preprocessing component azureml:clean:1",
        "drift: the lookback of P7D; windows follow each other, each as wide as `window` says",
        "drift: features by importance; all columns are watched",
        "drift: my_metric 1: not understood",
        "drift: pearsons_chi_squared_test 0.02: not understood",
        "drift: null_value_rate much: not understood",
        "drift.metric_thresholds.groups: not understood",
        "some: the features nosuch, which the data do not have",
        "attribution: there is no signal feature_attribution_drift here yet",
        "performance: answers are judged wherever logs hold labels; write limits of your own under checks",
    ]


def test_who_is_told_and_generated_text_are_no_part_of_it():
    head = HEAD + "create_monitor:\n  alert_notification: {emails: [a@example.com]}\n"
    head += "  monitoring_target: {ml_task: question_answering}\n  monitoring_signals: {a: {type: data_drift}}\n"
    found = read_schedule(head.encode(), "s")

    assert [text.partition(":")[0] for text in found.lost] == ["alert_notification", "the task question_answering"]


@pytest.mark.parametrize(
    ("trigger", "window", "told"),
    [
        ("{type: recurrence, frequency: hour, interval: 6}", "6h", ""),
        ("{type: recurrence, frequency: week}", "1w", ""),
        ("{type: recurrence, frequency: month, interval: 1}", "4w", "a month has no fixed width"),
        ("{type: recurrence, frequency: minute, interval: none}", "1m", ""),
        ("{type: recurrence}", "1d", "the trigger, which says no frequency"),
        ('{type: cron, expression: "15 * * * *"}', "1h", ""),
        ('{type: cron, expression: "15 10 * * *"}', "1d", ""),
        ('{type: cron, expression: "15 10 * * 1"}', "1w", ""),
        ('{type: cron, expression: "15 10 1 * *"}', "1d", "the cron trigger '15 10 1 * *'"),
    ],
)
def test_the_trigger_becomes_the_window(trigger, window, told):
    signals = "create_monitor: {monitoring_signals: {a: {type: data_drift}}}\n"
    found = read_schedule(f"name: x\ntrigger: {trigger}\n{signals}".encode(), "s")

    assert found.window == window
    assert [text.startswith(told) for text in found.lost] == [True] * bool(told)


def test_a_lookback_as_wide_as_the_window_needs_no_telling():
    signal = "drift: {type: data_drift, production_data: {data_window: {lookback_window_size: P1D}}}"
    strange = signal.replace("P1D", "a while")

    assert monitor_of(signal)[1] == []
    assert "the lookback of a while" in monitor_of(strange)[1][0]


def test_bounds_that_the_data_do_not_tell_are_left_out():
    many = [f"n{i}" for i in range(N)]
    signal = (
        "q: {type: data_quality, features: [plan, fee, gone], metric_thresholds: {numerical: {out_of_bounds_rate: 0}, "
    )
    signal += "categorical: {out_of_bounds_rate: 0}}}"
    monitor, lost = monitor_of(signal, plan=[text + "x" * 70 for text in many[:20]] * (N // 20), gone=[None] * N)

    assert rules(monitor) == {("out_of_range", ("fee",)): Limits(alert=0.0)}
    assert lost == ["q: out_of_bounds_rate of plan, whose bounds the data do not tell"]


def test_other_files_are_refused_with_what_to_give():
    with pytest.raises(AtalaiaError, match="no create_monitor"):
        read_schedule(b"name: x\n", "s.yaml")
    with pytest.raises(AtalaiaError, match=r"s\.yaml:2"):
        read_schedule(b"name: [\n", "s.yaml")


def test_a_schedule_is_known_by_its_key():
    assert is_schedule(b"name: x\ncreate_monitor:\n  a: b\n")
    assert not is_schedule(b"name: create_monitor\n")
