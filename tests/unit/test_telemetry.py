import pytest
from msgspec.structs import replace
from reports import a_finding, a_report

from atalaia.report import Evidence
from atalaia.telemetry import DRIFT, PERFORMANCE_POINT, report_events, report_points


def largest_drift(*findings):
    points = report_points(a_report(findings=findings), 0)
    return next(point.value for point in points if point.name == DRIFT)


def judged(status, value, threshold, alert):
    return a_finding(status, value=value, threshold=threshold, evidence=Evidence(10_000, 300, "chance", alert))


def test_drift_is_told_as_a_multiple_of_its_alert_limit():
    assert largest_drift(judged("alert", 0.3, 0.2, 0.2)) == pytest.approx(1.5)
    assert largest_drift(judged("ok", 0.1, 0.15, 0.2)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("status", "value", "threshold", "told"),
    [
        ("ok", 0.9, 0.75, 0.75 / 0.9),
        ("alert", 0.6, 0.75, 1.25),
        ("alert", -0.3, 0.5, 1000.0),
        ("alert", -0.3, -0.1, 1 + 1e-9),
        ("ok", -0.05, -0.1, 1.0),
        ("alert", -0.2, 0.0, 1000.0),
        ("alert", 7.0, 0.0, 1000.0),
        ("ok", 0.5, 0.0, 0.0),
        ("ok", 0.0, 0.0, 0.0),
    ],
)
def test_performance_is_told_as_a_multiple_of_its_limit_which_lies_below(status, value, threshold, told):
    finding = a_finding(status, signal="performance", metric="r_squared", value=value, threshold=threshold)
    points = report_points(a_report(findings=(finding,)), 0)

    assert [p.value for p in points if p.name == PERFORMANCE_POINT] == [pytest.approx(told)]
    assert not [p for p in points if p.name == DRIFT]


def test_a_warning_alone_never_passes_the_alert_limit():
    assert largest_drift(judged("warning", 0.18, 0.1, 0.2)) == pytest.approx(0.9)


def test_a_probability_below_its_limit_is_above_one_and_one_above_it_below():
    assert largest_drift(a_finding("alert", value=0.01, threshold=0.05)) == pytest.approx(5)
    assert largest_drift(a_finding("ok", value=0.5, threshold=0.05)) == pytest.approx(0.1)
    assert largest_drift(a_finding("alert", value=0.0, threshold=0.05)) == 1000


def test_events_of_findings_tell_the_p_value_but_not_all_of_the_evidence():
    told = replace(a_finding(), evidence=Evidence(10_000, 300, "chance", p_value=0.0001))
    _, by_chance, given = report_events(a_report(findings=[told, a_finding()]), 1, 0)

    assert by_chance["p_value"] == 0.0001
    assert "p_value" not in given
    assert not {"evidence"} & {*by_chance, *given}
