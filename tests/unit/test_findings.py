"""A finding's sentence: what was measured, which limit it was held to, where that comes from, and how sure it is."""

import pytest
from msgspec.structs import replace

from atalaia.checks import check_of
from atalaia.findings import finding_of
from atalaia.monitor_file import Limits
from atalaia.report import Evidence
from atalaia.signals.quality import Measured

CHANCE = Evidence(10_000, 300, "chance", floor=0.02, p_value=2.851e-5, tested=12)


def message(value, evidence, alert=0.04, metric="cramer_von_mises", rows=300):
    check = replace(check_of(metric, None, ()), limits=Limits(alert=alert))
    return finding_of(check, Measured(value, rows), evidence=evidence).message


@pytest.mark.parametrize(
    ("evidence", "alert", "expected"),
    [
        (
            CHANCE,
            0.04,
            "the limit of 0.04 that chance sets for 300 rows against 10,000 (p = 2.9e-5, corrected for 12 tests)",
        ),
        (
            CHANCE,
            0.02,
            "the limit of 0.02, up to which drift is of no interest "
            "(300 rows against 10,000; p = 2.9e-5, corrected for 12 tests)",
        ),
        (
            replace(CHANCE, p_value=None),
            0.02,
            "the limit of 0.02, up to which drift is of no interest (300 rows against 10,000)",
        ),
        (Evidence(10_000, 300, "given"), 0.1, "the limit of 0.1 (300 rows against 10,000)"),
        (None, 0.1, "the limit of 0.1"),
    ],
)
def test_the_sentence_says_where_the_limit_of_drift_comes_from(evidence, alert, expected):
    assert message(0.3, evidence, alert) == f"drift is 0.3 by Cramér-von Mises, above {expected}"
    assert message(0.01, evidence, alert) == f"drift is 0.01 by Cramér-von Mises, not above {expected}"


@pytest.mark.parametrize(("windows", "words"), [(14, "14 windows together"), (1, "1 window")])
def test_drift_over_time_names_its_windows(windows, words):
    evidence = Evidence(10_000, 4200, "time", floor=0.001, windows=windows)

    assert message(0.06, evidence, metric="drift_over_time") == (
        f"drift over time is 0.06, above the limit of 0.04 that chance sets for {words} (4,200 rows against 10,000)"
    )


def test_what_is_undecided_rests_on_nothing_but_its_rows():
    assert message(0.3, CHANCE, rows=12) == (
        "drift is 0.3 by Cramér-von Mises, but 12 rows are too few to judge: it takes 30"
    )


def test_what_has_no_limit_has_no_source_of_one():
    assert message(0.3, CHANCE, alert=None) == "drift is 0.3 by Cramér-von Mises; it has no limit"


def test_what_could_not_be_measured_says_by_what():
    assert message(None, None) == "drift could not be measured by Cramér-von Mises: there are no values for it"


def test_other_metrics_say_what_they_measure():
    assert message(0.3, None, metric="late") == "share of rows logged after the lateness is 30%, above the limit of 4%"
