"""Bias metrics beside SageMaker Clarify's numbers, closed forms, and what must hold for any counts."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from atalaia.signals.fairness import (
    Confusion,
    Outcomes,
    acceptance_gap,
    acceptance_rate_difference,
    accuracy_difference,
    class_imbalance,
    conditional_acceptance,
    conditional_disparity,
    conditional_rejection,
    disparate_impact,
    generalised_entropy,
    jensen_shannon,
    kullback_leibler,
    lp_norm,
    recall_difference,
    rejection_rate_difference,
    specificity_difference,
    total_variation,
    treatment_equality,
)

OTHERS, FACET = Confusion(50, 10, 15, 25), Confusion(18, 9, 13, 20)
OF_LABELS = {
    "CI": (class_imbalance, 0.25),
    "DPL": (acceptance_gap, 0.13333333),
    "KL": (kullback_leibler, 0.03625270),
    "JS": (jensen_shannon, 0.00917419),
    "LP": (lp_norm, 0.18856181),
    "TVD and KS": (total_variation, 0.13333333),
}
OF_PREDICTIONS = {"DPPL": (acceptance_gap, 0.15), "DI": (disparate_impact, 0.75)}
OF_BOTH = {
    "DCA": (conditional_acceptance, -0.06481481),
    "DCR": (conditional_rejection, 0.00378788),
    "RD": (recall_difference, 0.18858561),
    "SD": (specificity_difference, -0.02463054),
    "DAR": (acceptance_rate_difference, 0.16666667),
    "DRR": (rejection_rate_difference, -0.01893939),
    "AD": (accuracy_difference, 0.11666667),
    "TE": (treatment_equality, -0.05555556),
    "GE": (generalised_entropy, 0.16312881),
}
HALF_A_DIGIT = 5e-9
"""Clarify's numbers are written with eight digits."""

TURNED_BY_A_SWAP = (class_imbalance, acceptance_gap)
KEPT_BY_A_SWAP = (jensen_shannon, lp_norm, total_variation)
DIFFERENCES = tuple(metric for metric, _ in OF_BOTH.values() if metric is not generalised_entropy)
WITHOUT_LIMITS = (conditional_acceptance, conditional_rejection, treatment_equality)

counts = st.integers(0, 1000)
outcomes = st.builds(Outcomes, counts, counts)
confusions = st.builds(Confusion, counts, counts, counts, counts)
groups = st.lists(st.tuples(outcomes, outcomes), max_size=5)


def by_row_index(modulus):
    """Both sides in each group that row indices make; rows are TP, FP, FN, TN of the others, then the facet's."""
    rows = [
        (side, kind)
        for side, confusion in enumerate((OTHERS, FACET))
        for kind, count in enumerate(
            (confusion.true_positives, confusion.false_positives, confusion.false_negatives, confusion.true_negatives)
        )
        for _ in range(count)
    ]
    members = [[row for index, row in enumerate(rows) if index % modulus == group] for group in range(modulus)]
    return [tuple(Confusion(*(m.count((side, k)) for k in range(4))) for side in (0, 1)) for m in members]


@pytest.mark.parametrize("name", OF_LABELS)
def test_labels_give_clarifys_number(name):
    metric, expected = OF_LABELS[name]

    assert metric(OTHERS.labels, FACET.labels) == pytest.approx(expected, abs=HALF_A_DIGIT)


@pytest.mark.parametrize("name", OF_PREDICTIONS)
def test_predictions_give_clarifys_number(name):
    metric, expected = OF_PREDICTIONS[name]

    assert metric(OTHERS.predictions, FACET.predictions) == pytest.approx(expected, abs=HALF_A_DIGIT)


@pytest.mark.parametrize("name", OF_BOTH)
def test_predictions_beside_labels_give_clarifys_number(name):
    metric, expected = OF_BOTH[name]

    assert metric(OTHERS, FACET) == pytest.approx(expected, abs=HALF_A_DIGIT)


def test_three_groups_give_clarifys_conditional_disparities():
    three = by_row_index(3)

    cddl = conditional_disparity((others.labels, facet.labels) for others, facet in three)
    cddpl = conditional_disparity((others.predictions, facet.predictions) for others, facet in three)
    assert cddl == pytest.approx(0.13029952, abs=HALF_A_DIGIT)
    assert cddpl == pytest.approx(0.14180101, abs=HALF_A_DIGIT)


def test_simpsons_paradox_is_resolved_by_its_groups():
    # Admissions of two departments that each treat both alike; the facet applies where fewer are admitted.
    easy = (Outcomes(80, 20), Outcomes(8, 2))
    hard = (Outcomes(2, 8), Outcomes(20, 80))

    assert acceptance_gap(Outcomes(82, 28), Outcomes(28, 82)) == pytest.approx(54 / 110)
    assert conditional_disparity([easy, hard]) == pytest.approx(0, abs=1e-15)


def test_a_group_without_a_rejection_is_left_out():
    contested = (Outcomes(3, 1), Outcomes(1, 3))

    assert conditional_disparity([contested, (Outcomes(5, 0), Outcomes(9, 0))]) == conditional_disparity([contested])
    assert conditional_disparity([contested]) == 0.5


def test_jensen_shannon_of_nothing_shared_is_the_logarithm_of_two():
    assert jensen_shannon(Outcomes(4, 0), Outcomes(0, 7)) == pytest.approx(math.log(2), rel=1e-15)
    assert lp_norm(Outcomes(4, 0), Outcomes(0, 7)) == math.sqrt(2)


def test_a_label_that_the_others_lack_adds_nothing_to_kullback_leibler():
    assert kullback_leibler(Outcomes(4, 0), Outcomes(1, 1)) == pytest.approx(math.log(2), rel=1e-15)


def test_generalised_entropy_is_half_the_squared_variation_of_the_benefits():
    # Benefits: 1 for right answers, 2 for false positives, 0 for false negatives.
    benefits = [1] * 5 + [2] * 2 + [0] * 3
    mean = sum(benefits) / 10
    variance = sum((benefit - mean) ** 2 for benefit in benefits) / 10

    found = generalised_entropy(Confusion(2, 1, 2, 1), Confusion(1, 1, 1, 1))
    assert found == pytest.approx(variance / mean**2 / 2, rel=1e-14)


def test_what_divides_by_zero_is_none():
    nothing, empty = Outcomes(0, 0), Confusion(0, 0, 0, 0)
    without_groups = [metric(empty, empty) for metric, _ in OF_BOTH.values()]
    of_outcomes = [metric(nothing, nothing) for metric, _ in (*OF_LABELS.values(), *OF_PREDICTIONS.values())]

    assert set(without_groups + of_outcomes) == {None}
    assert conditional_disparity([]) is None
    assert conditional_disparity([(Outcomes(1, 0), Outcomes(1, 0))]) is None
    assert kullback_leibler(Outcomes(1, 1), Outcomes(1, 0)) is None
    assert disparate_impact(Outcomes(0, 4), Outcomes(1, 1)) is None
    assert treatment_equality(OTHERS, Confusion(1, 0, 1, 1)) is None
    assert generalised_entropy(Confusion(0, 0, 3, 0), Confusion(0, 0, 1, 0)) is None


@given(confusions, confusions)
def test_no_number_is_nan_or_infinite(others, facet):
    found = [metric(others, facet) for metric, _ in OF_BOTH.values()]
    for one, other in ((others.labels, facet.labels), (others.predictions, facet.predictions)):
        found += [metric(one, other) for metric, _ in (*OF_LABELS.values(), *OF_PREDICTIONS.values())]

    assert all(value is None or math.isfinite(value) for value in found)


@given(outcomes, outcomes)
def test_swapping_both_sides_turns_the_sign_or_changes_nothing(others, facet):
    for metric in TURNED_BY_A_SWAP:
        value = metric(others, facet)
        assert metric(facet, others) == (None if value is None else -value)
    for metric in KEPT_BY_A_SWAP:
        assert metric(facet, others) == metric(others, facet)


@given(confusions, confusions)
def test_swapping_both_sides_turns_the_sign_of_differences_of_predictions(others, facet):
    for metric in DIFFERENCES:
        value = metric(others, facet)
        assert metric(facet, others) == (None if value is None else -value)
    assert generalised_entropy(facet, others) == generalised_entropy(others, facet)


@given(outcomes, outcomes)
def test_swapping_both_sides_inverts_the_disparate_impact(others, facet):
    assume(others.accepted and facet.accepted)

    assert disparate_impact(facet, others) == pytest.approx(1 / disparate_impact(others, facet), rel=1e-14)


@given(groups)
def test_swapping_both_sides_turns_the_sign_of_conditional_disparity(pairs):
    value = conditional_disparity(pairs)
    swapped = conditional_disparity((facet, others) for others, facet in pairs)

    assert swapped == (None if value is None else pytest.approx(-value, abs=1e-14))


@given(confusions, st.integers(1, 7))
def test_sides_of_equal_shares_show_no_bias(facet, times):
    others = Confusion(*(times * getattr(facet, name) for name in Confusion.__struct_fields__))
    labels = others.labels, facet.labels

    for metric in DIFFERENCES:
        assert metric(others, facet) in (None, 0)
    for metric in (acceptance_gap, kullback_leibler, jensen_shannon, lp_norm, total_variation):
        value = metric(*labels)
        assert value is None or value == pytest.approx(0, abs=1e-15)
    assert disparate_impact(*labels) in (None, 1)
    disparity = conditional_disparity([labels])
    assert disparity is None or disparity == pytest.approx(0, abs=1e-15)


@given(outcomes, outcomes, groups)
def test_metrics_of_outcomes_keep_their_bounds(others, facet, pairs):
    bounds = {
        class_imbalance: (-1, 1),
        acceptance_gap: (-1, 1),
        kullback_leibler: (0, math.inf),
        jensen_shannon: (0, math.log(2)),
        lp_norm: (0, math.sqrt(2)),
        total_variation: (0, 1),
        disparate_impact: (0, math.inf),
    }
    found = [(metric(others, facet), low, high) for metric, (low, high) in bounds.items()]
    found.append((conditional_disparity(pairs), -1, 1))

    assert all(value is None or low <= value <= high for value, low, high in found)


@given(confusions, confusions)
def test_differences_of_rates_lie_between_minus_one_and_one(others, facet):
    for metric in DIFFERENCES:
        value = metric(others, facet)
        assert value is None or metric in WITHOUT_LIMITS or -1 <= value <= 1
    entropy = generalised_entropy(others, facet)
    assert entropy is None or entropy >= 0
