import json
import math
from pathlib import Path

import numpy as np
import pytest
from conventional import off
from profiling import baseline_of_rows, profile_of_rows
from scipy import stats

from atalaia.constraints_file import Rule
from atalaia.conventions.sagemaker import (
    categorical_distance,
    chi_squared,
    judge,
    judge_counts,
    numeric_distance,
    population_stability_index,
    robust,
    subtracted,
)
from atalaia.findings import pair_of
from atalaia.schema import Column, Kind, Type

A = {"a": 10, "b": 20, "c": 25, "d": 10, "e": 5}
B = {"a": 207, "b": 20, "c": 25, "d": 14, "e": 25, "g": 13}
C = {"a": 22, "b": 20, "c": 25, "d": 12, "e": 13, "f": 15}
ORACLE = Path(__file__).resolve().parents[4] / "shared/oracles/deequ_distance_tests.json"


def both(counts, other):
    n, m = sum(counts.values()), sum(other.values())
    simple = categorical_distance(counts, other)
    return simple, robust(simple, n, m)


def ones(*values):
    return np.array(values, float), np.ones(len(values), np.int64)


def test_numbers_as_deequ_has_them():
    simple = numeric_distance(ones(1, 2, 3, 4), ones(2, 3, 4, 5))

    assert simple == 0.25
    assert robust(simple, 4, 4) == 0.0


@pytest.mark.parametrize(
    ("other", "simple"),
    [
        ({"a": 11, "b": 20, "c": 25, "d": 10, "e": 10}, 0.06015037593984962),
        ({"f": 11, "a": 20, "c": 25, "d": 10, "e": 10}, 0.2857142857142857),
    ],
)
def test_categories_as_deequ_has_them(other, simple):
    assert both(A, other) == (simple, 0.0)


@pytest.mark.parametrize(("alpha", "distance"), [(0.003, 0.2726338046550349), (0.1, 0.33774199396969184)])
def test_the_robust_distance_at_another_alpha_as_deequ_has_it(alpha, distance):
    found = robust(categorical_distance(B, C), sum(B.values()), sum(C.values()), alpha)

    assert found == pytest.approx(distance, abs=1e-14)


def test_the_published_comparison_of_tools_has_these_distances():
    """2,000 and 1,500 rows, on which every other tool sees drift and this one by default does not."""
    before, now = {"a": 806, "b": 601, "c": 379, "d": 214}, {"a": 555, "b": 377, "c": 286, "d": 177, "e": 105}
    simple, less = both(before, now)

    assert (round(simple, 6), round(less, 6)) == (0.07, 0.008518)
    assert round(robust(0.1285, 2000, 1500), 6) == 0.067018
    assert both({"a": 50, "b": 30, "c": 20}, {"a": 40, "b": 30, "c": 20, "d": 10}) == (pytest.approx(0.1), 0.0)


CHI = [
    (B, {"a": 223, "b": 20, "c": 25, "d": 12, "e": 13, "f": 15}, 28.175042782458068, 3.3640191298478506e-05),
    (
        {"a": 207, "b": 20, "c": 25, "d": 14, "e": 25},
        {"a": 223, "b": 20, "c": 25, "d": 12, "e": 13},
        None,
        0.013227994814265176,
    ),
    (
        {"a": 100, "b": 20, "c": 25, "d": 10, "e": 5, "f": 2},
        {"a": 100, "b": 22, "c": 25, "d": 5, "e": 13, "f": 2},
        8.789790456457125,
        None,
    ),
    ({"a": 100, "b": 40, "c": 30, "d": 10}, {"a": 100, "b": 40, "c": 30, "e": 4}, 0.38754325259515626, None),
    ({"a": 100, "b": 4, "c": 3, "d": 27}, {"a": 100, "b": 4, "c": 3, "d": 34}, 1.1507901668129925, None),
    (
        {"a": 100, "b": 4, "c": 3, "d": 27, "e": 20, "f": 20, "g": 20, "h": 20},
        {"a": 100, "b": 2, "c": 1, "d": 34, "e": 20, "f": 20, "g": 20, "h": 20},
        6.827423492761593,
        None,
    ),
    ({"a": 100, "b": 4, "c": 3}, {"a": 100, "b": 4, "c": 3}, math.nan, math.nan),
    ({"a": 10, "b": 20}, {"b": 20}, math.nan, math.nan),
    ({"a": 15, "b": 20}, {"c": 20, "d": 20}, math.nan, math.nan),
    ({"a": 30}, {"a": 20, "b": 20}, None, 4.3204630539861455e-08),
]


@pytest.mark.parametrize(("sample", "expected", "statistic", "p_value"), CHI)
def test_chi_squared_as_deequ_has_it(sample, expected, statistic, p_value):
    found = chi_squared(expected, sample)

    for value, wanted in zip(found, (statistic, p_value), strict=True):
        assert wanted is None or value == pytest.approx(wanted, rel=1e-12, nan_ok=True)


def test_the_index_as_deequ_has_it():
    expected = np.array([428, 425, 414, 427, 440, 447, 380, 386, 444, 386])
    actual = np.array([426, 437, 429, 391, 469, 433, 360, 443, 371, 418])

    assert population_stability_index(expected, actual) == pytest.approx(0.007406694184014186, rel=1e-12)


def test_the_index_of_an_empty_bucket_is_infinite_and_other_buckets_are_refused():
    assert population_stability_index(np.array([1, 1]), np.array([2, 0])) == math.inf
    with pytest.raises(ValueError, match="2 buckets and 1"):
        population_stability_index(np.array([1, 1]), np.array([2]))


def test_the_term_that_is_subtracted_is_that_of_the_published_table():
    table = [(100, 100, 0.2546), (1000, 1000, 0.0805), (10_000, 100, 0.1809), (10_000, 10_000, 0.0255)]

    assert [round(subtracted(n, m), 4) for n, m, _ in table] == [term for *_, term in table]


def test_the_file_of_deequs_own_tests_agrees():
    if not ORACLE.exists():
        pytest.skip("the published test vectors are not here; the tests above hold the same numbers")
    for case in json.loads(ORACLE.read_text())["cases"]:
        if case["kind"] == "categorical_linf":
            assert both(case["sample1"], case["sample2"]) == (case["simple"], case["robust"])
        if case["kind"] == "categorical_chi2":
            found = dict(zip(("statistic", "p_value"), chi_squared(case["baseline"], case["sample"]), strict=True))
            for key in found.keys() & case.keys():
                assert found[key] == pytest.approx(float(case[key]), rel=1e-12, nan_ok=True)


def judged(column, known, now, rule=None):
    baseline = baseline_of_rows([column], **{column.name: known})
    pair = pair_of(baseline, profile_of_rows(baseline, **{column.name: now}), column)
    return judge(column, pair.grid, pair.baseline, pair.current, rule)


X, WORD = Column("x"), Column("word", type=Type.STRING)


def test_a_shift_in_the_blind_zone_raises_nothing_by_default_and_the_note_says_why():
    random = np.random.default_rng(7)
    known, now = random.normal(size=10_000), random.normal(0.2, size=1_000)
    found, simple = judged(X, known, now), judged(X, known, now, Rule(method="Simple", threshold=0.05))
    exact = stats.ks_2samp(known, now).statistic

    assert (found.metric, found.drifted, found.threshold) == ("linf_robust", False, 0.1)
    assert found.value == pytest.approx(exact - subtracted(10_000, 1_000), abs=0.002)  # by cells of a thousandth
    assert "0.0597 was subtracted from 0.1" in found.notes[0]
    assert "a distance up to 0.1597 raises nothing" in found.notes[0]
    assert simple.drifted is True
    assert simple.value <= exact <= simple.value + off(simple) > simple.value
    assert found.value <= exact - subtracted(10_000, 1_000) <= found.value + off(found)


def test_categories_are_judged_by_their_own_threshold_and_method():
    known, now = ["a"] * 500 + ["b"] * 500, ["a"] * 350 + ["b"] * 650
    found = [judged(WORD, known, now, rule) for rule in (None, Rule(categorical_threshold=0.05))]
    chi = judged(WORD, known, now, Rule(categorical_method="ChiSquared"))
    statistic = judged(WORD, known, now, Rule(categorical_method="ChiSquared", method="Simple"))

    assert [f.drifted for f in found] == [False, True]
    assert found[1].value == pytest.approx(0.15 - subtracted(1000, 1000))
    assert (chi.metric, chi.below, chi.drifted) == ("chi_squared_p_value", True, True)
    assert chi.value == pytest.approx(stats.chisquare([350, 650], [500, 500]).pvalue, rel=1e-9)
    assert statistic.value == pytest.approx(90.0)
    assert statistic.drifted is True


def test_a_new_category_is_ignored_by_the_test_and_the_note_says_so():
    found = judged(WORD, ["a", "b"] * 500, ["a", "b"] * 500 + ["c"] * 900, Rule(categorical_method="ChiSquared"))
    one = judged(WORD, ["a"] * 50, ["a"] * 50, Rule(categorical_method="ChiSquared"))

    assert found.drifted is False
    assert "new categories, of which there are 1, are ignored by this test" in found.notes
    assert (one.value, one.drifted) == (None, None)
    assert "fewer than two categories" in one.notes[-1]


def test_what_has_no_values_or_keeps_none_is_not_judged():
    text = Column("remarks", type=Type.STRING, kind=Kind.TEXT)
    empty, free = judged(X, [1.0, 2.0], [None, None]), judged(text, ["a b c"], ["d"])

    assert (empty.value, empty.drifted) == (None, None)
    assert "free text" in free.notes[0]


def test_values_that_were_not_kept_by_name_are_left_out_and_told():
    found = judged(WORD, ["a"] * 100, [f"n{i}" for i in range(3000)], Rule(method="Simple"))
    nothing = judge_counts({}, {"a": 1}, ("all are nameless",), Rule())

    assert found.value == 1.0
    assert any("by name" in note for note in found.notes)
    assert (nothing.value, nothing.notes) == (None, ("all are nameless",))
