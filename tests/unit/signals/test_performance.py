import math
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from atalaia.monitor_answers import CLASS_METRICS, NUMBER_METRICS
from atalaia.profile import NumericGrid, NumericSummary
from atalaia.profile.answers import MOST_CLASSES, ClassAnswers, NumberAnswers, answers_of
from atalaia.profile.layout import Layout, Room
from atalaia.profile.number_counter import NumberCounter
from atalaia.profile.values import Categories, Numbers
from atalaia.signals.performance import (
    MOST_UNKNOWN,
    measure_classes,
    measure_numbers,
    measure_scores,
    positive_of,
)
from atalaia.signals.quality import Measured


def beside(predictions, labels):
    (answers,) = answers_of(predictions, labels, [slice(None)])
    return answers


def classes(said, true):
    texts = sorted({*said, *true})
    codes = [np.array([texts.index(each) for each in side]) for side in (said, true)]
    return beside(Categories(codes[0], texts), Categories(codes[1], texts))


def values(measured):
    return {name: each.value for name, each in measured.items()}


def rows(measured):
    return {name: each.rows for name, each in measured.items()}


def test_binary_rates_by_hand():
    found = ClassAnswers(115, 75, {"1": (50, 65, 60), "0": (25, 35, 55)})

    assert measure_classes(found, "1") == {
        "accuracy": Measured(75 / 115, 115),
        "precision": Measured(50 / 60, 60),
        "recall": Measured(50 / 65, 65),
        "f1": Measured(100 / 125, 65),
    }


def test_means_over_classes_are_those_of_scikit_learn():
    # scikit-learn 1.9.1: precision_recall_fscore_support(true, said, average="macro", zero_division=0)
    said = ["a", "a", "b", "c", "c", "a", "d", "b", "c", "a"]
    true = ["a", "b", "b", "c", "a", "a", "b", "b", "c", "c"]
    found = measure_classes(classes(said, true), None)

    assert values(found) == pytest.approx(
        {"accuracy": 0.6, "precision": 0.5416666666666666, "recall": 0.4583333333333333, "f1": 0.4761904761904762}
    )


def test_a_mean_rests_on_as_many_rows_as_its_smallest_class_allows():
    found = ClassAnswers(100, 90, {"a": (80, 85, 81), "b": (6, 9, 13), "c": (4, 6, 6)})

    assert rows(measure_classes(found, None)) == {"accuracy": 100, "precision": 18, "recall": 18, "f1": 18}


def test_without_positive_rows_there_is_no_rate_of_them():
    found = measure_classes(ClassAnswers(10, 10, {"0": (10, 10, 10)}), "1")

    assert values(found) == {"accuracy": 1.0, "precision": None, "recall": None, "f1": None}


def test_of_too_many_classes_only_the_accuracy_is_known():
    many = {str(i): (1, 1, 1) for i in range(MOST_CLASSES + 1)}

    assert values(measure_classes(ClassAnswers(500, 400, many), None)) == {
        "accuracy": 0.8, "precision": None, "recall": None, "f1": None
    }  # fmt: skip


pairs = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=40)


@given(pairs, st.sampled_from(["a", None]))
def test_rates_are_shares_and_all_1_exactly_if_all_is_right(some, positive):
    found = measure_classes(classes(*zip(*some, strict=True)), positive)
    known = [each.value for each in found.values() if each.value is not None]

    assert tuple(found) == CLASS_METRICS
    assert all(0 <= value <= 1 for value in known)
    assert (found["accuracy"].value == 1) == all(said == true for said, true in some)
    if found["accuracy"].value == 1:
        assert known == pytest.approx([1.0] * len(known))


@pytest.mark.parametrize(
    ("names", "positive"),
    [
        (["0", "1"], "1"),
        (["1"], "1"),
        (["true", "false"], "true"),
        (["0", "1", "2"], None),
        ([], None),
        (["1", "true"], None),
    ],
)
def test_which_class_is_positive_follows_from_their_names(names, positive):
    assert positive_of(names) == positive


moderate = st.floats(-1e6, 1e6)


@given(st.lists(st.tuples(moderate, moderate), min_size=1, max_size=40))
def test_errors_of_numbers_are_those_of_the_raw_rows(some):
    said, true = (np.array(side) for side in zip(*some, strict=True))
    found = values(measure_numbers(beside(Numbers(said), Numbers(true))))

    assert tuple(found) == NUMBER_METRICS
    assert found["mean_absolute_error"] == pytest.approx(np.abs(said - true).mean(), rel=1e-12, abs=1e-30)
    assert found["root_mean_square_error"] == pytest.approx(
        math.sqrt(((said - true) ** 2).mean()), rel=1e-12, abs=1e-30
    )
    if np.ptp(true) > 1e-3:  # far above a step
        exact = [Fraction(each) for each in true.tolist()]
        mean = sum(exact) / len(exact)
        unexplained = sum(Fraction(each) ** 2 for each in (said - true).tolist()) / sum((e - mean) ** 2 for e in exact)
        assert found["r_squared"] == pytest.approx(float(1 - unexplained), rel=1e-12, abs=1e-12)


def test_a_variance_far_from_zero_loses_nothing():
    true = 1e9 + np.arange(4.0)
    found = values(measure_numbers(beside(Numbers(true + 0.5), Numbers(true))))

    assert found == {"mean_absolute_error": 0.5, "root_mean_square_error": 0.5, "r_squared": 0.8}


def test_equal_labels_have_no_variance_to_explain_and_no_rows_nothing():
    assert values(measure_numbers(beside(Numbers(np.ones(3)), Numbers(np.ones(3))))) == {
        "mean_absolute_error": 0.0, "root_mean_square_error": 0.0, "r_squared": None
    }  # fmt: skip
    assert values(measure_numbers(NumberAnswers(0, 0, 0, 0, 0))) == dict.fromkeys(NUMBER_METRICS)


def test_the_largest_numbers_have_an_error_too():
    said, true = np.array([1.7e308, -1.7e308]), np.array([0.0, 0.0])
    found = values(measure_numbers(beside(Numbers(said), Numbers(true))))

    assert found["root_mean_square_error"] == pytest.approx(1.7e308)


def test_errors_that_dwarf_the_labels_by_more_than_a_float_holds_explain_as_little_as_one_can_say():
    found = values(measure_numbers(beside(Numbers(np.array([1e308, 0.0])), Numbers(np.array([0.0, 1e-30])))))

    assert found["r_squared"] == -sys.float_info.max


def summary(grid, scores):
    counter = NumberCounter(Layout.of(grid), Room())
    counter.add(Numbers(np.asarray(scores, float)))
    return counter.summary()


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.lists(st.integers(0, 9), min_size=1, max_size=30))
def test_the_area_is_scipys_where_every_score_is_an_edge(negatives, positives):
    grid = NumericGrid(np.arange(10.0))
    measured, (low, high) = measure_scores(summary(grid, negatives), summary(grid, positives))
    expected = mannwhitneyu(positives, negatives).statistic / (len(positives) * len(negatives))

    assert measured.value == pytest.approx(expected, abs=1e-12)
    assert measured.rows == min(len(positives), len(negatives))
    assert low == pytest.approx(high)


@given(st.integers(0, 2**32 - 1), st.integers(2, 40))
def test_the_exact_area_lies_within_its_bounds(seed, edges):
    random = np.random.default_rng(seed)
    negatives, positives = random.random(200), random.random(150) ** 0.5
    grid = NumericGrid(np.linspace(0.1, 0.9, edges))
    measured, (low, high) = measure_scores(summary(grid, negatives), summary(grid, positives))
    exact = mannwhitneyu(positives, negatives).statistic / (200 * 150)

    assert low - 1e-12 <= exact <= high + 1e-12
    assert high - low > MOST_UNKNOWN if measured.value is None else low <= measured.value <= high


def test_scores_beyond_the_grid_have_no_area_that_could_be_told():
    grid = NumericGrid(np.linspace(0.0, 1.0, 100))

    assert measure_scores(summary(grid, [7.0, 8.0]), summary(grid, [8.0, 9.0, 9.5])) == (Measured(None, 2), (0.0, 1.0))


def test_one_class_alone_has_no_area():
    grid = NumericGrid(np.array([0.5]))

    assert measure_scores(NumericSummary.empty(grid), summary(grid, [0.1])) == (Measured(None, 0), (0.0, 1.0))
