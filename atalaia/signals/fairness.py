"""Bias metrics of one facet: pure functions of counts, each about two groups of rows.

A *facet* is the group of rows that may be treated unfairly, such as those of one region (AWS: the disadvantaged facet
*d*); all other rows are what it is compared with (AWS: the advantaged facet *a*). Every function takes the *others*
first and the *facet* second. A label or a prediction is positive (accepted) or not (rejected).

Results are shares, their differences or ratios, so without a unit, unless nats are said. Where a definition divides by
zero there is no number: None, never NaN or infinity.

The definitions are those of Amazon SageMaker Clarify: Hardt et al. (2021), "Amazon SageMaker Clarify: machine learning
bias detection and explainability in the cloud", KDD, and AWS's pages on pre-training and post-training bias metrics;
each function names its abbreviation there. Clarify itself takes 0 / 0 for 0, sends infinities out, and leaves a value
of the label that one side lacks out of its divergences; here that is None, or what the definition gives.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from msgspec import Struct

from atalaia.signals.shares import jensen_shannon_divergence


class Outcomes(Struct, frozen=True):
    """How many rows of a group were accepted (positive) and rejected."""

    accepted: int
    rejected: int

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.accepted + self.rejected

    @property
    def accepted_share(self) -> float | None:
        """The share of rows that were accepted, 0 to 1; None without rows."""
        return _ratio(self.accepted, self.rows)


class Confusion(Struct, frozen=True):
    """How many rows of a group have which label and which prediction."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @property
    def labels(self) -> Outcomes:
        """What the labels say."""
        return Outcomes(self.true_positives + self.false_negatives, self.false_positives + self.true_negatives)

    @property
    def predictions(self) -> Outcomes:
        """What the model says."""
        return Outcomes(self.true_positives + self.false_positives, self.false_negatives + self.true_negatives)


def class_imbalance(others: Outcomes, facet: Outcomes) -> float | None:
    """CI: (n_a - n_d) / (n_a + n_d), how much larger the others are than the facet; -1 to 1, 0 if equally large."""
    return _ratio(others.rows - facet.rows, others.rows + facet.rows)


def acceptance_gap(others: Outcomes, facet: Outcomes) -> float | None:
    """DPL, of predictions DPPL: the others' share of positives less the facet's; -1 to 1, 0 if equal.

    Example:
        >>> acceptance_gap(Outcomes(60, 40), Outcomes(10, 30))
        0.35
    """
    return _less(others.accepted_share, facet.accepted_share)


def kullback_leibler(others: Outcomes, facet: Outcomes) -> float | None:
    """KL: sum of p_a ln(p_a / p_d) over positive and negative, in nats; from 0 (equal) without limit.

    None too where the facet lacks what the others have: it would be infinite.
    """
    if not others.rows or not facet.rows:
        return None
    total = 0.0
    for ours, theirs in ((others.accepted, facet.accepted), (others.rejected, facet.rejected)):
        if ours and not theirs:
            return None
        total += ours / others.rows * math.log(ours * facet.rows / (theirs * others.rows)) if ours else 0.0
    return max(total, 0.0)


def jensen_shannon(others: Outcomes, facet: Outcomes) -> float | None:
    """JS: mean KL of both from their mean, (KL(P_a, P) + KL(P_d, P)) / 2, in nats; 0 (equal) to ln 2 = 0.693."""
    if not others.rows or not facet.rows:
        return None
    sides = (np.array([side.accepted, side.rejected]) / side.rows for side in (others, facet))
    return float(jensen_shannon_divergence(*sides)) * math.log(2)


def lp_norm(others: Outcomes, facet: Outcomes) -> float | None:
    """LP: Euclidean distance of both shares, of positive and of negative; 0 (equal) to sqrt(2)."""
    gap = acceptance_gap(others, facet)
    return None if gap is None else math.sqrt(2) * abs(gap)


def total_variation(others: Outcomes, facet: Outcomes) -> float | None:
    """TVD, half the sum of the shares' distances, and KS, the largest of them; 0 (equal) to 1.

    A label that is positive or not has two shares, so both are the distance of the shares of positives.
    """
    gap = acceptance_gap(others, facet)
    return None if gap is None else abs(gap)


def conditional_disparity(groups: Iterable[tuple[Outcomes, Outcomes]]) -> float | None:
    """CDDL, of predictions CDDPL: the facet's share of the rejected less its share of the accepted, mean over groups.

    -1 to 1, above 0 where the facet is more among the rejected; 0 if in no group it is treated otherwise. Groups weigh
    by their rows. One that has no accepted rows, or no rejected ones, has no such difference and is left out; Clarify
    takes the absent share for 0, which lets the size of the facet pass for a disparity there.

    Args:
        groups: The others and the facet in each group, such as a range of salaries.

    Returns:
        None if no group has both accepted and rejected rows.
    """
    total, weight = 0.0, 0
    for others, facet in groups:
        rejected, accepted = others.rejected + facet.rejected, others.accepted + facet.accepted
        if rejected and accepted:
            rows = rejected + accepted
            total += rows * (facet.rejected / rejected - facet.accepted / accepted)
            weight += rows
    return _ratio(total, weight)


def disparate_impact(others: Outcomes, facet: Outcomes) -> float | None:
    """DI: the facet's share of positive predictions over the others'; from 0 without limit, 1 if equal.

    Outside of 0.8 to 1.25 it breaks the "four-fifths rule" of US labour law.
    """
    return _ratio(facet.accepted * others.rows, others.accepted * facet.rows)


def conditional_acceptance(others: Confusion, facet: Confusion) -> float | None:
    """DCA: positive labels over positive predictions, the others' less the facet's; without limits, 0 if equal."""
    return _less(*(_ratio(side.labels.accepted, side.predictions.accepted) for side in (others, facet)))


def conditional_rejection(others: Confusion, facet: Confusion) -> float | None:
    """DCR: negative labels over negative predictions, the facet's less the others'; without limits, 0 if equal."""
    return _less(*(_ratio(side.labels.rejected, side.predictions.rejected) for side in (facet, others)))


def recall_difference(others: Confusion, facet: Confusion) -> float | None:
    """RD: recall TP / (TP + FN), the others' less the facet's; -1 to 1, 0 if equal."""
    return _less(*(_ratio(side.true_positives, side.labels.accepted) for side in (others, facet)))


def specificity_difference(others: Confusion, facet: Confusion) -> float | None:
    """SD: specificity TN / (TN + FP), the facet's less the others'; -1 to 1, 0 if equal."""
    return _less(*(_ratio(side.true_negatives, side.labels.rejected) for side in (facet, others)))


def acceptance_rate_difference(others: Confusion, facet: Confusion) -> float | None:
    """DAR: precision TP / (TP + FP), the others' less the facet's; -1 to 1, 0 if equal."""
    return _less(*(_ratio(side.true_positives, side.predictions.accepted) for side in (others, facet)))


def rejection_rate_difference(others: Confusion, facet: Confusion) -> float | None:
    """DRR: right rejections TN / (TN + FN), the facet's less the others'; -1 to 1, 0 if equal."""
    return _less(*(_ratio(side.true_negatives, side.predictions.rejected) for side in (facet, others)))


def accuracy_difference(others: Confusion, facet: Confusion) -> float | None:
    """AD: accuracy (TP + TN) / n, the others' less the facet's; -1 to 1, 0 if equal."""
    sides = (others, facet)
    return _less(*(_ratio(side.true_positives + side.true_negatives, side.labels.rows) for side in sides))


def treatment_equality(others: Confusion, facet: Confusion) -> float | None:
    """TE: false negatives over false positives, the facet's less the others'; without limits, 0 if equal."""
    return _less(*(_ratio(side.false_negatives, side.false_positives) for side in (facet, others)))


def generalised_entropy(others: Confusion, facet: Confusion) -> float | None:
    """GE: sum of (b / mean b)^2 - 1 over 2 n, where a row's benefit b is its prediction less its label, plus 1.

    How unequally right and wrong answers benefit all rows, facet or not: 0 if all benefit alike, without limit. None if
    no row benefits: all are false negatives.

    Source: the generalised entropy index with alpha = 2, Speicher et al. (2018).
    """
    rows = others.labels.rows + facet.labels.rows
    doubled = others.false_positives + facet.false_positives
    benefit = rows + doubled - others.false_negatives - facet.false_negatives
    squares = benefit + 2 * doubled
    ratio = _ratio(squares * rows, benefit * benefit)
    return None if ratio is None else (ratio - 1) / 2


def _ratio(part: float, whole: int) -> float | None:
    return part / whole if whole else None


def _less(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second
