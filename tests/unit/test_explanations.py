"""What a finding rests on, in words that say no more than its evidence does."""

import pytest
import reports
from msgspec.structs import replace
from reports import a_column, a_finding, a_report

from atalaia.explanations import (
    Rates,
    in_short,
    limit_source,
    p_value,
    rates_of,
    sight,
    sight_of_all,
    sureness,
    what_moved,
)
from atalaia.report import Evidence, Mover, Trail

CHANCE = Evidence(10_000, 300, "chance", floor=0.02, p_value=0.00823, tested=12, detectable=0.06, shift=0.1812)
ALONE = Evidence(10_000, 1, "given")


def told(evidence, metric="cramer_von_mises", **changes):
    return a_finding(metric=metric, evidence=evidence, **changes)


@pytest.mark.parametrize(
    ("evidence", "threshold", "expected"),
    [
        (CHANCE, 0.04, "chance, for 300 rows against 10,000"),
        (CHANCE, 0.02, "floor: less is of no interest; 300 rows against 10,000"),
        (replace(CHANCE, basis="given"), 0.04, "fixed, for any number of rows; here 300 rows against 10,000"),
        (replace(CHANCE, basis="time", windows=14), 0.04, "chance, over 14 windows: 300 rows against 10,000"),
        (CHANCE, None, "none, for 300 rows against 10,000"),
        (None, 0.04, ""),
    ],
)
def test_the_source_of_a_limit_is_named_with_both_sizes(evidence, threshold, expected):
    assert limit_source(told(evidence, threshold=threshold)) == expected


def test_a_p_value_says_how_many_tests_it_is_corrected_for():
    assert sureness(CHANCE) == "p = 0.0082, corrected for 12 tests"


def test_a_p_value_of_one_test_is_corrected_for_none():
    assert sureness(replace(CHANCE, tested=1)) == "p = 0.0082"


def test_where_chance_has_no_part_there_is_no_p_value():
    assert sureness(ALONE) == ""


@pytest.mark.parametrize(("value", "expected"), [(1.0, "= 1"), (0.04949, "= 0.049"), (1e-13, "< 1e-12")])
def test_a_p_value_has_two_digits_and_is_never_nothing(value, expected):
    assert p_value(value) == expected


@pytest.mark.parametrize(
    ("metric", "evidence", "expected"),
    [
        ("cramer_von_mises", CHANCE, "a shift of 0.18 standard deviations"),
        ("cohen_w", replace(CHANCE, shift=0.0213), "a share that moves by 2.1 points"),
        ("cohen_w", replace(CHANCE, shift=None), "a true value of 0.06"),
        ("psi", CHANCE, "a true value of 0.06"),
        ("psi", ALONE, ""),
    ],
)
def test_what_would_show_is_told_in_the_unit_of_the_column(metric, evidence, expected):
    assert sight(metric, evidence) == expected


def test_of_several_columns_what_is_hardest_to_see_is_told_for_each_metric():
    found = [
        ("cramer_von_mises", CHANCE),
        ("cramer_von_mises", replace(CHANCE, shift=0.5)),
        ("cohen_w", replace(CHANCE, shift=0.03)),
        ("cramer_von_mises", replace(CHANCE, shift=0.3)),
        ("psi", replace(CHANCE, shift=None)),
    ]

    assert sight_of_all(found) == "a shift of 0.5 standard deviations, and a share that moves by 3 points"
    assert sight_of_all([("psi", ALONE)]) == ""


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ((30.0, 8.0), (37.0, 12.0), ("mean", 30.0, 37.0)),
        ((30.0, 8.0), (30.1, 12.0), ("standard deviation", 8.0, 12.0)),
        ((30.0, 8.0), (30.1, 8.1), ("mean", 30.0, 30.1)),
        ((5.0, 0.0), (5.0, 0.0), ("mean", 5.0, 5.0)),
        ((30.0, None), (31.0, None), ("mean", 30.0, 31.0)),
        ((30.0, 8.0), (None, None), None),
    ],
)
def test_numbers_are_told_by_their_mean_unless_only_their_spread_moved(before, now, expected):
    assert what_moved(before, now) == expected


def test_in_short_a_finding_says_what_moved_how_sure_it_is_and_what_the_limit_rests_on():
    assert in_short(told(CHANCE), a_column()) == (
        "mean 41,173 → 58,961; p = 0.0082 in 12 tests; limit by chance, 300 rows against 10,000; "
        "could see a shift of 0.18 sd"
    )


def test_lengths_are_called_lengths():
    assert in_short(told(CHANCE), a_column(kind="text")).startswith("mean of lengths 41,173 → 58,961; ")


def test_a_category_is_told_by_what_moved_most():
    summary = reports.Summary(1000, 0.0, 4.0)
    column = a_column(kind="categorical", baseline=summary, current=summary)
    evidence = replace(CHANCE, moved=(Mover("west", 0.1, 0.24), Mover("north", 0.4, 0.3)))

    assert in_short(told(evidence, "cohen_w"), column).startswith("west 10% → 24%; p")


def test_in_short_what_is_not_known_is_left_out():
    assert in_short(told(ALONE, "psi"), None) == "fixed limit, 1 row against 10,000"


def test_a_limit_that_is_the_floor_is_called_so_in_short():
    assert "; limit by floor, 300 rows" in in_short(told(replace(CHANCE, tested=1), threshold=0.02), None)


@pytest.mark.parametrize("finding", [told(None), told(replace(CHANCE, basis="time")), told(CHANCE, status="ok")])
def test_where_the_message_says_more_there_is_nothing_in_short(finding):
    assert in_short(finding, a_column()) == ""


def test_the_rates_are_those_of_the_last_window():
    found = [a_report([told(CHANCE)], trail=Trail(None, day, day - 1, 0.05, {}), day=day) for day in (1, 2)]

    assert rates_of(found) == Rates(0.05, 1, 2)


def test_without_a_limit_by_chance_there_is_no_rate():
    trail = Trail(None, 3, 0, 0.05, {})

    assert rates_of([a_report([told(ALONE)], trail=trail)]) is None
    assert rates_of([a_report([told(CHANCE)])]) is None
