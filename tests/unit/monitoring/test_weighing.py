from types import SimpleNamespace

import pytest

from atalaia.conditions import parse_condition
from atalaia.monitoring.weighing import Facts, weigh
from atalaia.report import Finding


def finding(metric, column, value, status="ok", segment=None, signal="data_drift"):
    return Finding(signal, metric, column, segment, value, 0.1, status, "")


FINDINGS = (
    finding("psi", "income", 0.31, "alert"),
    finding("psi", "age", 0.02),
    finding("psi", "fee", None, "undecided"),
    finding("psi", "income", 0.9, "warning", "region=north"),
    finding("missing", "income", 0.1234, "warning", signal="quality"),
    finding("nan", "age", None, signal="stability"),
    finding("row_count", None, 1200.0, signal="quality"),
    finding("pattern_share[email]", "note", 0.4, "alert", signal="quality"),
)
COLUMNS = (
    SimpleNamespace(column="income", segment=None, status="alert", metrics={"hellinger": 0.2, "psi": 0.31}),
    SimpleNamespace(column="fee", segment=None, status="undecided", metrics={"hellinger": 0.9}),
    SimpleNamespace(column="word", segment=None, status="ok", metrics={"hellinger": None}),
)


def weighed(text, findings=FINDINGS, rows=1200, silent=7.0):
    report = SimpleNamespace(findings=findings, rows=rows, columns=COLUMNS)
    found = weigh(parse_condition(text), Facts(report, lambda: silent))
    return found.holds, found.told


@pytest.mark.parametrize(
    ("text", "holds", "told"),
    [
        ("drifted > 0.3", True, "drifted 0.5 > 0.3"),
        ("drifted > 0.5", False, "drifted 0.5, not > 0.5"),
        ("drifted >= 0.5", True, "drifted 0.5 >= 0.5"),
        ("alerts > 1", True, "alerts 2 > 1"),
        ("warnings <= 1", False, "warnings 2, not <= 1"),
        ("rows < 1000", False, "rows 1200, not < 1000"),
        ("silent > 5", True, "silent 7 > 5"),
        ("psi > 0.2", True, "psi (income) 0.31 > 0.2"),
        ("psi < 0.1", True, "psi (age) 0.02 < 0.1"),
        ("psi[age] > 0.2", False, "psi[age] 0.02, not > 0.2"),
        ("psi[fee] > 0.2", None, "psi[fee] > 0.2 is undecided"),
        ("psi[word] > 0.2", None, "psi[word] > 0.2 is undecided"),
        ("psi[income, region=north] > 0.5", True, "psi[income, region=north] 0.9 > 0.5"),
        ("nan[age] > 0", None, "nan[age] > 0 is undecided"),
        ("row_count < 1000", False, "row_count 1200, not < 1000"),
        ("pattern_share[note] > 0.3", True, "pattern_share[note] 0.4 > 0.3"),
        ("missing > 0.123", True, "missing (income) 0.1234 > 0.123"),
        ("alert(psi)", True, "psi has an alert (income)"),
        ("alert(psi[age])", False, "psi[age] has no alert"),
        ("warning(missing)", True, "missing has a warning (income)"),
        ("alert(psi[fee])", None, "alert(psi[fee]) is undecided"),
        ("not alert(psi[fee])", None, "not (alert(psi[fee]) is undecided)"),
        ("not alert(psi[age])", True, "not (psi[age] has no alert)"),
        ("hellinger > 0.1", True, "hellinger (income) 0.2 > 0.1"),
        ("hellinger[fee] > 0.1", None, "hellinger[fee] > 0.1 is undecided"),
    ],
)
def test_a_condition_is_held_against_findings_and_told_with_its_values(text, holds, told):
    assert weighed(text) == (holds, told)


YES, NO, WHO_KNOWS = "rows > 1", "rows < 1", "psi[fee] > 0"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (f"{YES} and {NO}", False),
        (f"{YES} and {YES}", True),
        (f"{NO} or {NO}", False),
        (f"{NO} or {YES}", True),
        (f"{WHO_KNOWS} and {NO}", False),
        (f"{WHO_KNOWS} and {YES}", None),
        (f"{WHO_KNOWS} or {YES}", True),
        (f"{WHO_KNOWS} or {NO}", None),
        (f"not {WHO_KNOWS}", None),
    ],
)
def test_what_is_undecided_leaves_undecided_what_depends_on_it(text, holds):
    assert weighed(text)[0] is holds


def test_joined_conditions_are_told_with_all_values_and_parentheses():
    told = weighed("rows > 1 and (alerts > 5 or silent > 60)")[1]

    assert told == "rows 1200 > 1 and (alerts 2, not > 5 or silent 7, not > 60)"


def test_without_findings_of_drift_the_share_is_undecided():
    assert weighed("drifted > 0.3", findings=())[0] is None


def test_silence_nobody_knows_of_is_undecided():
    assert weighed("silent > 5", silent=None) == (None, "silent > 5 is undecided")


def test_a_value_close_to_the_limit_is_told_with_digits_enough():
    close = (finding("psi", "income", 0.20000000001),)

    assert weighed("psi > 0.2", findings=close)[1] == "psi (income) 0.20000000001 > 0.2"
