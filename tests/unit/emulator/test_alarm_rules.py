"""The tables of AWS's "Configuring how CloudWatch alarms treat missing data", and the edges around them."""

import pytest

from emulated_aws.alarm_rules import COMPARISONS, AlarmRule, judge

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
A, O, I, KEEP = "ALARM", "OK", "INSUFFICIENT_DATA", "kept"  # noqa: E741 (as the tables write them)
THREE_OF_THREE = {
    "0-X-X": (O, O, O, O),
    "----0": (O, O, O, O),
    "-----": (I, KEEP, A, O),
    "0XX-X": (A, A, A, A),
    "--X--": (A, KEEP, A, O),
}
TWO_OF_THREE = {
    "0-X-X": (A, A, A, A),
    "00X0X": (A, A, A, A),
    "0-X--": (O, O, A, O),
    "----0": (O, O, A, O),
    "---X-": (A, KEEP, A, O),
}
CASES = [
    (needed, points, treatment, wanted)
    for needed, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
    for points, row in table.items()
    for treatment, wanted in zip(TREATMENTS, row, strict=True)
]


def rule(**changes):
    settings = {
        "periods": 3,
        "needed": 3,
        "comparison": "GreaterThanThreshold",
        "threshold": 0.5,
        "treatment": "missing",
    }
    return AlarmRule(**{**settings, **changes})


def newest_first(text):
    """The tables write the oldest point first: X breaches, 0 does not, - is missing."""
    return [{"X": 1.0, "0": 0.0, "-": None}[point] for point in reversed(text)]


@pytest.mark.parametrize(("needed", "points", "treatment", "wanted"), CASES)
def test_the_documented_tables_hold(needed, points, treatment, wanted):
    assert judge(newest_first(points), rule(needed=needed, treatment=treatment), KEEP) == wanted


def test_the_range_is_as_long_as_in_the_tables():
    assert rule().evaluation_range == 5


def test_one_breach_right_now_is_not_three():
    assert judge(newest_first("----X"), rule(), "INSUFFICIENT_DATA") == "OK"


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanThreshold", [2.0]),
        ("GreaterThanOrEqualToThreshold", [1.0, 2.0]),
        ("LessThanThreshold", [0.0]),
        ("LessThanOrEqualToThreshold", [0.0, 1.0]),
    ],
)
def test_each_comparison_has_its_side(comparison, breaching):
    compared = rule(comparison=comparison, threshold=1.0)

    assert [value for value in (0.0, 1.0, 2.0) if compared.breaches(value)] == breaching
    assert len(COMPARISONS) == 4
