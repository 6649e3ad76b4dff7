import numpy as np
import pytest
from profiling import baseline_of_rows, rows_of

from atalaia.evaluation import Occasion, evaluate
from atalaia.monitor_file import CheckRule, Convention, Limits, Logs, Model, Monitor
from atalaia.report import BaselineRef
from atalaia.schema import Column, Kind, Role, Type
from atalaia.window import Window

COLUMNS = (
    Column("income"),
    Column("channel", Type.STRING),
    Column("remark", Type.STRING, kind=Kind.TEXT),
    Column("region", Type.STRING, role=Role.SEGMENT),
    Column("score", role=Role.SCORE),
)


def data(n, seed, shift=0.0):
    random = np.random.default_rng(seed)
    return {
        "income": random.normal(1000 + shift, 100, n),
        "channel": random.choice(["web", "app"], n).tolist(),
        "remark": ["fine"] * n,
        "region": random.choice(["north", "south"], n).tolist(),
        "score": random.random(n),
    }


BASELINE = baseline_of_rows(COLUMNS, **data(4000, 1))


def drift(*checks, convention=Convention.ATALAIA, shift=0.0, n=2000):
    """Return the findings of drift of a window whose incomes are shifted."""
    monitor = Monitor("m", Model("m"), Logs("logs"), COLUMNS, "out", checks=checks, convention=convention)
    occasion = Occasion(Window(0, 1), True, (), BaselineRef(BASELINE.version, "k", 4000), "d")
    profile = BASELINE.profiler().profile(rows_of(**data(n, 2, shift)))
    found = evaluate(monitor, BASELINE, profile, occasion).findings
    return [finding for finding in found if finding.signal in ("data_drift", "prediction_drift")]


def of(findings, column, segment=None):
    return [finding for finding in findings if (finding.column, finding.segment) == (column, segment)]


def test_a_monitors_convention_judges_every_column_and_segment_as_the_tool_does():
    findings = drift(convention=Convention.EVIDENTLY, shift=50)
    (income,), (channel,), (score,) = (of(findings, name) for name in ("income", "channel", "score"))

    assert (income.metric, income.status, income.threshold) == ("wasserstein[evidently]", "alert", 0.1)
    assert income.message.startswith("income: Evidently would raise an alarm: its wasserstein is 0.4")
    assert (channel.metric, channel.status) == ("jensenshannon[evidently]", "ok")
    assert score.signal == "prediction_drift"
    (north,) = of(findings, "income", "region=north")
    assert north.message.startswith("income in region=north: Evidently would raise an alarm")
    assert all(finding.metric.endswith("[evidently]") for finding in findings)


def test_free_text_is_undecided_under_a_tools_convention():
    (remark,) = of(drift(convention=Convention.AZUREML), "remark")

    assert (remark.status, remark.value) == ("undecided", None)
    assert remark.message == (
        "remark: Azure ML would give no verdict by its jensen_shannon_distance; it is free text, of which profiles "
        "keep no values"
    )


def test_a_check_has_a_convention_of_its_own_and_the_rest_keeps_ours():
    findings = drift(CheckRule("psi", ("income",), convention=Convention.AZUREML))

    assert [f.metric for f in of(findings, "income")] == ["population_stability_index[azureml]"]
    assert [f.metric for f in of(findings, "channel")] == ["cohen_w"]


def test_our_own_definition_can_be_had_beside_a_tools():
    findings = drift(CheckRule("psi", convention=Convention.ATALAIA), convention=Convention.SAGEMAKER)

    assert sorted(f.metric for f in of(findings, "income")) == ["linf_robust[sagemaker]", "psi"]


THRESHOLDS = [
    (0.05, "alert", 0.05),
    (0.9, "ok", 0.9),
    (Limits(warning=0.2, alert=0.9), "warning", 0.2),
    (Limits(warning=0.2, alert=0.3), "alert", 0.3),
    (Limits(warning=0.2), "warning", 0.2),  # not the tool's own limit, which is lower
    (Limits(warning=0.9), "ok", 0.9),
    (Limits(warning=0.9, alert=1.0), "ok", 1.0),
]


@pytest.mark.parametrize(("limits", "status", "limit"), THRESHOLDS)
def test_an_own_threshold_holds(limits, status, limit):
    rule = CheckRule("wasserstein_normalised", ("income",), limits, convention=Convention.AZUREML)
    (income,) = of(drift(rule, shift=50), "income")

    assert (income.status, income.threshold) == (status, limit)


def test_with_fewer_rows_than_asked_for_it_is_undecided():
    rule = CheckRule("drift", ("income",), min_rows=500, convention=Convention.AZUREML)

    (few,), (enough,) = (of(drift(rule, n=n, shift=50), "income") for n in (499, 500))
    assert (few.status, enough.status) == ("undecided", "alert")
    assert few.message.endswith("; but 499 rows are too few to judge: it takes 500")


def test_nannyml_says_that_a_stored_baseline_keeps_no_chunks():
    (channel,) = of(drift(convention=Convention.NANNYML), "channel")

    assert channel.metric == "jensen_shannon[nannyml]"
    assert "the baseline keeps no chunks" in channel.message
    chi2 = CheckRule("chi_square", ("channel",), convention=Convention.NANNYML)
    (told,) = of(drift(chi2), "channel")
    assert (told.threshold, told.message.count("alarms")) == (None, 1)


def test_p_values_alarm_below():
    (income,) = of(drift(CheckRule("kolmogorov_smirnov", convention=Convention.AZUREML), shift=50), "income")

    assert income.status == "alert"
    assert "and it alarms below 0.05" in income.message
